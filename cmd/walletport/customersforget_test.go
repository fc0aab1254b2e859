package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

// A request that is being accepted while its customer is forgotten is seen, whether there was
// one before or this one makes the row of its consumer.
func TestNobodyIsForgottenWhoseEnrolmentIsBeingAccepted(t *testing.T) {
	for _, engine := range engines {
		url := engine.url(t)
		dir := customersFolder(t, url)
		store, err := server.OpenDatabase(t.Context(), config.Database{URL: url})
		must(t, err)
		defer store.Close()
		for i, c := range []struct {
			name  string
			known []string // BIDs of consumers that there are before
			bid   string   // that something is accepted for
			isOk  bool     // the customer is forgotten
		}{
			{"the first request of all", nil, "B1", false},
			{"the first with another BID", []string{"B2"}, "B1", false},
			{"one more", []string{"B1"}, "B1", false},
			{"with a BID that the settings no longer have", []string{"OLD"}, "OLD", false},
			{"nothing is accepted", []string{"B1"}, "", true},
		} {
			t.Run(engine.name+"/"+c.name, func(t *testing.T) {
				ada := walletport.CustomerKey{Issuer: "acme", Number: fmt.Sprint(5001 + i)}
				row, err := store.Customer(t.Context(), ada)
				must(t, err)
				accept := func(tx storage.Tx, bid string, open int) error {
					return tx.UpdateConsumer(storage.ConsumerKey{Customer: row.ID, BID: bid}, ada, func(c storage.Consumer) (storage.Consumer, error) {
						c.Open += open
						return c, nil
					})
				}
				for _, bid := range c.known {
					must(t, store.Update(t.Context(), func(tx storage.Tx) error { return accept(tx, bid, 0) }))
				}

				forgotten := make(chan string, 1)
				forget := func() {
					code, stdout, stderr := runs(t, commandIn(dir, "customers forget "+ada.Number+" --issuer acme --yes --config CONFIG")...)
					forgotten <- fmt.Sprint(code, stdout, stderr)
				}
				if c.bid == "" {
					forget()
				} else {
					must(t, store.Update(t.Context(), func(tx storage.Tx) error {
						if err := accept(tx, c.bid, 1); err != nil {
							return err
						}
						go forget()
						time.Sleep(300 * time.Millisecond) // until it has looked at what is durable, or waits
						return nil
					}))
				}
				said := <-forgotten
				if isOk := strings.HasPrefix(said, "0"); isOk != c.isOk || !isOk && !strings.Contains(said, "customer_enrolled") {
					t.Errorf("customers forget: %s", said)
				}
				row, err = store.Customer(t.Context(), ada)
				must(t, err)
				if row.IsForgotten != c.isOk {
					t.Errorf("forgotten: %t", row.IsForgotten)
				}
				consumers, err := store.ConsumersOf(t.Context(), []walletport.CustomerID{row.ID})
				must(t, err)
				if c.isOk && len(consumers) != len(c.known) {
					t.Errorf("%d consumers are left of a look at them", len(consumers))
				}
			})
		}
	}
}

// customersFolder makes a database with customers 5001 to 5005 of acme, and their keys.
func customersFolder(t *testing.T, url string) (dir string) {
	t.Helper()
	dir = operatorFolder(t, url)
	path := filepath.Join(dir, "walletport.yaml")
	settings, err := os.ReadFile(path)
	must(t, err)
	settings = append(settings, "clicktopay: {visa: {url: \"https://api.visa.invalid\", bids: {acme: [B1, B2]}}}\n"...)
	must(t, os.WriteFile(path, settings, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "customers.csv"), []byte("customerId,firstName\n5001,Ada\n5002,Ada\n5003,Ada\n5004,Ada\n5005,Ada\n"), 0o600))
	for _, command := range []string{
		"migrate --config CONFIG", "keys generate audit-checkpoint --activate --config CONFIG", "keys generate vault-kek --activate --config CONFIG",
		"keys generate vault-index --activate --config CONFIG", "customers import " + filepath.Join(dir, "customers.csv") + " --issuer acme --config CONFIG",
	} {
		if code, stdout, stderr := runs(t, commandIn(dir, command)...); code != exitOK {
			t.Fatalf("%s: %s%s", command, stdout, stderr)
		}
	}
	return dir
}
