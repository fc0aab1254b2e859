package vault_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault"
)

// FuzzImport feeds whole files: whatever is in them, the report adds up, repeats no
// input, and the same file again changes nothing.
func FuzzImport(f *testing.F) {
	r := newRig(f)
	f.Add(header+"1,5204247750001471,12,2031,ADA,\n", false)
	f.Add("\ufeff"+header+"\"1\",5204247750001471,12,2031,\"A, B\",CARD_OK\r\n\r\n2,x", false)
	f.Add(`{"cardId":1,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"}`+"\n{}\n[", true)
	f.Add(`{"cardId":"1","pan":"52042\u003477750001471","expiryMonth":"12","expiryYear":"2031","status":null}`, true)
	f.Fuzz(func(t *testing.T, file string, isJSON bool) {
		o := csvOptions()
		if isJSON {
			o = jsonOptions()
		}
		report, err := r.Import(t.Context(), strings.NewReader(file), o)
		if err != nil {
			if walletport.CodeOf(err) != walletport.CodeInvalid {
				t.Fatalf("Import: %v", err)
			}
			return
		}
		if report.Rows != report.Inserted+report.Updated+report.Unchanged+report.Withheld+report.Rejected {
			t.Errorf("the report does not add up: %+v", report)
		}
		for _, e := range report.Errors {
			if walletport.ContainsPAN(e.Field) || walletport.ContainsPAN(e.Rule) {
				t.Errorf("an error repeats a card number")
			}
		}
		again, err := r.Import(t.Context(), strings.NewReader(file), o)
		if err != nil || again.Inserted != 0 || again.Updated != 0 || again.Rejected != report.Rejected {
			t.Errorf("again: %+v after %+v, %v", again, report, err)
		}
	})
}

// FuzzParsePlain feeds what a wrong key would never let through; it must not panic,
// and must take only what appendPlain writes.
func FuzzParsePlain(f *testing.F) {
	f.Add(vault.AppendPlain(nil, []byte(testPAN), []byte("ADA LOVELACE")))
	f.Add(vault.AppendPlain(nil, []byte(testPAN), []byte(strings.Repeat("A", 45))))
	f.Add(make([]byte, 64))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{255}, 64))
	f.Fuzz(func(t *testing.T, plain []byte) {
		pan, name, err := vault.ParsePlain(plain)
		if err != nil {
			return
		}
		if !bytes.Equal(vault.AppendPlain(nil, pan.Reveal(), name), plain) {
			t.Errorf("two forms of one card")
		}
	})
}

func TestLinesOfAnySizeAndSplitAreReadAlike(t *testing.T) {
	r := newRig(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(rt, "rows")
		lineBreak := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "break")
		var file strings.Builder
		file.WriteString(strings.TrimSuffix(header, "\n") + lineBreak)
		long := 0
		for range n {
			size := rapid.SampledFrom([]int{1, 100, 8192, 8193, 8194, 8195, 20_000}).Draw(rt, "size")
			if size > 8192 {
				long++
			}
			file.WriteString(strings.Repeat("x", size) + lineBreak)
		}
		report, err := r.Import(t.Context(), oneByOne{strings.NewReader(file.String())}, csvOptions())
		if err != nil || report.Rejected != int64(n) {
			rt.Fatalf("%+v, %v; want %d rejected", report, err, n)
		}
		for i, e := range report.Errors {
			if e.Line != int64(i+2) {
				rt.Fatalf("error %d is on line %d", i, e.Line)
			}
			if e.Rule == "is longer than 8192 bytes" {
				long--
			}
		}
		if long != 0 {
			rt.Fatalf("%d long lines too few", long)
		}
	})
}

// oneByOne reads a few bytes at a time.
type oneByOne struct{ r io.Reader }

func (o oneByOne) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, errors.New("no room")
	}
	return o.r.Read(p[:min(len(p), 7)])
}
