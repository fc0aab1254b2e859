package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
)

// foundCard is a card with the values by which it is found.
func foundCard(id walletport.CardID) (storage.CardChange, []storage.CardFind) {
	c := storage.Card{
		CardSummary: walletport.CardSummary{ID: id, Issuer: "bank", CustomerID: fmt.Sprintf("customer-%d", id), LastFour: fmt.Sprintf("%04d", id)},
		PANIndex:    fmt.Appendf(nil, "index %d", id), Sealed: []byte("sealed"), WrappedKey: []byte("key"), KEK: "kek/1",
		ContentMAC: fmt.Appendf(nil, "mac %d", id),
	}
	return storage.CardChange{Card: c}, []storage.CardFind{
		{Attribute: storage.ByPANIndex, Value: c.PANIndex, ID: id},
		{Attribute: storage.ByCustomer, Value: []byte(c.CustomerID), ID: id},
		{Attribute: storage.ByLastFour, Value: []byte(c.LastFour), ID: id},
	}
}

func mustAddFinds(t *testing.T, s *postgres.Store, finds []storage.CardFind) {
	t.Helper()
	if err := s.AddCardFinds(t.Context(), finds); err != nil {
		t.Fatal(err)
	}
}

// mustBeginChanges begins changes together and makes one of them.
func mustBeginChanges(t *testing.T, s *postgres.Store, change storage.CardChange) storage.CardChanges {
	t.Helper()
	together, err := s.BeginCardChanges(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := together.Add(t.Context(), []storage.CardChange{change}); err != nil {
		t.Fatal(err)
	}
	return together
}

func mustCommit(t *testing.T, together storage.CardChanges) {
	t.Helper()
	if missed, err := together.Commit(t.Context()); err != nil || len(missed) > 0 {
		t.Fatalf("Commit: missed %v, %v", missed, err)
	}
}

// wantCardOf looks for a card by its customer.
func wantCardOf(t *testing.T, s *postgres.Store, customer string, want int) {
	t.Helper()
	found, err := s.CardsByCustomer(t.Context(), customer, storage.CardPage{Limit: 10})
	if err != nil || len(found) != want {
		t.Errorf("%s has %d cards, want %d, %v", customer, len(found), want, err)
	}
}

// dropFinds takes values away, and waits no longer than a test may.
func dropFinds(t *testing.T, s *postgres.Store, finds []storage.CardFind) error {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return s.DropCardFinds(ctx, finds)
}

func countFinds(t *testing.T, url string, id walletport.CardID) int {
	t.Helper()
	return mustQueryNumber(t, url, fmt.Sprintf("SELECT count(*) FROM card_finds WHERE card_id = %d", id))
}

// TestTheEndOfAnImportHoldsUpNoWriter: while one import stores all or nothing, the end of another
// one takes away what it stored ahead of refused rows. Others change cards meanwhile.
func TestTheEndOfAnImportHoldsUpNoWriter(t *testing.T) {
	url := migrated(t)
	s := mustOpen(t, url)
	first, _ := foundCard(1)
	_, refused := foundCard(2)
	other, _ := foundCard(3)
	mustAddFinds(t, s, refused)
	together := mustBeginChanges(t, s, first)
	defer func() { _ = together.End() }()
	ended := make(chan error, 1)
	go func() { ended <- dropFinds(t, s, refused) }()
	for deadline := time.Now().Add(300 * time.Millisecond); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err := s.ChangeCards(ctx, []storage.CardChange{other}, nil)
		cancel()
		if err != nil {
			t.Fatalf("a card is not changed meanwhile: %v", err)
		}
	}
	mustCommit(t, together)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if left := countFinds(t, url, 2); left != 0 {
		t.Errorf("%d values are left", left)
	}
}

