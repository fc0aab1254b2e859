package clicktopay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

// TestStatus tells nothing that is sealed or secret, and is recorded.
func TestStatus(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	id := d.mustAccept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.CardOverrides.City = at("Lyon") })).ID
	status, err := d.status(acttest.AsBank(t.Context()), id)
	must(t, err)
	r := status.Request
	if r.ID != id || r.State != storage.RequestAccepted || len(r.Print) != 0 || len(r.Overrides.Sealed)+len(r.Overrides.WrappedKey)+len(r.Overrides.KEK) != 0 {
		t.Errorf("the status is %+v", r)
	}
	records := d.records(t)
	last := records[len(records)-1]
	if last.Action != walletport.ActionClickToPayStatus || last.Outcome != walletport.OutcomeOK || last.Details.Get(walletport.DetailRequest) != id ||
		last.Details.Get(walletport.DetailCustomer) != deskNumber || last.Details.Get(walletport.DetailBID) != ownBID || last.Issuer != "acme" {
		t.Errorf("the record is %+v", last)
	}
	d.complete(t, id)
	if status, err = d.status(acttest.AsBank(t.Context()), id); err != nil || status.Request.Result != storage.RequestSucceeded {
		t.Errorf("%+v, %v", status, err)
	}
}

// TestNoStatus: of what there is none of, of another issuer's, and of what is no id, all alike.
func TestNoStatus(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	id := d.mustAccept(t, asked(walletport.EnrolCustomer)).ID
	for name, ask := range map[string]struct {
		issuer walletport.IssuerID
		id     string
	}{
		"unknown":              {"acme", "351562ba-83cf-41ee-b962-0242ac120002"},
		"of another issuer":    {"globex", id},
		"empty":                {"acme", ""},
		"not a UUID":           {"acme", "not-a-uuid"},
		"in capitals":          {"acme", strings.ToUpper(id)},
		"with a zero byte":     {"acme", id[:35] + "\x00"},
		"no UTF-8":             {"acme", id[:35] + "\xff"},
		"a card number":        {"acme", "4111111111111111"},
		"a card number as one": {"acme", "41111111-1111-1111-8000-000000000000"},
		"of 100,000 letters":   {"acme", strings.Repeat("a", 100_000)},
		"an injection":         {"acme", "' OR 1=1 -- aaaaaaaaaaaaaaaaaaaaaaaa"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.status(acttest.AsClientOf(t.Context(), ask.issuer), ask.id)
			if err == nil || err.Error() != storage.ErrEnrolmentRequestNotFound().Error() {
				t.Errorf("error %v", err)
			}
			records := d.records(t)
			if last := records[len(records)-1]; last.Outcome != "enrolment_request_not_found" || last.Details.Get(walletport.DetailRequest) != "" {
				t.Errorf("the record is %+v", last)
			}
		})
	}
}

// TestAStatusIsKeptForAWhile, by the database's clock, whether or not a sweep came.
func TestAStatusIsKeptForAWhile(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil), func(p *clicktopay.Parts) { p.Settings.Keep = time.Hour })
	done, open := d.mustAccept(t, asked(walletport.EnrolCustomer)).ID, d.mustAccept(t, asked(walletport.DeactivateCustomer)).ID
	d.complete(t, done)
	for _, c := range []struct {
		ahead  time.Duration
		reason string
	}{{50 * time.Minute, ""}, {70 * time.Minute, "enrolment_request_not_found"}} {
		d.clock.ahead.Store(int64(c.ahead))
		_, err := d.status(acttest.AsBank(t.Context()), done)
		mustReason(t, err, c.reason)
		_, err = d.status(acttest.AsBank(t.Context()), open)
		must(t, err)
	}
}

// TestHowLongRequestsAreKeptAndTried unless the settings say else.
func TestHowLongRequestsAreKeptAndTried(t *testing.T) {
	s := clicktopay.Settings{}.WithDefaults()
	if s.Keep != 90*24*time.Hour || s.GiveUp != 24*time.Hour || s.ReadWait != 5*time.Second {
		t.Errorf("kept for %s, tried for %s, waited for %s", s.Keep, s.GiveUp, s.ReadWait)
	}
}

// TestACommandAsksForAll issuers.
func TestACommandAsksForAll(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	a := asked(walletport.EnrolCustomer)
	a.Channel = clicktopay.ChannelCommand
	accepted, err := d.Accept(t.Context(), a)
	must(t, err)
	status, err := d.Status(t.Context(), clicktopay.StatusRequest{ID: accepted.ID, AuditUser: deskUser, Channel: clicktopay.ChannelCommand})
	must(t, err)
	if status.Request.Client != "" || status.Request.Channel != clicktopay.ChannelCommand {
		t.Errorf("the status is %+v", status.Request)
	}
	if _, err := d.Accept(t.Context(), asked(walletport.EnrolCustomer)); walletport.ReasonOf(err) != "customer_bid_unknown" {
		t.Errorf("a call of nobody: %v", err)
	}
}
