package api_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

const requestID = "351562ba-83cf-41ee-b962-0242ac120002"

const (
	cardOverridesBody = `{"addressLine1":"801 Metro Center Blvd","addressLine2":"Floor 2","addressLine3":"Room 3","city":"Foster City","state":"CA","postalCode":"94404","country":"USA"}`
	overridesBody     = `{"emails":["alex@example.com","a@b.example"],"phones":["16504005555"]}`
)

// clickToPayCall is a call of Click to Pay, as a good caller sends it.
type clickToPayCall struct {
	name     string // the operationId
	method   string
	path     string // with {id}
	body     string
	action   walletport.Action
	status   int
	isOfCard bool // else of a customer, or, by GET, of a request
	changes  bool
}

var clickToPayCalls = []clickToPayCall{
	{"enrollClickToPayCustomer", http.MethodPost, "/enroll/customer/{id}", `{"cardId":["42"],"customerBID":"123456","overrides":` + overridesBody + `,"cardOverrides":` + cardOverridesBody + `}`, "clicktopay.enrol_customer", 202, false, true},
	{"enrollClickToPayCard", http.MethodPost, "/enroll/card/{id}", `{"customerBID":"123456","cardOverrides":` + cardOverridesBody + `}`, "clicktopay.enrol_card", 202, true, true},
	{"getClickToPayCustomer", http.MethodPost, "/customer/{id}", `{"customerBID":"123456"}`, "clicktopay.read", 200, false, false},
	{"deleteClickToPayCard", http.MethodPost, "/delete/card/{id}", `{"customerBID":"123456"}`, "clicktopay.delete_card", 202, true, true},
	{"deleteClickToPayCustomer", http.MethodPost, "/delete/customer/{id}", `{"customerBID":"123456"}`, "clicktopay.delete_customer", 202, false, true},
	{"updateClickToPayCard", http.MethodPut, "/update/card/{id}", `{"customerBID":"123456","cardOverrides":` + cardOverridesBody + `}`, "clicktopay.update_card", 202, true, true},
	{"updateClickToPayCustomerStatus", http.MethodPut, "/update/customer/{id}/status", `{"customerBID":"123456","active":false}`, "clicktopay.active", 202, false, true},
	{"updateClickToPayCustomer", http.MethodPut, "/update/customer/{id}", `{"customerBID":"123456","overrides":` + overridesBody + `}`, "clicktopay.update_customer", 202, false, true},
	{"getClickToPayStatus", http.MethodGet, "/status/{id}", "", "clicktopay.status", 200, false, false},
}

func (c clickToPayCall) at(id, query string) string {
	return "/wallet/v1/click2pay/VISA" + strings.ReplaceAll(c.path, "{id}", id) + query
}

// id is one that a good caller sends.
func (c clickToPayCall) id() string {
	switch {
	case c.method == http.MethodGet:
		return requestID
	case c.isOfCard:
		return "42"
	}
	return "1001"
}

func (c clickToPayCall) good() string { return c.at(c.id(), byAda) }

// mustSend returns a request of a call with a JSON body; an empty one has no content type.
func (h *house) mustSend(t testing.TB, c clickToPayCall, target, body string) *http.Request {
	t.Helper()
	r := h.mustPost(t, target, body)
	r.Method = c.method
	return r
}

