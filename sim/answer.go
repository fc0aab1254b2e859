package sim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/walletport/walletport"
)

// MaxBodyBytes bounds what an app may send to a simulated wallet.
const MaxBodyBytes = 64 << 10

// Problem is an error answer of a simulator's front door, RFC 9457.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"` // never repeats input
	Code   string `json:"code"`
}

// BadRequest is a Problem of status 400.
func BadRequest(code, detail string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: code, Detail: detail}
}

// ProblemOf turns a scheme's error into an answer; its text is not shown.
func ProblemOf(err error) Problem {
	status := http.StatusInternalServerError
	if walletport.CodeOf(err) == walletport.CodeUnavailable {
		status = http.StatusServiceUnavailable
	}
	return Problem{Status: status, Code: walletport.ReasonOf(err), Detail: "the simulated scheme could not answer"}
}

// ReadBody reads one JSON object into members, a pointer to a struct or an Object, and
// returns it as it was sent: a doubled member is seen there only. Unknown members are
// tolerated.
func ReadBody(w http.ResponseWriter, req *http.Request, members any) ([]byte, *Problem) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxBodyBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &Problem{Status: http.StatusRequestEntityTooLarge, Code: "body_too_large", Detail: "the body has more than 65536 bytes"}
	}
	if err != nil {
		return nil, BadRequest("body_unreadable", "the body could not be read")
	}
	if !LooksLikeJSON(body) || json.Unmarshal(body, members) != nil {
		return nil, BadRequest("body_malformed", "the body is one JSON object with members of the right types")
	}
	return body, nil
}

// AllowOnly answers 405.
func AllowOnly(methods string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", methods)
		WriteProblem(w, Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: "the path takes " + methods + " only"})
	}
}

// WriteProblem sends an error answer.
func WriteProblem(w http.ResponseWriter, p Problem) {
	p.Title = http.StatusText(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"status":500}`) // a struct of strings always encodes
	}
	WriteBytes(w, "application/problem+json", p.Status, body)
}

// WriteJSON sends value.
func WriteJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		WriteProblem(w, Problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "the answer could not be written"})
		return
	}
	WriteBytes(w, "application/json", status, body)
}

// WriteBytes sends an answer. A caller who went away is no fault of ours.
func WriteBytes(w http.ResponseWriter, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// ServeTokens answers {"tokens": […]} with every token of a scheme, oldest first.
func ServeTokens(scheme TokenLister) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			AllowOnly(http.MethodGet+", "+http.MethodHead)(w, req)
			return
		}
		tokens, err := scheme.TokensJSON()
		if err != nil {
			WriteProblem(w, ProblemOf(err))
			return
		}
		WriteJSON(w, http.StatusOK, map[string]json.RawMessage{"tokens": tokens})
	}
}

// NotFound answers 404.
func NotFound(w http.ResponseWriter, _ *http.Request) {
	WriteProblem(w, Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "the simulators have no such path"})
}
