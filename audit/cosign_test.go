package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sumnote "golang.org/x/mod/sumdb/note"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sim/witnesssim"
	"github.com/walletport/walletport/storage"
)

// witnessed is a witness of the trail that m has, and what asks it.
type witnessed struct {
	*note.Witness
	now    time.Time // by its clock
	submit audit.Submit
	answer func(w http.ResponseWriter, r *http.Request) // instead of the witness's, if not nil
}

func mustWitness(t *testing.T, m *memory, ring *keys.Ring) *witnessed {
	t.Helper()
	return mustWitnessOf(t, m, ring, 0)
}

// mustWitnessOf returns the witness with a key of one's own.
func mustWitnessOf(t *testing.T, m *memory, ring *keys.Ring, seed byte) *witnessed {
	t.Helper()
	origin, err := audit.Origin(m.notes[0].Text, audit.TrustedKeys(ring))
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := sumnote.NewEd25519VerifierKey(origin, publicOf(t, ring)[0].Public)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := sumnote.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	w := &witnessed{now: start}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	sim := witnesssim.New("witness.example/w1", key, func() time.Time { return w.now }, witnesssim.Known(verifier))
	if w.Witness, err = note.ParseWitness(sim.Key()); err != nil {
		t.Fatal(err)
	}
	w.submit = func(_ context.Context, request string) (int, string, error) {
		r := httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader(request))
		out := httptest.NewRecorder()
		if w.answer != nil {
			w.answer(out, r)
		} else {
			sim.ServeHTTP(out, r)
		}
		return out.Code, out.Body.String(), nil
	}
	return w
}

func (w *witnessed) cosign(t *testing.T, m *memory, ring *keys.Ring) (note.Opened, error) {
	t.Helper()
	return audit.Cosign(t.Context(), m, audit.TrustedKeys(ring), w.Witness, w.submit)
}

// upTo returns the trail as it was at a note.
func (m *memory) upTo(size int64) *memory {
	c := m.clone()
	c.entries = c.entries[:size]
	c.head = storage.AuditHead{Seq: size, Hash: c.entries[size-1].Hash}
	c.checkpoints, c.notes = nil, nil
	for _, n := range m.notes {
		if n.Size <= size {
			c.notes = append(c.notes, n)
		}
	}
	return c
}

func TestAWitnessConfirmsEachTreeThatGoesOn(t *testing.T) {
	ring := checkpointRing(t)
	whole := mustChain(t, ring, 1100)
	w := mustWitness(t, whole, ring)
	var cosignatures []storage.Cosignature
	for _, size := range []int64{300, 300, 800, 1100} {
		m := whole.upTo(size)
		m.cosignatures = cosignatures
		opened, err := w.cosign(t, m, ring)
		if err != nil || opened.Size != size || len(opened.Cosigned) != 1 || !opened.Cosigned[0].At.Equal(start.Truncate(time.Second)) {
			t.Fatalf("at %d: %+v, %v", size, opened, err)
		}
		if got, err := audit.CheckWitnessed(t.Context(), m, audit.TrustedKeys(ring), audit.Demand{Witness: w.Witness}); err != nil || got.Size != size {
			t.Errorf("CheckWitnessed at %d: %+v, %v", size, got, err)
		}
		cosignatures = m.cosignatures
	}
	t.Run("and what was lost here is asked for from where the witness stands", func(t *testing.T) {
		w, m := mustWitness(t, whole, ring), whole.upTo(300)
		if _, err := w.cosign(t, m, ring); err != nil {
			t.Fatal(err)
		}
		m = whole.clone()
		if opened, err := w.cosign(t, m, ring); err != nil || opened.Size != 1100 {
			t.Errorf("%+v, %v", opened, err)
		}
	})
	t.Run("and a proof carries it", func(t *testing.T) {
		m := whole.clone()
		m.cosignatures = cosignatures
		proof := mustProve(t, m, ring, 17, "")
		got, err := audit.VerifyProof(proof, audit.Proven{Trusted: publicOf(t, ring), Witnesses: []*note.Witness{w.Witness}})
		if err != nil || len(got.Note.Cosigned) != 1 {
			t.Errorf("%+v, %v", got.Note, err)
		}
	})
}

