package clicktopaysim_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim/clicktopaysim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

func TestALife(t *testing.T) {
	w := newWorld(t, nil)
	w.enrol(t, "c-1")
	consumer, cards := w.read(t, "c-1")
	want := person("c-1")
	want["status"] = "ACTIVE"
	if diff := cmp.Diff(want, consumer); diff != "" {
		t.Errorf("the consumer (-want +got):\n%s", diff)
	}
	first := cards[0]
	for name, form := range map[string]string{
		"accountNumber": `^411111\*{6}1142$`, "panReferenceID": `^V-\d{22}$`, "paymentAccountReference": `^V0010[0-9A-Z]{24}$`, "status": "^ACTIVE$", "expirationDate": "^2030-01$", "type": "^CARD$",
	} {
		if text, _ := first[name].(string); !regexp.MustCompile(form).MatchString(text) {
			t.Errorf("%s is %q", name, text)
		}
	}
	token := first["tokenDetails"].(members)
	if diff := cmp.Diff(address(), first["billingAddress"]); diff != "" || len(cards) != 1 || !strings.HasPrefix(token["tokenReferenceID"].(string), "DNITHE") || len(token["tokenRequestorID"].(string)) != 11 {
		t.Errorf("the card %v (-want +got):\n%s", first, diff)
	}

	// A second card; then the first is replaced, without what is left out.
	w.done(t, http.MethodPost, "enrollPaymentInstruments", body(ids("c-1"), card(otherPAN)))
	changed := card(testPAN)
	changed["expirationDate"], changed["billingAddress"] = "2031-02", members{"addressLine1": "2 Other Road", "city": "Oslo", "country": "NOR"}
	w.done(t, http.MethodPut, "managePaymentInstruments", body(ids("c-1"), changed))
	_, cards = w.read(t, "c-1")
	if diff := cmp.Diff(changed["billingAddress"], cards[0]["billingAddress"]); diff != "" || len(cards) != 2 || cards[0]["expirationDate"] != "2031-02" || !cmp.Equal(token, cards[0]["tokenDetails"]) {
		t.Errorf("the cards %v (-want +got):\n%s", cards, diff)
	}

	// The consumer is replaced: what is left out is gone, and so is INACTIVE.
	record := members{"firstName": "New", "lastName": "Name", "emails": []any{"new@example.com"}, "countryCode": "NOR", "status": "INACTIVE"}
	maps.Copy(record, ids("c-1"))
	w.done(t, http.MethodPut, "manageConsumerInformation", body(record))
	if consumer, _ = w.read(t, "c-1"); !cmp.Equal(record, consumer) {
		t.Errorf("replaced: %s", cmp.Diff(record, consumer))
	}
	delete(record, "status")
	w.done(t, http.MethodPut, "manageConsumerInformation", body(record))
	if consumer, _ = w.read(t, "c-1"); consumer["status"] != "ACTIVE" {
		t.Errorf("the status is %v", consumer["status"])
	}

	w.done(t, http.MethodPost, "deletePaymentInstruments", body(ids("c-1"), members{"type": "CARD", "accountNumber": testPAN}))
	if _, cards = w.read(t, "c-1"); len(cards) != 1 || cards[0]["accountNumber"] != "411111******1111" {
		t.Errorf("the cards %v", cards)
	}
	w.done(t, http.MethodPost, "deleteConsumerInformation", body(ids("c-1")))
	if a := w.ask(t, w.question(http.MethodPost, "getData", body(ids("c-1")))); a.status != http.StatusBadRequest || a.reason() != "VIDC-2001" {
		t.Errorf("getData: %d %v", a.status, a.plain)
	}
	w.enrol(t, "c-1")
	if _, cards = w.read(t, "c-1"); len(cards) != 1 {
		t.Errorf("enrolled again with %v", cards)
	}
	truth, calls := w.truth(t, "c-1"), []string{}
	for _, d := range truth.History {
		if calls = append(calls, d.Call); d.By != register.Issuer || d.EndedAt == nil || !slices.Equal(d.Outcome, []string{"SUCCESS"}) {
			t.Errorf("deed %+v", d)
		}
	}
	wantCalls := []string{"enrollData", "enrollPaymentInstruments", "managePaymentInstruments", "manageConsumerInformation", "manageConsumerInformation", "deletePaymentInstruments", "deleteConsumerInformation", "enrollData"}
	if !slices.Equal(calls, wantCalls) || truth.Status != "ACTIVE" || truth.Emails != 1 || truth.Phones != 1 || len(truth.Cards) != 1 || truth.Conflicts != 0 {
		t.Errorf("the truth is %+v", truth)
	}
}

