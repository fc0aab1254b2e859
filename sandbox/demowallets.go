package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// demoVisaCardID is of a sample card.
const demoVisaCardID = 1006

// The cards that the demo puts into the device wallets.
var demoWalletCards = []struct {
	scheme walletport.SchemeID
	id     int64
}{
	{walletport.Mastercard, demoCardID},
	{walletport.Visa, demoVisaCardID},
}

// object is a JSON object on its way from one side to the other.
type object = map[string]any

// walletSteps are the calls of every device wallet for both schemes, each answer
// handed on as the app would.
func (d *demo) walletSteps() []demoStep {
	var steps []demoStep
	for _, w := range []struct {
		name string
		add  func(context.Context, int64) error
	}{
		{"Apple Pay", d.applePay},
		{"Google Pay", d.googlePay},
		{"Samsung Pay", d.samsungPay},
	} {
		for _, card := range demoWalletCards {
			steps = append(steps, demoStep{fmt.Sprintf("put the %s card into %s", card.scheme, w.name), func(ctx context.Context) error { return w.add(ctx, card.id) }})
		}
	}
	return append(steps,
		demoStep{"use Apple's nonce once more: it must be refused", d.reuseNonce},
		demoStep{"activate cards that were typed into a wallet by hand", d.activate})
}

func (d *demo) applePay(ctx context.Context, card int64) error {
	callback, err := d.ask(ctx, "applepay/request")
	if err != nil {
		return err
	}
	d.callback = callback
	answer, err := d.provisionInto(ctx, "applepay", card, callback)
	if err != nil {
		return err
	}
	return d.addToWallet(ctx, "applepay", answer)
}

// googlePay asks for the opaque card too. The app hands the wallet's ids on with the
// answer; the wallet compares them with its own.
func (d *demo) googlePay(ctx context.Context, card int64) error {
	session, err := d.ask(ctx, "googlepay/session")
	if err != nil {
		return err
	}
	request := maps.Clone(session)
	request["clientAppID"], request["googleOpaquePaymentCardRequested"] = demoAppID, true
	return d.pushInto(ctx, "googlepay", card, request)
}

func (d *demo) samsungPay(ctx context.Context, card int64) error {
	device, err := d.ask(ctx, "samsungpay/device")
	if err != nil {
		return err
	}
	device["clientAppID"] = demoAppID
	return d.pushInto(ctx, "samsungpay", card, device)
}

// demoAppID names the bank's app.
const demoAppID = "acme-bank-app"

func (d *demo) pushInto(ctx context.Context, wallet string, card int64, request object) error {
	answer, err := d.provisionInto(ctx, wallet, card, request)
	if err != nil {
		return err
	}
	maps.Copy(answer, request)
	return d.addToWallet(ctx, wallet, answer)
}

// ask gets from a simulated wallet what it gives the app first.
func (d *demo) ask(ctx context.Context, path string) (object, error) {
	return d.exchange(ctx, d.File.SandboxURL+"/wallets/"+path, nil, nil)
}

func (d *demo) provisionInto(ctx context.Context, wallet string, card int64, request object) (object, error) {
	path := fmt.Sprintf("/v1/%d/provision/%s", card, wallet)
	d.printf("   POST /wallet%s\n", path)
	answer, err := d.exchange(ctx, d.File.BaseURL+path+demoAuditUser, request, &d.File.Credentials.Basic)
	if err != nil {
		return nil, err
	}
	d.printAnswer(answer)
	return answer, nil
}

func (d *demo) printAnswer(answer object) {
	for _, name := range []string{"activationData", "encryptedPassData", "ephemeralPublicKey", "digitizationData", "googleOpaquePaymentCard"} {
		if text, ok := answer[name].(string); ok {
			d.printf("   200 %-24s %.32s… %d characters\n", name, text, len(text))
		}
	}
}

