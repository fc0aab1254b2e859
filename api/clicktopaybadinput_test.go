package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
)

// TestBadInputOfClickToPayCalls is the list of what callers get wrong in each call: the
// answer, and the record of it in the audit trail.
func TestBadInputOfClickToPayCalls(t *testing.T) {
	h := mustHouse(t, nil)
	const user = walletport.AuditUser("ada@bank.example")
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	noCredentials := func(r *http.Request) { r.Header.Del("Authorization") }
	bearer := func(scopes string) func(*http.Request) {
		return header("Authorization", "Bearer "+h.mustToken(t, time.Now().Add(time.Hour), scopes))
	}
	const nobody, stranger = walletport.AuditUser(""), ""
	for _, c := range []struct {
		name, query, body string // "" are the call's own, "-" is none
		change            func(*http.Request)
		status            int
		code              string
		by                walletport.AuditUser
		client            string
	}{
		{"auditUser missing", "-", "", nil, 400, "audit_user_missing", nobody, h.client.id},
		{"auditUser empty", "?auditUser=", "", nil, 400, "audit_user_missing", nobody, h.client.id},
		{"auditUser of 10 kB", "?auditUser=" + strings.Repeat("a", 10_000), "", nil, 400, "audit_user_too_long", nobody, h.client.id},
		{"a PAN in auditUser", "?auditUser=" + testPAN, "", nil, 400, "audit_user_contains_pan", nobody, h.client.id},
		{"auditUser twice", byAda + "&auditUser=eve", "", nil, 400, "audit_user_repeated", nobody, h.client.id},
		{"no credentials", "", "", noCredentials, 401, "credentials_missing", user, stranger},
		{"another scope", "", "", bearer("provision activate tokens:read tokens:write cards"), 403, "scope_missing", user, "mobile@" + tokenIssuer},
		{"an Accept that excludes JSON", "", "", header("Accept", "text/html"), 406, "not_acceptable", user, h.client.id},
		{"a body over the limit", "", `{"a":"` + strings.Repeat("x", 64<<10) + `"}`, nil, 413, "body_too_large", user, h.client.id},
	} {
		for _, call := range clickToPayCalls {
			t.Run(call.name+", "+c.name, func(t *testing.T) {
				h.trail.Take()
				h.flow.calls = nil
				query := orElse(c.query, byAda)
				if query == "-" {
					query = ""
				}
				r := h.mustSend(t, call, call.at(call.id(), query), orElse(c.body, call.body))
				if c.change != nil {
					c.change(r)
				}
				p := wantProblem(t, r, h.do(r), c.status, c.code)
				if len(h.flow.calls) != 0 {
					t.Errorf("the flow was called")
				}
				record := walletport.AuditRecord{ClientID: c.client, AuditUser: c.by, Action: call.action}
				switch {
				case call.isOfCard:
					record.CardID = 42
				case call.method != http.MethodGet:
					record.SetDetail(walletport.DetailCustomer, "1001")
				}
				wantRecord(t, h.trail.Take(), &record, c.code, p.RequestID)
			})
		}
	}
}

