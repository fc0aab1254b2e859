package vtssim

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/walletport/walletport/sim"
)

// The checks of a push payload, in the order of its layers.
const (
	checkInput        = "input"
	checkOuter        = "outer"
	checkLength       = "length"
	checkSegments     = "segments"
	checkBase64URL    = "base64url"
	checkHeader       = "header"
	checkAlg          = "alg"
	checkEnc          = "enc"
	checkTyp          = "typ"
	checkKid          = "kid"
	checkChannel      = "channel"
	checkIat          = "iat"
	checkWrapIV       = "wrap_iv"
	checkWrapTag      = "wrap_tag"
	checkEncryptedKey = "encrypted_key"
	checkIV           = "content_iv"
	checkCiphertext   = "ciphertext"
	checkTag          = "content_tag"
	checkKidKnown     = "kid_known"
	checkUnwrap       = "key_unwrap"
	checkDecrypt      = "decrypt"
	checkPlaintext    = "plaintext"
	checkPAN          = "pan"
	checkPANLuhn      = "pan_luhn"
	checkPANVisa      = "pan_visa"
	checkExpiry       = "expiry"
	checkNotExpired   = "not_expired"
	checkProvider     = "provider"
	checkIntent       = "intent"
	checkWallet       = "wallet_provider"
	checkAccountID    = "client_account_id"
	checkDeviceID     = "client_device_id"
	checkAppID        = "client_app_id"
	checkIDnV         = "idnv"
	checkFields       = "fields"
	checkAddress      = "billing_address"
)

var (
	openedChecks   = []string{checkKidKnown, checkUnwrap, checkDecrypt}
	numberChecks   = []string{checkPAN, checkPANLuhn, checkPANVisa, checkExpiry, checkNotExpired}
	providerChecks = []string{checkIntent, checkWallet, checkAccountID, checkDeviceID, checkAppID, checkIDnV}
	cardChecks     = join([]string{checkPlaintext}, numberChecks, []string{checkProvider}, providerChecks, []string{checkFields, checkAddress})
	pushChecks     = join([]string{checkOuter, checkLength, checkSegments, checkBase64URL, checkHeader, checkAlg, checkEnc, checkTyp, checkKid, checkChannel,
		checkIat, checkWrapIV, checkWrapTag, checkEncryptedKey, checkIV, checkCiphertext, checkTag}, openedChecks, cardChecks)
)

