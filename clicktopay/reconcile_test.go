package clicktopay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// compare is a comparison, and all lines that it told.
func (b *bank) compare(ctx context.Context, repair clicktopay.Repair, change ...func(*clicktopay.ReconcileRequest)) (clicktopay.ReconcileReport, []string, error) {
	var told []string
	asked := clicktopay.ReconcileRequest{Issuer: "acme", Repair: repair, Rate: 200, AuditUser: "os:ada"}
	for _, c := range change {
		c(&asked)
	}
	tell := asked.Tell
	asked.Tell = func(r clicktopay.Reconciled) error {
		told = append(told, reconciledLine(r))
		if tell != nil {
			return tell(r)
		}
		return nil
	}
	report, err := b.Reconcile(asOperator(ctx), asked)
	return report, told, err
}

func reconciledLine(r clicktopay.Reconciled) string {
	line := r.Number + " " + string(r.Result)
	for _, d := range r.Drifts {
		line += " " + string(d.Kind)
		if d.CardID != 0 {
			line += "=" + d.CardID.String()
		}
		line += d.LastFour + d.Status
		if len(d.Fields) > 0 {
			line += "(" + strings.Join(d.Fields, " ") + ")"
		}
	}
	if r.Reason != "" {
		line += " because " + r.Reason
	}
	if len(r.Requests) > 0 {
		line += fmt.Sprintf(" by %d", len(r.Requests))
	}
	return line
}

// drifted is a bank with seven enrolled customers, of whom Visa has six otherwise; the work of
// its requests goes on.
func drifted(t *testing.T, database string) *bank {
	t.Helper()
	b := newBank(t, database, newPlayed(t))
	b.fill(t, 7)
	b.goldCard(t, 9101, "9006") // whose second card nobody asked for here
	b.work(t)
	_, _, err := b.run(t.Context(), func(r *clicktopay.PortfolioRequest) {
		r.Tell = func(c clicktopay.PortfolioCard) error {
			if c.CardID == 9007 {
				return errEnough
			}
			return nil
		}
	})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	b.settle(t)
	v := b.visa
	v.lock.Lock()
	defer v.lock.Unlock()
	of := func(n int) *playedConsumer { return v.consumers[fmt.Sprintf("%d/%s", n, ownBID)] }
	for n := 9001; n <= 9007; n++ {
		if of(n) == nil {
			t.Fatalf("customer %d is not enrolled", n)
		}
	}
	delete(v.consumers, "9002/"+ownBID)
	of(9003).Inactive = true
	delete(of(9004).Cards, numberOf(9004))
	of(9005).Emails, of(9005).Last = []string{"old@example.com"}, "Oldname"
	of(9006).Cards[numberOf(9101)] = of(9006).Cards[numberOf(9006)]
	card := of(9007).Cards[numberOf(9007)]
	card.City = "Elsewhere"
	of(9007).Cards[numberOf(9007)] = card
	of(9007).Cards[numberOf(1)] = playedCard{Expiry: walletport.Expiry{Year: 2030, Month: 1}}
	return b
}

var errEnough = errors.New("enough")

func TestDriftIsReported(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := drifted(t, database)
		before := b.kept(t)
		report, told, err := b.compare(t.Context(), clicktopay.RepairNothing)
		must(t, err)
		want := []string{
			"9001 same", "9002 drift not_enrolled_there", "9003 drift inactive_there", "9004 drift card_not_there=9004",
			"9005 drift customer_data(lastName emails)", "9006 drift card_not_here=9101",
			"9007 drift card_unknown" + numberOf(1)[12:] + " card_data=9007(city)",
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if report.Compared != 7 || report.Drifts != 6 || report.Repaired != 0 || report.NotCompared != 0 {
			t.Errorf("%+v", report)
		}
		if after := b.kept(t); after != before {
			t.Errorf("a report left behind:\n%s\nbefore:\n%s", after, before)
		}
		for _, r := range b.records(t) {
			if text := fmt.Sprintf("%+v", r); strings.Contains(strings.ToLower(text), deskCanary) || strings.Contains(text, "Oldname") {
				t.Errorf("a record has personal data: %s", text)
			}
		}
	})
}

