package tree_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/walletport/walletport/audit/tree"
)

// chainHash makes the chain hash of record i.
func chainHash(i int64) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	return sum[:]
}

// stored is a tree as a database has it.
type stored struct {
	leaves [][]byte
	nodes  map[int][][]byte
	reads  int
}

func grow(t testing.TB, size int64) (*stored, *tree.Grower) {
	t.Helper()
	s, g := &stored{nodes: make(map[int][][]byte)}, tree.NewGrower()
	for i := range size {
		s.append(t, g, i)
	}
	return s, g
}

func (s *stored) append(t testing.TB, g *tree.Grower, i int64) {
	t.Helper()
	leaf := tree.Leaf(chainHash(i))
	s.leaves = append(s.leaves, leaf)
	err := g.Append(leaf, func(n tree.Node) {
		if n.Number != int64(len(s.nodes[n.Level])) {
			t.Fatalf("node %d of level %d comes as number %d", n.Number, n.Level, len(s.nodes[n.Level]))
		}
		s.nodes[n.Level] = append(s.nodes[n.Level], n.Hash)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stored) read(_ context.Context, level int, first int64, count int) ([][]byte, error) {
	s.reads++
	hashes := s.leaves
	if level > 0 {
		hashes = s.nodes[level]
	}
	if first >= int64(len(hashes)) {
		return nil, nil
	}
	return hashes[first:min(first+int64(count), int64(len(hashes)))], nil
}

func (s *stored) reader() *tree.Reader { return tree.NewReader(s.read) }

// oracle is the Go checksum database's implementation of the same trees, which shares no
// code with this one.
type oracle []tlog.Hash

func newOracle(t testing.TB, size int64) oracle {
	t.Helper()
	var o oracle
	for i := range size {
		hashes, err := tlog.StoredHashes(i, chainHash(i), o)
		if err != nil {
			t.Fatal(err)
		}
		o = append(o, hashes...)
	}
	return o
}

// ReadHashes implements tlog.HashReader.
func (o oracle) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, i := range indexes {
		hashes = append(hashes, o[i])
	}
	return hashes, nil
}

func (o oracle) root(t testing.TB, size int64) []byte {
	t.Helper()
	root, err := tlog.TreeHash(size, o)
	if err != nil {
		t.Fatal(err)
	}
	return root[:]
}

// TestVectors has the trees of RFC 6962 that its reference implementation publishes
// (github.com/google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc); their
// leaves are texts, where records have hashes.
func TestVectors(t *testing.T) {
	leaves := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	g := tree.NewGrower()
	for size, want := range roots {
		root, err := g.Root()
		if got := hex.EncodeToString(root); err != nil || got != want {
			t.Errorf("root of %d leaves is %s, %v; want %s", size, got, err, want)
		}
		if size < len(leaves) {
			leaf, err := hex.DecodeString(leaves[size])
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Append(tree.Leaf(leaf), func(tree.Node) {}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// sizes lie at the edges of rows and levels.
var sizes = []int64{1, 2, 3, 255, 256, 257, 511, 512, 513, 700, 65535, 65536, 65537, 66000}

func TestRootsAreThoseOfTheOracle(t *testing.T) {
	last := sizes[len(sizes)-1]
	s, _ := grow(t, last)
	o := newOracle(t, last)
	for _, size := range sizes {
		root, err := s.reader().Root(t.Context(), size)
		if err != nil || !bytes.Equal(root, o.root(t, size)) {
			t.Errorf("root of %d = %x, %v; want %x", size, root, err, o.root(t, size))
		}
		resumed, err := tree.Resume(t.Context(), s.reader(), size)
		if err != nil {
			t.Fatal(err)
		}
		if root, err := resumed.Root(); err != nil || !bytes.Equal(root, o.root(t, size)) || resumed.Size() != size {
			t.Errorf("resumed at %d of %d: %x, %v", resumed.Size(), size, root, err)
		}
	}
	if got := len(s.nodes[1]) + len(s.nodes[2]); got != 257+1 {
		t.Errorf("%d nodes are stored", got)
	}
}

// TestProofsVerifyElsewhere has the oracle verify ours, and ours the oracle's.
func TestProofsVerifyElsewhere(t *testing.T) {
	last := sizes[len(sizes)-1]
	s, _ := grow(t, last)
	o := newOracle(t, last)
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.OneOf(rapid.SampledFrom(sizes), rapid.Int64Range(1, last)).Draw(rt, "size")
		number := rapid.Int64Range(0, size-1).Draw(rt, "number")
		older := rapid.OneOf(rapid.Int64Range(1, size), rapid.Just((size+1)/2)).Draw(rt, "older")
		root := o.root(t, size)

		path, err := s.reader().Inclusion(context.Background(), number, size)
		if err != nil {
			rt.Fatal(err)
		}
		if err := tlog.CheckRecord(hashesOf(path), size, tlog.Hash(root), number, tlog.RecordHash(chainHash(number))); err != nil {
			rt.Errorf("leaf %d of %d: %v", number, size, err)
		}
		theirs, err := tlog.ProveRecord(size, number, o)
		if err != nil {
			rt.Fatal(err)
		}
		if err := tree.CheckInclusion(tree.Leaf(chainHash(number)), number, size, pathOf(theirs), root); err != nil {
			rt.Errorf("the oracle's proof of %d of %d: %v", number, size, err)
		}

		path, err = s.reader().Consistency(context.Background(), older, size)
		if err != nil {
			rt.Fatal(err)
		}
		if err := tlog.CheckTree(hashesOf(path), size, tlog.Hash(root), older, tlog.Hash(o.root(t, older))); err != nil {
			rt.Errorf("%d, and then %d: %v", older, size, err)
		}
		grown, err := tlog.ProveTree(size, older, o)
		if err != nil {
			rt.Fatal(err)
		}
		if err := tree.CheckConsistency(older, size, pathOf(grown), o.root(t, older), root); err != nil {
			rt.Errorf("the oracle's proof of %d, and then %d: %v", older, size, err)
		}
	})
}

func hashesOf(path [][]byte) []tlog.Hash {
	hashes := []tlog.Hash{}
	for _, hash := range path {
		hashes = append(hashes, tlog.Hash(hash))
	}
	return hashes
}

func pathOf[P ~[]tlog.Hash](hashes P) [][]byte {
	var path [][]byte
	for _, hash := range hashes {
		path = append(path, hash[:])
	}
	return path
}

func TestWhatProvesNothing(t *testing.T) {
	s, g := grow(t, 300)
	root, err := g.Root()
	if err != nil {
		t.Fatal(err)
	}
	path, err := s.reader().Inclusion(t.Context(), 17, 300)
	if err != nil {
		t.Fatal(err)
	}
	grown, err := s.reader().Consistency(t.Context(), 100, 300)
	if err != nil {
		t.Fatal(err)
	}
	older, err := s.reader().Root(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	leaf := tree.Leaf(chainHash(17))
	var endless [][]byte // leads from the leaf to top in a tree of 2^64-1 leaves, as which -1 could be read
	top := leaf
	for range 64 {
		endless = append(endless, root)
		top = rfc6962.DefaultHasher.HashChildren(top, root)
	}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"a size below zero, with a path", tree.CheckInclusion(leaf, 0, -1, endless, top)},
		{"a newer tree below zero, with a path", tree.CheckConsistency(1, -1, endless, leaf, top)},
		{"another leaf", tree.CheckInclusion(tree.Leaf(chainHash(18)), 17, 300, path, root)},
		{"another number", tree.CheckInclusion(leaf, 18, 300, path, root)},
		{"another size", tree.CheckInclusion(leaf, 17, 200, path, root)},
		{"a size below zero", tree.CheckInclusion(leaf, 17, -1, path, root)},
		{"a number below zero", tree.CheckInclusion(leaf, -1, 300, path, root)},
		{"a path that is cut", tree.CheckInclusion(leaf, 17, 300, path[1:], root)},
		{"another root", tree.CheckInclusion(leaf, 17, 300, path, older)},
		{"trees that changed places", tree.CheckConsistency(300, 100, grown, root, older)},
		{"an older tree that is another", tree.CheckConsistency(100, 300, grown, root, root)},
		{"a newer tree that is another", tree.CheckConsistency(100, 300, grown, older, older)},
		{"no path", tree.CheckConsistency(100, 300, nil, older, root)},
		{"a tree below zero", tree.CheckConsistency(-1, 300, nil, older, root)},
	} {
		if c.err == nil {
			t.Errorf("%s: it proves", c.name)
		}
	}
	for _, c := range []struct{ number, size int64 }{{-1, 300}, {300, 300}, {0, 0}} {
		if _, err := s.reader().Inclusion(t.Context(), c.number, c.size); err == nil {
			t.Errorf("leaf %d of %d has a path", c.number, c.size)
		}
	}
	for _, c := range []struct{ older, newer int64 }{{-1, 300}, {301, 300}} {
		if _, err := s.reader().Consistency(t.Context(), c.older, c.newer); err == nil {
			t.Errorf("%d, and then %d has a proof", c.older, c.newer)
		}
	}
}

func TestWhatIsMissing(t *testing.T) {
	away := errors.New("away")
	for _, c := range []struct {
		name string
		lose func(s *stored)
		want error
	}{
		{"a leaf", func(s *stored) { s.leaves = s.leaves[:599] }, tree.ErrMissing},
		{"a node", func(s *stored) { s.nodes[1] = s.nodes[1][:1] }, tree.ErrMissing},
		{"half of a node", func(s *stored) { s.nodes[1][0] = s.nodes[1][0][:16] }, tree.ErrMissing},
		{"the database", nil, away},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := grow(t, 600)
			read := s.read
			if c.lose == nil {
				read = func(context.Context, int, int64, int) ([][]byte, error) { return nil, away }
			} else {
				c.lose(s)
			}
			r := tree.NewReader(read)
			if _, err := r.Root(t.Context(), 600); !errors.Is(err, c.want) {
				t.Errorf("Root: %v", err)
			}
			if _, err := tree.Resume(t.Context(), r, 600); !errors.Is(err, c.want) {
				t.Errorf("Resume: %v", err)
			}
			if _, err := r.Consistency(t.Context(), 599, 600); !errors.Is(err, c.want) {
				t.Errorf("Consistency: %v", err)
			}
		})
	}
}

// TestAProofReadsFewRows holds what the package says of a large tree.
func TestAProofReadsFewRows(t *testing.T) {
	s, _ := grow(t, 66_000)
	for number := int64(0); number < 66_000; number += 97 {
		s.reads = 0
		if _, err := s.reader().Inclusion(t.Context(), number, 66_000); err != nil {
			t.Fatal(err)
		}
		if s.reads > 2*3 {
			t.Fatalf("the proof of %d reads %d rows of hashes", number, s.reads)
		}
	}
}

func ExampleLeaf() {
	fmt.Printf("%x\n", tree.Leaf(make([]byte, 32)))
	// Output: 7f9c9e31ac8256ca2f258583df262dbc7d6f68f2a03043d5c99a4ae5a7396ce9
}