// addToWallet hands an answer to the wallet, which must accept it and show a token.
func (d *demo) addToWallet(ctx context.Context, wallet string, answer object) error {
	var report struct {
		sim.Verdict
		Token object `json:"token"`
	}
	body, err := d.send(ctx, d.File.SandboxURL+"/wallets/"+wallet+"/add", answer, nil, http.StatusOK)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &report); err != nil {
		return err
	}
	if !report.Accepted || report.Token == nil {
		return fmt.Errorf("refused: %+v", report.FirstFault)
	}
	d.printf("   ✓ the wallet and the scheme checked %d rules and took it", len(report.Checks))
	for _, name := range []string{"tokenUniqueReference", "tokenReferenceID", "status", "tokenStatus"} {
		if text, ok := report.Token[name].(string); ok {
			d.printf(": %s", text)
		}
	}
	d.printf("\n")
	return nil
}

func (d *demo) reuseNonce(ctx context.Context) error {
	return d.mustRefuse(ctx, fmt.Sprintf("/v1/%d/provision/applepay", int64(demoCardID)), d.callback, http.StatusConflict, "nonce_reused")
}

// activate makes activation data for cards that their holder typed into a wallet, and
// hands them on: a TAV for the Mastercard card, also by the deprecated calls, and an
// MBPAC for the Visa card, which answers a nonce of the wallet and cannot be had
// without.
func (d *demo) activate(ctx context.Context) error {
	callback, err := d.ask(ctx, "applepay/request")
	if err != nil {
		return err
	}
	visa := fmt.Sprintf("/v3/%d/activate", demoWalletCards[1].id)
	typedMastercard := object{"pan": demoCardPAN, "expiryMonth": "12", "expiryYear": "2031"}
	typedVisa := d.typed(demoWalletCards[1].id)
	typedVisa["nonce"] = callback["nonce"]
	for _, call := range []struct {
		path           string
		request, typed object
	}{
		{fmt.Sprintf("/v3/%d/activate", int64(demoCardID)), nil, typedMastercard},
		{fmt.Sprintf("/v1/%d/activate/mdes/tav2", int64(demoCardID)), nil, typedMastercard},
		{fmt.Sprintf("/v2/%d/activate/mdes/tav2", int64(demoCardID)), nil, typedMastercard},
		{visa, object{"nonce": callback["nonce"]}, typedVisa},
	} {
		d.printf("   POST /wallet%s\n", call.path)
		answer, err := d.exchange(ctx, d.File.BaseURL+call.path+demoAuditUser, call.request, &d.File.Credentials.Basic)
		if err != nil {
			return err
		}
		d.printAnswer(answer)
		maps.Copy(answer, call.typed)
		if err := d.addToWallet(ctx, "manual", answer); err != nil {
			return err
		}
	}
	return d.mustRefuse(ctx, visa, nil, http.StatusForbidden, "activation_needs_nonce")
}

// typed is a sample card as its holder types it.
func (d *demo) typed(id int64) object {
	i := slices.IndexFunc(d.File.Cards, func(c fileCard) bool { return c.CardID == id })
	if i < 0 {
		return object{}
	}
	card := d.File.Cards[i]
	return object{"pan": card.PAN, "expiryMonth": card.ExpiryMonth, "expiryYear": card.ExpiryYear}
}

func (d *demo) mustRefuse(ctx context.Context, path string, request object, status int, code string) error {
	d.printf("   POST /wallet%s\n", path)
	body, err := d.send(ctx, d.File.BaseURL+path+demoAuditUser, request, &d.File.Credentials.Basic, status)
	if err != nil {
		return err
	}
	return d.printProblem(body, status, code)
}

// exchange sends one JSON object, or nothing, and takes the one of a good answer.
func (d *demo) exchange(ctx context.Context, url string, request object, who *basic) (object, error) {
	body, err := d.send(ctx, url, request, who, http.StatusOK)
	if err != nil {
		return nil, err
	}
	var answer object
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, errors.New("the answer is no JSON object")
	}
	return answer, nil
}

func (d *demo) send(ctx context.Context, url string, request object, who *basic, status int) ([]byte, error) {
	var body bytes.Buffer
	if request != nil {
		if err := json.NewEncoder(&body).Encode(request); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, &body)
	if err != nil {
		return nil, err
	}
	if request != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if who != nil {
		req.SetBasicAuth(who.Username, who.Password)
	}
	return d.expect(req, status)
}
