package clicktopay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

func optOutOf(number string) clicktopay.OptOutRequest {
	return clicktopay.OptOutRequest{Customer: walletport.CustomerKey{Issuer: "acme", Number: number}, AuditUser: "os:ada", Channel: clicktopay.ChannelCommand}
}

func (b *bank) optOut(t testing.TB, number string) clicktopay.OptedOut {
	t.Helper()
	out, err := b.OptOut(asOperator(t.Context()), optOutOf(number))
	must(t, err)
	return out
}

// TestAPortfolioMeetsAnOptOut at every point at which the two can meet.
func TestAPortfolioMeetsAnOptOut(t *testing.T) {
	for _, c := range []struct {
		name string
		// run enrols customers 9001 and 9002, and opts 9002 out.
		run  func(*testing.T, *bank)
		want []string // the requests of 9002
	}{
		{"before the run", func(t *testing.T, b *bank) {
			b.optOut(t, "9002")
			_, told, err := b.run(t.Context())
			must(t, err)
			if told[1] != "9002 of 9002: opted_out" {
				t.Errorf("told %q", told)
			}
		}, nil},
		{"after the run has looked", func(t *testing.T, b *bank) {
			_, told, err := b.run(t.Context(), func(r *clicktopay.PortfolioRequest) {
				r.Tell = func(c clicktopay.PortfolioCard) error {
					if c.CardID == 9001 {
						b.optOut(t, "9002")
					}
					return nil
				}
			})
			must(t, err)
			if told[1] != "9002 of 9002: opted_out" {
				t.Errorf("told %q", told)
			}
		}, nil},
		{"right before the commit", func(t *testing.T, b *bank) {
			b.trail.before = func(commit int) error {
				if commit == b.trail.commits && commit == 2 {
					b.trail.before = nil
					b.optOut(t, "9002")
				}
				return nil
			}
			_, _, err := b.run(t.Context())
			must(t, err)
		}, []string{"enrol_customer FAILED customer_opted_out"}},
		{"before the request is sent", func(t *testing.T, b *bank) {
			_, _, err := b.run(t.Context())
			must(t, err)
			if out := b.optOut(t, "9002"); len(out.Requests) != 1 {
				t.Errorf("%+v", out)
			}
		}, []string{"enrol_customer FAILED customer_opted_out", "delete_customer FAILED VIDC-2001"}},
		{"when the customer is enrolled", func(t *testing.T, b *bank) {
			b.work(t)
			_, _, err := b.run(t.Context())
			must(t, err)
			b.settle(t)
			if out := b.optOut(t, "9002"); !out.IsNew || len(out.Requests) != 1 || out.Requests[0].BID != ownBID {
				t.Errorf("%+v", out)
			}
		}, []string{"enrol_customer SUCCESS", "delete_customer SUCCESS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				visa := newPlayed(t)
				b := newBank(t, database, visa)
				b.fill(t, 2)
				c.run(t, b)
				if c.name != "when the customer is enrolled" {
					b.work(t)
				}
				b.settle(t)
				if diff := cmp.Diff(c.want, b.actions(t, "9002")); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
				if got := visa.truth("9002/" + ownBID); got != "none" {
					t.Errorf("Visa has %q of who opted out", got)
				}
				if got := visa.truth("9001/" + ownBID); got == "none" {
					t.Error("the other customer is not enrolled")
				}
				_, told, err := b.run(t.Context())
				must(t, err)
				if told[1] != "9002 of 9002: opted_out" {
					t.Errorf("a later run told %q", told)
				}
			})
		})
	}
}

// TestAnOptOutIsRememberedUntilItIsWithdrawn, also of a customer of whom nothing is stored.
func TestAnOptOutIsRememberedUntilItIsWithdrawn(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		visa := newPlayed(t)
		b := newBank(t, database, visa)
		if out := b.optOut(t, "9001"); !out.IsNew || out.Requests != nil {
			t.Errorf("%+v", out)
		}
		if out := b.optOut(t, "9001"); out.IsNew {
			t.Error("the same opt-out is new")
		}
		b.fill(t, 1) // only now
		b.work(t)
		if report, _, err := b.run(t.Context()); err != nil || report.LeftOut[clicktopay.LeftOutOptedOut] != 1 {
			t.Errorf("%+v, %v", report, err)
		}
		// A call for this one customer is done all the same.
		b.mustAccept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.CardID, a.Customer = 9001, "9001" }))
		b.settle(t)
		if got := visa.truth("9001/" + ownBID); got == "none" {
			t.Error("a call of the API was not done")
		}
		b.mustAccept(t, asked(walletport.DeleteCustomer, func(a *clicktopay.Asked) { a.Customer = "9001" }))
		b.settle(t)
		for _, want := range []bool{true, false} {
			found, err := b.WithdrawOptOut(asOperator(t.Context()), optOutOf("9001"))
			must(t, err)
			if found != want {
				t.Errorf("found %v, want %v", found, want)
			}
		}
		// The call that deleted the customer still holds.
		if report, _, err := b.run(t.Context()); err != nil || report.LeftOut[clicktopay.LeftOutRemovedBefore] != 1 {
			t.Errorf("%+v, %v", report, err)
		}
		retry := func(r *clicktopay.PortfolioRequest) { r.RetriesRemoved = true }
		if report, _, err := b.run(t.Context(), retry); err != nil || report.Accepted != 1 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

