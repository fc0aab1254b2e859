package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/walletport/walletport/audit"
)

func TestVerifyExportNamesTheTampering(t *testing.T) {
	ring := checkpointRing(t)
	lines := mustExport(t, mustChain(t, ring, 12), audit.ExportOptions{Keys: ring}) // checkpoints at 3, 6, 9, 12
	partial := mustExport(t, mustChain(t, ring, 12), audit.ExportOptions{Keys: ring, FromSeq: 4})
	edit := func(i int, from, to string) []string {
		edited := slices.Clone(lines)
		edited[i] = strings.Replace(edited[i], from, to, 1)
		if edited[i] == lines[i] {
			t.Fatalf("line %d has no %s", i+1, from)
		}
		return edited
	}
	endOf := func(line string) string { return line[strings.Index(line, `,"end"`):] }
	for _, c := range []struct {
		name  string
		lines []string
		kind  audit.Kind
		seq   int64
	}{
		{"a changed auditUser", edit(4, "zoë@", "zoe@"), audit.Changed, 5},
		{"a changed step-up", edit(3, `eba-sca/fido`, `eba-sca/none`), audit.Changed, 4},
		{"a removed step-up", edit(3, `"stepUp":"eba-sca/fido",`, ``), audit.Changed, 4},
		{"a changed detail", edit(2, `"change":"generate"`, `"change":"activate"`), audit.Changed, 3},
		{"a renamed detail", edit(2, `"change":`, `"chance":`), audit.Changed, 3},
		{"a removed detail", edit(2, `"change":"generate",`, ``), audit.Changed, 3},
		{"removed details", edit(2, `"details":{"change":"generate","host":"zürich"},`, ``), audit.Changed, 3},
		{"added details", edit(4, `"previousHash"`, `"details":{"host":"x"},"previousHash"`), audit.Changed, 5},
		{"a record said to be unreadable", edit(4, `"previousHash"`, `"unreadable":{"details":"x"},"previousHash"`), audit.Changed, 5},
		{"an added step-up", edit(4, `"remoteAddress"`, `"stepUp":"eba-sca/fido","remoteAddress"`), audit.Changed, 5},
		{"a changed card", edit(4, `"cardId":1004`, `"cardId":1005`), audit.Changed, 5},
		{"a changed time", edit(4, `04.123Z`, `04.124Z`), audit.Changed, 5},
		{"a changed previous hash", edit(4, `"previousHash":"`+hashOf(lines[3]), `"previousHash":"`+hashOf(lines[2])), audit.Changed, 5},
		{"a changed last record", edit(11, `"ok"`, `"no"`), audit.Changed, 12},
		{"a removed line", slices.Delete(slices.Clone(lines), 4, 5), audit.Removed, 5},
		{"a removed first line", lines[1:], audit.Removed, 1},
		{"a removed first line of a partial export", partial[1:], audit.CheckpointForged, 12},
		{"a removed last line", lines[:11], audit.Truncated, 12},
		{"no lines", nil, audit.Truncated, 1},
		{"an end moved to an earlier line", append(slices.Clone(lines[:5]), strings.TrimSuffix(lines[5], "}\n")+endOf(lines[11])), audit.Truncated, 7},
		{"a checkpoint made an end", append(slices.Clone(lines[:5]), strings.Replace(lines[5], `"checkpoint"`, `"end"`, 1)), audit.CheckpointForged, 6},
		{"a line twice", slices.Insert(slices.Clone(lines), 5, lines[4]), audit.Inserted, 5},
		{"an inserted line", slices.Insert(slices.Clone(lines), 4, edit(4, "zoë@", "zoe@")[4]), audit.Inserted, 5},
		{"a line after the end", append(slices.Clone(lines), lines[11]), audit.Inserted, 13},
		{"two lines that changed places", swapped(lines, 4, 5), audit.Reordered, 5},
		{"two distant lines that changed places", swapped(lines, 1, 9), audit.Reordered, 2},
		{"the last two lines changed places", swapped(lines, 10, 11), audit.Reordered, 11},
		{"a line cut in its middle at the end", append(slices.Clone(lines[:7]), lines[7][:50]), audit.Truncated, 8},
		{"a line cut in its middle", slices.Replace(slices.Clone(lines), 7, 8, lines[7][:50]+"\n"), audit.Malformed, 8},
		{"a changed signature", edit(5, `"signature":"`, `"signature":"AAAA`), audit.CheckpointForged, 6},
		{"a checkpoint at another record", edit(5, `"checkpoint":{"seq":6`, `"checkpoint":{"seq":7`), audit.CheckpointForged, 7},
		{"a checkpoint moved to another record", moved(lines), audit.CheckpointMismatch, 5},
		{"a seq of zero", edit(0, `"seq":1`, `"seq":0`), audit.Inserted, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := audit.VerifyExport(t.Context(), strings.NewReader(strings.Join(c.lines, "")), publicOf(t, ring))
			wantBreak(t, err, c.kind, c.seq)
		})
	}
}

