package audit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/audit/tree"
)

// ProofMismatch is the Kind of a proof that does not lead from what it is of to the root
// that is signed.
const ProofMismatch Kind = "proof_mismatch"

// Unwitnessed is the Kind of a note without the cosignature of a witness that was asked for.
const Unwitnessed Kind = "unwitnessed"

// Refusal says why a proof or a note proves nothing, or that a witness confirms none. It never
// repeats a record's content.
type Refusal struct {
	Kind   Kind // Malformed, Changed, NoteForged, CheckpointKeyUnknown, NoteMismatch, ProofMismatch, Unwitnessed, WitnessRefused, WitnessLied
	Detail string
}

// Error returns "proof_mismatch: …".
func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Kind, r.Detail) }

// Proven says whom a proof is believed, all of it got from elsewhere than the proof.
type Proven struct {
	Trusted []TrustedKey // whose notes count
	Origin  string       // the trail's name; "" for any
	// Witnesses must all have cosigned the note.
	Witnesses []*note.Witness
	// Kept is a note that somebody kept: the proof of a record must be in its tree, unless it
	// is "", and a proof of consistency must go on from it.
	Kept string
}

// ProvenRecord is a record that is proved.
type ProvenRecord struct {
	Seq  int64
	Line []byte // the record as Export writes it, without its line feed
	Note note.Opened
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
	canonical, err := encodeLine(l) // the proof's own may be spaced so that a terminal shows half of it
	if err != nil {
		return ProvenRecord{}, refusalOf(err)
	}
	return ProvenRecord{Seq: l.Seq, Line: bytes.TrimSuffix(canonical, []byte("\n")), Note: opened}, nil
}

// VerifyConsistency checks a file of ProveConsistency without a database: that the tree of
// its note goes on from that of the note that was kept, and that both are of somebody
// trusted. Witnesses need to have cosigned the newer one alone. Its errors are *Refusal.
func VerifyConsistency(text string, by Proven) (note.Opened, error) {
	c, err := note.ParseConsistency(text)
	if err != nil {
		return note.Opened{}, refusalOf(err)
	}
	opened, err := by.open(c.Note)
	if err != nil {
		return note.Opened{}, err
	}
	old, err := by.kept()
	if err != nil {
		return note.Opened{}, err
	}
	if old.Origin != opened.Origin {
		return note.Opened{}, &Refusal{NoteMismatch, otherName(old, opened)}
	}
	if old.Size != c.Older {
		return note.Opened{}, &Refusal{NoteMismatch, fmt.Sprintf("the older note is over %d records, and the proof goes on from %d", old.Size, c.Older)}
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
		if !cosigned(opened, w) {
			return note.Opened{}, &Refusal{Unwitnessed, fmt.Sprintf("%s has not cosigned the note", w.Name())}
		}
	}
	return opened, nil
}

func cosigned(o note.Opened, w *note.Witness) bool {
	return slices.ContainsFunc(o.Cosigned, func(c note.Cosigned) bool { return c.Witness.ID() == w.ID() })
}

// kept opens the note that was kept.
func (by Proven) kept() (note.Opened, error) {
	return Proven{Trusted: by.Trusted}.open(by.Kept)
}

// otherName says that two notes are of two trails, or of one whose name was changed.
func otherName(old, now note.Opened) string {
	return fmt.Sprintf("the older note is of the name %s and the newer one of %s: it is another trail's, or audit.origin was changed in between", old.Origin, now.Origin)
}

// same returns the refusal of a note that is not the one that was kept.
func (by Proven) same(opened note.Opened) error {
	kept, err := by.kept()
	if err != nil {
		return err
	}
	if kept.Origin != opened.Origin {
		return &Refusal{NoteMismatch, otherName(kept, opened)}
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
	return &Refusal{kind, strings.TrimPrefix(err.Error(), note.ErrMalformed.Error()+": ")} // the kind says it
}
