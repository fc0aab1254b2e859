package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/audit/tree"
	"github.com/walletport/walletport/storage"
)

// The kinds of what a witness does not confirm.
const (
	// WitnessRefused: the witness confirmed another tree before, or does not know the trail.
	WitnessRefused Kind = "witness_refused"
	// WitnessLied: what it answered is no cosignature of its over the note.
	WitnessLied Kind = "witness_lied"
)

// WitnessStore is what is read and stored of what witnesses confirm. storage.Store is one.
type WitnessStore interface {
	ProofSource
	LastCosignature(ctx context.Context, witness string) (storage.Cosignature, error)
	AddCosignature(ctx context.Context, c storage.Cosignature) error
}

// Submit posts a request to a witness (add-checkpoint) and returns status and body of the
// answer, or why there was none.
type Submit func(ctx context.Context, request string) (status int, answer string, err error)

// Cosign has a witness confirm the newest note, and stores its cosignature. One that
// remembers another tree than is noted here is asked again, with the proof from that tree.
// Errors are those of the store, ReasonNoNote, ReasonUnproved where what is stored gives no
// proof to show, ErrWitnessAway with the error of submit, and *Refusal, which is always the
// witness's: WitnessRefused or WitnessLied.
func Cosign(ctx context.Context, store WitnessStore, trusted []TrustedKey, w *note.Witness, submit Submit) (note.Opened, error) {
	by := Proven{Trusted: trusted, Witnesses: []*note.Witness{w}}
	for range maxOvertaken {
		s, err := newestFor(ctx, store, by, submit)
		if err != nil {
			return note.Opened{}, err
		}
		answer, err := s.ask(ctx)
		if err == nil {
			return keep(ctx, store, by, s.note, answer)
		}
		if s.known <= s.note.Size || !s.isOvertaken(ctx) {
			return note.Opened{}, err
		}
	}
	return note.Opened{}, &Refusal{WitnessRefused, witnessAnswer(http.StatusConflict)}
}

// maxOvertaken bounds how often a newer note is shown in place of one that was overtaken.
const maxOvertaken = 16

// submission is a note on its way to a witness.
type submission struct {
	store  WitnessStore
	note   storage.Note // opened, and over as many records as it says
	old    int64        // size of the tree that the witness confirmed last, as far as is known here
	submit Submit
	known  int64 // of the tree that the witness said it remembers
}

// newestFor returns the newest note on its way to the witness.
func newestFor(ctx context.Context, store WitnessStore, by Proven, submit Submit) (*submission, error) {
	newest, err := lastNote(ctx, store)
	if err != nil {
		return nil, err
	}
	_, opened, err := openNote(ctx, store, by.Trusted, newest.Text)
	if err != nil {
		return nil, err
	}
	if opened.Size != newest.Size {
		return nil, unproved(fmt.Errorf("the note over %d records stands in the place of the one over %d", opened.Size, newest.Size))
	}
	last, err := store.LastCosignature(ctx, by.Witnesses[0].ID())
	if err != nil {
		return nil, err
	}
	return &submission{store: store, note: newest, old: min(last.Size, newest.Size), submit: submit}, nil
}

// isOvertaken reports whether another replica had a newer note confirmed meanwhile: then the
// witness remembers a larger tree than this note's, and nothing was cut back.
func (s *submission) isOvertaken(ctx context.Context) bool {
	newest, err := s.store.LastNote(ctx)
	return err == nil && newest.Size >= s.known
}

// maxConflicts bounds how often a witness may name another tree that it remembers: replicas
// that ask beside this one move it on, and not for ever.
const maxConflicts = 4

// ask returns the answer of a witness that cosigns. It is asked with the tree that it
// confirmed last, and again with the one that it remembers.
func (s *submission) ask(ctx context.Context) (string, error) {
	old := s.old
	for range maxConflicts {
		status, answer, err := s.post(ctx, old)
		switch {
		case err != nil:
			return "", err
		case status == http.StatusOK:
			return answer, nil
		case isAway(status):
			return "", fmt.Errorf("%w: it answered %d", ErrWitnessAway, status)
		case status != http.StatusConflict:
			return "", &Refusal{WitnessRefused, witnessAnswer(status)}
		}
		if old, err = s.remembered(old, answer); err != nil {
			return "", err
		}
	}
	return "", &Refusal{WitnessRefused, witnessAnswer(http.StatusConflict)}
}