func hashOf(line string) string {
	_, hash, _ := strings.Cut(line, `"hash":"`)
	return hash[:64]
}

func swapped(lines []string, a, b int) []string {
	lines = slices.Clone(lines)
	lines[a], lines[b] = lines[b], lines[a]
	return lines
}

// moved puts the checkpoint of line 6 on line 5.
func moved(lines []string) []string {
	lines = slices.Clone(lines)
	at := strings.Index(lines[5], `,"checkpoint"`)
	checkpoint := strings.TrimSuffix(lines[5][at:], "\n")
	lines[4] = strings.TrimSuffix(lines[4], "}\n") + checkpoint + "\n"
	lines[5] = lines[5][:at] + "}\n"
	return lines
}

// TestVerifyExportReadsStrictly: nothing rides along that no hash covers.
func TestVerifyExportReadsStrictly(t *testing.T) {
	ring := checkpointRing(t)
	lines := mustExport(t, mustChain(t, ring, 3), audit.ExportOptions{Keys: ring})
	for _, c := range []struct{ name, from, to string }{
		{"an unknown member", `{"time"`, `{"note":"x","time"`},
		{"a member twice", `"outcome":"ok"`, `"outcome":"ok","outcome":"ok"`},
		{"a member twice with another value first", `"outcome":"ok"`, `"outcome":"no","outcome":"ok"`},
		{"a member in another case", `"outcome"`, `"Outcome"`},
		{"a missing member", `"outcome":"ok",`, ``},
		{"a step-up that is empty", `"outcome":"ok"`, `"outcome":"ok","stepUp":""`},
		{"a step-up that is null", `"outcome":"ok"`, `"outcome":"ok","stepUp":null`},
		{"details that are empty", `"outcome":"ok"`, `"outcome":"ok","details":{}`},
		{"details that are null", `"outcome":"ok"`, `"outcome":"ok","details":null`},
		{"details that are a list", `"outcome":"ok"`, `"outcome":"ok","details":["a"]`},
		{"a detail that is a number", `"outcome":"ok"`, `"outcome":"ok","details":{"a":1}`},
		{"a detail twice", `"outcome":"ok"`, `"outcome":"ok","details":{"a":"1","a":"1"}`},
		{"a text that is a number", `"outcome":"ok"`, `"outcome":1`},
		{"a text that is null", `"outcome":"ok"`, `"outcome":null`},
		{"a text that is an object", `"outcome":"ok"`, `"outcome":{"a":"ok"}`},
		{"a number that is a text", `"cardId":1000`, `"cardId":"1000"`},
		{"a number with a fraction", `"cardId":1000`, `"cardId":1000.0`},
		{"a number with an exponent", `"cardId":1000`, `"cardId":1e3`},
		{"a number above 64 bits", `"cardId":1000`, `"cardId":9223372036854775808`},
		{"a minus zero", `"cardId":1000`, `"cardId":-0`},
		{"a list that is null", `"keyVersions":["mdes-encryption-v1","tav-signing-v3"]`, `"keyVersions":null`},
		{"a list with a number", `"tav-signing-v3"]`, `3]`},
		{"a list with a list", `"tav-signing-v3"]`, `["tav-signing-v3"]]`},
		{"a list without its end", `"tav-signing-v3"]`, `"tav-signing-v3"`},
		{"a time without milliseconds", `00.123Z`, `00Z`},
		{"a time with microseconds", `00.123Z`, `00.123000Z`},
		{"a time with an offset", `00.123Z`, `00.123+00:00`},
		{"a time that is none", `2026-11-24`, `2026-13-24`},
		{"a hash in capitals", hashOf(lines[0]), strings.ToUpper(hashOf(lines[0]))},
		{"a hash that is too short", `"previousHash":"00`, `"previousHash":"`},
		{"text that is not UTF-8", "zoë", "zo\xff"},
		{"something after the object", "}\n", "} {}\n"},
		{"a list around the object", `{"time"`, `[{"time"`},
		{"no JSON", `{"time"`, `{time`},
		{"an empty line", `{"time"`, "\n" + `{"time"`},
		{"a long line", `"wallet":"`, `"wallet":"` + strings.Repeat("x", audit.MaxLineBytes)},
	} {
		t.Run(c.name, func(t *testing.T) {
			edited := slices.Clone(lines)
			edited[0] = strings.Replace(edited[0], c.from, c.to, 1)
			if edited[0] == lines[0] {
				t.Fatal("the edit does nothing")
			}
			_, err := audit.VerifyExport(t.Context(), strings.NewReader(strings.Join(edited, "")), publicOf(t, ring))
			wantBreak(t, err, audit.Malformed, 1)
			if strings.Contains(err.Error(), "zo") {
				t.Errorf("the error repeats input: %v", err)
			}
		})
	}
	for _, c := range []struct{ name, from, to string }{
		{"an unknown member in a checkpoint", `"checkpoint":{`, `"checkpoint":{"note":"x",`},
		{"a checkpoint member twice", `"checkpoint":{"seq":3`, `"checkpoint":{"seq":3,"seq":3`},
		{"a checkpoint member missing", `"checkpoint":{"seq":3,`, `"checkpoint":{`},
		{"a checkpoint that is a text", `"checkpoint":{`, `"checkpoint":"x","y":{`},
		{"a checkpoint that is null", `"checkpoint":{`, `"checkpoint":null,"y":{`},
		{"an object in a checkpoint", `"checkpoint":{"seq":3`, `"checkpoint":{"seq":{}`},
		{"a signature that is no base64", `"signature":"`, `"signature":"*`},
		{"an end without its end", "}}\n", "}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			edited := slices.Clone(lines)
			edited[2] = strings.Replace(edited[2], c.from, c.to, 1)
			_, err := audit.VerifyExport(t.Context(), strings.NewReader(strings.Join(edited, "")+"{}\n"), publicOf(t, ring))
			wantBreak(t, err, audit.Malformed, 3)
		})
	}
}

