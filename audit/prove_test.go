package audit_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/storage"
)

func mustProve(t testing.TB, m *memory, ring *keys.Ring, seq int64, in string) string {
	t.Helper()
	proof, err := audit.Prove(t.Context(), m, audit.TrustedKeys(ring), seq, in)
	if err != nil {
		t.Fatalf("Prove %d: %v", seq, err)
	}
	return proof
}

func wantRefusal(t *testing.T, err error, kind audit.Kind) {
	t.Helper()
	refusal, ok := errors.AsType[*audit.Refusal](err)
	if !ok || refusal.Kind != kind {
		t.Errorf("%v, want a refusal of the kind %s", err, kind)
	}
}

func TestARecordIsProvedAndShowsNoOther(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 1100)
	for _, seq := range []int64{1, 2, 256, 257, 1000, 1100} {
		proof := mustProve(t, m, ring, seq, "")
		got, err := audit.VerifyProof(proof, audit.Proven{Trusted: publicOf(t, ring)})
		if err != nil {
			t.Fatalf("VerifyProof %d: %v", seq, err)
		}
		if got.Seq != seq || got.Note.Size != 1100 || !strings.Contains(string(got.Line), `"requestId":"`+m.entries[seq-1].Record.RequestID+`"`) {
			t.Errorf("record %d is proved as %+v", seq, got)
		}
		p, err := note.ParseInclusion(proof)
		if err != nil || strings.Count(string(p.Extra), "requestId") != 1 {
			t.Errorf("the proof has %s, %v", p.Extra, err)
		}
		if len(proof) > 4<<10 {
			t.Errorf("the proof of %d has %d bytes", seq, len(proof))
		}
	}
	older := m.noteAt(300).Text
	proof := mustProve(t, m, ring, 17, older)
	if _, err := audit.VerifyProof(proof, audit.Proven{Trusted: publicOf(t, ring), Kept: older}); err != nil {
		t.Errorf("in the note that was kept: %v", err)
	}
	_, err := audit.VerifyProof(proof, audit.Proven{Trusted: publicOf(t, ring), Kept: m.noteAt(400).Text})
	wantRefusal(t, err, audit.NoteMismatch)
}

// TestAProofHasWhatAllWitnessesConfirmed, where they confirmed one note.
func TestAProofHasWhatAllWitnessesConfirmed(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 30)
	one, two := mustWitnessOf(t, m, ring, 1), mustWitnessOf(t, m, ring, 2)
	for _, w := range []*witnessed{one, two} {
		if _, err := w.cosign(t, m, ring); err != nil {
			t.Fatal(err)
		}
	}
	m.cosignatures = append(m.cosignatures, storage.Cosignature{Size: 30, Witness: "somebody", Line: "no signature\n"})
	for _, w := range []*witnessed{one, two} {
		text, err := audit.Witnessed(t.Context(), m, audit.TrustedKeys(ring), w.Witness)
		if err != nil {
			t.Fatal(err)
		}
		proof := mustProve(t, m, ring, 17, text)
		if strings.Count(proof, "\n\u2014 ") != 3 {
			t.Errorf("the proof has other signatures than the log's and the witnesses':\n%s", proof)
		}
		if _, err := audit.VerifyProof(proof, audit.Proven{Trusted: publicOf(t, ring), Witnesses: []*note.Witness{one.Witness, two.Witness}}); err != nil {
			t.Errorf("VerifyProof: %v", err)
		}
	}
}

