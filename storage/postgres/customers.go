package postgres

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// Customer implements storage.Customers.
func (s *Store) Customer(ctx context.Context, key walletport.CustomerKey) (storage.Customer, error) {
	if err := storage.CheckCustomerKey(key); err != nil {
		return storage.Customer{}, err
	}
	return s.customer(ctx, func() (pgdb.Customer, error) {
		return s.queries.GetCustomer(ctx, pgdb.GetCustomerParams{CustomerID: key.Number, Issuer: string(key.Issuer)})
	})
}

// CustomerByID implements storage.Customers.
func (s *Store) CustomerByID(ctx context.Context, id walletport.CustomerID) (storage.Customer, error) {
	return s.customer(ctx, func() (pgdb.Customer, error) { return s.queries.GetCustomerByID(ctx, int64(id)) })
}

func (s *Store) customer(ctx context.Context, get func() (pgdb.Customer, error)) (storage.Customer, error) {
	var customer storage.Customer
	err := s.retryLost(ctx, func() error {
		row, err := get()
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return walletport.ErrCustomerNotFound()
		case err != nil:
			return unavailable(ctx, err)
		}
		customer = customerFrom(&row)
		return nil
	})
	return customer, err
}

// CustomersByKey implements storage.Customers.
func (s *Store) CustomersByKey(ctx context.Context, keys []walletport.CustomerKey) ([]storage.Customer, error) {
	wanted := make(map[walletport.CustomerKey]struct{}, len(keys))
	for _, key := range keys {
		if storage.CheckCustomerKey(key) == nil {
			wanted[key] = struct{}{}
		}
	}
	p := getCustomersParams(slices.Collect(maps.Keys(wanted)))
	customers, err := s.customers(ctx, func() ([]pgdb.Customer, error) { return s.queries.GetCustomers(ctx, p) })
	return slices.DeleteFunc(customers, func(c storage.Customer) bool {
		_, isWanted := wanted[c.CustomerKey]
		return !isWanted
	}), err
}

// getCustomersParams are of a statement that finds these customers, and may find others.
func getCustomersParams(keys []walletport.CustomerKey) pgdb.GetCustomersParams {
	issuers := column(keys, func(key walletport.CustomerKey) string { return string(key.Issuer) })
	slices.Sort(issuers)
	return pgdb.GetCustomersParams{
		Issuers:     slices.Compact(issuers),
		CustomerIds: column(keys, func(key walletport.CustomerKey) string { return key.Number }),
	}
}

