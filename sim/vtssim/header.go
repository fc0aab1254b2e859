package vtssim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport/sim"
)

// Sizes of A256GCMKW and A256GCM, RFC 7518 sections 4.7 and 5.3, in bytes.
const (
	gcmIVBytes  = 12
	gcmTagBytes = 16
	keyBytes    = 32
)

const (
	algRight     = "A256GCMKW"
	encRight     = "A256GCM"
	channelRight = "SHARED_SECRET"
)

// readHeader checks the protected header.
func (r *reading) readHeader(m *jwe) {
	r.readAlg(m.header)
	r.readEnc(m.header)
	r.readTyp(m.header)
	m.kid = r.readKid(m.header)
	r.readChannel(m.header)
	r.readIat(m.header)
}

func (r *reading) readAlg(header sim.Object) {
	text, _ := header.Text("alg")
	switch {
	case text == algRight:
		r.facts.KeyManagement = algRight
		r.Pass(checkAlg, "%s", algRight)
	case text == "":
		r.Fail(checkAlg, algMissing, "alg is missing, empty or not a JSON string")
	case strings.HasPrefix(text, "RSA"):
		r.Fail(checkAlg, algRSA, "alg is %s", known(text))
	default:
		r.Fail(checkAlg, algOther, "alg is %s", known(text))
	}
}

func (r *reading) readEnc(header sim.Object) {
	text, _ := header.Text("enc")
	switch {
	case text == "":
		r.Fail(checkEnc, encMissing, "enc is missing, empty or not a JSON string")
	case text == "A128GCM":
		r.Fail(checkEnc, encShort, "enc is A128GCM")
	case text != encRight:
		r.Fail(checkEnc, encOther, "enc is %s", known(text))
	case header.Has("zip"):
		r.Fail(checkEnc, zipPresent, "the header names a compression")
	default:
		r.facts.ContentEncryption = encRight
		r.Pass(checkEnc, "%s", encRight)
	}
}

// wrongConstants are values that are taken for alg, enc or typ. Others are not
// repeated: they could be anything.
var wrongConstants = []string{"RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "dir", "A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW",
	"ECDH-ES", "ECDH-ES+A256KW", "A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512", "JWT", "JWE", "JOSE+JSON"}

func known(text string) string {
	if slices.Contains(wrongConstants, text) {
		return text
	}
	return "another value"
}

func (r *reading) readTyp(header sim.Object) {
	text, _ := header.Text("typ")
	switch {
	case !header.Has("typ"):
		r.Pass(checkTyp, "absent")
	case text == "JOSE":
		r.Pass(checkTyp, "JOSE")
	default:
		r.Fail(checkTyp, typWrong, "typ is %s", known(text))
	}
}

func (r *reading) readKid(header sim.Object) string {
	text, ok := header.Text("kid")
	switch {
	case !header.Has("kid"), ok && text == "":
		r.Fail(checkKid, kidMissing, "kid is missing, null or empty")
		return ""
	case !ok:
		r.Fail(checkKid, kidNotString, "kid is not a JSON string")
		return ""
	case slices.Contains(r.keys.RequestKeys, text):
		r.Fail(checkKid, kidRequest, "kid is an API key that signs requests")
	}
	r.facts.KeyID = shownKeyID(text)
	r.Pass(checkKid, "%d characters", len(text))
	return text
}

func (r *reading) readChannel(header sim.Object) {
	text, _ := header.Text("channelSecurityContext")
	switch {
	case !header.Has("channelSecurityContext"):
		r.Pass(checkChannel, "absent")
	case text == channelRight:
		r.Pass(checkChannel, "%s", channelRight)
	case text == "RSA_PKI":
		r.Fail(checkChannel, channelRSA, "channelSecurityContext is RSA_PKI")
	default:
		r.Fail(checkChannel, channelOther, "channelSecurityContext is neither SHARED_SECRET nor RSA_PKI")
	}
}

// Unix seconds have ten digits until 2286, milliseconds thirteen.
const (
	lastSecond  = 253_402_300_799 // of the year 9999
	firstMillis = 1_000_000_000_000
	clockSkew   = 5 * time.Minute // that two good clocks may differ by, with some patience
)

// readIat takes iat as a number or as text; both are in the field.
func (r *reading) readIat(header sim.Object) {
	if !header.Has("iat") {
		r.Fail(checkIat, iatMissing, "there is no iat")
		return
	}
	text, isText := header.Text("iat")
	if !isText {
		text = string(header["iat"])
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || seconds <= 0:
		r.Fail(checkIat, iatForm, "iat is not a whole number of seconds")
		return
	case seconds >= firstMillis && seconds/1000 <= lastSecond:
		r.Fail(checkIat, iatMillis, "iat has %d digits: milliseconds", len(text))
		seconds /= 1000
	case seconds > lastSecond:
		r.Fail(checkIat, iatForm, "iat is no time of a calendar")
		return
	}
	at := time.Unix(seconds, 0)
	r.facts.IssuedAt = &at
	switch age := r.now.Sub(at); {
	case age < -clockSkew:
		r.Fail(checkIat, iatFuture, "iat is %s, after now", utc(&at))
	case r.keys.isStale(age):
		r.Fail(checkIat, iatStale, "iat is %s, more than %s ago", utc(&at), r.keys.MaxAge)
	}
	r.Pass(checkIat, "%s", utc(&at))
}

