package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/storage/storagetest"
)

// TestEnrolKilledAndRunTwice: the command that enrols a portfolio is killed half-way, and then
// run twice at once. Each card of who did not opt out is asked for once, and is enrolled.
func TestEnrolKilledAndRunTwice(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			h := mustEnrolHouse(t, 15, 1, e.url(t), fmt.Sprintf("  portfolio: {issuers: {%s: {products: {visa-debit: {segment: consumer, ecommerce: true}}}}}\n", serveIssuer))
			out := h.consumers[3]
			mustRun(t, "", h.at().with("clicktopay", "opt-out", "--issuer", serveIssuer, "--customer", out.number)...)
			enrol := h.at().with("clicktopay", "enrol", "--issuer", serveIssuer, "--rate", "10", "--patience", "30s")
			killed := mustStart(t, nil, enrol...)
			eventually(t, "some cards are asked for", func() bool { return len(h.mustRows(t)) > 3 })
			killed.mustKill(t)
			if n := len(h.mustRows(t)); n > 20 {
				t.Fatalf("it was killed too late: %d cards are asked for", n)
			}
			var runs sync.WaitGroup
			for range 2 {
				runs.Go(func() {
					if r := run(t, "", enrol...); r.code != 0 {
						t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errOut)
					}
				})
			}
			runs.Wait()
			h.wantPortfolio(t, out)
		})
	}
}

// wantPortfolio wants one request for each card, but for those of who opted out, and every one
// of them enrolled.
func (h *enrolHouse) wantPortfolio(t *testing.T, out enrolConsumer) {
	t.Helper()
	eventually(t, "every request is completed", func() bool {
		return strings.HasPrefix(mustRun(t, "", h.at().with("clicktopay", "list", "--issuer", serveIssuer, "--open")...), "0 requests")
	})
	truths, err := h.truths(h.sandbox())
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for _, row := range h.mustRows(t) {
		if asked[row.Customer]++; row.outcome() != "SUCCESS" {
			t.Errorf("a request ended: %+v", row)
		}
	}
	for _, c := range h.consumers {
		want := len(c.cards)
		if c.number == out.number {
			want = 0
		}
		truth := truths[c.number]
		if asked[c.number] != want || len(truth.Cards) != want || len(truth.History) != want || truth.Overlaps > 0 {
			t.Errorf("customer %s: %d requests, and Visa has %+v, want %d", c.number, asked[c.number], truth, want)
		}
	}
}

// TestDatabaseGoneAfterRequestsWereAccepted takes PostgreSQL away right after the answers. What
// was promised is done when it is back, and once.
func TestDatabaseGoneAfterRequestsWereAccepted(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]lineMode{"connections break": lineCut, "it falls silent": lineSilent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, through := mustLine(t, storagetest.Postgres(t))
			h := mustEnrolHouse(t, 8, 1, through)
			var ids []string
			for _, c := range h.consumers {
				ids = append(ids, h.caller(0).mustAccept(t, http.MethodPost, "/enroll/customer/"+c.number, byBID(members{"cardId": []int64{c.cards[0]}})))
			}
			database.set(mode)
			time.Sleep(2 * time.Second) // in which Visa ends what it took
			database.set(lineWorks)
			eventually(t, "the server is ready again", h.servers[0].isReady)
			for i, c := range h.consumers {
				if got := h.caller(0).mustComplete(t, ids[i]); got != "SUCCESS" {
					t.Errorf("customer %s: %s", c.number, got)
				}
			}
			truths, err := h.truths(h.sandbox())
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range h.consumers {
				deeds := truths[c.number].History
				if len(deeds) != 1 || deeds[0].RequestID != ids[i] || !deeds[0].TookEffect || truths[c.number].Overlaps > 0 {
					t.Errorf("customer %s: Visa has %+v", c.number, truths[c.number])
				}
			}
		})
	}
}
