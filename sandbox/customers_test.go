package sandbox

import (
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// TestSampleCustomersHaveWhatClickToPayAsksFor, whichever of their cards is enrolled.
func TestSampleCustomersHaveWhatClickToPayAsksFor(t *testing.T) {
	known := map[walletport.CustomerKey]sampleCustomer{}
	for _, s := range sampleCustomers {
		c := s.customer()
		if faults := c.Faults(); len(faults) > 0 {
			t.Errorf("customer %s: %v", s.number, faults)
		}
		if !walletport.IsDigits([]byte(s.number)) || len(s.number) > 19 {
			t.Errorf("customer %s is not 1 to 19 digits", s.number)
		}
		if c.FirstName.IsZero() || c.LastName.IsZero() || len(c.Emails) == 0 || len(c.Phones) == 0 || c.Address.Line1.IsZero() || c.Address.City.IsZero() || c.Address.Country.IsZero() {
			t.Errorf("customer %s lacks something", s.number)
		}
		known[s.key()] = s
	}
	visas := map[string]int{}
	for _, s := range sampleCards {
		if _, ok := known[walletport.CustomerKey{Issuer: s.issuer, Number: s.customerID}]; !ok {
			t.Errorf("card %d is of customer %s of %s, who is no sample", s.id, s.customerID, s.issuer)
		}
		card, err := s.card()
		must(t, err)
		if card.Scheme == walletport.Visa && s.status == walletport.CardOK && !card.Expiry.ExpiredAt(time.Now()) {
			visas[s.customerID]++
		}
	}
	if visas["5003"] < 2 || visas["5001"] < 1 || visas["7001"] < 1 {
		t.Errorf("Visa cards by customer: %v, want two of one, and one of the other issuer", visas)
	}
}

// TestSampleCustomersStayAsTheyWere over a restart.
func TestSampleCustomersStayAsTheyWere(t *testing.T) {
	dir := t.TempDir()
	box, stop := startSandbox(t, dir)
	change := func(do func(storage.Tx) error) {
		t.Helper()
		must(t, box.Database.Update(t.Context(), do))
	}
	ada, grace := sampleCustomers[0].key(), sampleCustomers[1].key()
	change(func(tx storage.Tx) error {
		_, err := box.Vault.ForgetCustomer(tx, ada, nil)
		return err
	})
	change(func(tx storage.Tx) error {
		_, err := box.Vault.ChangeCustomer(tx, grace, map[walletport.CustomerField][]walletport.Private{walletport.CustomerLastName: {walletport.NewPrivate("Murray")}}, nil)
		return err
	})
	stop()
	box, _ = startSandbox(t, dir)
	row, err := box.Database.Customer(t.Context(), ada)
	if err != nil || !row.IsForgotten {
		t.Errorf("who was forgotten is %+v, %v", row.CustomerSummary, err)
	}
	row, err = box.Vault.FindCustomer(t.Context(), grace)
	must(t, err)
	must(t, box.Vault.BorrowCustomer(t.Context(), row, func(c *walletport.Customer) error {
		if string(c.LastName.Reveal()) != "Murray" {
			t.Error("who was changed is as before")
		}
		return nil
	}))
}