// isAway reports whether an answer says nothing of the trail: whoever stands before the witness
// may give it, or the witness when it is out of order or has too much to do.
func isAway(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests
}

// remembered reads which tree a witness remembers that was asked with that of old records.
func (s *submission) remembered(old int64, answer string) (int64, error) {
	known, err := strconv.ParseInt(strings.TrimSuffix(answer, "\n"), 10, 64)
	s.known = known
	switch {
	case old == s.note.Size && (err != nil || known == old): // the protocol asks for no text then
		return 0, &Refusal{WitnessRefused, fmt.Sprintf("409: it confirmed another tree of %d records: records were rewritten", old)}
	case err != nil || known < 0 || known == old:
		return 0, &Refusal{WitnessLied, "it names no other tree that it confirmed"}
	case known > s.note.Size:
		return 0, &Refusal{WitnessRefused, fmt.Sprintf("it confirmed a tree of %d records, and the newest note here is over %d: the trail was cut back", known, s.note.Size)}
	}
	return known, nil
}

// post submits the note with the proof that it goes on from the tree of old records.
func (s *submission) post(ctx context.Context, old int64) (int, string, error) {
	path, err := tree.NewReader(storedTree(s.store)).Consistency(ctx, old, s.note.Size)
	if err != nil {
		return 0, "", unproved(err)
	}
	status, answer, err := s.submit(ctx, note.Consistency{Older: old, Path: path, Note: s.note.Text}.Encode())
	if err != nil {
		return 0, "", fmt.Errorf("%w: %w", ErrWitnessAway, err)
	}
	return status, answer, nil
}

func witnessAnswer(status int) string {
	switch status {
	case http.StatusForbidden:
		return "403: it does not trust the key that signed the note"
	case http.StatusNotFound:
		return "404: it does not know the trail"
	case http.StatusUnprocessableEntity:
		return "422: the tree does not go on from the one that it confirmed before: records were rewritten"
	case http.StatusConflict:
		return "409: it confirms other trees all the time"
	}
	return fmt.Sprintf("it answered %d", status)
}

// maxOwnLines bounds how many lines of one witness are tried: each costs two verifications.
const maxOwnLines = 100

// keep stores the line of an answer that is the witness's cosignature over the note. Lines
// of other keys are passed over, as the protocol asks.
func keep(ctx context.Context, store WitnessStore, by Proven, n storage.Note, answer string) (note.Opened, error) {
	w, tried := by.Witnesses[0], 0
	for line := range strings.Lines(answer) {
		if !w.Names(line) {
			continue
		}
		if tried++; tried > maxOwnLines {
			break
		}
		if opened, err := by.open(note.Cosign(n.Text, line)); err == nil {
			return opened, store.AddCosignature(ctx, storage.Cosignature{Size: n.Size, Witness: w.ID(), Line: line})
		}
	}
	return note.Opened{}, &Refusal{WitnessLied, "its answer has no cosignature of its key over the note"}
}

// Demand is what somebody who verifies asks of a witness.
type Demand struct {
	Witness *note.Witness
	// Since and Until are between when it must have confirmed the trail, by its clock. The
	// zero time is any. Without Until a confirmation whose time is far ahead, for the clock
	// of the witness was wrong once, would never get old.
	Since, Until time.Time
}

