package clicktopaysim

import (
	"net/http"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

// Truth is what the scheme knows of a consumer. It holds no personal data but the issuer's
// own id: how many there are, and not what.
type Truth struct {
	register.Name
	Status string `json:"status"` // NOT_ENROLLED, or the consumer's
	// Emails and Phones count the consumer's.
	Emails int    `json:"emails"`
	Phones int    `json:"phones"`
	Cards  []Card `json:"cards"`
	// Running is the requestTraceId of the request that runs, "" of none.
	Running string `json:"running"`
	IsHeld  bool   `json:"held"` // by another writer
	// Conflicts is how many requests were refused because one ran or another writer held the
	// consumer, since the simulator began. Overlaps is how many writes, refused for that or as a
	// second enrolment, ever came while a request ran: an issuer who waits for the end of each has
	// none.
	Conflicts int    `json:"conflicts"`
	Overlaps  int    `json:"overlaps"`
	History   []Deed `json:"history"`
}

// Card is one that the consumer has.
type Card struct {
	AccountNumber  string          `json:"accountNumber"` // masked
	PANReferenceID string          `json:"panReferenceID"`
	ExpirationDate string          `json:"expirationDate"`
	Status         register.Status `json:"status"`
}

// Deed is one thing that was done to a consumer.
type Deed struct {
	Call string         `json:"call"` // of the issuer, or what another party did
	By   register.Party `json:"by"`
	At   time.Time      `json:"at"`
	// Of a request: its trace id and correlation id; when it ended, SUCCESS or the reasons of
	// its failure as the status tells them, and whether the consumer was changed.
	RequestTraceID string     `json:"requestTraceId,omitempty"`
	CorrelationID  string     `json:"correlationId,omitempty"`
	EndedAt        *time.Time `json:"endedAt,omitempty"`
	Outcome        []string   `json:"outcome,omitempty"`
	TookEffect     bool       `json:"tookEffect,omitempty"`
}

// Acts is where a test does what others than the issuer do to a consumer: POST
// {"as":…,"do":…} to a path that ends in {bid}/{id}, and GET of the scheme's truth about it.
// To remove_card goes "card", a panReferenceID. It expects the path values bid and id;
// without id it answers GET with every consumer's truth.
func Acts(r *register.Register) http.Handler { return acts{r} }

type acts struct{ register *register.Register }

func (a acts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := register.Name{ExternalConsumerID: r.PathValue("id"), OwnerBID: r.PathValue("bid")}
	switch isOne := name.ExternalConsumerID != ""; {
	case r.Method == http.MethodPost && isOne:
		if problem := a.act(w, r, name); problem != nil {
			sim.WriteProblem(w, *problem)
			return
		}
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		sim.AllowOnly("GET, HEAD, POST")(w, r)
		return
	case !isOne:
		a.list(w)
		return
	}
	truth, ok, err := a.register.Truth(name)
	switch {
	case err != nil:
		sim.WriteProblem(w, sim.ProblemOf(err))
	case !ok:
		sim.WriteProblem(w, sim.Problem{Status: http.StatusNotFound, Code: "consumer_unknown", Detail: "nothing was ever done to such a consumer"})
	default:
		sim.WriteJSON(w, http.StatusOK, truthOf(truth))
	}
}

func (a acts) list(w http.ResponseWriter) {
	truths, err := a.register.Truths()
	if err != nil {
		sim.WriteProblem(w, sim.ProblemOf(err))
		return
	}
	all := []Truth{}
	for _, t := range truths {
		all = append(all, truthOf(t))
	}
	sim.WriteJSON(w, http.StatusOK, map[string][]Truth{"consumers": all})
}

func (a acts) act(w http.ResponseWriter, r *http.Request, name register.Name) *sim.Problem {
	var body struct {
		As   register.Party
		Do   register.Act
		Card string
	}
	if _, problem := sim.ReadBody(w, r, &body); problem != nil {
		return problem
	}
	if !slices.Contains(register.Acts(body.As), body.Do) {
		return sim.BadRequest("act_unknown", "as is ANOTHER_WRITER (lock, unlock, deactivate), CARDHOLDER (opt_out, remove_card, decline) or VISA (decline, stall, go_on, omit_details, divide)")
	}
	err := a.register.Act(name, body.As, body.Do, body.Card)
	switch {
	case err == nil:
		return nil
	case walletport.CodeOf(err) == walletport.CodeConflict:
		return &sim.Problem{Status: http.StatusConflict, Code: walletport.ReasonOf(err), Detail: "the consumer's state does not allow it"}
	}
	problem := sim.ProblemOf(err)
	return &problem
}

func truthOf(t register.Truth) Truth {
	c := t.Consumer
	truth := Truth{Name: c.Name, Status: "NOT_ENROLLED", IsHeld: c.IsHeld, Conflicts: t.Met, Overlaps: t.Overlaps, Cards: []Card{}, History: []Deed{}}
	if c.Person != nil {
		truth.Status, truth.Emails, truth.Phones = string(c.Person.Status), len(c.Person.Emails), len(c.Person.Phones)
	}
	for _, card := range c.Enrolled() {
		truth.Cards = append(truth.Cards, Card{card.AccountNumber, card.PANReferenceID, card.ExpirationDate, card.Status})
	}
	if c.Running != nil {
		truth.Running = c.Running.TraceID
	}
	for _, e := range t.History {
		deed := Deed{Call: e.Call, By: e.By, At: e.At, RequestTraceID: e.TraceID, CorrelationID: e.CorrelationID, EndedAt: e.EndedAt, TookEffect: e.TookEffect}
		for _, d := range e.Details {
			deed.Outcome = append(deed.Outcome, outcomeOf(d)...)
		}
		truth.History = append(truth.History, deed)
	}
	return truth
}

// outcomeOf is SUCCESS, or the reasons of a failure.
func outcomeOf(d register.Detail) (words []string) {
	if d.IsDone {
		return []string{"SUCCESS"}
	}
	for _, p := range d.Problems {
		words = append(words, p.Reason)
	}
	return words
}
