package tokenapi

import (
	"net/http"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// truth is what the scheme knows of a token, in words that both schemes share.
type truth struct {
	Ref        string             `json:"ref"`
	Status     tokenvault.Status  `json:"status"`
	Suspenders []tokenvault.Party `json:"suspenders"` // who suspended it: one, for Visa counts no others
	History    []deed             `json:"history"`
}

// deed is one thing that was done to a token.
type deed struct {
	Call tokenvault.Operation `json:"call"`
	By   tokenvault.Party     `json:"by"`
	At   time.Time            `json:"at"`
}

// Acts is where a test does what others do to a token: POST {"as":…,"do":…} to a path that
// ends in {ref}, and GET of the scheme's truth about it.
type Acts struct{ Vault *tokenvault.Vault }

// ServeHTTP expects the path value ref.
func (a Acts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ref := r.PathValue("ref")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		if problem := a.do(w, r, ref); problem != nil {
			sim.WriteProblem(w, *problem)
			return
		}
	default:
		sim.AllowOnly("GET, HEAD, POST")(w, r)
		return
	}
	t, ok := a.Vault.Token(ref)
	if !ok {
		sim.WriteProblem(w, *unknownToken())
		return
	}
	sim.WriteJSON(w, http.StatusOK, a.truth(t))
}

func unknownToken() *sim.Problem {
	return &sim.Problem{Status: http.StatusNotFound, Code: "token_unknown", Detail: "VTS has no such token"}
}

func (a Acts) truth(t tokenvault.Token) truth {
	told := truth{Ref: t.TokenReferenceID, Status: t.Status, Suspenders: []tokenvault.Party{}, History: []deed{}}
	if t.SuspendedBy != "" {
		told.Suspenders = append(told.Suspenders, t.SuspendedBy)
	}
	for _, c := range a.Vault.History(t.TokenReferenceID) {
		told.History = append(told.History, deed{c.Operation, c.By, c.At})
	}
	return told
}

// parties are who can act here; the issuer has the API.
var parties = map[string]tokenvault.Party{"CARDHOLDER": tokenvault.Cardholder, "TOKEN_REQUESTOR": tokenvault.TokenRequestor}

var deeds = map[string]tokenvault.Operation{"suspend": tokenvault.Suspend, "resume": tokenvault.Resume, "delete": tokenvault.Delete}

func (a Acts) do(w http.ResponseWriter, r *http.Request, ref string) *sim.Problem {
	var body struct{ As, Do string }
	if _, problem := sim.ReadBody(w, r, &body); problem != nil {
		return problem
	}
	party, isParty := parties[body.As]
	operation, isDeed := deeds[body.Do]
	if !isParty || !isDeed {
		return sim.BadRequest("act_unknown", "as is CARDHOLDER or TOKEN_REQUESTOR, and do is suspend, resume or delete")
	}
	_, err := a.Vault.Apply(ref, tokenvault.Act{Operation: operation, By: party})
	switch code := walletport.CodeOf(err); {
	case err == nil:
		return nil
	case code == walletport.CodeNotFound:
		return unknownToken()
	case code == walletport.CodeConflict:
		return &sim.Problem{Status: http.StatusConflict, Code: walletport.ReasonOf(err), Detail: "VTS does not allow it in this state"}
	}
	problem := sim.ProblemOf(err)
	return &problem
}
