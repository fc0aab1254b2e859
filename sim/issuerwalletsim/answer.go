package issuerwalletsim

import (
	"encoding/json"
	"net/http"

	"github.com/walletport/walletport"
)

// report is a refusal by the wallet itself, in the shape of MDES's answers.
type report struct {
	Accepted   bool    `json:"accepted"`
	Checks     []check `json:"checks"`
	FirstFault fault   `json:"firstFault"`
}

type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

type fault struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy"`
}

func unknownProvider() report {
	const detail = "this wallet has no token requestor id for that wallet provider"
	return report{
		Checks: []check{{Name: "wallet_provider", Detail: detail}},
		FirstFault: fault{
			Code: "wallet_provider_unknown", Detail: detail,
			Remedy: "use a wallet provider that is configured, spelled as in the provisioning call",
		},
	}
}

// problem is an error answer, RFC 9457.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"` // never repeats input
	Code   string `json:"code"`
}

func badRequest(code, detail string) *problem {
	return &problem{Status: http.StatusBadRequest, Code: code, Detail: detail}
}

// problemOf turns a scheme's error into an answer; only messages written for
// callers are shown.
func problemOf(err error) problem {
	status := http.StatusInternalServerError
	if walletport.CodeOf(err) == walletport.CodeUnavailable {
		status = http.StatusServiceUnavailable
	}
	return problem{Status: status, Code: walletport.ReasonOf(err), Detail: "the simulated MDES could not answer"}
}

func allowOnly(methods string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", methods)
		writeProblem(w, problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: "the path takes " + methods + " only"})
	}
}

func writeProblem(w http.ResponseWriter, p problem) {
	p.Title = http.StatusText(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"status":500}`) // a struct of strings always encodes
	}
	writeBytes(w, "application/problem+json", p.Status, body)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		writeProblem(w, problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "the answer could not be written"})
		return
	}
	writeBytes(w, "application/json", status, body)
}

// writeBytes sends an answer. A caller who went away is no fault of ours.
func writeBytes(w http.ResponseWriter, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