// TestIDsThatAreNone: a path with an id that cannot be one.
func TestIDsThatAreNone(t *testing.T) {
	h := mustHouse(t, nil)
	customers := map[string]string{
		"letters": "abc", "20 digits": "12345678901234567890", "empty": "", "negative": "-1", "a sign": "%2B1", "a fraction": "1.5", "a space": "%201",
		"digits of another script": "%D9%A1", "a PAN": testPAN, "a PAN with hyphens": "5204-2477-5000-1471", "hexadecimal": "0x10", "10 kB": strings.Repeat("1", 10_000),
	}
	cards := map[string]string{"abc": "card_id_malformed", "": "card_id_malformed", "9223372036854775808": "card_id_malformed", "4.2": "card_id_malformed", testPAN: "card_id_contains_pan"}
	for _, call := range clickToPayCalls {
		if call.method == http.MethodGet {
			continue // what an id of a request is, its flow says
		}
		wrong, status := map[string]string{}, 404
		for _, id := range customers {
			wrong[id] = "customer_not_found"
		}
		if call.isOfCard {
			wrong, status = cards, 400
		}
		for id, code := range wrong {
			t.Run(call.name+fmt.Sprintf(" %.24q", id), func(t *testing.T) {
				h.flow.calls = nil
				r := h.mustSend(t, call, call.at(id, byAda), call.body)
				p := wantProblem(t, r, h.do(r), status, code)
				if len(h.flow.calls) != 0 || strings.Contains(p.Detail, "5204") {
					t.Errorf("the flow was called, or the id shown: %+v", p)
				}
				wantRecord(t, h.trail.Take(), &walletport.AuditRecord{ClientID: h.client.id, AuditUser: "ada@bank.example", Action: call.action}, code, p.RequestID)
			})
		}
	}
	t.Run("a number with a 7 before it, which reads like a card number without", func(t *testing.T) {
		h.flow.calls = nil
		call := callNamed(t, "deleteClickToPayCustomer")
		if h.do(h.mustSend(t, call, call.at("7"+testPAN, byAda), call.body)); len(h.flow.calls) != 1 {
			t.Errorf("the flow was called %d times", len(h.flow.calls))
		}
		h.trail.Take()
	})
	t.Run("no id of a request", func(t *testing.T) {
		call := callNamed(t, "getClickToPayStatus")
		r := h.mustSend(t, call, call.at("", byAda), "")
		wantProblem(t, r, h.do(r), http.StatusNotFound, "enrolment_request_not_found")
	})
	for _, id := range []string{"1", "007", "9999999999999999999"} {
		t.Run("customer "+id+" is asked for as it is spelled", func(t *testing.T) {
			h.flow.calls = nil
			call := callNamed(t, "deleteClickToPayCustomer")
			if w := h.do(h.mustSend(t, call, call.at(id, byAda), call.body)); w.Code != http.StatusAccepted {
				t.Fatalf("answer %d %s", w.Code, w.Body)
			}
			if got := asked(t, h).Customer; got != id {
				t.Errorf("the flow was asked for %q", got)
			}
		})
	}
}

// asked returns the one change that the flow was asked for.
func asked(t testing.TB, h *house) clicktopay.Asked {
	t.Helper()
	if len(h.flow.calls) != 1 {
		t.Fatalf("the flow was called with %+v", h.flow.calls)
	}
	a, ok := h.flow.calls[0].(clicktopay.Asked)
	if !ok {
		t.Fatalf("the flow was called with %T", h.flow.calls[0])
	}
	return a
}

