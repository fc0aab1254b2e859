package storagetest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testCardChanges(t *testing.T, database NewDatabase) {
	withStore(t, database, "a change is made only to what was read", testChangeCards)
	withStore(t, database, "a change that stands already counts as made", testChangeAgain)
	withStore(t, database, "changes are whole rows", testChangeWhole)
	withStore(t, database, "two changes of one card in a call are refused", func(t *testing.T, s storage.Store) {
		_, err := s.ChangeCards(t.Context(), []storage.CardChange{{Card: card(1, 0)}, {Card: card(1, 1)}}, nil)
		if walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("ChangeCards: %v, want an error of the code internal", err)
		}
		wantStored(t, s)
	})
	withStore(t, database, "text that no engine can keep is no change", func(t *testing.T, s storage.Store) {
		broken := storage.CardChange{Card: card(1, 0)}
		broken.Product = "zero \x00"
		_, err := s.ChangeCards(t.Context(), []storage.CardChange{broken}, nil)
		wantError(t, "ChangeCards", err, walletport.CodeInvalid, "text_malformed")
		together := must(s.BeginCardChanges(t.Context()))(t, "BeginCardChanges")
		defer mustEnd(t, together)
		wantError(t, "Add", together.Add(t.Context(), []storage.CardChange{broken}), walletport.CodeInvalid, "text_malformed")
	})
	withStore(t, database, "a deleted card is gone and can come again", testDeleteCard)
	withStore(t, database, "changes together are seen at the commit and not before", testTogether)
	withStore(t, database, "changes together that end uncommitted leave nothing", testTogetherEnded)
	withStore(t, database, "one row that somebody else changed undoes all of them", testTogetherMissed)
	withStore(t, database, "many missed rows are listed in part", testTogetherManyMissed)
	withStore(t, database, "no changes together change nothing", func(t *testing.T, s storage.Store) {
		together := must(s.BeginCardChanges(t.Context()))(t, "BeginCardChanges")
		defer mustEnd(t, together)
		wantEqual(t, "missed", must(together.Commit(t.Context()))(t, "Commit"), []walletport.CardID{})
	})
	withStore(t, database, "the trail goes on beside changes together", func(t *testing.T, s storage.Store) {
		together := must(s.BeginCardChanges(t.Context()))(t, "BeginCardChanges")
		defer mustEnd(t, together)
		mustAddChanges(t, together, storage.CardChange{Card: card(1, 0)})
		mustAppend(t, s, links("meanwhile", 2))
		wantEqual(t, "missed", must(together.Commit(t.Context()))(t, "Commit"), []walletport.CardID{})
		wantChain(t, s, 2)
	})
}

// replacing is the change of a card from one version to another.
func replacing(id walletport.CardID, was, becomes int) storage.CardChange {
	return storage.CardChange{Card: card(id, becomes), Replaces: card(id, was).ContentMAC}
}

func mustChange(t testing.TB, s storage.Store, changes ...storage.CardChange) []walletport.CardID {
	t.Helper()
	return must(s.ChangeCards(t.Context(), changes, nil))(t, "ChangeCards")
}

func mustAddChanges(t testing.TB, together storage.CardChanges, changes ...storage.CardChange) {
	t.Helper()
	if err := together.Add(t.Context(), changes); err != nil {
		t.Fatalf("Add: %v", err)
	}
}

func mustEnd(t testing.TB, together storage.CardChanges) {
	t.Helper()
	if err := together.End(); err != nil {
		t.Errorf("End: %v", err)
	}
}

// wantStored compares all cards, which come in id order.
func wantStored(t testing.TB, s storage.Store, want ...storage.Card) {
	t.Helper()
	got := must(s.CardsAfter(t.Context(), "", math.MinInt64, 10_000))(t, "CardsAfter")
	wantEqual(t, "stored cards", got, want)
}

