package applesim

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// The members of an answer.
const (
	memberActivation = "activationData"
	memberPassData   = "encryptedPassData"
	memberEphemeral  = "ephemeralPublicKey"
	memberWrappedKey = "wrappedKey" // RSA_V2
)

// The checks of an answer, in the order of its layers.
const (
	checkMembers           = "members"
	checkEphemeralEncoding = "key_encoding"
	checkEphemeralPoint    = "key_point"
	checkPassDataEncoding  = "pass_data_encoding"
	checkEncodings         = "encodings"
	checkPassDataOpen      = "pass_data_open"
)

var answerChecks = []string{checkMembers, checkEphemeralEncoding, checkEphemeralPoint, checkPassDataEncoding, checkEncodings, checkPassDataOpen,
	checkPassJSON, checkPassMembers, checkPAN, checkPANLuhn, checkEncryptedPAN, checkNetworkName, checkPANPrefix, checkExpiration, checkNotExpired,
	checkName, checkNonce, checkNonceSignature, checkNoncePair, checkNonceFresh, checkNonceUnused, checkActivationEncoding, checkActivationKind}

// OpenAnswer checks the members of an answer.
func OpenAnswer(members sim.Object, keys Keys) Report {
	return openAnswer(members, members.JSON(), keys)
}

func openAnswer(members sim.Object, given []byte, keys Keys) Report {
	r := newReading(keys, answerChecks, given)
	r.readAnswer(members)
	return r.report(KindAnswer)
}

func (r *reading) readAnswer(members sim.Object) {
	r.readMembers(members)
	ephemeral := r.readEphemeral(members)
	sealed := r.readSealed(members)
	if sealed != nil && ephemeral.point != nil {
		r.open(sealed, ephemeral)
	}
	kind := r.readActivation(members)
	r.matchEncodings(kind)
	if r.keys.Leaf == nil {
		r.Skip("needs the leaf's private key", passChecks...)
	}
}

// readMembers checks that the three members are there: the phone looks no further
// before it sends them to Apple.
func (r *reading) readMembers(members sim.Object) {
	for _, m := range []struct {
		name    string
		missing sim.Kind
	}{{memberPassData, passDataMissing}, {memberEphemeral, ephemeralMissing}, {memberActivation, activationMissing}} {
		text, isText := members.Text(m.name)
		switch {
		case m.name == memberEphemeral && !members.Has(m.name) && members.Has(memberWrappedKey):
			r.Fail(checkMembers, wrappedKeyGiven, "there is wrappedKey, and no ephemeralPublicKey")
		case !members.Has(m.name):
			if other, ok := members.Fold(m.name); ok && other != m.name {
				r.Fail(checkMembers, memberCase, "the member is called %s", sim.Shown(other))
			}
			r.Fail(checkMembers, m.missing, "%s is missing or null", m.name)
		case !isText:
			r.Fail(checkMembers, memberType, "%s is not a JSON string", m.name)
		case text == "":
			r.Fail(checkMembers, m.missing, "%s is empty", m.name)
		}
	}
	r.Pass(checkMembers, "activationData, encryptedPassData and ephemeralPublicKey are there")
}

// ephemeral is the ephemeral public key as it was sent and as it was understood.
type ephemeral struct {
	sent  []byte
	point *ecdh.PublicKey // nil if it could not be understood
}

func (r *reading) readEphemeral(members sim.Object) ephemeral {
	text, ok := members.Text(memberEphemeral)
	if !ok || text == "" {
		return ephemeral{}
	}
	if strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN") {
		return r.readEphemeralPEM(text)
	}
	sent := r.readBytes(checkEphemeralEncoding, memberEphemeral, "ephemeral_key_", text)
	if sent == nil {
		return ephemeral{}
	}
	if strings.HasPrefix(string(sent), "-----BEGIN") {
		return r.readEphemeralPEM(string(sent))
	}
	return ephemeral{sent, r.readPoint(sent)}
}

