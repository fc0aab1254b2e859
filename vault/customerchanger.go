package vault

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// CustomerChanger changes single customers for somebody. The change and the record of how it
// ended are one commit (act.DeclaredChange). Every field but Within is required. It is safe
// for concurrent use.
type CustomerChanger struct {
	Vault *Vault
	Audit act.ChangeTrail
	// Admit says whether who asks may store or change the customer; its error is the answer.
	// It is asked before a row is opened, and may be asked more than once.
	Admit func(ctx context.Context, customer walletport.CustomerSummary) error
	// Within is asked at the beginning of the transaction in which a stored customer is
	// changed or forgotten; its error is the answer. It may lock rows of other areas, and may
	// be asked more than once. nil asks nothing.
	Within func(tx storage.Tx) error
}

// NewCustomerChanger returns c, or an error that names each missing part.
func NewCustomerChanger(c CustomerChanger) (*CustomerChanger, error) {
	err := errors.Join(
		act.Missing(c.Vault == nil, "vault: Vault"), act.Missing(c.Audit == nil, "vault: Audit"), act.Missing(c.Admit == nil, "vault: Admit"))
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// Put is Vault.PutCustomers of one customer, for who asks. The record says whether the
// customer is new.
func (c *CustomerChanger) Put(ctx context.Context, asked act.Request, customer walletport.Customer) (put storage.CustomersPut, err error) {
	asked.Action = walletport.ActionCustomersChange
	var rows []storage.Customer
	trail := declared{c.Audit, func() {
		if err = c.Admit(ctx, customer.CustomerSummary); err == nil {
			rows, err = c.Vault.sealCustomers([]walletport.Customer{customer}) // custody may take its time
		}
	}}
	declaredErr := act.DeclaredChange(ctx, trail, named(asked, customer.CustomerKey), func(tx storage.Tx, record *act.Record) error {
		if err != nil {
			return err
		}
		var storeErr error
		put, storeErr = tx.PutCustomers(rows)
		record.Issuer = customer.Issuer
		record.SetDetail(walletport.DetailFields, fieldAll)
		return storeErr
	})
	if declaredErr != nil {
		return storage.CustomersPut{}, declaredErr
	}
	return put, nil
}

// Change is Vault.ChangeCustomer for who asks.
func (c *CustomerChanger) Change(ctx context.Context, asked act.Request, key walletport.CustomerKey, changes CustomerChanges) (ChangedCustomer, error) {
	asked.Action = walletport.ActionCustomersChange
	return c.change(ctx, asked, key, c.Vault.withValues(changes))
}

// Forget is Vault.ForgetCustomer for who asks.
func (c *CustomerChanger) Forget(ctx context.Context, asked act.Request, key walletport.CustomerKey) (ChangedCustomer, error) {
	asked.Action = walletport.ActionCustomersForget
	return c.change(ctx, asked, key, c.Vault.withoutCustomer())
}

func (c *CustomerChanger) change(ctx context.Context, asked act.Request, key walletport.CustomerKey, rewrite customerRewriting) (what ChangedCustomer, err error) {
	trail := declared{c.Audit, func() { rewrite = c.ahead(ctx, key, rewrite) }}
	err = act.DeclaredChange(ctx, trail, named(asked, key), func(tx storage.Tx, record *act.Record) error {
		if c.Within != nil {
			if err := c.Within(tx); err != nil {
				return err
			}
		}
		var err error
		what, err = updateCustomer(tx, key, func(customer walletport.CustomerSummary) error {
			if err := c.Admit(ctx, customer); err != nil {
				return err
			}
			record.Issuer = customer.Issuer
			return nil
		}, rewrite)
		record.SetDetail(walletport.DetailFields, strings.Join(what.Fields, ","))
		return err
	})
	if err != nil {
		return ChangedCustomer{}, err
	}
	return what, nil
}

// named is the request with the customer's number, if it is one: a card number in its place
// does not reach a record.
func named(asked act.Request, key walletport.CustomerKey) act.Request {
	if walletport.CustomerNumberRule(key.Number) == "" {
		asked.SetDetail(walletport.DetailCustomer, key.Number)
	}
	return asked
}

// ahead rewrites the row before the transaction, as Changer.ahead does a card's.
func (c *CustomerChanger) ahead(ctx context.Context, key walletport.CustomerKey, rewrite customerRewriting) customerRewriting {
	read, err := c.Vault.Customers.Customer(ctx, key)
	if err != nil || c.Admit(ctx, read.CustomerSummary) != nil {
		return rewrite
	}
	made, what, err := rewrite(read)
	if err != nil {
		return rewrite
	}
	return func(stored storage.Customer) (storage.Customer, ChangedCustomer, error) {
		if !isSameCustomer(&stored, &read) {
			return rewrite(stored)
		}
		return made, what, nil
	}
}

// isSameCustomer compares what a change is made of, as isSameRow does of cards.
func isSameCustomer(a, b *storage.Customer) bool {
	return a.CustomerSummary == b.CustomerSummary && bytes.Equal(a.ContentMAC, b.ContentMAC) && bytes.Equal(a.Sealed, b.Sealed) &&
		bytes.Equal(a.WrappedKey, b.WrappedKey)
}