// counting answers with 409 and one tree after the other.
func counting() func(http.ResponseWriter, *http.Request) {
	known := 6
	return func(w http.ResponseWriter, _ *http.Request) {
		known++
		w.WriteHeader(http.StatusConflict)
		_, _ = fmt.Fprintln(w, known)
	}
}

func TestAWitnessThatRefusesIsAwayOrLies(t *testing.T) {
	ring := checkpointRing(t)
	answer := func(status int, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	m := mustChain(t, ring, 300)
	another := mustWitness(t, m, ring)
	if _, err := another.cosign(t, m.clone(), ring); err != nil {
		t.Fatal(err)
	}
	_, line, err := another.submit(t.Context(), note.Consistency{Older: 300, Note: m.noteAt(300).Text}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request)
		kind   audit.Kind
	}{
		{"a witness that refuses the key", answer(403, "no"), audit.WitnessRefused},
		{"a witness that refuses the trail", answer(404, "no"), audit.WitnessRefused},
		{"a witness that refuses the tree", answer(422, "no"), audit.WitnessRefused},
		{"a witness that knows a larger tree", answer(409, "301\n"), audit.WitnessRefused},
		{"a witness that changes its mind again and again", counting(), audit.WitnessRefused},
		{"a witness that lies about what it was asked with", answer(409, "7\n"), audit.WitnessLied},
		{"a witness that lies about the size", answer(409, "0\n"), audit.WitnessLied},
		{"a witness that lies with no size", answer(409, "no"), audit.WitnessLied},
		{"a witness that lies with no signature", answer(200, ""), audit.WitnessLied},
		{"a witness that lies with another's signature", answer(200, strings.Replace(line, "w1", "w2", 1)), audit.WitnessLied},
		{"a witness that lies with a changed signature", answer(200, strings.ReplaceAll(line, "A", "B")), audit.WitnessLied},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := m.clone()
			w := mustWitness(t, m, ring)
			w.answer = c.answer
			_, err := w.cosign(t, m, ring)
			wantRefusal(t, err, c.kind)
			if len(m.cosignatures) > 0 {
				t.Errorf("%v is stored", m.cosignatures)
			}
			_, err = audit.CheckWitnessed(t.Context(), m, audit.TrustedKeys(ring), audit.Demand{Witness: w.Witness})
			wantBreak(t, err, audit.Unwitnessed, 1)
		})
	}
	t.Run("a witness that is away", func(t *testing.T) {
		away := errors.New("away")
		w := mustWitness(t, m, ring)
		w.submit = func(context.Context, string) (int, string, error) { return 0, "", away }
		if _, err := w.cosign(t, m.clone(), ring); !errors.Is(err, away) || audit.WitnessFault(err) != "witness_away" {
			t.Errorf("Cosign: %v", err)
		}
	})
	// What a proxy before the witness answers is no word of the witness, and accuses nobody.
	for _, status := range []int{429, 500, 502, 503, 504} {
		t.Run(fmt.Sprintf("a witness that is out of order: %d", status), func(t *testing.T) {
			w := mustWitness(t, m, ring)
			w.answer = answer(status, "no")
			_, err := w.cosign(t, m.clone(), ring)
			if _, refused := errors.AsType[*audit.Refusal](err); refused || audit.WitnessFault(err) != "witness_away" {
				t.Errorf("Cosign: %v", err)
			}
		})
	}
}

// TestANoteOfOursThatProvesNothingIsNoRefusal: the witness is not even asked, and must not be
// blamed for it.
func TestANoteOfOursThatProvesNothingIsNoRefusal(t *testing.T) {
	ring := checkpointRing(t)
	whole := mustChain(t, ring, 500)
	for _, c := range []struct {
		name    string
		trusted []audit.TrustedKey
		change  func(m *memory)
	}{
		{"it is of no key at hand", audit.TrustedKeys(checkpointRing(t)), func(*memory) {}},
		{"it was forged", audit.TrustedKeys(ring), func(m *memory) {
			n := m.noteAt(500)
			n.Text = strings.Replace(n.Text, "\n500\n", "\n501\n", 1)
		}},
		// The witness, which knows a tree between the two, would be asked without end: it seems
		// overtaken each time.
		{"an older one stands in its place", audit.TrustedKeys(ring), func(m *memory) { m.noteAt(500).Text = m.noteAt(300).Text }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := whole.clone()
			w := mustWitness(t, m, ring)
			c.change(m)
			asked := 0
			_, err := audit.Cosign(t.Context(), m, c.trusted, w.Witness, func(context.Context, string) (int, string, error) {
				if asked++; asked > 100 {
					return 0, "", errors.New("it is asked without end")
				}
				return http.StatusConflict, "400\n", nil
			})
			if _, blamed := errors.AsType[*audit.Refusal](err); blamed || asked > 0 {
				t.Errorf("asked %d times: %v", asked, err)
			}
			if walletport.CodeOf(err) != walletport.CodeConflict || walletport.ReasonOf(err) != audit.ReasonUnproved || audit.WitnessFault(err) != audit.ReasonUnproved {
				t.Errorf("Cosign: %v", err)
			}
		})
	}
}

