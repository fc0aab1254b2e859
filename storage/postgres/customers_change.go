package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// customerRun is how many customers go to the database in one statement.
const customerRun = 1000

// ChangeCustomers implements storage.Customers.
func (s *Store) ChangeCustomers(ctx context.Context, batch storage.CustomerBatch) ([]walletport.CustomerKey, error) {
	if err := storage.CheckCustomerBatch(batch.List); err != nil || len(batch.List) == 0 {
		return nil, err
	}
	ordered := make([]*storage.CustomerChange, len(batch.List))
	for i := range batch.List {
		ordered[i] = &batch.List[i]
	}
	slices.SortFunc(ordered, func(a, b *storage.CustomerChange) int { // new ones have no id
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Number, b.Number))
	})
	var missed []walletport.CustomerKey
	err := s.retryLost(ctx, func() error {
		missed = nil
		return s.transact(ctx, func(q *pgdb.Queries) error {
			for run := range slices.Chunk(ordered, customerRun) {
				keys, err := changeCustomers(ctx, q, run)
				if err != nil {
					return err
				}
				missed = append(missed, keys...)
			}
			return endBatch(ctx, q, batch.Mark, len(missed))
		})
	})
	if err != nil && !errors.Is(err, errMissed) {
		return nil, err
	}
	return missed, nil
}

// changeCustomers makes the changes that can be made and returns the keys of the others.
func changeCustomers(ctx context.Context, q *pgdb.Queries, run []*storage.CustomerChange) ([]walletport.CustomerKey, error) {
	var added, replaced []storage.Customer
	var replaces [][]byte
	for _, c := range run {
		if len(c.Replaces) == 0 {
			added = append(added, c.Customer)
			continue
		}
		replaced = append(replaced, c.Customer)
		replaces = append(replaces, c.Replaces)
	}
	made := make(map[walletport.CustomerKey]struct{}, len(run))
	note := func(issuer, number string) {
		made[walletport.CustomerKey{Issuer: walletport.IssuerID(issuer), Number: number}] = struct{}{}
	}
	if len(replaced) > 0 {
		p := replaceCustomerParams(replaced, replaces)
		if _, err := q.LockCustomers(ctx, p.Ids); err != nil { // an update alone takes its rows in any order
			return nil, err
		}
		rows, err := q.ReplaceCustomers(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			note(row.Issuer, row.CustomerID)
		}
	}
	if len(added) > 0 {
		rows, err := q.AddCustomers(ctx, pgdb.AddCustomersParams(upsertCustomerParams(added)))
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			note(row.Issuer, row.CustomerID)
		}
	}
	if len(made) == len(run) {
		return nil, nil
	}
	return missedCustomers(ctx, q, run, made)
}

// missedCustomers tells, of the changes that were not made, those that stand already from
// those whose row is another one.
func missedCustomers(ctx context.Context, q *pgdb.Queries, run []*storage.CustomerChange, made map[walletport.CustomerKey]struct{}) ([]walletport.CustomerKey, error) {
	var open []*storage.CustomerChange
	for _, c := range run {
		if _, ok := made[c.CustomerKey]; !ok {
			open = append(open, c)
		}
	}
	rows, err := q.GetCustomers(ctx, getCustomersParams(column(open, func(c *storage.CustomerChange) walletport.CustomerKey { return c.CustomerKey })))
	if err != nil {
		return nil, err
	}
	stands := make(map[walletport.CustomerKey][]byte, len(rows))
	for _, row := range rows {
		stands[walletport.CustomerKey{Issuer: walletport.IssuerID(row.Issuer), Number: row.CustomerID}] = row.ContentMac
	}
	var missed []walletport.CustomerKey
	for _, c := range open {
		if len(c.ContentMAC) == 0 || !bytes.Equal(stands[c.CustomerKey], c.ContentMAC) {
			missed = append(missed, c.CustomerKey)
		}
	}
	return missed, nil
}

func replaceCustomerParams(customers []storage.Customer, replaces [][]byte) pgdb.ReplaceCustomersParams {
	p := upsertCustomerParams(customers)
	return pgdb.ReplaceCustomersParams{
		Ids:         column(customers, func(c storage.Customer) int64 { return int64(c.ID) }),
		Forgotten:   p.Forgotten,
		Sealed:      p.Sealed,
		WrappedKeys: p.WrappedKeys,
		Keks:        p.Keks,
		ContentMacs: p.ContentMacs,
		UpdatedMs:   p.UpdatedMs,
		Replaces:    replaces,
	}
}
