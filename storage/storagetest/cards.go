package storagetest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testCards(t *testing.T, database NewDatabase) {
	withStore(t, database, "a card comes back as it was put", testCardRoundTrip)
	withStore(t, database, "an unknown card is not found", func(t *testing.T, s storage.Store) {
		_, err := s.Card(t.Context(), 404)
		wantError(t, "Card", err, walletport.CodeNotFound, "card_not_found")
	})
	withStore(t, database, "a second put inserts, updates and leaves alone", testPutAgain)
	withStore(t, database, "cards without a content MAC always count as changed", func(t *testing.T, s storage.Store) {
		c := card(1, 0)
		c.ContentMAC = nil
		mustPut(t, s, c)
		wantEqual(t, "second put", mustPut(t, s, c), storage.PutResult{Updated: 1})
	})
	withStore(t, database, "of two cards of one id in one call the later stands", testPutRepeated)
	withStore(t, database, "a card id of another issuer is refused and listed", testPutOtherIssuer)
	withStore(t, database, "putting nothing does nothing", func(t *testing.T, s storage.Store) {
		wantEqual(t, "PutCards", mustPut(t, s), storage.PutResult{})
	})
	withStore(t, database, "pages come in id order and end", testCardPages)
	withStore(t, database, "cards of several ids come together", testCardsByID)
	withStore(t, database, "cards of one PAN come in id order", testCardsByPAN)
	withStore(t, database, "cards are found by customer and by last four", testSearch)
	withStore(t, database, "what was deleted is erased, and nothing else", testErase)
	withStore(t, database, "issuers and keys in use are named once", testCardColumns)
	withStore(t, database, "a re-wrap replaces only the key it knows", testRewrap)
	withStore(t, database, "a re-wrap works its list off", testRewrapAll)
	testCardChanges(t, database)
	withStore(t, database, "text that no engine can keep is refused", func(t *testing.T, s storage.Store) {
		for _, text := range []string{"zero \x00", "broken \xff"} {
			c := card(1, 0)
			c.CustomerID = text
			_, err := s.PutCards(t.Context(), []storage.Card{c})
			wantError(t, "PutCards", err, walletport.CodeInvalid, "text_malformed")
		}
	})
}

func testCardRoundTrip(t *testing.T, s storage.Store) {
	odd := card(7, 3)
	odd.CustomerID = "Zoë 客戶 \U0001F4B3 'quoted' \\x"
	odd.Product = ""
	odd.Issuer = "bänk"
	odd.Scheme = walletport.Visa
	odd.Status = walletport.CardClosedDueToFraud
	empty := storage.Card{CardSummary: walletport.CardSummary{ID: 8}, UpdatedAt: at(0)}
	lowest, highest := card(math.MinInt64, 1), card(math.MaxInt64, 2)
	apple := card(-6, 4)
	for _, want := range []storage.Card{odd, empty, lowest, highest, apple} {
		mustPut(t, s, want)
		got, err := s.Card(t.Context(), want.ID)
		if err != nil {
			t.Fatalf("Card(%v): %v", want.ID, err)
		}
		wantEqual(t, "card", got, want)
	}
	ignored := card(9, 0)
	ignored.UpdatedAt = at(5).Add(999_999) // nanoseconds
	mustPut(t, s, ignored)
	got := must(s.Card(t.Context(), 9))(t, "Card")
	wantEqual(t, "time, cut to milliseconds", got.UpdatedAt, at(5))
}

func testPutAgain(t *testing.T, s storage.Store) {
	wantEqual(t, "first put", mustPut(t, s, card(1, 0), card(2, 0)), storage.PutResult{Inserted: 2})

	resealed := card(1, 0)
	resealed.Sealed, resealed.WrappedKey, resealed.UpdatedAt = []byte("other"), []byte("other"), at(99)
	result := mustPut(t, s, card(3, 0), resealed, card(2, 1))
	wantEqual(t, "second put", result, storage.PutResult{Inserted: 1, Updated: 1, Unchanged: 1})

	for _, want := range []storage.Card{card(1, 0), card(2, 1), card(3, 0)} {
		got := must(s.Card(t.Context(), want.ID))(t, "Card")
		wantEqual(t, "card", got, want)
	}
}

