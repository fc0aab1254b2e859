package clicktopay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

// TestAWholePortfolio: every eligible card is enrolled, further cards of a customer behind the
// first, and each that is left out is told with its reason.
func TestAWholePortfolio(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		visa := newPlayed(t)
		b := newBank(t, database, visa)
		b.fill(t, 3)
		b.goldCard(t, 9101, "9001") // a second and a third card
		b.goldCard(t, 9102, "9001")
		b.goldCard(t, -9, "9002") // ids below 0 are cards, too
		b.goldCard(t, 9201, "nobody")
		b.goldCard(t, 9202, "9003", func(c *walletport.Card) { c.Expiry.Year = 2020 })
		b.goldCard(t, 9203, "9003", func(c *walletport.Card) { c.Status = walletport.CardLost })
		b.goldCard(t, 9204, "9003", func(c *walletport.Card) { c.Product = "business" }) // is of another run
		b.putCustomer(t, newCustomer("9300", func(c *walletport.Customer) { c.Emails, c.Phones = nil, nil }))
		b.goldCard(t, 9301, "9300")
		b.putCustomer(t, newCustomer("9400", func(c *walletport.Customer) { c.Address.City = private("Turku; Åbo") }))
		b.goldCard(t, 9401, "9400")
		b.optOut(t, "9500")
		b.putCustomer(t, newCustomer("9500"))
		b.goldCard(t, 9501, "9500")
		b.work(t)

		report, told, err := b.run(t.Context(), func(r *clicktopay.PortfolioRequest) { r.Patience = time.Minute })
		must(t, err)
		b.settle(t)
		slices.Sort(told)
		want := []string{
			"-9 of 9002: enrol_customer", "9001 of 9001: enrol_customer", "9002 of 9002: enrol_card", "9003 of 9003: enrol_customer",
			"9101 of 9001: enrol_card", "9102 of 9001: enrol_card", "9201 of nobody: customer_unknown", "9202 of 9003: card_expired",
			"9203 of 9003: card_not_active CARD_LOST", "9301 of 9300: data_invalid customer.emails", "9401 of 9400: data_invalid customer.address.city",
			"9501 of 9500: opted_out",
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if report.Cards != 12 || report.Accepted != 6 || len(report.LeftOut) != 5 || report.LeftOut[clicktopay.LeftOutDataInvalid] != 2 {
			t.Errorf("%+v", report)
		}
		for number, want := range map[string]string{
			"9001": "active " + strings.Join(sorted(numberOf(9001)[12:], numberOf(9101)[12:], numberOf(9102)[12:]), " "),
			"9002": "active " + strings.Join(sorted(numberOf(-9)[12:], numberOf(9002)[12:]), " "), "9003": "active " + numberOf(9003)[12:],
			"9300": "none", "9400": "none", "9500": "none",
		} {
			if got := visa.truth(number + "/" + ownBID); got != want {
				t.Errorf("Visa has %q of %s, want %q", got, number, want)
			}
		}

		again, told, err := b.run(t.Context())
		must(t, err)
		if again.Accepted != 0 || again.LeftOut[clicktopay.LeftOutAlreadyEnrolled] != 6 {
			t.Errorf("a second run did %+v, %q", again, told)
		}
		b.checkRecords(t)
	})
}

func sorted(texts ...string) []string {
	slices.Sort(texts)
	return texts
}

// checkRecords: what a run did is in the trail, with each request's own record, and nothing
// personal.
func (b *bank) checkRecords(t *testing.T) {
	t.Helper()
	records := b.records(t)
	counts := map[string]int{}
	for _, r := range records {
		counts[string(r.Action)+" "+r.Outcome]++
		if text := fmt.Sprintf("%+v", r); strings.Contains(strings.ToLower(text), deskCanary) || strings.Contains(text, deskPhone) {
			t.Errorf("a record has personal data: %s", text)
		}
	}
	if counts["clicktopay.portfolio started"] != 2 || counts["clicktopay.portfolio ok"] != 2 || counts["clicktopay.enrol_customer ok"] != 6 {
		t.Errorf("records: %v", counts)
	}
	for _, r := range records {
		if r.Action == walletport.ActionClickToPayPortfolio && r.Outcome == walletport.OutcomeOK {
			got := strings.Join([]string{r.Details.Get(walletport.DetailRows), r.Details.Get(walletport.DetailAccepted), r.Details.Get(walletport.DetailLeftOut)}, " ")
			if got != "12 6 6" && got != "12 0 12" {
				t.Errorf("the record of a run says %s", got)
			}
		}
	}
}

func TestATrialChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := newBank(t, database, newPlayed(t))
		b.fill(t, 2)
		b.goldCard(t, 9101, "9001")
		b.goldCard(t, 9202, "9002", func(c *walletport.Card) { c.Expiry.Year = 2020 })
		before := b.kept(t)
		report, told, err := b.run(t.Context(), func(r *clicktopay.PortfolioRequest) { r.IsTrial = true })
		must(t, err)
		want := []string{"9001 of 9001: enrol_customer", "9002 of 9002: enrol_customer", "9101 of 9001: enrol_card", "9202 of 9002: card_expired"}
		if diff := cmp.Diff(want, told); diff != "" || report.Accepted != 3 {
			t.Errorf("%+v, told (-want +got):\n%s", report, diff)
		}
		if after := b.kept(t); after != before {
			t.Errorf("a trial left behind:\n%s", after)
		}
	})
}

// TestARunThatWasKilledIsGoneOnWith: it ends between two cards, and between a commit and its
// answer; the next one asks for the others, and for none again.
func TestARunThatWasKilledIsGoneOnWith(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := newBank(t, database, newPlayed(t))
		b.fill(t, 6)
		ctx, kill := context.WithCancel(t.Context())
		report, _, err := b.run(ctx, func(r *clicktopay.PortfolioRequest) {
			r.Tell = func(c clicktopay.PortfolioCard) error {
				if c.CardID == 9002 {
					kill()
				}
				return nil
			}
		})
		if !errors.Is(err, context.Canceled) || report.Accepted != 2 || len(b.requests(t)) != 2 {
			t.Fatalf("%+v, %v, %d requests", report, err, len(b.requests(t)))
		}
		ctx, stop := context.WithCancel(t.Context())
		b.trail.before = func(int) error { stop(); return nil }
		if report, _, err := b.run(ctx); !errors.Is(err, context.Canceled) || report.Accepted != 1 || len(b.requests(t)) != 3 {
			t.Fatalf("stopped in a commit: %+v, %v, %d requests", report, err, len(b.requests(t)))
		}
		b.trail.before = nil
		died := errors.New("the process died")
		b.trail.after = func(int) error { return died }
		if report, _, err := b.run(t.Context()); !errors.Is(err, died) || report.Accepted != 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		b.trail.after = nil
		report, told, err := b.run(t.Context())
		must(t, err)
		if report.Accepted != 2 || report.LeftOut[clicktopay.LeftOutAlreadyAsked] != 4 {
			t.Errorf("%+v, %q", report, told)
		}
		b.mustHaveEach(t, 6)
	})
}

// mustHaveEach fails unless each of the first n cards was asked for once.
func (b *bank) mustHaveEach(t *testing.T, n int) {
	t.Helper()
	counts := b.enrolments(t)
	for id := walletport.CardID(9001); id <= walletport.CardID(9000+n); id++ {
		if counts[id] != 1 {
			t.Errorf("card %s has %d requests", id, counts[id])
		}
	}
	if len(counts) != n {
		t.Errorf("%d cards were asked for, want %d", len(counts), n)
	}
}

// TestTwoRunsAtOnce: both come to each card, and one of them asks for it.
func TestTwoRunsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		const cards = 30
		visa := newPlayed(t)
		one, two := newBank(t, database, visa), newBank(t, database, visa)
		one.fill(t, cards)
		one.work(t)
		var group sync.WaitGroup
		var accepted [2]int
		for i, b := range []*bank{one, two} {
			group.Go(func() {
				report, _, err := b.run(t.Context(), func(r *clicktopay.PortfolioRequest) { r.Patience = time.Minute })
				if err != nil {
					t.Error(err)
				}
				accepted[i] = report.Accepted
			})
		}
		group.Wait()
		one.settle(t)
		one.mustHaveEach(t, cards)
		if accepted[0]+accepted[1] != cards {
			t.Errorf("the runs say that they asked for %v", accepted)
		}
		if visa.met != 0 {
			t.Errorf("%d requests met another of their consumer", visa.met)
		}
	})
}

