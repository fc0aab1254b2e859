package sim_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/simtest"
)

const object = `{"a":">>>???"}` // whose base64 has a +, a / and padding

func TestReadBase64(t *testing.T) {
	plain := base64.StdEncoding.EncodeToString([]byte(object))
	if !strings.Contains(plain, "+") || !strings.Contains(plain, "/") || !strings.HasSuffix(plain, "=") {
		t.Fatalf("the sample %s does not show all faults", plain)
	}
	for _, c := range []struct{ name, text, code string }{
		{"base64", plain, ""},
		{"in lines", plain[:8] + "\r\n" + plain[8:], "base64_line_breaks"},
		{"with a tab", plain[:8] + "\t" + plain[8:], "base64_line_breaks"},
		{"URL-safe", base64.URLEncoding.EncodeToString([]byte(object)), "base64_url_safe"},
		{"URL-safe without padding", base64.RawURLEncoding.EncodeToString([]byte(object)), "base64_url_safe"},
		{"without padding", strings.TrimRight(plain, "="), "base64_unpadded"},
		{"with spaces for +", strings.ReplaceAll(plain, "+", " "), "base64_spaces"},
		{"percent-encoded", strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(plain), "base64_percent_encoded"},
		{"twice", base64.StdEncoding.EncodeToString([]byte(plain)), "base64_twice"},
		{"hex", hex.EncodeToString([]byte(object)), "hex_instead_of_base64"},
		{"hex that is base64 too", hex.EncodeToString([]byte(object + "  ")), "hex_instead_of_base64"},
		{"hex with 0x", "0x" + hex.EncodeToString([]byte(object)), "hex_instead_of_base64"},
		{"hex with colons", strings.Join(strings.Split(hex.EncodeToString([]byte(object)), ""), ":"), "hex_instead_of_base64"},
		{"in quotes", `"` + plain + `"`, "base64_quoted"},
		{"in escaped quotes", `\"` + plain + `\"`, "base64_quoted"},
		{"in single quotes", "'" + plain + "'", "base64_quoted"},
		{"escaped for HTML", strings.NewReplacer("+", "&#43;", "=", "&#x3D;").Replace(plain), "base64_html_escaped"},
		{"behind a byte order mark", "\ufeff" + plain, "base64_byte_order_mark"},
		{"twice in a row", plain + plain, "base64_doubled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, f := sim.ReadBase64(c.text)
			if strings.TrimSpace(string(data)) != object || codeOfFinding(f) != c.code {
				t.Errorf("%q, fault %q; want %q", data, codeOfFinding(f), c.code)
			}
		})
	}
	for n := 8; n < len(plain)-4; n++ { // wherever it is cut
		if _, f := sim.ReadBase64(plain[:n]); codeOfFinding(f) != "base64_truncated" && n%4 != 0 {
			t.Errorf("cut to %d characters: fault %q", n, codeOfFinding(f))
		}
	}
	for _, none := range []string{"§", "%zz", "a b c", "-", "%", strings.Repeat("=", 5)} {
		if data, f := sim.ReadBase64(none); data != nil || codeOfFinding(f) != "base64_invalid" {
			t.Errorf("%q: %q, fault %q", none, data, codeOfFinding(f))
		}
	}
	if data, f := sim.ReadBase64("AAEC"); !bytes.Equal(data, []byte{0, 1, 2}) || f != nil {
		t.Errorf("other bytes: %v, %v", data, f)
	}
}

func codeOfFinding(f *sim.Finding) string {
	if f == nil {
		return ""
	}
	return f.Kind.Code
}

func TestReadObject(t *testing.T) {
	for text, code := range map[string]string{
		`{}`: "", " \t\r\n{\"a\":{\"a\":[1]}} ": "", `{"a":1,"A":2}`: "",
		`{"a":1,"a":2}`: "json_duplicate_member", "{\"a\":1,\"\\u0061\":2}": "json_duplicate_member",
		`[]`: "json_not_object", `"x"`: "json_not_object", `null`: "json_not_object", `7`: "json_not_object",
		``: "json_invalid", `x`: "json_invalid", "\xef\xbb\xbf{}": "json_invalid", `{} {}`: "json_doubled", `{"a":1}{"a":1}`: "json_doubled", `{} {"a":1}`: "json_invalid", `{}x`: "json_invalid", `{"a":1,}`: "json_invalid", `{1:2}`: "json_invalid", `{"a" 1}`: "json_invalid",
		string(simtest.UTF16(`{"a":1}`)): "json_utf16", string(simtest.UTF16("\ufeff{}")): "json_utf16",
		"{\"a\":\"\xff\"}": "json_not_utf8",
		`{`:                "json_truncated", `{"a"`: "json_truncated", `{"a":`: "json_truncated", `{"a":[1`: "json_truncated", `{"a":1`: "json_truncated",
	} {
		members, f := sim.ReadObject([]byte(text))
		if codeOfFinding(f) != code || (members == nil) != (code != "") {
			t.Errorf("%q: %v, fault %q; want %q", text, members, codeOfFinding(f), code)
		}
	}
}

func TestObjectMembers(t *testing.T) {
	o, _ := sim.ReadObject([]byte(`{"text":"x","null":null,"number":7,"PAN":""}`))
	if !o.Has("text") || o.Has("null") || o.Has("gone") {
		t.Error("Has")
	}
	if text, ok := o.Text("text"); text != "x" || !ok {
		t.Error("Text of a string")
	}
	for _, name := range []string{"null", "number", "gone"} {
		if _, ok := o.Text(name); ok {
			t.Errorf("Text of %s", name)
		}
	}
	if name, ok := o.Fold("pan"); name != "PAN" || !ok {
		t.Error("Fold does not ignore case")
	}
	if name, ok := o.Fold("text"); name != "text" || !ok {
		t.Error("Fold of the same case")
	}
	if _, ok := o.Fold("gone"); ok {
		t.Error("Fold finds nothing")
	}
	if name, ok := o.First("gone", "null", "text"); name != "null" || !ok {
		t.Error("First")
	}
	if _, ok := o.First("gone"); ok {
		t.Error("First finds nothing")
	}
}

