// Package issuerwalletsim is the front door of a simulated issuer's wallet: the
// wallet's back end, which takes the answer of a provisioning call from its app
// and hands the digitizationData in it to MDES, as the issuer-wallet call of the
// Wallet API asks for. It opens nothing itself and shares no code with walletport's
// encoders.
package issuerwalletsim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/walletport/walletport"
)

// MDES is the scheme behind the wallet. The two share JSON, not types.
type MDES interface {
	// DigitizeJSON returns {"accepted", "checks", "firstFault", "token"} for a
	// payload, refused ones included. tokenRequestorID has 11 digits.
	DigitizeJSON(ctx context.Context, tokenRequestorID, walletProvider, digitizationData string) ([]byte, error)
	// TokensJSON returns all tokens as a JSON array.
	TokensJSON() ([]byte, error)
}

// Config is what the wallet knows. Both fields are required.
type Config struct {
	MDES MDES
	// TokenRequestors maps a wallet provider to its token requestor id at MDES, 11
	// digits, as it was given when the wallet signed up.
	TokenRequestors map[walletport.WalletProviderID]string
}

// maxBodyBytes bounds what the wallet's app may send.
const maxBodyBytes = 64 << 10

// New returns the handler of
//
//	POST /wallets/issuerwallet/add   an answer as the app hands it on
//	GET  /mdes/tokens                the tokens that the scheme made
//
// Mount it under a prefix with http.StripPrefix.
func New(c Config) (http.Handler, error) {
	if c.MDES == nil || c.TokenRequestors == nil {
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated wallet needs MDES and TokenRequestors")
	}
	for _, id := range c.TokenRequestors {
		if !isTokenRequestorID(id) {
			return nil, walletport.Errorf(walletport.CodeInternal, "config_invalid", "a token requestor id has 11 digits")
		}
	}
	d := door(c)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /wallets/issuerwallet/add", d.add)
	mux.HandleFunc("/wallets/issuerwallet/add", allowOnly(http.MethodPost))
	mux.HandleFunc("GET /mdes/tokens", d.tokens)
	mux.HandleFunc("/mdes/tokens", allowOnly(http.MethodGet+", "+http.MethodHead))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, problem{Status: http.StatusNotFound, Code: "not_found", Detail: "the simulated wallet has no such path"})
	})
	return mux, nil
}

func isTokenRequestorID(id string) bool {
	return len(id) == 11 && strings.Trim(id, "0123456789") == ""
}

type door Config

// add answers 200 with the report, whether the card was accepted or not.
func (d door) add(w http.ResponseWriter, req *http.Request) {
	provider, data, p := readRequest(w, req)
	if p != nil {
		writeProblem(w, *p)
		return
	}
	requestor, ok := d.requestor(provider)
	if !ok {
		writeJSON(w, http.StatusOK, unknownProvider())
		return
	}
	answer, err := d.MDES.DigitizeJSON(req.Context(), requestor, provider, data)
	if err != nil {
		writeProblem(w, problemOf(err))
		return
	}
	writeBytes(w, "application/json", http.StatusOK, answer)
}

func (d door) requestor(provider string) (string, bool) {
	id, err := walletport.ParseWalletProviderID(provider)
	if err != nil {
		return "", false
	}
	requestor, ok := d.TokenRequestors[id]
	return requestor, ok
}

func (d door) tokens(w http.ResponseWriter, _ *http.Request) {
	tokens, err := d.MDES.TokensJSON()
	if err != nil {
		writeProblem(w, problemOf(err))
		return
	}
	writeJSON(w, http.StatusOK, map[string]json.RawMessage{"tokens": tokens})
}

// readRequest takes {"walletProvider", "digitizationData"}, or the answer of the
// provisioning call unchanged with walletProvider in the query. Other members
// are tolerated. What the members hold is for MDES to judge.
func readRequest(w http.ResponseWriter, req *http.Request) (provider, data string, p *problem) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBodyBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return "", "", &problem{Status: http.StatusRequestEntityTooLarge, Code: "body_too_large", Detail: "the body has more than 65536 bytes"}
	}
	if err != nil {
		return "", "", badRequest("body_unreadable", "the body could not be read")
	}
	var members struct {
		WalletProvider   *string `json:"walletProvider"`
		DigitizationData *string `json:"digitizationData"`
	}
	if json.Unmarshal(body, &members) != nil {
		return "", "", badRequest("body_malformed", "the body is one JSON object; walletProvider and digitizationData are strings")
	}
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return "", "", badRequest("query_malformed", "the query is malformed")
	}
	provider = query.Get("walletProvider")
	if members.WalletProvider != nil {
		provider = *members.WalletProvider
	}
	switch {
	case members.DigitizationData == nil:
		return "", "", badRequest("digitization_data_missing", "the body needs digitizationData, the member of the issuer's answer")
	case provider == "":
		return "", "", badRequest("wallet_provider_missing", "walletProvider is needed, in the body or in the query")
	}
	return provider, *members.DigitizationData, nil
}
