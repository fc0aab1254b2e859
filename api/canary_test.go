package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/walletport/walletport"
)

// canaryRow is a request with a canary in it.
type canaryRow struct {
	name, method, target string
	change               func(*http.Request)
	body                 string
}

// TestCanary sends a PAN in every place that a caller can write to, with logs at
// their most talkative, and looks for its digits everywhere that something of the
// request could have gone: answers, logs, metrics, spans, audit records.
func TestCanary(t *testing.T) {
	h := mustHouse(t, nil)
	spaced := "5204-2477-5000-1471"
	at := func(card, provider, query string) string {
		return "/wallet/v1/" + card + "/provision/issuerwallet/" + provider + "?auditUser=" + query
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	sent := 0
	rows := []canaryRow{
		{name: "card id", target: at(testPAN, "acme", "ada")},
		{name: "dashed card id", target: at(spaced, "acme", "ada")},
		{name: "escaped card id", target: at("%35204247750001471", "acme", "ada")},
		{name: "wallet provider", target: at("42", testPAN, "ada")},
		{name: "dashed wallet provider", target: at("42", "a-"+spaced, "ada")},
		{name: "audit user", target: at("42", "acme", testPAN)},
		{name: "spaced audit user", target: at("42", "acme", "5204+2477+5000+1471")},
		{name: "unknown query parameter", target: goodTarget + "&pan=" + testPAN},
		{name: "name of a query parameter", target: goodTarget + "&" + testPAN + "=1"},
		{name: "unknown path", target: "/wallet/" + testPAN},
		{name: "path outside", target: "/" + testPAN},
		{name: "body", target: goodTarget, body: `{"pan":"` + testPAN + `"}`},
		{name: "method", method: testPAN, target: goodTarget},
		{name: "request id", target: goodTarget, change: set("X-Request-Id", testPAN)},
		{name: "dashed request id", target: goodTarget, change: set("X-Request-Id", spaced)},
		{name: "trace id", target: goodTarget, change: set("Traceparent", "00-5204247750001471a204247750001471-5204247750001471-01")},
		{name: "trace id after zeros", target: goodTarget, change: set("Traceparent", "00-0000000000000000"+testPAN+"-b7ad6b7169203331-01")},
		{name: "trace id before zeros", target: goodTarget, change: set("Traceparent", "00-"+testPAN+"0000000000000000-b7ad6b7169203331-01")},
		{name: "trace state", target: goodTarget, change: func(r *http.Request) {
			r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
			r.Header.Set("Tracestate", "pan="+testPAN)
			r.Header.Set("Baggage", "pan="+testPAN)
		}},
		{name: "user agent", target: goodTarget, change: set("User-Agent", testPAN)},
		{name: "host", target: goodTarget, change: func(r *http.Request) { r.Host = testPAN }},
		{name: "accept", target: goodTarget, change: set("Accept", "text/"+testPAN)},
		{name: "content type", target: goodTarget, change: set("Content-Type", testPAN), body: "x"},
		{name: "basic user", target: goodTarget, change: func(r *http.Request) { r.SetBasicAuth(testPAN, "x") }},
		{name: "basic secret", target: goodTarget, change: func(r *http.Request) { r.SetBasicAuth("x", testPAN) }},
		{name: "bearer", target: goodTarget, change: set("Authorization", "Bearer "+testPAN)},
		{name: "authorization scheme", target: goodTarget, change: set("Authorization", testPAN+" x")},
		{name: "forwarded address", target: goodTarget, change: set("X-Forwarded-For", testPAN)},
		{name: "header of its own", target: goodTarget, change: set("X-Pan", testPAN)},
		{name: "step-up assertion", target: goodTarget, change: set("Step-Up-Assertion", testPAN)},
		{name: "step-up assertion twice", target: goodTarget, change: func(r *http.Request) { r.Header["Step-Up-Assertion"] = []string{testPAN, testPAN} }},
		{name: "card id of a list", method: http.MethodGet, target: "/wallet/v1/card/" + testPAN + "/tokens?auditUser=ada"},
		{name: "dashed card id of a list", method: http.MethodGet, target: "/wallet/v1/card/" + spaced + "/tokens?auditUser=ada"},
		{name: "audit user of a list", method: http.MethodGet, target: listPath + "?auditUser=" + testPAN},
		{name: "token id", method: http.MethodPut, target: "/wallet/v1/tokens/" + testPAN + "/suspend?auditUser=ada"},
		{name: "action", method: http.MethodPut, target: "/wallet/v1/tokens/7/" + testPAN + "?auditUser=ada"},
		{name: "audit user of a change", method: http.MethodPut, target: suspendPath + "?auditUser=" + testPAN},
		{name: "reason of a change", method: http.MethodPut, target: suspend, change: set("X-Reason", testPAN)},
		{name: "reason of a change twice", method: http.MethodPut, target: suspend, change: func(r *http.Request) { r.Header["X-Reason"] = []string{testPAN, testPAN} }},
	}
	for _, call := range walletCalls {
		rows = append(rows, canaryBodies(call, testPAN)...)
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			method := c.method
			if method == "" {
				method = http.MethodPost
			}
			r := h.mustRequest(t, method, c.target, strings.NewReader(c.body))
			if c.change != nil {
				c.change(r)
			}
			w := h.do(r)
			sent++
			if w.Code >= 500 {
				t.Errorf("answer %d", w.Code)
			}
			wantNoPAN(t, "the answer", w.Body.String()+fmt.Sprint(w.Header()))
		})
	}
	t.Run("error and panic of the flow", func(t *testing.T) {
		h.flow.err = fmt.Errorf("seal card: %w", errors.New("bad PAN "+testPAN))
		wantNoPAN(t, "the answer", h.do(h.mustRequest(t, http.MethodPost, goodTarget, nil)).Body.String())
		h.flow.do = func(context.Context) { panic(testPAN) }
		wantNoPAN(t, "the answer", h.do(h.mustRequest(t, http.MethodPost, goodTarget, nil)).Body.String())
		sent += 2
	})

	logs := h.logs.String()
	if lines := strings.Count(logs, "\n"); lines != sent {
		t.Errorf("%d log lines of %d requests: the canary did not fly", lines, sent)
	}
	wantNoPAN(t, "the log", logs)
	wantNoPAN(t, "the metrics", h.do(h.mustRequest(t, http.MethodGet, "/metrics", nil)).Body.String())
	spans := h.spans.GetSpans()
	if len(spans) < sent {
		t.Errorf("%d spans of %d requests", len(spans), sent)
	}
	wantNoPAN(t, "the spans", fmt.Sprintf("%+v", spans))
	for _, s := range spans {
		wantNoPAN(t, "a span's ids", fmt.Sprint(s.SpanContext.TraceID(), s.SpanContext.SpanID(), s.Parent.TraceID(), s.Parent.SpanID()))
	}
	records := h.trail.Take()
	if len(records) == 0 {
		t.Errorf("nothing was recorded")
	}
	wantNoPAN(t, "the audit trail", fmt.Sprintf("%+v", records))
}

