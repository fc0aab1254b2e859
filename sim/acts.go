package sim

import (
	"net/http"
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// Truth is what a simulated scheme knows of a token, in words that the schemes share.
type Truth struct {
	Ref        string   `json:"ref"`
	Status     string   `json:"status"`
	Suspenders []string `json:"suspenders"` // who holds it suspended
	History    []Deed   `json:"history"`
}

// Deed is one thing that was done to a token.
type Deed struct {
	Call string    `json:"call"` // the scheme's own word
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// The parties that Acts act as, and what they do.
var (
	actors = []string{"CARDHOLDER", "TOKEN_REQUESTOR"}
	deeds  = []string{"suspend", "resume", "delete"}
)

// Acts is where a test does what others do to a token: POST {"as":…,"do":…} to a path that
// ends in {ref}, and GET of the scheme's truth about it.
type Acts struct {
	Scheme string // its name, for those who read of a refusal
	// Truth tells of a token, or that there is none.
	Truth func(ref string) (Truth, bool)
	// Do does suspend, resume or delete to a token, as CARDHOLDER or TOKEN_REQUESTOR. Its
	// error is CodeConflict for what the token's state does not allow.
	Do func(ref, as, do string) error
}

// ServeHTTP expects the path value ref.
func (a Acts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ref := r.PathValue("ref")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		if problem := a.act(w, r, ref); problem != nil {
			WriteProblem(w, *problem)
			return
		}
	default:
		AllowOnly("GET, HEAD, POST")(w, r)
		return
	}
	truth, ok := a.Truth(ref)
	if !ok {
		WriteProblem(w, *a.unknownToken())
		return
	}
	// A list that is empty is [] and not null.
	truth.Suspenders, truth.History = append([]string{}, truth.Suspenders...), append([]Deed{}, truth.History...)
	WriteJSON(w, http.StatusOK, truth)
}

func (a Acts) unknownToken() *Problem {
	return &Problem{Status: http.StatusNotFound, Code: "token_unknown", Detail: a.Scheme + " has no such token"}
}

func (a Acts) act(w http.ResponseWriter, r *http.Request, ref string) *Problem {
	var body struct{ As, Do string }
	if _, problem := ReadBody(w, r, &body); problem != nil {
		return problem
	}
	if !slices.Contains(actors, body.As) || !slices.Contains(deeds, body.Do) {
		return BadRequest("act_unknown", "as is CARDHOLDER or TOKEN_REQUESTOR, and do is suspend, resume or delete")
	}
	if _, ok := a.Truth(ref); !ok {
		return a.unknownToken()
	}
	err := a.Do(ref, body.As, body.Do)
	switch {
	case err == nil:
		return nil
	case walletport.CodeOf(err) == walletport.CodeConflict:
		return &Problem{Status: http.StatusConflict, Code: walletport.ReasonOf(err), Detail: a.Scheme + " does not allow it in this state"}
	}
	problem := ProblemOf(err)
	return &problem
}