func TestAProofThatProvesNothing(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 300)
	proof := mustProve(t, m, ring, 17, "")
	p, err := note.ParseInclusion(proof)
	if err != nil {
		t.Fatal(err)
	}
	other, err := note.ParseInclusion(mustProve(t, m, ring, 18, ""))
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(p *note.Inclusion)) string {
		edited := p
		edited.Path = append([][]byte{}, p.Path...)
		change(&edited)
		return edited.Encode()
	}
	w, err := note.NewWitness("w.example", publicOf(t, checkpointRing(t))[0].Public)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, proof string
		by          audit.Proven
		kind        audit.Kind
	}{
		{"a proof for another record", edit(func(p *note.Inclusion) { p.Extra = other.Extra }), audit.Proven{}, audit.ProofMismatch},
		{"a proof for another record with its number", edit(func(p *note.Inclusion) { p.Extra, p.Number = other.Extra, 17 }), audit.Proven{}, audit.ProofMismatch},
		{"the path of another record", edit(func(p *note.Inclusion) { p.Path = other.Path }), audit.Proven{}, audit.ProofMismatch},
		{"a hash of the path changed", edit(func(p *note.Inclusion) { p.Path[0] = make([]byte, 32) }), audit.Proven{}, audit.ProofMismatch},
		{"a path that is cut", edit(func(p *note.Inclusion) { p.Path = p.Path[1:] }), audit.Proven{}, audit.ProofMismatch},
		{"a record changed", edit(func(p *note.Inclusion) { p.Extra = []byte(strings.Replace(string(p.Extra), "bank-app", "bank-apq", 1)) }), audit.Proven{}, audit.Changed},
		{"a record that is none", edit(func(p *note.Inclusion) { p.Extra = []byte("{}") }), audit.Proven{}, audit.Malformed},
		{"no record", edit(func(p *note.Inclusion) { p.Extra = nil }), audit.Proven{}, audit.Malformed},
		{"the note of another size", edit(func(p *note.Inclusion) { p.Note = m.noteAt(100).Text }), audit.Proven{}, audit.ProofMismatch},
		{"a note with another size in it", strings.Replace(proof, "\n300\n", "\n301\n", 1), audit.Proven{}, audit.NoteForged},
		{"a note of another key", proof, audit.Proven{Trusted: publicOf(t, checkpointRing(t))}, audit.CheckpointKeyUnknown},
		{"another trail's name", proof, audit.Proven{Origin: "bank.example/audit"}, audit.NoteMismatch},
		{"a witness that did not confirm it", proof, audit.Proven{Witnesses: []*note.Witness{w}}, audit.Unwitnessed},
		{"a number behind the tree", edit(func(p *note.Inclusion) { p.Number = 300 }), audit.Proven{}, audit.ProofMismatch},
		{"the highest number there is", edit(func(p *note.Inclusion) { p.Number = math.MaxInt64 }), audit.Proven{}, audit.ProofMismatch},
		{"a path longer than the tree is high", edit(func(p *note.Inclusion) { p.Path = append(p.Path, p.Path[0]) }), audit.Proven{}, audit.ProofMismatch},
		{"a record with a member twice", edit(func(p *note.Inclusion) {
			p.Extra = []byte(strings.Replace(string(p.Extra), `"seq":`, `"seq":18,"seq":`, 1))
		}), audit.Proven{}, audit.Malformed},
		{"a record with a member that no record has", edit(func(p *note.Inclusion) {
			p.Extra = []byte(strings.Replace(string(p.Extra), `"seq":`, `"note":"x","seq":`, 1))
		}), audit.Proven{}, audit.Malformed},
		{"a record with a checkpoint", edit(func(p *note.Inclusion) { p.Extra = []byte(mustExport(t, m, audit.ExportOptions{Keys: ring})[99]) }), audit.Proven{}, audit.Malformed},
		{"a record that could not be read", edit(func(p *note.Inclusion) {
			p.Extra = []byte(strings.Replace(string(p.Extra), `"previousHash"`, `"unreadable":{"wallet":"x"},"previousHash"`, 1))
		}), audit.Proven{}, audit.Changed},
		{"a record without bottom", edit(func(p *note.Inclusion) { p.Extra = []byte(`{"details":` + strings.Repeat("[", 1<<20)) }), audit.Proven{}, audit.Malformed},
		{"a record of members without end", edit(func(p *note.Inclusion) { p.Extra = []byte(`{"a":` + strings.Repeat("1", 1<<20)) }), audit.Proven{}, audit.Malformed},
		{"two proofs in one file", proof + proof, audit.Proven{}, audit.NoteForged},
		{"half a file", proof[:len(proof)/3], audit.Proven{}, audit.Malformed},
		{"nothing", "", audit.Proven{}, audit.Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.by.Trusted == nil {
				c.by.Trusted = publicOf(t, ring)
			}
			_, err := audit.VerifyProof(c.proof, c.by)
			wantRefusal(t, err, c.kind)
		})
	}
}

