package audit

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

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
// remembers another tree than is noted here is asked once more, with the proof from that
// tree. Errors are those of the store and of submit, and *Refusal: WitnessRefused,
// WitnessLied.
func Cosign(ctx context.Context, store WitnessStore, trusted []TrustedKey, w *note.Witness, submit Submit) (note.Opened, error) {
	newest, opened, err := newestUnwitnessed(ctx, store, trusted)
	if err != nil {
		return note.Opened{}, err
	}
	last, err := store.LastCosignature(ctx, w.Name())
	if err != nil {
		return note.Opened{}, err
	}
	old := min(last.Size, opened.Size)
	status, answer, err := ask(ctx, store, submit, old, opened.Size, newest)
	if err == nil && status == http.StatusConflict {
		known, parseErr := strconv.ParseInt(strings.TrimSuffix(answer, "\n"), 10, 64)
		if parseErr != nil || known < 0 || known == old {
			return note.Opened{}, &Refusal{WitnessLied, "it names no other tree that it confirmed"}
		}
		if known > opened.Size {
			return note.Opened{}, &Refusal{WitnessRefused, fmt.Sprintf("it confirmed a tree of %d records, and the newest note here is over %d: the trail was cut back", known, opened.Size)}
		}
		status, answer, err = ask(ctx, store, submit, known, opened.Size, newest)
	}
	switch {
	case err != nil:
		return note.Opened{}, err
	case status != http.StatusOK:
		return note.Opened{}, &Refusal{WitnessRefused, witnessAnswer(status)}
	}
	return keep(ctx, store, trusted, w, storage.Note{Size: opened.Size, Text: newest}, answer)
}

// newestUnwitnessed returns the newest note with the log's signature alone.
func newestUnwitnessed(ctx context.Context, store WitnessStore, trusted []TrustedKey) (string, note.Opened, error) {
	if _, err := Newest(ctx, store); err != nil {
		return "", note.Opened{}, err
	}
	last, err := store.LastNote(ctx)
	if err != nil {
		return "", note.Opened{}, err
	}
	return openNote(ctx, store, trusted, last.Text)
}

// ask submits a note with the proof that it goes on from the tree of old records.
func ask(ctx context.Context, store WitnessStore, submit Submit, old, size int64, text string) (int, string, error) {
	path, err := tree.NewReader(storedTree(store)).Consistency(ctx, old, size)
	if err != nil {
		return 0, "", unproved(err)
	}
	return submit(ctx, note.Consistency{Older: old, Path: path, Note: text}.Encode())
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
		return "409: it confirmed another tree meanwhile"
	}
	return fmt.Sprintf("it answered %d", status)
}

// keep stores the line of an answer that is the witness's cosignature over the note.
func keep(ctx context.Context, store WitnessStore, trusted []TrustedKey, w *note.Witness, n storage.Note, answer string) (note.Opened, error) {
	keys := noteKeys(trusted)
	keys.Witnesses = []*note.Witness{w}
	for line := range strings.Lines(answer) {
		opened, err := note.Open(note.Cosign(n.Text, line), keys)
		if err != nil || !cosigned(opened, w.Name()) {
			continue // of another key, as the protocol allows
		}
		return opened, store.AddCosignature(ctx, storage.Cosignature{Size: n.Size, Witness: w.Name(), Line: line})
	}
	return note.Opened{}, &Refusal{WitnessLied, "its answer has no cosignature of its key over the note"}
}

// CheckWitnessed proves what a witness confirmed last: that the note is still the one that
// it cosigned, and that the stored tree still has its root. It returns that note, and a
// *Break where there is none or it is another: whoever rewrites every table, even with the
// checkpoint key, does not have the witness's.
func CheckWitnessed(ctx context.Context, store WitnessStore, trusted []TrustedKey, w *note.Witness) (note.Opened, error) {
	last, err := store.LastCosignature(ctx, w.Name())
	if err != nil {
		return note.Opened{}, err
	}
	if last.Size == 0 {
		return note.Opened{}, &Break{Seq: 1, Kind: Unwitnessed, Detail: fmt.Sprintf("%s has confirmed nothing of this trail", w.Name())}
	}
	notes, err := store.Notes(ctx, last.Size-1, 1)
	if err != nil {
		return note.Opened{}, err
	}
	if len(notes) == 0 || notes[0].Size != last.Size {
		return note.Opened{}, &Break{Seq: last.Size, Kind: NoteMismatch, Detail: fmt.Sprintf("the note that %s confirmed is gone", w.Name())}
	}
	keys := noteKeys(trusted)
	keys.Witnesses = []*note.Witness{w}
	opened, err := note.Open(note.Cosign(notes[0].Text, last.Line), keys)
	if err != nil || !cosigned(opened, w.Name()) {
		return note.Opened{}, &Break{Seq: last.Size, Kind: NoteMismatch, Detail: fmt.Sprintf("the note at this record is not the one that %s confirmed: the trail was rewritten, or the cosignature was", w.Name())}
	}
	root, err := tree.NewReader(storedTree(store)).Root(ctx, opened.Size)
	if err != nil {
		return note.Opened{}, unproved(err)
	}
	if opened.Size != last.Size || !bytes.Equal(root, opened.Root[:]) {
		return note.Opened{}, &Break{Seq: last.Size, Kind: NoteMismatch, Detail: fmt.Sprintf("the tree up to this record is not the one that %s confirmed: records were rewritten", w.Name())}
	}
	return opened, nil
}
