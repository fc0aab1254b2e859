package vtssim

import (
	"strings"

	"github.com/walletport/walletport/sim"
)

const (
	checkActivation = "activation_data"
	checkPrefix     = "number_prefix"
)

// enrolmentChecks are those of a card, in clear or as MBPAD, with a separate MBPAC.
var enrolmentChecks = join(mbpad.checks(), []string{checkPrefix, checkActivation}, mbpac.checks())

// OpenEnrolment checks a card that a wallet opened, in clear or as MBPAD, and its
// MBPAC, without making a token. The nonce is that of the enrolment.
func OpenEnrolment(e sim.Enrolment, keys Keys) Report {
	return openEnrolment(e, keys).report(KindEnrolment)
}

func openEnrolment(e sim.Enrolment, keys Keys) *reading {
	keys.Nonce = e.Nonce
	r := newReading(keys, enrolmentChecks, e.Nonce)
	r.clear.Add("the answer", e.Answer)
	r.readEnrolment(e)
	return r
}

// readEnrolment checks card and activation data of a wallet that opened the pass
// data itself.
func (r *reading) readEnrolment(e sim.Enrolment) {
	if e.EncryptedNumber != "" {
		r.readWSD(mbpad, e.EncryptedNumber)
		r.matchPrefix(e.NumberPrefix)
	} else {
		r.Drop(mbpad.layered(join(stringChecks, blockChecks, mbpad.ownChecks))...)
		r.Drop(checkPrefix)
		r.readClearCard(e.Card)
	}
	if len(e.ActivationData) == 0 {
		r.Fail(checkActivation, wsdMissing, "there is no activation data: the token starts inactive")
		r.Drop(mbpac.checks()...)
		return
	}
	r.readActivation(string(e.ActivationData))
	if e.Nonce == "" {
		r.Fail(mbpac.layer+checkNonceSame, nonceNone, "the wallet gave no nonce")
	}
}

func (r *reading) readClearCard(c sim.Card) {
	if c.Number.Clear() == "" {
		r.Fail(checkPAN, enrolmentNoCard, "there is no card")
		return
	}
	r.judgePAN(c.Number.Clear())
	if len(c.ExpiryMMYY) != 4 {
		r.Fail(checkExpiry, expiryMissing, "the card has no expiry")
		return
	}
	r.judgeExpiry(c.ExpiryMMYY[:2], "20"+c.ExpiryMMYY[2:])
}

// matchPrefix compares the digits that stand in clear beside an encrypted number.
func (r *reading) matchPrefix(prefix string) {
	number := r.card.number.Clear()
	switch {
	case number == "":
		return
	case len(prefix) < 6 || len(prefix) > 8 || !strings.HasPrefix(number, prefix):
		r.Fail(checkPrefix, prefixOther, "the prefix is not the first six to eight digits of the encrypted number")
	}
	r.Pass(checkPrefix, "the first %d digits of the encrypted number", len(prefix))
}

// readActivation takes the ASCII bytes of an MBPAC. Their base64 is what an app
// hands on that passes the API's text to the wallet undecoded.
func (r *reading) readActivation(text string) {
	inner := decodeText(text)
	twice := decodeText(inner)
	switch {
	case looksLikeWSD(text):
	case looksLikeWSD(inner):
		r.Fail(checkActivation, wsdBase64, "the activation data is the base64 text, not the bytes in it")
		text = inner
	case looksLikeWSD(twice):
		r.Fail(checkActivation, wsdBase64Twice, "the activation data is base64 of base64")
		text = twice
	case isClearBlock([]byte(text), mbpac.parts[0]), isClearBlock([]byte(inner), mbpac.parts[0]):
		r.clear.AddOpen("the activation data")
	case sim.LooksLikeJSON([]byte(text)), sim.LooksLikeJSON([]byte(inner)):
		r.Fail(checkActivation, wsdTAV, "the activation data is a JSON object")
		return
	}
	r.Pass(checkActivation, "%d characters", len(text))
	r.readWSD(mbpac, text)
}