func TestAnOptOutMayLeaveWhatIsEnrolled(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := newBank(t, database, newPlayed(t))
		b.enrol(t, 1)
		asked := optOutOf("9001")
		asked.KeepsEnrolment = true
		out, err := b.OptOut(asOperator(t.Context()), asked)
		must(t, err)
		if !out.IsNew || out.Requests != nil || len(b.requests(t)) != 1 {
			t.Errorf("%+v", out)
		}
	})
}

// TestAForgottenCustomerOptsOut: what is left of them at Visa is deleted by the number alone.
func TestAForgottenCustomerOptsOut(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		visa := newPlayed(t)
		b := newBank(t, database, visa)
		b.enrol(t, 1)
		must(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
			_, err := b.vault.ForgetCustomer(tx, walletport.CustomerKey{Issuer: "acme", Number: "9001"}, nil)
			return err
		}))
		b.optOut(t, "9001")
		b.settle(t)
		if got := visa.truth("9001/" + ownBID); got != "none" {
			t.Errorf("Visa has %q", got)
		}
	})
}

// TestAnOptOutGoesOnBehindABIDThatIsNoMore: what is enrolled with others is deleted all the same.
func TestAnOptOutGoesOnBehindABIDThatIsNoMore(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := newBank(t, database, newPlayed(t))
		b.enrol(t, 1)
		ada := b.consumerOf(t, "9001")
		must(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
			before := storage.ConsumerKey{Customer: ada.Customer, BID: "0"} // which is the first in their order
			return tx.UpdateConsumer(before, walletport.CustomerKey{Issuer: "acme", Number: "9001"}, func(c storage.Consumer) (storage.Consumer, error) {
				c.IsEnrolled = true
				return c, nil
			})
		}))
		out, err := b.OptOut(asOperator(t.Context()), optOutOf("9001"))
		mustReason(t, err, "customer_bid_unknown")
		if !strings.Contains(err.Error(), "enrolled with 0 ") || !out.IsNew || len(out.Requests) != 1 || out.Requests[0].BID != ownBID {
			t.Errorf("%+v, %v", out, err)
		}
		b.settle(t)
		if got := b.visa.truth("9001/" + ownBID); got != "none" {
			t.Errorf("Visa has %q", got)
		}
	})
}

// TestAnOptOutLeavesTheCustomersOfAnother: the BID was given to another issuer, who has enrolled a
// customer of the same number with it.
func TestAnOptOutLeavesTheCustomersOfAnother(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		b := newBank(t, database, newPlayed(t))
		b.enrol(t, 1)
		b.putCustomer(t, newCustomer("9001", func(c *walletport.Customer) { c.Issuer = "globex" }))
		b.BIDs = map[walletport.IssuerID][]string{"acme": {secondBID}, "globex": {otherBID, ownBID}}
		before := b.visa.truth("9001/" + ownBID)
		out, err := b.OptOut(asOperator(t.Context()), optOutOf("9001"))
		mustReason(t, err, "customer_bid_unknown")
		if !out.IsNew || len(out.Requests) != 0 {
			t.Errorf("%+v", out)
		}
		b.settle(t)
		if got := b.visa.truth("9001/" + ownBID); got != before {
			t.Errorf("Visa had %q, and has %q", before, got)
		}
	})
}

// TestALostRequestMeetsAnOptOut: that Visa never got it is seen after the opt-out, and then it
// is not sent again.
func TestALostRequestMeetsAnOptOut(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.visa.setScript(once(isChange, play{lost: true}))
		wish := s.wish(walletport.EnrolCustomer, s.first)
		wish.Channel = clicktopay.ChannelPortfolio
		id := s.asks(t, wish)
		mustReason(t, s.attempt(t), "scheme_no_answer")
		asked := optOutOf(s.customer)
		asked.KeepsEnrolment = true
		_, err := s.OptOut(asOperator(t.Context()), asked)
		must(t, err)
		s.drive(t, 10*time.Second)
		s.mustEnd(t, id, "FAILED customer_opted_out")
		s.mustAgree(t)
		if s.visa.sent(s.id()) != 1 {
			t.Error("it was sent again")
		}
	})
}

func TestOptOutsAreRecorded(t *testing.T) {
	b := newBank(t, sqliteDatabase(t), newPlayed(t))
	_, err := b.OptOut(asOperator(t.Context()), optOutOf("4111111111111111"))
	mustReason(t, err, "customer_number_malformed")
	b.optOut(t, "9001")
	_, err = b.WithdrawOptOut(asOperator(t.Context()), optOutOf("9001"))
	must(t, err)
	var got []string
	for _, r := range b.records(t) {
		got = append(got, string(r.Action)+" "+r.Outcome+" "+r.Details.Get(walletport.DetailCustomer)+" "+string(r.AuditUser)+" "+string(r.Issuer))
	}
	want := []string{"clicktopay.opt_out customer_number_malformed  os:ada ", "clicktopay.opt_out ok 9001 os:ada acme", "clicktopay.opt_in ok 9001 os:ada acme"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
