package vtssim

import (
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// The values of provider.intent.
const (
	intentMobile = "PUSH_PROV_MOBILE"
	intentOnFile = "PUSH_PROV_ONFILE"
)

var intents = []string{intentMobile, intentOnFile, "PUSH_PROV_CROSS_USER", "PUSH_PROV_CROSS_DEVICE"}

// Limits of the client's ids, in characters. Sources give 24 or 32 for the
// account; beyond 24 is tolerated.
const (
	maxAccountChars      = 32
	maxSureAccountChars  = 24
	maxDeviceChars       = 24
	maxAppChars          = 36
	visaAnswer           = "VTS answers 400 invalidParameter, encPaymentInstrument"
	memberWalletProvider = "clientWalletProvider"
)

// readProvider checks the object that ties the payload to a wallet.
func (r *reading) readProvider(plain sim.Object) {
	if !plain.Has("provider") {
		r.Fail(checkProvider, providerMissing, "there is no provider")
		return
	}
	provider, f := sim.ReadObject(plain["provider"])
	if f != nil {
		r.Fail(checkProvider, providerType, "provider is not a JSON object")
		return
	}
	r.Pass(checkProvider, "a JSON object")
	intent := r.readIntent(provider)
	r.readWallet(provider)
	r.readClient(provider, intent != intentOnFile)
	r.readIDnV(provider)
}

func (r *reading) readIntent(provider sim.Object) string {
	text, _ := provider.Text("intent")
	switch {
	case text == "":
		r.Fail(checkIntent, intentMissing, "provider.intent is missing, empty or not a JSON string")
	case !slices.Contains(intents, text):
		r.Fail(checkIntent, intentUnknown, "provider.intent is none of the four that are known")
	default:
		r.facts.Intent = text
		r.Pass(checkIntent, "%s", text)
	}
	return text
}

func (r *reading) readWallet(provider sim.Object) {
	if !provider.Has(memberWalletProvider) {
		r.Fail(checkWallet, walletMissing, "there is no clientWalletProvider")
		return
	}
	id, ok := provider.Text(memberWalletProvider)
	if !ok || !sim.IsTokenRequestorID(id) {
		r.Fail(checkWallet, walletForm, "clientWalletProvider is not 11 digits in a JSON string")
		return
	}
	r.facts.WalletProvider = id
	switch w := r.keys.Wallet; {
	case len(r.keys.TokenRequestors) > 0 && !slices.Contains(r.keys.TokenRequestors, id):
		r.Fail(checkWallet, walletUnknown, "VTS knows no such token requestor; %s", visaAnswer)
	case w != nil && w.TokenRequestorID != id:
		r.Fail(checkWallet, walletOther, "it is another wallet than the calling one; %s", visaAnswer)
	}
	r.Pass(checkWallet, "%s", id)
}

// clientID is one of the ids that the wallet and the payload must agree on.
type clientID struct {
	check, member  string
	maximum        int
	text           string // as the payload has it
	known          string // as the wallet says it
	isMissing, bad bool
}

// readClient compares the ids of the client with what the wallet says. A card on
// file has no device and no app.
func (r *reading) readClient(provider sim.Object, needsDevice bool) {
	ids := []clientID{
		{check: checkAccountID, member: "clientWalletAccountID", maximum: maxAccountChars},
		{check: checkDeviceID, member: "clientDeviceID", maximum: maxDeviceChars},
		{check: checkAppID, member: "clientAppID", maximum: maxAppChars},
	}
	if w := r.keys.Wallet; w != nil {
		ids[0].known, ids[1].known, ids[2].known = w.Client.WalletAccountID, w.Client.DeviceID, w.Client.AppID
	}
	for i := range ids {
		r.readClientID(provider, &ids[i], needsDevice || i == 0)
	}
	swapped := ids[0].text != ids[1].text && ids[0].text == ids[1].known && ids[1].text == ids[0].known
	for _, id := range ids {
		r.compareClientID(id, swapped && id.check != checkAppID)
	}
}

func (r *reading) readClientID(provider sim.Object, id *clientID, isNeeded bool) {
	text, ok := provider.Text(id.member)
	switch {
	case provider.Has(id.member) && !ok:
		r.Fail(id.check, clientType, "%s is not a JSON string", id.member)
		id.bad = true
	case text == "":
		id.isMissing = true
		if isNeeded && id.check == checkAppID {
			r.Fail(id.check, clientNoApp, "%s is missing or empty", id.member)
			return
		}
		if isNeeded {
			r.Fail(id.check, clientMissing, "%s is missing or empty", id.member)
			return
		}
		r.Pass(id.check, "absent: a card on file needs none")
	case len(text) > id.maximum:
		r.Fail(id.check, clientLength, "%s has %d characters", id.member, len(text))
	case id.check == checkAppID && strings.ContainsFunc(text, isNoAppChar):
		r.Fail(id.check, clientChars, "%s has a character that it may not have", id.member)
	}
	id.text = text
}

func isNoAppChar(c rune) bool {
	return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !strings.ContainsRune("- ._", c)
}

func (r *reading) compareClientID(id clientID, swapped bool) {
	switch {
	case id.isMissing, id.bad:
		return
	case r.keys.Wallet == nil:
		r.Skip("needs what the wallet knows", id.check)
	case swapped:
		r.Fail(id.check, clientSwapped, "account and device are exchanged; %s", visaAnswer)
	case id.text != id.known:
		r.Fail(id.check, clientOther, "%s is not what the wallet says; %s", id.member, visaAnswer)
	case id.check == checkAccountID && len(id.text) > maxSureAccountChars:
		r.Fail(id.check, clientLong, "%s has %d characters", id.member, len(id.text))
	case id.check == checkAppID && strings.ContainsAny(id.text, "._"):
		r.Fail(id.check, clientPackage, "%s has dots or underscores", id.member)
	}
	r.Pass(id.check, "the same as the wallet says")
}

// readIDnV takes text or a boolean; both are in the field.
func (r *reading) readIDnV(provider sim.Object) {
	var flag bool
	text, isText := provider.Text("isIDnV")
	switch {
	case !provider.Has("isIDnV"):
		r.Pass(checkIDnV, "absent: no ID&V by the issuer")
		return
	case isText:
	case decodesTo(provider["isIDnV"], &flag):
		text = map[bool]string{true: "true", false: "false"}[flag]
	}
	if text != "true" && text != "false" {
		r.Fail(checkIDnV, idnvForm, "isIDnV is neither true nor false")
		return
	}
	r.facts.IDnV = text
	r.Pass(checkIDnV, "%s", text)
}

// shownDevice returns a device's id as a token of the card may hold it, "" if it is
// too long, is a PAN or holds the card's.
func shownDevice(id string, number sim.CardNumber) string {
	pan, err := walletport.ParsePAN(number.Clear())
	if len(id) > maxDeviceChars || walletport.IsPAN(id) || err == nil && pan.IsIn(id) {
		return ""
	}
	return id
}
