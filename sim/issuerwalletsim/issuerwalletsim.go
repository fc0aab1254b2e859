// Package issuerwalletsim is the front door of a simulated issuer's wallet: the
// wallet's back end, which takes the answer of a provisioning call from its app
// and hands the digitizationData in it to MDES, as the issuer-wallet call of the
// Wallet API asks for. It opens nothing itself and shares no code with walletport's
// encoders.
package issuerwalletsim

import (
	"net/http"
	"net/url"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// Config is what the wallet knows. Both fields are required.
type Config struct {
	Scheme sim.Scheme // MDES
	// TokenRequestors maps a wallet provider to its token requestor id at the scheme,
	// 11 digits, as it was given when the wallet signed up.
	TokenRequestors map[walletport.WalletProviderID]string
}

// New returns the handler of
//
//	POST /wallets/issuerwallet/add   an answer as the app hands it on
//
// Mount it under a prefix with http.StripPrefix.
func New(c Config) (http.Handler, error) {
	if c.Scheme == nil || c.TokenRequestors == nil {
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated wallet needs Scheme and TokenRequestors")
	}
	for _, id := range c.TokenRequestors {
		if !sim.IsTokenRequestorID(id) {
			return nil, walletport.Errorf(walletport.CodeInternal, "config_invalid", "a token requestor id has 11 digits")
		}
	}
	d := door(c)
	return sim.WalletRoutes("issuerwallet", d.add), nil
}

type door Config

// add answers 200 with the report, whether the card was accepted or not.
func (d door) add(w http.ResponseWriter, req *http.Request) {
	provider, data, body, p := readRequest(w, req)
	if p != nil {
		sim.WriteProblem(w, *p)
		return
	}
	requestor, ok := d.requestor(provider)
	if !ok {
		sim.WriteJSON(w, http.StatusOK, refusal())
		return
	}
	if verdict := d.judgeAround(body, data); !verdict.Accepted {
		sim.WriteJSON(w, http.StatusOK, sim.Report{Kind: "digitizationData", Verdict: verdict})
		return
	}
	report, err := d.Scheme.Push(req.Context(), sim.Push{TokenRequestorID: requestor, Wallet: provider, Payload: data})
	if err != nil {
		sim.WriteProblem(w, sim.ProblemOf(err))
		return
	}
	sim.WriteJSON(w, http.StatusOK, report)
}

// judgeAround looks for card data beside the payload, that of the card in it among
// them.
func (d door) judgeAround(body []byte, data string) sim.Verdict {
	const check = "answer_sealed"
	list := sim.NewChecklist([]string{check})
	clear := sim.Clear{Elsewhere: []string{"digitizationData", "walletProvider"}}
	clear.Add("", body)
	card, _ := d.Scheme.CardOf(data)
	clear.Judge(list, check, card.Number)
	return list.Verdict()
}

func (d door) requestor(provider string) (string, bool) {
	id, err := walletport.ParseWalletProviderID(provider)
	if err != nil {
		return "", false
	}
	requestor, ok := d.TokenRequestors[id]
	return requestor, ok
}

var providerUnknown = sim.Kind{Code: "wallet_provider_unknown", Remedy: "use a wallet provider that is configured, spelled as in the provisioning call"}

// refusal is the wallet's own, for a provider that it does not know.
func refusal() sim.Report {
	const check = "wallet_provider"
	list := sim.NewChecklist([]string{check})
	list.Fail(check, providerUnknown, "this wallet has no token requestor id for that wallet provider")
	return sim.Report{Kind: "unknown", Verdict: list.Verdict()}
}

// readRequest takes {"walletProvider", "digitizationData"}, or the answer of the
// provisioning call unchanged with walletProvider in the query. Other members
// are tolerated. What the members hold is for the scheme to judge.
func readRequest(w http.ResponseWriter, req *http.Request) (provider, data string, body []byte, p *sim.Problem) {
	var members struct {
		WalletProvider   *string `json:"walletProvider"`
		DigitizationData *string `json:"digitizationData"`
	}
	if body, p = sim.ReadBody(w, req, &members); p != nil {
		return "", "", nil, p
	}
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return "", "", nil, sim.BadRequest("query_malformed", "the query is malformed")
	}
	provider = query.Get("walletProvider")
	if members.WalletProvider != nil {
		provider = *members.WalletProvider
	}
	switch {
	case members.DigitizationData == nil:
		return "", "", nil, sim.BadRequest("digitization_data_missing", "the body needs digitizationData, the member of the issuer's answer")
	case provider == "":
		return "", "", nil, sim.BadRequest("wallet_provider_missing", "walletProvider is needed, in the body or in the query")
	}
	return provider, *members.DigitizationData, body, nil
}
