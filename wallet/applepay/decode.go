package applepay

import (
	"encoding/base64"
	"strings"
)

// maxEntryChars is the longest text of one certificate. Apple's leaf has 1,368
// characters in base64; an RSA-4096 certificate as PEM inside base64 has about 4,000.
const maxEntryChars = 16 << 10

const (
	pemBegin = "-----BEGIN CERTIFICATE-----"
	pemEnd   = "-----END CERTIFICATE-----"
)

// decodeEntry reads one certificate's text: base64 of DER, base64 of PEM (with its
// armour or only the body), or PEM itself. White space counts nowhere. form says
// what was seen, as "DER, base64url". What it returns is not yet known to be DER.
func decodeEntry(text string) (der []byte, form string, ok bool) {
	if body, isPEM := pemBody(text); isPEM {
		der, _, ok = decodeBase64(body)
		return der, "PEM", ok
	}
	inner, alphabet, ok := decodeBase64(text)
	if !ok || isDER(inner) {
		return inner, "DER, " + alphabet, ok
	}
	if body, isPEM := pemBody(string(inner)); isPEM {
		der, _, ok = decodeBase64(body)
		return der, "PEM, " + alphabet, ok
	}
	if der, _, ok = decodeBase64(string(inner)); ok && isDER(der) {
		return der, "PEM body, " + alphabet, true
	}
	return inner, "DER, " + alphabet, true // no certificate, as parsing it will show
}

// isDER reports whether data starts as each certificate does: with a SEQUENCE.
func isDER(data []byte) bool { return len(data) > 0 && data[0] == 0x30 }

// pemBody returns what stands between the lines of PEM armour, and whether there
// is armour. encoding/pem would want line breaks, which a JSON text often lost. A
// second certificate stays in the body and spoils it: an entry is one.
func pemBody(text string) (string, bool) {
	body, found := strings.CutPrefix(strings.TrimSpace(text), pemBegin)
	return strings.TrimSuffix(body, pemEnd), found
}

// decodeBase64 takes the standard or the URL-safe alphabet, padded or not.
func decodeBase64(text string) (data []byte, alphabet string, ok bool) {
	compact := strings.TrimRight(withoutSpace(text), "=")
	if compact == "" {
		return nil, "", false
	}
	encoding, alphabet := base64.RawStdEncoding, "base64"
	if strings.ContainsAny(compact, "-_") {
		encoding, alphabet = base64.RawURLEncoding, "base64url"
	}
	data, err := encoding.DecodeString(compact)
	return data, alphabet, err == nil
}

// withoutSpace drops the white space of ASCII.
func withoutSpace(text string) string {
	if !strings.ContainsAny(text, " \t\r\n") {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, text)
}
