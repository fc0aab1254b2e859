package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

type customersCommand struct {
	Import customersImportCommand `cmd:"" help:"Store the customers of a CSV or JSON Lines file, or changes of stored ones."`
	Show   customersShowCommand   `cmd:"" help:"Show one customer, masked."`
	Forget customersForgetCommand `cmd:"" help:"Erase what is personal of one customer, and keep that there was one."`
}

func (customersCommand) Help() string {
	return `Customers are found by the issuer's number of them, which their cards have as customerId. docs/customers.md tells more.

Examples:
  walletport customers import customers.csv --issuer acme --config walletport.yaml
  walletport customers show 5001 --issuer acme --config walletport.yaml
  walletport customers forget 5001 --issuer acme --yes --config walletport.yaml`
}

// oneCustomer says which customer a command is about.
type oneCustomer struct {
	Number string `arg:"" help:"The issuer's customer number."`
	Issuer string `help:"The customer's issuer." required:""`
	JSON   bool   `help:"Print JSON."`
	location
}

// key returns whom the command is about. What no customer can have is not repeated: it may
// be a card number.
func (c oneCustomer) key() (walletport.CustomerKey, error) {
	if rule := walletport.CustomerNumberRule(c.Number); rule != "" {
		return walletport.CustomerKey{}, usagef("the customer number %s", rule)
	}
	issuer, err := issuerOf(c.Issuer)
	if err != nil {
		return walletport.CustomerKey{}, err
	}
	return walletport.CustomerKey{Issuer: issuer, Number: c.Number}, nil
}

type customersShowCommand struct{ oneCustomer }

func (customersShowCommand) Help() string {
	return `Shows initials, the last two digits of telephone numbers, the countries, and of the rest whether it is there. Ends with 1 if
the row is not as it was stored, or its key is not in the key store: then nothing of it is shown.

Examples:
  walletport customers show 5001 --issuer acme --config walletport.yaml
  walletport customers show 5001 --issuer acme --json --config walletport.yaml`
}

func (c customersShowCommand) Run(ctx context.Context, con console) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error { return c.show(ctx, con, o, key) })
}

// show shows what is stored, once it is in the audit trail that it was read.
func (c oneCustomer) show(ctx context.Context, con console, o *operator, key walletport.CustomerKey) error {
	asked := act.Request{Action: walletport.ActionCustomersRead, Facts: act.Facts{Issuer: key.Issuer}}
	asked.SetDetail(walletport.DetailCustomer, key.Number)
	var shown shownCustomer
	err := o.reading(ctx, asked, func(*act.Record) error {
		row, err := o.db.Customer(ctx, key)
		if err != nil {
			return err
		}
		shown, err = o.openShown(ctx, row)
		return err
	})
	if err != nil {
		return err
	}
	if err := shown.print(con, c.JSON); err != nil {
		return err
	}
	if shown.Check != checkOK {
		return errFault
	}
	return nil
}

// shownCustomer is what is shown of a row, and whether it is to be believed.
type shownCustomer struct {
	walletport.ShownCustomer
	Check string `json:"check"`
}

// openShown opens a row to show it. Of one that does not open, and of one who was
// forgotten, nothing but the key is shown.
func (o *operator) openShown(ctx context.Context, row storage.Customer) (shownCustomer, error) {
	v, err := o.vault()
	if err != nil {
		return shownCustomer{}, err
	}
	closed := walletport.Customer{CustomerSummary: row.CustomerSummary}
	shown := shownCustomer{closed.Shown(), checkOK}
	if row.IsForgotten {
		err = v.CheckCustomer(row)
	} else {
		err = v.BorrowCustomer(ctx, row, func(c *walletport.Customer) error {
			shown.ShownCustomer = c.Shown()
			return nil
		})
	}
	switch walletport.ReasonOf(err) {
	case "customer_damaged":
		shown.Check = checkAltered
		foreign, foreignErr := v.ForeignKEKs(ctx)
		if foreign[keys.ID(row.KEK)] { // a key store that is not theirs tells nothing of them
			shown.Check = checkNoKey
		}
		return shown, foreignErr
	case "key_unavailable":
		shown.Check = checkNoKey
		return shown, nil
	}
	return shown, err
}

