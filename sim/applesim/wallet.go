package applesim

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// walletName is what the schemes are told.
const walletName = "applepay"

// Config is what the wallet knows. Authority, Networks and Rand are required.
type Config struct {
	Authority *Authority
	Networks  sim.Networks // schemes with Apple Pay's token requestor ids
	Encodings map[walletport.SchemeID]Encoding
	Rand      io.Reader        // crypto/rand.Reader outside of tests
	Now       func() time.Time // nil is time.Now
}

// New returns the handler of
//
//	GET, POST /wallets/applepay/request   what PassKit gives the app
//	POST      /wallets/applepay/add       an issuer's answer as the app hands it on
//
// Mount it under a prefix with http.StripPrefix. The nonces are kept in memory.
// Errors are CodeInternal, reasons config_incomplete, config_invalid, certificate.
func New(c Config) (http.Handler, error) {
	if c.Authority == nil || c.Rand == nil {
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated wallet needs Authority and Rand")
	}
	if err := c.Networks.Check(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	leaf, err := c.Authority.Exchanger()
	if err != nil {
		return nil, err
	}
	nonces := sim.NewHandouts[string](c.Now)
	d := door{c, nonces, Keys{Leaf: leaf, Encodings: c.Encodings, Now: c.Now, NonceUsed: nonces.IsUsed, handedOut: nonces}}
	return sim.WalletRoutes(walletName, d.add, sim.Handing{Name: "request", Give: d.request}), nil
}

type door struct {
	Config
	nonces *signatures
	keys   Keys
}

// callback is what PassKit gives the app, in the API's own words.
type callback struct {
	Certificates   []string `json:"certificates"`   // base64 of DER, leaf first
	Nonce          string   `json:"nonce"`          // lower-case hex, 4 bytes
	NonceSignature string   `json:"nonceSignature"` // lower-case hex, 81 bytes
}

func (d door) request(w http.ResponseWriter, _ *http.Request) {
	nonce, signature, err := handOut(d.nonces, d.Rand)
	if err != nil {
		sim.WriteProblem(w, sim.ProblemOf(err))
		return
	}
	sim.WriteJSON(w, http.StatusOK, callback{d.Authority.Certificates(), nonce, signature})
}

// add answers 200 with the report, whether the card was accepted or not. The nonce
// of the callback may stand beside the answer, for an app that did not get it here.
func (d door) add(w http.ResponseWriter, req *http.Request) {
	var members sim.Object
	body, p := sim.ReadBody(w, req, &members)
	if p != nil {
		sim.WriteProblem(w, *p)
		return
	}
	keys := d.keys
	keys.Nonce, keys.NonceSignature = given(members, passNonce), given(members, passSignature)
	report := d.open(members, body, keys)
	scheme, enrolment, ok := report.Enrolment()
	if !report.Accepted || !ok {
		sim.WriteJSON(w, http.StatusOK, sim.Report{Kind: string(report.Kind), Verdict: report.Verdict, Facts: facts{Facts: report.Facts}})
		return
	}
	network := d.Networks[scheme]
	enrolment.Wallet, enrolment.TokenRequestorID = walletName, network.TokenRequestorID
	answer, err := network.Scheme.Enrol(req.Context(), enrolment)
	if err != nil {
		sim.WriteProblem(w, sim.ProblemOf(err))
		return
	}
	sim.WriteJSON(w, http.StatusOK, sim.Report{Kind: string(report.Kind), Verdict: report.Then(answer.Verdict), Facts: facts{report.Facts, answer.Facts}, Token: answer.Token})
}

// open checks an answer and uses up its nonce, unless something is wrong with it. If
// another call was faster, a second look finds the nonce used.
func (d door) open(members sim.Object, body []byte, keys Keys) Report {
	report := openAnswer(members, body, keys)
	if _, enrolment, ok := report.Enrolment(); ok && report.Accepted && !d.nonces.Use(enrolment.Nonce) {
		return openAnswer(members, body, keys)
	}
	return report
}

// facts are the wallet's, and the scheme's where it was asked.
type facts struct {
	Facts
	Activation any `json:"activationFacts,omitempty"`
}

func given(members sim.Object, name string) string {
	text, _ := members.Text(name)
	return strings.ToLower(text)
}
