package storagetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testImports(t *testing.T, database NewDatabase) {
	withStore(t, database, "an import has one holder", testImportHolder)
	withStore(t, database, "a mark is durable with the cards that it speaks of, or not at all", testImportMark)
	withStore(t, database, "a mark is durable with customers", testImportMarkOfCustomers)
	withStore(t, database, "a value without its card finds nothing", testFindsAhead)
	withStore(t, database, "a card is found by what it has, and by nothing that it had", testFindsOfChanges)
	withStore(t, database, "what an import stored ahead of a card is told", testFindsOfCard)
	withStore(t, database, "changes together take values that stand ahead", testFindsOfChangesTogether)
}

func anImport(holder string) storage.Import {
	return storage.Import{ID: "file", Holder: holder, Who: "ada on host", Began: at(1), Beat: at(2), State: []byte("begun")}
}

func mustClaimImport(t testing.TB, s storage.Store, im storage.Import, before string, want bool) {
	t.Helper()
	if got := must(s.ClaimImport(t.Context(), im, before))(t, "ClaimImport"); got != want {
		t.Errorf("ClaimImport by %s in the place of %q: %t", im.Holder, before, got)
	}
}

func wantImport(t testing.TB, s storage.Store, want storage.Import) {
	t.Helper()
	wantEqual(t, "Import", must(s.Import(t.Context(), "file"))(t, "Import"), want)
}

func markBy(holder, state string) storage.ImportMark {
	return storage.ImportMark{ID: "file", Holder: holder, At: at(9), State: []byte(state)}
}

func testImportHolder(t *testing.T, s storage.Store) {
	wantImport(t, s, storage.Import{})
	wantError(t, "a mark of no import", s.MarkImport(t.Context(), markBy("first", "x")), walletport.CodeConflict, "import_taken")
	mustClaimImport(t, s, anImport("first"), "somebody", false)
	mustClaimImport(t, s, anImport("first"), "", true)
	mustClaimImport(t, s, anImport("second"), "", false)
	wantImport(t, s, anImport("first"))
	if err := s.MarkImport(t.Context(), markBy("first", "half")); err != nil {
		t.Fatal(err)
	}
	marked := anImport("first")
	marked.Beat, marked.State = at(9), []byte("half")
	wantImport(t, s, marked)
	mustClaimImport(t, s, anImport("second"), "first", true)
	mustClaimImport(t, s, anImport("third"), "first", false)
	wantError(t, "a mark of the one before", s.MarkImport(t.Context(), markBy("first", "more")), walletport.CodeConflict, "import_taken")
	wantError(t, "the end of the one before", s.EndImport(t.Context(), "file", "first"), walletport.CodeConflict, "import_taken")
	wantImport(t, s, anImport("second"))
	if err := s.EndImport(t.Context(), "file", "second"); err != nil {
		t.Fatal(err)
	}
	wantImport(t, s, storage.Import{})
	wantError(t, "the end of no import", s.EndImport(t.Context(), "file", "second"), walletport.CodeConflict, "import_taken")
}

func testImportMark(t *testing.T, s storage.Store) {
	mustClaimImport(t, s, anImport("first"), "", true)
	mark := markBy("first", "one card")
	missed := must(s.ChangeCards(t.Context(), []storage.CardChange{{Card: card(1, 0)}}, &mark))(t, "ChangeCards")
	wantEqual(t, "missed", missed, []walletport.CardID{})
	marked := anImport("first")
	marked.Beat, marked.State = at(9), []byte("one card")
	wantImport(t, s, marked)

	further := markBy("first", "two cards")
	further.At = at(10)
	missed = must(s.ChangeCards(t.Context(), []storage.CardChange{{Card: card(2, 0)}, {Card: card(1, 1)}}, &further))(t, "ChangeCards")
	wantEqual(t, "missed", missed, []walletport.CardID{1})
	wantImport(t, s, marked) // what was missed comes again, with the rest of its batch
	wantStored(t, s, card(1, 0))

	mustClaimImport(t, s, anImport("second"), "first", true)
	for _, changes := range [][]storage.CardChange{{{Card: card(3, 0)}}, {{Card: card(3, 0)}, {Card: card(1, 1)}}} {
		_, err := s.ChangeCards(t.Context(), changes, &further)
		wantError(t, "ChangeCards of the one before", err, walletport.CodeConflict, "import_taken")
	}
	wantImport(t, s, anImport("second"))
	wantStored(t, s, card(1, 0))
}

