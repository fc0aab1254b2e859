package vault

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault/customerfile"
	"github.com/walletport/walletport/vault/rowfile"
)

// MaxCustomersTogether is how many customers an import stores all or none of. They wait
// sealed in memory, some 1.2 kB each.
const MaxCustomersTogether = 100_000

// ImportCustomers is Import of customers, by their issuer and number. What a row does not say
// stays as it is stored, an empty text or list says nothing, and a JSON null empties what is
// not the key. An import with AllOrNothing takes MaxCustomersTogether rows.
//
// Errors of the whole import are those of Import.
func (v *Vault) ImportCustomers(ctx context.Context, r io.Reader, o ImportOptions) (ImportReport, error) {
	rules := intakeRules{o, customerfile.Schema, 0, "customers"}
	if o.AllOrNothing {
		rules.maxRows = MaxCustomersTogether
	}
	return runIntake(ctx, v, r, rules, &customerIntake{vault: v, options: o})
}

type customerRow = row[walletport.CustomerKey, storage.CustomerChange]

// customerIntake is what an import does with customers.
type customerIntake struct {
	vault    *Vault
	options  ImportOptions
	together []storage.CustomerChange // those of an import with AllOrNothing, until its end
}

func (in *customerIntake) begin(context.Context) error { return nil }

func (in *customerIntake) end() error {
	in.together = nil
	return nil
}

func (in *customerIntake) announce(ctx context.Context, rows []customerRow) error {
	var changed []ChangedCustomer
	for i := range rows {
		if r := &rows[i]; !r.isNew {
			changed = append(changed, ChangedCustomer{CustomerSummary: r.change.CustomerSummary, Fields: r.fields})
		}
	}
	if in.options.ChangingCustomers == nil || len(changed) == 0 {
		return nil
	}
	return in.options.ChangingCustomers(ctx, changed)
}

func (in *customerIntake) store(ctx context.Context, rows []customerRow, mark *storage.ImportMark) ([]walletport.CustomerKey, error) {
	changes := make([]storage.CustomerChange, len(rows))
	for i := range rows {
		changes[i] = rows[i].change
	}
	if in.options.AllOrNothing {
		in.together = append(in.together, changes...)
		return nil, nil
	}
	return in.vault.Customers.ChangeCustomers(ctx, storage.CustomerBatch{List: changes, Mark: mark})
}

func (in *customerIntake) seenKey(key walletport.CustomerKey) seenKey {
	sum := sha256.Sum256([]byte(string(key.Issuer) + "\x00" + key.Number))
	return seenKey(sum[:len(seenKey{})])
}

// ahead does nothing: customers have no values in a table of their own.
func (in *customerIntake) ahead(context.Context, int64, func(context.Context) error) error {
	return nil
}

func (in *customerIntake) tidy(context.Context, refusals[walletport.CustomerKey], func(context.Context) error) error {
	return nil
}

func (in *customerIntake) commit(ctx context.Context) ([]walletport.CustomerKey, error) {
	return in.vault.Customers.ChangeCustomers(ctx, storage.CustomerBatch{List: in.together})
}

func (in *customerIntake) fault(rule string) []walletport.Field { return numberFault(rule) }

func (in *customerIntake) errConflict(first walletport.CustomerKey) error {
	return walletport.Errorf(walletport.CodeConflict, "import_conflict",
		"nothing is stored, for somebody else changed customers meanwhile, customer %s first: import the file again", first.Number)
}

func (in *customerIntake) count(*customerRow, *ImportReport) {}

// customerClerk makes the rows of customers.
type customerClerk struct {
	in      *customerIntake
	issuers issuerReader
	ring    *keys.Ring
	stored  map[walletport.CustomerKey]storage.Customer
}

func (in *customerIntake) newClerk(ring *keys.Ring) clerk[walletport.CustomerKey, storage.CustomerChange] {
	return &customerClerk{in: in, ring: ring, issuers: in.options.issuers()}
}

func (k *customerClerk) wipe() {}

func (k *customerClerk) keyOf(rec *rowfile.Record) (walletport.CustomerKey, bool) {
	key, faults := k.readKey(rec)
	return key, len(faults) == 0
}

func (k *customerClerk) isSound(rec *rowfile.Record) bool {
	_, keyFaults := k.readKey(rec)
	changes, faults := readCustomer(rec)
	changes.wipe()
	return len(keyFaults)+len(faults) == 0
}

func (k *customerClerk) lookUp(ctx context.Context, about []walletport.CustomerKey) error {
	if len(about) == 0 {
		return nil
	}
	customers, err := k.in.vault.Customers.CustomersByKey(ctx, about)
	k.stored = make(map[walletport.CustomerKey]storage.Customer, len(customers))
	for _, c := range customers {
		k.stored[c.CustomerKey] = c
	}
	return err
}