// canaryBodies are good and broken bodies of a call with the canary in every member
// and beside them.
func canaryBodies(call walletCall, canary string) []canaryRow {
	q := `"` + canary + `"`
	full := `{"certificates":[` + q + `],"nonce":` + q + `,"nonceSignature":` + q + `,"clientAppID":` + q + `,"clientDeviceID":` + q +
		`,"clientWalletAccountID":` + q + `,"serverSessionId":` + q + `,"tokenUniqueReference":` + q + `,` + q + `:` + q
	as := func(contentType string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Content-Type", contentType)
			r.Header.Set("Step-Up-Assertion", canary)
		}
	}
	const plain = "application/json"
	target := call.good()
	return []canaryRow{
		{name: call.name + " in every member", target: target, body: full + "}", change: as(plain)},
		{name: call.name + " in a body that breaks off", target: target, body: full, change: as(plain)},
		{name: call.name + " in members of a wrong type", target: target, body: `{"certificates":` + q + `,"nonce":[` + q + `],"clientAppID":{` + q + `:1},"tokenUniqueReference":[` + q + `]}`, change: as(plain)},
		{name: call.name + " in members twice", target: target, body: full + "," + full[1:] + "}", change: as(plain)},
		{name: call.name + " in a broken escape", target: target, body: `{"nonce":"` + canary + `\q","clientAppID":"` + canary + `\q","tokenUniqueReference":"` + canary + `\q"}`, change: as(plain)},
		{name: call.name + " alone", target: target, body: canary, change: as(plain)},
		{name: call.name + " in a form", target: target, body: "nonce=" + canary, change: as("application/x-www-form-urlencoded")},
		{name: call.name + " in the content type", target: target, body: full + "}", change: as("text/" + canary)},
		{name: call.name + " in a huge body", target: target, body: `{"nonce":"` + strings.Repeat(canary, 10_000) + `"}`, change: as(plain)},
	}
}

