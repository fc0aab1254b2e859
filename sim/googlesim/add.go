package googlesim

import (
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// The checks of an answer around its opaque payment card.
const (
	checkDigitization = "digitization_data"
	checkSameCard     = "same_card"
	checkAccount      = "wallet_account"
)

var addChecks = slices.Concat([]string{checkDigitization, checkAccount}, opcChecks, []string{checkSameCard})

// addition is what goes on to the scheme.
type addition struct {
	scheme  walletport.SchemeID
	payload string
	client  sim.Client
}

// readAdd checks an answer as the app hands it on.
func (d door) readAdd(members sim.Object, body []byte) (addition, Report) {
	given := func(name string) string {
		text, _ := members.Text(name)
		return text
	}
	r := newReading(Keys{Google: d.Google, Issuers: append(openpgp.EntityList{}, d.Issuers()...), Lenient: d.Lenient, ServerSessionID: given("serverSessionId"),
		SessionUsed: d.sessions.IsUsed, Now: d.Now, sessions: d.sessions}, addChecks, body)
	a := r.readDigitization(members)
	r.readMemberOPC(members)
	id := given("serverSessionId")
	if id == "" {
		id = r.session
	}
	opened, known := d.sessions.Get(id)
	a.client = r.matchClient(sim.Client{AppID: given("clientAppID"), DeviceID: given("clientDeviceID"), WalletAccountID: given("clientWalletAccountID")}, opened.Value, known)
	card := d.matchCard(r, a)
	return a, r.report(KindOPC, card.Number)
}

// readDigitization finds out for which scheme the payload is. What is wrong inside is
// for the scheme to say.
func (r *reading) readDigitization(members sim.Object) addition {
	text, isText := members.Text(memberDigitization)
	switch {
	case !members.Has(memberDigitization), isText && text == "":
		r.Fail(checkDigitization, digitizationMissing, "digitizationData is missing, null or empty")
		return addition{}
	case !isText:
		r.Fail(checkDigitization, digitizationType, "digitizationData is not a JSON string")
		return addition{}
	}
	scheme, inner := sim.PayloadNetwork(text)
	if inner != "" {
		r.Fail(checkDigitization, jweBase64, "the JWE stands in base64; Visa gets what is inside")
		text = inner
	}
	r.facts.PayloadScheme = string(scheme)
	r.Pass(checkDigitization, "%d characters for %s", len(text), scheme)
	return addition{scheme: scheme, payload: text}
}

// readMemberOPC checks the opaque payment card, if there is one: it is asked for with
// a flag of its own.
func (r *reading) readMemberOPC(members sim.Object) {
	text, isText := members.Text(memberOPC)
	switch {
	case !members.Has(memberOPC):
		r.Drop(opcChecks...)
		r.note("there is no googleOpaquePaymentCard: the card is not saved to the Google account")
	case !isText:
		r.Fail(checkBase64, opcNotString, "googleOpaquePaymentCard is not a JSON string")
	case text == "":
		r.Fail(checkBase64, inputNoOPC, "googleOpaquePaymentCard is empty")
	default:
		r.readOPC(text)
	}
}

// matchClient compares the ids with those of the session, and takes from it what was
// not given.
func (r *reading) matchClient(given sim.Client, of session, known bool) sim.Client {
	if !known {
		r.Drop(checkAccount)
		return given
	}
	if given.DeviceID == "" {
		given.DeviceID = of.deviceID
	}
	if given.WalletAccountID == "" {
		given.WalletAccountID = of.walletAccountID
	}
	if given.DeviceID != of.deviceID || given.WalletAccountID != of.walletAccountID {
		r.Fail(checkAccount, accountOther, "the ids of device or account are not those of the session")
	}
	r.Pass(checkAccount, "device and account are those of the session")
	return given
}

// matchCard asks the scheme which card the payload is of, and returns it. A payload that
// does not open is named by the scheme later.
func (d door) matchCard(r *reading, a addition) sim.Card {
	network, known := d.Networks[a.scheme]
	if !known {
		r.Drop(checkSameCard)
		return sim.Card{}
	}
	card, ok := network.Scheme.CardOf(a.payload)
	switch {
	case !ok, r.number.Clear() == "":
		r.Drop(checkSameCard)
	case card.Number.Clear() != r.number.Clear():
		r.Fail(checkSameCard, cardOther, "the two payloads are of different cards")
	case card.ExpiryMMYY != r.mmyy:
		r.Fail(checkSameCard, cardOtherExpiry, "the two payloads have different expiry dates")
	}
	r.Pass(checkSameCard, "both payloads are of one card")
	return card
}