// TestAWitnessThatIsOvertakenForEverIsLeftAlone: one that lets each note get old before it says
// that it knows a newer one must not hold up whoever asks for ever.
func TestAWitnessThatIsOvertakenForEverIsLeftAlone(t *testing.T) {
	ring := checkpointRing(t)
	whole := mustChain(t, ring, 99) // a note each three records
	m := whole.upTo(3)
	w := mustWitness(t, whole, ring)
	asked := 0
	_, err := audit.Cosign(t.Context(), m, audit.TrustedKeys(ring), w.Witness, func(context.Context, string) (int, string, error) {
		asked++
		next := whole.upTo(min(int64(3*asked+3), 99))
		m.becomes(next)
		return http.StatusConflict, fmt.Sprintf("%d\n", next.head.Seq), nil
	})
	wantRefusal(t, err, audit.WitnessRefused)
	if asked < 4 || asked > 20 {
		t.Errorf("it was asked %d times", asked)
	}
}

// TestTheWitnessIsShownTheNewestNoteAndTheTreeThatItConfirmed reads what it is asked with.
func TestTheWitnessIsShownTheNewestNoteAndTheTreeThatItConfirmed(t *testing.T) {
	ring := checkpointRing(t)
	whole := mustChain(t, ring, 500)
	w := mustWitness(t, whole, ring)
	var shown []note.Consistency
	submit := func(ctx context.Context, request string) (int, string, error) {
		c, err := note.ParseConsistency(request)
		if err != nil {
			t.Error(err)
		}
		shown = append(shown, c)
		return w.submit(ctx, request)
	}
	m := whole.upTo(300)
	if _, err := audit.Cosign(t.Context(), m, audit.TrustedKeys(ring), w.Witness, submit); err != nil {
		t.Fatal(err)
	}
	m.becomes(whole)
	if _, err := audit.Cosign(t.Context(), m, audit.TrustedKeys(ring), w.Witness, submit); err != nil {
		t.Fatal(err)
	}
	m.cosignatures = append(m.cosignatures, storage.Cosignature{Size: 1 << 40, Witness: w.ID(), Line: "\u2014 nobody's\n"})
	if _, err := audit.Cosign(t.Context(), m, audit.TrustedKeys(ring), w.Witness, submit); err != nil {
		t.Fatal(err)
	}
	if len(shown) != 3 {
		t.Fatalf("it was asked %d times", len(shown))
	}
	for i, want := range []struct {
		old  int64
		note string
	}{{0, whole.noteAt(300).Text}, {300, whole.noteAt(500).Text}, {500, whole.noteAt(500).Text}} {
		if shown[i].Older != want.old || shown[i].Note != want.note {
			t.Errorf("question %d is of the tree of %d records and the note\n%s", i, shown[i].Older, shown[i].Note)
		}
	}
}

// TestALongAnswerIsNotTriedLineByLine: each line that could be the witness's is tried with
// signatures, and whoever answers would have the server work for seconds.
func TestALongAnswerIsNotTriedLineByLine(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 3)
	for _, c := range []struct {
		name, line string
		good       bool
	}{
		{"lines of others", "\u2014 another.example/w AAAA\n", true},
		{"lines that are none", "\n", true},
		{"lines of its name", "\u2014 witness.example/w1 AAAA\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := m.clone()
			w := mustWitness(t, m, ring)
			_, err := audit.Cosign(t.Context(), m, audit.TrustedKeys(ring), w.Witness, func(ctx context.Context, request string) (int, string, error) {
				status, answer, err := w.submit(ctx, request)
				return status, strings.Repeat(c.line, 1000) + answer, err
			})
			if c.good && err != nil {
				t.Errorf("Cosign: %v", err)
			}
			if !c.good {
				wantRefusal(t, err, audit.WitnessLied)
			}
		})
	}
}