// A consumer is a pair: another BID's of the same id is another one.
func TestAConsumerIsAPair(t *testing.T) {
	w := newWorld(t, nil)
	w.enrol(t, "c-1")
	other := enrolment("c-1")
	other["consumerInformation"].(members)["externalConsumerIDOwnerBID"] = "654321"
	w.done(t, http.MethodPost, "enrollData", other)
	w.done(t, http.MethodPost, "deleteConsumerInformation", body(ids("c-1")))
	if status, text := w.send(t, http.MethodGet, "/c2p/consumers/654321/c-1", ""); status != 200 || !strings.Contains(string(text), `"status":"ACTIVE"`) {
		t.Errorf("%d %s", status, text)
	}
	status, text := w.send(t, http.MethodGet, "/c2p/consumers", "")
	var said struct{ Consumers []clicktopaysim.Truth }
	if err := json.Unmarshal(text, &said); status != 200 || err != nil || len(said.Consumers) != 2 || said.Consumers[0].Status != "NOT_ENROLLED" {
		t.Errorf("%d %s", status, text)
	}
}

func TestWhatIsSaidWhileARequestRuns(t *testing.T) {
	w := newWorld(t, nil)
	trace := w.write(t, http.MethodPost, "enrollData", enrolment("c-1"))
	if status, outcome := w.outcome(t, trace); status != "IN_PROGRESS" || !slices.Equal(outcome, []string{"SUCCESS"}) {
		t.Errorf("early: %s %v", status, outcome)
	}
	if truth := w.truth(t, "c-1"); truth.Running != trace || truth.Status != "NOT_ENROLLED" || len(truth.History) != 1 || truth.History[0].EndedAt != nil {
		t.Errorf("the truth is %+v", truth)
	}
	// Who is being enrolled is enrolled; all else but the status meets the lock.
	if a := w.ask(t, w.question(http.MethodPost, "enrollData", enrolment("c-1"))); a.status != 400 || a.reason() != "VIDC-2000" {
		t.Errorf("enrollData: %d %v", a.status, a.plain)
	}
	locked := map[string]*question{
		"enrollPaymentInstruments":  w.question(http.MethodPost, "enrollPaymentInstruments", body(ids("c-1"), card(otherPAN))),
		"manageConsumerInformation": w.question(http.MethodPut, "manageConsumerInformation", body(person("c-1"))),
		"managePaymentInstruments":  w.question(http.MethodPut, "managePaymentInstruments", body(ids("c-1"), card(testPAN))),
		"getData":                   w.question(http.MethodPost, "getData", body(ids("c-1"))),
		"deletePaymentInstruments":  w.question(http.MethodPost, "deletePaymentInstruments", body(ids("c-1"), card(testPAN))),
		"deleteConsumerInformation": w.question(http.MethodPost, "deleteConsumerInformation", body(ids("c-1"))),
	}
	for name, q := range locked {
		if a := w.ask(t, q); a.status != http.StatusConflict || a.reason() != "VIDC-3000" {
			t.Errorf("%s: %d %v", name, a.status, a.plain)
		}
		if _, fault := w.firstFault(t); fault != "consumer_busy" {
			t.Errorf("%s: %s", name, fault)
		}
	}
	if truth := w.truth(t, "c-1"); truth.Conflicts != len(locked) || truth.Overlaps != len(locked) { // without the question, with the enrolment
		t.Errorf("%d conflicts, %d overlaps", truth.Conflicts, truth.Overlaps)
	}
	w.clock.add(delay)
	if status, outcome := w.outcome(t, trace); status != "COMPLETED" || !slices.Equal(outcome, []string{"SUCCESS"}) {
		t.Errorf("at the end: %s %v", status, outcome)
	}
}