func join(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// maxJWEChars is the longest push payload that VTS takes.
const maxJWEChars = 8162

// jwe is a compact JWE, decoded from base64url.
type jwe struct {
	protected string // the first segment as sent: the additional data
	header    sim.Object
	kid       string
	wrapIV    []byte // of the header
	wrapTag   []byte // of the header
	key       []byte // the wrapped content key
	iv        []byte
	data      []byte
	tag       []byte
}

// readPush checks the text of a push payload, and opens it if the keys are there.
func (r *reading) readPush(given string) {
	text, ok := r.readOuter(given)
	r.collect(given, ok)
	if !ok {
		return
	}
	r.Pass(checkOuter, "a compact JWE without anything around it")
	if len(text) > maxJWEChars {
		r.Fail(checkLength, tooLong, "the JWE has %d characters", len(text))
	}
	r.Pass(checkLength, "%d characters", len(text))
	if half, doubled := sim.Halved(text); doubled && strings.Contains(half, ".") {
		r.Fail(checkSegments, segmentsDoubled, "the JWE stands there twice")
		text = half
	}
	segments := strings.Split(text, ".")
	if len(segments) != jweSegments {
		r.explainSegments(segments)
		return
	}
	r.Pass(checkSegments, "five")
	m, ok := r.readSegments(segments)
	if !ok {
		r.clear.Add("", []byte(text))
		return
	}
	r.readHeader(&m)
	r.readParts(&m)
	r.openPush(m)
}

// collect takes what is no compact JWE into the search for card data: JSON that is
// neither a JWE nor Mastercard's is the card, and should have been encrypted.
func (r *reading) collect(given string, isJWE bool) {
	isJSON := sim.LooksLikeJSON([]byte(strings.TrimLeft(given, `"'\`)))
	switch {
	case len(given) > maxInputBytes:
	case isJSON && !isJWE && !isMDES(given):
		r.clear.AddSealed("", []byte(given))
	case isJSON, !isJWE:
		r.clear.Add("", []byte(given))
	}
}

const jweSegments = 5

// explainSegments names what has not five segments. A signed token has three, and its
// second can be read by anyone.
func (r *reading) explainSegments(segments []string) {
	const ofJWS = 3
	switch len(segments) {
	case ofJWS:
	case 1:
		r.clear.AddSealed("", []byte(segments[0]))
		r.Fail(checkSegments, segmentsCount, "there is one segment")
		return
	default:
		r.clear.Add("", []byte(strings.Join(segments, ".")))
		r.Fail(checkSegments, segmentsCount, "there are %d segments", len(segments))
		return
	}
	r.clear.Add("the header", []byte(segments[0]))
	r.clear.AddSealed("the second segment", []byte(segments[1]))
	r.Fail(checkSegments, segmentsJWS, "there are three segments")
}

// readOuter takes off what should not be around a compact JWE.
func (r *reading) readOuter(text string) (string, bool) {
	switch {
	case text == "":
		r.Fail(checkOuter, inputEmpty, "the payload is empty")
		return "", false
	case len(text) > maxInputBytes:
		r.Fail(checkOuter, inputTooLarge, "the payload is longer than %d bytes", maxInputBytes)
		return "", false
	}
	if plain := strings.Join(strings.Fields(text), ""); plain != text && !sim.LooksLikeJSON([]byte(text)) {
		r.Fail(checkOuter, outerSpaces, "there is white space in or around the JWE")
		text = plain
	}
	if plain, ok := strings.CutPrefix(text, "\ufeff"); ok {
		r.Fail(checkOuter, outerMark, "the payload starts with a byte order mark")
		text = plain
	}
	if plain := strings.Trim(text, "\"'\\"); plain != text {
		r.Fail(checkOuter, outerQuotes, "there are quotes around the payload")
		text = plain
	}
	switch {
	case looksLikeWSD(text):
		r.Fail(checkOuter, outerWSD, "the payload is an MBPAC or MBPAD string")
		return "", false
	case sim.LooksLikeJSON([]byte(text)):
		return r.readJSONSerialization(text)
	case strings.Contains(text, "."):
		return text, true
	}
	return r.readOuterBase64(text)
}

// readOuterBase64 undoes base64 around a JWE.
func (r *reading) readOuterBase64(text string) (string, bool) {
	inner := decodeText(text)
	twice := decodeText(inner)
	switch {
	case looksLikeWSD(inner):
		r.Fail(checkOuter, outerWSD, "the payload is base64 of an MBPAC or MBPAD string")
		return "", false
	case strings.Contains(inner, ".") && r.keys.AllowBase64:
		r.note("the JWE stands in base64; wallets take it bare")
		return inner, true
	case strings.Contains(inner, "."):
		r.Fail(checkOuter, outerBase64, "the JWE stands in base64")
		return inner, true
	case strings.Contains(twice, "."):
		r.Fail(checkOuter, outerTwice, "the JWE stands in base64 of base64")
		return twice, true
	case isMDES(inner):
		r.Fail(checkOuter, outerMDES, "the payload is base64 of a Mastercard object")
		return "", false
	}
	return text, true // one segment; named by the check of the segments
}

// decodeText returns what base64 of any kind holds, "" if it is no text.
func decodeText(text string) string {
	data, _ := sim.ReadOneBase64(text)
	if !isASCII(data) {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func isASCII(data []byte) bool {
	for _, b := range data {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' || b > '~' {
			return false
		}
	}
	return len(data) > 0
}

func isMDES(text string) bool {
	return strings.Contains(text, `"cardInfo"`) || strings.Contains(text, `"fundingAccountInfo"`)
}

// readJSONSerialization turns the JSON serialization of a JWE into the compact one.
func (r *reading) readJSONSerialization(text string) (string, bool) {
	members, _ := sim.ReadObject([]byte(text))
	var parts [jweSegments]string
	for i, name := range []string{"protected", "encrypted_key", "iv", "ciphertext", "tag"} {
		parts[i], _ = members.Text(name)
	}
	if parts[1] == "" {
		parts[1] = recipientKey(members)
	}
	switch {
	case parts[0] != "" && parts[3] != "":
		r.Fail(checkOuter, outerJSON, "the payload is a JWE in JSON")
		return strings.Join(parts[:], "."), true
	case isMDES(text):
		r.Fail(checkOuter, outerMDES, "the payload is a Mastercard object")
	default:
		r.Fail(checkOuter, outerJSON, "the payload is JSON")
	}
	return "", false
}

// recipientKey is the wrapped key of the general JSON serialization.
func recipientKey(members sim.Object) string {
	var recipients []struct {
		Key string `json:"encrypted_key"`
	}
	if json.Unmarshal(members["recipients"], &recipients) != nil || len(recipients) == 0 {
		return ""
	}
	return recipients[0].Key
}

// readSegments decodes the segments. What is wrong with one is named and undone.
func (r *reading) readSegments(segments []string) (jwe, bool) {
	m := jwe{protected: segments[0]}
	var header []byte
	sizes := [jweSegments]int{0, keyBytes, gcmIVBytes, 0, gcmTagBytes}
	for i, to := range []*[]byte{&header, &m.key, &m.iv, &m.data, &m.tag} {
		data, f := readBase64URL(segments[i], sizes[i])
		if f != nil {
			r.Fail(checkBase64URL, f.Kind, "segment %d: %s", i+1, f.Detail)
		}
		if data == nil && segments[i] != "" {
			return jwe{}, false
		}
		*to = data
	}
	r.Pass(checkBase64URL, "every segment is unpadded base64url")
	r.clear.Add("the header", header)
	r.clear.AddSealed("the ciphertext", m.data)
	r.clear.Add("the encrypted key", m.key)
	r.clear.Add("the IV", m.iv)
	r.clear.Add("the tag", m.tag)
	members, f := sim.ReadObject(header)
	if f != nil {
		r.Fail(checkHeader, f.Kind.Of(layerHeader), "%s", f.Detail)
		return jwe{}, false
	}
	r.Pass(checkHeader, "one JSON object of %d bytes", len(header))
	m.header = members
	return m, true
}

const (
	layerHeader    = "header_"
	layerPlaintext = "plaintext_"
	layerWrap      = "wrap_"
	layerContent   = "content_"
)

// readBase64URL decodes base64url, unpadded. Of other spellings the finding says
// what they are, and what they stand for is returned. Hex of the expected size is
// base64url as well, of one and a half times that size.
func readBase64URL(text string, size int) ([]byte, *sim.Finding) {
	if data, err := hex.DecodeString(text); err == nil && len(data) == size && size > 0 {
		return data, &sim.Finding{Kind: segmentHex, Detail: "it is hex"}
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err == nil && !strings.ContainsAny(text, "\r\n") { // which Go's decoder skips
		return data, nil
	}
	plain := strings.TrimRight(text, "=")
	switch {
	case strings.ContainsAny(plain, "+/") && sim.DecodeOrNil(base64.RawStdEncoding, plain) != nil:
		data = sim.DecodeOrNil(base64.RawStdEncoding, plain)
		return data, &sim.Finding{Kind: segmentStd, Detail: "the alphabet with + and / was used"}
	case plain != text && sim.DecodeOrNil(base64.RawURLEncoding, plain) != nil:
		data = sim.DecodeOrNil(base64.RawURLEncoding, plain)
		return data, &sim.Finding{Kind: segmentPadded, Detail: "there is = padding at the end"}
	}
	return nil, &sim.Finding{Kind: segmentInvalid, Detail: "it is not base64url"}
}
