package mdessim

import (
	"github.com/walletport/walletport/sim"
)

const checkActivation = "activation_data"

// enrolmentChecks are those of a card in clear with a separate TAV. The TAV comes
// as bytes, so its length and base64 are not checked.
var enrolmentChecks = join([]string{checkPAN, checkPANLuhn, checkExpiry, checkNotExpired, checkTAVPresent, checkActivation}, tavChecks[2:])

// readEnrolment checks card and activation data of a wallet that opened the card
// itself.
func (r *reading) readEnrolment(e sim.Enrolment) {
	if e.EncryptedNumber != "" {
		r.Fail(checkPAN, panEncrypted, "the pass data holds an encrypted number")
		return
	}
	r.judgePAN(e.Card.Number.Clear())
	if mmyy := e.Card.ExpiryMMYY; len(mmyy) == 4 {
		r.judgeExpiry(mmyy[:2], mmyy[2:])
	} else {
		r.Fail(checkExpiry, expiryMissing, "the card has no expiry")
	}
	if len(e.ActivationData) == 0 {
		r.Fail(checkTAVPresent, tavMissing, "there is no activation data: the token starts inactive")
		r.Drop(checkActivation)
		r.Drop(tavChecks...)
		return
	}
	r.Pass(checkTAVPresent, "%d bytes of activation data", len(e.ActivationData))
	r.readActivation(e.ActivationData)
}

// readActivation takes the JSON bytes of a TAV. Their base64 is what an app hands
// on that passes the API's text to the wallet undecoded.
func (r *reading) readActivation(data []byte) {
	if !sim.LooksLikeJSON(data) {
		inner, _ := sim.ReadBase64(string(data))
		if !sim.LooksLikeJSON(inner) {
			r.Fail(checkActivation, activationForm, "the activation data is neither JSON nor base64 of it")
			return
		}
		r.Fail(checkActivation, activationBase64, "the activation data is the base64 text, not the bytes in it")
		data = inner
	}
	r.Pass(checkActivation, "%d bytes of JSON", len(data))
	r.readTAVJSON(data)
}
