package storagetest

import (
	"math"
	"testing"

	"github.com/walletport/walletport/storage"
)

func testSearch(t *testing.T, s storage.Store) {
	all := cards(1, 9)
	for i := range all {
		all[i].CustomerID, all[i].LastFour = []string{"5001", "5002", ""}[i%3], []string{"1471", "0492", ""}[i%3]
		if i >= 6 {
			all[i].Issuer = "second-bank"
		}
	}
	mustPut(t, s, all...)
	for _, c := range []struct {
		name     string
		customer string
		lastFour string
		page     storage.CardPage
		want     []storage.Card
	}{
		{"all of them, in id order", "5001", "1471", storage.CardPage{After: math.MinInt64, Limit: 10}, []storage.Card{all[0], all[3], all[6]}},
		{"those of an issuer", "5002", "0492", storage.CardPage{Issuer: "second-bank", After: math.MinInt64, Limit: 10}, []storage.Card{all[7]}},
		{"a page", "5001", "1471", storage.CardPage{After: all[0].ID, Limit: 1}, []storage.Card{all[3]}},
		{"an issuer without any", "5001", "1471", storage.CardPage{Issuer: "none", Limit: 10}, []storage.Card{}},
		{"a text that none has", "50", "14", storage.CardPage{Limit: 10}, []storage.Card{}},
		{"a limit below 0", "5001", "1471", storage.CardPage{Limit: -1}, []storage.Card{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantEqual(t, "CardsByCustomer", must(s.CardsByCustomer(t.Context(), c.customer, c.page))(t, "CardsByCustomer"), c.want)
			wantEqual(t, "CardsByLastFour", must(s.CardsByLastFour(t.Context(), c.lastFour, c.page))(t, "CardsByLastFour"), c.want)
		})
	}
}

// testErase proves that nothing is lost by it: what stands stays.
func testErase(t *testing.T, s storage.Store) {
	mustPut(t, s, card(1, 0), card(2, 0))
	if err := s.Erase(t.Context()); err != nil {
		t.Fatalf("Erase: %v", err)
	}
	mustPut(t, s, card(2, 1))
	for _, want := range []storage.Card{card(1, 0), card(2, 1)} {
		wantEqual(t, "card", must(s.Card(t.Context(), want.ID))(t, "Card"), want)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
}
