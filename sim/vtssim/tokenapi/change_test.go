package tokenapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport/sim/vtssim/tokenapi"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// Every operation on a token in every state.
func TestTheTableOfChanges(t *testing.T) {
	const already, status, inactive = "VSE40002", "VSE40007", "VSE40011"
	rows := []struct {
		operation string
		want      map[string]string // state before → state after, or the code of the refusal
	}{
		{"CALL_CENTER_ACTIVATION", map[string]string{"INACTIVE": "ACTIVE", "ACTIVE": already, "SUSPENDED": status, "DEACTIVATED": status}},
		{"SUSPEND", map[string]string{"INACTIVE": status, "ACTIVE": "SUSPENDED", "SUSPENDED": already, "DEACTIVATED": status}},
		{"RESUME", map[string]string{"INACTIVE": status, "ACTIVE": already, "SUSPENDED": "ACTIVE", "DEACTIVATED": status}},
		{"DELETE", map[string]string{"INACTIVE": "DEACTIVATED", "ACTIVE": "DEACTIVATED", "SUSPENDED": "DEACTIVATED", "DEACTIVATED": already}},
		{"TOKEN_TRUSTED_LISTING_ADD", map[string]string{"INACTIVE": inactive, "ACTIVE": "ACTIVE", "SUSPENDED": inactive, "DEACTIVATED": status}},
	}
	reach := map[string][]string{"INACTIVE": nil, "ACTIVE": {"CALL_CENTER_ACTIVATION"}, "SUSPENDED": {"CALL_CENTER_ACTIVATION", "SUSPEND"}, "DEACTIVATED": {"DELETE"}}
	w := newWorld(t, nil)
	type trial struct {
		name, before, want string
		token              tokenvault.Token
		last               int // of its requests
	}
	var trials []trial
	var steps []step
	for _, row := range rows {
		for before, want := range row.want {
			p := googlePay(testPAN)
			p.NeedsStepUp = true
			token := provision(t, w.vault, p)
			for _, name := range append(slices.Clone(reach[before]), row.operation) {
				steps = append(steps, w.lifecycle(t, token, operation(name)))
			}
			trials = append(trials, trial{row.operation + " of " + before, before, want, token, len(steps) - 1})
		}
	}
	answers := ask(t, steps...)
	for _, c := range trials {
		t.Run(c.name, func(t *testing.T) {
			got, after, done := answers[c.last], c.want, len(reach[c.before])+2
			if isCode := strings.HasPrefix(c.want, "VSE"); isCode {
				after, done = c.before, len(reach[c.before])+1
				if got.Status != http.StatusBadRequest || got.reason(t) != c.want {
					t.Errorf("%d %s", got.Status, got.Body)
				}
			} else if got.Status != http.StatusOK || got.Body != "" {
				t.Errorf("%d %q", got.Status, got.Body)
			}
			if s := w.story(t, c.token); s.Status != after || len(s.History) != done {
				t.Errorf("the story is %+v", s)
			}
		})
	}
}

