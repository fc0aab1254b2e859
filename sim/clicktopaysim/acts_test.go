package clicktopaysim_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// What others do at once, one after the other, to a consumer who has a card.
func TestWhatOthersDo(t *testing.T) {
	w := newWorld(t, nil)
	w.enrol(t, "c-1")
	reference := w.truth(t, "c-1").Cards[0].PANReferenceID
	path := "/c2p/consumers/" + testBID + "/c-1"
	for _, c := range []struct {
		body   string
		status int
		code   string // of a refusal
		after  string // the consumer's status, its cards, and whether it is held
	}{
		{`{"as":"ANOTHER_WRITER","do":"unlock"}`, 409, "lock_free", "ACTIVE 1 free"},
		{`{"as":"ANOTHER_WRITER","do":"lock"}`, 200, "", "ACTIVE 1 held"},
		{`{"as":"ANOTHER_WRITER","do":"lock"}`, 409, "lock_taken", "ACTIVE 1 held"},
		{`{"as":"ANOTHER_WRITER","do":"unlock"}`, 200, "", "ACTIVE 1 free"},
		{`{"as":"ANOTHER_WRITER","do":"deactivate"}`, 200, "", "INACTIVE 1 free"},
		{`{"as":"ANOTHER_WRITER","do":"opt_out"}`, 400, "act_unknown", "INACTIVE 1 free"},
		{`{"as":"ISSUER","do":"lock"}`, 400, "act_unknown", "INACTIVE 1 free"},
		{`[]`, 400, "body_malformed", "INACTIVE 1 free"},
		{`{"as":"VISA","do":"go_on"}`, 409, "request_not_stalled", "INACTIVE 1 free"},
		{`{"as":"CARDHOLDER","do":"remove_card","card":"V-1"}`, 409, "card_not_enrolled", "INACTIVE 1 free"},
		{`{"as":"CARDHOLDER","do":"remove_card","card":"` + reference + `"}`, 200, "", "INACTIVE 0 free"},
		{`{"as":"CARDHOLDER","do":"opt_out"}`, 200, "", "NOT_ENROLLED 0 free"},
		{`{"as":"CARDHOLDER","do":"opt_out"}`, 409, "consumer_not_enrolled", "NOT_ENROLLED 0 free"},
	} {
		status, text := w.send(t, http.MethodPost, path, c.body)
		truth := w.truth(t, "c-1")
		after := truth.Status + " " + string(rune('0'+len(truth.Cards))) + " free"
		if truth.IsHeld {
			after = strings.Replace(after, "free", "held", 1)
		}
		if status != c.status || c.code != "" && !strings.Contains(string(text), `"code":"`+c.code+`"`) || after != c.after {
			t.Errorf("%s: %d %s, then %s", c.body, status, text, after)
		}
	}
	deeds := []string{}
	for _, d := range w.truth(t, "c-1").History {
		deeds = append(deeds, string(d.By)+" "+d.Call)
	}
	want := []string{"ISSUER enrollData", "ANOTHER_WRITER lock", "ANOTHER_WRITER unlock", "ANOTHER_WRITER deactivate", "CARDHOLDER remove_card", "CARDHOLDER opt_out"}
	if !slices.Equal(deeds, want) {
		t.Errorf("history %v", deeds)
	}
	for method, want := range map[string]int{http.MethodGet: 404, http.MethodPost: 409, http.MethodPut: 405} {
		if status, _ := w.send(t, method, "/c2p/consumers/"+testBID+"/c-9", `{"as":"CARDHOLDER","do":"opt_out"}`); status != want {
			t.Errorf("%s of nobody: %d", method, status)
		}
	}
}