func testImportMarkOfCustomers(t *testing.T, s storage.Store) {
	mustClaimImport(t, s, anImport("first"), "", true)
	mark := markBy("first", "one customer")
	change := storage.CustomerBatch{List: []storage.CustomerChange{{Customer: customer(1, 0)}}, Mark: &mark}
	must(s.ChangeCustomers(t.Context(), change))(t, "ChangeCustomers")
	marked := anImport("first")
	marked.Beat, marked.State = at(9), []byte("one customer")
	wantImport(t, s, marked)

	further := markBy("first", "two customers")
	further.At = at(10)
	change = storage.CustomerBatch{List: []storage.CustomerChange{{Customer: customer(3, 0)}, {Customer: customer(1, 1)}}, Mark: &further}
	missed := must(s.ChangeCustomers(t.Context(), change))(t, "ChangeCustomers")
	wantEqual(t, "missed", missed, []walletport.CustomerKey{customerKey(1)})
	wantImport(t, s, marked)
	_, err := s.Customer(t.Context(), customerKey(3))
	wantError(t, "Customer", err, walletport.CodeNotFound, "customer_not_found")

	other := markBy("second", "two customers")
	for _, list := range [][]storage.CustomerChange{{{Customer: customer(2, 0)}}, {{Customer: customer(2, 0)}, {Customer: customer(1, 1)}}} {
		_, err := s.ChangeCustomers(t.Context(), storage.CustomerBatch{List: list, Mark: &other})
		wantError(t, "ChangeCustomers of another", err, walletport.CodeConflict, "import_taken")
	}
	_, err = s.Customer(t.Context(), customer(2, 0).CustomerKey)
	wantError(t, "Customer", err, walletport.CodeNotFound, "customer_not_found")
}

// findsOf are the values by which a card is found.
func findsOf(c storage.Card) []storage.CardFind {
	return []storage.CardFind{
		{Attribute: storage.ByPANIndex, Value: c.PANIndex, ID: c.ID},
		{Attribute: storage.ByCustomer, Value: []byte(c.CustomerID), ID: c.ID},
		{Attribute: storage.ByLastFour, Value: []byte(c.LastFour), ID: c.ID},
	}
}

// wantFound looks for a card by each of its values.
func wantFound(t testing.TB, s storage.Store, by storage.Card, want ...walletport.CardID) {
	t.Helper()
	page := storage.CardPage{After: -1000, Limit: 100}
	wantEqual(t, fmt.Sprintf("cards of the PAN of %v", by.ID), ids(must(s.CardsByPANIndex(t.Context(), by.PANIndex))(t, "CardsByPANIndex")), want)
	wantEqual(t, "cards of the customer", ids(must(s.CardsByCustomer(t.Context(), by.CustomerID, page))(t, "CardsByCustomer")), want)
	wantEqual(t, "cards of the last four", ids(must(s.CardsByLastFour(t.Context(), by.LastFour, page))(t, "CardsByLastFour")), want)
}

func testFindsAhead(t *testing.T, s storage.Store) {
	ahead := append(findsOf(card(1, 0)), findsOf(card(2, 0))...)
	for range 2 { // what stands already is left alone
		if err := s.AddCardFinds(t.Context(), ahead); err != nil {
			t.Fatal(err)
		}
	}
	wantFound(t, s, card(1, 0))
	mustChange(t, s, storage.CardChange{Card: card(1, 0)})
	wantFound(t, s, card(1, 0), 1)
	if err := s.DropCardFinds(t.Context(), ahead); err != nil {
		t.Fatal(err)
	}
	wantFound(t, s, card(1, 0), 1)
	mustChange(t, s, storage.CardChange{Card: card(2, 0)}) // whose values were dropped
	two := card(2, 0)
	wantEqual(t, "cards of the PAN", ids(must(s.CardsByPANIndex(t.Context(), two.PANIndex))(t, "CardsByPANIndex")), []walletport.CardID{2})
	for _, call := range []func() error{
		func() error { return s.AddCardFinds(t.Context(), nil) },
		func() error { return s.DropCardFinds(t.Context(), nil) },
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
	}
}