func (r *reading) readSealed(members sim.Object) []byte {
	text, ok := members.Text(memberPassData)
	if !ok || text == "" {
		return nil
	}
	return r.readBytes(checkPassDataEncoding, memberPassData, "pass_data_", text)
}

// readBytes decodes hex or base64. Text of this length that is all hex digits is not
// base64 by chance.
func (r *reading) readBytes(check, member, layer, text string) []byte {
	var data []byte
	marked, marks := sim.ReadHex(text)
	if half, doubled := sim.Halved(text); doubled && len(half) >= minDoubledChars {
		r.Fail(check, encodedDoubled.Of(layer), "it is two times the same %d characters", len(half))
		return r.readBytes(check, member, layer, half)
	}
	if isHex(text) {
		if len(text)%2 != 0 {
			r.Fail(check, hexOdd.Of(layer), "%d hex digits", len(text))
			return nil
		}
		data, _ = hex.DecodeString(text)
		r.usedAs[member] = Hex
	} else if marks != nil && slices.Contains([]sim.Kind{sim.HexPrefix, sim.HexLineBreaks, sim.HexSeparators}, marks.Kind) {
		r.Fail(check, marks.Kind.Of(layer), "%s", marks.Detail)
		r.usedAs[member] = Hex
		data = marked
	} else {
		var f *sim.Finding
		data, f = sim.ReadOneBase64(text)
		if f != nil {
			r.Fail(check, f.Kind.Of(layer), "%s", f.Detail)
		}
		r.usedAs[member] = Base64
	}
	if inner, k := innerText(data); inner != nil {
		r.Fail(check, k.Of(layer), "the decoded bytes are text of %d bytes", len(inner))
		return inner
	}
	if data != nil {
		r.Pass(check, "%s of %d bytes", r.usedAs[member], len(data))
	}
	return data
}

// minDoubledChars is the length from which half a value could be one.
const minDoubledChars = 2 * pointBytes

// minInnerText is the length from which random bytes are not taken for text.
const minInnerText = 24

// innerText finds another layer of encoding; inner is nil without one.
func innerText(data []byte) (inner []byte, k sim.Kind) {
	text := string(data)
	if len(text) < minInnerText {
		return nil, sim.Kind{}
	}
	if isHex(text) {
		if inner, err := hex.DecodeString(text); err == nil {
			return inner, encodedBase64OfHex
		}
	}
	return sim.DecodeOrNil(base64.StdEncoding, text), encodedTwice
}

func isHex(text string) bool {
	return text != "" && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

// matchEncodings compares the encodings with those that the API documents for the
// scheme of the card or, if it stayed closed, of the activation data.
func (r *reading) matchEncodings(activation walletport.SchemeID) {
	used, other := r.usedAs[memberPassData], r.usedAs[memberEphemeral]
	if used == "" || other == "" {
		return
	}
	if used != other {
		r.Fail(checkEncodings, encodingMixed, "encryptedPassData is %s, ephemeralPublicKey is %s", used, other)
		return
	}
	r.facts.Encoding = string(used)
	scheme := r.card.scheme
	if scheme == "" {
		scheme = activation
	}
	want, known := r.keys.encodings()[scheme]
	switch {
	case !known:
		r.Skip("the scheme could not be told", checkEncodings)
	case used == want:
		r.Pass(checkEncodings, "%s, as documented for %s", used, scheme)
	case scheme == walletport.Visa && used == Hex:
		r.Fail(checkEncodings, encodingHex, "hex, where %s is documented for Visa", want)
	case scheme == walletport.Mastercard && used == Base64:
		r.Fail(checkEncodings, encodingBase64, "base64, where %s is documented for Mastercard", want)
	default:
		r.Fail(checkEncodings, encodingOther, "%s, where %s is documented for %s", used, want, scheme)
	}
}
