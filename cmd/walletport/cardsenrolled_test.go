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

// A card whose enrolment is being accepted while somebody takes it away is seen, though its
// customer had no row at Click to Pay before.
func TestNoCardIsTakenAwayWhoseEnrolmentIsBeingAccepted(t *testing.T) {
	for _, engine := range engines {
		url := engine.url(t)
		dir := customersFolder(t, url)
		cards := filepath.Join(dir, "cards.csv")
		must(t, os.WriteFile(cards, []byte("cardId,customerId,pan,expiryMonth,expiryYear\n1,5001,4000056655665556,12,2031\n2,5002,4000020951595032,12,2031\n"), 0o600))
		if code, stdout, stderr := runs(t, commandIn(dir, "cards import "+cards+" --issuer acme --config CONFIG")...); code != exitOK {
			t.Fatal(stdout, stderr)
		}
		store, err := server.OpenDatabase(t.Context(), config.Database{URL: url})
		must(t, err)
		defer store.Close()
		for i, command := range []string{"forget", "delete"} {
			t.Run(engine.name+"/"+command, func(t *testing.T) {
				card, ada := walletport.CardID(1+i), walletport.CustomerKey{Issuer: "acme", Number: fmt.Sprint(5001 + i)}
				row, err := store.Customer(t.Context(), ada)
				must(t, err)
				said := make(chan string, 1)
				must(t, store.Update(t.Context(), func(tx storage.Tx) error {
					err := tx.UpdateConsumer(storage.ConsumerKey{Customer: row.ID, BID: "B1"}, ada, func(c storage.Consumer) (storage.Consumer, error) {
						c.Cards = []storage.ConsumerCard{{ID: card, State: storage.CardAsked, Since: time.UnixMilli(1)}}
						return c, nil
					})
					go func() {
						code, stdout, stderr := runs(t, commandIn(dir, fmt.Sprintf("cards %s %d --yes --config CONFIG", command, card))...)
						said <- fmt.Sprint(code, stdout, stderr)
					}()
					time.Sleep(300 * time.Millisecond) // until it has looked at what is durable, or waits
					return err
				}))
				if text := <-said; !strings.Contains(text, "card_enrolled") {
					t.Errorf("cards %s: %s", command, text)
				}
				if stored, err := store.Card(t.Context(), card); err != nil || stored.Status != walletport.CardOK {
					t.Errorf("the card is %s (%v)", stored.Status, err)
				}
			})
		}
	}
}
