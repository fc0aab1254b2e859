package clicktopay

import (
	"context"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// message says what an action sends.
type message struct {
	action       scheme.EnrolmentAction
	hasCustomer  bool // data of the customer: of a card their address
	hasWholeCard bool // else a card is known by its number
	// What the call may override.
	overridesCustomer, overridesCard bool
}

var messages = map[walletport.ClickToPayAction]message{
	walletport.EnrolCustomer:      {scheme.EnrolConsumer, true, true, true, true},
	walletport.EnrolCard:          {scheme.EnrolCards, true, true, false, true},
	walletport.UpdateCustomer:     {scheme.ReplaceConsumer, true, false, true, false},
	walletport.UpdateCard:         {scheme.ReplaceCards, true, true, false, true},
	walletport.DeactivateCustomer: {scheme.ReplaceConsumer, true, false, false, false},
	walletport.ActivateCustomer:   {scheme.ReplaceConsumer, true, false, false, false},
	walletport.DeleteCard:         {scheme.DeleteCards, false, false, false, false},
	walletport.DeleteCustomer:     {scheme.DeleteConsumer, false, false, false, false},
}

// compose makes all that a request says to the scheme of what is stored now and of what it
// overrides, and lends it to use, which keeps nothing of it: it is wiped afterwards, but for
// o, which is the caller's. What is replaced is sent whole. Whoever deletes needs no more
// than a name: a customer who was forgotten is deleted by it, and their cards too.
//
// Errors are those of Vault and Store, CodeNotFound card_not_found of a card that is no
// longer the customer's, and those of use as they are.
func (f *Flow) compose(ctx context.Context, r *storage.EnrolmentRequest, o overrides, use func(scheme.Enrolment) error) error {
	return f.composeOf(ctx, r, o, stored{f, r}, use)
}

// lender lends the customer and the card of a request.
type lender interface {
	borrowCustomer(ctx context.Context, use func(*walletport.Customer) error) error
	borrowCard(ctx context.Context, use func(*walletport.Card) error) error
}

// composeOf is compose, of what a lender has.
func (f *Flow) composeOf(ctx context.Context, r *storage.EnrolmentRequest, o overrides, from lender, use func(scheme.Enrolment) error) error {
	m, ok := messages[r.Action]
	if !ok {
		return fmt.Errorf("clicktopay: there is no action %q", r.Action)
	}
	e := scheme.Enrolment{Action: m.action, ID: scheme.ConsumerID{External: r.Number, OwnerBID: r.BID}}
	isInactive, err := f.isInactive(ctx, r)
	if err != nil {
		return err
	}
	with := func(customer *walletport.Customer) error {
		if m.action == scheme.EnrolConsumer || m.action == scheme.ReplaceConsumer {
			e.Consumer = consumerSent(customer, o)
			e.Consumer.Inactive = isInactive
		}
		if !r.Action.IsOfCard() {
			return use(e)
		}
		return from.borrowCard(ctx, func(card *walletport.Card) error {
			sent := scheme.ConsumerCard{PAN: card.PAN}
			if m.hasWholeCard {
				sent = cardSent(card, customer, o)
				defer wipeUnlessOf(card, sent.Name)
			}
			e.Cards = []scheme.ConsumerCard{sent}
			return use(e)
		})
	}
	if !m.hasCustomer {
		return with(nil)
	}
	return from.borrowCustomer(ctx, with)
}

// stored lends what the vault has now.
type stored struct {
	flow *Flow
	row  *storage.EnrolmentRequest
}

func (s stored) borrowCustomer(ctx context.Context, use func(*walletport.Customer) error) error {
	row, err := s.flow.Vault.FindCustomer(ctx, walletport.CustomerKey{Issuer: s.row.Issuer, Number: s.row.Number})
	if err != nil {
		return err
	}
	return s.flow.Vault.BorrowCustomer(ctx, row, use)
}

// borrowCard lends the card, as long as it is one of the request's customer.
func (s stored) borrowCard(ctx context.Context, use func(*walletport.Card) error) error {
	row, err := s.flow.Vault.Find(ctx, s.row.CardID)
	if err != nil {
		return err
	}
	if row.Issuer != s.row.Issuer || row.CustomerID != s.row.Number {
		return walletport.ErrCardNotFound()
	}
	return s.flow.Vault.Borrow(ctx, row, use)
}

// isInactive says what a record that replaces a consumer's has to say of their cards: what
// the action asks for, else what they are known to be, for a record that says nothing of it
// would change it. An enrolment does not say it.
func (f *Flow) isInactive(ctx context.Context, r *storage.EnrolmentRequest) (bool, error) {
	if r.Action != walletport.UpdateCustomer {
		return r.Action == walletport.DeactivateCustomer, nil
	}
	known, err := f.Store.Consumer(ctx, r.ConsumerKey)
	if walletport.CodeOf(err) == walletport.CodeNotFound {
		return false, nil
	}
	return known.IsInactive, err
}

// consumerSent is the customer as the scheme is told of them. It shares its texts with c and o.
func consumerSent(c *walletport.Customer, o overrides) scheme.Consumer {
	consumer := scheme.Consumer{
		FirstName: c.FirstName, MiddleName: c.MiddleName, LastName: c.LastName, Emails: c.Emails, Phones: c.Phones,
		Locale: plain(c.Locale), Country: plain(c.Country),
	}
	if o.customer.Emails != nil {
		consumer.Emails = o.customer.Emails
	}
	if o.customer.Phones != nil {
		consumer.Phones = o.customer.Phones
	}
	if !c.Consent.At.IsZero() {
		consumer.Consent = &scheme.Consent{
			Version: plain(c.Consent.Version), Presenter: plain(c.Consent.Presenter), At: c.Consent.At,
		}
	}
	return consumer
}

// cardSent is a card as the scheme is told of it. It shares its texts with card, c and o, but
// for a name that is made of the customer's.
func cardSent(card *walletport.Card, c *walletport.Customer, o overrides) scheme.ConsumerCard {
	a := c.Address
	for i, member := range o.card.members() {
		if *member != nil {
			*addressMembers(&a)[i] = **member
		}
	}
	name := card.CardholderName
	if name.IsZero() {
		name = wholeName(c)
	}
	return scheme.ConsumerCard{
		PAN: card.PAN, Name: name, Expiry: card.Expiry,
		Address: scheme.Address{
			Line1: a.Line1, Line2: a.Line2, Line3: a.Line3, City: a.City, State: a.State, PostalCode: a.PostalCode,
			Country: plain(a.Country),
		},
	}
}

// wipeUnlessOf wipes a name that is not the card's own, which is wiped with the card.
func wipeUnlessOf(card *walletport.Card, name walletport.Private) {
	if name != card.CardholderName {
		name.Wipe()
	}
}