// TestValuesOfACardThatIsBeingStoredAreLeft: a transaction that stores a card finds its values in
// their place and leaves them, and nobody else sees the card before the commit.
func TestValuesOfACardThatIsBeingStoredAreLeft(t *testing.T) {
	url := migrated(t)
	s := mustOpen(t, url)
	card, finds := foundCard(1)
	_, refused := foundCard(2)
	mustAddFinds(t, s, append(finds, refused...))
	together := mustBeginChanges(t, s, card)
	defer func() { _ = together.End() }()
	ended := make(chan error, 1)
	go func() { ended <- dropFinds(t, s, append(finds, refused...)) }()
	time.Sleep(200 * time.Millisecond)
	mustCommit(t, together)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	wantCardOf(t, s, card.CustomerID, 1)
	if kept, left := countFinds(t, url, 1), countFinds(t, url, 2); kept != 3 || left != 0 {
		t.Errorf("the card that is stored has %d values, the other one %d", kept, left)
	}
}

// TestValuesAreLeftWhileCardsAreStoredForLong: whoever takes them away is told to come again.
func TestValuesAreLeftWhileCardsAreStoredForLong(t *testing.T) {
	url := migrated(t)
	s := mustOpen(t, url)
	card, _ := foundCard(1)
	_, refused := foundCard(2)
	mustAddFinds(t, s, refused)
	together := mustBeginChanges(t, s, card)
	defer func() { _ = together.End() }()
	if err := dropFinds(t, s, refused); walletport.ReasonOf(err) != "import_values_left" {
		t.Errorf("DropCardFinds: %v, want import_values_left", err)
	}
	if left := countFinds(t, url, 2); left != 3 {
		t.Errorf("%d values are left, want all 3", left)
	}
	mustCommit(t, together)
	if err := s.DropCardFinds(t.Context(), refused); err != nil {
		t.Error(err)
	}
	if left := countFinds(t, url, 2); left != 0 {
		t.Errorf("%d values are left", left)
	}
}

// TestCardsThatAreStoredWhileTheirValuesAreDroppedAreFound, whichever of both is first.
func TestCardsThatAreStoredWhileTheirValuesAreDroppedAreFound(t *testing.T) {
	const cards, writers = 60, 4
	s := mustOpen(t, migrated(t))
	var all []storage.CardFind
	for id := range walletport.CardID(cards) {
		_, finds := foundCard(id + 1)
		all = append(all, finds...)
	}
	mustAddFinds(t, s, all)
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for id := writer; id < cards; id += writers {
				card, finds := foundCard(walletport.CardID(id + 1))
				if _, err := s.ChangeCards(t.Context(), []storage.CardChange{card}, nil); err != nil {
					t.Errorf("ChangeCards: %v", err)
				}
				if err := s.DropCardFinds(t.Context(), finds); err != nil {
					t.Errorf("DropCardFinds: %v", err)
				}
			}
		})
	}
	for range 3 {
		if err := s.DropCardFinds(t.Context(), all); err != nil {
			t.Errorf("DropCardFinds: %v", err)
		}
	}
	group.Wait()
	for id := range walletport.CardID(cards) {
		card, _ := foundCard(id + 1)
		wantCardOf(t, s, card.CustomerID, 1)
	}
}

// TestWhatIsStoredAheadIsReadAtOnce: who reads a row first notes on its page that the row's
// transaction is committed (HEAP_XMIN_COMMITTED, 0x100). Cards that come to the rows one by one all
// over the table would have each page written again and again.
func TestWhatIsStoredAheadIsReadAtOnce(t *testing.T) {
	url := migrated(t)
	if mustQueryNumber(t, url, "SELECT count(*) FROM pg_available_extensions WHERE name = 'pageinspect'") == 0 {
		t.Skip("this PostgreSQL has no pageinspect")
	}
	mustExec(t, url, "CREATE EXTENSION pageinspect")
	s := mustOpen(t, url)
	var finds []storage.CardFind
	for id := range walletport.CardID(20) {
		_, of := foundCard(id + 1)
		finds = append(finds, of...)
	}
	mustAddFinds(t, s, finds)
	const rows = "SELECT count(*) FROM heap_page_items(get_raw_page('card_finds', 0)) WHERE lp_flags = 1"
	if all, noted := mustQueryNumber(t, url, rows), mustQueryNumber(t, url, rows+" AND t_infomask & 256 > 0"); all != len(finds) || noted != all {
		t.Errorf("of %d rows %d stand on the page, and %d are noted as committed", len(finds), all, noted)
	}
}
