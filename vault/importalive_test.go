package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// steps are what an import does with the database, in words, and the states of its marks.
type steps struct {
	done   []string
	states [][]byte
}

func (s *steps) note(step string) { s.done = append(s.done, step) }

// behindAhead returns the steps behind the storing of values ahead.
func (s *steps) behindAhead() []string { return s.done[slices.Index(s.done, "ahead")+1:] }

// endOfAhead notes that the file is closed that was read for the values, when they are stored.
type endOfAhead struct {
	io.ReadCloser
	*steps
}

func (e endOfAhead) Close() error {
	e.note("ahead")
	return e.ReadCloser.Close()
}

// watched returns a rig whose imports' steps are noted. Whenever the import looks at the clock
// a minute has gone by.
func (r rig) watched(s *steps) rig {
	var minutes atomic.Int64
	v := *r.Vault
	v.Cards, v.Imports = watchedCards{v.Cards, s}, watchedImports{v.Imports, s}
	v.Clock = func() time.Time { return now.Add(time.Duration(minutes.Add(1)) * time.Minute) }
	r.Vault = &v
	return r
}

type watchedCards struct {
	storage.Cards
	*steps
}

func (w watchedCards) ChangeCards(ctx context.Context, changes []storage.CardChange, mark *storage.ImportMark) ([]walletport.CardID, error) {
	w.note("cards")
	w.states = append(w.states, mark.State)
	return w.Cards.ChangeCards(ctx, changes, mark)
}

func (w watchedCards) DropCardFinds(ctx context.Context, finds []storage.CardFind) error {
	w.note("drop")
	return w.Cards.DropCardFinds(ctx, finds)
}

type watchedImports struct {
	storage.Imports
	*steps
}

func (w watchedImports) MarkImport(ctx context.Context, mark storage.ImportMark) error {
	w.note("mark")
	return w.Imports.MarkImport(ctx, mark)
}

// TestAnImportThatStoresNothingIsHeardOf, and tells how far it is: while it reads again what it
// had before it was broken off, and while what it reads is stored already, or refused.
func TestAnImportThatStoresNothingIsHeardOf(t *testing.T) {
	r := newRig(t)
	path := filepath.Join(t.TempDir(), "cards.csv")
	var b strings.Builder
	b.WriteString("cardId,pan,expiryMonth,expiryYear\n")
	for i := range 6000 {
		pan := testPAN
		if i >= 5000 {
			pan = "5204247750001472" // refused
		}
		fmt.Fprintf(&b, "%d,%s,12,2031\n", i+1, pan)
	}
	must(t, os.WriteFile(path, []byte(b.String()), 0o600))
	watch := func() (rig, vault.ImportOptions, *steps) {
		s := &steps{}
		o := fileOptions(t, path)
		o.Progress = func(vault.ImportProgress) { s.note("progress") }
		open := o.File.Open
		o.File.Open = func() (io.ReadCloser, error) {
			f, err := open()
			return endOfAhead{f, s}, err
		}
		return r.watched(s), o, s
	}

	r.importUntilFull(t, path, fileOptions(t, path), 3)

	resumed, o, s := watch()
	_, err := resumed.importFile(t, path, o)
	must(t, err)
	want := []string{
		"progress", "mark", "progress", "mark", "progress", "mark", // read again
		"cards", "progress", "cards", "progress", "mark", "progress", // the last are refused
	}
	if diff := cmp.Diff(want, s.behindAhead()); diff != "" {
		t.Errorf("an import that goes on (-want +got):\n%s", diff)
	}

	again, o, s := watch()
	report, err := again.importFile(t, path, o)
	must(t, err)
	want = []string{"mark", "progress", "mark", "progress", "mark", "progress", "mark", "progress", "mark", "progress", "mark", "progress"}
	if diff := cmp.Diff(want, s.behindAhead()); diff != "" || report.Unchanged != 5000 {
		t.Errorf("an import of what is stored: %d unchanged (-want +got):\n%s", report.Unchanged, diff)
	}
}

