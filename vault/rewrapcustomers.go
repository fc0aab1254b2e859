package vault

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// moveCustomers moves the data keys of customers from a key, as moveCards does those of
// cards.
func (r *rewrapper) moveCustomers(ctx context.Context, old *keys.Key) error {
	for after := walletport.CustomerID(0); ; {
		customers, err := r.vault.Customers.CustomersWrappedBy(ctx, string(old.ID), after, rewrapBatch)
		if err != nil || len(customers) == 0 {
			return err
		}
		after = customers[len(customers)-1].ID
		changes, err := r.customerChanges(customers, old)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			moved, err := r.vault.Customers.RewrapCustomers(ctx, changes)
			if err != nil {
				return err
			}
			r.report.Customers.Moved += int64(moved)
		}
		if r.progress != nil {
			r.progress(r.report)
		}
	}
}

func (r *rewrapper) customerChanges(customers []storage.Customer, old *keys.Key) ([]storage.CustomerRewrapping, error) {
	ring := r.vault.newestRing()
	var changes []storage.CustomerRewrapping
	for i := range customers {
		c := &customers[i]
		target, err := r.vault.issuerKEK(ring, c.Issuer)
		if walletport.ReasonOf(err) == reasonNoKey {
			r.leftOf(c.Issuer, err).Customers++
			continue
		}
		if err != nil {
			return nil, err
		}
		if target.ID == old.ID {
			continue
		}
		wrapped, err := bindCustomer(c.CustomerKey).rewrap(c.WrappedKey, old, target)
		if err != nil {
			r.customers.count(&r.report.Customers, c.ID)
			continue
		}
		changes = append(changes, storage.CustomerRewrapping{ID: c.ID, Old: c.WrappedKey, New: wrapped, KEK: string(target.ID)})
	}
	return changes, nil
}
