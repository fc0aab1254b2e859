package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door/doortest"
)

// What the flow found in the texts of a call is kept by neither log nor answer.
func TestStruckTextsLeaveTheLog(t *testing.T) {
	const given = "user" + testPAN
	refused := &walletport.Error{Code: walletport.CodeInvalid, Reason: "request_id_contains_pan", Message: "no"}
	for _, c := range []struct {
		name  string
		err   error
		shown bool // the caller sees its own id
	}{
		{"of a card of the client", &walletport.Redacted{Err: refused, RequestID: true}, false},
		{"of a card of another issuer", &walletport.Redacted{Err: walletport.ErrCardNotFound(), RequestID: true}, true},
		{"of another issuer's card whose id reads like a number", &walletport.Redacted{Err: walletport.ErrNoCard(378282246310005), RequestID: true}, true},
		{"of a call that broke before anybody looked", errors.New("a bug"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := mustHouse(t, nil)
			h.flow.err = c.err
			r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
			r.Header.Set("X-Request-Id", given)
			w := h.do(r)
			id := w.Header().Get("X-Request-Id")
			if (id == given) != c.shown || id == "" {
				t.Errorf("X-Request-Id %q", id)
			}
			var p doortest.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.RequestID != id {
				t.Errorf("the problem has the id %q, the header %q: %v", p.RequestID, id, err)
			}
			logs := h.logs.String()
			if strings.Contains(logs, testPAN) {
				t.Errorf("the log holds the number: %s", logs)
			}
			if !c.shown && !strings.Contains(logs, id) {
				t.Errorf("the log is under another id: %s", logs)
			}
		})
	}
	t.Run("an id that nobody found fault with stays", func(t *testing.T) {
		h := mustHouse(t, nil)
		h.flow.err = walletport.Errorf(walletport.CodeForbidden, "card_not_eligible", "no")
		r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
		r.Header.Set("X-Request-Id", given)
		if got := h.do(r).Header().Get("X-Request-Id"); got != given || !strings.Contains(h.logs.String(), given) {
			t.Errorf("X-Request-Id %q, log %s", got, h.logs.String())
		}
	})
}

// A call that no flow sees has no card to compare with.
func TestRefusedCallsKeepNothingThatMayBeANumber(t *testing.T) {
	const number = "card" + testPAN
	for _, c := range []struct {
		name   string
		target string
		change func(*http.Request)
	}{
		{"without credentials", goodPath + "?auditUser=" + number, func(r *http.Request) { r.Header.Del("Authorization") }},
		{"with a wrong secret", goodPath + "?auditUser=" + number, func(r *http.Request) { r.SetBasicAuth(number, number) }},
		{"with a body that is not taken", goodPath + "?auditUser=" + number, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
		}},
		{"of a path that is not there", "/wallet/v1/42/" + number + "?auditUser=" + number, func(*http.Request) {}},
		{"of another method", goodPath + "?auditUser=" + number, func(r *http.Request) { r.Method = http.MethodGet }},
		{"of a wallet provider with a number in its name", "/wallet/v1/42/provision/issuerwallet/" + number + "?auditUser=" + number + "&x=%zz", func(*http.Request) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := mustHouse(t, nil)
			r := h.mustRequest(t, http.MethodPost, c.target, nil)
			r.Header.Set("X-Request-Id", number)
			c.change(r)
			w := h.do(r)
			if w.Code < 400 || strings.Contains(w.Body.String(), testPAN) || strings.Contains(fmt.Sprint(w.Header()), testPAN) {
				t.Errorf("answer %d %s %v", w.Code, w.Body.String(), w.Header())
			}
			if logs := h.logs.String(); strings.Contains(logs, testPAN) || !strings.Contains(logs, w.Header().Get("X-Request-Id")) {
				t.Errorf("log %s", logs)
			}
			for _, record := range h.trail.Take() {
				if strings.Contains(string(record.AuditUser), testPAN) || strings.Contains(record.RequestID, testPAN) || strings.Contains(record.Wallet, testPAN) {
					t.Errorf("record %+v", record)
				}
			}
		})
	}
}

// Honest identifiers come back as they were sent.
func TestHonestIdentifiersAreTaken(t *testing.T) {
	h := mustHouse(t, nil)
	for _, id := range []string{"01a22591-4c3b-78d5-bd65-80581728677a", "831fb558-d0b4-4566-8285-38049c915104", "3458604036415c7c4b1a24c6", "req-831FB558-D0B4-4566-8285-38049C915104"} {
		for range 3 {
			r := h.mustRequest(t, http.MethodPost, goodPath+"?auditUser="+url.QueryEscape(id), nil)
			r.Header.Set("X-Request-Id", id)
			if w := h.do(r); w.Code != http.StatusOK || w.Header().Get("X-Request-Id") != id {
				t.Errorf("%s: answer %d %s, id %q", id, w.Code, w.Body.String(), w.Header().Get("X-Request-Id"))
			}
		}
	}
}

func TestDisguisedNumbersAreRefused(t *testing.T) {
	h := mustHouse(t, nil)
	for _, text := range []string{"5204 2477  5000 1471", "5204, 2477, 5000, 1471", "5555 - 5555 - 5555 - 4444", "5555--5555--5555--4444", "5555x5555x5555x4444", "5️⃣2️⃣0️⃣4️⃣2️⃣4️⃣7️⃣7️⃣5️⃣0️⃣0️⃣0️⃣1️⃣4️⃣7️⃣1️⃣"} {
		r := h.mustRequest(t, http.MethodPost, goodPath+"?auditUser="+url.QueryEscape(text), nil)
		r.Header.Set("X-Request-Id", text)
		w := h.do(r)
		if p := wantProblem(t, r, w, http.StatusBadRequest, "audit_user_contains_pan"); p.RequestID == text {
			t.Errorf("the request id %q is taken", text)
		}
	}
}