func testPutRepeated(t *testing.T, s storage.Store) {
	result := mustPut(t, s, card(1, 0), card(2, 0), card(1, 1), card(1, 1), card(2, 0))
	wantEqual(t, "PutCards", result, storage.PutResult{Inserted: 2, Updated: 1, Unchanged: 2})
	wantEqual(t, "card 1", must(s.Card(t.Context(), 1))(t, "Card"), card(1, 1))
}

func testPutOtherIssuer(t *testing.T, s storage.Store) {
	mustPut(t, s, card(1, 0), card(2, 0), card(3, 0))
	foreign := func(id walletport.CardID) storage.Card {
		c := card(id, 1)
		c.Issuer = "second-bank"
		return c
	}
	result := mustPut(t, s, foreign(3), card(1, 0), foreign(4), foreign(1), card(2, 1))
	wantEqual(t, "PutCards", result, storage.PutResult{
		Inserted: 1, Updated: 1, Unchanged: 1, OtherIssuer: []walletport.CardID{3, 1},
	})
	wantEqual(t, "card 1", must(s.Card(t.Context(), 1))(t, "Card"), card(1, 0))
	wantEqual(t, "card 3", must(s.Card(t.Context(), 3))(t, "Card"), card(3, 0))

	sameContent := card(2, 1)
	sameContent.Issuer = "second-bank"
	result = mustPut(t, s, sameContent)
	wantEqual(t, "same content, other issuer", result, storage.PutResult{OtherIssuer: []walletport.CardID{2}})
}

func testCardPages(t *testing.T, s storage.Store) {
	all := cards(-2, 9)
	for i := range all {
		if i%3 == 0 {
			all[i].Issuer = "second-bank"
		}
	}
	mustPut(t, s, all[6:]...)
	mustPut(t, s, all[:6]...)
	pages := []struct {
		issuer walletport.IssuerID
		after  walletport.CardID
		limit  int
		want   []walletport.CardID
	}{
		{"", math.MinInt64, 3, []walletport.CardID{-2, -1, 0}},
		{"", 0, 100, []walletport.CardID{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"", 9, 100, nil},
		{"", 0, 0, nil},
		{"", 0, -1, nil},
		{"second-bank", math.MinInt64, 2, []walletport.CardID{-2, 1}},
		{"second-bank", 1, 2, []walletport.CardID{4, 7}},
		{"first-bank", 5, 10, []walletport.CardID{6, 8, 9}},
		{"no-bank", math.MinInt64, 10, nil},
	}
	for _, p := range pages {
		got := must(s.CardsAfter(t.Context(), p.issuer, p.after, p.limit))(t, "CardsAfter")
		wantEqual(t, "ids", ids(got), p.want)
	}
	page := must(s.CardsAfter(t.Context(), "", 8, 1))(t, "CardsAfter")
	wantEqual(t, "a listed card is whole", page, all[11:])
}

func testCardsByID(t *testing.T, s storage.Store) {
	lowest, highest := card(math.MinInt64, 1), card(math.MaxInt64, 2)
	all := append(cards(-6, 40), highest)
	all = append([]storage.Card{lowest}, all...)
	mustPut(t, s, all...)
	for _, c := range []struct {
		name string
		ids  []walletport.CardID
		want []storage.Card
	}{
		{"no id", nil, []storage.Card{}},
		{"one", []walletport.CardID{-6}, all[1:2]},
		{"one that is unknown", []walletport.CardID{404}, []storage.Card{}},
		{"known and unknown, in no order", []walletport.CardID{404, -5, math.MaxInt64, -6, math.MinInt64, 405}, []storage.Card{lowest, all[1], all[2], highest}},
		{"all", ids(all), all},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := must(s.CardsByID(t.Context(), c.ids))(t, "CardsByID")
			slices.SortFunc(got, func(a, b storage.Card) int { return cmp.Compare(a.ID, b.ID) })
			wantEqual(t, "cards", got, c.want)
		})
	}
	got := must(s.CardsByID(t.Context(), []walletport.CardID{1, 1}))(t, "CardsByID")
	if len(got) == 0 || got[0].ID != 1 || got[len(got)-1].ID != 1 {
		t.Errorf("an id named twice finds %v", ids(got))
	}
}

