package vault_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// behindSource is a catalogue that another process has changed already.
type behindSource struct {
	*keystest.Source
	newer     *keys.Ring
	refreshed int
}

func (s *behindSource) Refresh() *keys.Ring {
	s.refreshed++
	s.Replace(s.newer)
	return s.Current()
}

// A rotation must not wait for servers to notice it: cards arrive that were sealed
// with a key made since the last look.
func TestBorrowLooksForAKeyThatIsNew(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		name string
		made keys.Meta
	}{
		{"another key-encryption key", keys.Meta{Purpose: keys.VaultKEK, Version: 2}},
		{"another index key", keys.Meta{Purpose: keys.VaultIndex, Version: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := &behindSource{Source: keystest.NewSource(r.keys.Current())}
			server, err := vault.New(vault.Vault{Cards: r.cards, Tokens: r.cards, Customers: r.cards, Requests: r.cards, Imports: r.cards, Keys: source, Clock: func() time.Time { return now }})
			must(t, err)
			r.add(t, c.made)
			source.newer = r.keys.Current()
			_, err = r.Put(t.Context(), newCard(t, 1, otherPAN))
			must(t, err)
			row, err := server.Find(t.Context(), 1)
			must(t, err)
			for range 2 {
				must(t, server.Borrow(t.Context(), row, func(*walletport.Card) error { return nil }))
			}
			if source.refreshed != 1 {
				t.Errorf("looked %d times, want once: a card that opens asks for nothing", source.refreshed)
			}
			row.KEK = "vault-kek-v9"
			wantReason(t, server.Borrow(t.Context(), row, func(*walletport.Card) error { return nil }), "key_unavailable")
		})
	}
}

// behind returns the vault of a process that holds r's keys and has not looked since, and
// what it would find.
func (r rig) behind(t testing.TB, cards storage.Cards) (*vault.Vault, *behindSource) {
	t.Helper()
	source := &behindSource{Source: keystest.NewSource(r.keys.Current()), newer: r.keys.Current()}
	v, err := vault.New(vault.Vault{Cards: cards, Tokens: r.cards, Customers: r.cards, Requests: r.cards, Imports: r.cards, Keys: source, Clock: func() time.Time { return now }})
	must(t, err)
	return v, source
}

// TestCardsAreSealedByTheKeyOfTheMoment: imports and re-wraps run for minutes, in processes
// that nothing else tells of a rotation.
func TestCardsAreSealedByTheKeyOfTheMoment(t *testing.T) {
	rotated := func(t *testing.T) (rig, *vault.Vault) {
		r := newRig(t)
		v, source := r.behind(t, r.cards)
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		r.setState("vault-kek-v1", keys.Retired)
		source.newer = r.keys.Current()
		return r, v
	}
	t.Run("by an import", func(t *testing.T) {
		r, v := rotated(t)
		_, err := v.Import(t.Context(), strings.NewReader(manyRows(10)), csvOptions())
		must(t, err)
		if old, current := r.countUnder(t, "vault-kek-v1"), r.countUnder(t, "vault-kek-v2"); old != 0 || current != 10 {
			t.Errorf("%d cards under the retired key, %d under the new one", old, current)
		}
	})
	t.Run("by a re-wrap", func(t *testing.T) {
		r := newRig(t)
		r.manyCards(t, 10)
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		v, source := r.behind(t, r.cards)
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 3})
		r.setState("vault-kek-v2", keys.Destroyed)
		source.newer = r.keys.Current()
		report, err := v.Rewrap(t.Context(), nil)
		must(t, err)
		if current := r.countUnder(t, "vault-kek-v3"); current != 10 || report.Of[vault.Cards].Moved != 10 {
			t.Errorf("%d cards under the newest key, %+v", current, report)
		}
	})
}

// TestAnImportStoresNothingUnderADestroyedKey: nobody could open it, ever. The key is
// destroyed when rows are about to be sealed under it, or are sealed and not stored yet.
func TestAnImportStoresNothingUnderADestroyedKey(t *testing.T) {
	together := csvOptions()
	together.AllOrNothing = true
	for name, options := range map[string]vault.ImportOptions{"row by row": csvOptions(), "all or nothing": together} {
		for _, purpose := range []keys.Purpose{keys.VaultKEK, keys.VaultIndex} {
			t.Run(name+", "+string(purpose), func(t *testing.T) {
				r := newRig(t)
				cards := &meddling{Cards: r.cards, meddle: func([]walletport.CardID) {}}
				v, source := r.behind(t, cards)
				cards.meddle = func([]walletport.CardID) {
					r.add(t, keys.Meta{Purpose: purpose, Version: 2})
					r.setState(keys.ID(purpose)+"-v1", keys.Destroyed)
					source.newer = r.keys.Current()
					cards.meddle = func([]walletport.CardID) {}
				}
				_, err := v.Import(t.Context(), strings.NewReader(manyRows(3)), options)
				wantReason(t, err, "key_unavailable")
				if rows := r.allRows(t); len(rows) != 0 {
					t.Errorf("%d cards are stored", len(rows))
				}
				_, err = v.Import(t.Context(), strings.NewReader(manyRows(3)), options)
				must(t, err)
				r.mustVerify(t, 3)
			})
		}
	}
}

// storing lets somebody else act while cards are being stored.
type storing struct {
	storage.Cards
	meddle func()
}

func (s storing) ChangeCards(ctx context.Context, changes []storage.CardChange, mark *storage.ImportMark) ([]walletport.CardID, error) {
	s.meddle()
	return s.Cards.ChangeCards(ctx, changes, mark)
}

func (s storing) BeginCardChanges(ctx context.Context) (storage.CardChanges, error) {
	changes, err := s.Cards.BeginCardChanges(ctx)
	return storingTogether{changes, s.meddle}, err
}

type storingTogether struct {
	storage.CardChanges
	meddle func()
}

func (s storingTogether) Commit(ctx context.Context) ([]walletport.CardID, error) {
	s.meddle()
	return s.CardChanges.Commit(ctx)
}

// TestAKeyThatIsDestroyedWhileCardsAreStored was unused when somebody looked, for cards
// under way to the database are seen by nobody. The import has the key still.
func TestAKeyThatIsDestroyedWhileCardsAreStored(t *testing.T) {
	together := csvOptions()
	together.AllOrNothing = true
	for name, options := range map[string]vault.ImportOptions{"row by row": csvOptions(), "all or nothing": together} {
		t.Run(name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				cards := &storing{Cards: r.cards}
				v, source := r.behind(t, cards)
				cards.meddle = func() {
					first := r.ring()[0]
					must(t, r.CheckUnused(t.Context(), first))
					r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
					r.setState(first.ID, keys.Destroyed)
					source.newer = r.keys.Current()
				}
				_, err := v.Import(t.Context(), strings.NewReader(manyRows(3)), options)
				must(t, err)
				r.mustVerify(t, 3)
			})
		})
	}
}