// TestBadBodiesOfClickToPay: all that is wrong with a body is said at once.
func TestBadBodiesOfClickToPay(t *testing.T) {
	h := mustHouse(t, nil)
	const enrol, card, status, update, read, del = "enrollClickToPayCustomer", "updateClickToPayCard", "updateClickToPayCustomerStatus", "updateClickToPayCustomer", "getClickToPayCustomer", "deleteClickToPayCustomer"
	for _, c := range []struct {
		name, call, body, code string
		fields                 []string
	}{
		{"no body", enrol, "", "body_missing", []string{"cardId", "customerBID"}},
		{"no body", card, "", "body_missing", []string{"customerBID"}},
		{"no body", status, "", "active_missing", []string{"active"}},
		{"no body", update, "", "body_missing", []string{"customerBID"}},
		{"no body", del, "", "body_missing", []string{"customerBID"}},
		{"no members", enrol, "{}", "card_id_missing", []string{"cardId", "customerBID"}},
		{"no members", del, "{}", "customer_bid_missing", []string{"customerBID"}},
		{"no members", status, "{}", "active_missing", []string{"active"}},
		{"names in another case", enrol, `{"cardID":["42"],"customerBid":"123456"}`, "card_id_missing", []string{"cardId", "customerBID"}},
		{"a BID alone", status, `{"customerBID":"123456"}`, "active_missing", []string{"active"}},
		{"active in words", status, `{"customerBID":"123456","active":"false"}`, "body_malformed", []string{"active"}},
		{"active as a number", status, `{"customerBID":"123456","active":0}`, "body_malformed", []string{"active"}},
		{"null for active", status, `{"customerBID":"123456","active":null}`, "active_missing", []string{"active"}},
		{"a number for a BID", read, `{"customerBID":123456}`, "body_malformed", []string{"customerBID"}},
		{"null for a BID that is needed", del, `{"customerBID":null}`, "body_malformed", []string{"customerBID"}},
		{"the BID twice", del, `{"customerBID":"123456","customerBID":"123457"}`, "body_malformed", []string{"customerBID"}},
		{"one e-mail that is no list", update, `{"customerBID":"123456","overrides":{"emails":"alex@example.com"}}`, "body_malformed", []string{"overrides.emails"}},
		{"phones that are numbers", update, `{"customerBID":"123456","overrides":{"phones":[16504005555]}}`, "body_malformed", []string{"overrides.phones"}},
		{"null among the e-mails", update, `{"customerBID":"123456","overrides":{"emails":[null]}}`, "body_malformed", []string{"overrides.emails"}},
		{"overrides that are a list", update, `{"customerBID":"123456","overrides":[]}`, "body_malformed", []string{"overrides"}},
		{"a postal code that is a number", card, `{"customerBID":"123456","cardOverrides":{"postalCode":94404}}`, "body_malformed", []string{"cardOverrides.postalCode"}},
		{
			"everything at once", enrol, `{"cardId":{},"overrides":{"emails":1,"phones":2},"cardOverrides":{"addressLine1":1,"city":[],"country":{}}}`, "body_malformed",
			[]string{"cardId", "overrides.emails", "overrides.phones", "cardOverrides.addressLine1", "cardOverrides.city", "cardOverrides.country", "customerBID"},
		},
		{"a list for a body", enrol, `[]`, "body_malformed", nil},
		{"broken JSON", enrol, `{"cardId":["42"`, "body_malformed", nil},

		{"no card", enrol, `{"cardId":[],"customerBID":"123456"}`, "card_id_count", []string{"cardId"}},
		{"two cards", enrol, `{"cardId":["42","43"],"customerBID":"123456"}`, "card_id_count", []string{"cardId"}},
		{"the card twice", enrol, `{"cardId":[42,42],"customerBID":"123456"}`, "card_id_count", []string{"cardId"}},
		{"a card in words", enrol, `{"cardId":["mine"],"customerBID":"123456"}`, "card_id_malformed", []string{"cardId"}},
		{"an empty card id", enrol, `{"cardId":[""],"customerBID":"123456"}`, "card_id_malformed", []string{"cardId"}},
		{"a card id with a space", enrol, `{"cardId":["42 "],"customerBID":"123456"}`, "card_id_malformed", []string{"cardId"}},
		{"a fraction", enrol, `{"cardId":[42.0],"customerBID":"123456"}`, "card_id_malformed", []string{"cardId"}},
		{"an exponent", enrol, `{"cardId":[4e1],"customerBID":"123456"}`, "card_id_malformed", []string{"cardId"}},
		{"a card id over int64", enrol, `{"cardId":[9223372036854775808],"customerBID":"123456"}`, "card_id_malformed", []string{"cardId"}},
		{"a PAN", enrol, `{"cardId":[` + testPAN + `],"customerBID":"123456"}`, "card_id_contains_pan", []string{"cardId"}},
		{"one id that is no list", enrol, `{"cardId":"42","customerBID":"123456"}`, "body_malformed", []string{"cardId"}},
		{"null for a list", enrol, `{"cardId":null,"customerBID":"123456"}`, "body_malformed", []string{"cardId"}},
		{"null for a card id", enrol, `{"cardId":[null],"customerBID":"123456"}`, "body_malformed", []string{"cardId"}},
		{"true for a card id", enrol, `{"cardId":[true],"customerBID":"123456"}`, "body_malformed", []string{"cardId"}},
		{"a list in a list", enrol, `{"cardId":[[42]],"customerBID":"123456"}`, "body_malformed", []string{"cardId"}},
	} {
		t.Run(c.call+", "+c.name, func(t *testing.T) {
			h.flow.calls = nil
			call := callNamed(t, c.call)
			r := h.mustSend(t, call, call.good(), c.body)
			p := wantProblem(t, r, h.do(r), http.StatusBadRequest, c.code)
			if got := fieldsOf(p); !slices.Equal(got, c.fields) {
				t.Errorf("errors[] names %q, want %q", got, c.fields)
			}
			if len(h.flow.calls) != 0 {
				t.Errorf("the flow was called")
			}
		})
	}
	t.Run("a fault of a body and of the audit user", func(t *testing.T) {
		for name, body := range map[string]string{enrol: `{"cardId":[],"customerBID":"123456"}`, status: `{}`} {
			call := callNamed(t, name)
			r := h.mustSend(t, call, call.at("1001", "?auditUser=a%0Ab"), body)
			p := wantProblem(t, r, h.do(r), http.StatusBadRequest, problemCode(h.do(h.mustSend(t, call, call.good(), body)).Body.Bytes()))
			if got := fieldsOf(p); len(got) != 2 || got[1] != "auditUser" {
				t.Errorf("%s: errors[] names %q", name, got)
			}
		}
	})
	t.Run("the status takes no body", func(t *testing.T) {
		call := callNamed(t, "getClickToPayStatus")
		r := h.mustSend(t, call, call.good(), `{}`)
		wantProblem(t, r, h.do(r), http.StatusBadRequest, "body_unexpected")
	})
}