func TestRowsTakeTheSchemesWord(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := drifted(t, database)
		requests := len(b.requests(t))
		report, told, err := b.compare(t.Context(), clicktopay.RepairTake)
		must(t, err)
		want := []string{
			"9001 same", "9002 taken not_enrolled_there", "9003 taken inactive_there", "9004 taken card_not_there=9004",
			"9005 drift customer_data(lastName emails) because data_is_not_taken", "9006 taken card_not_here=9101",
			"9007 drift card_unknown" + numberOf(1)[12:] + " card_data=9007(city) because data_is_not_taken",
		}
		if diff := cmp.Diff(want, told); diff != "" || report.Repaired != 4 {
			t.Errorf("%+v (-want +got):\n%s", report, diff)
		}
		if len(b.requests(t)) != requests {
			t.Error("requests were made")
		}
		_, told, err = b.compare(t.Context(), clicktopay.RepairNothing)
		must(t, err)
		for i, number := range []int{9001, 9002, 9003, 9004} {
			if told[i] != fmt.Sprintf("%d same", number) {
				t.Errorf("afterwards: %s", told[i])
			}
		}
		if told[5] != "9006 same" {
			t.Errorf("afterwards: %s", told[5])
		}
		// A row that was taken is what a portfolio goes by: 9002 left, and 9004 is enrolled without the card.
		report2, _, err := b.run(t.Context())
		must(t, err)
		if report2.Accepted != 0 || report2.LeftOut[clicktopay.LeftOutRemovedBefore] != 2 || report2.LeftOut[clicktopay.LeftOutCustomerInactive] != 0 {
			t.Errorf("%+v", report2)
		}
	})
}

func TestTheSchemeIsGivenWhatIsStored(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := drifted(t, database)
		_, told, err := b.compare(t.Context(), clicktopay.RepairGive)
		must(t, err)
		want := []string{
			"9001 same", "9002 asked not_enrolled_there by 1", "9003 asked inactive_there by 1", "9004 asked card_not_there=9004 by 1",
			"9005 asked customer_data(lastName emails) by 1", "9006 asked card_not_here=9101 by 1",
			"9007 asked card_unknown" + numberOf(1)[12:] + " card_data=9007(city) by 1",
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		b.settle(t)
		_, told, err = b.compare(t.Context(), clicktopay.RepairNothing)
		must(t, err)
		want = []string{"9001 same", "9002 same", "9003 same", "9004 same", "9005 same", "9006 same", "9007 drift card_unknown" + numberOf(1)[12:]}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("afterwards (-want +got):\n%s", diff)
		}
	})
}

// TestAComparisonLeavesOutWhoIsAboutToChange, and goes on behind any consumer.
func TestAComparisonLeavesOutWhoIsAboutToChange(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := newBank(t, database, newPlayed(t))
		b.fill(t, 3)
		_, _, err := b.run(t.Context()) // nobody does the requests
		must(t, err)
		report, told, err := b.compare(t.Context(), clicktopay.RepairTake)
		must(t, err)
		if diff := cmp.Diff([]string{"9001 not_compared because requests_open", "9002 not_compared because requests_open", "9003 not_compared because requests_open"}, told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if report.NotCompared != 3 || report.Compared != 0 {
			t.Errorf("%+v", report)
		}
		first := b.consumerOf(t, "9001").ConsumerKey
		_, told, err = b.compare(t.Context(), clicktopay.RepairNothing, func(r *clicktopay.ReconcileRequest) { r.After = first })
		must(t, err)
		if len(told) != 2 || !strings.HasPrefix(told[0], "9002 ") {
			t.Errorf("behind the first: %q", told)
		}
		report, _, err = b.compare(t.Context(), clicktopay.RepairNothing, func(r *clicktopay.ReconcileRequest) {
			r.Tell = func(clicktopay.Reconciled) error { return errEnough }
		})
		if !errors.Is(err, errEnough) || report.Last != (storage.ConsumerKey{}) {
			t.Errorf("an error of the first consumer: %v, %+v", err, report)
		}
	})
}

// TestATakenWordIsNotOfAnOldQuestion: somebody changed the consumer while the scheme was asked.
func TestATakenWordIsNotOfAnOldQuestion(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := drifted(t, database)
		b.visa.setScript(func(call string, _ int) play {
			if call != "getData" {
				return play{}
			}
			return play{after: func() {
				b.visa.setScript(nil)
				b.mustAccept(t, asked(walletport.DeactivateCustomer, func(a *clicktopay.Asked) { a.Customer = "9002" }))
			}}
		})
		after := b.consumerOf(t, "9001").ConsumerKey
		_, told, err := b.compare(t.Context(), clicktopay.RepairTake, func(r *clicktopay.ReconcileRequest) { r.After = after })
		must(t, err)
		if told[0] != "9002 not_compared because requests_open" {
			t.Errorf("told %q", told[0])
		}
		b.settle(t)
	})
}

