package vtssim

import (
	"encoding/hex"
	"strings"

	"github.com/walletport/walletport/sim"
)

// The checks of a string under a WSD key, in the order of its layers. In a report
// each has the type of the string in front: "mbpac_hex".
const (
	checkForm      = "form"
	checkVersion   = "version"
	checkKeyScheme = "key_scheme"
	checkKeySet    = "key_set"
	checkEphemeral = "ephemeral"
	checkAlgorithm = "algorithm"
	checkHex       = "hex"
	checkKeyKnown  = "key_known"
	checkBlock     = "decrypt"
	checkHead      = "block_header"
	checkTextLen   = "text_length"
	checkPadding   = "padding"
	checkClear     = "clear_text"
	checkNonce     = "nonce"
	checkNonceSame = "nonce_match"
	checkAuthCode  = "authcode"
	checkDateTime  = "datetime"
)

var (
	stringChecks = []string{checkForm, checkVersion, checkKeyScheme, checkKeySet, checkEphemeral, checkAlgorithm, checkHex}
	blockChecks  = []string{checkKeyKnown, checkBlock, checkHead, checkTextLen, checkPadding, checkClear}
)

// wsdType is what a string under a WSD key is for.
type wsdType struct {
	kind        Kind
	prefix      string   // "MBPAC"
	short       string   // as one component calls it
	layer       string   // of its checks
	parts       []string // of the clear text, in order
	ownChecks   []string // of what the clear text says, behind the layer
	otherChecks []string // the same without the layer
}

var (
	mbpac = wsdType{kind: KindMBPAC, prefix: "MBPAC", short: "MPAC", layer: "mbpac_", parts: []string{"nonce", "authcode"},
		ownChecks: []string{checkNonce, checkNonceSame, checkAuthCode}}
	mbpad = wsdType{kind: KindMBPAD, prefix: "MBPAD", short: "MPAD", layer: "mbpad_", parts: []string{"pan", "expiry", "datetime"},
		ownChecks: []string{checkDateTime}, otherChecks: numberChecks}
)

// checks returns the names of all checks of a string of this type.
func (t wsdType) checks() []string { return join(t.layered(stringChecks), t.openedChecks()) }

func (t wsdType) openedChecks() []string {
	return join(t.layered(blockChecks), t.otherChecks, t.layered(t.ownChecks))
}

func (t wsdType) layered(checks []string) []string {
	all := make([]string, 0, len(checks))
	for _, check := range checks {
		all = append(all, t.layer+check)
	}
	return all
}

// wsdString is a string under a WSD key, taken apart.
type wsdString struct {
	keySet string
	block  []byte
}

// looksLikeWSD recognises a string under a WSD key, right or nearly so.
func looksLikeWSD(text string) bool {
	prefix, _, found := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), "-")
	if found && (prefix == mbpac.prefix || prefix == mbpac.short || prefix == mbpad.prefix || prefix == mbpad.short) {
		return true
	}
	return strings.Contains(text, "-TDEA-") && strings.Count(text, ".") < jweSegments-1
}

// isMBPAD tells which of the two a text is meant to be.
func isMBPAD(text string) bool {
	prefix, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), "-")
	return prefix == mbpad.prefix || prefix == mbpad.short
}

// wsdReading reads one string; the names of its checks are those of its type.
type wsdReading struct {
	*reading
	wsdType
}

func (r *wsdReading) fail(check string, k sim.Kind, format string, args ...any) {
	r.Fail(r.layer+check, k, format, args...)
}

func (r *wsdReading) pass(check, format string, args ...any) {
	r.Pass(r.layer+check, format, args...)
}

// readWSD checks a string of that type, and opens it if the key is there.
func (r *reading) readWSD(t wsdType, text string) {
	w := &wsdReading{reading: r, wsdType: t}
	if plain := strings.Join(strings.Fields(text), ""); plain != text {
		w.fail(checkForm, wsdLineBreak, "there is white space in or around the string")
		text = plain
	}
	if half, doubled := sim.Halved(text); doubled {
		w.fail(checkForm, wsdDoubled, "the string stands there twice")
		text = half
	}
	s, ok := w.readString(text)
	if !ok {
		return
	}
	w.openBlock(s)
}

