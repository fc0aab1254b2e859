package customerservice

import (
	"net/http"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// softDeleted is the status of a token that lives on at MDES, and that the cardholder
// removed from the phone, in the words of an issuer's API.
const softDeleted = "SOFTDELETED"

// truth is what the scheme knows of a token, in words that both schemes share.
type truth struct {
	Ref        string             `json:"ref"`
	Status     string             `json:"status"`
	Suspenders []tokenvault.Party `json:"suspenders"`
	History    []deed             `json:"history"`
}

// deed is one thing that was done to a token.
type deed struct {
	Call tokenvault.Call  `json:"call"`
	By   tokenvault.Party `json:"by"`
	At   time.Time        `json:"at"`
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
	return &sim.Problem{Status: http.StatusNotFound, Code: "token_unknown", Detail: "MDES has no such token"}
}

func (a Acts) truth(t tokenvault.Token) truth {
	told := truth{Ref: t.TokenUniqueReference, Status: string(t.Status), Suspenders: append([]tokenvault.Party{}, t.Suspenders...), History: []deed{}}
	if t.IsDeletedFromApp() && t.Status != tokenvault.StatusDeactivated {
		told.Status = softDeleted
	}
	for _, version := range a.Vault.History(t.TokenUniqueReference) {
		told.History = append(told.History, deed{version.Change.Call, version.Change.By, version.Change.At})
	}
	return told
}

// parties are who can act here; the issuer has the Customer Service API.
var parties = map[string]tokenvault.Party{"CARDHOLDER": tokenvault.Cardholder, "TOKEN_REQUESTOR": tokenvault.TokenRequestor}

var deeds = map[string]tokenvault.Call{"suspend": tokenvault.Suspend, "resume": tokenvault.Unsuspend, "delete": tokenvault.Delete}

// do acts. A cardholder who deletes removes the token from the phone, where it is on one;
// a token requestor deletes it at the scheme.
func (a Acts) do(w http.ResponseWriter, r *http.Request, ref string) *sim.Problem {
	var body struct{ As, Do string }
	if _, problem := sim.ReadBody(w, r, &body); problem != nil {
		return problem
	}
	party, isParty := parties[body.As]
	call, isDeed := deeds[body.Do]
	if !isParty || !isDeed {
		return sim.BadRequest("act_unknown", "as is CARDHOLDER or TOKEN_REQUESTOR, and do is suspend, resume or delete")
	}
	t, ok := a.Vault.Token(ref)
	if !ok {
		return unknownToken()
	}
	isOnPhone := t.Type() != tokenvault.CardOnFile && t.Status != tokenvault.StatusInactive
	_, err := a.Vault.Apply(ref, tokenvault.Act{Call: call, By: party, FromApp: call == tokenvault.Delete && party == tokenvault.Cardholder && isOnPhone})
	switch {
	case walletport.CodeOf(err) == walletport.CodeConflict:
		return &sim.Problem{Status: http.StatusConflict, Code: walletport.ReasonOf(err), Detail: "MDES does not allow it in this state"}
	case err != nil:
		problem := sim.ProblemOf(err)
		return &problem
	}
	return nil
}