// readParts checks the sizes of the binary parts.
func (r *reading) readParts(m *jwe) {
	m.wrapIV = r.headerBytes(m.header, "iv", checkWrapIV, gcmIVBytes)
	m.wrapTag = r.headerBytes(m.header, "tag", checkWrapTag, gcmTagBytes)
	r.splitWrapTag(m)
	m.wrapIV = r.readIV(checkWrapIV, layerWrap, m.wrapIV)
	r.readTag(checkWrapTag, layerWrap, m.wrapTag)
	switch n := len(m.key); {
	case n == 0:
		r.Fail(checkEncryptedKey, keyEmpty, "the second segment is empty")
	case n != keyBytes:
		r.Fail(checkEncryptedKey, keyLength, "the wrapped key has %d bytes", n)
	}
	r.Pass(checkEncryptedKey, "%d bytes", keyBytes)
	m.iv = r.readIV(checkIV, layerContent, m.iv)
	if len(m.data) == 0 {
		r.Fail(checkCiphertext, contentMissing, "the fourth segment is empty")
	}
	r.Pass(checkCiphertext, "%d bytes", len(m.data))
	r.splitContentTag(m)
	r.readTag(checkTag, layerContent, m.tag)
}

// headerBytes decodes a member of the header from base64url.
func (r *reading) headerBytes(header sim.Object, name, check string, size int) []byte {
	text, ok := header.Text(name)
	if !ok {
		return nil
	}
	data, f := readBase64URL(text, size)
	if f != nil {
		r.Fail(check, f.Kind, "the header's %s: %s", name, f.Detail)
	}
	return data
}

// splitWrapTag takes the tag off a wrapped key that has room for both, where GCM
// implementations leave it.
func (r *reading) splitWrapTag(m *jwe) {
	if len(m.key) != keyBytes+gcmTagBytes {
		return
	}
	r.Fail(checkWrapTag, tagAppended.Of(layerWrap), "the second segment has 48 bytes: key and tag")
	m.key, m.wrapTag = m.key[:keyBytes], m.key[keyBytes:]
}

// splitContentTag does the same for a ciphertext, whose length tells nothing: the
// tag's own place is empty, or repeats the end.
func (r *reading) splitContentTag(m *jwe) {
	if len(m.data) <= gcmTagBytes {
		return
	}
	rest, end := m.data[:len(m.data)-gcmTagBytes], m.data[len(m.data)-gcmTagBytes:]
	switch {
	case len(m.tag) == 0:
		r.Fail(checkTag, tagMissing.Of(layerContent), "the fifth segment is empty; the tag may stand at the end of the fourth")
	case string(m.tag) == string(end):
		r.Fail(checkTag, tagAppended.Of(layerContent), "the tag stands at the end of the ciphertext too")
	default:
		return
	}
	m.data, m.tag = rest, end
}

// readIV checks an IV. Where the text of bytes stands instead of bytes, there is
// nothing to go on with.
func (r *reading) readIV(check, layer string, iv []byte) []byte {
	switch n := len(iv); {
	case n == 0:
		r.Fail(check, ivMissing.Of(layer), "there is no IV")
	case isJavaObject(iv):
		r.Fail(check, ivJava.Of(layer), "the IV is the text of a Java object")
		return nil
	case n == 16:
		r.Fail(check, ivSixteen.Of(layer), "the IV has 16 bytes")
	case n != gcmIVBytes:
		r.Fail(check, ivLength.Of(layer), "the IV has %d bytes", n)
	}
	r.Pass(check, "%d bytes", gcmIVBytes)
	return iv
}

// isJavaObject recognises what Object.toString prints, also in base64 once more.
func isJavaObject(data []byte) bool {
	text := string(data)
	for range 2 {
		if strings.HasPrefix(text, "javax.crypto.spec.") || strings.HasPrefix(text, "[B@") {
			return true
		}
		text = decodeText(text)
	}
	return false
}

func (r *reading) readTag(check, layer string, tag []byte) {
	switch n := len(tag); {
	case n == 0:
		r.Fail(check, tagMissing.Of(layer), "there is no tag")
	case n != gcmTagBytes:
		r.Fail(check, tagLength.Of(layer), "the tag has %d bytes", n)
	}
	r.Pass(check, "%d bytes", gcmTagBytes)
}

// decodesTo reports whether raw is a JSON value of T.
func decodesTo[T any](raw json.RawMessage, to *T) bool {
	return len(raw) > 0 && !sim.IsNull(raw) && json.Unmarshal(raw, to) == nil
}
