package sim_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/simtest"
)

func TestReadHex(t *testing.T) {
	data := []byte("\x00\x01some bytes, \xff")
	plain := hex.EncodeToString(data)
	joined := func(mark string) string {
		var all []string
		for i := 0; i < len(plain); i += 2 {
			all = append(all, plain[i:i+2])
		}
		return strings.Join(all, mark)
	}
	for _, c := range []struct{ name, text, code string }{
		{"hex", plain, ""},
		{"in capitals", strings.ToUpper(plain), ""},
		{"with 0x", "0x" + plain, "hex_prefix"},
		{"with 0X", "0X" + strings.ToUpper(plain), "hex_prefix"},
		{"in lines", plain[:10] + "\r\n" + plain[10:] + "\n", "hex_line_breaks"},
		{"with spaces between the bytes", joined(" "), "hex_line_breaks"},
		{"with colons", joined(":"), "hex_separators"},
		{"with hyphens", joined("-"), "hex_separators"},
		{"as a list of bytes", "0x" + joined(", 0x"), "hex_line_breaks"},
		{"as a list without spaces", "0x" + joined(",0x"), "hex_prefix"},
		{"as a C string", `\x` + joined(`\x`), "hex_separators"},
		{"base64", base64.StdEncoding.EncodeToString(data), "base64_instead_of_hex"},
		{"base64url", base64.RawURLEncoding.EncodeToString(append(data, 0xfb, 0xff)), "base64_instead_of_hex"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, f := sim.ReadHex(c.text)
			if codeOfFinding(f) != c.code || !bytes.HasPrefix(got, data) {
				t.Errorf("%s: %x, fault %q; want %q", c.text, got, codeOfFinding(f), c.code)
			}
		})
	}
	for text, code := range map[string]string{plain[1:]: "hex_odd", "0x" + plain[1:]: "hex_prefix", "~": "not_hex", "": "", "abc": "hex_odd"} {
		if got, f := sim.ReadHex(text); codeOfFinding(f) != code || len(got) > 0 {
			t.Errorf("%s: %x, fault %q; want %q", text, got, codeOfFinding(f), code)
		}
	}
}

func TestMendPlaintext(t *testing.T) {
	repeat := func(b byte, n int) string { return strings.Repeat(string(rune(b)), n) }
	b64 := base64.StdEncoding.EncodeToString([]byte(object))
	for _, c := range []struct{ name, text, code string }{
		{"the object", object, ""},
		{"the object and a line break", object + "\r\n", ""},
		{"the object and spaces, as JSON may", object + "   ", ""},
		{"padded by PKCS#7", object + repeat(7, 7), "padded"},
		{"padded by one byte", object + repeat(1, 1), "padded"},
		{"padded with zero bytes", object + repeat(0, 9), "padded_zero"},
		{"padded by ISO/IEC 7816-4", object + "\x80" + repeat(0, 5), "padded_iso7816"},
		{"padded by ISO/IEC 7816-4, the mark alone", object + "\x80", "padded_iso7816"},
		{"padded by ANSI X9.23", object + repeat(0, 4) + "\x05", "padded_x923"},
		{"UTF-16", string(simtest.UTF16(object)), "utf16"},
		{"UTF-16 with its mark", string(simtest.UTF16("\ufeff" + object)), "utf16"},
		{"a byte order mark", "\ufeff" + object, "byte_order_mark"},
		{"base64", b64, "base64"},
		{"hex", hex.EncodeToString([]byte(object)), "hex"},
		{"a JSON string", mustJSON(t, object), "json_in_string"},
		{"several at once", string(simtest.UTF16(mustJSON(t, b64))), "utf16"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mended, f := sim.MendPlaintext([]byte(c.text))
			if codeOfFinding(f) != c.code || strings.TrimSpace(string(mended)) != object && c.name != "several at once" {
				t.Errorf("%q, fault %q; want %q", mended, codeOfFinding(f), c.code)
			}
		})
	}
	for _, text := range []string{"", "x", object[:5], object + "x", "[]", `"x"`, "{", "\x00\x00\x00"} {
		if mended, f := sim.MendPlaintext([]byte(text)); f != nil || string(mended) != text {
			t.Errorf("%q: %q, fault %q", text, mended, codeOfFinding(f))
		}
	}
}

func FuzzReadHex(f *testing.F) {
	for _, seed := range []string{"", "00", "0x00ff00ff00ff00ff", "00:ff:00:ff:00:ff:00:ff", "abc", "AAEC", "0x", `\x00\x00`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data, finding := sim.ReadHex(text)
		want, err := hex.DecodeString(text)
		switch {
		case finding == nil && (err != nil || !bytes.Equal(data, want)):
			t.Errorf("%q is decoded to something else", text)
		case finding != nil && (err == nil || finding.Kind.Remedy == "" || finding.Detail == "" || walletport.ContainsPAN(finding.Detail)):
			t.Errorf("%q: finding %+v", text, finding)
		}
	})
}

func FuzzMendPlaintext(f *testing.F) {
	for _, seed := range []string{"{}", "{}\x01", "{}\x00", "\xef\xbb\xbf{}", "{\x00}\x00", "e30=", "7b7d", `"{}"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		mended, finding := sim.MendPlaintext(text)
		if finding == nil && !bytes.Equal(mended, text) {
			t.Errorf("%q is changed, and nothing is wrong", text)
		}
		if finding != nil && (finding.Kind.Remedy == "" || finding.Detail == "") {
			t.Errorf("%q: finding %+v", text, finding)
		}
	})
}

func FuzzUnwrap(f *testing.F) {
	for _, seed := range []string{"x", `"x"`, "HTTP/1.1 200 OK\r\nA: b\r\n\r\nx", "* a\n< HTTP/1.1 200\n< \nx", "x\nx", "{&quot;a&quot;:1}", "x\x00y\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if text, notes := sim.Unwrap(payload); len(notes) == 0 && text != string(payload) {
			t.Errorf("%q became %q without a note", payload, text)
		}
	})
}