func TestVerifyExportTakesWhatIsOnlySpelledOtherwise(t *testing.T) {
	ring := checkpointRing(t)
	lines := mustExport(t, mustChain(t, ring, 7), audit.ExportOptions{Keys: ring})
	for i, line := range lines {
		var object map[string]any
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&object); err != nil {
			t.Fatal(err)
		}
		spelled, err := json.Marshal(object) // in the order of the alphabet
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = strings.ReplaceAll(strings.ReplaceAll(string(spelled), "ë", `\u00eb`), `,"`, ` , "`) + "\r\n"
	}
	lines[6] = strings.TrimRight(lines[6], "\r\n")
	got, err := audit.VerifyExport(t.Context(), strings.NewReader(strings.Join(lines, "")), publicOf(t, ring))
	if err != nil || got.Records != 7 || got.Checkpoints != 3 {
		t.Errorf("VerifyExport = %+v, %v", got, err)
	}
}

func TestVerifyExportWithOtherKeys(t *testing.T) {
	ring, other := checkpointRing(t), checkpointRing(t)
	export := strings.Join(mustExport(t, mustChain(t, ring, 7), audit.ExportOptions{Keys: ring}), "")
	verify := func(trusted []audit.TrustedKey) (audit.Summary, error) {
		return audit.VerifyExport(t.Context(), strings.NewReader(export), trusted)
	}
	t.Run("a key that signed nothing is not enough, and the right one is named", func(t *testing.T) {
		_, err := verify(publicOf(t, other))
		wantBreak(t, err, audit.CheckpointKeyUnknown, 3)
		if !strings.Contains(err.Error(), "bring") || !strings.Contains(err.Error(), string(ring.All()[0].ID)) {
			t.Errorf("%v: want the id of the key to bring", err)
		}
	})
	t.Run("a key of that very id is contradicted", func(t *testing.T) {
		forged := publicOf(t, other)
		forged[0].ID = ring.All()[0].ID
		_, err := verify(forged)
		wantBreak(t, err, audit.CheckpointForged, 3)
	})
	t.Run("an id that is no id is not repeated", func(t *testing.T) {
		odd := strings.ReplaceAll(export, `"keyId":"`+string(ring.All()[0].ID)+`"`, `"keyId":"5204 2477 5000 1471"`)
		_, err := audit.VerifyExport(t.Context(), strings.NewReader(odd), publicOf(t, ring))
		wantBreak(t, err, audit.CheckpointKeyUnknown, 3)
		if strings.Contains(err.Error(), "5204") {
			t.Errorf("%v repeats the id", err)
		}
	})
	t.Run("one of several keys is enough", func(t *testing.T) {
		if got, err := verify(append(publicOf(t, other), publicOf(t, ring)...)); err != nil || got.Unsigned != 0 {
			t.Errorf("VerifyExport = %+v, %v", got, err)
		}
	})
	t.Run("without keys nothing counts as signed", func(t *testing.T) {
		got, err := verify(nil)
		if err != nil || got.Unsigned != 7 || got.Checkpoints != 0 || got.Records != 7 {
			t.Errorf("VerifyExport = %+v, %v", got, err)
		}
	})
	t.Run("without keys a checkpoint must still agree", func(t *testing.T) {
		_, err := audit.VerifyExport(t.Context(), strings.NewReader(strings.Replace(export, `"checkpoint":{"seq":3`, `"checkpoint":{"seq":4`, 1)), nil)
		wantBreak(t, err, audit.CheckpointMismatch, 3)
	})
}

