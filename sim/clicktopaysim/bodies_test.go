package clicktopaysim_test

import (
	"maps"
	"net/http"
	"testing"
)

// The bodies, as Visa's pages have them.

func product() []any { return []any{members{"productCode": "CLICK_TO_PAY"}} }

func ids(id string) members {
	return members{"externalConsumerID": id, "externalConsumerIDOwnerBID": testBID}
}

func person(id string) members {
	p := ids(id)
	maps.Copy(p, members{
		"firstName": "Canaria", "middleName": "Noa", "lastName": "Müllerine", "phones": []any{"16504005555"}, "emails": []any{"canary@example.com"}, "locale": "en_US", "countryCode": "USA",
		"consent": members{"version": "1", "presenter": "canary bank", "timeOfConsent": "2026-11-29T10:00:00Z"},
	})
	return p
}

func address() members {
	return members{"addressLine1": "1000 Canary Street", "addressLine2": "Building 56", "addressLine3": "Suite 101", "city": "San Canario", "postalCode": "94105", "state": "CA", "country": "USA"}
}

func card(number string) members {
	return members{"type": "CARD", "accountNumber": number, "nameOnCard": "Canaria Müllerine", "expirationDate": "2030-01", "billingAddress": address()}
}

func body(consumer members, cards ...any) members {
	b := members{"products": product(), "consumerInformation": consumer}
	if len(cards) > 0 {
		b["paymentInstruments"] = cards
	}
	return b
}

func enrolment(id string) members { return body(person(id), card(testPAN)) }

func (w *world) enrol(t *testing.T, id string) {
	t.Helper()
	w.done(t, http.MethodPost, "enrollData", enrolment(id))
}

// read asks for a consumer, which must be enrolled.
func (w *world) read(t *testing.T, id string) (consumer members, cards []members) {
	t.Helper()
	a := w.ask(t, w.question(http.MethodPost, "getData", body(ids(id))))
	data, _ := a.plain["data"].([]any)
	if a.status != http.StatusOK || len(data) != 1 {
		t.Fatalf("getData: %d %v %v", a.status, a.fault, a.plain)
	}
	item := data[0].(members)
	for _, c := range item["paymentInstruments"].([]any) {
		cards = append(cards, c.(members))
	}
	return item["consumerInformation"].(members), cards
}