// TestAComparisonEndsWhenTheSchemeIsSilent, and not at one consumer of whom it says no.
func TestAComparisonEndsWhenTheSchemeIsSilent(t *testing.T) {
	b := drifted(t, sqliteDatabase(t))
	says := func(what play) { b.visa.setScript(func(string, int) play { return what }) }
	says(play{refused: scheme.ErrUnavailable()})
	report, told, err := b.compare(t.Context(), clicktopay.RepairNothing)
	mustReason(t, err, "scheme_unavailable")
	if len(told) != 4 || told[0] != "9001 not_compared because scheme_unavailable" || report.Compared != 0 {
		t.Errorf("%+v, told %q", report, told)
	}
	says(play{refused: busy()})
	if report, _, err := b.compare(t.Context(), clicktopay.RepairNothing); err != nil || report.NotCompared != 7 {
		t.Errorf("%+v, %v", report, err)
	}
	says(play{refused: refusal(fault(scheme.FaultNotEntitled, "VIDC-2010"))})
	if report, _, err := b.compare(t.Context(), clicktopay.RepairNothing); err != nil || report.NotCompared != 7 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestWhoWasForgottenHereIsDeletedThere, if what is stored is given.
func TestWhoWasForgottenHereIsDeletedThere(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := newBank(t, database, newPlayed(t))
		b.enrol(t, 1)
		must(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
			_, err := b.vault.ForgetCustomer(tx, walletport.CustomerKey{Issuer: "acme", Number: "9001"}, nil)
			return err
		}))
		_, told, err := b.compare(t.Context(), clicktopay.RepairGive)
		must(t, err)
		if told[0] != "9001 asked customer_forgotten by 1" {
			t.Errorf("told %q", told)
		}
		b.settle(t)
		if got := b.visa.truth("9001/" + ownBID); got != "none" {
			t.Errorf("Visa has %q", got)
		}
	})
}

// TestNobodyWhoOptedOutIsEnrolledByAComparison, though the row says that they were.
func TestNobodyWhoOptedOutIsEnrolledByAComparison(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := drifted(t, database)
		for _, number := range []string{"9002", "9004"} { // Visa lacks the one, and a card of the other
			asked := optOutOf(number)
			asked.KeepsEnrolment = true
			_, err := b.OptOut(asOperator(t.Context()), asked)
			must(t, err)
		}
		before := len(b.requests(t))
		_, told, err := b.compare(t.Context(), clicktopay.RepairGive, func(r *clicktopay.ReconcileRequest) {
			r.Tell = func(told clicktopay.Reconciled) error {
				if told.Number == "9004" {
					return errEnough
				}
				return nil
			}
		})
		if !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
		for _, n := range []int{1, 3} {
			if !strings.HasSuffix(told[n], " because customer_opted_out") {
				t.Errorf("told %q", told[n])
			}
		}
		if len(b.requests(t)) != before+1 { // of 9003, who is active here
			t.Errorf("%d requests were made", len(b.requests(t))-before)
		}
	})
}

// TestAComparisonGoesOnBehindADamagedCustomer, whom it names.
func TestAComparisonGoesOnBehindADamagedCustomer(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := drifted(t, database)
		for _, number := range []string{"9001", "9002"} { // whom Visa has, and has not
			must(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
				return tx.UpdateCustomer(walletport.CustomerKey{Issuer: "acme", Number: number}, func(c storage.Customer) (storage.Customer, error) {
					c.Sealed = slices.Clone(c.Sealed)
					c.Sealed[len(c.Sealed)-1] ^= 1
					return c, nil
				})
			}))
		}
		report, told, err := b.compare(t.Context(), clicktopay.RepairGive)
		must(t, err)
		if len(told) != 7 || told[0] != "9001 not_compared because customer_damaged" || report.Compared != 6 {
			t.Errorf("%q, %+v", told, report)
		}
		if told[1] != "9002 drift not_enrolled_there because customer_damaged" {
			t.Errorf("told %q", told[1])
		}
	})
}

func TestWhatAComparisonCannotBe(t *testing.T) {
	b := newBank(t, sqliteDatabase(t), newPlayed(t))
	for _, r := range []clicktopay.ReconcileRequest{{Issuer: "acme", Repair: "fix", Rate: 1}, {Issuer: "acme", Repair: clicktopay.RepairTake}, {Issuer: "acme", Repair: clicktopay.RepairTake, Rate: 201}} {
		_, err := b.Reconcile(asOperator(t.Context()), r)
		mustReason(t, err, "reconcile_invalid")
	}
}
