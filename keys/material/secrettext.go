package material

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/bits"
	"regexp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// This file reads the secrets that come as text. No error shows any part of them.

// maxTextSecret bounds the characters of a secret, so that no other file is taken for one.
const maxTextSecret = 256

// textSecret is what a secret that comes as text is called, and how many characters it has
// at least. Visa's shared secrets have 40, so that a short text is surely something else. A
// password is as long as Visa made it.
type textSecret struct {
	name string
	min  int
}

var (
	sharedSecret  = textSecret{"shared secret", 16}
	loginPassword = textSecret{"password", 1}
)

// parse takes the text as it is, but for the line break that an editor put at its end: every
// other byte counts, for the key is a digest of the text, or it is sent. So what surely does
// not belong to it is refused, unless asIs.
func (s textSecret) parse(data []byte, asIs bool) (material, error) {
	text := trimLineBreak(data)
	if encoding := encodingOf(text); encoding != "" {
		return material{}, errMalformed("the file is in " + encoding + " or begins with it: save the " + s.name + " as plain text, UTF-8 without a mark")
	}
	if !asIs {
		if around := around(text); around != "" {
			return material{}, errMalformed(fmt.Sprintf(
				"the %s has %s around it, which would count: write it alone, or insist with --as-is if Visa issued it so", s.name, around))
		}
	}
	if len(text) < s.min || len(text) > maxTextSecret || !walletport.IsPrintable(text, "") {
		return material{}, errMalformed(fmt.Sprintf("the %s is one line of %d to %d printable ASCII characters", s.name, s.min, maxTextSecret))
	}
	return material{secret: bytes.Clone(text)}, nil
}

// named is a name before a secret, as files of variables (NAME=), YAML (name: ) and
// mails have it. Visa's secrets look like base64, which has = at its end only.
var named = regexp.MustCompile(`^(export +)?[A-Za-z][A-Za-z0-9_.-]* *(= *[^=]|: +)[^ ]`)

// around names what stands around a secret and does not belong to it; "" is nothing.
func around(text []byte) string {
	switch trimmed := bytes.TrimSpace(text); {
	case len(trimmed) == 0:
		return ""
	case named.Match(trimmed):
		return "a name (NAME=)"
	case len(trimmed) < len(text):
		return "blanks or line breaks"
	case isQuoted(trimmed):
		return "quotation marks"
	case bytes.HasSuffix(trimmed, []byte(",")), bytes.HasSuffix(trimmed, []byte(";")):
		return "a comma or semicolon"
	}
	return ""
}

func isQuoted(text []byte) bool {
	const quotes = "\"'`"
	return len(text) > 1 && bytes.IndexByte([]byte(quotes), text[0]) >= 0 && text[len(text)-1] == text[0]
}

// parseSecret reads size bytes as hex or base64. Raw bytes are refused, for 32 of
// them may as well be the hex of a 128-bit key. Hex may have blanks or colons between
// digits and 0x before them, base64 may be that of URLs and lack its padding.
func parseSecret(data []byte, size int) (material, error) {
	plain := plainText(data)
	text := bytes.TrimSpace(plain)
	if around := around(text); around != "" {
		return material{}, errMalformed(fmt.Sprintf("the key has %s around it: write its %d hex digits alone", around, 2*size))
	}
	if secret, ok := decodeHex(text); ok {
		if len(secret) == size {
			return material{secret: secret, typed: true}, nil
		}
		defer clear(secret)
		return material{}, errMalformed(wrongHex(secret, size))
	}
	secret, ok := decodeBase64(text)
	if ok && len(secret) == size {
		return material{secret: secret, typed: true}, nil
	}
	defer clear(secret)
	if ok && len(secret) == 2*size && isHex(secret) {
		return material{}, errMalformed(fmt.Sprintf("the file is base64 of %d hex digits: decode it once (base64 -d)", 2*size))
	}
	if ok && len(secret) > 0 {
		return material{}, errMalformed(fmt.Sprintf("the key has %d bytes in base64; it must be %s", len(secret), wanted(size)))
	}
	if len(data) == size && !isText(data) {
		return material{}, errMalformed("the file holds raw bytes: write them as hex (xxd -p -c 64)")
	}
	return material{}, errUnread(plain, "the key must be "+wanted(size))
}

func wanted(size int) string {
	return fmt.Sprintf("%d bytes in hex (%d digits) or base64", size, 2*size)
}

// wrongHex says what hex of another length is.
func wrongHex(secret []byte, size int) string {
	const desBytes = keys.TDEABytes / 2
	switch n := len(secret); {
	case n > size && isBase64Of(secret, size):
		return fmt.Sprintf("the file is hex of base64 text: decode it once (xxd -r -p); the key must be %s", wanted(size))
	case size == keys.TDEABytes && n == desBytes:
		return "the key has 16 hex digits: it is single DES, and a WSD key has two of those, 32 digits"
	case size == keys.TDEABytes && n == 3*desBytes && bytes.Equal(secret[:desBytes], secret[2*desBytes:]):
		return "the key has 48 hex digits whose last 16 repeat the first: write the first 32"
	case size == keys.TDEABytes && n == 3*desBytes:
		return "the key has 48 hex digits: it is a three-key TDEA key, and a WSD key has two, 32 digits"
	}
	return fmt.Sprintf("the key has %d hex digits; it must be %s", 2*len(secret), wanted(size))
}

func isBase64Of(text []byte, size int) bool {
	decoded, ok := decodeBase64(text)
	defer clear(decoded)
	return ok && len(decoded) == size
}

func isHex(text []byte) bool {
	secret, ok := decodeHex(text)
	clear(secret)
	return ok
}

func decodeHex(text []byte) ([]byte, bool) {
	text = bytes.TrimPrefix(bytes.TrimPrefix(text, []byte("0x")), []byte("0X"))
	digits := make([]byte, 0, len(text))
	defer func() { clear(digits) }()
	for _, b := range text {
		if b != ' ' && b != ':' && b != '\n' {
			digits = append(digits, b)
		}
	}
	secret := make([]byte, hex.DecodedLen(len(digits)))
	n, err := hex.Decode(secret, digits)
	return secret[:n], err == nil && n > 0
}

func decodeBase64(text []byte) ([]byte, bool) {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		secret := make([]byte, encoding.DecodedLen(len(text)))
		if n, err := encoding.Strict().Decode(secret, text); err == nil {
			return secret[:n], true
		}
	}
	return nil, false
}

// fewParityFaults is how many bytes of even parity a WSD key may have and still look
// like one that has odd parity throughout but for mistyped digits. Of keys that never
// had parity one in 500 looks so.
const fewParityFaults = 2

// checkParity refuses a key of which a byte or two has even parity where all others
// have odd, as DES keys do: then a digit was mistyped or lost.
func checkParity(secret []byte) error {
	even := 0
	for _, b := range secret {
		if bits.OnesCount8(b)%2 == 0 {
			even++
		}
	}
	if even == 0 || even > fewParityFaults {
		return nil
	}
	return errUnfit("the parity of the WSD key is wrong in one or two bytes and right in all others, so that a digit seems mistyped: compare it, and the key check value, with what Visa sent, or insist with --as-is")
}

// setParity gives each byte odd parity, as those who type a key in expect.
func setParity(secret []byte) {
	for i, b := range secret {
		if bits.OnesCount8(b)%2 == 0 {
			secret[i] = b ^ 1
		}
	}
}
