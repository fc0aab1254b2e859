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
			if err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
			if !made {
				missed = append(missed, batch.List[i].CustomerKey)
			}
		}
		return endBatch(ctx, q, batch.Mark, len(missed))
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
