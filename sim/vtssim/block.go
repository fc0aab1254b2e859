package vtssim

import (
	"bytes"
	"slices"
	"strings"

	"github.com/walletport/walletport/sim"
)

// readBlock takes header and padding off the clear text. A reader goes by the
// length; what the other bytes should be comes from one source only.
func (r *wsdReading) readBlock(plain []byte) {
	if r.Failed(r.layer+checkBlock) && !hasHead(plain) {
		r.readClear(untilPadding(plain)) // the header was lost with the IV
		return
	}
	if startsClear(plain, r.parts[0]) {
		r.fail(checkHead, wsdHeaderMissing, "the block begins with the clear text")
		r.readClear(untilPadding(plain))
		return
	}
	head, rest := plain[:headBytes], plain[headBytes:]
	switch {
	case string(head[:2]) != "  ":
		r.fail(checkHead, wsdHeaderSpaces, "the block does not begin with two spaces")
	case slices.ContainsFunc(head[2:6], func(b byte) bool { return b <= ' ' || b > '~' }):
		r.fail(checkHead, wsdHeaderRandom, "the third to sixth byte are not all printable")
	case !sim.IsDigits(string(head[6:])):
		r.fail(checkHead, wsdLengthForm, "the seventh and eighth byte are not digits")
	}
	r.pass(checkHead, "two spaces, four characters, two digits")
	text := untilPadding(rest)
	if sim.IsDigits(string(head[6:])) {
		n := int(head[6]-'0')*10 + int(head[7]-'0')
		if n != len(text) {
			r.fail(checkTextLen, wsdLengthWrong, "the digits say %d, the clear text has %d bytes", n, len(text))
		}
		r.pass(checkTextLen, "%d bytes", n)
	}
	r.readPadding(rest[len(text):])
	r.readClear(text)
}

func hasHead(plain []byte) bool { return bytes.HasPrefix(plain, []byte("  ")) }

func startsClear(plain []byte, name string) bool {
	return len(plain) > len(name) && strings.EqualFold(string(plain[:len(name)]), name) || plain[0] == '{'
}

// isClearBlock reports whether a block was never encrypted: its clear text can be read,
// behind the header or without one.
func isClearBlock(block []byte, name string) bool {
	begins := func(text []byte) bool {
		return len(text) > len(name) && strings.EqualFold(string(text[:len(name)+1]), name+"=")
	}
	return begins(block) || len(block) > headBytes && begins(block[headBytes:])
}

// untilPadding returns the clear text: up to the first byte that none can hold.
func untilPadding(text []byte) []byte {
	end := bytes.IndexFunc(text, func(c rune) bool { return c <= ' ' || c == '!' || c > '~' })
	if end < 0 {
		return text
	}
	return text[:end]
}

func (r *wsdReading) readPadding(padding []byte) {
	n := len(padding)
	switch {
	case n == 0:
		r.pass(checkPadding, "none needed")
	case bytes.Equal(padding, bytes.Repeat([]byte("!"), n)) && n < desBlockBytes:
		r.pass(checkPadding, "%d of !", n)
	case bytes.Equal(padding, bytes.Repeat([]byte{byte(n)}, n)) && n <= desBlockBytes:
		r.fail(checkPadding, wsdPaddingPKCS, "the block is filled up by PKCS#5")
	case len(bytes.Trim(padding, "\x00")) == 0:
		r.fail(checkPadding, wsdPaddingZero, "the block is filled up with zero bytes")
	default:
		r.fail(checkPadding, wsdPaddingOther, "%d bytes follow the clear text", n)
	}
}

// readClear takes the clear text apart: name=value, joined with semicolons.
func (r *wsdReading) readClear(text []byte) {
	values, ok := r.readParts(string(text))
	if !ok {
		return
	}
	r.pass(checkClear, "%s", strings.Join(r.parts, ", "))
	if r.kind == KindMBPAC {
		r.readNonce(values["nonce"])
		r.readAuthCode(values["authcode"])
		return
	}
	r.judgePAN(values["pan"])
	r.readMMYY(values["expiry"])
	r.readDateTime(values["datetime"])
}

// readParts returns the values by name. What is wrong is named and undone.
func (r *wsdReading) readParts(text string) (map[string]string, bool) {
	if sim.LooksLikeJSON([]byte(text)) {
		r.fail(checkClear, clearJSON, "the clear text is JSON")
		return nil, false
	}
	if separator := otherSeparator(text); separator != "" {
		r.fail(checkClear, clearSeparator, "the parts are not joined with semicolons")
		text = strings.ReplaceAll(text, separator, ";")
	}
	if plain := strings.TrimRight(text, ";"); plain != text {
		r.fail(checkClear, clearSeparator, "a semicolon follows the last part")
		text = plain
	}
	values := map[string]string{}
	var order []string
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		if lower := strings.ToLower(name); lower != name && slices.Contains(r.parts, lower) {
			r.fail(checkClear, clearCase, "a name is not in lower case")
			name = lower
		}
		order = append(order, name)
		values[name] = value
	}
	return values, r.judgeParts(order)
}

// otherSeparator finds what stands between two parts instead of a semicolon.
func otherSeparator(text string) string {
	if strings.Contains(text, ";") || strings.Count(text, "=") < 2 {
		return ""
	}
	for _, separator := range []string{"&", ",", "|", ":"} {
		if strings.Contains(text, separator) {
			return separator
		}
	}
	return ""
}

// judgeParts checks which parts are there and in which order; false if there is
// not enough to go on with.
func (r *wsdReading) judgeParts(order []string) bool {
	for _, name := range r.parts {
		if !slices.Contains(order, name) {
			r.fail(checkClear, clearMissing, "there is no %s", name)
			return false
		}
	}
	switch {
	case len(order) != len(r.parts):
		r.fail(checkClear, clearUnknown, "there are %d parts", len(order))
	case !slices.Equal(order, r.parts):
		r.fail(checkClear, clearOrder, "the parts stand in another order")
	}
	return true
}
