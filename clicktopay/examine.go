package clicktopay

import (
	"cmp"
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// examine finds what a request is about, and holds all of it to every rule that can be known
// now, so that whoever asks learns at once of all that is wrong. The first refusal is the
// answer, in this order: who asks the scheme, who and what is asked for, whether the card may be
// there, and what would be sent.
func (a *accepting) examine(ctx context.Context, s *Scheme) error {
	var wrong refusals
	if err := a.findAll(ctx, &wrong); err != nil {
		return err
	}
	if err := a.judgeCard(&wrong); err != nil {
		return err
	}
	if len(wrong) > 0 { // it is refused, also where its data cannot be looked at now
		_ = a.checkData(ctx, s, &wrong)
		return wrong.err()
	}
	if err := a.admit(ctx); err != nil {
		return err
	}
	if err := a.checkData(ctx, s, &wrong); err != nil {
		return err
	}
	return wrong.err()
}

// findAll finds as much of the subject as is there. Errors are those that are no refusals.
func (a *accepting) findAll(ctx context.Context, wrong *refusals) error {
	err := a.findIssuer(ctx, wanted{customer: a.asked.Customer, bid: a.asked.BID})
	if err := wrong.keep(err, "customerId", "must be the number of a customer"); err != nil || a.issuer == "" {
		return err
	}
	if err := a.foundIssuer(); err != nil {
		return err
	}
	if a.asked.Customer != "" {
		err := a.findCustomer(ctx, a.asked.Customer)
		if err := wrong.keep(err, "customerId", "must be the number of a customer of the issuer"); err != nil {
			return err
		}
	}
	if !a.action.IsOfCard() {
		return nil
	}
	err = a.findCard(ctx, a.asked.CardID, a.asked.Customer)
	if err := wrong.keep(err, "cardId", "must be the id of a card of the customer"); err != nil || a.card.ID == 0 {
		return err
	}
	if a.asked.Customer != "" {
		return nil
	}
	err = a.findCustomer(ctx, a.card.CustomerID)
	return wrong.keep(err, "card.customerId", "must be the number of a customer who is stored: import the customer")
}

// judgeCard asks whether the card may be at the scheme. Of one that is deleted only the scheme is
// asked: it may be gone from everywhere else.
func (a *accepting) judgeCard(wrong *refusals) error {
	if a.card.ID == 0 {
		return nil
	}
	if a.card.Scheme != walletport.Visa {
		wrong.add(walletport.Errorf(walletport.CodeForbidden, "scheme_mismatch", "Click to Pay is here for Visa cards; the card is one of %s", a.card.Scheme),
			"card.pan", "must be the number of a Visa card")
	}
	if !messages[a.action].hasWholeCard {
		return nil
	}
	if err := wrong.keep(a.card.CheckStatus(), "card.status", "must allow provisioning"); err != nil {
		return err
	}
	return wrong.keep(a.card.CheckExpiry(a.flow.Clock()), "card.expiry", "must not have passed")
}

// admit asks, for a portfolio, whether the customer wants to be enrolled.
func (a *accepting) admit(ctx context.Context) error {
	if a.asked.Channel != ChannelPortfolio {
		return nil
	}
	out, err := a.flow.Store.OptOuts(ctx, a.issuer, []string{a.customer.Number})
	if err != nil || len(out) == 0 {
		return err
	}
	return ErrOptedOut
}

// checkData holds what would be sent to the scheme's rules. In place of what was not found it
// has what breaks no rule, so that what is wrong with the rest is known too.
func (a *accepting) checkData(ctx context.Context, s *Scheme, wrong *refusals) error {
	row := storage.EnrolmentRequest{
		Action: a.action, ConsumerKey: storage.ConsumerKey{Customer: a.customer.ID, BID: cmp.Or(a.bid, "0")},
		Number: cmp.Or(a.customer.Number, rehearsed), Channel: a.asked.Channel,
	}
	err := a.flow.composeOf(ctx, &row, a.overrides, known{a.flow, a.subject}, func(e scheme.Enrolment) error {
		return s.Enroller.CheckEnrolment(e, a.flow.Clock())
	})
	return wrong.keep(a.overrides.inCallersWords(&row, err), "", "")
}

// known lends what was found of a subject, and in place of what was not, somebody and something
// made up.
type known struct {
	flow *Flow
	subject
}

func (k known) borrowCustomer(ctx context.Context, use func(*walletport.Customer) error) error {
	if k.customer.ID != 0 {
		return k.flow.Vault.BorrowCustomer(ctx, k.customer, use)
	}
	customer := madeUpCustomer(k.flow.Clock())
	return use(&customer)
}

func (k known) borrowCard(ctx context.Context, use func(*walletport.Card) error) error {
	if k.card.ID != 0 {
		return k.flow.Vault.Borrow(ctx, k.card, use)
	}
	card, err := walletport.MadeUpCard(k.issuer, walletport.Visa, "", k.flow.Clock())
	if err != nil {
		return err
	}
	return use(card)
}