// CustomersAfter implements storage.Customers.
func (s *Store) CustomersAfter(ctx context.Context, issuer walletport.IssuerID, after walletport.CustomerID, limit int) ([]storage.Customer, error) {
	return s.customers(ctx, func() ([]pgdb.Customer, error) {
		if issuer == "" {
			return s.queries.ListCustomersAfter(ctx, pgdb.ListCustomersAfterParams{After: int64(after), MaxRows: rowLimit(limit)})
		}
		return s.queries.ListCustomersOfIssuer(ctx, pgdb.ListCustomersOfIssuerParams{Issuer: string(issuer), After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// CustomersWrappedBy implements storage.Customers.
func (s *Store) CustomersWrappedBy(ctx context.Context, kek string, after walletport.CustomerID, limit int) ([]storage.Customer, error) {
	return s.customers(ctx, func() ([]pgdb.Customer, error) {
		return s.queries.ListCustomersOfKEK(ctx, pgdb.ListCustomersOfKEKParams{Kek: kek, After: int64(after), MaxRows: rowLimit(limit)})
	})
}

func (s *Store) customers(ctx context.Context, list func() ([]pgdb.Customer, error)) ([]storage.Customer, error) {
	var customers []storage.Customer
	err := s.retryLost(ctx, func() error {
		rows, err := list()
		if err != nil {
			return unavailable(ctx, err)
		}
		customers = column(rows, func(r pgdb.Customer) storage.Customer { return customerFrom(&r) })
		return nil
	})
	return customers, err
}

// CustomerKEKs implements storage.Customers.
func (s *Store) CustomerKEKs(ctx context.Context) ([]string, error) {
	return distinct[string](ctx, s, s.queries.NextCustomerKEK)
}

// RewrapCustomers implements storage.Customers.
func (s *Store) RewrapCustomers(ctx context.Context, changes []storage.CustomerRewrapping) (int, error) {
	return rewrapAll(ctx, s, changes, func(q *pgdb.Queries, keys rewrappedKeys) (int64, error) {
		return q.RewrapCustomers(ctx, pgdb.RewrapCustomersParams(keys))
	})
}

// PutCustomers implements storage.CustomersTx. Rows come in the order of their keys, so that
// two transactions lock them in the same order.
func (t *transaction) PutCustomers(customers []storage.Customer) (storage.CustomersPut, error) {
	if err := storage.CheckCustomers(customers); err != nil || len(customers) == 0 {
		return storage.CustomersPut{}, err
	}
	ordered := slices.Clone(customers)
	slices.SortFunc(ordered, func(a, b storage.Customer) int {
		return cmp.Or(cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Number, b.Number))
	})
	written, err := t.q.UpsertCustomers(t.ctx, upsertCustomerParams(ordered))
	if err != nil {
		return storage.CustomersPut{}, t.failed(err)
	}
	put := storage.CustomersPut{Unchanged: len(customers) - len(written)}
	for _, inserted := range written {
		if inserted {
			put.Inserted++
		} else {
			put.Updated++
		}
	}
	return put, nil
}

// UpdateCustomer implements storage.CustomersTx.
func (t *transaction) UpdateCustomer(key walletport.CustomerKey, change func(storage.Customer) (storage.Customer, error)) error {
	if err := storage.CheckCustomerKey(key); err != nil {
		return err
	}
	row, err := t.q.GetCustomerForUpdate(t.ctx, pgdb.GetCustomerForUpdateParams{CustomerID: key.Number, Issuer: string(key.Issuer)})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return walletport.ErrCustomerNotFound()
	case err != nil:
		return t.failed(err)
	}
	customer, err := storage.ChangeCustomer(customerFrom(&row), change)
	if err != nil {
		return err
	}
	if err := t.q.UpdateCustomer(t.ctx, updateCustomerParams(&customer)); err != nil {
		return t.failed(err)
	}
	return nil
}

func upsertCustomerParams(customers []storage.Customer) pgdb.UpsertCustomersParams {
	return pgdb.UpsertCustomersParams{
		Issuers:     column(customers, func(c storage.Customer) string { return string(c.Issuer) }),
		CustomerIds: column(customers, func(c storage.Customer) string { return c.Number }),
		Forgotten:   column(customers, func(c storage.Customer) int64 { return flag(c.IsForgotten) }),
		Sealed:      column(customers, func(c storage.Customer) []byte { return notNull(c.Sealed) }),
		WrappedKeys: column(customers, func(c storage.Customer) []byte { return notNull(c.WrappedKey) }),
		Keks:        column(customers, func(c storage.Customer) string { return c.KEK }),
		ContentMacs: column(customers, func(c storage.Customer) []byte { return notNull(c.ContentMAC) }),
		UpdatedMs:   column(customers, func(c storage.Customer) int64 { return c.UpdatedAt.UnixMilli() }),
	}
}

func updateCustomerParams(c *storage.Customer) pgdb.UpdateCustomerParams {
	return pgdb.UpdateCustomerParams{
		ID:         int64(c.ID),
		Forgotten:  flag(c.IsForgotten),
		Sealed:     notNull(c.Sealed),
		WrappedKey: notNull(c.WrappedKey),
		Kek:        c.KEK,
		ContentMac: notNull(c.ContentMAC),
		UpdatedMs:  c.UpdatedAt.UnixMilli(),
	}
}

func customerFrom(r *pgdb.Customer) storage.Customer {
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
