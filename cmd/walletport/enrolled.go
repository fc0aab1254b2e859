package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// errNotEnrolled ends a look at a consumer that changes nothing, and keeps the row locked.
var errNotEnrolled = errors.New("the scheme has nothing of this consumer, and nothing was asked for")

// insistedEnrolled is what stands in the record of an operator who says --enrolled.
const insistedEnrolled = "enrolled"

// refuseEnrolledCustomer returns what refuses, in a transaction, a customer of whom the scheme
// has personal data, or is about to get some: CodeConflict, reason customer_enrolled. Whoever
// has forgotten the customer could not end that by an update any more.
func (o *operator) refuseEnrolledCustomer(ctx context.Context, key walletport.CustomerKey) func(storage.Tx) error {
	consumers, err := o.consumersOf(ctx, key)
	return refuseConsumers(key, consumers, err, func(c *storage.Consumer) error {
		if !c.IsEnrolled && c.Open == 0 {
			return nil
		}
		return walletport.Errorf(walletport.CodeConflict, "customer_enrolled",
			"the customer is enrolled for Click to Pay under %s, or a request is open there (%d): end it with clicktopay opt-out first, or say --enrolled", c.BID, c.Open)
	})
}

// refuseEnrolledCard returns what refuses, in a transaction, a card that the scheme has, or is
// about to get, and one whose customer has a request open, which may be of the card:
// CodeConflict, reason card_enrolled. Without its number nobody could take it out alone.
func (o *operator) refuseEnrolledCard(ctx context.Context, card walletport.CardSummary) func(storage.Tx) error {
	key := walletport.CustomerKey{Issuer: card.Issuer, Number: card.CustomerID}
	consumers, err := o.consumersOf(ctx, key)
	if walletport.ReasonOf(err) == "customer_not_found" { // nobody was ever enrolled with it
		err = nil
	}
	return refuseConsumers(key, consumers, err, func(c *storage.Consumer) error {
		if !hasCard(c, card.ID) && c.Open == 0 {
			return nil
		}
		return walletport.Errorf(walletport.CodeConflict, "card_enrolled",
			"the card is enrolled for Click to Pay under %s, or a request of its customer is open there (%d): take the card out first, or say --enrolled", c.BID, c.Open)
	})
}

// hasCard reports whether the scheme has a card of a consumer, or is about to get it.
func hasCard(c *storage.Consumer, card walletport.CardID) bool {
	return slices.ContainsFunc(c.Cards, func(of storage.ConsumerCard) bool {
		return of.ID == card && (of.State == storage.CardEnrolled || of.State == storage.CardAsked)
	})
}

// evenEnrolled is the flag of commands that take a card away.
type evenEnrolled struct {
	Enrolled bool `help:"Even if the card is enrolled for Click to Pay, where it can only be deleted with the whole customer then."`
}

// within returns what is asked in the transaction that takes the card away. That the operator
// insists stands in the record.
func (e evenEnrolled) within(ctx context.Context, o *operator, card walletport.CardSummary, asked *act.Request) func(storage.Tx) error {
	if e.Enrolled {
		asked.SetDetail(walletport.DetailInsisted, insistedEnrolled)
		return func(storage.Tx) error { return nil }
	}
	return o.refuseEnrolledCard(ctx, card)
}

// tell says that a card that was taken away stays enrolled, and what ends that.
func (e evenEnrolled) tell(ctx context.Context, o *operator, con console, card walletport.CardSummary) error {
	if !e.Enrolled {
		return nil
	}
	key := walletport.CustomerKey{Issuer: card.Issuer, Number: card.CustomerID}
	return o.eachConsumer(ctx, key, func(c *storage.Consumer) {
		if hasCard(c, card.ID) {
			fmt.Fprintf(con.Err, "walletport: the card stays enrolled for Click to Pay under %s; what ends that ends the customer's other cards too: clicktopay opt-out --issuer %s --customer %s\n",
				c.BID, key.Issuer, key.Number)
		}
	})
}

// tellForgottenIsEnrolled says that the scheme keeps what it has of a customer who was
// forgotten, and what ends that.
func (o *operator) tellForgottenIsEnrolled(ctx context.Context, con console, key walletport.CustomerKey) error {
	return o.eachConsumer(ctx, key, func(c *storage.Consumer) {
		if c.IsEnrolled || c.Open > 0 {
			fmt.Fprintf(con.Err, "walletport: Visa keeps what it has of the customer under %s until it is deleted there: clicktopay reconcile --issuer %s --repair give\n",
				c.BID, key.Issuer)
		}
	})
}

// eachConsumer lends each consumer that a customer is.
func (o *operator) eachConsumer(ctx context.Context, key walletport.CustomerKey, use func(*storage.Consumer)) error {
	row, err := o.db.Customer(ctx, key)
	if walletport.CodeOf(err) == walletport.CodeNotFound { // nobody was ever enrolled
		return nil
	}
	if err != nil {
		return err
	}
	consumers, err := o.db.ConsumersOf(ctx, []walletport.CustomerID{row.ID})
	for i := range consumers {
		use(&consumers[i])
	}
	return err
}

// refuseConsumers returns what asks refuse, in a transaction, of each of a customer's
// consumers; err is why they are not known.
//
// Requests are accepted under the lock of their consumer's row, also of one that there is
// none of yet. So each is either seen here, or is accepted when customer or card is gone, and
// then it fails before anything is sent.
func refuseConsumers(key walletport.CustomerKey, consumers []storage.ConsumerKey, err error, refuse func(*storage.Consumer) error) func(storage.Tx) error {
	look := func(c storage.Consumer) (storage.Consumer, error) { return c, cmp.Or(refuse(&c), errNotEnrolled) }
	return func(tx storage.Tx) error {
		if err != nil {
			return err
		}
		for _, consumer := range consumers {
			if err := tx.UpdateConsumer(consumer, key, look); !errors.Is(err, errNotEnrolled) {
				return err
			}
		}
		return nil
	}
}

// consumersOf returns the consumers that a customer is or may become by the settings, in the
// order in which their rows are locked.
func (o *operator) consumersOf(ctx context.Context, key walletport.CustomerKey) ([]storage.ConsumerKey, error) {
	row, err := o.db.Customer(ctx, key)
	if err != nil {
		return nil, err
	}
	known, err := o.db.ConsumersOf(ctx, []walletport.CustomerID{row.ID})
	if err != nil {
		return nil, err
	}
	bids := slices.Clone(o.settings.ClickToPay.Visa.OfIssuers()[key.Issuer])
	for i := range known {
		bids = append(bids, known[i].BID)
	}
	slices.Sort(bids)
	var consumers []storage.ConsumerKey
	for _, bid := range slices.Compact(bids) {
		consumers = append(consumers, storage.ConsumerKey{Customer: row.ID, BID: bid})
	}
	return consumers, nil
}
