package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
)

// canaries are personal data that must be nowhere but in requests and in the answer of a
// read: names, e-mail, phone, and a line of an address.
var canaries = []string{"Zdravomyslova", "canary.bird@nest.example", "419876543210123", "7 Feather Lane, cage 3"}

// canaryProfile has all of them.
func canaryProfile() clicktopay.Profile {
	name, mail, phone, line := walletport.NewPrivate(canaries[0]), walletport.NewPrivate(canaries[1]), walletport.NewPrivate(canaries[2]), walletport.NewPrivate(canaries[3])
	return clicktopay.Profile{
		Consumer: clicktopay.ProfileConsumer{LastName: name, Emails: []walletport.Private{mail}, Phones: []walletport.Private{phone}},
		Cards:    []clicktopay.ProfileCard{{Address: walletport.Address{Line1: line}}},
	}
}

// canaryBodiesOf are bodies of a call, good and broken, with every canary in each place that
// takes a text, in places of another type, and in names.
func canaryBodiesOf(call clickToPayCall) []string {
	bodies := []string{call.body, call.body[:len(call.body)-1]}
	for _, canary := range canaries {
		q := fmt.Sprintf("%q", canary)
		full := `"cardId":[` + q + `],"customerBID":` + q + `,"overrides":{"emails":[` + q + `],"phones":[` + q + `],` + q + `:1},"cardOverrides":{"addressLine1":` + q +
			`,"addressLine2":` + q + `,"addressLine3":` + q + `,"city":` + q + `,"state":` + q + `,"postalCode":` + q + `,"country":` + q + `},"active":` + q + `,` + q + `:` + q
		asGood := strings.NewReplacer(`"cardId":[`+q+`]`, `"cardId":["42"]`, `"active":`+q, `"active":true`).Replace(full)
		bodies = append(bodies, "{"+full+"}", "{"+asGood+"}", "{"+full, "{"+asGood+","+asGood+"}", q, `{"overrides":`+q+`,"cardOverrides":[`+q+`]}`,
			`{"customerBID":"123456","cardOverrides":{"city":"`+canary+`\q"}}`)
	}
	return bodies
}

// TestPersonalDataStaysInTheAnswer: whatever goes wrong, nothing of what a caller sends or the
// scheme has of a customer is in the log, metrics, spans, records or another answer than that
// of a read.
func TestPersonalDataStaysInTheAnswer(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(context.Context)
		err  error
	}{
		{name: "done"},
		{name: "the flow fails", err: errors.New("out of luck")},
		{name: "the flow breaks", do: func(context.Context) { panic("a bug") }},
		{name: "the flow refuses", err: walletport.ErrField("enrolment_data_invalid", "overrides.emails[0]", "must be an e-mail address")},
	} {
		for _, call := range clickToPayCalls {
			if call.body == "" {
				continue
			}
			t.Run(call.name+", "+c.name, func(t *testing.T) {
				h := mustHouse(t, nil)
				h.flow.do, h.flow.err, h.flow.accepted = c.do, c.err, clicktopay.Accepted{ID: requestID}
				var seen strings.Builder
				for i, body := range canaryBodiesOf(call) {
					h.flow.profile = canaryProfile()
					r := h.mustSend(t, call, call.good(), body)
					r.Header.Set("Idempotency-Key", fmt.Sprintf("key-%d", i))
					w := h.do(r)
					if isRead := call.action == walletport.ActionClickToPayRead; !isRead || w.Code != http.StatusOK {
						seen.WriteString(w.Body.String())
					}
					fmt.Fprint(&seen, w.Header())
				}
				fmt.Fprintf(&seen, "%+v %+v", h.trail.Take(), h.spans.GetSpans())
				seen.WriteString(h.do(h.mustRequest(t, http.MethodGet, "/metrics", nil)).Body.String())
				seen.WriteString(h.logs.String())
				for _, canary := range canaries {
					if i := strings.Index(seen.String(), canary); i >= 0 {
						t.Errorf("%s is repeated: …%s…", canary, seen.String()[max(0, i-100):i+len(canary)])
					}
				}
				if strings.Count(h.logs.String(), "\n") < len(canaryBodiesOf(call)) {
					t.Errorf("the canaries did not fly: %s", h.logs)
				}
			})
		}
	}
}

// TestPersonalDataReachTheFlow: the canaries of the test above are where they should be.
func TestPersonalDataReachTheFlow(t *testing.T) {
	h := mustHouse(t, nil)
	enrol, read := callNamed(t, "enrollClickToPayCustomer"), callNamed(t, "getClickToPayCustomer")
	for _, body := range canaryBodiesOf(enrol) {
		h.do(h.mustSend(t, enrol, enrol.good(), body))
	}
	var lines []string
	printed := fmt.Sprintf("%v %+v %#v", canaryProfile(), canaryProfile(), canaryProfile())
	for _, call := range h.flow.calls {
		a, ok := call.(clicktopay.Asked)
		if !ok || a.CardOverrides.Line1 == nil {
			t.Fatalf("the flow was called with %+v", call)
		}
		lines = append(lines, string(a.CardOverrides.Line1.Reveal()))
		printed += fmt.Sprintf("%v %+v %#v %v %+v %#v", a.Overrides, a.Overrides, a.Overrides, a.CardOverrides, a.CardOverrides, a.CardOverrides)
	}
	if want := append([]string{"801 Metro Center Blvd"}, canaries...); !slices.Equal(slices.Compact(lines), want) {
		t.Errorf("the flow got %q, want %q", lines, want)
	}
	h.flow.profile = canaryProfile()
	answer := h.do(h.mustSend(t, read, read.good(), read.body)).Body.String()
	for _, canary := range canaries {
		if !strings.Contains(answer, canary) {
			t.Errorf("the answer of a read lacks %s: %s", canary, answer)
		}
	}
	for _, canary := range canaries {
		if strings.Contains(printed, canary) {
			t.Errorf("whoever prints a request prints %s", canary)
		}
	}
}

