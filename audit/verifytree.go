package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

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
	nodes  map[int]*inStep[storage.TreeNode] // by level
	notes  *inStep[storage.Note]
	noted  int64            // size of the last stored note: up to there no node may be missing
	last   *note.Checkpoint // the last good note
	count  int64            // of good notes
}

func newTreeVerifier(ctx context.Context, source TreeSource, trusted []TrustedKey) (*treeVerifier, error) {
	last, err := source.LastNote(ctx)
	if err != nil {
		return nil, err
	}
	return &treeVerifier{
		source: source, keys: noteKeys(trusted), tree: tree.NewGrower(), nodes: make(map[int]*inStep[storage.TreeNode]),
		notes: &inStep[storage.Note]{read: source.Notes, number: func(n storage.Note) int64 { return n.Size }}, noted: last.Size,
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
	return v.note(*n)
}

// node holds a node that record seq completes against the stored one.
func (v *treeVerifier) node(ctx context.Context, seq int64, want tree.Node) error {
	stored, err := v.level(want.Level).at(ctx, want.Number)
	switch {
	case err != nil:
		return err
	case stored == nil && seq > v.noted:
		return nil // a server is about to write it
	case stored == nil:
		return &Break{Seq: seq, Kind: TreeChanged, Detail: fmt.Sprintf("the node of level %d, number %d of the tree is missing", want.Level, want.Number)}
	case !bytes.Equal(stored.Hash, want.Hash):
		return &Break{Seq: seq, Kind: TreeChanged, Detail: fmt.Sprintf("the node of level %d, number %d of the tree is not the one that the records up to this one give", want.Level, want.Number)}
	}
	return nil
}

// level returns what reads the stored nodes of a level.
func (v *treeVerifier) level(level int) *inStep[storage.TreeNode] {
	if v.nodes[level] == nil {
		v.nodes[level] = &inStep[storage.TreeNode]{
			read: func(ctx context.Context, after int64, limit int) ([]storage.TreeNode, error) {
				return v.source.TreeNodes(ctx, level, after+1, limit)
			},
			number: func(n storage.TreeNode) int64 { return n.Number },
		}
	}
	return v.nodes[level]
}

// note checks a note over the tree as it is now: its signature and its root. So its tree
// goes on from that of the note before, which was held against the same records.
func (v *treeVerifier) note(n storage.Note) error {
	opened, err := note.Open(n.Text, v.keys)
	if err != nil {
		return noteBreak(n.Size, err)
	}
	if !note.IsAsSigned(n.Text) {
		return &Break{Seq: n.Size, Kind: NoteForged, Detail: "the note at this record has lines that were not there when it was signed"}
	}
	root, err := v.tree.Root()
	if err != nil {
		return err
	}
	if opened.Size != n.Size || !bytes.Equal(opened.Root[:], root) {
		return &Break{Seq: n.Size, Kind: NoteMismatch, Detail: "the signed note at this record is of another tree: records were rewritten afterwards, or it is another trail's"}
	}
	v.last = &opened.Checkpoint
	v.count++
	return nil
}

// before proves that no note and no node stands before the first.
func (v *treeVerifier) before(ctx context.Context) error {
	notes, err := v.source.Notes(ctx, math.MinInt64, 1)
	if err != nil {
		return err
	}
	if len(notes) > 0 && notes[0].Size < 1 {
		return &Break{Seq: notes[0].Size, Kind: NoteForged, Detail: "a note stands before record 1"}
	}
	for level := 1; level <= tree.Levels; level++ {
		nodes, err := v.source.TreeNodes(ctx, level, math.MinInt64, 1)
		if err != nil {
			return err
		}
		if len(nodes) > 0 && nodes[0].Number < 0 {
			return &Break{Seq: 1, Kind: TreeChanged, Detail: fmt.Sprintf("a node of level %d stands before the first", level)}
		}
	}
	return nil
}

// beyond proves that no note and no node stands behind the end of the chain. Nodes that stand
// there would be taken for those of records that are yet to come.
func (v *treeVerifier) beyond(ctx context.Context, head func(context.Context) (storage.AuditHead, error)) error {
	if err := v.notesBeyond(ctx, head); err != nil {
		return err
	}
	var lengths [1 + tree.Levels]int64
	for level := 1; level <= tree.Levels; level++ {
		var err error
		if lengths[level], err = v.source.TreeLength(ctx, level); err != nil {
			return err
		}
	}
	now, err := head(ctx) // behind the nodes, for servers write
	if err != nil {
		return err
	}
	for level := 1; level <= tree.Levels; level++ {
		if beyond := lengths[level] > tree.Nodes(level, now.Seq) || lengths[level] < 0; beyond { // the highest number has none behind it
			return &Break{Seq: now.Seq + 1, Kind: TreeChanged, Detail: fmt.Sprintf("a node of level %d, number %d stands behind the end of the chain", level, lengths[level]-1)}
		}
	}
	return nil
}

func (v *treeVerifier) notesBeyond(ctx context.Context, head func(context.Context) (storage.AuditHead, error)) error {
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