// TestAWitnessOfTheSameSizeRefusesAnotherRoot: it answers 409 to that, too, and the protocol
// asks for no text then.
func TestAWitnessOfTheSameSizeRefusesAnotherRoot(t *testing.T) {
	ring := checkpointRing(t)
	for _, text := range []string{"300\n", "", "another root"} {
		m := mustChain(t, ring, 300)
		w := mustWitness(t, m, ring)
		if _, err := w.cosign(t, m, ring); err != nil {
			t.Fatal(err)
		}
		w.answer = func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(http.StatusConflict)
			_, _ = out.Write([]byte(text))
		}
		_, err := w.cosign(t, m, ring)
		wantRefusal(t, err, audit.WitnessRefused)
		if !strings.Contains(err.Error(), "another tree of 300 records") {
			t.Errorf("Cosign: %v", err)
		}
	}
}

// TestTwoKeysOfOneNameConfirmEachForItself: a witness that changed its key has confirmed
// nothing with the new one, and both lines stand in the note.
func TestTwoKeysOfOneNameConfirmEachForItself(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 3)
	former, current := mustWitnessOf(t, m, ring, 1), mustWitnessOf(t, m, ring, 2)
	if _, err := former.cosign(t, m, ring); err != nil {
		t.Fatal(err)
	}
	_, err := audit.CheckWitnessed(t.Context(), m, audit.TrustedKeys(ring), audit.Demand{Witness: current.Witness})
	wantBreak(t, err, audit.Unwitnessed, 1)
	if _, err := current.cosign(t, m, ring); err != nil {
		t.Fatal(err)
	}
	both := audit.Proven{Trusted: publicOf(t, ring), Witnesses: []*note.Witness{former.Witness, current.Witness, current.Witness}}
	if got, err := audit.VerifyProof(mustProve(t, m, ring, 2, ""), both); err != nil || len(got.Note.Cosigned) != 2 {
		t.Errorf("VerifyProof: %+v, %v", got.Note, err)
	}
}

// TestWhatIsNoCosignatureSpoilsNoNote: whoever can write the table could else keep all proofs
// from being made.
func TestWhatIsNoCosignatureSpoilsNoNote(t *testing.T) {
	ring := checkpointRing(t)
	for _, c := range []struct{ name, line string }{
		{"nothing", ""},
		{"no signature", "x\n"},
		{"an empty line", "\n"},
		{"no line feed", "\u2014 w.example AAAAAAAA"},
		{"two lines", "\u2014 w.example AAAAAAAA\n\n"},
		{"no name", "\u2014  AAAAAAAA\n"},
		{"no base64", "\u2014 w.example !\n"},
		{"an id alone", "\u2014 w.example AAAAAA==\n"},
		{"one as long as a note may be", "\u2014 w.example " + strings.Repeat("AAAA", note.MaxBytes/4) + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustChain(t, ring, 3)
			w := mustWitness(t, m, ring)
			m.cosignatures = append(m.cosignatures, storage.Cosignature{Size: 3, Witness: "a+00000000", Line: c.line})
			if _, err := w.cosign(t, m, ring); err != nil {
				t.Fatal(err)
			}
			by := audit.Proven{Trusted: publicOf(t, ring), Witnesses: []*note.Witness{w.Witness}}
			if got, err := audit.VerifyProof(mustProve(t, m, ring, 2, ""), by); err != nil || len(got.Note.Cosigned) != 1 {
				t.Errorf("VerifyProof: %+v, %v", got.Note, err)
			}
		})
	}
	t.Run("more than a note has", func(t *testing.T) {
		m := mustChain(t, ring, 3)
		for i := range 200 {
			m.cosignatures = append(m.cosignatures, storage.Cosignature{Size: 3, Witness: fmt.Sprintf("w+%08x", i), Line: fmt.Sprintf("\u2014 w%d.example AAAAAAAA\n", i)})
		}
		mustProve(t, m, ring, 2, "")
	})
}