func testCardsByPAN(t *testing.T, s storage.Store) {
	old, renewed, other := card(20, 0), card(10, 0), card(15, 0)
	renewed.PANIndex = old.PANIndex
	mustPut(t, s, old, renewed, other)
	got := must(s.CardsByPANIndex(t.Context(), old.PANIndex))(t, "CardsByPANIndex")
	wantEqual(t, "cards", got, []storage.Card{renewed, old})
	got = must(s.CardsByPANIndex(t.Context(), []byte("unknown")))(t, "CardsByPANIndex")
	wantEqual(t, "cards of an unknown PAN", got, []storage.Card{})
}

func testCardColumns(t *testing.T, s storage.Store) {
	wantEqual(t, "issuers of no cards", must(s.CardIssuers(t.Context()))(t, "CardIssuers"), []walletport.IssuerID{})
	wantEqual(t, "keys of no cards", must(s.CardKEKs(t.Context()))(t, "CardKEKs"), []string{})
	all := cards(1, 30)
	for i := range all {
		all[i].Issuer = []walletport.IssuerID{"bank", "Bank", "bank-2", "ünïon"}[i%4]
		all[i].KEK = fmt.Sprintf("kek-v%d", i%3)
	}
	mustPut(t, s, all...)
	issuers := must(s.CardIssuers(t.Context()))(t, "CardIssuers")
	slices.Sort(issuers)
	wantEqual(t, "issuers", issuers, []walletport.IssuerID{"Bank", "bank", "bank-2", "ünïon"})
	keks := must(s.CardKEKs(t.Context()))(t, "CardKEKs")
	slices.Sort(keks)
	wantEqual(t, "keys", keks, []string{"kek-v0", "kek-v1", "kek-v2"})
}

func testRewrap(t *testing.T, s storage.Store) {
	mustPut(t, s, cards(1, 4)...)
	changes := []storage.CardRewrapping{
		{ID: 1, Old: card(1, 0).WrappedKey, New: []byte("new 1"), KEK: "kek/2"},
		{ID: 2, Old: []byte("stale"), New: []byte("new 2"), KEK: "kek/2"},
		{ID: 404, Old: []byte("none"), New: []byte("new 404"), KEK: "kek/2"},
		{ID: 3, Old: card(3, 0).WrappedKey, New: []byte("new 3"), KEK: "kek/2"},
		{ID: 3, Old: []byte("new 3"), New: []byte("newer 3"), KEK: "kek/3"},
	}
	replaced := must(s.Rewrap(t.Context(), changes))(t, "Rewrap")
	wantEqual(t, "replaced", replaced, 3)

	want := cards(1, 4)
	want[0].WrappedKey, want[0].KEK = []byte("new 1"), "kek/2"
	want[2].WrappedKey, want[2].KEK = []byte("newer 3"), "kek/3"
	got := must(s.CardsAfter(t.Context(), "", 0, 10))(t, "CardsAfter")
	wantEqual(t, "cards", got, want)

	replaced = must(s.Rewrap(t.Context(), nil))(t, "Rewrap of nothing")
	wantEqual(t, "replaced", replaced, 0)
}

func testRewrapAll(t *testing.T, s storage.Store) {
	mustPut(t, s, cards(1, 25)...)
	after, rounds := walletport.CardID(math.MinInt64), 0
	for {
		list := must(s.CardsWrappedBy(t.Context(), "kek/1", after, 10))(t, "CardsWrappedBy")
		if len(list) == 0 {
			break
		}
		rounds++
		var changes []storage.CardRewrapping
		for _, c := range list {
			changes = append(changes, storage.CardRewrapping{ID: c.ID, Old: c.WrappedKey, New: []byte("new"), KEK: "kek/2"})
			after = c.ID
		}
		wantEqual(t, "replaced", must(s.Rewrap(t.Context(), changes))(t, "Rewrap"), len(list))
	}
	wantEqual(t, "rounds", rounds, 3)
	done := must(s.CardsWrappedBy(t.Context(), "kek/2", 0, 100))(t, "CardsWrappedBy")
	wantEqual(t, "ids", ids(done), ids(cards(1, 25)))
}
