package applesim

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

const (
	checkActivationEncoding = "activation_base64"
	checkActivationKind     = "activation_kind"
)

// readActivation checks the outside of activationData: PassKit takes the bytes, the
// API carries them in base64, once. What is inside is for the scheme to judge. It
// returns the scheme whose kind of activation data it is.
func (r *reading) readActivation(members sim.Object) walletport.SchemeID {
	text, ok := members.Text(memberActivation)
	if !ok || text == "" {
		return ""
	}
	data := r.decodeActivation(text)
	if data == nil {
		return ""
	}
	scheme := r.readActivationKind(string(data))
	if scheme == "" {
		return ""
	}
	r.activation = data
	if r.card.scheme != "" && r.card.scheme != scheme {
		r.Fail(checkActivationKind, activationOther, "a %s beside a card of %s", r.facts.Activation, r.card.scheme)
	}
	r.Pass(checkActivationKind, "a %s", r.facts.Activation)
	return scheme
}

func (r *reading) decodeActivation(text string) []byte {
	switch {
	case sim.LooksLikeJSON([]byte(text)):
		r.Fail(checkActivationEncoding, activationPlainJSON, "activationData is JSON, not base64 of it")
		return []byte(text)
	case strings.HasPrefix(text, "MBPA"):
		r.Fail(checkActivationEncoding, activationPlainMBPAC, "activationData is the MBPAC string, not base64 of it")
		return []byte(text)
	}
	if data, err := hex.DecodeString(text); err == nil && isActivation(data) {
		r.Fail(checkActivationEncoding, sim.Base64Hex.Of("activation_data_"), "activationData is hex")
		return data
	}
	data, f := sim.ReadOneBase64(text)
	if f != nil {
		r.Fail(checkActivationEncoding, f.Kind.Of("activation_data_"), "%s", f.Detail)
	}
	if data == nil {
		return nil
	}
	if inner := sim.DecodeOrNil(base64.StdEncoding, string(data)); isActivation(inner) {
		r.Fail(checkActivationEncoding, activationTwice, "the decoded text is base64 again")
		data = inner
	}
	r.Pass(checkActivationEncoding, "standard base64 of %d bytes", len(data))
	return data
}

func isActivation(data []byte) bool {
	return sim.LooksLikeJSON(data) || strings.HasPrefix(string(data), "MBPA")
}

// readActivationKind names the scheme, "" for what is no activation data.
func (r *reading) readActivationKind(text string) walletport.SchemeID {
	switch {
	case strings.HasPrefix(text, "MBPAD"):
		r.Fail(checkActivationKind, activationMBPAD, "it is an MBPAD")
	case strings.HasPrefix(text, "MBPAC"):
		r.facts.Activation = "MBPAC"
		return walletport.Visa
	case sim.LooksLikeJSON([]byte(text)) && (strings.Contains(text, `"cardInfo"`) || strings.Contains(text, `"fundingAccountInfo"`)):
		r.Fail(checkActivationKind, activationIIDD, "it is digitization data")
	case sim.LooksLikeJSON([]byte(text)):
		r.facts.Activation = "TAV"
		return walletport.Mastercard
	case strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 4:
		r.Fail(checkActivationKind, activationJWE, "it is a compact JWE")
	case strings.HasPrefix(text, "nonce="): // what an MBPAC should hold
		r.clear.AddOpen(memberActivation)
		fallthrough
	default:
		r.Fail(checkActivationKind, activationUnknown, "it is neither an MBPAC nor JSON")
	}
	return ""
}
