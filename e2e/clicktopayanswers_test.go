package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// manageConsumer is Visa's call that makes an update of a customer.
const manageConsumer = "manageConsumerInformation"

// readConsumer is Visa's call that tells what it has.
const readConsumer = "getData"

// badEnrolment is what goes wrong between a server and Visa while a customer is updated, and
// how the request ends.
type badEnrolment struct {
	name string

	// One of these goes wrong, once.
	call, fault string // of the simulated Visa, with this seed
	seed        uint64
	act, undo   string           // of somebody else: the second one ends it
	answer      http.HandlerFunc // which comes instead of Visa's
	// isLost: the answer to the update, so that Visa is asked what it has (getData), which goes wrong.
	isLost bool

	outcome string
	sent    int // how often the update was sent
}

// badEnrolments is each fault that Visa, or the way to it, may have.
var badEnrolments = []badEnrolment{
	{name: "slow", call: manageConsumer, fault: "slow", seed: 2, outcome: "SUCCESS", sent: 1},
	{name: "down", call: manageConsumer, fault: "drop_before", outcome: "SUCCESS", sent: 2},
	{name: "gone before its answer", call: manageConsumer, fault: "drop_after_commit", outcome: "SUCCESS", sent: 1},
	{name: "503", call: manageConsumer, fault: "error_5xx", outcome: "SUCCESS", sent: 2},
	{name: "500 after it was done", call: manageConsumer, fault: "error_5xx", seed: 1, outcome: "SUCCESS", sent: 1},
	{name: "429", call: manageConsumer, fault: "rate_limited", outcome: "SUCCESS", sent: 2},
	{name: "half an answer", call: manageConsumer, fault: "garbage", outcome: "SUCCESS", sent: 1},
	{name: "a page", call: manageConsumer, fault: "garbage", seed: 1, outcome: "SUCCESS", sent: 1},
	{name: "JSON of another form", call: manageConsumer, fault: "garbage", seed: 2, outcome: "SUCCESS", sent: 1},
	{name: "random bytes", call: manageConsumer, fault: "garbage", seed: 3, outcome: "SUCCESS", sent: 1},
	{name: "10 MB", call: manageConsumer, fault: "garbage", seed: 4, outcome: "SUCCESS", sent: 1},
	{name: "an answer to another key", call: manageConsumer, fault: "wrong_key", outcome: "SUCCESS", sent: 1},
	{name: "an answer in clear", call: manageConsumer, fault: "wrong_key", seed: 2, outcome: "SUCCESS", sent: 1},
	{name: "our key is not Visa's", call: manageConsumer, fault: "wrong_key", seed: 1, outcome: "FAILED scheme_request_refused", sent: 1},
	{name: "401 9159", call: manageConsumer, fault: "wrong_signature", outcome: "SUCCESS", sent: 2},
	{name: "401 9201", answer: refusedToken("9201"), outcome: "SUCCESS", sent: 2},
	{name: "422", answer: says(422, "application/json", `{"message":"not for this product"}`), outcome: "FAILED scheme_unsupported", sent: 1},
	{name: "409, another writer is at work", act: `{"as":"ANOTHER_WRITER","do":"lock"}`, undo: `{"as":"ANOTHER_WRITER","do":"unlock"}`, outcome: "SUCCESS"},
	{name: "declined", act: `{"as":"VISA","do":"decline"}`, outcome: "FAILED VIDC-7000", sent: 1},
	{name: "COMPLETED without details", act: `{"as":"VISA","do":"omit_details"}`, outcome: "SUCCESS", sent: 1},
	{name: "two details that disagree", act: `{"as":"VISA","do":"divide"}`, outcome: "FAILED VIDC-7000", sent: 1},
	{name: "a result that is slow", call: "requestStatus", fault: "slow", seed: 2, outcome: "SUCCESS", sent: 1},
	{name: "a result that does not come", call: "requestStatus", fault: "drop_before", outcome: "SUCCESS", sent: 1},
	{name: "a result that is a page", call: "requestStatus", fault: "garbage", seed: 1, outcome: "SUCCESS", sent: 1},
	{name: "a result to another key", call: "requestStatus", fault: "wrong_key", outcome: "SUCCESS", sent: 1},
	{name: "lost, and what Visa has is half an answer", isLost: true, call: readConsumer, fault: "garbage", outcome: "SUCCESS", sent: 1},
	{name: "lost, and what Visa has is a page", isLost: true, call: readConsumer, fault: "garbage", seed: 1, outcome: "SUCCESS", sent: 1},
	{name: "lost, and what Visa has is JSON of another form", isLost: true, call: readConsumer, fault: "garbage", seed: 2, outcome: "SUCCESS", sent: 1},
	{name: "lost, and what Visa has is random bytes", isLost: true, call: readConsumer, fault: "garbage", seed: 3, outcome: "SUCCESS", sent: 1},
	{name: "lost, and what Visa has is to another key", isLost: true, call: readConsumer, fault: "wrong_key", outcome: "SUCCESS", sent: 1},
	{name: "lost, and the question is to another key", isLost: true, call: readConsumer, fault: "wrong_key", seed: 1, outcome: "SUCCESS", sent: 1},
	{name: "lost, and what Visa has is in clear", isLost: true, call: readConsumer, fault: "wrong_key", seed: 2, outcome: "SUCCESS", sent: 1},
	{name: "lost, and 503 to the question", isLost: true, call: readConsumer, fault: "error_5xx", outcome: "SUCCESS", sent: 1},
	{name: "lost, and 500 to the question", isLost: true, call: readConsumer, fault: "error_5xx", seed: 1, outcome: "SUCCESS", sent: 1},
	{name: "lost, and no answer to the question", isLost: true, call: readConsumer, fault: "drop_before", outcome: "SUCCESS", sent: 1},
	{name: "lost, and the question is refused for its signature", isLost: true, call: readConsumer, fault: "wrong_signature", outcome: "SUCCESS", sent: 1},
	{name: "lost, and what Visa has is of another customer", isLost: true, call: readConsumer, outcome: "SUCCESS", sent: 1},
	{name: "a result that is refused for its signature", call: "requestStatus", fault: "wrong_signature", outcome: "SUCCESS", sent: 1},
}

