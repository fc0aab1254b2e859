package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/audit/tree"
	"github.com/walletport/walletport/storage"
)

// treeVerifier makes the tree anew while a verifier walks the chain, and holds against it
// the nodes and the notes that are stored.
type treeVerifier struct {
	source TreeSource
	keys   note.Keys
	tree   *tree.Grower
	nodes  map[int]*nodeReader // by level
	notes  noteReader
	noted  int64            // size of the last stored note: up to there no node may be missing
	last   *note.Checkpoint // the note before
	count  int64            // of good notes
}

func newTreeVerifier(ctx context.Context, source TreeSource, trusted []TrustedKey) (*treeVerifier, error) {
	last, err := source.LastNote(ctx)
	if err != nil {
		return nil, err
	}
	return &treeVerifier{
		source: source, keys: noteKeys(trusted), tree: tree.NewGrower(), nodes: make(map[int]*nodeReader),
		notes: noteReader{source: source}, noted: last.Size,
	}, nil
}

// take takes the next good record.
func (v *treeVerifier) take(ctx context.Context, l *line) error {
	var completed []tree.Node
	err := v.tree.Append(tree.Leaf(l.Hash), func(n tree.Node) { completed = append(completed, n) })
	if err != nil {
		return err
	}
	for _, n := range completed {
		if err := v.node(ctx, l.Seq, n); err != nil {
			return err
		}
	}
	n, err := v.notes.at(ctx, l.Seq)
	if err != nil || n == nil {
		return err
	}
	return v.note(ctx, *n)
}

// node holds a node that record seq completes against the stored one.
func (v *treeVerifier) node(ctx context.Context, seq int64, want tree.Node) error {
	r := v.nodes[want.Level]
	if r == nil {
		r = &nodeReader{source: v.source, level: want.Level}
		v.nodes[want.Level] = r
	}
	hash, err := r.at(ctx, want.Number)
	switch {
	case err != nil:
		return err
	case hash == nil && seq > v.noted:
		return nil // a server is about to write it
	case hash == nil:
		return &Break{Seq: seq, Kind: TreeChanged, Detail: fmt.Sprintf("the node of level %d, number %d of the tree is missing", want.Level, want.Number)}
	case !bytes.Equal(hash, want.Hash):
		return &Break{Seq: seq, Kind: TreeChanged, Detail: fmt.Sprintf("the node of level %d, number %d of the tree is not the one that the records up to this one give", want.Level, want.Number)}
	}
	return nil
}

// note checks a note over the tree as it is now: its signature, its root, and the proof
// that the tree goes on from the note before, made of what is stored.
func (v *treeVerifier) note(ctx context.Context, n storage.Note) error {
	opened, err := note.Open(n.Text, v.keys)
	if err != nil {
		return noteBreak(n.Size, err)
	}
	root, err := v.tree.Root()
	if err != nil {
		return err
	}
	if opened.Size != n.Size || !bytes.Equal(opened.Root[:], root) {
		return &Break{Seq: n.Size, Kind: NoteMismatch, Detail: "the signed note at this record is of another tree: records were rewritten afterwards, or it is another trail's"}
	}
	if v.last != nil {
		if err := v.goesOn(ctx, *v.last, opened.Checkpoint); err != nil {
			return err
		}
	}
	v.last = &opened.Checkpoint
	v.count++
	return nil
}

func (v *treeVerifier) goesOn(ctx context.Context, last, next note.Checkpoint) error {
	path, err := tree.NewReader(storedTree(v.source)).Consistency(ctx, last.Size, next.Size)
	if err == nil {
		err = tree.CheckConsistency(last.Size, next.Size, path, last.Root[:], next.Root[:])
	} else if !errors.Is(err, tree.ErrMissing) {
		return err
	}
	if err != nil {
		return &Break{Seq: next.Size, Kind: TreeChanged, Detail: fmt.Sprintf("the stored tree does not prove that the note of %d records goes on from that of %d: %v", next.Size, last.Size, err)}
	}
	return nil
}

// beyond proves that no note stands behind the end of the chain.
func (v *treeVerifier) beyond(ctx context.Context, head func(context.Context) (storage.AuditHead, error)) error {
	notes, err := v.source.Notes(ctx, v.tree.Size(), 1)
	if err != nil || len(notes) == 0 {
		return err
	}
	now, err := head(ctx)
	if err != nil || notes[0].Size <= now.Seq {
		return err
	}
	if _, err := note.Open(notes[0].Text, v.keys); err != nil {
		return noteBreak(notes[0].Size, err)
	}
	return &Break{Seq: now.Seq + 1, Kind: Truncated, Detail: fmt.Sprintf("a note over %d records is signed, but the chain ends at record %d", notes[0].Size, now.Seq)}
}

func noteBreak(size int64, err error) *Break {
	switch {
	case errors.Is(err, note.ErrUnsigned):
		return &Break{Seq: size, Kind: CheckpointKeyUnknown, Detail: "no signature of the note at this record is of a key at hand: bring the public half of the key that made it (walletport keys export-public)"}
	default:
		return &Break{Seq: size, Kind: NoteForged, Detail: fmt.Sprintf("the note at this record: %v", err)}
	}
}

// nodeReader reads the nodes of one level in their order.
type nodeReader struct {
	source TreeSource
	level  int
	page   []storage.TreeNode
	next   int64 // where the next page begins
	done   bool
}

// at returns the hash of a node, or nil. number must grow from call to call.
func (r *nodeReader) at(ctx context.Context, number int64) ([]byte, error) {
	for {
		for len(r.page) > 0 && r.page[0].Number < number {
			r.page = r.page[1:]
		}
		if len(r.page) > 0 || r.done {
			break
		}
		page, err := r.source.TreeNodes(ctx, r.level, max(r.next, number), pageSize)
		if err != nil {
			return nil, err
		}
		r.page, r.done = page, len(page) < pageSize
		if len(page) > 0 {
			r.next = page[len(page)-1].Number + 1
		}
	}
	if len(r.page) == 0 || r.page[0].Number != number {
		return nil, nil
	}
	return r.page[0].Hash, nil
}

// noteReader reads notes in step with the records.
type noteReader struct {
	source TreeSource
	after  int64
	page   []storage.Note
	done   bool
}

// at returns the note of a size, or nil. size must grow from call to call.
func (r *noteReader) at(ctx context.Context, size int64) (*storage.Note, error) {
	for {
		for len(r.page) > 0 && r.page[0].Size < size {
			r.page = r.page[1:]
		}
		if len(r.page) > 0 || r.done {
			break
		}
		page, err := r.source.Notes(ctx, r.after, pageSize)
		if err != nil {
			return nil, err
		}
		r.page, r.done = page, len(page) < pageSize
		if len(page) > 0 {
			r.after = page[len(page)-1].Size
		}
	}
	if len(r.page) == 0 || r.page[0].Size != size {
		return nil, nil
	}
	return &r.page[0], nil
}
