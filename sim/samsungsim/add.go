package samsungsim

import (
	"encoding/hex"
	"io"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// The checks of an answer, in order.
const (
	checkSealed  = "answer_sealed"
	checkPresent = "digitization_data"
	checkShape   = "payload_shape"
	checkIDs     = "client_ids"
	checkAccount = "wallet_account"
)

const noteUnknownDevice = "the device is none that this wallet handed out: taken as the app's own"

// devices are the wallet account ids that were handed out, by device id.
type devices = sim.Handouts[string]

// handOut draws the ids of a device and its account, 24 characters each.
func handOut(to *devices, rand io.Reader) (walletInfo, error) {
	for {
		device, err := sim.DrawReference(rand, spellID)
		if err != nil {
			return walletInfo{}, err
		}
		account, err := sim.DrawReference(rand, spellID)
		if err != nil {
			return walletInfo{}, err
		}
		if to.Add(device, account) {
			return walletInfo{device, account}, nil
		}
	}
}

func spellID(random []byte) string { return hex.EncodeToString(random[:12]) }

// addition is an answer as far as it was read.
type addition struct {
	*sim.Checklist
	scheme  walletport.SchemeID
	payload string
	client  sim.Client
	notes   []string
}

// read checks an answer as the app hands it on.
func (d door) read(members sim.Object, body []byte) *addition {
	a := &addition{Checklist: sim.NewChecklist([]string{checkSealed, checkPresent, checkShape, checkIDs, checkAccount})}
	a.readAnswer(members, d.devices)
	clear := sim.Clear{Elsewhere: []string{"digitizationData"}}
	clear.Add("", body)
	clear.Judge(a.Checklist, checkSealed, d.numberOf(a))
	return a
}

// numberOf asks the scheme for the number in a payload, which stays empty if the
// payload does not open.
func (d door) numberOf(a *addition) sim.CardNumber {
	network, known := d.Networks[a.scheme]
	if !known {
		return sim.CardNumber{}
	}
	card, _ := network.Scheme.CardOf(a.payload)
	return card.Number
}

func (a *addition) readAnswer(members sim.Object, handedOut *devices) {
	text, isText := members.Text("digitizationData")
	switch {
	case !members.Has("digitizationData"), isText && text == "":
		a.Fail(checkPresent, payloadMissing, "digitizationData is missing, null or empty")
		return
	case !isText:
		a.Fail(checkPresent, payloadType, "digitizationData is not a JSON string")
		return
	}
	a.Pass(checkPresent, "%d characters", len(text))
	a.readShape(text)
	if !a.Failed(checkShape) {
		a.readClient(members, handedOut)
	}
}

// readShape finds out for which scheme the payload is. What is wrong inside is for
// the scheme to say; but Samsung itself looks for cardInfo.
func (a *addition) readShape(text string) {
	scheme, inner := sim.PayloadNetwork(text)
	switch {
	case inner != "":
		a.Fail(checkShape, jweBase64, "the text is base64 of a JWE")
	case scheme == walletport.Visa && !sim.LooksLikeJWE(text):
		a.Fail(checkShape, jweParts, "the JWE has %d parts", strings.Count(text, ".")+1)
	case scheme == walletport.Mastercard && !a.isIIDD(text):
		return
	}
	a.scheme, a.payload = scheme, text
	a.Pass(checkShape, "a payload for %s", scheme)
}

// isIIDD reports whether the text is base64 of JSON with cardInfo. Base64 in a wrong
// form is let through for Mastercard to name, as long as the JSON can be read.
func (a *addition) isIIDD(text string) bool {
	if sim.LooksLikeJSON([]byte(text)) {
		return a.Fail(checkShape, payloadRawJSON, "the text is JSON, not base64 of it")
	}
	data, _ := sim.ReadBase64(text)
	if !sim.LooksLikeJSON(data) {
		return a.Fail(checkShape, payloadShape, "the text is neither a compact JWE nor base64 of JSON")
	}
	members, _ := sim.ReadObject(data)
	if !members.Has("cardInfo") && members.Has("fundingAccountInfo") {
		return a.Fail(checkShape, needsCardInfo, "the JSON has fundingAccountInfo, and no cardInfo")
	}
	return true
}

// readClient compares the ids with the device that was handed out. Only Visa needs
// them.
func (a *addition) readClient(members sim.Object, handedOut *devices) {
	given := func(name string) string {
		text, _ := members.Text(name)
		return text
	}
	a.client = sim.Client{AppID: given("clientAppID"), DeviceID: given("clientDeviceID"), WalletAccountID: given("clientWalletAccountID")}
	if a.scheme == walletport.Mastercard && a.client == (sim.Client{}) {
		a.Drop(checkIDs, checkAccount)
		return
	}
	if a.scheme == walletport.Visa && (a.client.DeviceID == "" || a.client.WalletAccountID == "") {
		a.Fail(checkIDs, idsMissing, "the id of the device or of the account is not given")
	}
	a.Pass(checkIDs, "the ids of the wallet are given")
	device, known := handedOut.Get(a.client.DeviceID)
	switch {
	case !known:
		a.Drop(checkAccount)
		a.notes = append(a.notes, noteUnknownDevice)
		return
	case device.Value != a.client.WalletAccountID:
		a.Fail(checkAccount, accountOther, "the account is not that of the device")
	}
	a.Pass(checkAccount, "device and account belong together")
}