// callNamed returns a call by its operationId.
func callNamed(t testing.TB, name string) clickToPayCall {
	t.Helper()
	for _, c := range clickToPayCalls {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("there is no call %s", name)
	return clickToPayCall{}
}

// byTexts compares personal texts by what they hold.
var byTexts = cmp.Comparer(func(a, b walletport.Private) bool { return bytes.Equal(a.Reveal(), b.Reveal()) })

func private(text string) *walletport.Private {
	p := walletport.NewPrivate(text)
	return &p
}

func privates(texts ...string) []walletport.Private {
	list := []walletport.Private{}
	for _, text := range texts {
		list = append(list, walletport.NewPrivate(text))
	}
	return list
}

func TestClickToPayChanges(t *testing.T) {
	h := mustHouse(t, nil)
	h.flow.accepted = clicktopay.Accepted{ID: requestID}
	address := clicktopay.CardOverrides{
		Line1: private("801 Metro Center Blvd"), Line2: private("Floor 2"), Line3: private("Room 3"), City: private("Foster City"),
		State: private("CA"), PostalCode: private("94404"), Country: private("USA"),
	}
	contacts := clicktopay.Overrides{Emails: privates("alex@example.com", "a@b.example"), Phones: privates("16504005555")}
	of := func(action walletport.ClickToPayAction) clicktopay.Asked {
		a := clicktopay.Asked{Action: action, BID: "123456", AuditUser: "ada@bank.example", Channel: clicktopay.ChannelAPI}
		if action.IsOfCard() {
			a.CardID = 42
		}
		if !action.IsOfCard() || action == walletport.EnrolCustomer {
			a.Customer = "1001"
		}
		return a
	}
	enrolment, enrolledCard, updated, updatedCard := of(walletport.EnrolCustomer), of(walletport.EnrolCard), of(walletport.UpdateCustomer), of(walletport.UpdateCard)
	enrolment.Overrides, enrolment.CardOverrides = contacts, address
	enrolledCard.CardOverrides, updatedCard.CardOverrides, updated.Overrides = address, address, contacts
	withoutBID, emptyBID, longBID := of(walletport.DeactivateCustomer), of(walletport.DeleteCustomer), of(walletport.DeleteCustomer)
	withoutBID.BID, emptyBID.BID, longBID.BID = "", "", "123456789"
	someOfIt := of(walletport.UpdateCard)
	someOfIt.CardOverrides = clicktopay.CardOverrides{City: private("Bern"), State: private("")}
	onlyPhones, noPhones := of(walletport.UpdateCustomer), of(walletport.UpdateCustomer)
	onlyPhones.Overrides.Phones = privates("41315550123")
	noPhones.Overrides.Phones = privates()
	for _, c := range []struct {
		name, call string
		body       string // "" sends the call's own
		want       clicktopay.Asked
	}{
		{"enrol a customer", "enrollClickToPayCustomer", "", enrolment},
		{"enrol a customer, the card's id a number", "enrollClickToPayCustomer", `{"cardId":[42],"customerBID":"123456"}`, of(walletport.EnrolCustomer)},
		{"enrol a customer, nothing overridden", "enrollClickToPayCustomer", `{"cardId":["42"],"customerBID":"123456","overrides":{},"cardOverrides":{}}`, of(walletport.EnrolCustomer)},
		{"enrol a card", "enrollClickToPayCard", "", enrolledCard},
		{"enrol a card, nothing overridden", "enrollClickToPayCard", `{"customerBID":"123456"}`, of(walletport.EnrolCard)},
		{"delete a card", "deleteClickToPayCard", "", of(walletport.DeleteCard)},
		{"delete a customer", "deleteClickToPayCustomer", "", of(walletport.DeleteCustomer)},
		{"update a card", "updateClickToPayCard", "", updatedCard},
		{"update a card, some of it", "updateClickToPayCard", `{"customerBID":"123456","cardOverrides":{"city":"Bern","state":""}}`, someOfIt},
		{"update a card, null overrides nothing", "updateClickToPayCard", `{"customerBID":"123456","cardOverrides":{"city":"Bern","state":"","country":null,"planet":"Earth"},"overrides":null}`, someOfIt},
		{"deactivate", "updateClickToPayCustomerStatus", "", of(walletport.DeactivateCustomer)},
		{"deactivate without a BID", "updateClickToPayCustomerStatus", `{"active":false}`, withoutBID},
		{"deactivate with null for a BID", "updateClickToPayCustomerStatus", `{"active":false,"customerBID":null}`, withoutBID},
		{"an empty BID, which the flow refuses", "deleteClickToPayCustomer", `{"customerBID":""}`, emptyBID},
		{"a BID of 9 characters, which the flow refuses", "deleteClickToPayCustomer", `{"customerBID":"123456789"}`, longBID},
		{"activate", "updateClickToPayCustomerStatus", `{"customerBID":"123456","active":true}`, of(walletport.ActivateCustomer)},
		{"update a customer", "updateClickToPayCustomer", "", updated},
		{"update a customer, phones alone", "updateClickToPayCustomer", `{"customerBID":"123456","overrides":{"phones":["41315550123"],"emails":null}}`, onlyPhones},
		{"an empty list is not an absent one", "updateClickToPayCustomer", `{"customerBID":"123456","overrides":{"phones":[]}}`, noPhones},
		{"members that nobody knows", "deleteClickToPayCard", `{"customerBID":"123456","reason":{"a":[1]},"CustomerBID":"x"}`, of(walletport.DeleteCard)},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.flow.calls = nil
			call := callNamed(t, c.call)
			r := h.mustSend(t, call, call.good(), orElse(c.body, call.body))
			w := h.do(r)
			if w.Code != http.StatusAccepted || w.Body.String() != `{"requestTraceId":"`+requestID+`"}` {
				t.Fatalf("answer %d %s", w.Code, w.Body.String())
			}
			wantSpecified(t, r, w)
			if diff := cmp.Diff([]any{c.want}, h.flow.calls, byTexts); diff != "" {
				t.Errorf("the flow was called with (-want +got):\n%s", diff)
			}
			if records := h.trail.Take(); len(records) != 0 {
				t.Errorf("the door recorded what the flow records: %+v", records)
			}
			if !strings.Contains(h.logs.String(), requestID) {
				t.Errorf("the log does not name the request: %s", h.logs)
			}
		})
	}
}

