package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
)

// Cards of customer 2 that cannot be enrolled: one that looks like Visa's and is none, one that is
// closed and has expired, the same of Mastercard, and one of another customer.
var refusedCards = "cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product,status\n" +
	"7101,2," + withCheckDigit("499999990000001") + ",11,2030,MARY JACKSON,visa-debit,CARD_OK\n" +
	"7102,2,4222222222222220,05,2024,MARY JACKSON,visa-debit,CARD_CLOSED\n" +
	"7103,2,5555555555554444,05,2024,MARY JACKSON,mc-debit,CARD_CLOSED\n" +
	"7104,9,4242424242424242,11,2030,ADA LOVELACE,visa-debit,CARD_OK\n"

// TestEnrolmentsThatAreRefused: what is wrong by our own rules is told at once, of every kind, and
// accepted is nothing; what Visa alone knows ends the request, with its word.
func TestEnrolmentsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			house := mustTokenBox(t, e.url(t))
			mustRun(t, importedCustomer, house.at().with("customers", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
			mustRun(t, refusedCards, house.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
			wantAllFaultsTold(t, house)
			wantVisasWord(t, house)
		})
	}
}

func wantAllFaultsTold(t *testing.T, house *tokenHouse) {
	t.Helper()
	bad := members{"overrides": members{"phones": []string{"+17575550103"}}, "cardOverrides": members{"city": "Lyon #1", "country": "FR"}}
	data := []string{"overrides.phones[0]", "cardOverrides.city", "cardOverrides.country"}
	for _, c := range []struct {
		card, customer string
		status         int
		code           string
		fields         []string
	}{
		{"7002", "2", http.StatusBadRequest, "enrolment_data_invalid", data},
		{"7102", "2", http.StatusForbidden, "card_not_eligible", slices.Concat([]string{"card.status", "card.expiry"}, data)},
		{"7103", "2", http.StatusForbidden, "scheme_mismatch", slices.Concat([]string{"card.pan", "card.status", "card.expiry"}, data)},
		{"7104", "2", http.StatusNotFound, "card_not_found", slices.Concat([]string{"cardId"}, data)},
		{"7999", "2", http.StatusNotFound, "card_not_found", slices.Concat([]string{"cardId"}, data)},
		{"7002", "8", http.StatusNotFound, "customer_not_found", slices.Concat([]string{"customerId", "cardId"}, data)},
	} {
		body := byBID(bad)
		body["cardId"] = []string{c.card}
		a := house.caller(0).clickToPay(http.MethodPost, "/enroll/customer/"+c.customer, body)
		if a.status != c.status || a.code() != c.code || !slices.Equal(a.problem().fields(), c.fields) {
			t.Errorf("card %s of customer %s: %v, want %d %s %q", c.card, c.customer, a, c.status, c.code, c.fields)
		}
	}
}

// wantVisasWord has a card enrolled that is none of Visa's, and then one that is.
func wantVisasWord(t *testing.T, house *tokenHouse) {
	t.Helper()
	caller := house.caller(0)
	id := caller.mustAccept(t, http.MethodPost, "/enroll/customer/2", byBID(members{"cardId": []string{"7101"}}))
	if got := caller.mustComplete(t, id); got != "VIDC-2006" {
		t.Errorf("it ended as %s", got)
	}
	a := caller.clickToPay(http.MethodGet, "/status/"+id, nil)
	var status requestStatus
	if err := json.Unmarshal([]byte(a.body), &status); err != nil || status.Details.Status != "FAILED" || len(status.Details.ErrorDetails) != 1 {
		t.Fatalf("the status is %v", a)
	}
	if said := status.Details.ErrorDetails[0]; said.Reason != "VIDC-2006" || said.Field != "card.pan" || said.Message == "" {
		t.Errorf("the fault is told as %+v", said)
	}
	if a := house.box.caller().get("/sandbox/clicktopay/consumers/" + house.box.file.ClickToPay.BID + "/2"); a.code() != "consumer_unknown" {
		t.Errorf("Visa did something: %v", a)
	}
	id = caller.mustAccept(t, http.MethodPost, "/enroll/customer/2", byBID(members{"cardId": []string{"7002"}}))
	if got := caller.mustComplete(t, id); got != "SUCCESS" {
		t.Errorf("a card of Visa's ended as %s", got)
	}
}
