package sqlite_test

import (
	"context"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// TestValuesOfStoredCardsAreNoMatterOfTheWriteLock: an import that has gone on asks of all its
// values whether their cards are stored. While it finds that out nobody waits for it.
func TestValuesOfStoredCardsAreNoMatterOfTheWriteLock(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	card := storage.Card{
		CardSummary: walletport.CardSummary{ID: 1, Issuer: "bank", CustomerID: "5001", LastFour: "1471"}, PANIndex: []byte("index"), ContentMAC: []byte("mac"),
	}
	if _, err := s.PutCards(t.Context(), []storage.Card{card}); err != nil {
		t.Fatal(err)
	}
	holder, err := s.WriteDB().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err = s.DropCardFinds(ctx, []storage.CardFind{
		{Attribute: storage.ByPANIndex, Value: card.PANIndex, ID: 1}, {Attribute: storage.ByCustomer, Value: []byte("5001"), ID: 1},
		{Attribute: storage.ByLastFour, Value: []byte("1471"), ID: 1}, {Attribute: storage.ByCustomer, Value: []byte("of nobody"), ID: 2},
	})
	if err != nil {
		t.Errorf("DropCardFinds beside somebody who writes: %v", err)
	}
}
