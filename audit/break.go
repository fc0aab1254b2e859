package audit

import (
	"fmt"
)

// Kind says how a trail is broken, as well as that can be told.
type Kind string

// The kinds of breaks.
const (
	Changed              Kind = "changed"                // a record is not what was written
	Removed              Kind = "removed"                // records are missing before this number
	Inserted             Kind = "inserted"               // a record stands where none was written
	Reordered            Kind = "reordered"              // records stand in another order than they were written in
	Truncated            Kind = "truncated"              // records are missing at the end
	HeadMismatch         Kind = "head_mismatch"          // the stored end of the chain is not its last record
	CheckpointForged     Kind = "checkpoint_forged"      // a signature is wrong
	CheckpointKeyUnknown Kind = "checkpoint_key_unknown" // a signature is of a key that is not known
	CheckpointMismatch   Kind = "checkpoint_mismatch"    // the chain was rewritten after it was signed
	Rewritten            Kind = "rewritten"              // a record is not the one that was noted or exported before
	TreeChanged          Kind = "tree_changed"           // a stored node is not what the records give
	NoteForged           Kind = "note_forged"            // a note is none, or its signature is wrong
	NoteMismatch         Kind = "note_mismatch"          // a signed note is of another tree
	Malformed            Kind = "malformed"              // a line of an export is no record
)

// Break is the first fault of a trail. It is an error; it never repeats a record's
// content.
type Break struct {
	Seq    int64 // the number of the record that shows the fault
	Kind   Kind
	Detail string // for a person
}

// Error returns "audit trail broken at record 7: changed: …".
func (b *Break) Error() string {
	return fmt.Sprintf("audit trail broken at record %d: %s: %s", b.Seq, b.Kind, b.Detail)
}
