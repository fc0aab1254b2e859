package clicktopay

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// errGivenUp is of a request that the scheme could not take for so long that it is not tried
// any more. It surely had no effect.
func errGivenUp() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "clicktopay_given_up", "Visa did not take the request for too long, so it was given up; nothing was changed")
}

// errOutcomeUnknown is of a request that ended without anybody knowing whether it had effect.
func errOutcomeUnknown() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "clicktopay_outcome_unknown", "whether Visa made the change could not be found out; read the customer to see what is enrolled")
}

// errNotDone is of a request that the scheme ended without saying how.
func errNotDone() *walletport.Error {
	return walletport.Errorf(walletport.CodeRejected, "clicktopay_not_done", "Visa ended the request without saying how, and what it has does not show the change")
}

// maxFaults is how many faults a row keeps.
const maxFaults = 20

// ending is how a request ends.
type ending struct {
	result storage.RequestResult
	faults []storage.RequestFault
	// kinds are what the scheme said no with. It says how the consumer is.
	kinds []scheme.FaultKind
	// isKnown: it is the scheme's word, and not that nobody knows.
	isKnown bool
	// seen is how the scheme was seen to have the consumer, where that told how the request
	// ended: nil where the scheme told it.
	seen *sight
}

// sight is a consumer as the scheme was seen to have them.
type sight struct{ isEnrolled, isInactive bool }

// outcome is the ending in one word, for audit records and metrics.
func (e *ending) outcome(ok string) string {
	if len(e.faults) == 0 {
		return ok
	}
	return e.faults[0].Reason
}

func (a *attempt) succeed(ctx context.Context) error {
	return a.complete(ctx, ending{result: storage.RequestSucceeded, isKnown: true})
}

// succeedAsSeen ends a request whose change the scheme was seen with. It may have had it before.
func (a *attempt) succeedAsSeen(ctx context.Context) error {
	return a.complete(ctx, ending{result: storage.RequestSucceeded, isKnown: true, seen: a.seen})
}

// fail ends the request. The first reason is why; the others, which may be nil, what was said
// last.
func (a *attempt) fail(ctx context.Context, reasons ...error) error {
	e := ending{result: storage.RequestFailed}
	for _, reason := range reasons {
		if reason == nil || errors.Is(reason, jobs.ErrNotYet) { // nothing was said
			continue
		}
		for _, fault := range a.faultsOf(reason) {
			e.faults = append(e.faults, keepable(fault))
		}
		for _, f := range scheme.FaultsOf(reason) {
			e.kinds, e.isKnown = append(e.kinds, f.Kind), true
		}
	}
	e.faults = e.faults[:min(len(e.faults), maxFaults)]
	return a.complete(ctx, e)
}

// faultsOf returns what an error says is wrong, by the names of whoever asked. The texts are
// ours: what the scheme wrote may repeat what it was sent.
func (a *attempt) faultsOf(reason error) (faults []storage.RequestFault) {
	said, ok := errors.AsType[*walletport.Error](reason)
	if !ok || !isOwnReason(said.Reason) { // its text is not for callers
		return []storage.RequestFault{{Reason: reasonInternal, Message: "walletport failed"}}
	}
	named := a.names()
	for _, f := range scheme.FaultsOf(reason) {
		fault := storage.RequestFault{Reason: f.Code, Message: f.Message}
		if fault.Reason == "" {
			fault.Reason = said.Reason
		}
		if f.Field != "" {
			fault.Field = named.nameOf(f.Field)
		}
		faults = append(faults, fault)
	}
	if len(faults) > 0 {
		return faults
	}
	for _, f := range said.Fields {
		faults = append(faults, storage.RequestFault{Field: f.Name, Reason: said.Reason, Message: f.Reason})
	}
	if len(faults) > 0 {
		return faults
	}
	return []storage.RequestFault{{Reason: said.Reason, Message: said.Message}}
}

// keepable is a fault as a row can keep it: a text that is too long for it is cut, and one
// that it refuses is replaced. Otherwise the request could never end.
func keepable(f storage.RequestFault) storage.RequestFault {
	for _, text := range []*string{&f.Field, &f.Reason, &f.Message} {
		if len(*text) > storage.MaxOutsideText {
			*text = strings.ToValidUTF8((*text)[:storage.MaxOutsideText], "")
		}
		switch {
		case walletport.ContainsPAN(*text):
			*text = walletport.RedactedNumber
		case !storage.CanKeep(*text):
			*text = "(a text that cannot be kept)"
		}
	}
	return f
}

// names tells how whoever asked names what the request says. Where the overrides cannot be
// opened, it is by the names of what is stored: the request ends all the same.
func (a *attempt) names() *overrides {
	o, err := a.flow.openOverrides(&a.row)
	if err != nil {
		return &overrides{}
	}
	o.wipe()
	return &o
}

// complete ends the request, in one commit with what it made of its consumer, its record and
// its job: who has lost the job ends nothing. A commit that fails is made again for a while;
// later it is the next attempt that finds out anew how the request ended.
func (a *attempt) complete(ctx context.Context, e ending) error {
	var at time.Time
	err := keep(ctx, func(ctx context.Context) (err error) {
		if at, err = a.flow.Store.Now(ctx); err != nil {
			return err
		}
		return a.commit(ctx, e, at)
	})
	if err == nil {
		a.flow.Observer.Completed(a.row.Action, e.outcome(string(storage.RequestSucceeded)), at.Sub(a.row.AcceptAt))
	}
	return err
}