func testChangeCards(t *testing.T, s storage.Store) {
	wantEqual(t, "nothing", mustChange(t, s), []walletport.CardID{})
	missed := mustChange(t, s, storage.CardChange{Card: card(3, 0)}, storage.CardChange{Card: card(1, 0)}, storage.CardChange{Card: card(2, 0)})
	wantEqual(t, "missed by new cards", missed, []walletport.CardID{})

	stale := replacing(2, 7, 1)
	absent := replacing(404, 0, 1)
	taken := storage.CardChange{Card: card(3, 1)}
	missed = mustChange(t, s, taken, replacing(1, 0, 1), absent, stale, storage.CardChange{Card: card(-4, 0)})
	slices.Sort(missed)
	wantEqual(t, "missed", missed, []walletport.CardID{2, 3, 404})
	wantStored(t, s, card(1, 0), card(2, 0), card(3, 0)) // and nothing is changed
	wantEqual(t, "missed", mustChange(t, s, replacing(1, 0, 1), storage.CardChange{Card: card(-4, 0)}), []walletport.CardID{})
	wantStored(t, s, card(-4, 0), card(1, 1), card(2, 0), card(3, 0))
}

func testChangeAgain(t *testing.T, s storage.Store) {
	changes := []storage.CardChange{{Card: card(1, 0)}, {Card: card(2, 0)}}
	mustChange(t, s, changes...)
	wantEqual(t, "missed by the same new cards", mustChange(t, s, changes...), []walletport.CardID{})
	changes = []storage.CardChange{replacing(1, 0, 1)}
	mustChange(t, s, changes...)
	wantEqual(t, "missed by the same change", mustChange(t, s, changes...), []walletport.CardID{})
	wantStored(t, s, card(1, 1), card(2, 0))
}

func testChangeWhole(t *testing.T, s storage.Store) {
	mustPut(t, s, card(1, 0))
	change := replacing(1, 0, 5)
	change.Scheme, change.Status, change.CustomerID = walletport.Visa, walletport.CardStolen, ""
	change.BIN, change.LastFour, change.KEK = "47611200", "0492", "kek/2"
	wantEqual(t, "missed", mustChange(t, s, change), []walletport.CardID{})
	wantStored(t, s, change.Card)
}

func testDeleteCard(t *testing.T, s storage.Store) {
	mustPut(t, s, card(1, 0), card(2, 0))
	deleteCard := func(tx storage.Tx) error { return tx.DeleteCard(1) }
	mustUpdate(t, s, deleteCard)
	wantStored(t, s, card(2, 0))
	wantError(t, "DeleteCard", s.Update(t.Context(), deleteCard), walletport.CodeNotFound, "card_not_found")
	wantEqual(t, "missed", mustChange(t, s, storage.CardChange{Card: card(1, 3)}), []walletport.CardID{})
	wantStored(t, s, card(1, 3), card(2, 0))
}

func testTogether(t *testing.T, s storage.Store) {
	mustPut(t, s, card(1, 0), card(2, 0))
	together := must(s.BeginCardChanges(t.Context()))(t, "BeginCardChanges")
	defer mustEnd(t, together)
	mustAddChanges(t, together, replacing(1, 0, 1), storage.CardChange{Card: card(3, 0)})
	mustAddChanges(t, together)
	mustAddChanges(t, together, storage.CardChange{Card: card(4, 0)})
	wantStored(t, s, card(1, 0), card(2, 0))
	wantEqual(t, "missed", must(together.Commit(t.Context()))(t, "Commit"), []walletport.CardID{})
	wantStored(t, s, card(1, 1), card(2, 0), card(3, 0), card(4, 0))
}

func testTogetherEnded(t *testing.T, s storage.Store) {
	mustPut(t, s, card(1, 0))
	together := must(s.BeginCardChanges(t.Context()))(t, "BeginCardChanges")
	mustAddChanges(t, together, replacing(1, 0, 1), storage.CardChange{Card: card(2, 0)})
	mustEnd(t, together)
	mustEnd(t, together)
	wantStored(t, s, card(1, 0))

	ctx, cancel := context.WithCancel(t.Context())
	together = must(s.BeginCardChanges(ctx))(t, "BeginCardChanges")
	mustAddChanges(t, together, replacing(1, 0, 1))
	cancel()
	_, err := together.Commit(ctx)
	wantContextError(t, "Commit", err)
	mustEnd(t, together)
	wantStored(t, s, card(1, 0))
	mustChange(t, s, replacing(1, 0, 2)) // no lock is left
	wantStored(t, s, card(1, 2))
}