func refusedToken(code string) http.HandlerFunc {
	return says(401, "application/json", `{"responseStatus":{"status":401,"code":"`+code+`","severity":"ERROR","message":"Token Validation Failed","info":""}}`)
}

// TestWhatVisaAnswersToAnEnrolment has Visa answer in every bad way, over the real server. A
// change that was accepted ends, says what became of it, and was made once or not at all.
func TestWhatVisaAnswersToAnEnrolment(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			wantBadAnswersOutlived(t, e.url(t))
		})
	}
}

func wantBadAnswersOutlived(t *testing.T, databaseURL string) {
	t.Helper()
	house := mustTokenBox(t, "")
	b, file := mustBetween(t, house.box.file)
	visa := file.ClickToPay
	house.mustServers(t, 0, databaseURL, fmt.Sprintf("clicktopay: {visa: {url: %q, bids: {%s: [%q]}, profile: {settle_after: 3s}, limits: {headers: 2s}, breaker: {failures: -1}}}\n",
		visa.BaseURL, serveIssuer, visa.BID), file)
	house.p.mustVisaKeys(t, visa)
	house.p.mustImportCustomers(t, importedCustomer+anotherCustomer)
	mustRun(t, anothersCard, house.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
	house.p.client = house.p.mustClient(t, "clicktopay")
	house.servers = append(house.servers, house.p.mustServe(t))
	for customer, card := range map[string]string{"2": "7002", "3": "7005"} {
		enrolled := house.caller(0).mustAccept(t, http.MethodPost, "/enroll/customer/"+customer, byBID(members{"cardId": []string{card}}))
		if got := house.caller(0).mustComplete(t, enrolled); got != "SUCCESS" {
			t.Fatalf("enrolled: %s", got)
		}
	}
	anothers := b.kept(readConsumer)
	house.caller(0).mustProfile(t, "3")
	for i, c := range badEnrolments {
		if c.isLost && c.fault == "" {
			c.answer = anothers
		}
		t.Run(c.name, func(t *testing.T) { house.wantUpdated(t, b, fmt.Sprintf("175755501%02d", i), c) })
	}
	mustVerify(t, house.at(), mustExport(t, house.at()))
}

// A customer, with a card, who has nothing to do with the other one but the same issuer.
const (
	anotherCustomer = "3,Ada,Lovelace,ada@mail.example,17575550104,en_US,USA,4 Example Road,Norfolk,23510,USA\n"
	anothersCard    = "cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product\n7005,3,4242424242424242,11,2030,ADA LOVELACE,visa-debit\n"
)

// kept hands the next call on and keeps its answer, and returns what gives that to any other.
func (b *between) kept(call string) http.HandlerFunc {
	answer := httptest.NewRecorder()
	again := func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}
	b.once(func(w http.ResponseWriter, r *http.Request) {
		b.target.ServeHTTP(answer, r)
		again(w, r)
	}, call)
	return again
}