func (a *attempt) commit(ctx context.Context, e ending, at time.Time) error {
	row := &a.row
	asked := request(walletport.ActionClickToPay(row.Action), row.By, row.Channel)
	asked.Issuer, asked.CardID = row.Issuer, row.CardID
	asked.SetDetail(walletport.DetailCustomer, row.Number)
	asked.SetDetail(walletport.DetailBID, row.BID)
	asked.SetDetail(walletport.DetailRequest, row.ID)
	asked.SetDetail(walletport.DetailResult, string(e.result))
	ctx = walletport.WithActor(ctx, walletport.Actor{ClientID: row.Client})
	return act.Commit(ctx, a.flow.Audit, asked, func(tx storage.Tx, record *act.Record) error {
		record.Outcome, record.KeyVersions = e.outcome(walletport.OutcomeOK), a.keys
		customer := walletport.CustomerKey{Issuer: row.Issuer, Number: row.Number}
		err := tx.UpdateConsumer(row.ConsumerKey, customer, func(old storage.Consumer) (storage.Consumer, error) {
			return consumerAfter(old, row, e, at), nil
		})
		if err != nil {
			return err
		}
		err = tx.UpdateEnrolmentRequest(row.No, func(old storage.EnrolmentRequest) (storage.EnrolmentRequest, error) {
			if !a.isAsKnown(&old) {
				return old, errOvertaken
			}
			return ended(old, e, at), nil
		})
		if err != nil {
			return err
		}
		return tx.FinishJob(a.job)
	})
}

// ended is a request that is completed: nothing personal is left in it.
func ended(r storage.EnrolmentRequest, e ending, at time.Time) storage.EnrolmentRequest {
	r.State, r.Result, r.Faults = storage.RequestCompleted, e.result, e.faults
	r.UpdatedAt, r.EndedAt = at, at
	r.Print, r.Overrides = nil, storage.SealedOverrides{}
	return r
}

// consumerAfter is the consumer after a request has ended.
func consumerAfter(c storage.Consumer, r *storage.EnrolmentRequest, e ending, at time.Time) storage.Consumer {
	c.Open = max(c.Open-1, 0)
	if c.Last.ID == r.ID {
		c.Last.IsOpen, c.Last.Print = false, nil
	}
	if e.isKnown {
		c.AsOf = at
	}
	if e.result != storage.RequestSucceeded {
		return notMade(c, r, e, at)
	}
	c = made(c, r, at)
	switch {
	case e.seen == nil:
	case e.seen.isEnrolled:
		c.IsEnrolled, c.IsInactive = true, e.seen.isInactive
	default:
		c = gone(c, at)
	}
	return c
}

// made is a consumer after the change was made.
func made(c storage.Consumer, r *storage.EnrolmentRequest, at time.Time) storage.Consumer {
	c.IsEnrolled = r.Action != walletport.DeleteCustomer
	switch r.Action {
	case walletport.EnrolCustomer:
		c.IsInactive = false
		c.Cards = withCard(c.Cards, storage.ConsumerCard{ID: r.CardID, State: storage.CardEnrolled, Since: at})
	case walletport.EnrolCard, walletport.UpdateCard:
		c.Cards = withCard(c.Cards, storage.ConsumerCard{ID: r.CardID, State: storage.CardEnrolled, Since: at})
	case walletport.DeactivateCustomer, walletport.ActivateCustomer:
		c.IsInactive = r.Action == walletport.DeactivateCustomer
	case walletport.DeleteCard:
		if standing(c.Cards, r.CardID).State != storage.CardAsked { // its enrolment is asked for again
			c.Cards = withCard(c.Cards, storage.ConsumerCard{ID: r.CardID, State: storage.CardRemoved, Since: at})
		}
	case walletport.DeleteCustomer:
		c = gone(c, at)
		c.Cards = removed(c.Cards, at, isRefused) // it may be so because others had enrolled the customer
	case walletport.UpdateCustomer:
	}
	return c
}

// notMade is a consumer after the change failed. What the scheme refused it with may say how
// the consumer is.
func notMade(c storage.Consumer, r *storage.EnrolmentRequest, e ending, at time.Time) storage.Consumer {
	isCardThere := slices.Contains(e.kinds, scheme.FaultCardEnrolled)
	switch {
	case slices.Contains(e.kinds, scheme.FaultConsumerNotEnrolled):
		c = gone(c, at)
	case isCardThere || slices.Contains(e.kinds, scheme.FaultConsumerEnrolled):
		c.IsEnrolled = true
	case slices.Contains(e.kinds, scheme.FaultCardNotEnrolled):
		c.Cards = removed(c.Cards, at, func(card storage.ConsumerCard) bool { return card.ID == r.CardID && isEnrolled(card) })
	}
	if r.Action != walletport.EnrolCustomer && r.Action != walletport.EnrolCard {
		return c
	}
	card := storage.ConsumerCard{ID: r.CardID, State: storage.CardRefused, Since: at, Reason: e.outcome("")}
	if isCardThere {
		card = storage.ConsumerCard{ID: r.CardID, State: storage.CardEnrolled, Since: at}
	}
	if standing(c.Cards, r.CardID).State != storage.CardEnrolled { // which no failure to enrol it again changes
		c.Cards = withCard(c.Cards, card)
	}
	return c
}

// gone is a consumer who is not enrolled. Cards whose enrolment is asked for are enrolled later.
func gone(c storage.Consumer, at time.Time) storage.Consumer {
	c.IsEnrolled, c.IsInactive = false, false
	c.Cards = removed(c.Cards, at, isEnrolled)
	return c
}