// aProfile has a card with everything and one with nothing.
func aProfile() clicktopay.Profile {
	text := walletport.NewPrivate[string]
	return clicktopay.Profile{
		Consumer: clicktopay.ProfileConsumer{
			FirstName: text("Alexandra"), MiddleName: text("Noa"), LastName: text("Millerová"), Emails: privates("alex@example.com", "a@b.example"),
			Phones: privates("16504005555"), Locale: "en_US", Country: "USA", Status: "ACTIVE",
		},
		Cards: []clicktopay.ProfileCard{
			{
				CardID: 42, Token: walletport.TokenRef{Scheme: walletport.Visa, Requestor: "40010062601", Reference: "DNITHE3019"}, Status: "ACTIVE", Name: text("A N MILLER"),
				Address: walletport.Address{
					Line1: text("801 Metro Center Blvd"), Line2: text("Floor 2"), Line3: text("Room 3"), City: text("Foster City"), State: text("CA"),
					PostalCode: text("94404"), Country: text("USA"),
				},
			},
			{},
		},
	}
}

func TestReadClickToPayCustomer(t *testing.T) {
	h := mustHouse(t, nil)
	call := callNamed(t, "getClickToPayCustomer")
	const whole = `{"customerInformation":{"email":["alex@example.com","a@b.example"],"phone":["16504005555"],"locale":"en_US","firstName":"Alexandra",` +
		`"middleName":"Noa","lastName":"Millerová","countryCode":"USA","status":"ACTIVE"},"paymentInstruments":[{"tokenDetails":{"tokenReferenceID":"DNITHE3019",` +
		`"tokenRequestorID":"40010062601"},"cardId":"42","status":"ACTIVE","nameOnCard":"A N MILLER","billingAddress":{"addressLine1":"801 Metro Center Blvd",` +
		`"addressLine2":"Floor 2","addressLine3":"Room 3","city":"Foster City","state":"CA","postalCode":"94404","country":"USA"}},{}]}`
	withBID := clicktopay.ReadRequest{Customer: "1001", BID: "123456", AuditUser: "ada@bank.example", Channel: clicktopay.ChannelAPI}
	withoutBID := withBID
	withoutBID.BID = ""
	for _, c := range []struct {
		name, body string
		profile    clicktopay.Profile
		want       clicktopay.ReadRequest
		answer     string
	}{
		{"whole", call.body, aProfile(), withBID, whole},
		{"without a body", "", aProfile(), withoutBID, whole},
		{"with an empty object", "{}", aProfile(), withoutBID, whole},
		{"with null", `{"customerBID":null}`, aProfile(), withoutBID, whole},
		{"of whom the scheme says nothing", call.body, clicktopay.Profile{}, withBID, `{"customerInformation":{},"paymentInstruments":[]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.flow.calls, h.flow.profile = nil, c.profile
			r := h.mustSend(t, call, call.good(), c.body)
			w := h.do(r)
			if w.Code != http.StatusOK || w.Body.String() != c.answer {
				t.Fatalf("answer %d %s, want %s", w.Code, w.Body.String(), c.answer)
			}
			wantSpecified(t, r, w)
			if w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("the answer may be kept: %v", w.Header())
			}
			if diff := cmp.Diff([]any{c.want}, h.flow.calls); diff != "" {
				t.Errorf("the flow was called with (-want +got):\n%s", diff)
			}
			if p := c.profile; !p.Consumer.FirstName.IsZero() || len(p.Cards) > 0 && !p.Cards[0].Address.City.IsZero() {
				t.Error("the profile is still in memory")
			}
		})
	}
}

func TestStatusOfClickToPay(t *testing.T) {
	h := mustHouse(t, nil)
	call := callNamed(t, "getClickToPayStatus")
	at := time.Date(2026, 11, 30, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name   string
		row    storage.EnrolmentRequest
		answer string
	}{
		{"accepted", storage.EnrolmentRequest{State: storage.RequestAccepted, AcceptAt: at}, `{"status":"IN_PROGRESS"}`},
		{"sent", storage.EnrolmentRequest{State: storage.RequestSent, SentAt: at}, `{"status":"IN_PROGRESS"}`},
		{"in progress", storage.EnrolmentRequest{State: storage.RequestInProgress, Reference: "visas-own"}, `{"status":"IN_PROGRESS"}`},
		{"done", storage.EnrolmentRequest{State: storage.RequestCompleted, Result: storage.RequestSucceeded, EndedAt: at}, `{"status":"COMPLETED","details":{"status":"SUCCESS"}}`},
		{
			"failed", storage.EnrolmentRequest{
				State: storage.RequestCompleted, Result: storage.RequestFailed, EndedAt: at,
				Faults: []storage.RequestFault{{Field: "cardId", Reason: "VIDC-2003", Message: "the card has expired"}, {Reason: "request_given_up", Message: "x"}},
			},
			`{"status":"COMPLETED","details":{"status":"FAILED","errorDetails":[{"field":"cardId","reason":"VIDC-2003","message":"the card has expired"},{"reason":"request_given_up","message":"x"}]}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.flow.calls, h.flow.status = nil, clicktopay.Status{Request: c.row}
			r := h.mustSend(t, call, call.good(), "")
			w := h.do(r)
			if w.Code != http.StatusOK || w.Body.String() != c.answer {
				t.Fatalf("answer %d %s, want %s", w.Code, w.Body.String(), c.answer)
			}
			wantSpecified(t, r, w)
			want := []any{clicktopay.StatusRequest{ID: requestID, AuditUser: "ada@bank.example", Channel: clicktopay.ChannelAPI}}
			if diff := cmp.Diff(want, h.flow.calls); diff != "" {
				t.Errorf("the flow was called with (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAnswersOfTheFlowOfClickToPay: what the flow says is answered with its class's status,
// every field that it names, and how long to wait. The flow records what it says.
func TestAnswersOfTheFlowOfClickToPay(t *testing.T) {
	h := mustHouse(t, nil)
	invalid := walletport.ErrField("enrolment_data_invalid", "cardOverrides.city", "must be at most 32 characters long")
	invalid.Fields = append(invalid.Fields, walletport.Field{Name: "overrides.emails[1]", Reason: "must be an e-mail address"}, walletport.Field{Name: "customer.firstName", Reason: "is missing"})
	ineligible := walletport.Errorf(walletport.CodeForbidden, "card_not_eligible", "x")
	for _, name := range []string{"card.status", "card.expiry", "overrides.phones[0]"} {
		ineligible.Fields = append(ineligible.Fields, walletport.Field{Name: name, Reason: "x"})
	}
	for _, c := range []struct {
		err    error
		status int
		wait   string
		fields []string
	}{
		{invalid, 400, "", []string{"cardOverrides.city", "overrides.emails[1]", "customer.firstName"}},
		{ineligible, 403, "", []string{"card.status", "card.expiry", "overrides.phones[0]"}},
		{walletport.ErrField("customer_bid_malformed", "customerBID", "x"), 400, "", []string{"customerBID"}},
		{walletport.ErrField("customer_bid_unknown", "customerBID", "x"), 400, "", []string{"customerBID"}},
		{walletport.Errorf(walletport.CodeForbidden, "scheme_mismatch", "x"), 403, "", nil},
		{walletport.Errorf(walletport.CodeForbidden, "card_not_eligible", "x"), 403, "", nil},
		{walletport.ErrCardNotFound(), 404, "", nil},
		{walletport.ErrCustomerNotFound(), 404, "", nil},
		{walletport.Errorf(walletport.CodeNotFound, "customer_not_enrolled", "x"), 404, "", nil},
		{storage.ErrEnrolmentRequestNotFound(), 404, "", nil},
		{walletport.Errorf(walletport.CodeConflict, "clicktopay_busy", "x").WithRetryAfter(1500 * time.Millisecond), 409, "2", nil},
		{walletport.Errorf(walletport.CodeRateLimited, "scheme_rate_limited", "x").WithRetryAfter(time.Minute), 429, "60", nil},
		{walletport.Errorf(walletport.CodeInternal, "customer_damaged", "x"), 500, "", nil},
		{walletport.Errorf(walletport.CodeUnavailable, "scheme_not_configured", "x"), 503, "1", nil},
		{walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "x"), 503, "1", nil},
	} {
		for _, call := range clickToPayCalls {
			t.Run(call.name+" "+walletport.ReasonOf(c.err), func(t *testing.T) {
				h.flow.err = c.err
				r := h.mustSend(t, call, call.good(), call.body)
				w := h.do(r)
				p := wantProblem(t, r, w, c.status, walletport.ReasonOf(c.err))
				if got := w.Header().Get("Retry-After"); got != c.wait {
					t.Errorf("Retry-After %q, want %q", got, c.wait)
				}
				if diff := cmp.Diff(c.fields, fieldsOf(p)); diff != "" {
					t.Errorf("errors[] names (-want +got):\n%s", diff)
				}
				if records := h.trail.Take(); len(records) != 0 {
					t.Errorf("recorded twice: %+v", records)
				}
			})
		}
	}
}

// TestRequestsThatAreNotThereLookAlike: also where a request id has the number of a card.
func TestRequestsThatAreNotThereLookAlike(t *testing.T) {
	h := mustHouse(t, nil)
	for _, err := range []error{storage.ErrEnrolmentRequestNotFound(), walletport.ErrCustomerNotFound()} {
		h.flow.err = &walletport.Redacted{Err: err, RequestID: true}
		call := clickToPayCalls[2]
		r := h.mustSend(t, call, call.good(), call.body)
		r.Header.Set("X-Request-Id", "user"+testPAN)
		if got := h.do(r).Header().Get("X-Request-Id"); got != "user"+testPAN || strings.Contains(h.logs.String(), testPAN) {
			t.Errorf("%v: the answer has %q, the log %s", err, got, h.logs)
		}
	}
}
