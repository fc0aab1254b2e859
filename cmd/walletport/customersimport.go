package main

import (
	"context"
	"io"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault"
)

type customersImportCommand struct {
	File   string `arg:"" help:"File of customers; - reads standard input."`
	Issuer string `help:"Issuer of all rows; without it, each row names its own (in a sandbox: rows that name none are the first issuer's)."`
	importFlags
}

func (customersImportCommand) Help() string {
	return `CSV has a header, JSON Lines an object a line: customerId, and if wanted issuer, firstName, middleName, lastName, emails, phones,
locale, country, addressLine1 to addressLine3, city, state, postalCode, addressCountry, consentVersion, consentPresenter,
consentTime, appIds. Lists have ';' between their values in CSV, and are arrays in JSON. What a row does not say of a stored
customer stays; docs/customers.md tells more.

Examples:
  walletport customers import customers.csv --issuer acme --dry-run --config walletport.yaml
  walletport customers import customers.jsonl --issuer acme --config walletport.yaml
  zcat customers.csv.gz | walletport customers import - --format csv --issuer acme --config walletport.yaml`
}

func (c customersImportCommand) Run(ctx context.Context, con console) error {
	return c.importRows(ctx, con, importing{
		action: walletport.ActionCustomersImport, of: "customers", issuer: c.Issuer, file: c.File,
		run: func(ctx context.Context, o *operator, in io.Reader, options vault.ImportOptions) (vault.ImportReport, error) {
			v, err := o.vault()
			if err != nil {
				return vault.ImportReport{}, err
			}
			options.ChangingCustomers = o.declareCustomers
			return v.ImportCustomers(ctx, in, options)
		},
	})
}

// declareCustomers records which customers an import is about to change, and which fields.
func (o *operator) declareCustomers(ctx context.Context, changed []vault.ChangedCustomer) error {
	records := make([]walletport.AuditRecord, len(changed))
	for i, customer := range changed {
		records[i] = startedRecord(ctx, walletport.ActionCustomersChange, customer.Issuer)
		records[i].SetDetail(walletport.DetailCustomer, customer.Number)
		records[i].SetDetail(walletport.DetailFields, strings.Join(customer.Fields, ","))
	}
	return o.declareChanges(ctx, records)
}