// TestAProofNamesTheRecordThatItHas: the tree alone would tell a wrong number, too, but not
// which record the file has.
func TestAProofNamesTheRecordThatItHas(t *testing.T) {
	ring := checkpointRing(t)
	proof := strings.Replace(mustProve(t, mustChain(t, ring, 300), ring, 17, ""), "index 16", "index 17", 1)
	_, err := audit.VerifyProof(proof, audit.Proven{Trusted: publicOf(t, ring)})
	wantRefusal(t, err, audit.ProofMismatch)
	if !strings.Contains(err.Error(), "it is a proof for record 18 and has record 17") {
		t.Errorf("VerifyProof: %v", err)
	}
}

// TestAProofShowsItsRecordAsAnExportWrites: JSON may be spaced and ordered at will, so that a
// terminal, which goes back at a carriage return, would show another text than is proved.
func TestAProofShowsItsRecordAsAnExportWrites(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 300)
	p, err := note.ParseInclusion(mustProve(t, m, ring, 17, ""))
	if err != nil {
		t.Fatal(err)
	}
	want := string(p.Extra)
	p.Extra = []byte(strings.Replace(want, `"outcome"`, "\r\n\t \"outcome\"", 1))
	got, err := audit.VerifyProof(p.Encode(), audit.Proven{Trusted: publicOf(t, ring)})
	if err != nil || string(got.Line) != want {
		t.Errorf("VerifyProof: %v; it shows %q, want %q", err, got.Line, want)
	}
}

func TestWhatCannotBeProved(t *testing.T) {
	ring := checkpointRing(t)
	good := mustChain(t, ring, 300)
	for _, c := range []struct {
		name   string
		do     func(m *memory)
		seq    int64
		reason string
	}{
		{"a record that is newer than the note", func(*memory) {}, 301, audit.ReasonNotNoted},
		{"a record of no number", func(*memory) {}, 0, audit.ReasonNotNoted},
		{"no note", func(m *memory) { m.notes = nil }, 17, audit.ReasonNoNote},
		{"a record changed", func(m *memory) { m.entries[16].Record.AuditUser = "someone else" }, 17, audit.ReasonUnproved},
		{"the record before it is gone", func(m *memory) { m.entries[15].Seq = -1 }, 17, audit.ReasonUnproved},
		{"records rewritten", func(m *memory) { m.rewrite(4) }, 17, audit.ReasonUnproved},
		{"a tree node changed", func(m *memory) { m.nodes[0].Hash = make([]byte, 32) }, 290, audit.ReasonUnproved},
		{"a tree node that is gone", func(m *memory) { m.nodes = nil }, 290, audit.ReasonUnproved},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := good.clone()
			c.do(m)
			proof, err := audit.Prove(t.Context(), m, audit.TrustedKeys(ring), c.seq, "")
			if walletport.ReasonOf(err) != c.reason || proof != "" {
				t.Errorf("Prove = %q, %v; want the reason %s", proof, err, c.reason)
			}
		})
	}
}

func TestANewerTreeGoesOnFromAnOlderNote(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 1100)
	other := mustChainOf(t, ring, 5000, 300)
	for _, n := range m.notes {
		by := audit.Proven{Trusted: publicOf(t, ring), Kept: n.Text}
		proof, err := audit.ProveConsistency(t.Context(), m, audit.TrustedKeys(ring), n.Text)
		if err != nil {
			t.Fatalf("ProveConsistency from %d: %v", n.Size, err)
		}
		if got, err := audit.VerifyConsistency(proof, by); err != nil || got.Size != 1100 {
			t.Errorf("from %d: %+v, %v", n.Size, got, err)
		}
		if n.Size == 1100 {
			continue
		}
		_, err = audit.VerifyConsistency(strings.Replace(proof, "\n1100\n", "\n1101\n", 1), by)
		wantRefusal(t, err, audit.NoteForged)
		_, err = audit.VerifyConsistency(proof, audit.Proven{Trusted: publicOf(t, ring), Kept: m.noteAt(1100).Text})
		wantRefusal(t, err, audit.NoteMismatch)
		p, err := note.ParseConsistency(proof)
		if err != nil {
			t.Fatal(err)
		}
		p.Path = p.Path[1:]
		_, err = audit.VerifyConsistency(p.Encode(), by)
		wantRefusal(t, err, audit.ProofMismatch)
	}
	for _, c := range []struct {
		name  string
		do    func(m *memory)
		older string
	}{
		{"a checkpoint of another tree", func(*memory) {}, other.noteAt(300).Text},
		{"records rewritten since", func(m *memory) {
			m.rewrite(4)
			m.nodes = nil
		}, m.noteAt(300).Text},
		{"a trail that was cut back", func(m *memory) { m.notes = m.notes[:3] }, m.noteAt(400).Text},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := m.clone()
			c.do(m)
			proof, err := audit.ProveConsistency(t.Context(), m, audit.TrustedKeys(ring), c.older)
			if walletport.ReasonOf(err) != audit.ReasonUnproved {
				t.Errorf("ProveConsistency = %q, %v", proof, err)
			}
		})
	}
}

