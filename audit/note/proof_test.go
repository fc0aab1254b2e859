package note_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/audit/note"
)

func hashes(count int) [][]byte {
	var path [][]byte
	for i := range count {
		path = append(path, []byte(strings.Repeat(string(rune('a'+i%26)), 32)))
	}
	return path
}

func encoded(path [][]byte) string {
	var lines strings.Builder
	for _, hash := range path {
		lines.WriteString(base64.StdEncoding.EncodeToString(hash) + "\n")
	}
	return lines.String()
}

// TestProofsAreReadAsTheyAreWritten holds the forms to c2sp.org/tlog-proof and
// c2sp.org/tlog-witness.
func TestProofsAreReadAsTheyAreWritten(t *testing.T) {
	for _, c := range []struct {
		name  string
		proof note.Inclusion
		want  string
	}{
		{"with extra data", note.Inclusion{Extra: []byte("extra information"), Number: 5, Path: hashes(2), Note: "a note\n"}, "c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 5\n" + encoded(hashes(2)) + "\na note\n"},
		{"without", note.Inclusion{Number: 0, Path: hashes(1), Note: "a note\n"}, "c2sp.org/tlog-proof@v1\nindex 0\n" + encoded(hashes(1)) + "\na note\n"},
		{"of the only leaf", note.Inclusion{Note: "a note\n"}, "c2sp.org/tlog-proof@v1\nindex 0\n\na note\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.proof.Encode()
			if text != c.want {
				t.Errorf("Encode() = %q", text)
			}
			got, err := note.ParseInclusion(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.proof, got); diff != "" {
				t.Errorf("ParseInclusion (-want +got):\n%s", diff)
			}
		})
	}
	c := note.Consistency{Older: 20852014, Path: hashes(4), Note: "a note\n"}
	want := "old 20852014\n" + encoded(hashes(4)) + "\na note\n"
	if c.Encode() != want {
		t.Errorf("Encode() = %q", c.Encode())
	}
	if got, err := note.ParseConsistency(want); err != nil || cmp.Diff(c, got) != "" {
		t.Errorf("ParseConsistency = %+v, %v", got, err)
	}
}

func TestWhatIsNoProof(t *testing.T) {
	header := "c2sp.org/tlog-proof@v1\n"
	for _, text := range []string{
		"", header, header + "index 5", header + "index 5\n", header + "index 05\n\n", header + "index -5\n\n", header + "index 5\nAQID\n\n", header + "extra !\nindex 5\n\n",
		header + "extra AQID", "c2sp.org/tlog-proof@v2\nindex 5\n\n", header + "index 5\n" + encoded(hashes(64)) + "\n", header + "index 9223372036854775808\n\n",
		header + "extra AQID\r\nindex 5\n\n", header + "index 5\n" + strings.ReplaceAll(encoded(hashes(2)), "\n", "\r\n") + "\n", header + "index 5\r\n\n",
	} {
		if p, err := note.ParseInclusion(text); !errors.Is(err, note.ErrMalformed) {
			t.Errorf("%q is read as %+v, %v", text, p, err)
		}
	}
	for _, text := range []string{"", "old", "old 5", "old 5\n", "old 05\n\n", "old 5\nAQID\n\n", "new 5\n\n", "old 5\n" + encoded(hashes(64)) + "\n",
		"old 5\n" + strings.ReplaceAll(encoded(hashes(2)), "\n", "\r\n") + "\n", "old 9223372036854775808\n\n"} {
		if c, err := note.ParseConsistency(text); !errors.Is(err, note.ErrMalformed) {
			t.Errorf("%q is read as %+v, %v", text, c, err)
		}
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add(note.Inclusion{Extra: []byte("x"), Number: 5, Path: hashes(2), Note: "a note\n"}.Encode())
	f.Add(note.Consistency{Older: 5, Path: hashes(2), Note: "a note\n"}.Encode())
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := note.ParseInclusion(text); err == nil && len(p.Extra) > 0 && p.Encode() != text {
			t.Errorf("%q is written as %q", text, p.Encode())
		}
		if c, err := note.ParseConsistency(text); err == nil && c.Encode() != text {
			t.Errorf("%q is written as %q", text, c.Encode())
		}
	})
}
