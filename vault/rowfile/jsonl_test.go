package rowfile_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/walletport/walletport/vault/rowfile"
)

var people = rowfile.NewSchema("person", "people", []rowfile.Column{
	{Name: "id", IsRequired: true, IsNumber: true}, {Name: "name"}, {Name: "mails", IsList: true},
}, nil, func(*rowfile.Schema, []int) string { return "" })

func mustOpen(t testing.TB, text string, format rowfile.Format) *rowfile.File {
	t.Helper()
	file, err := rowfile.Open(strings.NewReader(text), format, people)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestARecordSaysWhatItsLineSays(t *testing.T) {
	for _, c := range []struct {
		name, line string
		texts      [3]string
		clears     [3]bool
		faults     string // fields, with blanks between
	}{
		{"all", `{"id":7,"name":"A","mails":["x","y"]}`, [3]string{"7", "A", "x;y"}, [3]bool{}, ""},
		{"an id as a text", `{"id":"7"}`, [3]string{"7"}, [3]bool{}, ""},
		{"nulls", `{"id":null,"name":null,"mails":null}`, [3]string{}, [3]bool{false, true, true}, ""},
		{"nothing", `{"id":"","name":"","mails":[]}`, [3]string{}, [3]bool{}, ""},
		{"a list of one", `{"mails":["x"]}`, [3]string{"", "", "x"}, [3]bool{}, ""},
		{"an empty value in a list", `{"mails":["x","",""]}`, [3]string{"", "", "x;;"}, [3]bool{}, ""},
		{"what is no text", `{"id":true,"name":7,"mails":{}}`, [3]string{}, [3]bool{}, "id name mails"},
		{"a null in a list", `{"name":"A","mails":["x",null]}`, [3]string{"", "A"}, [3]bool{}, "mails"},
		{"a list in a list", `{"mails":[["x"]],"name":"A"}`, [3]string{"", "A"}, [3]bool{}, "mails"},
		{"the sign in a value", `{"mails":["x\u003by"]}`, [3]string{}, [3]bool{}, "mails"},
		{"a member twice", `{"name":"A","name":"B"}`, [3]string{"", "A"}, [3]bool{}, "name"},
		{"a strange member", `{"name":"A","nick":"B"}`, [3]string{"", "A"}, [3]bool{}, "line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			parser := mustOpen(t, "", rowfile.JSONLines).NewParser()
			var rec rowfile.Record
			var faults []string
			for range 2 { // what the line before said is forgotten
				faults = nil
				for _, f := range parser.Parse([]byte(c.line), &rec) {
					faults = append(faults, f.Name)
				}
			}
			if strings.Join(faults, " ") != c.faults {
				t.Errorf("faults of %q, want %q", faults, c.faults)
			}
			for i := range c.texts {
				if string(rec.Text[i]) != c.texts[i] || rec.Clears[i] != c.clears[i] {
					t.Errorf("column %d: %q, cleared %t", i, rec.Text[i], rec.Clears[i])
				}
			}
		})
	}
}

// FuzzJSONLine compares what a line without faults says with what encoding/json reads.
func FuzzJSONLine(f *testing.F) {
	for _, seed := range []string{`{"id":7,"name":"\u00e5","mails":["x","y"]}`, `{"mails":null}`, `{"id":1e3}`, `{"name":"\ud800"}`, `{"mails":["",""]}`, ` {"id":"7"}\t`} {
		f.Add(seed)
	}
	parser := mustOpen(f, "", rowfile.JSONLines).NewParser()
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) > rowfile.MaxLineBytes || strings.TrimSpace(line) == "" {
			t.Skip("the file hands out no such line")
		}
		var rec rowfile.Record
		if faults := parser.Parse([]byte(line), &rec); len(faults) > 0 {
			return
		}
		if !json.Valid([]byte(line)) {
			if bytes.IndexFunc([]byte(line), func(r rune) bool { return r < ' ' }) >= 0 {
				t.Skip("jx takes control characters in strings, which the rules of fields refuse")
			}
			t.Fatalf("%q is read, and no JSON", line)
		}
		var want struct {
			ID    json.RawMessage `json:"id"`
			Name  *string         `json:"name"`
			Mails []string        `json:"mails"`
		}
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatalf("%q is read, and not what it should be: %v", line, err)
		}
		if want.Name != nil && *want.Name != string(rec.Text[1]) {
			t.Errorf("name %q, want %q", rec.Text[1], *want.Name)
		}
		if got := string(rec.Text[2]); got != strings.Join(want.Mails, ";") {
			t.Errorf("mails %q, want %q", got, want.Mails)
		}
	})
}