// TestBodiesAndProofsAreNotRepeated: neither what a wallet gave the app nor the
// proof of strong authentication is anywhere but in the request, whatever goes wrong.
func TestBodiesAndProofsAreNotRepeated(t *testing.T) {
	const canary = "c0ffee5ec2e7c0ffee"
	for _, call := range walletCalls {
		t.Run(call.name, func(t *testing.T) {
			h := mustHouse(t, nil)
			var seen strings.Builder
			for _, fault := range []func(context.Context){nil, func(context.Context) { panic("a bug") }} {
				h.flow.do = fault
				for _, c := range canaryBodies(call, canary) {
					r := h.mustRequest(t, http.MethodPost, c.target, strings.NewReader(c.body))
					c.change(r)
					w := h.do(r)
					fmt.Fprint(&seen, w.Body.String(), w.Header())
				}
			}
			fmt.Fprintf(&seen, "%+v %+v %+v", h.trail.Take(), h.spans.GetSpans(), walletport.RequestFrom(h.flow.ctx))
			seen.WriteString(h.logs.String() + h.do(h.mustRequest(t, http.MethodGet, "/metrics", nil)).Body.String())
			if i := strings.Index(seen.String(), canary); i >= 0 {
				t.Errorf("it is repeated: …%s…", seen.String()[max(0, i-100):i+len(canary)])
			}
			if !strings.Contains(fmt.Sprintf("%+v %s", h.flow.calls, walletport.RequestFrom(h.flow.ctx).StepUp.JWT()), canary) {
				t.Errorf("the canary did not fly")
			}
		})
	}
}

func wantNoPAN(t *testing.T, what, text string) {
	t.Helper()
	for _, digits := range []string{testPAN, "5204-2477-5000-1471", "5204 2477 5000 1471"} {
		if i := strings.Index(text, digits); i >= 0 {
			t.Errorf("%s holds the PAN: …%s…", what, text[max(0, i-60):min(len(text), i+60)])
		}
	}
}

func TestSpan(t *testing.T) {
	h := mustHouse(t, nil)
	r := h.mustRequest(t, http.MethodPost, goodPath, nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	h.do(r)
	spans := h.spans.GetSpans()
	if len(spans) != 1 {
		t.Fatalf("%d spans", len(spans))
	}
	got := make(map[string]string)
	for _, a := range spans[0].Attributes {
		got[string(a.Key)] = a.Value.String()
	}
	if spans[0].Name != "POST /v1/{cardId}/provision/issuerwallet/{walletProvider}" || spans[0].SpanContext.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" ||
		got["http.response.status_code"] != "400" || got["error.type"] != "audit_user_missing" {
		t.Errorf("span %s %v", spans[0].Name, got)
	}
}