func TestVerifyExportReturnsTheReadersError(t *testing.T) {
	ring := checkpointRing(t)
	export := strings.Join(mustExport(t, mustChain(t, ring, 7), audit.ExportOptions{Keys: ring}), "")
	away := errors.New("away")
	for _, n := range []int{0, 100, len(export)} {
		r := io.MultiReader(strings.NewReader(export[:n]), iotest.ErrReader(away))
		if _, err := audit.VerifyExport(t.Context(), r, publicOf(t, ring)); !errors.Is(err, away) {
			t.Errorf("after %d bytes: VerifyExport returns %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := audit.VerifyExport(ctx, strings.NewReader(export), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who left: VerifyExport returns %v", err)
	}
	long := export + strings.Repeat("x", audit.MaxLineBytes+1)
	_, err := audit.VerifyExport(t.Context(), strings.NewReader(long), publicOf(t, ring))
	wantBreak(t, err, audit.Inserted, 8)
}

// TestVerifyExportFindsAnyEdit changes one byte, or moves, copies or removes lines.
func TestVerifyExportFindsAnyEdit(t *testing.T) {
	ring := checkpointRing(t)
	trusted := publicOf(t, ring)
	lines := mustExport(t, mustChain(t, ring, 12), audit.ExportOptions{Keys: ring})
	rapid.Check(t, func(rt *rapid.T) {
		edited := slices.Clone(lines)
		at := rapid.IntRange(0, 11).Draw(rt, "line")
		other := (at + rapid.IntRange(1, 11).Draw(rt, "distance")) % 12
		edit := rapid.SampledFrom([]string{"byte", "remove", "copy", "swap", "truncate", "behead"}).Draw(rt, "edit")
		switch edit {
		case "byte":
			line := []byte(edited[at])
			i := rapid.IntRange(0, len(line)-2).Draw(rt, "byte")
			b := rapid.Byte().Draw(rt, "value")
			if line[i] == b || b == ' ' || b == '\t' || b == '\r' {
				rt.Skip("the same JSON")
			}
			line[i] = b
			edited[at] = string(line)
		case "remove":
			edited = slices.Delete(edited, at, at+1)
		case "copy":
			edited = slices.Insert(edited, at, edited[other])
		case "swap":
			edited = swapped(edited, at, other)
		case "truncate":
			edited = edited[:at]
		case "behead":
			edited = edited[at+1:]
		}
		_, err := audit.VerifyExport(t.Context(), strings.NewReader(strings.Join(edited, "")), trusted)
		if _, broken := errors.AsType[*audit.Break](err); !broken {
			rt.Fatalf("%s in line %d goes unnoticed: %v", edit, at+1, err)
		}
	})
}

// FuzzVerifyExport: whatever is taken must be the records that were exported.
func FuzzVerifyExport(f *testing.F) {
	ring := checkpointRing(f)
	export := strings.Join(mustExport(f, mustChain(f, ring, 4), audit.ExportOptions{Keys: ring}), "")
	f.Add([]byte(export))
	f.Add([]byte(export[:len(export)/2]))
	f.Add([]byte(`{"seq":1}`))
	f.Add([]byte(strings.Replace(export, `"details":{"change"`, `"details":{"x":1,"change"`, 1)))
	f.Add([]byte(strings.Replace(export, `"previousHash"`, `"unreadable":{},"previousHash"`, 1)))
	f.Add([]byte(`{"checkpoint":{"seq":[]}}` + "\n\n"))
	trusted := publicOf(f, ring)
	want, err := audit.VerifyExport(f.Context(), strings.NewReader(export), trusted)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		got, err := audit.VerifyExport(t.Context(), strings.NewReader(string(input)), trusted)
		if err == nil && (got.Records != want.Records || string(got.Head) != string(want.Head)) {
			t.Errorf("another export is taken: %+v", got)
		}
		if err != nil {
			if _, ok := errors.AsType[*audit.Break](err); !ok {
				t.Errorf("the error is no break: %v", err)
			}
		}
		if _, err := audit.VerifyExport(t.Context(), strings.NewReader(string(input)), nil); err != nil && len(err.Error()) > 400 {
			t.Errorf("the error repeats input: %v", err)
		}
	})
}