// What a request did is told by the id that its issuer gave it, whatever its status tells.
func TestWhichRequestTookEffect(t *testing.T) {
	w := newWorld(t, nil)
	const id = "3f0c1f2a-6b0e-4f6f-9a55-0d6f3f6b8f10"
	for _, c := range []struct {
		correlation, shown string
		act                register.Act // of Visa
		tookEffect         bool
	}{
		{id, id, register.Divide, false}, {"canary@mail.example", "", register.OmitDetails, true}, {strings.ToUpper(id), "", register.Decline, false},
		{id[:35], "", register.Decline, false}, {strings.Replace(id, "-", "a", 1), "", register.Decline, false},
	} {
		if status, text := w.send(t, http.MethodPost, "/c2p/consumers/"+testBID+"/c-1", `{"as":"VISA","do":"`+string(c.act)+`"}`); status != http.StatusOK {
			t.Fatalf("%s: %d %s", c.act, status, text)
		}
		call, method, plain := "enrollData", http.MethodPost, enrolment("c-1")
		if w.truth(t, "c-1").Status == "ACTIVE" {
			call, method, plain = "manageConsumerInformation", http.MethodPut, body(person("c-1"))
		}
		q := w.question(method, call, plain)
		q.headers.Set("X-Correlation-Id", c.correlation)
		if a := w.ask(t, q); a.status != http.StatusAccepted {
			t.Fatalf("%s: %d %v", call, a.status, a.plain)
		}
		history := w.truth(t, "c-1").History
		if last := history[len(history)-1]; last.CorrelationID != c.shown || last.TookEffect {
			t.Errorf("%s while it runs: %+v", c.act, last)
		}
		w.clock.add(delay)
		history = w.truth(t, "c-1").History
		if last := history[len(history)-1]; last.CorrelationID != c.shown || last.TookEffect != c.tookEffect {
			t.Errorf("%s: %+v", c.act, last)
		}
	}
}

func TestDetailsThatAreHiddenEarly(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.api.HidesEarlyDetails = true })
	trace := w.write(t, http.MethodPost, "enrollData", enrolment("c-1"))
	if a := w.ask(t, w.question(http.MethodGet, "requestStatus/"+trace, nil)); a.plain["details"] != nil || a.plain["status"] != "IN_PROGRESS" {
		t.Errorf("%v", a.plain)
	}
}

