package vault_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// manyCards stores n cards with ids from 1; PANs repeat.
func (r rig) manyCards(t testing.TB, n int) {
	t.Helper()
	cards := make([]walletport.Card, 0, n)
	for i := range n {
		cards = append(cards, newCard(t, walletport.CardID(i+1), []string{testPAN, otherPAN}[i%2]))
	}
	r.mustPut(t, cards...)
}

func (r rig) countUnder(t testing.TB, kek keys.ID) int {
	t.Helper()
	cards, err := r.cards.CardsWrappedBy(t.Context(), string(kek), -10, 1_000_000)
	must(t, err)
	return len(cards)
}

func TestRewrapMovesEveryCardAndLosesNone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		const n = 1200
		r.manyCards(t, n)
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		r.setState("vault-kek-v1", keys.Retired)
		before := r.mustFind(t, 1)

		var progress []int64
		report, err := r.Rewrap(t.Context(), func(p vault.RewrapReport) { progress = append(progress, p.Of[vault.Cards].Moved) })
		must(t, err)
		if report.Of[vault.Cards].Moved != n || report.Of[vault.Cards].Failed != 0 || fmt.Sprint(progress) != "[1000 1200]" {
			t.Errorf("report %+v, progress %v", report, progress)
		}
		if old, current := r.countUnder(t, "vault-kek-v1"), r.countUnder(t, "vault-kek-v2"); old != 0 || current != n {
			t.Errorf("%d cards under the old key, %d under the new", old, current)
		}
		for id := walletport.CardID(1); id <= n; id += 83 {
			if got, want := r.digits(t, id), []string{otherPAN, testPAN}[id%2]; got != want {
				t.Fatalf("card %d opens to another PAN", id)
			}
		}
		after := r.mustFind(t, 1)
		if string(after.Sealed) != string(before.Sealed) || string(after.WrappedKey) == string(before.WrappedKey) {
			t.Errorf("the card was sealed anew, or the data key was not")
		}
		again, err := r.Rewrap(t.Context(), func(vault.RewrapReport) { t.Error("a second re-wrap found work") })
		if err != nil || again.Of[vault.Cards].Moved != 0 {
			t.Errorf("a second re-wrap: %+v, %v", again, err)
		}
	})
}

func TestRewrapIsTakenUpWhereItStopped(t *testing.T) {
	r := newRig(t)
	r.manyCards(t, 1100)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	ctx, stop := context.WithCancel(t.Context())
	report, err := r.Rewrap(ctx, func(vault.RewrapReport) { stop() })
	if err == nil || report.Of[vault.Cards].Moved != 1000 {
		t.Fatalf("stopped after one batch: %+v, %v", report, err)
	}
	if r.digits(t, 1) == "" || r.digits(t, 1100) == "" {
		t.Error("a card does not open in the middle of a re-wrap")
	}
	report, err = r.Rewrap(t.Context(), nil)
	if err != nil || report.Of[vault.Cards].Moved != 100 {
		t.Errorf("taken up: %+v, %v", report, err)
	}
}

// A server that has not read the new catalogue yet stores a card under the old key,
// behind the point that the re-wrap has reached.
func TestRewrapCatchesCardsStoredMeanwhile(t *testing.T) {
	r := newRig(t)
	r.manyCards(t, 2)
	late, err := r.Seal(newCard(t, -1, visaPAN))
	must(t, err)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	stored := false
	report, err := r.Rewrap(t.Context(), func(vault.RewrapReport) {
		if !stored {
			stored = true
			_, err := r.cards.PutCards(t.Context(), []storage.Card{late})
			must(t, err)
		}
	})
	if err != nil || report.Of[vault.Cards].Moved != 3 || r.countUnder(t, "vault-kek-v1") != 0 {
		t.Errorf("%+v, %v, %d under the old key", report, err, r.countUnder(t, "vault-kek-v1"))
	}
	if r.digits(t, -1) != visaPAN {
		t.Errorf("the late card does not open")
	}
}

