package applesim

import (
	"encoding/hex"
	"strings"

	"github.com/walletport/walletport/sim"
)

// The checks of nonce and signature.
const (
	checkNonce          = "nonce"
	checkNonceSignature = "nonce_signature"
	checkNoncePair      = "nonce_pair"
	checkNonceFresh     = "nonce_fresh"
	checkNonceUnused    = "nonce_unused"
)

const noteUnknownNonce = "the nonce is none that this wallet handed out: taken as the app's own"

// hexMember is how a member of hex text is judged.
type hexMember struct {
	check, layer       string
	upper, base64, bad sim.Kind
}

var (
	nonceMember     = hexMember{checkNonce, "nonce_", nonceUpperCase, nonceBase64, nonceForm}
	signatureMember = hexMember{checkNonceSignature, "nonce_signature_", signatureUpperCase, signatureBase64, signatureForm}
)

// readHex returns the bytes as lower-case hex, "" if they could not be read.
func (r *reading) readHex(m hexMember, text string) string {
	if text == "" {
		return "" // named among the members
	}
	lower := strings.ToLower(text)
	data, err := hex.DecodeString(lower)
	switch {
	case err != nil:
		return r.readNotHex(m, text)
	case lower != text:
		r.Fail(m.check, m.upper, "%d bytes in upper-case hex", len(data))
	}
	r.Pass(m.check, "%d bytes in lower-case hex", len(data))
	return lower
}

func (r *reading) readNotHex(m hexMember, text string) string {
	data, f := sim.ReadHex(text)
	switch f.Kind {
	case sim.HexInvalid:
		r.Fail(m.check, m.bad, "%d characters that are not hex", len(text))
	case sim.HexBase64:
		r.Fail(m.check, m.base64, "%d bytes in base64", len(data))
	default:
		r.Fail(m.check, f.Kind.Of(m.layer), "%s", f.Detail)
	}
	return hex.EncodeToString(data)
}

// areSwapped tells nonce and signature by their form alone: the signature is the longer
// one, and begins with 40.
func areSwapped(nonce, signature string) bool {
	return signature != "" && len(nonce) > len(signature) && strings.HasPrefix(nonce, hex.EncodeToString([]byte{signatureFirstByte}))
}

// readNonces checks the nonce and its signature against those of the callback.
func (r *reading) readNonces(nonceText, signatureText string) {
	nonce, signature := r.readHex(nonceMember, nonceText), r.readHex(signatureMember, signatureText)
	r.facts.NonceBytes, r.facts.SignatureBytes = len(nonce)/2, len(signature)/2
	if nonce == "" || signature == "" {
		return
	}
	r.nonce = nonce
	r.matchPair(nonce, signature)
	r.checkUnused(nonce)
}

// matchPair compares with what the caller says was handed out, else with what this
// wallet handed out. An app may have its nonce from elsewhere: from none of the two
// follows nothing.
func (r *reading) matchPair(nonce, signature string) {
	pair, handedOut := findPair(r.keys.handedOut, nonce, signature)
	switch {
	case r.keys.Nonce != "":
		r.comparePair(nonce, signature, strings.ToLower(r.keys.Nonce), strings.ToLower(r.keys.NonceSignature))
	case handedOut:
		r.comparePair(nonce, signature, pair.Key, pair.Value)
	case areSwapped(nonce, signature):
		r.Fail(checkNoncePair, nonceSwapped, "the nonce is longer than its signature: they stand in each other's place")
	case r.keys.handedOut != nil:
		r.Drop(checkNoncePair)
		r.note(noteUnknownNonce)
	default:
		r.Skip("needs the nonce that was handed out", checkNoncePair)
	}
	if !handedOut {
		r.Drop(checkNonceFresh)
		return
	}
	if r.now.Sub(pair.At) > nonceLifetime {
		r.Fail(checkNonceFresh, nonceExpired, "the nonce was handed out at %s", utc(&pair.At))
	}
	r.Pass(checkNonceFresh, "handed out less than 5 minutes ago")
}

// comparePair compares with the pair of the callback; of a signature that was not
// given nothing is asked.
func (r *reading) comparePair(nonce, signature, wantNonce, wantSignature string) {
	switch {
	case nonce == wantSignature && signature == wantNonce:
		r.Fail(checkNoncePair, nonceSwapped, "nonce and nonceSignature stand in each other's place")
	case nonce != wantNonce:
		r.Fail(checkNoncePair, nonceOther, "the nonce is not that of the callback")
	case wantSignature != "" && signature != wantSignature:
		r.Fail(checkNoncePair, signatureOther, "the nonce is that of the callback, its signature is not")
	}
	r.Pass(checkNoncePair, "those of the callback")
}

func (r *reading) checkUnused(nonce string) {
	if r.keys.NonceUsed == nil {
		r.Skip("needs the nonces used before", checkNonceUnused)
		return
	}
	if r.keys.NonceUsed(nonce) {
		r.Fail(checkNonceUnused, nonceUsed, "the nonce was used before")
	}
	r.Pass(checkNonceUnused, "not used before")
}
