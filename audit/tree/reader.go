package tree

import (
	"context"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
)

const (
	// stride is how many levels of the binary tree lie between two that are stored.
	stride = 8
	// Fanout is how many hashes of one stored level make one of the next.
	Fanout = 1 << stride
	// Levels is how many levels of nodes the largest tree has, which are numbered from 1.
	Levels = 62 / stride
)

// Nodes returns how many nodes of a level the tree over the first size leaves has.
func Nodes(level int, size int64) int64 { return size >> (stride * level) }

// ErrMissing is returned where the tree lacks hashes that it should have.
var ErrMissing = errors.New("the tree lacks hashes")

// Source reads stored hashes: leaf hashes for level 0, else nodes. It returns up to count
// of them, from the number first on, without a gap, and fewer where there are no more.
type Source func(ctx context.Context, level int, first int64, count int) ([][]byte, error)

// Reader computes roots and proofs from what is stored. It keeps what it has read, so it
// is made for one task, and is not safe for concurrent use.
type Reader struct {
	source Source
	rows   map[row][][]byte
}

// row is an aligned run of Fanout hashes of one level.
type row struct {
	level  int
	number int64
}

// NewReader returns a Reader of source.
func NewReader(source Source) *Reader { return &Reader{source: source, rows: make(map[row][][]byte)} }

// Root returns the root of the tree over the first size leaves.
func (r *Reader) Root(ctx context.Context, size int64) ([]byte, error) {
	parts, err := r.parts(ctx, size)
	if err != nil {
		return nil, err
	}
	return root(parts)
}

// Inclusion returns the audit path of a leaf, by its number from 0, in the tree over the
// first size leaves: from the leaf's sibling to the root's child.
func (r *Reader) Inclusion(ctx context.Context, number, size int64) ([][]byte, error) {
	if number < 0 || number >= size {
		return nil, fmt.Errorf("no leaf %d in a tree of %d", number, size)
	}
	nodes, err := proof.Inclusion(uint64(number), uint64(size))
	if err != nil {
		return nil, err
	}
	return r.path(ctx, nodes)
}

// Consistency returns the proof that the tree over the first newer leaves begins with
// that over the first older ones. It is empty for an older tree that is empty, or the same.
func (r *Reader) Consistency(ctx context.Context, older, newer int64) ([][]byte, error) {
	if older < 0 || older > newer {
		return nil, fmt.Errorf("a tree of %d leaves is not the beginning of one of %d", older, newer)
	}
	nodes, err := proof.Consistency(uint64(older), uint64(newer))
	if err != nil {
		return nil, err
	}
	return r.path(ctx, nodes)
}

func (r *Reader) path(ctx context.Context, nodes proof.Nodes) ([][]byte, error) {
	hashes := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		var err error
		if hashes[i], err = r.node(ctx, id); err != nil {
			return nil, err
		}
	}
	return nodes.Rehash(hashes, hasher.HashChildren)
}

// parts returns the complete parts that the first size leaves consist of.
func (r *Reader) parts(ctx context.Context, size int64) (*compact.Range, error) {
	if size < 0 {
		return nil, fmt.Errorf("no tree has %d leaves", size)
	}
	ids := compact.RangeNodes(0, uint64(size), nil)
	hashes := make([][]byte, len(ids))
	for i, id := range ids {
		var err error
		if hashes[i], err = r.node(ctx, id); err != nil {
			return nil, err
		}
	}
	return ranges.NewRange(0, uint64(size), hashes)
}

// node returns the hash of a complete part. One that is not stored is computed from
// those of the stored level below, which lie in one row.
func (r *Reader) node(ctx context.Context, id compact.NodeID) ([]byte, error) {
	level, above := int(id.Level/stride), id.Level%stride
	first := int64(id.Index << above)
	hashes, err := r.row(ctx, row{level: level, number: first / Fanout})
	if err != nil {
		return nil, err
	}
	begin, count := int(first%Fanout), 1<<above
	if begin+count > len(hashes) {
		return nil, fmt.Errorf("%w: of level %d, number %d", ErrMissing, level, first/Fanout*Fanout+int64(len(hashes)))
	}
	part := ranges.NewEmptyRange(0)
	for _, hash := range hashes[begin : begin+count] {
		if err := part.Append(hash, nil); err != nil {
			return nil, err
		}
	}
	return part.GetRootHash(nil)
}

func (r *Reader) row(ctx context.Context, at row) ([][]byte, error) {
	if hashes, ok := r.rows[at]; ok {
		return hashes, nil
	}
	hashes, err := r.source(ctx, at.level, at.number*Fanout, Fanout)
	if err != nil {
		return nil, err
	}
	for i, hash := range hashes {
		if len(hash) != hashBytes {
			return nil, fmt.Errorf("%w: what stands at level %d, number %d has %d bytes", ErrMissing, at.level, at.number*Fanout+int64(i), len(hash))
		}
	}
	r.rows[at] = hashes
	return hashes, nil
}

// root returns the root of the tree that parts are, which begin with leaf 0. That of no
// leaves is SHA-256 of nothing.
func root(parts *compact.Range) ([]byte, error) {
	if parts.End() == 0 {
		return hasher.EmptyRoot(), nil
	}
	return parts.GetRootHash(nil)
}