func testFindsOfChanges(t *testing.T, s storage.Store) {
	was, becomes := card(1, 0), card(1, 1)
	becomes.CustomerID, becomes.LastFour = "another", "9999"
	if err := s.AddCardFinds(t.Context(), findsOf(becomes)); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, was)
	wantFound(t, s, was, 1)
	wantFound(t, s, becomes)
	mustPut(t, s, becomes)
	wantFound(t, s, was)
	wantFound(t, s, becomes, 1)
	if err := s.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateCard(1, func(old storage.Card) (storage.Card, error) {
			old.PANIndex, old.CustomerID, old.LastFour, old.ContentMAC = was.PANIndex, was.CustomerID, was.LastFour, []byte("third")
			return old, nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	wantFound(t, s, was, 1)
	wantFound(t, s, becomes)
	if err := s.Update(t.Context(), func(tx storage.Tx) error { return tx.DeleteCard(1) }); err != nil {
		t.Fatal(err)
	}
	wantFound(t, s, was)
}

// testFindsOfChangesTogether: an import that was broken off has left values of what cards were to
// become, and another one makes the same changes together.
func testFindsOfChangesTogether(t *testing.T, s storage.Store) {
	was, becomes, fresh, same := card(1, 0), card(1, 1), card(2, 0), card(3, 0)
	becomes.CustomerID, becomes.LastFour, fresh.LastFour, same.LastFour = "another", "9999", "0002", "0003"
	if err := s.AddCardFinds(t.Context(), append(findsOf(becomes), findsOf(fresh)...)); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, was, same)
	together := must(s.BeginCardChanges(t.Context()))(t, "BeginCardChanges")
	defer mustEnd(t, together)
	mustAddChanges(t, together, storage.CardChange{Card: becomes, Replaces: was.ContentMAC}, storage.CardChange{Card: fresh}, storage.CardChange{Card: same})
	wantEqual(t, "missed", must(together.Commit(t.Context()))(t, "Commit"), []walletport.CardID{})
	wantStored(t, s, becomes, fresh, same)
	wantFound(t, s, was)
	wantFound(t, s, becomes, 1)
}

func testFindsOfCard(t *testing.T, s storage.Store) {
	stored, becomes, other := card(1, 0), card(1, 1), card(2, 0)
	becomes.CustomerID = "another"
	mustPut(t, s, stored, other)
	ahead := findsOf(becomes)[:2]
	if err := s.AddCardFinds(t.Context(), ahead); err != nil {
		t.Fatal(err)
	}
	findsOfCard := func() []storage.CardFind {
		finds := must(s.CardFindsOf(t.Context(), 1))(t, "CardFindsOf")
		slices.SortFunc(finds, storage.CompareCardFinds)
		return finds
	}
	wantEqual(t, "without an import", findsOfCard(), []storage.CardFind{})
	mustClaimImport(t, s, anImport("first"), "", true)
	want := append(findsOf(stored), ahead...)
	slices.SortFunc(want, storage.CompareCardFinds)
	wantEqual(t, "with one", findsOfCard(), want)
	if err := s.DropCardFinds(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	want = findsOf(stored)
	slices.SortFunc(want, storage.CompareCardFinds)
	wantEqual(t, "when what stands ahead is taken away", findsOfCard(), want)
	wantEqual(t, "cards of the customer", ids(must(s.CardsByCustomer(t.Context(), stored.CustomerID, storage.CardPage{Limit: 10}))(t, "CardsByCustomer")), []walletport.CardID{1})
}