func (k *customerClerk) make(rec *rowfile.Record) (customerRow, []walletport.Field, error) {
	key, faults := k.readKey(rec)
	changes, more := readCustomer(rec)
	defer changes.wipe()
	if faults = append(faults, more...); len(faults) > 0 {
		return customerRow{}, faults, nil
	}
	stored, isStored := k.stored[key]
	switch {
	case !isStored:
		return k.asNew(key, changes, &stored)
	case stored.IsForgotten:
		return k.forgottenCustomer(&stored, changes)
	}
	return k.ontoStored(&stored, changes)
}

// asNew makes a customer of what the row alone says, in the place of one who was forgotten
// or, if that is the zero row, of none.
func (k *customerClerk) asNew(key walletport.CustomerKey, changes CustomerChanges, replaces *storage.Customer) (customerRow, []walletport.Field, error) {
	if !changes.giveAnything() {
		return customerRow{}, numberFault("is of nobody who is stored, and the row says nothing of them"), nil
	}
	made := customerRow{key: key, isNew: replaces.ID == 0}
	c := walletport.Customer{CustomerSummary: walletport.CustomerSummary{CustomerKey: key}}
	if _, err := setValues(&c, changes); err != nil {
		return made, fieldsOf(err), nil
	}
	faults, err := k.sealInto(&made, &c, replaces)
	return made, faults, err
}

// forgottenCustomer makes a customer who comes back under the number of one who was
// forgotten.
func (k *customerClerk) forgottenCustomer(stored *storage.Customer, changes CustomerChanges) (customerRow, []walletport.Field, error) {
	if err := k.in.vault.CheckCustomer(*stored); err != nil {
		faults, err := openCustomerFault(err)
		return customerRow{}, faults, err
	}
	if !k.in.options.ReplaceForgotten {
		return customerRow{}, numberFault(ruleForgottenCustomer), nil
	}
	made, faults, err := k.asNew(stored.CustomerKey, changes, stored)
	made.fields = []string{fieldAll}
	return made, faults, err
}

// ontoStored makes what is to be stored of a customer of whom the row says changes.
func (k *customerClerk) ontoStored(stored *storage.Customer, changes CustomerChanges) (customerRow, []walletport.Field, error) {
	made := customerRow{key: stored.CustomerKey}
	c, err := k.in.vault.openCustomer(stored)
	if err != nil {
		faults, err := openCustomerFault(err)
		return made, faults, err
	}
	defer c.Wipe()
	next, fields, err := changes.onto(c)
	if err != nil || len(fields) == 0 {
		return made, fieldsOf(err), nil
	}
	made.fields = fields
	faults, err := k.sealInto(&made, &next, stored)
	return made, faults, err
}

// sealInto seals the customer in the place of the row that was read; the zero row is none.
// An issuer without a key has its rows refused; those of the others go on.
func (k *customerClerk) sealInto(made *customerRow, c *walletport.Customer, replaces *storage.Customer) ([]walletport.Field, error) {
	row, err := k.in.vault.sealCustomerBy(k.ring, c)
	switch {
	case walletport.ReasonOf(err) == reasonNoKey:
		return []walletport.Field{{Name: "issuer", Reason: ruleNoKey}}, nil
	case len(fieldsOf(err)) > 0:
		return fieldsOf(err), nil
	case err != nil:
		return nil, err
	}
	row.ID = replaces.ID
	made.change = storage.CustomerChange{Customer: row, Replaces: replaces.ContentMAC}
	return nil, nil
}

// ruleForgottenCustomer is of a row whose customer was erased on purpose: they must not come
// back by a file that is imported again.
const ruleForgottenCustomer = "is of a customer who was forgotten: nothing of them is kept. To store a customer of that number again, say --replace-forgotten"

// fieldsOf returns the fields that an error names.
func fieldsOf(err error) []walletport.Field {
	if e, ok := errors.AsType[*walletport.Error](err); ok {
		return e.Fields
	}
	return nil
}

func numberFault(rule string) []walletport.Field {
	return []walletport.Field{{Name: "customerId", Reason: rule}}
}

// openCustomerFault turns what a stored customer does not open for into the row's fault:
// other rows go on.
func openCustomerFault(err error) ([]walletport.Field, error) {
	switch walletport.ReasonOf(err) {
	case reasonCustomerDamaged:
		return numberFault("names a stored customer that was altered in the database, or does not open (customer_damaged): walletport vault verify tells more. Forget the customer, and import them whole with --replace-forgotten"), nil
	case reasonNoKey:
		return numberFault("names a stored customer whose key is not in the key store (key_unavailable)"), nil
	}
	return nil, err
}