func (c shownCustomer) print(con console, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(con.Out).Encode(c)
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	line := func(name, value string) {
		fmt.Fprintf(table, "%s\t%s\n", name, cmp.Or(value, "-"))
	}
	line("customerId", c.CustomerID)
	line("issuer", c.Issuer)
	line("check", c.Check)
	switch {
	case c.IsForgotten:
		line("forgotten", "yes")
		return table.Flush()
	case c.Check != checkOK:
		return table.Flush()
	}
	line("firstName", c.FirstName)
	line("middleName", c.MiddleName)
	line("lastName", c.LastName)
	line("emails", strings.Join(c.Emails, ", "))
	line("phones", strings.Join(c.Phones, ", "))
	line("locale", c.Locale)
	line("country", c.Country)
	for _, part := range []struct{ name, value string }{
		{"addressLine1", c.Address.Line1}, {"addressLine2", c.Address.Line2}, {"addressLine3", c.Address.Line3}, {"city", c.Address.City},
		{"state", c.Address.State}, {"postalCode", c.Address.PostalCode}, {"addressCountry", c.Address.Country},
	} {
		line(part.name, part.value)
	}
	line("consentVersion", c.Consent.Version)
	line("consentPresenter", c.Consent.Presenter)
	line("consentTime", c.Consent.At)
	line("appIds", strings.Join(c.AppIDs, ", "))
	return table.Flush()
}

type customersForgetCommand struct {
	oneCustomer
	Yes      bool `help:"Really erase it; without this, it is shown only."`
	Enrolled bool `help:"Even if the customer is enrolled for Click to Pay, where the scheme keeps what it has of them."`
}

func (customersForgetCommand) Help() string {
	return `Erases names, e-mail addresses, telephone numbers, address, consent and app ids for good, and keeps the issuer and the number,
with the audit trail. No import brings the customer back unless it is told to (--replace-forgotten). Cards of the customer
stay: cards forget erases those. What Visa has of an enrolled customer stays there, so end the enrolment first:
clicktopay opt-out. docs/customers.md says what stays in a database's files, replicas and backups.

Examples:
  walletport customers forget 5001 --issuer acme --config walletport.yaml
  walletport customers forget 5001 --issuer acme --yes --config walletport.yaml`
}

func (c customersForgetCommand) Run(ctx context.Context, con console) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		if !c.Yes {
			if err := c.show(ctx, con, o, key); err != nil && !errors.Is(err, errFault) { // a damaged row may be forgotten too
				return err
			}
			return usagef("say --yes to erase what is personal of this customer for good")
		}
		what, err := c.forget(ctx, o, key)
		if err != nil {
			return err
		}
		printed := c.printForgotten(con, what)
		var told error
		if c.Enrolled {
			told = o.tellForgottenIsEnrolled(ctx, con, key)
		}
		return errors.Join(printed, told, o.erase(ctx))
	})
}

func (c customersForgetCommand) forget(ctx context.Context, o *operator, key walletport.CustomerKey) (vault.ChangedCustomer, error) {
	v, err := o.vault()
	if err != nil {
		return vault.ChangedCustomer{}, err
	}
	asked := act.Request{AuditUser: osUser(), Facts: act.Facts{Issuer: key.Issuer}}
	wanted := vault.CustomerChanger{
		Vault: v, Audit: o.log, Admit: func(context.Context, walletport.CustomerSummary) error { return nil }, Within: o.refuseEnrolledCustomer(ctx, key),
	}
	if c.Enrolled {
		asked.SetDetail(walletport.DetailInsisted, insistedEnrolled)
		wanted.Within = nil
	}
	changer, err := vault.NewCustomerChanger(wanted)
	if err != nil {
		return vault.ChangedCustomer{}, err
	}
	return changer.Forget(ctx, asked, key)
}

func (c customersForgetCommand) printForgotten(con console, what vault.ChangedCustomer) error {
	if c.JSON {
		return json.NewEncoder(con.Out).Encode(map[string]any{"customerId": what.Number, "issuer": what.Issuer, "fields": orEmpty(what.Fields)})
	}
	said := "is forgotten"
	if len(what.Fields) == 0 {
		said = "was forgotten before: nothing to change"
	}
	_, err := fmt.Fprintf(con.Out, "customer %s of %s %s\n", what.Number, what.Issuer, said)
	return err
}
