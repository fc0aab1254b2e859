package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// errMissed undoes a transaction in which a customer was missed.
var errMissed = errors.New("a customer is not the one that was read")

// ChangeCustomers implements storage.Customers.
func (s *Store) ChangeCustomers(ctx context.Context, batch storage.CustomerBatch) ([]walletport.CustomerKey, error) {
	if err := storage.CheckCustomerBatch(batch.List); err != nil || len(batch.List) == 0 {
		return nil, err
	}
	var missed []walletport.CustomerKey
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		missed = nil
		for i := range batch.List {
			if ctx.Err() != nil {
				return storage.ErrUnavailable(ctx, ctx.Err())
			}
			made, err := changeCustomer(uncancelled(ctx), q, &batch.List[i])
			switch {
			case err != nil:
				return storage.ErrUnavailable(ctx, err)
			case made:
				continue
			}
			missed = append(missed, batch.List[i].CustomerKey)
			if batch.AllOrNothing {
				return errMissed
			}
		}
		return markBatch(ctx, q, batch.Mark, len(missed) > 0)
	})
	if err != nil && !errors.Is(err, errMissed) {
		return nil, err
	}
	return missed, nil
}

// changeCustomer looks before it writes, as changeCard does.
func changeCustomer(ctx context.Context, q *sqlitedb.Queries, c *storage.CustomerChange) (made bool, err error) {
	row, err := q.GetCustomer(ctx, customerKeyParams(c.CustomerKey))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if len(c.Replaces) > 0 {
			return false, nil
		}
		return true, q.InsertCustomer(ctx, insertCustomerParams(&c.Customer))
	case err != nil:
		return false, err
	case len(c.ContentMAC) > 0 && bytes.Equal(row.ContentMac, c.ContentMAC):
		return true, nil
	case len(c.Replaces) == 0 || !bytes.Equal(row.ContentMac, c.Replaces):
		return false, nil
	}
	return true, q.UpdateCustomer(ctx, updateCustomerParams(row.ID, &c.Customer))
}
