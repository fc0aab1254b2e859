package clicktopay

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// repair does what was asked for about the drifts of a consumer.
func (r *reconciling) repair(ctx context.Context, c *comparison, told *Reconciled) error {
	switch r.asked.Repair {
	case RepairTake:
		return r.take(ctx, c, told)
	case RepairGive:
		return r.give(ctx, c, told)
	case RepairNothing:
	}
	return nil
}

// errMoved is of a row that is no longer as it was compared.
var errMoved = errors.New("the consumer has changed since it was compared")

// take has the row say what the scheme says. Data of customers and cards is the issuer's own,
// and is not taken from anybody.
func (r *reconciling) take(ctx context.Context, c *comparison, told *Reconciled) error {
	if !slices.ContainsFunc(told.Drifts, func(d Drift) bool { return d.isOfRow() }) {
		told.Reason = "data_is_not_taken"
		return nil
	}
	now, err := r.flow.Store.Now(ctx)
	if err != nil {
		return err
	}
	asked := request(walletport.ActionClickToPayReconcile, r.asked.AuditUser, ChannelCommand)
	asked.Issuer = c.here.Issuer
	asked.SetDetail(walletport.DetailMode, string(RepairTake))
	asked.SetDetail(walletport.DetailCustomer, c.here.Number)
	asked.SetDetail(walletport.DetailBID, c.here.BID)
	customer := walletport.CustomerKey{Issuer: c.here.Issuer, Number: c.here.Number}
	err = act.Commit(ctx, r.flow.Audit, asked, func(tx storage.Tx, _ *act.Record) error {
		return tx.UpdateConsumer(c.here.ConsumerKey, customer, func(old storage.Consumer) (storage.Consumer, error) {
			if old.Last.ID != c.here.Last.ID || old.Open != 0 || !old.AsOf.Equal(c.here.AsOf) {
				return old, errMoved
			}
			return c.taken(old, now), nil
		})
	})
	switch {
	case errors.Is(err, errMoved):
		told.Result, told.Reason, told.Drifts = ReconciledNot, "requests_open", nil
		return nil
	case err != nil:
		return err
	}
	told.Result = ReconciledTaken
	return nil
}

// isOfRow reports whether the row of the consumer can agree with the scheme's word.
func (d Drift) isOfRow() bool {
	switch d.Kind {
	case DriftNotThere, DriftNotHere, DriftInactive, DriftActive, DriftCardNotThere, DriftCardNotHere:
		return true
	case DriftForgotten, DriftCardUnknown, DriftCardStatus, DriftCustomerData, DriftCardData:
	}
	return false
}

// taken is the row as the scheme has the consumer. Cards that were refused or removed stay so,
// for the scheme knows nothing of them.
func (c *comparison) taken(old storage.Consumer, at time.Time) storage.Consumer {
	old.IsEnrolled, old.IsInactive, old.AsOf = c.there.IsEnrolled, c.there.IsEnrolled && c.there.Consumer.Inactive, at
	shown := c.shown()
	old.Cards = removed(old.Cards, at, func(card storage.ConsumerCard) bool {
		_, isThere := shown[card.ID]
		return !isThere && isEnrolled(card)
	})
	for id := range shown {
		old.Cards = withCard(old.Cards, storage.ConsumerCard{ID: id, State: storage.CardEnrolled, Since: at})
	}
	return old
}

// give asks for the changes that make the scheme have what is stored, in the order in which
// they have to be done.
func (r *reconciling) give(ctx context.Context, c *comparison, told *Reconciled) error {
	wanted := c.given(told.Drifts)
	if len(wanted) == 0 {
		told.Reason = "nothing_to_ask_for"
		return nil
	}
	if isUnwanted, err := r.isUnwanted(ctx, c, wanted); err != nil || isUnwanted {
		told.Reason = walletport.ReasonOf(ErrOptedOut)
		return err
	}
	for _, asked := range wanted {
		asked.BID, asked.AuditUser, asked.Channel = c.here.BID, r.asked.AuditUser, ChannelCommand
		accepted, err := r.flow.Accept(ctx, asked)
		if err != nil {
			code := walletport.CodeOf(err)
			if !isOfOne(err) && (code == walletport.CodeUnavailable || code == walletport.CodeInternal) {
				return err
			}
			told.Reason = walletport.ReasonOf(err)
			return nil
		}
		told.Requests = append(told.Requests, accepted.ID)
	}
	told.Result = ReconciledAsked
	return nil
}

// isUnwanted reports whether something would be enrolled of a customer who opted out.
func (r *reconciling) isUnwanted(ctx context.Context, c *comparison, wanted []Asked) (bool, error) {
	enrols := func(a Asked) bool { return a.Action == walletport.EnrolCustomer || a.Action == walletport.EnrolCard }
	if !slices.ContainsFunc(wanted, enrols) {
		return false, nil
	}
	out, err := r.flow.Store.OptOuts(ctx, c.here.Issuer, []string{c.here.Number})
	return len(out) > 0, err
}

// given lists the requests that end the drifts. A card of nobody here cannot be named, and a
// card's status there is not ours to set.
func (c *comparison) given(drifts []Drift) (wanted []Asked) {
	of := func(action walletport.ClickToPayAction, card walletport.CardID) {
		asked := Asked{Action: action, CardID: card}
		if action == walletport.EnrolCustomer || !action.IsOfCard() {
			asked.Customer = c.here.Number
		}
		wanted = append(wanted, asked)
	}
	for _, d := range drifts {
		switch d.Kind {
		case DriftNotThere:
			action := walletport.EnrolCustomer
			for _, card := range c.here.Cards {
				if card.State == storage.CardEnrolled {
					of(action, card.ID)
					action = walletport.EnrolCard
				}
			}
		case DriftNotHere, DriftForgotten:
			return []Asked{{Action: walletport.DeleteCustomer, Customer: c.here.Number}}
		case DriftInactive:
			of(walletport.ActivateCustomer, 0)
		case DriftActive:
			of(walletport.DeactivateCustomer, 0)
		case DriftCardNotThere:
			of(walletport.EnrolCard, d.CardID)
		case DriftCardNotHere:
			of(walletport.DeleteCard, d.CardID)
		case DriftCustomerData:
			of(walletport.UpdateCustomer, 0)
		case DriftCardData:
			of(walletport.UpdateCard, d.CardID)
		case DriftCardUnknown, DriftCardStatus:
		}
	}
	return wanted
}