// TestClickToPayIsDoneOnceForAKey: each call that changes something, and none that reads.
func TestClickToPayIsDoneOnceForAKey(t *testing.T) {
	for _, call := range clickToPayCalls {
		if call.body == "" {
			continue
		}
		t.Run(call.name, func(t *testing.T) {
			h := mustHouse(t, nil)
			send := func(target, body string) (*http.Request, string, int, bool) {
				r := h.mustSend(t, call, target, body)
				r.Header.Set("Idempotency-Key", "k")
				w := h.do(r)
				wantSpecified(t, r, w)
				return r, w.Body.String(), w.Code, w.Header().Get("Idempotent-Replayed") == "true"
			}
			h.flow.accepted, h.flow.profile = clicktopay.Accepted{ID: requestID}, aProfile()
			_, first, status, _ := send(call.good(), call.body)
			h.flow.accepted.ID, h.flow.profile = "00000000-0000-4000-8000-000000000000", clicktopay.Profile{} // by now it is another
			_, again, _, isReplayed := send(call.good(), call.body)
			if status != call.status || isReplayed != call.changes || (first == again) != call.changes {
				t.Errorf("%d %s, then %s, given again: %v", status, first, again, isReplayed)
			}
			if want := map[bool]int{true: 1, false: 2}[call.changes]; len(h.flow.calls) != want {
				t.Errorf("the flow was called %d times", len(h.flow.calls))
			}
			if !call.changes {
				return
			}
			records := h.trail.Take()
			if len(records) != 1 || records[0].Action != call.action || records[0].Outcome != "ok" || records[0].Details.Get(walletport.DetailRepeats) == "" {
				t.Errorf("recorded %+v", records)
			}
			for name, c := range map[string][2]string{
				"another body": {call.good(), strings.Replace(call.body, "123456", "123457", 1)},
				"another path": {call.at("77", byAda), call.body},
			} {
				if _, body, status, _ := send(c[0], c[1]); status != http.StatusUnprocessableEntity || problemCode([]byte(body)) != "idempotency_key_reused" {
					t.Errorf("%s: %d %s", name, status, body)
				}
			}
		})
	}
}

// TestTheSameCardIsTheSameRequest: a card's id as a number and as a string.
func TestTheSameCardIsTheSameRequest(t *testing.T) {
	h := mustHouse(t, nil)
	call := callNamed(t, "enrollClickToPayCustomer")
	h.flow.accepted = clicktopay.Accepted{ID: requestID}
	var requests []any
	for _, id := range []string{`"42"`, `42`} {
		r := h.mustSend(t, call, call.good(), `{"customerBID":"123456","cardId":[`+id+`]}`)
		if w := h.do(r); w.Code != http.StatusAccepted {
			t.Fatalf("answer %d %s", w.Code, w.Body)
		}
		requests = append(requests, h.flow.calls...)
		h.flow.calls = nil
	}
	if diff := cmp.Diff(requests[0], requests[1], byTexts); diff != "" {
		t.Errorf("they differ:\n%s", diff)
	}
}

// TestTwoClientsAtOnceWithOneKey: while the first runs, the second of the same client is told
// so, and one of another client is served.
func TestTwoClientsAtOnceWithOneKey(t *testing.T) {
	h := mustHouse(t, nil)
	call := callNamed(t, "deleteClickToPayCustomer")
	send := func(change func(*http.Request)) (int, string, string) {
		r := h.mustSend(t, call, call.good(), call.body)
		r.Header.Set("Idempotency-Key", "k")
		change(r)
		w := h.do(r)
		wantSpecified(t, r, w)
		return w.Code, problemCode(w.Body.Bytes()), w.Header().Get("Retry-After")
	}
	same := func(*http.Request) {}
	other := func(r *http.Request) { r.SetBasicAuth(h.other.id, h.other.secret) }
	h.flow.accepted = clicktopay.Accepted{ID: requestID}
	h.flow.do = func(context.Context) {
		h.flow.do = nil // of this one alone
		if status, code, wait := send(same); status != http.StatusConflict || code != "idempotency_in_progress" || wait == "" {
			t.Errorf("the same client: %d %s, Retry-After %q", status, code, wait)
		}
		if status, code, _ := send(other); status != http.StatusAccepted {
			t.Errorf("another client: %d %s", status, code)
		}
	}
	if status, code, _ := send(same); status != http.StatusAccepted || len(h.flow.calls) != 2 {
		t.Errorf("%d %s, the flow was called %d times", status, code, len(h.flow.calls))
	}
}