func TestMethodsAndPathsNearClickToPay(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct{ name, method, target, code, says, allow string }{
		{"the deletion by DELETE", http.MethodDelete, clickToPayCalls[3].good(), "method_not_allowed", "", "POST"},
		{"the read by GET", http.MethodGet, clickToPayCalls[2].good(), "method_not_allowed", "", "POST"},
		{"the status of a customer by POST", http.MethodPost, clickToPayCalls[6].good(), "method_not_allowed", "", "PUT"},
		{"the status of a request by PUT", http.MethodPut, clickToPayCalls[8].good(), "method_not_allowed", "", "GET"},
		{"visa in small letters", http.MethodGet, "/wallet/v1/click2pay/visa/status/" + requestID, "path_not_found", "the call is written /wallet/v1/click2pay/VISA/status/{traceId};", ""},
		{"capitals", http.MethodPost, "/wallet/v1/Click2Pay/Visa/Enroll/Card/42", "path_not_found", "the call is written /wallet/v1/click2pay/VISA/enroll/card/{cardId};", ""},
		{"a slash at the end", http.MethodPost, "/wallet/v1/click2pay/VISA/enroll/card/42/", "path_not_found", "leave the slash at its end out", ""},
		{"version 2", http.MethodPost, "/wallet/v2/click2pay/VISA/enroll/card/42", "path_not_found", "the call has the version v1", ""},
		{"another scheme", http.MethodPost, "/wallet/v1/click2pay/MASTERCARD/enroll/card/42", "path_not_found", "there is nothing at this path; ", ""},
		{"one l", http.MethodPost, "/wallet/v1/click2pay/VISA/enrol/card/42", "path_not_found", "there is nothing at this path; ", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.mustRequest(t, c.method, c.target, nil)
			w := h.do(r)
			p := wantProblem(t, r, w, w.Code, c.code)
			if !strings.Contains(p.Detail, c.says) || w.Header().Get("Allow") != c.allow {
				t.Errorf("detail %q, Allow %q", p.Detail, w.Header().Get("Allow"))
			}
		})
	}
}

// FuzzCardIDsOfAnEnrolment sends made-up lists of cards: the flow gets the id that was sent,
// whether as a string or a number, and nothing but one whole number; all else is refused.
func FuzzCardIDsOfAnEnrolment(f *testing.F) {
	h := mustHouse(f, func(p *parts) { p.NoAccessLog = true })
	h.flow.accepted = clicktopay.Accepted{ID: requestID}
	for _, seed := range []string{`[42]`, `["42"]`, `[]`, `[1,2]`, `[-7]`, `[1.0]`, `[1e3]`, `[" 7"]`, `[null]`, `[[7]]`, `["\u0034\u0032"]`, `[9223372036854775807]`, `[` + testPAN + `]`, `[7]]`, `{}`, `"7"`, `[7`, `[07]`, `[+7]`} {
		f.Add(seed)
	}
	call := callNamed(f, "enrollClickToPayCustomer")
	f.Fuzz(func(t *testing.T, list string) {
		h.flow.calls = nil
		r := h.mustSend(t, call, call.good(), `{"customerBID":"123456","cardId":`+list+`}`)
		w := h.do(r)
		if w.Code >= 500 || (w.Code == http.StatusAccepted) != (len(h.flow.calls) == 1) {
			t.Fatalf("answer %d %s, %d calls of the flow", w.Code, w.Body, len(h.flow.calls))
		}
		if w.Code != http.StatusAccepted {
			wantProblem(t, r, w, w.Code, problemCode(w.Body.Bytes()))
			return
		}
		var sent struct{ CardID []any }
		decoder := json.NewDecoder(strings.NewReader(`{"cardId":` + list + `}`)) // a reader of its own
		decoder.UseNumber()
		if err := decoder.Decode(&sent); err != nil || len(sent.CardID) != 1 {
			t.Fatalf("%q was taken: %v", list, err)
		}
		if id, err := strconv.ParseInt(fmt.Sprint(sent.CardID[0]), 10, 64); err != nil || walletport.CardID(id) != asked(t, h).CardID {
			t.Errorf("the flow got %d of %q", asked(t, h).CardID, list)
		}
	})
}