func FuzzReadBase64(f *testing.F) {
	for _, seed := range []string{"", "e30=", "e30", "ZTMwPQ==", "7b7d", "e3 0=", "e30%3D", "-_-_", "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data, f := sim.ReadBase64(text)
		if f == nil && len(data) == 0 && text != "" {
			t.Errorf("%q is nothing, and nothing is wrong", text)
		}
		if f != nil && (f.Kind.Code == "" || f.Kind.Remedy == "" || f.Detail == "" || walletport.ContainsPAN(f.Detail)) {
			t.Errorf("finding %+v", f)
		}
		if want, err := base64.StdEncoding.Strict().DecodeString(text); err == nil && f == nil && !bytes.Equal(want, data) {
			t.Errorf("%q is decoded to something else", text)
		}
	})
}

func FuzzReadObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1}`, `{"a":{"b":[null]}}`, `{"a":1,"a":2}`, `{"a`, `[]`, "{\"\xff\":1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		members, finding := sim.ReadObject(data)
		var want map[string]json.RawMessage
		err := json.Unmarshal(data, &want)
		switch {
		case finding == nil && (err != nil || len(want) != len(members)):
			t.Errorf("%q: %d members, encoding/json: %d, %v", data, len(members), len(want), err)
		case finding != nil && walletport.ContainsPAN(finding.Detail):
			t.Errorf("the detail reads like a PAN")
		case finding != nil && err == nil && want != nil && finding.Kind != sim.JSONDuplicate && finding.Kind != sim.JSONNotUTF8:
			t.Errorf("%q: refused as %s, but it is an object", data, finding.Kind.Code)
		}
	})
}

func zipped(text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
	return out.String()
}

func TestUnwrap(t *testing.T) {
	for _, c := range []struct {
		payload, text string
		notes         int
	}{
		{"x", "x", 0}, {"", "", 0}, {" x\n", "x", 1}, {"\ufeffx", "x", 1}, {`"a\"b"`, `a"b`, 1}, {`'x'`, "x", 1}, {` "x" `, "x", 2},
		{`"x`, `"x`, 0}, {"x\n", "x", 1}, {"x\nx\n", "x", 2}, {"x\n\nx", "x", 1}, {"x\ny", "x\ny", 0}, {"xx", "xx", 0},
		{zipped(`{"a":1}`), `{"a":1}`, 1}, {zipped(`{"a":1}`)[:20], zipped(`{"a":1}`)[:20], 0}, {zipped(strings.Repeat("x", 2<<20)), zipped(strings.Repeat("x", 2<<20)), 0},
		{"HTTP/2 200 \r\ncontent-type: application/json\r\nDate: x\r\n\r\n{}", "{}", 1},
		{"HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nA: b\n\n{}", "{}", 1}, {"Content-Type: application/json\n\n{}", "{}", 1},
		{"* Connected\n> POST / HTTP/1.1\n> \n< HTTP/1.1 200 OK\n< A: b\n< \n{ [12 bytes data]\n{}\n* Connection left\n", "{}", 2},
		{"{&quot;a&quot;:&quot;&#43;&quot;}", `{"a":"+"}`, 1}, {"&amp;", "&amp;", 0}, {string(simtest.UTF16("\ufeffx y")), "x y", 1}, {string(simtest.UTF16(`"xy"`)), "xy", 2}, {`"`, `"`, 0}, {`"a"b"`, `a"b`, 1}, {"abba", "abba", 0},
	} {
		if text, notes := sim.Unwrap([]byte(c.payload)); text != c.text || len(notes) != c.notes {
			t.Errorf("%q: %q with notes %q; want %q with %d", c.payload, text, notes, c.text, c.notes)
		}
	}
}

func TestWriteText(t *testing.T) {
	fault := &sim.Fault{Code: "code", Detail: "detail", Remedy: "remedy"}
	whole := sim.Text{Title: "a thing", Notes: []string{"a note"}, Token: "T ACTIVE", Verdict: sim.Verdict{FirstFault: fault, Checks: []sim.Check{
		{Name: "one", OK: true, Detail: "fine"}, {Name: "two", Detail: "not fine"}, {Name: "three", Skipped: true, Detail: "open"}}}}
	whole.Facts.Add("label", "text")
	whole.Facts.Add("nothing", "")
	for want, text := range map[string]sim.Text{
		"This is a thing.\n  note: a note\n  ✓ one                fine\n  ✗ two                not fine\n  – three              open\n" +
			"What it says:\n  label                text\nRefused.\nFirst fault: code: detail\nRemedy: remedy\nToken: T ACTIVE\n": whole,
		"This is x.\nAccepted: every rule holds.\n":                                              {Title: "x", Verdict: sim.Verdict{Accepted: true}},
		"This is x.\nAccepted, with a reservation.\nFirst fault: code: detail\nRemedy: remedy\n": {Title: "x", Verdict: sim.Verdict{Accepted: true, FirstFault: fault}},
		"This is x.\nNo fault found, but not every rule could be checked.\n":                     {Title: "x"},
	} {
		var out bytes.Buffer
		if err := sim.WriteText(&out, text); err != nil || out.String() != want {
			t.Errorf("got:\n%s\nwant:\n%s\n%v", out.String(), want, err)
		}
	}
	if err := sim.WriteText(brokenWriter{}, whole); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a write error is lost: %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }
