package audit

import (
	"fmt"
	"time"
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

// Summary says what was verified. After a Break it counts what is good before it.
type Summary struct {
	Records             int64
	FirstSeq, LastSeq   int64     // 0 without records; FirstSeq above 1 in a partial export
	FirstTime, LastTime time.Time // of the first and the last record, UTC
	Head                []byte    // hash of the last record, 32 bytes; nil without one
	Checkpoints         int64     // whose signature and hash agree
	// Unsigned counts the records after the last checkpoint, or after the export's
	// end: only the hashes protect them.
	Unsigned int64
	// ClockSteps counts records whose time is before the one of the record before
	// them. Clocks differ between replicas and are set now and then; the sequence
	// number is the order. A step is worth a look, it is not a break.
	ClockSteps int64
}