func TestAnotherWriterHoldsTheLock(t *testing.T) {
	w := newWorld(t, nil)
	w.enrol(t, "c-1")
	w.act(t, "c-1", `{"as":"ANOTHER_WRITER","do":"lock"}`)
	for range 2 {
		if a := w.ask(t, w.question(http.MethodPost, "getData", body(ids("c-1")))); a.status != http.StatusConflict || a.reason() != "VIDC-3000" {
			t.Errorf("%d %v", a.status, a.plain)
		}
		w.clock.add(delay)
	}
	w.act(t, "c-1", `{"as":"ANOTHER_WRITER","do":"unlock"}`)
	w.read(t, "c-1")
}

// An act is of the request that runs, or of the next one.
func TestWhatBecomesOfARequest(t *testing.T) {
	const card = "paymentInstruments[0].accountNumber"
	for _, c := range []struct {
		name, act string
		outcome   []string
		after     string
	}{
		{"declined by Visa", `{"as":"VISA","do":"decline"}`, []string{"FAILED", "VIDC-7000 " + card}, "NOT_ENROLLED"},
		{"declined by the cardholder", `{"as":"CARDHOLDER","do":"decline"}`, []string{"FAILED", "CONSUMER_DECLINED consumerInformation"}, "NOT_ENROLLED"},
		{"told without details", `{"as":"VISA","do":"omit_details"}`, nil, "ACTIVE"},
		{"told in two ways", `{"as":"VISA","do":"divide"}`, []string{"SUCCESS", "FAILED", "VIDC-7000 " + card}, "NOT_ENROLLED"},
	} {
		for _, isRunning := range []bool{true, false} {
			w := newWorld(t, nil)
			if !isRunning {
				w.act(t, "c-1", c.act)
			}
			trace := w.write(t, http.MethodPost, "enrollData", enrolment("c-1"))
			if isRunning {
				w.act(t, "c-1", c.act)
			}
			w.clock.add(delay)
			if status, outcome := w.outcome(t, trace); status != "COMPLETED" || !slices.Equal(outcome, c.outcome) {
				t.Errorf("%s, running %v: %s %v", c.name, isRunning, status, outcome)
			}
			if truth := w.truth(t, "c-1"); truth.Status != c.after {
				t.Errorf("%s: the truth is %+v", c.name, truth)
			}
			if c.after == "NOT_ENROLLED" { // it was for one request
				w.enrol(t, "c-1")
			}
		}
	}
}

func TestARequestThatStalls(t *testing.T) {
	w := newWorld(t, nil)
	w.act(t, "c-1", `{"as":"VISA","do":"stall"}`)
	first := w.write(t, http.MethodPost, "enrollData", enrolment("c-1"))
	w.clock.add(1000 * delay)
	if status, _ := w.outcome(t, first); status != "IN_PROGRESS" {
		t.Error(status)
	}
	w.act(t, "c-1", `{"as":"VISA","do":"go_on"}`)
	if status, _ := w.outcome(t, first); status != "COMPLETED" {
		t.Error(status)
	}
	// One that runs, and whose consumer opts out meanwhile.
	second := w.write(t, http.MethodPost, "enrollPaymentInstruments", body(ids("c-1"), card(otherPAN)))
	w.act(t, "c-1", `{"as":"VISA","do":"stall"}`)
	w.act(t, "c-1", `{"as":"CARDHOLDER","do":"opt_out"}`)
	w.clock.add(1000 * delay)
	if truth := w.truth(t, "c-1"); truth.Running != second || truth.History[3].RequestTraceID != second || truth.History[3].EndedAt != nil {
		t.Errorf("while it stalls the truth is %+v", truth)
	}
	w.act(t, "c-1", `{"as":"VISA","do":"go_on"}`)
	if status, outcome := w.outcome(t, second); status != "COMPLETED" || !slices.Equal(outcome, []string{"FAILED", "VIDC-2001 consumerInformation.externalConsumerID"}) {
		t.Errorf("%s %v", status, outcome)
	}
	if status, outcome := w.outcome(t, first); status != "COMPLETED" || !slices.Equal(outcome, []string{"SUCCESS"}) {
		t.Errorf("the first, later: %s %v", status, outcome)
	}
}