// TestWhatWasRefusedIsAskedForAgainOnlyIfTold: a first card that gets no token does not keep
// the customer's second one from being enrolled.
func TestWhatWasRefusedIsAskedForAgainOnlyIfTold(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		visa := newPlayed(t)
		b := newBank(t, database, visa)
		b.fill(t, 1)
		b.goldCard(t, 9101, "9001")
		visa.declined[numberOf(9001)] = true
		b.work(t)
		patient := func(r *clicktopay.PortfolioRequest) { r.Patience = time.Minute }
		if _, told, err := b.run(t.Context(), patient); err != nil || len(told) != 2 {
			t.Fatalf("%q, %v", told, err)
		}
		b.settle(t)
		want := []string{"enrol_customer FAILED VIDC-7000", "enrol_customer SUCCESS"}
		if diff := cmp.Diff(want, b.actions(t, "9001")); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		_, told, err := b.run(t.Context(), patient)
		must(t, err)
		if diff := cmp.Diff([]string{"9001 of 9001: refused_before VIDC-7000", "9101 of 9001: already_enrolled"}, told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		visa.lock.Lock()
		visa.declined = map[string]bool{}
		visa.lock.Unlock()
		_, told, err = b.run(t.Context(), patient, func(r *clicktopay.PortfolioRequest) { r.RetriesRefused = true })
		must(t, err)
		b.settle(t)
		if diff := cmp.Diff([]string{"9001 of 9001: enrol_card", "9101 of 9001: already_enrolled"}, told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestACustomerWhomOthersHaveEnrolled: the first run learns that they are, and the next one
// adds the card.
func TestACustomerWhomOthersHaveEnrolled(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		visa := newPlayed(t)
		visa.consumers["9001/"+ownBID] = &playedConsumer{Cards: map[string]playedCard{}}
		b := newBank(t, database, visa)
		b.fill(t, 1)
		b.work(t)
		for range 2 {
			_, _, err := b.run(t.Context())
			must(t, err)
			b.settle(t)
		}
		want := []string{"enrol_customer FAILED VIDC-2000", "enrol_card SUCCESS"}
		if diff := cmp.Diff(want, b.actions(t, "9001")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestACustomerWhoIsEnrolledDuringARun is not enrolled a second time: what to ask for is decided
// under the lock of the consumer, and the card waits for the next run.
func TestACustomerWhoIsEnrolledDuringARun(t *testing.T) {
	b := newBank(t, sqliteDatabase(t), newPlayed(t))
	b.fill(t, 2)
	report, told, err := b.run(t.Context(), func(r *clicktopay.PortfolioRequest) {
		r.Tell = func(c clicktopay.PortfolioCard) error {
			if c.CardID != 9001 {
				return nil
			}
			customer, err := b.store.Customer(t.Context(), walletport.CustomerKey{Issuer: "acme", Number: "9002"})
			must(t, err)
			return b.store.Update(t.Context(), func(tx storage.Tx) error { // with another card, by a call that has ended since
				return tx.UpdateConsumer(storage.ConsumerKey{Customer: customer.ID, BID: ownBID}, customer.CustomerKey, func(old storage.Consumer) (storage.Consumer, error) {
					old.IsEnrolled = true
					return old, nil
				})
			})
		}
	})
	must(t, err)
	if report.Accepted != 1 || report.LeftOut[clicktopay.LeftOutCustomerBusy] != 1 {
		t.Errorf("%+v, %q", report, told)
	}
	_, _, err = b.run(t.Context())
	must(t, err)
	if diff := cmp.Diff([]string{"enrol_card "}, b.actions(t, "9002")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestARunWaitsWhileTooManyRequestsAreOpen, and for no longer.
func TestARunWaitsWhileTooManyRequestsAreOpen(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := newBank(t, database, newPlayed(t), func(p *clicktopay.Parts) { p.Settings.Portfolio.MaxOpen = 3; p.Settings.Portfolio.Rate = 5 })
		b.fill(t, 20)
		held := make(chan int, 100)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var work sync.Once
		report, _, err := b.run(ctx, func(r *clicktopay.PortfolioRequest) {
			r.Held = func(open int) {
				select {
				case held <- open:
				default:
				}
				work.Do(func() { b.work(t) })
			}
		})
		must(t, err)
		select {
		case open := <-held:
			if open < 3 || open > 15 {
				t.Errorf("the run was held at %d open requests", open)
			}
		default:
			t.Error("the run was never held")
		}
		if report.Accepted != 20 {
			t.Errorf("%+v", report)
		}
		b.settle(t)
	})
}

func TestWhatAPortfolioCannotBe(t *testing.T) {
	b := newBank(t, sqliteDatabase(t), newPlayed(t))
	off := newDesk(t, sqliteDatabase(t), nil, func(p *clicktopay.Parts) { goldTable(&p.Settings) })
	for _, c := range []struct {
		name   string
		change func(*clicktopay.PortfolioRequest)
		reason string
	}{
		{"an issuer without a table", func(r *clicktopay.PortfolioRequest) { r.Issuer = "globex" }, "portfolio_not_configured"},
		{"a product that is not in the table", func(r *clicktopay.PortfolioRequest) { r.Product = "golden" }, "portfolio_product_unknown"},
		{"another issuer's BID", func(r *clicktopay.PortfolioRequest) { r.BID = otherBID }, "customer_bid_unknown"},
		{"a BID of nobody", func(r *clicktopay.PortfolioRequest) { r.BID = "9" }, "customer_bid_unknown"},
		{"too fast", func(r *clicktopay.PortfolioRequest) { r.Rate = 201 }, "portfolio_rate_invalid"},
		{"backwards", func(r *clicktopay.PortfolioRequest) { r.Rate = -1 }, "portfolio_rate_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := b.run(t.Context(), c.change)
			mustReason(t, err, c.reason)
		})
	}
	_, err := off.EnrolPortfolio(asOperator(t.Context()), clicktopay.PortfolioRequest{Issuer: "acme"})
	mustReason(t, err, "scheme_not_configured")
}

// passes is a PortfolioObserver.
type passes struct{ told []string }

func (p *passes) PortfolioPassed(issuer walletport.IssuerID, r clicktopay.PortfolioReport, err error) {
	p.told = append(p.told, fmt.Sprint(issuer, " ", r.Accepted, " ", err))
}

// TestNewCardsAreEnrolledByThemselves where the settings say so, of all products in the table.
func TestNewCardsAreEnrolledByThemselves(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		auto := func(p *clicktopay.Parts) {
			section := p.Settings.Portfolio.Issuers["acme"]
			section.Auto = true
			section.Products["silver"] = section.Products["gold"]
			p.Settings.Portfolio.Issuers["acme"] = section
		}
		visa := newPlayed(t)
		b, off := newBank(t, database, visa, auto), newBank(t, database, visa)
		b.fill(t, 2)
		b.goldCard(t, 9101, "9001", func(c *walletport.Card) { c.Product = "silver" })
		var seen passes
		if off.EnrolsByItself() || !b.EnrolsByItself() {
			t.Error("who enrols by themselves is not as the settings say")
		}
		off.EnrolNewCards(t.Context(), &seen)
		if len(seen.told) != 0 || len(b.requests(t)) != 0 {
			t.Fatalf("without auto: %q", seen.told)
		}
		b.work(t)
		for range 2 { // the second card of a customer comes with the next pass
			b.EnrolNewCards(t.Context(), &seen)
			b.settle(t)
		}
		if diff := cmp.Diff([]string{"acme 2 <nil>", "acme 1 <nil>"}, seen.told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if r := b.requests(t)[0]; r.By != "walletport:portfolio" || r.Channel != storage.RequestOfPortfolio {
			t.Errorf("%+v", r)
		}
	})
}
