package e2e_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// untilEnrolled is how long new cards may take to be enrolled by themselves: a server looks for
// them a minute after its start, and then asks for one every four seconds.
const untilEnrolled = 4 * time.Minute

// quietIssuer leaves its portfolio to the command. A server comes to its cards before those of
// serveIssuer.
const quietIssuer = "aaa"

// TestNewCardsAreEnrolledByThemselves: cards that are imported while two servers run are asked
// for once each, where the issuer wants that, and not those of who opted out.
func TestNewCardsAreEnrolledByThemselves(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			h, optedOut := mustAutoHouse(t, e.url(t))
			cards := h.mustFillSingle(t)
			delete(cards, optedOut)
			accepted := func() (sum int) {
				for _, s := range h.servers {
					sum += s.enrolledByItself()
				}
				return sum
			}
			// One of them may have asked for all: who is a moment behind finds each card taken.
			eventuallyWithin(t, untilEnrolled, "the servers ask for all cards", func() bool { return accepted() >= len(cards) })
			eventually(t, "every request is completed", func() bool {
				return strings.HasPrefix(mustRun(t, "", h.at().with("clicktopay", "list", "--issuer", serveIssuer, "--open")...), "0 requests")
			})
			if got := accepted(); got != len(cards) {
				t.Errorf("the servers asked for %d, want %d in all", got, len(cards))
			}
			for _, row := range h.mustRows(t) {
				if !cards[row.Customer] || row.Action != "enrol_customer" || row.outcome() != "SUCCESS" {
					t.Errorf("a request that should not be there, or another one for the same card: %+v", row)
				}
				delete(cards, row.Customer)
			}
			if len(cards) > 0 {
				t.Errorf("not asked for: %v", cards)
			}
			if quiet := mustRun(t, "", h.at().with("clicktopay", "list", "--issuer", quietIssuer)...); !strings.HasPrefix(quiet, "0 requests") {
				t.Errorf("of an issuer who did not ask for it: %s", quiet)
			}
			mustVerify(t, h.at(), mustExport(t, h.at()))
		})
	}
}

// mustAutoHouse starts the sandbox, and two servers at once. One customer of serveIssuer has
// opted out.
func mustAutoHouse(t *testing.T, databaseURL string) (h *enrolHouse, optedOut string) {
	t.Helper()
	h = &enrolHouse{mustTokenBox(t, ""), enrolConsumers(9)}
	const table = "products: {visa-debit: {segment: consumer, ecommerce: true}}"
	visa := h.box.file.ClickToPay
	h.p = mustProduction(t, databaseURL, fmt.Sprintf("clicktopay:\n  visa: {url: %q, bids: {%[2]s: [QUIET], %[3]s: [%[4]q]}, profile: {settle_after: 4s}, breaker: {failures: -1}}\n"+
		"  portfolio: {rate: 0.25, issuers: {%[2]s: {%[5]s}, %[3]s: {auto: true, %[5]s}}}\n", visa.BaseURL, quietIssuer, serveIssuer, visa.BID, table))
	h.p.mustVisaKeys(t, visa)
	optedOut = h.consumers[1].number
	mustRun(t, "", h.at().with("clicktopay", "opt-out", "--issuer", serveIssuer, "--customer", optedOut)...)
	for range 2 { // so that their looks overlap
		h.servers = append(h.servers, &server{process: mustStart(t, []string{"WALLETPORT_HTTP__LISTEN=" + plainHTTP}, "serve", "--config", h.p.configPath())})
	}
	for _, s := range h.servers {
		s.caller = newCaller(s.mustURL(t)+"/wallet", h.p.client)
	}
	return h, optedOut
}

// mustFillSingle imports one card of each customer, and one of another issuer, and returns
// whose cards of serveIssuer there are.
func (h *enrolHouse) mustFillSingle(t *testing.T) map[string]bool {
	t.Helper()
	customers := "customerId,firstName,lastName,emails,phones,locale,country,addressLine1,city,state,postalCode,addressCountry\n"
	cards := "cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product\n"
	all := map[string]bool{}
	var ofCustomers, ofCards strings.Builder
	for i, c := range h.consumers {
		all[c.number] = true
		fmt.Fprintf(&ofCustomers, "%s,Mary,Jackson,%s,%s,en_US,USA,3 Example Road,%s,VA,23666,USA\n", c.number, c.email(), enrolPhone, enrolCity)
		fmt.Fprintf(&ofCards, "%d,%s,%s,11,2030,MARY JACKSON,visa-debit\n", c.cards[0], c.number, enrolPAN(2*i))
	}
	quietCustomer := fmt.Sprintf("1,Mary,Jackson,mary@mail.example,%s,en_US,USA,3 Example Road,%s,VA,23666,USA\n", enrolPhone, enrolCity)
	for _, of := range []struct{ issuer, customers, cards string }{
		{quietIssuer, quietCustomer, "19999,1," + enrolPAN(999) + ",11,2030,MARY JACKSON,visa-debit\n"},
		{serveIssuer, ofCustomers.String(), ofCards.String()},
	} {
		mustRun(t, customers+of.customers, h.at().with("customers", "import", "-", "--format", "csv", "--issuer", of.issuer)...)
		mustRun(t, cards+of.cards, h.at().with("cards", "import", "-", "--format", "csv", "--issuer", of.issuer)...)
	}
	return all
}

// enrolledByItself is how many cards a server says that it asked for by itself.
func (s *server) enrolledByItself() (sum int) {
	for line := range strings.Lines(s.out.String()) {
		var said struct {
			Msg      string
			Accepted int
		}
		if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "new cards are to be enrolled for Click to Pay" {
			sum += said.Accepted
		}
	}
	return sum
}
