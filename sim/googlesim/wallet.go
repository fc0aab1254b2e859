package googlesim

import (
	"io"
	"net/http"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// walletName is what the schemes are told.
const walletName = "googlepay"

// Config is what the wallet knows. All fields but Lenient and Now are required.
type Config struct {
	Google   []*Key                    // Google's keys, former ones too
	Issuers  func() openpgp.EntityList // registered keys of issuers; asked once per call, so that a rotation takes effect
	Networks sim.Networks              // schemes with Google Pay's token requestor ids
	Lenient  bool                      // as in Keys
	Rand     io.Reader                 // crypto/rand.Reader outside of tests
	Now      func() time.Time          // nil is time.Now
}

// New returns the handler of
//
//	GET, POST /wallets/googlepay/session   what the Wallet SDK gives the app
//	POST      /wallets/googlepay/add       an issuer's answer as the app hands it on
//
// Mount it under a prefix with http.StripPrefix. The sessions are kept in memory.
// Errors are CodeInternal, reasons config_incomplete and config_invalid.
func New(c Config) (http.Handler, error) {
	if len(c.Google) == 0 || c.Issuers == nil || c.Rand == nil {
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated wallet needs Google, Issuers and Rand")
	}
	if err := c.Networks.Check(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	d := door{c, sim.NewHandouts[session](c.Now)}
	return sim.WalletRoutes(walletName, d.add, sim.Handing{Name: "session", Give: d.session}), nil
}

type door struct {
	Config
	sessions *sessions
}

// opened is what the Wallet SDK gives the app, in the API's own words.
type opened struct {
	ServerSessionID       string `json:"serverSessionId"`       // a UUID
	ClientDeviceID        string `json:"clientDeviceID"`        // 24 characters
	ClientWalletAccountID string `json:"clientWalletAccountID"` // 24 characters
}

func (d door) session(w http.ResponseWriter, _ *http.Request) {
	id, s, err := openSession(d.sessions, d.Rand)
	if err != nil {
		sim.WriteProblem(w, sim.ProblemOf(err))
		return
	}
	sim.WriteJSON(w, http.StatusOK, opened{id, s.deviceID, s.walletAccountID})
}

// add answers 200 with the report, whether the card was accepted or not. Beside the
// answer stands what the wallet knows: the session, and the ids of app, device and
// account; those of the session need not be repeated.
func (d door) add(w http.ResponseWriter, req *http.Request) {
	var members sim.Object
	body, p := sim.ReadBody(w, req, &members)
	if p != nil {
		sim.WriteProblem(w, *p)
		return
	}
	a, report := d.open(members, body)
	if !report.Accepted {
		sim.WriteJSON(w, http.StatusOK, sim.Report{Kind: string(report.Kind), Verdict: report.Verdict, Facts: facts{Facts: report.Facts}})
		return
	}
	network := d.Networks[a.scheme]
	push := sim.Push{TokenRequestorID: network.TokenRequestorID, Wallet: walletName, Payload: a.payload, Client: a.client}
	answer, err := network.Scheme.Push(req.Context(), push)
	if err != nil {
		sim.WriteProblem(w, sim.ProblemOf(err))
		return
	}
	sim.WriteJSON(w, http.StatusOK, sim.Report{Kind: string(report.Kind), Verdict: report.Then(answer.Verdict), Facts: facts{report.Facts, answer.Facts}, Token: answer.Token})
}

// open checks an answer and uses up its session, unless something is wrong with it.
// If another call was faster, a second look finds the session used.
func (d door) open(members sim.Object, body []byte) (addition, Report) {
	a, report := d.readAdd(members, body)
	if report.Accepted && report.session != "" && !d.sessions.Use(report.session) {
		return d.readAdd(members, body)
	}
	return a, report
}

// facts are the wallet's, and the scheme's where it was asked.
type facts struct {
	Facts
	DigitizationData any `json:"digitizationDataFacts,omitempty"`
}