// TestATrailThatWasRenamedSaysSo: nothing was changed in it, and no older note is of its
// present name.
func TestATrailThatWasRenamedSaysSo(t *testing.T) {
	ring, m := checkpointRing(t), newMemory()
	for _, origin := range []string{"bank.example/before", "bank.example/after"} {
		l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Settings: audit.Settings{Origin: origin}})
		mustRecordAll(t, l, 3, 1)
		stop()
	}
	before := m.noteAt(3).Text
	wantNames := func(what string, err error) {
		t.Helper()
		for _, name := range []string{"bank.example/before", "bank.example/after", "audit.origin"} {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v, want it to say %s", what, err, name)
			}
		}
	}
	_, err := audit.ProveConsistency(t.Context(), m, audit.TrustedKeys(ring), before)
	wantNames("ProveConsistency", err)
	if walletport.ReasonOf(err) != audit.ReasonUnproved || strings.Contains(err.Error(), "audit verify") {
		t.Errorf("ProveConsistency: %v", err) // verify finds nothing
	}
	by := audit.Proven{Trusted: publicOf(t, ring), Kept: before}
	_, err = audit.VerifyProof(mustProve(t, m, ring, 2, ""), by)
	wantRefusal(t, err, audit.NoteMismatch)
	wantNames("VerifyProof", err)
	_, err = audit.VerifyConsistency(note.Consistency{Older: 3, Note: m.noteAt(6).Text}.Encode(), by)
	wantRefusal(t, err, audit.NoteMismatch)
	wantNames("VerifyConsistency", err)
}

// TestAnAuditorChecksAProofWithoutUs runs the program of docs/audit.md, which shares no
// code with walletport, and OpenSSL.
func TestAnAuditorChecksAProofWithoutUs(t *testing.T) {
	python, openssl := oracle.Need(t, "python3"), oracle.Need(t, "openssl")
	program := mustReadProgram(t)
	ring := checkpointRing(t)
	m := mustChain(t, ring, 700)
	for _, seq := range []int64{1, 3, 8, 257, 512, 700} {
		proof := mustProve(t, m, ring, seq, "")
		signed, signature := filepath.Join(t.TempDir(), "note"), filepath.Join(t.TempDir(), "signature")
		out := string(python.Run(t, []byte(proof), "-c", program, signed, signature))
		if want := fmt.Sprintf("record %d is in the tree", seq); !strings.HasPrefix(out, want) {
			t.Errorf("%s, want %s", out, want)
		}
		mustVerifyWithOpenSSL(t, openssl, ring, mustReadHex(t, signed), mustReadHex(t, signature))

		p, err := note.ParseInclusion(proof)
		if err != nil {
			t.Fatal(err)
		}
		changed := p
		changed.Extra = []byte(strings.Replace(string(p.Extra), "bank-app", "bank-apq", 1))
		moved := p
		moved.Path = append([][]byte{make([]byte, 32)}, p.Path[1:]...)
		for _, bad := range []note.Inclusion{changed, moved} {
			if _, _, err := python.Try([]byte(bad.Encode()), "-c", program, signed, signature); err == nil {
				t.Errorf("record %d, changed, is proved", seq)
			}
		}
	}
}

// mustReadProgram returns the Python program of docs/audit.md.
func mustReadProgram(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "audit.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```python\n")
	program, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/audit.md has no program")
	}
	return program
}

func mustReadHex(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(text)
}

var _ audit.ProofSource = (storage.Store)(nil)