// CheckWitnessed proves what a witness confirmed last: that the note is still the one that it
// cosigned, in the time that is demanded, and that the stored tree still has its root. It
// returns that note, and a *Break where there is none or it is another: whoever rewrites every
// table, even with the checkpoint key, does not have the witness's.
func CheckWitnessed(ctx context.Context, store WitnessStore, trusted []TrustedKey, demand Demand) (note.Opened, error) {
	w := demand.Witness
	last, err := store.LastCosignature(ctx, w.ID())
	if err != nil {
		return note.Opened{}, err
	}
	if last.Size == 0 {
		return note.Opened{}, &Break{Seq: 1, Kind: Unwitnessed, Detail: fmt.Sprintf("%s has confirmed nothing of this trail", w.Name())}
	}
	_, opened, err := cosignedNote(ctx, store, Proven{Trusted: trusted, Witnesses: []*note.Witness{w}}, last)
	if err != nil {
		return note.Opened{}, err
	}
	root, err := tree.NewReader(storedTree(store)).Root(ctx, opened.Size)
	if err != nil {
		return note.Opened{}, unproved(err)
	}
	if opened.Size != last.Size || !bytes.Equal(root, opened.Root[:]) {
		return note.Opened{}, &Break{Seq: last.Size, Kind: NoteMismatch, Detail: fmt.Sprintf("the tree up to this record is not the one that %s confirmed: records were rewritten", w.Name())}
	}
	switch at := opened.Cosigned[0].At; {
	case at.Before(demand.Since):
		return note.Opened{}, &Break{Seq: opened.Size, Kind: Unwitnessed, Detail: fmt.Sprintf("%s confirmed nothing since %s, at %d records: ask it (audit cosign)", w.Name(), at.Format(time.RFC3339), opened.Size)}
	case !demand.Until.IsZero() && at.After(demand.Until):
		return note.Opened{}, &Break{Seq: opened.Size, Kind: Unwitnessed, Detail: fmt.Sprintf("%s confirmed %d records at %s, which is yet to come: its clock was wrong, or the one here is", w.Name(), opened.Size, at.Format(time.RFC3339))}
	}
	return opened, nil
}

// Witnessed returns the note that a witness confirmed last, with its cosignature, for Prove:
// the newest one, which each command that leaves a record has signed anew, is not confirmed
// yet. Its errors are those of the store, ReasonNoNote while the witness has confirmed nothing,
// and ReasonUnproved where the note is not the one that it confirmed.
func Witnessed(ctx context.Context, store WitnessStore, trusted []TrustedKey, w *note.Witness) (string, error) {
	last, err := store.LastCosignature(ctx, w.ID())
	if err != nil {
		return "", err
	}
	if last.Size == 0 {
		return "", walletport.Errorf(walletport.CodeNotFound, ReasonNoNote, "%s has confirmed nothing of this trail", w.Name())
	}
	text, _, err := cosignedNote(ctx, store, Proven{Trusted: trusted, Witnesses: []*note.Witness{w}}, last)
	if broken, ok := errors.AsType[*Break](err); ok {
		return "", unproved(broken)
	}
	return text, err
}

// cosignedNote returns the stored note that a cosignature is of, with it and those of other
// witnesses, and opened. The cosignature stands first: of several lines of one name the first
// counts, and anybody can have stored one.
func cosignedNote(ctx context.Context, store WitnessStore, by Proven, c storage.Cosignature) (string, note.Opened, error) {
	name := by.Witnesses[0].Name()
	notes, err := store.Notes(ctx, c.Size-1, 1)
	if err != nil {
		return "", note.Opened{}, err
	}
	if len(notes) == 0 || notes[0].Size != c.Size {
		return "", note.Opened{}, &Break{Seq: c.Size, Kind: NoteMismatch, Detail: fmt.Sprintf("the note that %s confirmed is gone", name)}
	}
	all, err := store.Cosignatures(ctx, c.Size)
	if err != nil {
		return "", note.Opened{}, err
	}
	lines := []string{c.Line}
	for _, other := range all {
		if other.Witness != c.Witness {
			lines = append(lines, other.Line)
		}
	}
	text := note.Gather(notes[0].Text, lines...)
	opened, err := by.open(text)
	if err != nil {
		return "", note.Opened{}, &Break{Seq: c.Size, Kind: NoteMismatch, Detail: fmt.Sprintf("the note at this record is not the one that %s confirmed: the trail was rewritten, or the cosignature was", name)}
	}
	return text, opened, nil
}