// wantUpdated gives the customer a phone number while something goes wrong.
func (h *tokenHouse) wantUpdated(t *testing.T, b *between, phone string, c badEnrolment) {
	t.Helper()
	consumer := "/clicktopay/consumers/" + h.box.file.ClickToPay.BID + "/2"
	done, sent := updatesOf(h.box.consumerStory(t, "2")), b.count(manageConsumer)
	if c.isLost {
		if a := h.fault("clicktopay", manageConsumer, "drop_after_commit", 1, 0); a.status != http.StatusCreated {
			t.Fatalf("the update gets lost: %v", a)
		}
	}
	switch {
	case c.isLost && c.answer != nil:
		b.once(c.answer, readConsumer)
		defer b.on(nil, readConsumer)
	case c.answer != nil:
		b.once(c.answer, manageConsumer)
		defer b.on(nil, manageConsumer)
	case c.act != "":
		if a := h.atSandbox(http.MethodPost, consumer, c.act); a.status != http.StatusOK {
			t.Fatalf("%s: %v", c.act, a)
		}
	default:
		if a := h.fault("clicktopay", c.call, c.fault, 1, c.seed); a.status != http.StatusCreated {
			t.Fatalf("%s of %s: %v", c.fault, c.call, a)
		}
	}
	id := h.caller(0).mustAccept(t, http.MethodPut, "/update/customer/2", byBID(members{"overrides": members{"phones": []string{phone}}}))
	if c.undo != "" {
		eventually(t, "the update is refused for the other writer", func() bool { return b.count(manageConsumer) > sent })
		if a := h.atSandbox(http.MethodPost, consumer, c.undo); a.status != http.StatusOK {
			t.Fatalf("%s: %v", c.undo, a)
		}
	}
	outcome := h.caller(0).mustComplete(t, id)
	if outcome != strings.TrimPrefix(c.outcome, "FAILED ") {
		t.Errorf("it ended as %s, want %s", outcome, c.outcome)
	}
	isDone := map[bool]int{true: 1}[outcome == "SUCCESS"]
	if got := updatesOf(h.box.consumerStory(t, "2")) - done; got != isDone {
		t.Errorf("Visa made the update %d times", got)
	}
	if got := b.count(manageConsumer) - sent; c.sent > 0 && got != c.sent {
		t.Errorf("the update was sent %d times, want %d", got, c.sent)
	}
	if p := h.caller(0).mustProfile(t, "2"); slices.Equal(p.CustomerInformation.Phone, []string{phone}) != (outcome == "SUCCESS") {
		t.Errorf("Visa has %q", p.CustomerInformation.Phone)
	}
}

// updatesOf counts the updates that were made to a consumer; of one that was, Visa may be told
// to keep the details back.
func updatesOf(story consumerStory) (n int) {
	for _, d := range story.History {
		if d.Call == manageConsumer && (len(d.Outcome) == 0 || slices.Equal(d.Outcome, []string{"SUCCESS"})) {
			n++
		}
	}
	return n
}
