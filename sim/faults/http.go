package faults

import (
	"net/http"
	"slices"

	"github.com/walletport/walletport/sim"
)

// asked is the body of a POST.
type asked struct {
	Scheme string  `json:"scheme"`
	Call   string  `json:"call"`
	Fault  Fault   `json:"fault"`
	Times  *int    `json:"times"` // 1 if it is not there
	Seed   *uint64 `json:"seed"`  // 0 if it is not there
}

// ServeHTTP takes POST with a fault that shall happen, GET of those that wait, and DELETE
// of them all.
func (l *Library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		l.post(w, r)
	case http.MethodGet, http.MethodHead:
		l.mu.Lock()
		waiting := append([]Waiting{}, l.waiting...)
		l.mu.Unlock()
		sim.WriteJSON(w, http.StatusOK, map[string][]Waiting{"faults": waiting})
	case http.MethodDelete:
		l.mu.Lock()
		l.waiting = nil
		l.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		sim.AllowOnly("GET, HEAD, POST, DELETE")(w, r)
	}
}

func (l *Library) post(w http.ResponseWriter, r *http.Request) {
	var body asked
	_, problem := sim.ReadBody(w, r, &body)
	if problem == nil {
		problem = l.check(body)
	}
	if problem != nil {
		sim.WriteProblem(w, *problem)
		return
	}
	fault := Waiting{Scheme: body.Scheme, Call: body.Call, Fault: body.Fault, Times: 1}
	if body.Times != nil {
		fault.Times = *body.Times
	}
	if body.Seed != nil {
		fault.Seed = *body.Seed
	}
	l.mu.Lock()
	isFull := len(l.waiting) >= maxWaiting
	if !isFull {
		l.waiting = append(l.waiting, fault)
	}
	l.mu.Unlock()
	if isFull {
		sim.WriteProblem(w, sim.Problem{Status: http.StatusConflict, Code: "faults_too_many", Detail: "1000 faults wait already: DELETE clears them"})
		return
	}
	sim.WriteJSON(w, http.StatusCreated, fault)
}

func (l *Library) check(body asked) *sim.Problem {
	calls, ok := l.calls[body.Scheme]
	switch {
	case !ok:
		return sim.BadRequest("fault_scheme_unknown", "scheme is a simulated scheme that is called over HTTP")
	case body.Call != AnyCall && !slices.Contains(calls, body.Call):
		return sim.BadRequest("fault_call_unknown", "call is * or one of the scheme's calls")
	case !slices.Contains(all, body.Fault):
		return sim.BadRequest("fault_unknown", "fault is slow, error_5xx, drop_before, drop_after_commit, garbage, wrong_key, wrong_signature or rate_limited")
	case body.Times != nil && (*body.Times < 1 || *body.Times > maxTimes):
		return sim.BadRequest("fault_times_invalid", "times is 1 or more")
	}
	return nil
}
