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

// Customer implements storage.Customers.
func (s *Store) Customer(ctx context.Context, key walletport.CustomerKey) (storage.Customer, error) {
	return s.customer(ctx, func(q *sqlitedb.Queries) (sqlitedb.Customer, error) {
		return q.GetCustomer(uncancelled(ctx), customerKeyParams(key))
	})
}

// CustomerByID implements storage.Customers.
func (s *Store) CustomerByID(ctx context.Context, id walletport.CustomerID) (storage.Customer, error) {
	return s.customer(ctx, func(q *sqlitedb.Queries) (sqlitedb.Customer, error) {
		return q.GetCustomerByID(uncancelled(ctx), int64(id))
	})
}

func (s *Store) customer(ctx context.Context, get func(*sqlitedb.Queries) (sqlitedb.Customer, error)) (storage.Customer, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.Customer{}, err
	}
	if ctx.Err() != nil {
		return storage.Customer{}, storage.ErrUnavailable(ctx, ctx.Err())
	}
	row, err := get(q)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return storage.Customer{}, walletport.ErrCustomerNotFound()
	case err != nil:
		return storage.Customer{}, storage.ErrUnavailable(ctx, err)
	}
	return customerFrom(&row), nil
}

// CustomersByKey implements storage.Customers. There is no round trip to spare.
func (s *Store) CustomersByKey(ctx context.Context, keys []walletport.CustomerKey) ([]storage.Customer, error) {
	return s.customers(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Customer, error) {
		var rows []sqlitedb.Customer
		for _, key := range keys {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			row, err := q.GetCustomer(uncancelled(ctx), customerKeyParams(key))
			switch {
			case err == nil:
				rows = append(rows, row)
			case !errors.Is(err, sql.ErrNoRows):
				return nil, err
			}
		}
		return rows, nil
	})
}

// CustomersAfter implements storage.Customers.
func (s *Store) CustomersAfter(ctx context.Context, issuer walletport.IssuerID, after walletport.CustomerID, limit int) ([]storage.Customer, error) {
	return s.customers(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Customer, error) {
		if issuer == "" {
			return q.ListCustomersAfter(ctx, sqlitedb.ListCustomersAfterParams{After: int64(after), MaxRows: rowLimit(limit)})
		}
		return q.ListCustomersOfIssuer(ctx, sqlitedb.ListCustomersOfIssuerParams{Issuer: string(issuer), After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// CustomersWrappedBy implements storage.Customers.
func (s *Store) CustomersWrappedBy(ctx context.Context, kek string, after walletport.CustomerID, limit int) ([]storage.Customer, error) {
	return s.customers(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Customer, error) {
		return q.ListCustomersOfKEK(ctx, sqlitedb.ListCustomersOfKEKParams{Kek: kek, After: int64(after), MaxRows: rowLimit(limit)})
	})
}

func (s *Store) customers(ctx context.Context, list func(*sqlitedb.Queries) ([]sqlitedb.Customer, error)) ([]storage.Customer, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := list(q)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	customers := make([]storage.Customer, len(rows))
	for i := range rows {
		customers[i] = customerFrom(&rows[i])
	}
	return customers, nil
}

// CustomerKEKs implements storage.Customers.
func (s *Store) CustomerKEKs(ctx context.Context) ([]string, error) {
	return distinct[string](ctx, s, (*sqlitedb.Queries).NextCustomerKEK)
}

// RewrapCustomers implements storage.Customers.
func (s *Store) RewrapCustomers(ctx context.Context, changes []storage.CustomerRewrapping) (int, error) {
	return rewrapAll(ctx, s, changes, func(q *sqlitedb.Queries, c storage.CustomerRewrapping) (int64, error) {
		return q.RewrapCustomer(ctx, sqlitedb.RewrapCustomerParams{NewKey: c.New, Kek: c.KEK, ID: int64(c.ID), OldKey: c.Old})
	})
}

// PutCustomers implements storage.CustomersTx. The transaction holds the write lock, so
// nothing changes between looking and writing.
func (t *transaction) PutCustomers(customers []storage.Customer) (storage.CustomersPut, error) {
	if err := storage.CheckCustomers(customers); err != nil {
		return storage.CustomersPut{}, err
	}
	var put storage.CustomersPut
	for i := range customers {
		if err := t.putCustomer(&customers[i], &put); err != nil {
			return storage.CustomersPut{}, t.failed(err)
		}
	}
	return put, nil
}

func (t *transaction) putCustomer(c *storage.Customer, put *storage.CustomersPut) error {
	row, err := t.q.GetCustomer(uncancelled(t.ctx), customerKeyParams(c.CustomerKey))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		put.Inserted++
		return t.q.InsertCustomer(uncancelled(t.ctx), insertCustomerParams(c))
	case err != nil:
		return err
	case len(c.ContentMAC) > 0 && bytes.Equal(row.ContentMac, c.ContentMAC):
		put.Unchanged++
		return nil
	}
	put.Updated++
	return t.q.UpdateCustomer(uncancelled(t.ctx), updateCustomerParams(row.ID, c))
}

// UpdateCustomer implements storage.CustomersTx.
func (t *transaction) UpdateCustomer(key walletport.CustomerKey, change func(storage.Customer) (storage.Customer, error)) error {
	row, err := t.q.GetCustomer(uncancelled(t.ctx), customerKeyParams(key))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return walletport.ErrCustomerNotFound()
	case err != nil:
		return t.failed(err)
	}
	customer, err := storage.ChangeCustomer(customerFrom(&row), change)
	if err != nil {
		return err
	}
	if err := t.q.UpdateCustomer(uncancelled(t.ctx), updateCustomerParams(row.ID, &customer)); err != nil {
		return t.failed(err)
	}
	return nil
}

func customerKeyParams(key walletport.CustomerKey) sqlitedb.GetCustomerParams {
	return sqlitedb.GetCustomerParams{CustomerID: key.Number, Issuer: string(key.Issuer)}
}

func insertCustomerParams(c *storage.Customer) sqlitedb.InsertCustomerParams {
	return sqlitedb.InsertCustomerParams{
		Issuer:     string(c.Issuer),
		CustomerID: c.Number,
		Forgotten:  flag(c.IsForgotten),
		Sealed:     notNull(c.Sealed),
		WrappedKey: notNull(c.WrappedKey),
		Kek:        c.KEK,
		ContentMac: notNull(c.ContentMAC),
		UpdatedMs:  c.UpdatedAt.UnixMilli(),
	}
}

func updateCustomerParams(id int64, c *storage.Customer) sqlitedb.UpdateCustomerParams {
	return sqlitedb.UpdateCustomerParams{
		ID:         id,
		Forgotten:  flag(c.IsForgotten),
		Sealed:     notNull(c.Sealed),
		WrappedKey: notNull(c.WrappedKey),
		Kek:        c.KEK,
		ContentMac: notNull(c.ContentMAC),
		UpdatedMs:  c.UpdatedAt.UnixMilli(),
	}
}

func customerFrom(r *sqlitedb.Customer) storage.Customer {
	return storage.Customer{
		CustomerSummary: walletport.CustomerSummary{
			ID:          walletport.CustomerID(r.ID),
			CustomerKey: walletport.CustomerKey{Issuer: walletport.IssuerID(r.Issuer), Number: r.CustomerID},
			IsForgotten: r.Forgotten != 0,
		},
		Sealed:     r.Sealed,
		WrappedKey: r.WrappedKey,
		KEK:        r.Kek,
		ContentMAC: r.ContentMac,
		UpdatedAt:  timeFrom(r.UpdatedMs),
	}
}

// flag is a column that says yes or no.
func flag(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
