package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// sampleCustomer is one of those whose cards every sandbox has. The people are no longer
// alive or made up, the telephone numbers are kept free for fiction (Ofcom, NANPA 555-01XX),
// and nobody has the e-mail addresses.
type sampleCustomer struct {
	issuer            walletport.IssuerID
	number            string
	first, last       string
	email, phone      string
	locale, country   string
	line, city, state string
	postalCode        string
}

// sampleCustomers has each customer of a sample card, with all that Click to Pay asks for.
var sampleCustomers = []sampleCustomer{
	{Issuer, "5001", "Ada", "Lovelace", "ada@mail.example", "447700900123", "en_GB", "GBR", "12 Example Street", "London", "", "N1 1AA"},
	{Issuer, "5002", "Grace", "Hopper", "grace@mail.example", "12025550152", "en_US", "USA", "1 Example Avenue", "Arlington", "VA", "22201"},
	{Issuer, "5003", "Mary", "Jackson", "mary@mail.example", "17575550103", "en_US", "USA", "3 Example Road", "Hampton", "VA", "23666"},
	{Issuer, "5100", "Apple", "Sandbox", "apple@mail.example", "14085550100", "en_US", "USA", "5 Example Loop", "Cupertino", "CA", "95014"},
	{otherIssuer, "7001", "Katherine", "Johnson", "katherine@mail.example", "13045550107", "en_US", "USA", "7 Example Lane", "Hampton", "VA", "23669"},
}

// consentedAt is when the sample customers agreed to what an issuer tells its own.
var consentedAt = time.Date(2026, time.January, 15, 9, 0, 0, 0, time.UTC)

func (s sampleCustomer) key() walletport.CustomerKey {
	return walletport.CustomerKey{Issuer: s.issuer, Number: s.number}
}

// customer returns the sample as the vault takes it.
func (s sampleCustomer) customer() walletport.Customer {
	private := walletport.NewPrivate[string]
	return walletport.Customer{
		CustomerSummary: walletport.CustomerSummary{CustomerKey: s.key()},
		FirstName:       private(s.first), LastName: private(s.last),
		Emails: []walletport.Private{private(s.email)}, Phones: []walletport.Private{private(s.phone)},
		Locale: private(s.locale), Country: private(s.country),
		Address: walletport.Address{
			Line1: private(s.line), City: private(s.city), State: private(s.state), PostalCode: private(s.postalCode), Country: private(s.country),
		},
		Consent: walletport.Consent{Version: private("2026-01"), Presenter: private("Walletport Sandbox"), At: consentedAt},
	}
}

// fillCustomers stores the sample customers: the folder of an older release has none. One
// who is there stays as they are, also if they were changed or forgotten.
func (b *Sandbox) fillCustomers(ctx context.Context) error {
	for _, sample := range sampleCustomers {
		if _, err := b.Database.Customer(ctx, sample.key()); err == nil {
			continue
		}
		customer := sample.customer()
		err := b.Database.Update(ctx, func(tx storage.Tx) error {
			_, err := b.Vault.PutCustomers(tx, customer)
			return err
		})
		customer.Wipe()
		if err != nil {
			return fmt.Errorf("sample customer %s of %s: %w", sample.number, sample.issuer, err)
		}
	}
	return nil
}