func TestTraceIDs(t *testing.T) {
	w := newWorld(t, nil)
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$`)
	plain := regexp.MustCompile(`^[0-9a-f]{36}$`)
	met, seen := map[bool]int{}, map[string]bool{}
	for i := range 40 {
		trace := w.write(t, http.MethodPost, "enrollData", enrolment("c-"+string(rune('A'+i))))
		if !uuid.MatchString(trace) && !plain.MatchString(trace) || seen[trace] {
			t.Errorf("trace id %s", trace)
		}
		met[uuid.MatchString(trace)]++
		seen[trace] = true
	}
	if met[true] == 0 || met[false] == 0 {
		t.Errorf("UUIDs and others: %v", met)
	}
	for name, trace := range map[string]string{"unknown": strings.Repeat("0", 36), "not a UUID": "x"} {
		if a := w.ask(t, w.question(http.MethodGet, "requestStatus/"+trace, nil)); a.status != 400 || a.reason() != "VIDC-1001" {
			t.Errorf("%s: %d %v", name, a.status, a.plain)
		}
	}
}

// What another issuer's request became is not told, nor what its consumers are.
func TestAnotherIssuer(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		other := client()
		other.APIKey, other.BIDs = "other", []string{"999"}
		s.api.Clients = func() []clicktopaysim.Client { return []clicktopaysim.Client{client(), other} }
	})
	trace := w.write(t, http.MethodPost, "enrollData", enrolment("c-1"))
	for call, want := range map[string]string{"requestStatus/" + trace: "trace_unknown", "getData": "bid_of_another_issuer"} {
		q := w.question(http.MethodGet, call, nil)
		if call == "getData" {
			q = w.question(http.MethodPost, call, body(ids("c-1")))
		}
		q.query = "apiKey=other"
		if a := w.ask(t, q); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %v", call, a.status, a.plain)
		}
		if _, fault := w.firstFault(t); fault != want {
			t.Errorf("%s: %s", call, fault)
		}
	}
}

func TestADeclinedCard(t *testing.T) {
	w := newWorld(t, nil)
	trace := w.write(t, http.MethodPost, "enrollData", body(person("c-1"), card(testPAN), card(declinedPAN)))
	w.clock.add(delay)
	if status, outcome := w.outcome(t, trace); status != "COMPLETED" || !slices.Equal(outcome, []string{"FAILED", "VIDC-7000 paymentInstruments[1].accountNumber"}) {
		t.Errorf("%s %v", status, outcome)
	}
	if truth := w.truth(t, "c-1"); truth.Status != "NOT_ENROLLED" || !slices.Equal(truth.History[0].Outcome, []string{"VIDC-7000"}) {
		t.Errorf("the truth is %+v", truth)
	}
}

func TestRulesThatAreToldLate(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.register.TellsRulesLate = true })
	w.enrol(t, "c-1")
	expired := card(otherPAN)
	expired["expirationDate"] = "2020-01"
	for name, c := range map[string]struct {
		call string
		body members
		want string
	}{
		"enrolled already": {"enrollData", enrolment("c-1"), "VIDC-2000 consumerInformation.externalConsumerID"},
		"not enrolled":     {"enrollPaymentInstruments", body(ids("c-2"), card(testPAN)), "VIDC-2001 consumerInformation.externalConsumerID"},
		"expired":          {"enrollPaymentInstruments", body(ids("c-1"), expired), "VIDC-2003 paymentInstruments[0].expirationDate"},
		"there already":    {"enrollPaymentInstruments", body(ids("c-1"), card(testPAN)), "VIDC-2004 paymentInstruments[0].accountNumber"},
	} {
		trace := w.write(t, http.MethodPost, c.call, c.body)
		w.clock.add(delay)
		if status, outcome := w.outcome(t, trace); status != "COMPLETED" || !slices.Equal(outcome, []string{"FAILED", c.want}) {
			t.Errorf("%s: %s %v", name, status, outcome)
		}
	}
}

func TestDeletedCardsByProfile(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.api.ShowsDeleted = true })
	w.enrol(t, "c-1")
	w.done(t, http.MethodPost, "deletePaymentInstruments", body(ids("c-1"), card(testPAN)))
	if _, cards := w.read(t, "c-1"); len(cards) != 1 || cards[0]["status"] != "DELETED" {
		t.Errorf("the cards %v", cards)
	}
	w.done(t, http.MethodPost, "enrollPaymentInstruments", body(ids("c-1"), card(testPAN)))
	if _, cards := w.read(t, "c-1"); len(cards) != 1 || cards[0]["status"] != "ACTIVE" {
		t.Errorf("enrolled again: %v", cards)
	}
}

// Either form of the product is taken; the one that the profile does not want is a fault
// that is tolerated. Answers have the one that it wants.
func TestFormsOfTheProduct(t *testing.T) {
	intent := members{"intent": members{"type": "PRODUCT_CODE", "value": "CLICK_TO_PAY"}}
	for name, c := range map[string]struct {
		change       func(*settings)
		sent         members
		fault, wants string
	}{
		"products":               {nil, members{"products": product()}, "", "products"},
		"intent":                 {nil, intent, "product_by_intent", "products"},
		"products by intent":     {func(s *settings) { s.api.WantsIntent = true }, members{"products": product()}, "product_by_products", "intent"},
		"intent by intent":       {func(s *settings) { s.api.WantsIntent = true }, intent, "", "intent"},
		"another member's name":  {func(s *settings) { s.api.ProductMember = "code" }, members{"products": []any{members{"code": "CLICK_TO_PAY"}}}, "", "products"},
		"beside another product": {nil, members{"products": []any{members{"productCode": "ALIAS_DIRECTORY"}}}, "product_other", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.change)
			b := enrolment("c-1")
			delete(b, "products")
			maps.Copy(b, c.sent)
			a := w.ask(t, w.question(http.MethodPost, "enrollData", b))
			report, fault := w.firstFault(t)
			if fault != c.fault || report.Accepted != (a.status == http.StatusAccepted) || (a.status == http.StatusAccepted) == (c.wants == "") {
				t.Errorf("%d %v, fault %q, %+v", a.status, a.plain, fault, report)
			}
			if c.wants == "" {
				if a.status != http.StatusUnprocessableEntity || a.reason() != "" {
					t.Errorf("%d %v", a.status, a.plain)
				}
				return
			}
			a = w.ask(t, w.question(http.MethodGet, "requestStatus/"+a.plain["requestTraceId"].(string), nil))
			if detail := a.plain["details"].([]any)[0].(members); detail[c.wants] == nil {
				t.Errorf("%v", a.plain)
			}
		})
	}
}

func TestConsentByProfile(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.api.WantsConsent = true })
	without := enrolment("c-1")
	delete(without["consumerInformation"].(members), "consent")
	if a := w.ask(t, w.question(http.MethodPost, "enrollData", without)); !slices.Equal(a.locations(), []string{"VIDC-1000 consumerInformation.consent"}) {
		t.Errorf("%d %v", a.status, a.plain)
	}
	w.enrol(t, "c-1")
}

func TestABIDThatIsNotSwitchedOn(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.api.UnsupportedBIDs = []string{testBID} })
	a := w.ask(t, w.question(http.MethodPost, "enrollData", enrolment("c-1")))
	if _, fault := w.firstFault(t); a.status != http.StatusUnprocessableEntity || a.reason() != "" || fault != "bid_not_switched_on" {
		t.Errorf("%d %v, fault %s", a.status, a.plain, fault)
	}
}

// Who leaves before a late answer is served all the same.
func TestALateAnswer(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.api.Latency = time.Hour })
	q := w.question(http.MethodPost, "enrollData", enrolment("c-1"))
	ctx, leave := context.WithCancel(t.Context())
	q.context = ctx
	answered := make(chan answer)
	go func() { answered <- w.ask(t, q) }()
	for status := 0; status != http.StatusOK; { // bounded by the test's own deadline
		status, _ = w.send(t, http.MethodGet, "/c2p/consumers/"+testBID+"/c-1", "")
	}
	leave()
	if a := <-answered; a.status != 0 {
		t.Errorf("%d", a.status)
	}
	w.clock.add(delay)
	if truth := w.truth(t, "c-1"); truth.Status != "ACTIVE" {
		t.Errorf("the truth is %+v", truth)
	}
}

func TestRefusalsInClearByProfile(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.api.ClearRefusals = true })
	if a := w.ask(t, w.question(http.MethodPost, "getData", body(ids("c-1")))); a.fault == nil || a.status != 400 || a.reason() != "VIDC-2001" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAServiceNeedsAll(t *testing.T) {
	s := newSettings(t.TempDir(), (&clock{}).now)
	r, err := register.Open(s.register)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	for name, takeOut := range map[string]func(*clicktopaysim.Config){
		"the register": func(c *clicktopaysim.Config) { c.Register = nil },
		"clients":      func(c *clicktopaysim.Config) { c.Clients = nil },
		"keys":         func(c *clicktopaysim.Config) { c.Keys = nil },
		"faults":       func(c *clicktopaysim.Config) { c.Faults = nil },
		"randomness":   func(c *clicktopaysim.Config) { c.Rand = nil },
		"a clock":      func(c *clicktopaysim.Config) { c.Now = nil },
	} {
		config := s.api
		config.Register, config.Rand = r, rand.Reader
		takeOut(&config)
		if _, err := clicktopaysim.New(config); walletport.ReasonOf(err) != "config_incomplete" {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
