package audit_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/oracle"
)

func TestExportWritesEachRecordAsOneLine(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 4)
	lines := mustExport(t, m, audit.ExportOptions{Keys: ring})
	if len(lines) != 4 {
		t.Fatalf("%d lines for 4 records", len(lines))
	}
	hash := func(i int) string { return hex.EncodeToString(m.entries[i].Hash) }
	want := `{"time":"2026-11-24T10:00:01.123Z","seq":2,"requestId":"req-1","client":"bank-app","auditUser":"zoë@example.com",` +
		`"action":"provision.issuerwallet","issuer":"acme","cardId":1001,"wallet":"acme-wallet","scheme":"MASTERCARD","outcome":"ok",` +
		`"keyVersions":["mdes-encryption-v1","tav-signing-v3"],"remoteAddress":"192.0.2.7","previousHash":"` + hash(0) + `","hash":"` + hash(1) + `"}` + "\n"
	if diff := cmp.Diff(want, lines[1]); diff != "" {
		t.Errorf("line 2 differs (-want +got):\n%s", diff)
	}
	const stepUp = `"tav-signing-v3"],"stepUp":"eba-sca/fido","remoteAddress"`
	if !strings.Contains(lines[3], stepUp) {
		t.Errorf("line 4 lacks %s:\n%s", stepUp, lines[3])
	}
	for i, line := range lines {
		var r struct {
			AuditUser       string
			Checkpoint, End map[string]any
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.AuditUser != "zoë@example.com" {
			t.Errorf("line %d is no record: %v", i+1, err)
		}
		if signed := i == 2 || i == 3; (r.Checkpoint != nil) != signed || (r.End != nil) != (i == 3) {
			t.Errorf("line %d: checkpoint %v, end %v", i+1, r.Checkpoint, r.End)
		}
	}
}

func TestAnExportVerifies(t *testing.T) {
	ring := checkpointRing(t)
	for _, n := range []int{1, 3, 40, 1100} {
		m := mustChain(t, ring, n)
		export := strings.Join(mustExport(t, m, audit.ExportOptions{Keys: ring}), "")
		got, err := audit.VerifyExport(t.Context(), strings.NewReader(export), publicOf(t, ring))
		if err != nil {
			t.Fatalf("VerifyExport of %d records: %v", n, err)
		}
		want := mustVerify(t, m, ring)
		want.Notes, want.Tree = 0, nil // an export has no notes
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d records: the export's summary is not the trail's (-trail +export):\n%s", n, diff)
		}
	}
}

// TestAnOldExportVerifies reads what Export wrote before records had a StepUp, with
// the key of childSeedHex.
func TestAnOldExportVerifies(t *testing.T) {
	old, err := os.ReadFile("testdata/vectors/export_before_stepup.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	ring, err := ringOfSeed(childSeedHex)
	if err != nil {
		t.Fatal(err)
	}
	got, err := audit.VerifyExport(t.Context(), bytes.NewReader(old), publicOf(t, ring))
	if err != nil || got.Records != 5 || got.Checkpoints != 2 || got.Unsigned != 0 {
		t.Errorf("VerifyExport = %+v, %v, want 5 records and 2 checkpoints, all signed", got, err)
	}
}

func TestAnExportOfNothingIsEmpty(t *testing.T) {
	ring := checkpointRing(t)
	if lines := mustExport(t, newMemory(), audit.ExportOptions{Keys: ring}); len(lines) != 0 {
		t.Errorf("got %q", lines)
	}
	_, err := audit.VerifyExport(t.Context(), strings.NewReader(""), publicOf(t, ring))
	wantBreak(t, err, audit.Truncated, 1)
}

func TestPartialExport(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 12)
	for _, c := range []struct {
		name  string
		o     audit.ExportOptions
		first int64 // 0: no lines
	}{
		{"from a record", audit.ExportOptions{FromSeq: 5}, 5},
		{"from the first record", audit.ExportOptions{FromSeq: 1}, 1},
		{"from below the first record", audit.ExportOptions{FromSeq: -3}, 1},
		{"from the last record", audit.ExportOptions{FromSeq: 12}, 12},
		{"from beyond the end", audit.ExportOptions{FromSeq: 30}, 0},
		{"from a time", audit.ExportOptions{FromTime: m.entries[6].Record.Time}, 7},
		{"from a time between records", audit.ExportOptions{FromTime: m.entries[6].Record.Time.Add(time.Millisecond)}, 8},
		{"from before all time", audit.ExportOptions{FromTime: start.Add(-time.Hour)}, 1},
		{"from after all time", audit.ExportOptions{FromTime: start.Add(time.Hour)}, 0},
		{"from a time and a later record", audit.ExportOptions{FromTime: m.entries[2].Record.Time, FromSeq: 9}, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Keys = ring
			export := strings.Join(mustExport(t, m, c.o), "")
			if c.first == 0 {
				if export != "" {
					t.Errorf("got %q", export)
				}
				return
			}
			got, err := audit.VerifyExport(t.Context(), strings.NewReader(export), publicOf(t, ring))
			if err != nil || got.FirstSeq != c.first || got.LastSeq != 12 || got.Records != 13-c.first {
				t.Errorf("VerifyExport = %+v, %v; want records %d to 12", got, err, c.first)
			}
		})
	}
	t.Run("the record before it is missing", func(t *testing.T) {
		broken := mustChain(t, ring, 12)
		broken.entries = slices.Delete(broken.entries, 3, 4)
		_, err := audit.Export(t.Context(), broken, io.Discard, audit.ExportOptions{Keys: ring, FromSeq: 5, Now: start})
		wantBreak(t, err, audit.Removed, 4)
	})
}