// TestTheMarkOfAnImportStaysSmall, however many errors are to be listed: it is written with each
// batch. An import that goes on counts them all.
func TestTheMarkOfAnImportStaysSmall(t *testing.T) {
	r := newRig(t)
	path := filepath.Join(t.TempDir(), "cards.csv")
	var b strings.Builder
	b.WriteString("cardId,pan,expiryMonth,expiryYear\n")
	for i := range 4000 {
		pan := "5204247750001472" // refused
		if i%1000 == 0 {
			pan = testPAN
		}
		fmt.Fprintf(&b, "%d,%s,12,2031\n", i+1, pan)
	}
	must(t, os.WriteFile(path, []byte(b.String()), 0o600))
	s := &steps{}
	o := fileOptions(t, path)
	o.MaxErrors = 1_000_000
	broken := r.watched(s)
	v := *broken.Vault
	v.Cards = &fullAfter{v.Cards, 3}
	broken.Vault = &v
	report, err := broken.importFile(t, path, o)
	wantReason(t, err, "store_unavailable")
	if report.ErrorCount != 3*999 || len(report.Errors) != 3*999 {
		t.Errorf("%d errors, %d of them listed", report.ErrorCount, len(report.Errors))
	}
	for _, state := range s.states {
		var kept struct {
			Report struct{ Errors []json.RawMessage }
		}
		must(t, json.Unmarshal(state, &kept))
		if len(kept.Report.Errors) > 1000 {
			t.Errorf("a mark has %d errors", len(kept.Report.Errors))
		}
	}
	report, err = r.importFile(t, path, o)
	must(t, err)
	if report.Rows != 4000 || report.ErrorCount != 4*999 || len(report.Errors) != 1000+999 {
		t.Errorf("when it went on: %d rows, %d errors, %d of them listed", report.Rows, report.ErrorCount, len(report.Errors))
	}
}

// TestAnImportThatTidiesUpIsHeardOf: what was stored ahead of rows that were refused is taken away
// in many commits, and what an import says of itself meanwhile is how far it came.
func TestAnImportThatTidiesUpIsHeardOf(t *testing.T) {
	r := newRig(t)
	path := filepath.Join(t.TempDir(), "cards.csv")
	var b strings.Builder
	b.WriteString("cardId,pan,expiryMonth,expiryYear,customerId\n")
	for i := range 6000 {
		pan := testPAN
		if i == 0 {
			pan = "5204247750001472" // refused
		}
		fmt.Fprintf(&b, "%d,%s,12,2031,C%d\n", i+1, pan, i)
	}
	must(t, os.WriteFile(path, []byte(b.String()), 0o600))
	r.importUntilFull(t, path, fileOptions(t, path), 1)
	s := &steps{}
	watched := r.watched(s)
	watched.Imports = neverEnded{watched.Imports}
	_, err := watched.importFile(t, path, fileOptions(t, path))
	if !errors.Is(err, errBroken) {
		t.Fatalf("it was not broken off: %v", err)
	}
	if want := []string{"drop", "mark", "drop"}; !slices.Equal(s.done[slices.Index(s.done, "drop"):], want) {
		t.Errorf("it ends with %v, want %v", s.done[slices.Index(s.done, "drop"):], want)
	}
	o := fileOptions(t, path)
	var from vault.ImportResumed
	o.File.Resuming = func(r vault.ImportResumed) { from = r }
	report, err := r.importFile(t, path, o)
	must(t, err)
	if from.Rows != 6000 || report.Inserted != 5999 {
		t.Errorf("it went on behind row %d, and inserted %d", from.Rows, report.Inserted)
	}
	r.wantFinds(t, 3*5999)
}

// neverEnded breaks an import off before its end is noted.
type neverEnded struct{ storage.Imports }

func (neverEnded) EndImport(context.Context, string, string) error { return errBroken }
