package vault

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// FindCustomer returns the sealed customer, or CodeNotFound, reason customer_not_found, also
// for one who was forgotten.
func (v *Vault) FindCustomer(ctx context.Context, key walletport.CustomerKey) (storage.Customer, error) {
	row, err := v.Customers.Customer(ctx, key)
	if err == nil && row.IsForgotten {
		return storage.Customer{}, walletport.ErrCustomerNotFound()
	}
	return row, err
}

// BorrowCustomer opens a customer for the time of use and wipes it afterwards, also when use
// panics. use must keep none of its texts.
//
// A row that was not written as it stands is CodeInternal, reason customer_damaged. A
// key-encryption key that is not in the catalogue is CodeUnavailable, reason
// key_unavailable; a forgotten customer is CodeNotFound, reason customer_not_found. Errors
// of use are returned as they are.
func (v *Vault) BorrowCustomer(ctx context.Context, row storage.Customer, use func(*walletport.Customer) error) error {
	if err := ctx.Err(); err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	c, err := v.openCustomer(&row)
	if err != nil {
		return err
	}
	defer c.Wipe()
	return use(c)
}

// openCustomer opens a row, also one that was sealed with a key that another process has
// made since this one last looked.
func (v *Vault) openCustomer(row *storage.Customer) (*walletport.Customer, error) {
	return openWith(v, func(ring *keys.Ring) (*walletport.Customer, error) { return openCustomer(ring, row) })
}

// PutCustomers seals customers and stores them whole, in a transaction of the caller's, who
// has the record of it in the same one. See SealCustomer and storage.CustomersTx. One who
// was forgotten comes back by it.
func (v *Vault) PutCustomers(tx storage.CustomersTx, customers ...walletport.Customer) (storage.CustomersPut, error) {
	rows, err := v.sealCustomers(customers)
	if err != nil {
		return storage.CustomersPut{}, err
	}
	return tx.PutCustomers(rows)
}

