package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// enrolConsumer is a customer of an enrolHouse, with two Visa cards.
type enrolConsumer struct {
	number string
	cards  [2]int64
	last   [2]string // four digits of each card's number
}

// What is stored of each customer of an enrolHouse.
const (
	enrolPhone = "17575550103"
	enrolCity  = "Hampton"
)

func (c enrolConsumer) email() string { return "c" + c.number + "@mail.example" }

// enrolConsumers are customers with made-up cards: no two numbers end in the same four digits.
func enrolConsumers(n int) (all []enrolConsumer) {
	for i := range n {
		c := enrolConsumer{number: fmt.Sprint(6000 + i)}
		for k := range c.cards {
			number := enrolPAN(2*i + k)
			c.cards[k], c.last[k] = int64(20000+2*i+k), number[12:]
		}
		all = append(all, c)
	}
	return all
}

func enrolPAN(n int) string { return withCheckDigit(fmt.Sprintf("40012345%07d", n)) }

// enrolHouse is an issuer with many customers who enrols them at the simulated Visa of a
// sandbox: by servers of its own, or by the sandbox's.
type enrolHouse struct {
	*tokenHouse

	consumers []enrolConsumer
}

// settleAfter is how long the simulated Visa is thought to take at most for what got lost: by
// a server that dies with it nothing, by one that does not as long as the slowest fault that
// is asked for.
func settleAfter(servers int) time.Duration {
	if servers == 0 {
		return time.Second
	}
	return 4 * time.Second
}

// mustEnrolHouse starts the sandbox, and as many servers of the issuer's own. databaseURL is the
// issuer's, config further lines of these servers' section of Click to Pay.
func mustEnrolHouse(t *testing.T, customers, servers int, databaseURL string, config ...string) *enrolHouse {
	t.Helper()
	h := &enrolHouse{
		&tokenHouse{address: mustAddress(t), dir: filepath.Join(t.TempDir(), "box"), env: []string{
			"WALLETPORT_CLICKTOPAY__READ_WAIT=1s", fmt.Sprintf("WALLETPORT_CLICKTOPAY__VISA__PROFILE__SETTLE_AFTER=%s", settleAfter(0)),
			"WALLETPORT_CLICKTOPAY__VISA__BREAKER__PAUSE=1s",
		}},
		enrolConsumers(customers),
	}
	if servers == 0 {
		h.database = databaseURL
	}
	h.box = mustSandboxAt(t, h.address, h.dir, h.database, h.env...)
	if servers == 0 {
		h.mustFill(t)
		return h
	}
	visa := h.box.file.ClickToPay
	h.p = mustProduction(t, databaseURL, fmt.Sprintf("clicktopay:\n  read_wait: 1s\n  visa: {url: %q, bids: {%s: [%q]}, profile: {settle_after: %s}, breaker: {failures: -1}}\n",
		visa.BaseURL, serveIssuer, visa.BID, settleAfter(servers))+strings.Join(config, ""))
	h.p.mustVisaKeys(t, visa)
	h.p.client = h.p.mustClient(t, "clicktopay")
	h.mustFill(t)
	for range servers {
		h.servers = append(h.servers, h.p.mustServe(t))
	}
	return h
}

// mustFill stores customers and cards as an operator does.
func (h *enrolHouse) mustFill(t *testing.T) {
	t.Helper()
	var customers, cards strings.Builder
	customers.WriteString("customerId,firstName,lastName,emails,phones,locale,country,addressLine1,city,state,postalCode,addressCountry\n")
	cards.WriteString("cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product\n")
	for i, c := range h.consumers {
		fmt.Fprintf(&customers, "%s,Mary,Jackson,%s,%s,en_US,USA,3 Example Road,%s,VA,23666,USA\n", c.number, c.email(), enrolPhone, enrolCity)
		for k, card := range c.cards {
			fmt.Fprintf(&cards, "%d,%s,%s,11,2030,MARY JACKSON,visa-debit\n", card, c.number, enrolPAN(2*i+k))
		}
	}
	mustRun(t, customers.String(), h.at().with("customers", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
	mustRun(t, cards.String(), h.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
}

// visaTruth is what the simulated Visa knows of a consumer.
type visaTruth struct {
	Number string `json:"externalConsumerID"`
	Status string `json:"status"`
	Emails int    `json:"emails"`
	Cards  []struct {
		AccountNumber string `json:"accountNumber"`
		Reference     string `json:"panReferenceID"`
	} `json:"cards"`
	Running  string     `json:"running"`
	Overlaps int        `json:"overlaps"`
	History  []visaDeed `json:"history"`
}

// visaDeed is one thing that was done to a consumer.
type visaDeed struct {
	Call       string     `json:"call"`
	By         string     `json:"by"`
	At         time.Time  `json:"at"`
	TraceID    string     `json:"requestTraceId"`
	RequestID  string     `json:"correlationId"`
	EndedAt    *time.Time `json:"endedAt"`
	Outcome    []string   `json:"outcome"`
	TookEffect bool       `json:"tookEffect"`
}

// truths asks the simulated Visa for all that it knows, by the customers' numbers.
func (h *enrolHouse) truths(box *sandbox) (map[string]visaTruth, error) {
	a := box.caller().get("/sandbox/clicktopay/consumers")
	var said struct{ Consumers []visaTruth }
	if err := json.Unmarshal([]byte(a.body), &said); err != nil || a.status != http.StatusOK {
		return nil, fmt.Errorf("the truth of the simulated Visa: %v", a)
	}
	all := map[string]visaTruth{}
	for _, truth := range said.Consumers {
		all[truth.Number] = truth
	}
	return all, nil
}

// acts does what somebody else does to a consumer.
func (h *enrolHouse) acts(number, as, do, card string) answer {
	return h.atSandbox(http.MethodPost, "/clicktopay/consumers/"+h.sandbox().file.ClickToPay.BID+"/"+number, fmt.Sprintf(`{"as":%q,"do":%q,"card":%q}`, as, do, card))
}
