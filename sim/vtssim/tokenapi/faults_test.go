package tokenapi_test

import (
	"net/http"
	"strings"
	"testing"
)

// Each fault, on the call that it is asked for, and what is done all the same.
func TestFaults(t *testing.T) {
	w := newWorld(t, nil)
	token := provision(t, w.vault, googlePay(testPAN))
	list := func() step { return w.list(step{"seal": cardInfo(testPAN)}) }
	details := func() step { return w.details(token) }
	// Suspends and resumes in turn, so that each would be done.
	change := func() step {
		next := "SUSPEND"
		if w.story(t, token).Status == "SUSPENDED" {
			next = "RESUME"
		}
		return w.lifecycle(t, token, operation(next))
	}
	for _, c := range []struct {
		name, call, fault string
		step              func() step
		status            int
		reason            string // of the answer; "" is not looked at
		opens             string // what the oracle says when it opens the answer
		isDone            bool   // of a change
	}{
		{"503", "lifecycle", `"error_5xx"`, change, 503, "serviceError", "", false},
		{"504 after it was done", "lifecycle", `"error_5xx","seed":3`, change, 504, "serviceError", "", true},
		{"dropped before", "lifecycle", `"drop_before"`, change, 0, "", "", false},
		{"dropped after commit", "*", `"drop_after_commit"`, change, 0, "", "", true},
		{"rate limited", "lifecycle", `"rate_limited"`, change, 429, "429", "", false},
		{"a page instead of an answer", "lifecycle", `"garbage","seed":1`, change, 200, "", "", true},
		{"a change's signature is not known", "lifecycle", `"wrong_signature"`, change, 401, "9159", "", false},
		{"a question's signature is not known", "retrieveTokenInfo", `"wrong_signature"`, list, 400, "VSE40010", "", false},
		{"a question is to another key", "retrieveTokenInfo", `"wrong_key"`, list, 400, "VSE40010", "", false},
		{"details are to another key", "details", `"wrong_key"`, details, 200, "", "ERR_JWE_DECRYPTION_FAILED", false},
		{"details are signed by another key", "details", `"wrong_signature"`, details, 200, "", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(w.story(t, token).History)
			if status, text := w.send(t, http.MethodPost, "/faults", `{"scheme":"vts","call":"`+c.call+`","fault":`+c.fault+`}`); status != http.StatusCreated {
				t.Fatalf("%d %s", status, text)
			}
			got := ask(t, c.step())[0]
			if got.Status != c.status || c.reason != "" && got.reason(t) != c.reason {
				t.Errorf("%d %s", got.Status, got.Body)
			}
			if c.opens != "" && (got.Opened == nil || got.Opened.Fault != c.opens) {
				t.Errorf("opened: %+v", got.Opened)
			}
			if isDone := len(w.story(t, token).History) > before; isDone != c.isDone {
				t.Errorf("done: %v", isDone)
			}
			if _, waiting := w.send(t, http.MethodGet, "/faults", ""); !strings.Contains(string(waiting), `"faults":[]`) {
				t.Errorf("what waits still: %s", waiting)
			}
		})
	}
}