func (v *Vault) sealCustomers(customers []walletport.Customer) ([]storage.Customer, error) {
	rows := make([]storage.Customer, len(customers))
	for i := range customers {
		var err error
		if rows[i], err = v.SealCustomer(customers[i]); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// CustomerChanges are what ChangeCustomer gives a customer, see Customer.SetValues: a field
// that is not there stays as it is, and one without values is emptied. The caller wipes
// the values.
type CustomerChanges map[walletport.CustomerField][]walletport.Private

// ChangedCustomer is what a change makes of a customer.
type ChangedCustomer struct {
	walletport.CustomerSummary
	Fields []string // names of what changes, in the order of the fields; "all" of one who is forgotten
}

// AdmitCustomer is told of the customer who is about to be changed, as Admit is of a card.
type AdmitCustomer func(walletport.CustomerSummary) error

// ChangeCustomer changes a customer, in a transaction of the caller's. The row is opened and
// sealed again, so one that was not as it was stored is not made good by it. A change that
// changes nothing leaves the row as it is, and the answer names no fields.
//
// Errors: CodeNotFound, customer_not_found, also of one who was forgotten; CodeInvalid,
// customer_invalid, with those of the given fields that break a rule; CodeInternal,
// customer_damaged; CodeUnavailable, key_unavailable; those of admit and of tx.
func (v *Vault) ChangeCustomer(tx storage.CustomersTx, key walletport.CustomerKey, changes CustomerChanges, admit AdmitCustomer) (ChangedCustomer, error) {
	return updateCustomer(tx, key, admit, v.withValues(changes))
}

// ForgetCustomer erases the personal data of a customer, in a transaction of the caller's,
// and keeps that there was one: issuer, number, the id of the row and the time. It needs no
// key that opens the row, so it erases a damaged one too, but the key of the index that new
// rows get. What is done cannot be undone. One who was forgotten before stays so, and the
// answer names no fields.
//
// What the engine keeps of erased bytes outside of its tables is told by storage.Eraser.
func (v *Vault) ForgetCustomer(tx storage.CustomersTx, key walletport.CustomerKey, admit AdmitCustomer) (ChangedCustomer, error) {
	return updateCustomer(tx, key, admit, v.withoutCustomer())
}

// customerRewriting makes a row of the one that is stored, and says what it changes.
type customerRewriting func(storage.Customer) (storage.Customer, ChangedCustomer, error)

func updateCustomer(tx storage.CustomersTx, key walletport.CustomerKey, admit AdmitCustomer, rewrite customerRewriting) (ChangedCustomer, error) {
	var what ChangedCustomer
	err := tx.UpdateCustomer(key, func(old storage.Customer) (storage.Customer, error) {
		if admit != nil {
			if err := admit(old.CustomerSummary); err != nil {
				return storage.Customer{}, err
			}
		}
		var err error
		old, what, err = rewrite(old)
		return old, err
	})
	if err != nil {
		return ChangedCustomer{}, err
	}
	return what, nil
}

func (v *Vault) withValues(changes CustomerChanges) customerRewriting {
	return func(stored storage.Customer) (storage.Customer, ChangedCustomer, error) {
		c, err := v.openCustomer(&stored)
		if err != nil {
			return storage.Customer{}, ChangedCustomer{}, err
		}
		defer c.Wipe()
		what := ChangedCustomer{CustomerSummary: c.CustomerSummary}
		var next walletport.Customer
		if next, what.Fields, err = changes.onto(c); err != nil {
			return storage.Customer{}, ChangedCustomer{}, err
		}
		if len(what.Fields) == 0 {
			return stored, what, nil
		}
		row, err := v.SealCustomer(next)
		return row, what, err
	}
}

// onto returns the customer as the changes make it, which shares its texts with c, and the
// names of what changes.
func (changes CustomerChanges) onto(c *walletport.Customer) (next walletport.Customer, changed []string, err error) {
	next = *c
	if changed, err = setValues(&next, changes); err != nil {
		return walletport.Customer{}, nil, err
	}
	if faults := changes.among(next.Faults()); len(faults) > 0 {
		return walletport.Customer{}, nil, errCustomerInvalid(faults)
	}
	return next, changed, nil
}

// setValues gives c other values and returns the names of the fields that change by it.
func setValues(c *walletport.Customer, changes CustomerChanges) (changed []string, err error) {
	var faults []walletport.Field
	for f := range walletport.CustomerFieldCount {
		values, given := changes[f]
		if !given {
			continue
		}
		was := c.Values(f)
		if !c.SetValues(f, values) {
			faults = append(faults, walletport.Field{Name: f.String(), Reason: "must be one value, and a time a time"})
			continue
		}
		if !slices.EqualFunc(was, c.Values(f), walletport.Private.Equal) {
			changed = append(changed, f.String())
		}
	}
	if len(faults) > 0 {
		return nil, errCustomerInvalid(faults)
	}
	return changed, nil
}

// among returns the faults of fields that the changes give. What they do not say is not held
// against them, but that a consent is one whole.
func (changes CustomerChanges) among(faults []walletport.Field) []walletport.Field {
	_, version := changes[walletport.CustomerConsentVersion]
	_, presenter := changes[walletport.CustomerConsentPresenter]
	return slices.DeleteFunc(faults, func(fault walletport.Field) bool {
		name, _, _ := strings.Cut(fault.Name, "[")
		f, ok := walletport.CustomerFieldOf(name)
		_, given := changes[f]
		isOfConsent := f == walletport.CustomerConsentTime && (version || presenter)
		return !ok || !given && !isOfConsent
	})
}

func (v *Vault) withoutCustomer() customerRewriting {
	return func(stored storage.Customer) (storage.Customer, ChangedCustomer, error) {
		what := ChangedCustomer{CustomerSummary: stored.CustomerSummary}
		what.IsForgotten = true
		if stored.IsForgotten && v.CheckCustomer(stored) == nil {
			return stored, what, nil
		}
		now := v.Clock()
		index, err := v.newestRing().Select(keys.VaultIndex, stored.Issuer, "", now)
		if err != nil {
			return storage.Customer{}, ChangedCustomer{}, err
		}
		row := storage.Customer{CustomerSummary: what.CustomerSummary, UpdatedAt: time.UnixMilli(now.UnixMilli()).UTC()} // as it is stored
		row.ContentMAC = index.MAC.Sum(appendForgottenCustomer(nil, &row))
		what.Fields = []string{fieldAll}
		return row, what, nil
	}
}

// forgottenCustomerTag begins what the MAC of a forgotten customer covers.
const forgottenCustomerTag = "walletport forgotten customer v"

func appendForgottenCustomer(to []byte, row *storage.Customer) []byte {
	const version = 1
	to = appendTag(to, forgottenCustomerTag, version)
	to = appendField(to, string(row.Issuer))
	to = appendField(to, row.Number)
	return appendNumber(to, uint64(row.UpdatedAt.UnixMilli()))
}

// checkForgottenCustomer returns nil for the row of a forgotten customer as ForgetCustomer
// wrote it, or CodeInternal, reason customer_damaged.
func checkForgottenCustomer(ring *keys.Ring, row *storage.Customer) error {
	if !envelopeOfCustomer(row).isEmpty() {
		return errCustomerDamaged(row, "the customer is called forgotten, and there is more of it")
	}
	if !isMACOf(ring, row.ContentMAC, appendForgottenCustomer(nil, row)) {
		return errCustomerDamaged(row, "the customer is called forgotten, and nobody has forgotten it")
	}
	return nil
}

// CheckCustomer reports whether a row is as it was written: nil, or the errors of
// BorrowCustomer. The row of a forgotten customer is good too.
func (v *Vault) CheckCustomer(row storage.Customer) error {
	c, err := v.openCustomer(&row)
	if row.IsForgotten && walletport.CodeOf(err) == walletport.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	c.Wipe()
	return nil
}