func testTogetherMissed(t *testing.T, s storage.Store) {
	mustPut(t, s, cards(1, 3)...)
	for _, c := range []struct {
		name   string
		change storage.CardChange
		missed []walletport.CardID
	}{
		{"another content", replacing(2, 9, 1), []walletport.CardID{2}},
		{"no row", replacing(404, 0, 1), []walletport.CardID{404}},
		{"a row already", storage.CardChange{Card: card(3, 1)}, []walletport.CardID{3}},
		{"a change that stands", storage.CardChange{Card: card(3, 0)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			together := must(s.BeginCardChanges(t.Context()))(t, "BeginCardChanges")
			defer mustEnd(t, together)
			mustAddChanges(t, together, storage.CardChange{Card: card(10, 0)})
			mustAddChanges(t, together, c.change)
			mustAddChanges(t, together, storage.CardChange{Card: card(11, 0)})
			wantEqual(t, "missed", must(together.Commit(t.Context()))(t, "Commit"), c.missed)
			if c.missed != nil {
				wantStored(t, s, cards(1, 3)...)
				return
			}
			wantStored(t, s, append(cards(1, 3), cards(10, 11)...)...)
		})
	}
}

func testTogetherManyMissed(t *testing.T, s storage.Store) {
	mustPut(t, s, cards(1, 300)...)
	together := must(s.BeginCardChanges(t.Context()))(t, "BeginCardChanges")
	defer mustEnd(t, together)
	for first := walletport.CardID(1); first <= 300; first += 60 {
		var changes []storage.CardChange
		for id := first; id < first+60; id++ {
			changes = append(changes, storage.CardChange{Card: card(id, 1)})
		}
		mustAddChanges(t, together, changes...)
	}
	wantEqual(t, "missed", len(must(together.Commit(t.Context()))(t, "Commit")), storage.MaxListedMisses)
	wantStored(t, s, cards(1, 300)...)
}

// testConcurrentChange has replicas count in one card: a change that was made on
// another one's content would be lost.
func testConcurrentChange(t *testing.T, open Open) {
	const writers, each40 = 4, 10
	replicas := []storage.Store{open(t), open(t)}
	mustPut(t, replicas[0], card(1, 0), card(2, 0))
	wantNoErrors(t, each(writers, func(i int) error {
		s := replicas[i%len(replicas)]
		for made := 0; made < each40; {
			row, err := s.Card(t.Context(), 1)
			if err != nil {
				return err
			}
			var version int
			if _, err := fmt.Sscanf(row.Product, "gold-%d", &version); err != nil {
				return err
			}
			missed, err := s.ChangeCards(t.Context(), []storage.CardChange{{Card: card(1, version+1), Replaces: row.ContentMAC}}, nil)
			if err != nil {
				return err
			}
			if len(missed) == 0 {
				made++
			}
		}
		return nil
	}))
	row := must(replicas[0].Card(t.Context(), 1))(t, "Card")
	// Two writers may make the same change at once, and then both have made it.
	var version int
	if _, err := fmt.Sscanf(row.Product, "gold-%d", &version); err != nil || version < each40 || version > writers*each40 {
		t.Errorf("after %d changes the card is at %s", writers*each40, row.Product)
	}
}

// testConcurrentChanges lets replicas change the same cards in opposite orders.
func testConcurrentChanges(t *testing.T, open Open) {
	replicas := []storage.Store{open(t), open(t)}
	mustPut(t, replicas[0], cards(1, 200)...)
	made := make([]int, 4)
	wantNoErrors(t, each(len(made), func(i int) error {
		var changes []storage.CardChange
		for id := walletport.CardID(1); id <= 200; id++ {
			changes = append(changes, replacing(id, 0, 1+i))
		}
		if i%2 == 1 {
			slices.Reverse(changes)
		}
		missed, err := replicas[i%2].ChangeCards(t.Context(), changes, nil)
		made[i] = len(changes) - len(missed)
		return err
	}))
	wantEqual(t, "changes made by all", made[0]+made[1]+made[2]+made[3], 200)
}