// readString takes the string apart.
func (r *wsdReading) readString(text string) (s wsdString, ok bool) {
	parts := strings.Split(text, "-")
	if len(parts) == 6 {
		r.fail(checkEphemeral, wsdEphemeralGone, "there is one hyphen before the algorithm")
		parts = append(parts[:4:4], "", parts[4], parts[5])
	}
	if len(parts) != 7 {
		r.clear.Add("the string", []byte(text))
		r.fail(checkForm, wsdForm, "the string has %d parts between hyphens, not seven", len(parts))
		return s, false
	}
	r.readPrefix(parts[0])
	r.readConstant(checkVersion, wsdVersion, parts[1], "1")
	r.readConstant(checkKeyScheme, wsdKeyScheme, parts[2], "FK")
	r.readKeySet(parts[3])
	if parts[4] != "" {
		r.fail(checkEphemeral, wsdEphemeral, "there is something between the hyphens before the algorithm")
	}
	r.pass(checkEphemeral, "empty")
	r.readConstant(checkAlgorithm, wsdAlgorithm, parts[5], "TDEA")
	block := r.readHex(parts[6])
	r.clear.Add("the string", []byte(strings.Join(parts[:6], "-")))
	if isClearBlock(block, r.parts[0]) {
		r.clear.AddOpen("the block")
	} else {
		r.clear.AddSealed("the block", []byte(parts[6]))
	}
	return wsdString{keySet: parts[3], block: block}, block != nil
}

func (r *wsdReading) readPrefix(text string) {
	other := map[string]bool{mbpac.prefix: true, mbpac.short: true, mbpad.prefix: true, mbpad.short: true}
	switch upper := strings.ToUpper(text); {
	case text == r.prefix:
		r.pass(checkForm, "%s", r.prefix)
	case text == r.short:
		r.fail(checkForm, wsdPrefixShort, "the string begins with %s", r.short)
	case upper == r.prefix, upper == r.short:
		r.fail(checkForm, wsdPrefixCase, "the type is not in capitals")
	case other[upper]:
		r.fail(checkForm, wsdOtherType, "the string is an %s, where an %s belongs", upper, r.prefix)
	default:
		r.fail(checkForm, wsdPrefix, "the string does not begin with %s", r.prefix)
	}
}

func (r *wsdReading) readConstant(check string, k sim.Kind, text, want string) {
	if text != want {
		r.fail(check, k, "it is not %s", want)
	}
	r.pass(check, "%s", want)
}

const binDigits = 6

func (r *wsdReading) readKeySet(text string) {
	rule, index, _ := strings.Cut(text, ".")
	if len(rule) != binDigits || !sim.IsDigits(rule) || !sim.IsDigits(index) || len(index) > 2 {
		r.fail(checkKeySet, wsdKeySetForm, "the key set is not six digits, a dot and an index")
		return
	}
	r.facts.KeySet = text
	r.pass(checkKeySet, "%s", text)
}

// readHex decodes the block; nil if there is nothing to open.
func (r *wsdReading) readHex(text string) []byte {
	block, err := hex.DecodeString(text)
	if err != nil {
		return r.explainHex(text)
	}
	switch {
	case strings.ToUpper(text) != text:
		r.fail(checkHex, wsdHexCase, "the hex is in lower case")
	case len(block)%desBlockBytes != 0, len(block) < 2*desBlockBytes:
		r.fail(checkHex, wsdBlockLength, "the block has %d bytes", len(block))
	}
	r.pass(checkHex, "%d bytes", len(block))
	return wholeBlocks(block)
}

func (r *wsdReading) explainHex(text string) []byte {
	if isHexDigits(text) {
		r.fail(checkHex, wsdHexOdd, "there are %d hex digits", len(text))
		return nil
	}
	block, f := sim.ReadHex(text)
	switch {
	case f == nil:
	case f.Kind == sim.HexBase64:
		r.fail(checkHex, wsdBlockBase64, "the block is base64")
	case f.Kind == sim.HexInvalid:
		r.fail(checkHex, wsdNotHex, "the block is not hex")
	default:
		r.fail(checkHex, f.Kind.Of("wsd_"), "%s", f.Detail)
	}
	return wholeBlocks(block)
}

// wholeBlocks returns nil for what no block cipher made.
func wholeBlocks(data []byte) []byte {
	if len(data)%desBlockBytes != 0 || len(data) < 2*desBlockBytes {
		return nil
	}
	return data
}

func isHexDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}