// TestExportOfABrokenTrail: it is evidence, so all of it comes out, unsigned.
func TestExportOfABrokenTrail(t *testing.T) {
	for _, c := range tamperings(t) {
		t.Run(c.name, func(t *testing.T) {
			ring := checkpointRing(t)
			m := mustChain(t, ring, 12)
			c.do(m)
			var out bytes.Buffer
			_, err := audit.Export(t.Context(), m, &out, audit.ExportOptions{Keys: ring, Now: start})
			wantBreak(t, err, c.kind, c.seq)
			export := out.String()
			if got := strings.Count(export, "\n"); got != len(m.entries) {
				t.Errorf("%d lines for %d records: a broken trail is evidence", got, len(m.entries))
			}
			if strings.Contains(export, `"end"`) {
				t.Error("the end is signed")
			}
			if _, err := audit.VerifyExport(t.Context(), strings.NewReader(export), publicOf(t, ring)); err == nil {
				t.Error("VerifyExport takes it")
			}
		})
	}
}

func TestExportReturnsTheFirstError(t *testing.T) {
	ring := checkpointRing(t)
	away := errors.New("away")
	t.Run("of the store", func(t *testing.T) {
		good := mustChain(t, ring, 600)
		for _, method := range []string{"AuditHead", "AuditAfter", "Checkpoints"} {
			for _, tampered := range []bool{false, true} {
				for failing := 1; ; failing++ {
					m := good.clone()
					if tampered {
						m.entries[520].Record.Outcome = "forged"
					}
					calls := 0
					m.readFail = func(called string) error {
						if called == method {
							if calls++; calls == failing {
								return away
							}
						}
						return nil
					}
					_, err := audit.Export(t.Context(), m, io.Discard, audit.ExportOptions{Keys: ring, Now: start, FromSeq: 3, FromTime: start})
					if calls < failing {
						break
					}
					if !errors.Is(err, away) {
						t.Errorf("call %d of %s fails: Export returns %v", failing, method, err)
					}
				}
			}
		}
	})
	t.Run("of the writer", func(t *testing.T) {
		for _, n := range []int{2, 600} {
			_, err := audit.Export(t.Context(), mustChain(t, ring, n), brokenWriter{away}, audit.ExportOptions{Keys: ring, Now: start})
			if !errors.Is(err, away) {
				t.Errorf("%d records: Export returns %v", n, err)
			}
		}
	})
	t.Run("of the writer, of a broken trail", func(t *testing.T) {
		for name, o := range map[string]audit.ExportOptions{"within": {}, "before the first record": {After: &audit.Noted{Seq: 2, Hash: make([]byte, 32)}}} {
			m := mustChain(t, ring, 12)
			m.entries[5].Record.Outcome = "forged"
			o.Keys, o.Now = ring, start
			made, err := audit.Export(t.Context(), m, brokenWriter{away}, o)
			if _, broken := errors.AsType[*audit.Break](err); !broken || !errors.Is(err, away) || !errors.Is(made.Unwritten, away) {
				t.Errorf("broken %s: Export returns %v, unwritten is %v", name, err, made.Unwritten)
			}
		}
	})
	t.Run("of the key", func(t *testing.T) {
		_, err := audit.Export(t.Context(), newMemory(), io.Discard, audit.ExportOptions{Keys: keys.NewRing(nil), Now: start})
		if walletport.ReasonOf(err) != "key_unavailable" {
			t.Errorf("Export returns %v", err)
		}
		refusing := *ring.All()[0]
		refusing.Signer = brokenSigner{refusing.Signer}
		_, err = audit.Export(t.Context(), mustChain(t, ring, 1), io.Discard, audit.ExportOptions{Keys: keys.NewRing([]*keys.Key{&refusing}), Now: start})
		if err == nil {
			t.Error("an export that nobody signed is no error")
		}
	})
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

// TestExportReadByOthers has testdata/verify_export.py, which shares no code with
// the package, verify the chain, and OpenSSL the signature at its end.
func TestExportReadByOthers(t *testing.T) {
	python, openssl := oracle.Need(t, "python3"), oracle.Need(t, "openssl")
	ring := checkpointRing(t)
	m := mustChain(t, ring, 30)
	lines := mustExport(t, m, audit.ExportOptions{Keys: ring})
	read := func(lines []string) []string {
		out := python.Run(t, []byte(strings.Join(lines, "")), "testdata/verify_export.py")
		return strings.Fields(string(out))
	}
	got := read(lines)
	if len(got) != 4 || got[0] != "30" || got[1] != hex.EncodeToString(m.head.Hash) {
		t.Fatalf("verify_export.py: %s, want 30 records and the head's hash", got)
	}
	mustVerifyWithOpenSSL(t, openssl, ring, got[2], got[3])
	for i, change := range map[int][2]string{6: {`"ok"`, `"OK"`}, 3: {`"stepUp":"eba-sca/fido",`, ``}} {
		changed := slices.Clone(lines)
		changed[i] = strings.Replace(changed[i], change[0], change[1], 1)
		if got := read(changed); !slices.Equal(got, []string{"line", strconv.Itoa(i + 1)}) {
			t.Errorf("verify_export.py of an export with line %d changed: %s", i+1, got)
		}
	}
}

func mustVerifyWithOpenSSL(t *testing.T, openssl oracle.Program, ring *keys.Ring, message, signature string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		b, err := hex.DecodeString(text)
		if err == nil {
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	// SubjectPublicKeyInfo of Ed25519 (RFC 8410 section 4): a fixed prefix and the key.
	spki := "302a300506032b6570032100" + hex.EncodeToString(publicOf(t, ring)[0].Public)
	openssl.Run(t, nil, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", write("key", spki),
		"-rawin", "-in", write("message", message), "-sigfile", write("signature", signature))
}