func TestWhatOthersDo(t *testing.T) {
	w := newWorld(t, nil)
	token := provision(t, w.vault, googlePay(testPAN))
	path := "/vts/tokens/" + token.TokenReferenceID
	for _, c := range []struct {
		body       string
		status     int
		code       string // of a refusal
		after      string
		suspenders []string
	}{
		{`{"as":"CARDHOLDER","do":"suspend"}`, 200, "", "SUSPENDED", []string{"CARDHOLDER"}},
		{`{"as":"TOKEN_REQUESTOR","do":"suspend"}`, 409, "token_status_already", "SUSPENDED", []string{"CARDHOLDER"}},
		{`{"as":"TOKEN_REQUESTOR","do":"resume"}`, 200, "", "ACTIVE", nil},
		{`{"as":"CARDHOLDER","do":"resume"}`, 409, "token_status_already", "ACTIVE", nil},
		{`{"as":"ISSUER","do":"suspend"}`, 400, "act_unknown", "ACTIVE", nil},
		{`{"as":"CARDHOLDER","do":"activate"}`, 400, "act_unknown", "ACTIVE", nil},
		{`[]`, 400, "body_malformed", "ACTIVE", nil},
		{`{"as":"TOKEN_REQUESTOR","do":"delete"}`, 200, "", "DEACTIVATED", nil},
		{`{"as":"CARDHOLDER","do":"suspend"}`, 409, "token_status", "DEACTIVATED", nil},
	} {
		status, text := w.send(t, http.MethodPost, path, c.body)
		if status != c.status || c.code != "" && !strings.Contains(string(text), `"code":"`+c.code+`"`) {
			t.Errorf("%s: %d %s", c.body, status, text)
		}
		if s := w.story(t, token); s.Ref != token.TokenReferenceID || s.Status != c.after || !slices.Equal(s.Suspenders, c.suspenders) {
			t.Errorf("after %s the story is %+v", c.body, s)
		}
	}
	want := []string{"TOKEN_REQUESTOR TOKEN_CREATED", "CARDHOLDER SUSPEND", "TOKEN_REQUESTOR RESUME", "TOKEN_REQUESTOR DELETE"}
	if got := w.story(t, token).deeds(); !slices.Equal(got, want) {
		t.Errorf("history %v", got)
	}
	for method, want := range map[string]int{http.MethodGet: 404, http.MethodPost: 404, http.MethodPut: 405} {
		if status, _ := w.send(t, method, "/vts/tokens/DNITHE", `{"as":"CARDHOLDER","do":"suspend"}`); status != want {
			t.Errorf("%s of no token: %d", method, status)
		}
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	token := provision(t, w.vault, googlePay(testPAN))
	with := func(name string, value any) members {
		body := operation("SUSPEND")
		body[name] = value
		return body
	}
	bind := func(device any) members {
		body := operation("TOKEN_DEVICE_BINDING_APPROVE")
		body["deviceInfo"] = device
		return body
	}
	cases := []struct {
		name, reason string
		body         members
	}{
		{"no operation", "VSE40001", with("operationType", "")},
		{"an operation that is none", "VSE40000", with("operationType", "suspend")},
		{"one of another processor", "VSE40000", with("operationType", "ACTIVATE")},
		{"the first version's", "VSE40000", with("operationType", "TOKEN_CREATED")},
		{"no reason", "VSE40001", with("operationReason", nil)},
		{"a reason of 255 characters", "VSE40000", with("operationReason", strings.Repeat("ä", 255))},
		{"a reason with a card number", "VSE40000", with("operationReason", "card "+testPAN)},
		{"an operator of 17 characters", "VSE40000", with("operatorID", strings.Repeat("a", 17))},
		{"an operator with a card number", "VSE40000", with("operatorID", testPAN)},
		{"an operator that is a number", "VSE40000", with("operatorID", 7)},
		{"an activation without a code", "VSE40001", with("operationType", "CALL_CENTER_ACTIVATION")},
		{"a code of 9 characters", "VSE40000", with("activationCode", "123456789")},
		{"no device", "VSE40001", bind(nil)},
		{"a device without an id", "VSE40001", bind(members{})},
		{"a device that is text", "VSE40000", bind("0123")},
		{"a device with a card number", "VSE40000", bind(members{"deviceID": "0" + testPAN + "0"})},
	}
	steps := make([]step, len(cases))
	for i, c := range cases {
		steps[i] = w.lifecycle(t, token, c.body)
	}
	for i, got := range ask(t, steps...) {
		if reason := got.reason(t); got.Status != http.StatusBadRequest || reason != cases[i].reason {
			t.Errorf("%s: %d %s", cases[i].name, got.Status, got.Body)
		}
	}
	if s := w.story(t, token); len(s.History) != 1 {
		t.Errorf("the story is %+v", s)
	}
}

func TestActivateOfOneProcessor(t *testing.T) {
	w := newWorld(t, func(c *tokenapi.Config) { c.TakesActivate = true })
	p := googlePay(testPAN)
	p.NeedsStepUp = true
	token := provision(t, w.vault, p)
	if got := ask(t, w.lifecycle(t, token, operation("ACTIVATE")))[0]; got.Status != http.StatusOK || w.story(t, token).Status != "ACTIVE" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
