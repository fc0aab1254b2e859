package samsungsim

import (
	"io"
	"net/http"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// walletName is what the schemes are told.
const walletName = "samsungpay"

// Config is what the wallet knows. Networks and Rand are required.
type Config struct {
	Networks sim.Networks     // schemes with Samsung Pay's token requestor ids
	Rand     io.Reader        // crypto/rand.Reader outside of tests
	Now      func() time.Time // nil is time.Now
}

// New returns the handler of
//
//	GET, POST /wallets/samsungpay/device   what the Samsung Pay SDK gives the app
//	POST      /wallets/samsungpay/add      an issuer's answer as the app hands it on
//
// Mount it under a prefix with http.StripPrefix. The devices are kept in memory.
// Errors are CodeInternal, reasons config_incomplete and config_invalid.
func New(c Config) (http.Handler, error) {
	if c.Rand == nil {
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated wallet needs Rand")
	}
	if err := c.Networks.Check(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	d := door{c, sim.NewHandouts[string](c.Now)}
	return sim.WalletRoutes(walletName, d.add, sim.Handing{Name: "device", Give: d.device}), nil
}

type door struct {
	Config
	devices *devices
}

// walletInfo is what getWalletInfo gives the app, in the API's own words.
type walletInfo struct {
	ClientDeviceID        string `json:"clientDeviceID"`        // DEVICE_ID, 24 characters
	ClientWalletAccountID string `json:"clientWalletAccountID"` // WALLET_USER_ID, 24 characters
}

func (d door) device(w http.ResponseWriter, _ *http.Request) {
	info, err := handOut(d.devices, d.Rand)
	if err != nil {
		sim.WriteProblem(w, sim.ProblemOf(err))
		return
	}
	sim.WriteJSON(w, http.StatusOK, info)
}

// add answers 200 with the report, whether the card was accepted or not. Beside the
// answer stand the ids that the wallet knows.
func (d door) add(w http.ResponseWriter, req *http.Request) {
	var members sim.Object
	body, p := sim.ReadBody(w, req, &members)
	if p != nil {
		sim.WriteProblem(w, *p)
		return
	}
	a := d.read(members, body)
	verdict := a.Verdict()
	if !verdict.Accepted {
		sim.WriteJSON(w, http.StatusOK, sim.Report{Kind: kindPayload, Verdict: verdict, Facts: facts{Notes: a.notes, Scheme: string(a.scheme)}})
		return
	}
	network := d.Networks[a.scheme]
	push := sim.Push{TokenRequestorID: network.TokenRequestorID, Wallet: walletName, Payload: a.payload, Client: a.client}
	answer, err := network.Scheme.Push(req.Context(), push)
	if err != nil {
		sim.WriteProblem(w, sim.ProblemOf(err))
		return
	}
	sim.WriteJSON(w, http.StatusOK, sim.Report{Kind: kindPayload, Verdict: verdict.Then(answer.Verdict),
		Facts: facts{a.notes, string(a.scheme), answer.Facts}, Token: answer.Token})
}

// kindPayload is what Samsung's SDK calls the text.
const kindPayload = "provisionPayload"

// facts are the wallet's, and the scheme's where it was asked.
type facts struct {
	Notes            []string `json:"notes,omitempty"`
	Scheme           string   `json:"digitizationDataFor,omitempty"`
	DigitizationData any      `json:"digitizationDataFacts,omitempty"`
}
