package clicktopay

import (
	"context"
	"maps"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// request is what an act of this room asks the trail for. A command acts for all issuers.
func request(action walletport.Action, by walletport.AuditUser, channel storage.RequestChannel) act.Request {
	r := act.Request{Action: action, AuditUser: by, AnyIssuer: channel != ChannelAPI, Facts: act.Facts{Scheme: walletport.Visa}}
	r.SetDetail(walletport.DetailChannel, string(channel))
	return r
}

// subject is who and what an act is about: each is of the issuer, and the card the customer's.
type subject struct {
	issuer   walletport.IssuerID
	bid      string
	customer storage.Customer // may be forgotten where something is deleted
	card     storage.Card     // the zero one of an act that is about none
}

// finding looks for a subject.
type finding struct {
	flow   *Flow
	record *act.Record
	action walletport.ClickToPayAction // "" reads

	subject
}

// wanted is how the caller names a customer.
type wanted struct{ customer, bid string }

// find finds the customer of an act that is about no card, and tells the record. Errors:
//
//   - CodeInvalid: customer_bid_missing, customer_bid_malformed, customer_bid_unknown also
//     for the BID of an issuer that the act is not for
//   - CodeNotFound: customer_not_found
//   - those of Parts.Limit, and CodeUnavailable
func (f *finding) find(ctx context.Context, w wanted) error {
	if err := f.findIssuer(ctx, w); err != nil {
		return err
	}
	if err := f.foundIssuer(); err != nil {
		return err
	}
	return f.findCustomer(ctx, w.customer)
}

// foundIssuer tells the record whom the act is for, and counts it against the issuer's limit.
func (f *finding) foundIssuer() error {
	f.record.Issuer = f.issuer
	f.record.SetDetail(walletport.DetailBID, f.bid)
	if f.flow.Limit == nil {
		return nil
	}
	return f.flow.Limit(f.issuer)
}

// findIssuer reads the BID, or finds the one that the customer is enrolled with.
func (f *finding) findIssuer(ctx context.Context, w wanted) (err error) {
	if w.bid == "" && mayLackBID(f.action) {
		f.issuer, f.bid, err = f.bidOf(ctx, w.customer)
		return err
	}
	if w.bid == "" {
		return errBIDMissing("is needed")
	}
	if rule := walletport.BIDRule(w.bid); rule != "" {
		return walletport.ErrField("customer_bid_malformed", "customerBID", rule)
	}
	issuer, ok := f.flow.issuerOf(w.bid)
	if !ok || !f.record.ActsFor(ctx, issuer) {
		return walletport.ErrField("customer_bid_unknown", "customerBID", "must be one that the issuer is configured with")
	}
	f.issuer, f.bid = issuer, w.bid
	return nil
}

// mayLackBID: a read, and the call that changes whether the customer is active.
func mayLackBID(action walletport.ClickToPayAction) bool {
	return action == "" || action == walletport.ActivateCustomer || action == walletport.DeactivateCustomer
}

func errBIDMissing(rule string) error {
	return walletport.ErrField("customer_bid_missing", "customerBID", rule)
}

// bidOf returns the one BID that a customer is enrolled with, or is about to be, at an issuer
// that the act is for.
func (f *finding) bidOf(ctx context.Context, number string) (issuer walletport.IssuerID, bid string, err error) {
	customers, err := f.customersOf(ctx, number)
	if err != nil {
		return "", "", err
	}
	if len(customers) == 0 {
		return "", "", walletport.ErrCustomerNotFound()
	}
	consumers, err := f.flow.Store.ConsumersOf(ctx, customers)
	if err != nil {
		return "", "", err
	}
	enrolled := slices.DeleteFunc(consumers, func(c storage.Consumer) bool {
		owner, ok := f.flow.issuerOf(c.BID)
		return !c.IsEnrolled && c.Open == 0 || !ok || owner != c.Issuer
	})
	if len(enrolled) != 1 {
		return "", "", errBIDMissing("is needed, as the customer is not known to be enrolled with one alone")
	}
	return enrolled[0].Issuer, enrolled[0].BID, nil
}

// customersOf returns the customers of that number, of each issuer that the act is for.
func (f *finding) customersOf(ctx context.Context, number string) (ids []walletport.CustomerID, err error) {
	for _, issuer := range slices.Sorted(maps.Keys(f.flow.BIDs)) {
		if !f.record.ActsFor(ctx, issuer) {
			continue
		}
		row, err := f.flow.Vault.FindCustomer(ctx, walletport.CustomerKey{Issuer: issuer, Number: number})
		switch {
		case walletport.CodeOf(err) == walletport.CodeNotFound:
		case err != nil:
			return nil, err
		default:
			ids = append(ids, row.ID)
		}
	}
	return ids, nil
}

// findCustomer finds the customer. Who was forgotten is found where something is deleted.
func (f *finding) findCustomer(ctx context.Context, number string) (err error) {
	key := walletport.CustomerKey{Issuer: f.issuer, Number: number}
	if f.action == walletport.DeleteCustomer || f.action == walletport.DeleteCard {
		f.customer, err = f.flow.Store.Customer(ctx, key)
	} else {
		f.customer, err = f.flow.Vault.FindCustomer(ctx, key)
	}
	if err != nil {
		return err
	}
	f.record.SetDetail(walletport.DetailCustomer, f.customer.Number) // not before: it could be a card's
	return nil
}

// findCard finds the card. One of another issuer, or of another customer than that number's if
// there is one, looks like none. Errors:
//
//   - CodeNotFound, card_not_found, and CodeInvalid, card_id_contains_pan: see
//     walletport.ErrNoCard
//   - those about texts with the card's number, see act.Call.FindCard
func (f *finding) findCard(ctx context.Context, id walletport.CardID, customer string) error {
	card, err := f.flow.Vault.Find(ctx, id)
	if walletport.CodeOf(err) == walletport.CodeNotFound {
		return walletport.ErrNoCard(id)
	}
	if err != nil {
		return err
	}
	if !f.record.ActsFor(ctx, card.Issuer) {
		return walletport.ErrNoCard(id)
	}
	if err := f.record.FoundCard(card.CardSummary); err != nil {
		return err
	}
	isAnothers := customer != "" && customer != card.CustomerID
	if card.Issuer != f.issuer || card.CustomerID == "" || isAnothers {
		return walletport.ErrNoCard(id)
	}
	f.card = card
	return nil
}
