package clicktopaysim_test

import (
	"net/http"
	"strings"
	"testing"
)

// Each fault, on the call that it is asked for, and what is done all the same.
func TestFaults(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct {
		name, call, fault string
		status            int
		reason            string // of the answer; "" is not looked at
		opens, isDone     bool
	}{
		{"503", "enrollData", `"error_5xx"`, 503, "503", false, false},
		{"504 after it was done", "enrollData", `"error_5xx","seed":3`, 504, "504", false, true},
		{"dropped before", "enrollData", `"drop_before"`, 0, "", false, false},
		{"dropped after commit", "*", `"drop_after_commit"`, 0, "", false, true},
		{"rate limited", "enrollData", `"rate_limited"`, 429, "429", false, false},
		{"a page instead of an answer", "enrollData", `"garbage","seed":1`, 200, "", false, true},
		{"a signature is not known", "enrollData", `"wrong_signature"`, 401, "9159", false, false},
		{"the answer is to another key", "enrollData", `"wrong_key"`, 202, "", false, true},
		{"the request is to another key", "enrollData", `"wrong_key","seed":1`, 400, "", false, false},
		{"the answer is in clear", "enrollData", `"wrong_key","seed":2`, 202, "", false, true},
		{"a status is to another key", "requestStatus", `"wrong_key","seed":1`, 400, "", false, false},
		{"a question is to another key", "getData", `"wrong_key"`, 400, "", false, false},
		{"none", "", "", 202, "", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := strings.ReplaceAll(c.name, " ", "-")
			if c.fault != "" {
				if status, text := w.send(t, http.MethodPost, "/faults", `{"scheme":"clicktopay","call":"`+c.call+`","fault":`+c.fault+`}`); status != http.StatusCreated {
					t.Fatalf("%d %s", status, text)
				}
			}
			q := w.question(http.MethodPost, "enrollData", enrolment(id))
			switch c.call {
			case "getData":
				q = w.question(http.MethodPost, "getData", body(ids(id)))
			case "requestStatus":
				q = w.question(http.MethodGet, "requestStatus/x", nil)
			}
			a := w.ask(t, q)
			if a.status != c.status || c.reason != "" && a.reason() != c.reason || (a.fault == nil && a.status != 0) != c.opens {
				t.Errorf("%d %s, opened: %v", a.status, a.body, a.fault)
			}
			if inClear := strings.Contains(string(a.body), "requestTraceId"); inClear != strings.HasSuffix(c.name, "in clear") {
				t.Errorf("%s", a.body)
			}
			if status, _ := w.send(t, http.MethodGet, "/c2p/consumers/"+testBID+"/"+id, ""); (status == http.StatusOK) != c.isDone {
				t.Errorf("done: %d", status)
			}
			if _, waiting := w.send(t, http.MethodGet, "/faults", ""); !strings.Contains(string(waiting), `"faults":[]`) {
				t.Errorf("what waits still: %s", waiting)
			}
		})
	}
}
