package storage

import (
	"context"
)

// TreeNode is the root hash of a complete part of the Merkle tree over the audit chain.
type TreeNode struct {
	Level  int   // 1, 2, 3, …: the part has 256^Level records
	Number int64 // of the part at its level, from 0
	Hash   []byte
}

// AuditTree keeps the nodes of the Merkle tree over the audit chain. The tree follows
// from the chain, so whoever writes a node writes the same; a node that stands is never
// written over.
type AuditTree interface {
	// AuditHashes returns the numbers and hashes of up to limit entries with a sequence
	// number above seq, in order.
	AuditHashes(ctx context.Context, seq int64, limit int) ([]AuditHead, error)
	// AddTreeNodes stores nodes in one commit. Those that stand stay as they are.
	AddTreeNodes(ctx context.Context, nodes []TreeNode) error
	// TreeNodes returns up to limit nodes of a level with the number first or higher, in
	// order.
	TreeNodes(ctx context.Context, level int, first int64, limit int) ([]TreeNode, error)
	// TreeLength returns one more than the highest number of a level, 0 without nodes.
	TreeLength(ctx context.Context, level int) (int64, error)
}

// Note is a signed note over the Merkle tree of the audit chain.
type Note struct {
	Size int64  // records in the tree
	Text string // with the signatures of the log
}

// Cosignature is what a witness answered to a note.
type Cosignature struct {
	Size    int64  // of the note
	Witness string // id of its key: name+id
	Line    string // signature line to append to the note, ends in a line feed
}

// AuditNotes keeps signed notes and their cosignatures. A note is not changed once it stands.
type AuditNotes interface {
	// AddNote stores a note; the same Size twice changes nothing.
	AddNote(ctx context.Context, n Note) error
	// Notes returns up to limit notes with Size above size, in order.
	Notes(ctx context.Context, size int64, limit int) ([]Note, error)
	// LastNote returns the note with the highest Size, or the zero one.
	LastNote(ctx context.Context) (Note, error)
	// AddCosignature stores a cosignature, in place of an earlier one of the same Witness and
	// Size: the witness has confirmed the note again, at a later time.
	AddCosignature(ctx context.Context, c Cosignature) error
	// Cosignatures returns those of the note of a size, in the order of their witnesses.
	Cosignatures(ctx context.Context, size int64) ([]Cosignature, error)
	// LastCosignature returns the witness's one with the highest Size, or the zero one.
	LastCosignature(ctx context.Context, witness string) (Cosignature, error)
}

// CheckNote returns CodeInvalid, reason text_malformed, for text that not every engine
// can keep.
func CheckNote(n Note) error { return checkText(n.Text) }

// CheckCosignature is CheckNote of a cosignature.
func CheckCosignature(c Cosignature) error { return checkText(c.Witness, c.Line) }