func TestRewrapHasNothingToDoWithOneKey(t *testing.T) {
	r := newRig(t)
	r.manyCards(t, 10)
	report, err := r.Rewrap(t.Context(), func(vault.RewrapReport) { t.Error("it looked at the cards") })
	if err != nil || report.Of[vault.Cards].Moved != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestRewrapGivesEachIssuerItsKey(t *testing.T) {
	r := newRig(t)
	card := newCard(t, 2, otherPAN)
	card.Issuer = "globex"
	r.mustPut(t, newCard(t, 1, testPAN), card)
	own := r.add(t, keys.Meta{Purpose: keys.VaultKEK, Issuer: "globex"})
	report, err := r.Rewrap(t.Context(), nil)
	if err != nil || report.Of[vault.Cards].Moved != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	if r.mustFind(t, 1).KEK != "vault-kek-v1" || r.mustFind(t, 2).KEK != string(own.ID) {
		t.Errorf("a card is under another issuer's key")
	}
	if r.digits(t, 1) != testPAN || r.digits(t, 2) != otherPAN {
		t.Errorf("a card does not open")
	}
}

func TestRewrapCountsWhatDoesNotOpenAndGoesOn(t *testing.T) {
	r := newRig(t)
	r.manyCards(t, 3)
	swapped := r.mustFind(t, 2)
	swapped.WrappedKey, swapped.ContentMAC = r.mustFind(t, 1).WrappedKey, nil
	_, err := r.cards.PutCards(t.Context(), []storage.Card{swapped})
	must(t, err)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	report, err := r.Rewrap(t.Context(), nil)
	wantReason(t, err, "card_damaged")
	if report.Of[vault.Cards].Moved != 2 || report.Of[vault.Cards].Failed != 1 || fmt.Sprint(report.Of[vault.Cards].Failures) != "[2]" {
		t.Errorf("report %+v", report)
	}
	if r.mustFind(t, 2).KEK != "vault-kek-v1" {
		t.Errorf("a data key that did not open was replaced")
	}
}

// One issuer's missing key must not keep everybody's cards under an old one.
// A database that is older than the destruction of its key comes back.
func TestRewrapCountsWhatADestroyedKeySealed(t *testing.T) {
	r := newRig(t)
	r.manyCards(t, 3)
	r.setState("vault-kek-v1", keys.Destroyed)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	report, err := r.Rewrap(t.Context(), nil)
	wantReason(t, err, "card_damaged")
	if report.Of[vault.Cards].Moved != 0 || report.Of[vault.Cards].Failed != 3 {
		t.Errorf("report %+v, want 3 cards that failed", report)
	}
	err = r.Borrow(t.Context(), r.mustFind(t, 1), func(*walletport.Card) error { return nil })
	if walletport.ReasonOf(err) != "key_unavailable" {
		t.Errorf("a card of a destroyed key opens with %v, want key_unavailable", err)
	}
}

func TestRewrapGoesOnPastAnIssuerWithoutAKey(t *testing.T) {
	r := newRig(t)
	for id, issuer := range []walletport.IssuerID{"zeta", "acme", "globex", "acme", "globex"} {
		card := newCard(t, walletport.CardID(id+1), testPAN)
		card.Issuer = issuer
		r.mustPut(t, card)
	}
	r.setState("vault-kek-v1", keys.Retired)
	own := r.add(t, keys.Meta{Purpose: keys.VaultKEK, Issuer: "acme"})
	report, err := r.Rewrap(t.Context(), nil)
	wantReason(t, err, "key_unavailable")
	if report.Of[vault.Cards].Moved != 2 || report.Of[vault.Cards].Failed != 0 || r.mustFind(t, 4).KEK != string(own.ID) {
		t.Errorf("report %+v", report)
	}
	if len(report.Left) != 2 || report.Left[0].Issuer != "globex" || report.Left[0].Of[vault.Cards] != 2 || report.Left[1].Issuer != "zeta" || report.Left[1].Of[vault.Cards] != 1 {
		t.Errorf("left %+v", report.Left)
	}
	for _, left := range report.Left {
		wantReason(t, left.Why, "key_unavailable")
	}
	if r.digits(t, 1) != testPAN || r.digits(t, 2) != testPAN {
		t.Errorf("a card does not open")
	}
}

func TestRewrapNeedsAKeyToMoveTo(t *testing.T) {
	r := newRig(t)
	r.manyCards(t, 1)
	r.setState("vault-kek-v1", keys.Retired)
	_, err := r.Rewrap(t.Context(), nil)
	wantReason(t, err, "key_unavailable")
}

// Servers lend and store cards while the operator re-wraps: whatever the order, a
// card opens and the last content stands.
func TestRewrapBesideARunningServer(t *testing.T) {
	r := newRig(t)
	const n = 1050
	r.manyCards(t, n)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	stop := make(chan struct{})
	var servers sync.WaitGroup
	for worker := range 2 {
		servers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := walletport.CardID((i*97+worker)%n + 1)
				row, err := r.Find(t.Context(), id)
				if err == nil {
					err = r.Borrow(t.Context(), row, func(*walletport.Card) error { return nil })
				}
				if err != nil {
					t.Errorf("card %d: %v", id, err)
					return
				}
			}
		})
	}
	servers.Go(func() {
		for i := range 20 {
			card := newCard(t, walletport.CardID(i*50+1), visaPAN)
			if _, err := r.Put(t.Context(), card); err != nil {
				t.Errorf("Put: %v", err)
			}
		}
	})
	_, err := r.Rewrap(t.Context(), nil)
	close(stop)
	servers.Wait()
	must(t, err)
	if left := r.countUnder(t, "vault-kek-v1"); left != 0 {
		t.Errorf("%d cards stayed under the old key", left)
	}
	for i := range 20 {
		if id := walletport.CardID(i*50 + 1); r.digits(t, id) != visaPAN {
			t.Errorf("card %d lost its new PAN", id)
		}
	}
}

// failingCards fails where a test wants it to.
type failingCards struct {
	storage.Cards
	rewrap, put error
}

func (f failingCards) Rewrap(ctx context.Context, c []storage.CardRewrapping) (int, error) {
	if f.rewrap != nil {
		return 0, f.rewrap
	}
	return f.Cards.Rewrap(ctx, c)
}

func (f failingCards) PutCards(ctx context.Context, c []storage.Card) (storage.PutResult, error) {
	if f.put != nil {
		return storage.PutResult{}, f.put
	}
	return f.Cards.PutCards(ctx, c)
}

func (f failingCards) ChangeCards(ctx context.Context, c []storage.CardChange, mark *storage.ImportMark) ([]walletport.CardID, error) {
	if f.put != nil {
		return nil, f.put
	}
	return f.Cards.ChangeCards(ctx, c, mark)
}

func TestRewrapStopsWhenTheDatabaseFails(t *testing.T) {
	r := newRig(t)
	r.manyCards(t, 1)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	gone := errors.New("gone")
	r.Cards = failingCards{Cards: r.cards, rewrap: gone}
	if _, err := r.Rewrap(t.Context(), nil); !errors.Is(err, gone) {
		t.Errorf("Rewrap: %v", err)
	}
}
