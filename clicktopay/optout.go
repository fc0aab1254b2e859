package clicktopay

import (
	"context"
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// OptOutRequest notes that a customer wants no Click to Pay, or withdraws it.
type OptOutRequest struct {
	Customer walletport.CustomerKey
	// KeepsEnrolment leaves what is enrolled as it is; else its end is asked for.
	KeepsEnrolment bool
	AuditUser      walletport.AuditUser
	Channel        storage.RequestChannel
}

// OptedOut is an opt-out that is noted.
type OptedOut struct {
	IsNew    bool       // else it was noted before
	Requests []Deletion // that end what is enrolled, one for each BID
}

// Deletion is a request that deletes a customer at the scheme.
type Deletion struct {
	BID string
	Accepted
}

// OptOut notes that a customer wants no Click to Pay: no portfolio enrols them until it is
// withdrawn, also where no such customer is stored yet. What is enrolled, or about to be, is
// deleted by requests behind those that are open. Calls for this one customer go on: they
// may want it again, and said so to whoever calls.
//
// A portfolio that has looked before the opt-out was noted either has its request accepted
// before consumers are read here, and the deletion follows it; or after, and then the
// request finds the opt-out before it is sent. Errors:
//
//   - CodeInvalid, customer_number_malformed
//   - CodeUnavailable, and those of Accept, of each BID with which nothing is deleted: the
//     opt-out is noted all the same if it is not audit_unavailable, and asking again makes the
//     requests that are missing
func (f *Flow) OptOut(ctx context.Context, r OptOutRequest) (OptedOut, error) {
	isNew, err := f.noteOptOut(ctx, r)
	if err != nil || r.KeepsEnrolment {
		return OptedOut{IsNew: isNew}, err
	}
	requests, err := f.deleteEverywhere(ctx, r)
	return OptedOut{IsNew: isNew, Requests: requests}, err
}

// WithdrawOptOut lets portfolios enrol a customer again, and reports whether there was an
// opt-out. Nobody is enrolled by it. Errors are as of OptOut.
func (f *Flow) WithdrawOptOut(ctx context.Context, r OptOutRequest) (found bool, err error) {
	err = f.changeOptOut(ctx, walletport.ActionClickToPayOptIn, r, func(tx storage.Tx) (err error) {
		found, err = tx.DeleteOptOut(r.Customer)
		return err
	})
	return found, err
}

func (f *Flow) noteOptOut(ctx context.Context, r OptOutRequest) (isNew bool, err error) {
	now, err := f.Store.Now(ctx)
	if err != nil {
		return false, err
	}
	by := walletport.AuditUser(withoutNumber(string(r.AuditUser)))
	err = f.changeOptOut(ctx, walletport.ActionClickToPayOptOut, r, func(tx storage.Tx) (err error) {
		isNew, err = tx.PutOptOut(storage.OptOut{CustomerKey: r.Customer, By: by, At: now})
		return err
	})
	return isNew, err
}

func (f *Flow) changeOptOut(ctx context.Context, action walletport.Action, r OptOutRequest, change func(storage.Tx) error) error {
	asked := request(action, r.AuditUser, r.Channel)
	_, err := act.Audited(ctx, f.Audit, asked, func(record *act.Record) (struct{}, error) {
		if rule := walletport.CustomerNumberRule(r.Customer.Number); rule != "" {
			return struct{}{}, walletport.ErrField("customer_number_malformed", "customer", rule)
		}
		if !record.ActsFor(ctx, r.Customer.Issuer) {
			return struct{}{}, walletport.ErrCustomerNotFound()
		}
		record.Issuer = r.Customer.Issuer
		record.SetDetail(walletport.DetailCustomer, r.Customer.Number)
		return struct{}{}, record.Commit(ctx, f.Audit, func(tx storage.Tx, _ *act.Record) error { return change(tx) })
	})
	return err
}

// deleteEverywhere has the customer deleted with each BID that they are enrolled with, or
// are about to be.
func (f *Flow) deleteEverywhere(ctx context.Context, r OptOutRequest) ([]Deletion, error) {
	customer, err := f.Store.Customer(ctx, r.Customer)
	if walletport.CodeOf(err) == walletport.CodeNotFound { // nobody was ever enrolled
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	consumers, err := f.Store.ConsumersOf(ctx, []walletport.CustomerID{customer.ID})
	if err != nil {
		return nil, err
	}
	var requests []Deletion
	var refusals []error
	for i := range consumers {
		if !consumers[i].IsEnrolled && consumers[i].Open == 0 {
			continue
		}
		accepted, err := f.deleteWith(ctx, r, consumers[i].BID)
		if err != nil { // such as of a BID that the settings no longer have
			refusals = append(refusals, fmt.Errorf("what is enrolled with %s is not deleted: %w", consumers[i].BID, err))
			continue
		}
		requests = append(requests, Deletion{BID: consumers[i].BID, Accepted: accepted})
	}
	return requests, errors.Join(refusals...)
}

// deleteWith has the customer deleted with one BID. With that of another issuer it would be this
// one's customer of the same number.
func (f *Flow) deleteWith(ctx context.Context, r OptOutRequest, bid string) (Accepted, error) {
	if err := f.checkBID(r.Customer.Issuer, bid); err != nil {
		return Accepted{}, err
	}
	return f.Accept(ctx, Asked{
		Action: walletport.DeleteCustomer, Customer: r.Customer.Number, BID: bid, AuditUser: r.AuditUser, Channel: r.Channel,
	})
}

// begin sends a request of which nothing was done, unless it is of a portfolio and the
// customer has opted out since it was accepted.
func (a *attempt) begin(ctx context.Context) error {
	if a.row.Channel != ChannelPortfolio {
		return a.send(ctx)
	}
	out, err := a.flow.Store.OptOuts(ctx, a.row.Issuer, []string{a.row.Number})
	switch {
	case err != nil:
		return err
	case len(out) > 0:
		return a.fail(ctx, ErrOptedOut)
	}
	return a.send(ctx)
}
