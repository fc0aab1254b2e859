// Package manualsim is a simulated wallet into which the cardholder typed the card by
// hand: it knows number and expiry, and takes activation data from the issuer's app
// as PKPassLibrary.activate does. It opens nothing itself: whether the data hold is
// for the scheme to say. It shares no code with walletport's encoders.
package manualsim

import (
	"encoding/base64"
	"net/http"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// walletName is what the schemes are told.
const walletName = "manual"

// New returns the handler of
//
//	POST /wallets/manual/add   the typed card with an issuer's answer to an activation call
//
// Mount it under a prefix with http.StripPrefix. Errors are CodeInternal, reasons
// config_incomplete and config_invalid.
func New(networks sim.Networks) (http.Handler, error) {
	if err := networks.Check(); err != nil {
		return nil, err
	}
	return sim.WalletRoutes(walletName, door{networks}.add), nil
}

type door struct{ networks sim.Networks }

// The checks of the wallet itself; those of the scheme follow.
const (
	checkCard = "typed_card"
	checkData = "activation_data"
)

// The faults that the wallet itself finds.
var (
	cardNumber  = sim.Kind{Code: "typed_number", Remedy: "type the digits of a Mastercard or Visa card as pan"}
	cardExpiry  = sim.Kind{Code: "typed_expiry", Remedy: "type the expiry as expiryMonth MM and expiryYear YYYY"}
	dataMissing = sim.Kind{Code: "activation_data_missing", Remedy: "hand over the activationData string of the answer as it is, or stepUp true for a token that waits for its activation"}
	dataBesides = sim.Kind{Code: "activation_data_and_step_up", Remedy: "leave stepUp out where the app has activation data"}
)

// typed is what the cardholder typed, and what the app brought.
type typed struct {
	PAN            string `json:"pan"`
	ExpiryMonth    string `json:"expiryMonth"` // MM
	ExpiryYear     string `json:"expiryYear"`  // YYYY
	ActivationData string `json:"activationData"`
	Nonce          string `json:"nonce"` // the wallet's, where it gave one
	// StepUp goes on without an app, and so without activation data: the token is inactive
	// until the cardholder was verified in another way.
	StepUp bool `json:"stepUp"`
}

// add answers 200 with the report, whether the card was accepted or not.
func (d door) add(w http.ResponseWriter, req *http.Request) {
	var t typed
	if _, p := sim.ReadBody(w, req, &t); p != nil {
		sim.WriteProblem(w, *p)
		return
	}
	verdict, scheme, enrolment := read(t)
	if !verdict.Accepted {
		sim.WriteJSON(w, http.StatusOK, sim.Report{Kind: "activationData", Verdict: verdict})
		return
	}
	network := d.networks[scheme]
	enrolment.Wallet, enrolment.TokenRequestorID = walletName, network.TokenRequestorID
	report, err := network.Scheme.Enrol(req.Context(), enrolment)
	if err != nil {
		sim.WriteProblem(w, sim.ProblemOf(err))
		return
	}
	report.Verdict = verdict.Then(report.Verdict)
	sim.WriteJSON(w, http.StatusOK, report)
}

// read takes off the API's base64 as the app does. Text that is none goes on as it
// is, for the scheme to name.
func read(t typed) (sim.Verdict, walletport.SchemeID, sim.Enrolment) {
	list := sim.NewChecklist([]string{checkCard, checkData})
	scheme, known := sim.NetworkOf(t.PAN)
	switch {
	case !known || !sim.IsDigits(t.PAN):
		list.Fail(checkCard, cardNumber, "the number is of no scheme that the wallet takes")
	case !sim.IsMonth(t.ExpiryMonth) || len(t.ExpiryYear) != 4 || !sim.IsDigits(t.ExpiryYear):
		list.Fail(checkCard, cardExpiry, "the expiry is not a month and a year")
	default:
		list.Pass(checkCard, "a card of %s", scheme)
	}
	data, err := base64.StdEncoding.DecodeString(t.ActivationData)
	if err != nil {
		data = []byte(t.ActivationData)
	}
	switch {
	case len(data) == 0 && !t.StepUp:
		list.Fail(checkData, dataMissing, "activationData is missing or empty")
	case len(data) > 0 && t.StepUp:
		list.Fail(checkData, dataBesides, "activationData and stepUp are both there")
	}
	list.Pass(checkData, "%d bytes for the scheme", len(data))
	verdict := list.Verdict()
	if !verdict.Accepted {
		return verdict, "", sim.Enrolment{}
	}
	return verdict, scheme, sim.Enrolment{
		Card:           sim.Card{Number: sim.NewCardNumber(t.PAN), ExpiryMMYY: t.ExpiryMonth + t.ExpiryYear[2:]},
		ActivationData: data, Nonce: t.Nonce,
	}
}
