package rowfile_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport/vault/rowfile"
)

// FuzzSplitCSV compares our reader of one line with the standard library's.
func FuzzSplitCSV(f *testing.F) {
	for _, seed := range []string{"a,b", `"a,b",c`, `"a""b"`, `a"b`, `"a"b`, `"a`, "", ",", `"",""`, `a,"b"`, "a, \"b\"", "é,\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if line == "" || strings.ContainsAny(line, "\r\n") {
			t.Skip("lines come without their break, and empty ones are skipped")
		}
		got, ok := rowfile.SplitCSV([]byte(line))
		reader := csv.NewReader(strings.NewReader(line))
		reader.FieldsPerRecord = -1
		want, err := reader.Read()
		if ok != (err == nil) {
			t.Fatalf("%q: ok %v, encoding/csv says %v", line, ok, err)
		}
		if !ok {
			return
		}
		var fields []string
		for _, field := range got {
			fields = append(fields, string(field))
		}
		if !slices.Equal(fields, want) {
			t.Errorf("%q splits into %q, want %q", line, fields, want)
		}
	})
}
