package audit

import (
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/audit/tree"
)

// ProofMismatch is the Kind of a proof that does not lead from what it is of to the root
// that is signed.
const ProofMismatch Kind = "proof_mismatch"

// Unwitnessed is the Kind of a note without the cosignature of a witness that was asked for.
const Unwitnessed Kind = "unwitnessed"

// Refusal says why a proof proves nothing. It never repeats a record's content.
type Refusal struct {
	Kind   Kind // Malformed, Changed, NoteForged, CheckpointKeyUnknown, NoteMismatch, ProofMismatch, Unwitnessed
	Detail string
}

// Error returns "the proof proves nothing: proof_mismatch: …".
func (r *Refusal) Error() string {
	return fmt.Sprintf("the proof proves nothing: %s: %s", r.Kind, r.Detail)
}

// Proven says whom a proof is believed, all of it got from elsewhere than the proof.
type Proven struct {
	Trusted []TrustedKey // whose notes count
	Origin  string       // the trail's name; "" for any
	// Witnesses must all have cosigned the note.
	Witnesses []*note.Witness
	// Kept is a note that the proof's one must be, or "".
	Kept string
}

// ProvenRecord is a record that is proved.
type ProvenRecord struct {
	Seq    int64
	Record walletport.AuditRecord
	Hash   []byte // of the record in the chain
	Line   []byte // the record as a line of an export, without its line feed
	Note   note.Opened
}

// VerifyProof checks a file of Prove without a database: that the record is whole, that
// its hash is the leaf of its number in the tree of the note, and that the note is of
// somebody trusted. Its errors are *Refusal.
func VerifyProof(text string, by Proven) (ProvenRecord, error) {
	p, err := note.ParseInclusion(text)
	if err != nil {
		return ProvenRecord{}, refusalOf(err)
	}
	opened, err := by.open(p.Note)
	if err != nil {
		return ProvenRecord{}, err
	}
	l, err := decodeLine(p.Extra)
	if err != nil {
		return ProvenRecord{}, &Refusal{Malformed, fmt.Sprintf("what it has of the record is none: %v", err)}
	}
	switch {
	case l.checkpoint != nil || l.end != nil:
		return ProvenRecord{}, &Refusal{Malformed, "the record has a member checkpoint or end, which the proof says nothing of"}
	case l.Seq != p.Number+1:
		return ProvenRecord{}, &Refusal{ProofMismatch, fmt.Sprintf("it is a proof for record %d and has record %d", p.Number+1, l.Seq)}
	case !new(hasher).fits(l.previous, l.Seq, &l.AuditEntry):
		return ProvenRecord{}, &Refusal{Changed, "the record was changed: its hash is another"}
	}
	if err := tree.CheckInclusion(tree.Leaf(l.Hash), p.Number, opened.Size, p.Path, opened.Root[:]); err != nil {
		return ProvenRecord{}, &Refusal{ProofMismatch, "its hashes do not lead from the record to the root of the note"}
	}
	if by.Kept != "" {
		if err := by.same(opened); err != nil {
			return ProvenRecord{}, err
		}
	}
	return ProvenRecord{Seq: l.Seq, Record: l.Record, Hash: l.Hash, Line: p.Extra, Note: opened}, nil
}

// VerifyConsistency checks a file of ProveConsistency without a database: that the tree of
// its note goes on from that of an older note, and that both notes are of somebody
// trusted. Witnesses need to have cosigned the newer one alone. Its errors are *Refusal.
func VerifyConsistency(text, older string, by Proven) (note.Opened, error) {
	c, err := note.ParseConsistency(text)
	if err != nil {
		return note.Opened{}, refusalOf(err)
	}
	opened, err := by.open(c.Note)
	if err != nil {
		return note.Opened{}, err
	}
	old, err := note.Open(older, noteKeys(by.Trusted))
	if err != nil {
		return note.Opened{}, refusalOf(err)
	}
	if old.Size != c.Older || old.Origin != opened.Origin {
		return note.Opened{}, &Refusal{NoteMismatch, fmt.Sprintf("the older note is of %d records of %s, and the proof goes on from %d records of %s", old.Size, old.Origin, c.Older, opened.Origin)}
	}
	if err := tree.CheckConsistency(old.Size, opened.Size, c.Path, old.Root[:], opened.Root[:]); err != nil {
		return note.Opened{}, &Refusal{ProofMismatch, "the newer tree does not go on from the older one: records were changed in between, or the proof was"}
	}
	return opened, nil
}

// open opens the note of a proof.
func (by Proven) open(text string) (note.Opened, error) {
	keys := noteKeys(by.Trusted)
	keys.Witnesses = by.Witnesses
	opened, err := note.Open(text, keys)
	if err != nil {
		return note.Opened{}, refusalOf(err)
	}
	if by.Origin != "" && by.Origin != opened.Origin {
		return note.Opened{}, &Refusal{NoteMismatch, fmt.Sprintf("the note is of %s", opened.Origin)}
	}
	for _, w := range by.Witnesses {
		if !cosigned(opened, w.Name()) {
			return note.Opened{}, &Refusal{Unwitnessed, fmt.Sprintf("%s has not cosigned the note", w.Name())}
		}
	}
	return opened, nil
}

func cosigned(o note.Opened, witness string) bool {
	for _, c := range o.Cosigned {
		if c.Witness == witness {
			return true
		}
	}
	return false
}

// same returns the refusal of a note that is not the one that was kept.
func (by Proven) same(opened note.Opened) error {
	kept, err := note.Open(by.Kept, noteKeys(by.Trusted))
	if err != nil {
		return refusalOf(err)
	}
	if kept.Checkpoint != opened.Checkpoint {
		return &Refusal{NoteMismatch, fmt.Sprintf("the proof is in a tree of %d records, and the note that was kept is over another, of %d: have it proved in that one (audit prove --checkpoint), or that the newer goes on from it (audit prove-consistency)", opened.Size, kept.Size)}
	}
	return nil
}

// refusalOf names what is wrong with a note or a proof.
func refusalOf(err error) *Refusal {
	kind := Malformed
	switch {
	case errors.Is(err, note.ErrForged):
		kind = NoteForged
	case errors.Is(err, note.ErrUnsigned):
		kind = CheckpointKeyUnknown
	}
	return &Refusal{kind, err.Error()}
}
