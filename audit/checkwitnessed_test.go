package audit_test

import (
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

func TestAConfirmationGetsOld(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 3)
	w := mustWitness(t, m, ring)
	if _, err := w.cosign(t, m, ring); err != nil {
		t.Fatal(err)
	}
	at := start.Truncate(time.Second)
	if _, err := audit.CheckWitnessed(t.Context(), m, audit.TrustedKeys(ring), audit.Demand{Witness: w.Witness, Since: at}); err != nil {
		t.Errorf("since %s: %v", at, err)
	}
	_, err := audit.CheckWitnessed(t.Context(), m, audit.TrustedKeys(ring), audit.Demand{Witness: w.Witness, Since: at.Add(time.Second)})
	wantBreak(t, err, audit.Unwitnessed, 3)
	for until, good := range map[time.Time]bool{at: true, at.Add(-time.Second): false} {
		_, err := audit.CheckWitnessed(t.Context(), m, audit.TrustedKeys(ring), audit.Demand{Witness: w.Witness, Until: until})
		if good && err != nil {
			t.Errorf("until %s: %v", until, err)
		}
		if !good {
			wantBreak(t, err, audit.Unwitnessed, 3)
		}
	}
	w.now = at.Add(time.Hour)
	if _, err := w.cosign(t, m, ring); err != nil { // the same note
		t.Fatal(err)
	}
	if _, err := audit.CheckWitnessed(t.Context(), m, audit.TrustedKeys(ring), audit.Demand{Witness: w.Witness, Since: at.Add(time.Hour)}); err != nil {
		t.Errorf("after it was asked again: %v", err)
	}
}

// TestWhoRewritesEverythingIsFoundByTheWitness has somebody with the checkpoint key and
// every table write another history: Verify finds nothing, the witness does.
func TestWhoRewritesEverythingIsFoundByTheWitness(t *testing.T) {
	ring := checkpointRing(t)
	good := mustChain(t, ring, 300)
	w := mustWitness(t, good, ring)
	if _, err := w.cosign(t, good, ring); err != nil {
		t.Fatal(err)
	}
	rewritten := func(t *testing.T) *memory {
		t.Helper()
		m := newMemory()
		origin, err := audit.Origin(good.notes[0].Text, audit.TrustedKeys(ring))
		if err != nil {
			t.Fatal(err)
		}
		l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Settings: audit.Settings{Origin: origin}})
		for i := range 400 {
			r := record(i)
			if i == 17 {
				r.Outcome = "forged"
			}
			if err := l.Record(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if i == 299 { // a note of the size that the witness knows
				stop()
				l, stop = mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Settings: audit.Settings{Origin: origin}})
			}
		}
		stop()
		if got := mustVerify(t, m, ring); got.Tree.Size != 400 { // it looks whole
			t.Fatalf("%+v", got)
		}
		return m
	}
	m := rewritten(t)
	confirmed := func(m *memory, size int64) { // what the witness signed, said to be of so many records
		m.cosignatures = []storage.Cosignature{{Size: size, Witness: w.ID(), Line: good.cosignatures[0].Line}}
	}
	for _, c := range []struct {
		name string
		edit func(m *memory)
		kind audit.Kind
		seq  int64
	}{
		{"who keeps the cosignatures", func(m *memory) { m.cosignatures = good.cosignatures }, audit.NoteMismatch, 300},
		{"who says that they are of another note", func(m *memory) { confirmed(m, 400) }, audit.NoteMismatch, 400},
		{"who says that they are of a note that is none", func(m *memory) { confirmed(m, 4000) }, audit.NoteMismatch, 4000},
		{"who has it confirm more records than it did", func(m *memory) {
			own := good.clone()
			m.becomes(own)
			m.nodes = own.nodes
			m.notes = append(m.notes, storage.Note{Size: 4000, Text: good.noteAt(300).Text})
			confirmed(m, 4000)
		}, audit.NoteMismatch, 4000},
		{"who puts the old note in the place of the new one", func(m *memory) {
			confirmed(m, 400)
			m.noteAt(400).Text = good.noteAt(300).Text
		}, audit.NoteMismatch, 400},
		{"who deletes them", func(*memory) {}, audit.Unwitnessed, 1},
		{"who keeps the note, too", func(m *memory) {
			m.cosignatures, m.noteAt(300).Text = good.cosignatures, good.noteAt(300).Text
		}, audit.NoteMismatch, 300},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := m.clone()
			c.edit(m)
			_, err := audit.CheckWitnessed(t.Context(), m, audit.TrustedKeys(ring), audit.Demand{Witness: w.Witness})
			wantBreak(t, err, c.kind, c.seq)
		})
	}
	t.Run("who wants a proof in the confirmed tree", func(t *testing.T) {
		m := m.clone()
		m.cosignatures = good.cosignatures
		if text, err := audit.Witnessed(t.Context(), m, audit.TrustedKeys(ring), w.Witness); walletport.ReasonOf(err) != audit.ReasonUnproved {
			t.Errorf("Witnessed: %q, %v", text, err)
		}
	})
	t.Run("who asks the witness", func(t *testing.T) {
		_, err := w.cosign(t, m.clone(), ring)
		wantRefusal(t, err, audit.WitnessRefused)
	})
}
