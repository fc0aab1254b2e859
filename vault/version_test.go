package vault_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// frozenRows are rows as a program stored them whose newest version was 1, and the keys
// that sealed them.
type frozenRows struct {
	KEK, Index []byte
	Rows       []storage.Card
}

// mustFreeze puts the frozen rows and their keys into the rig.
func (r rig) mustFreeze(t *testing.T) []storage.Card {
	t.Helper()
	text, err := os.ReadFile("testdata/rows/version1.json")
	must(t, err)
	var frozen frozenRows
	must(t, json.Unmarshal(text, &frozen))
	kek, err := keys.NewKEK(frozen.KEK)
	must(t, err)
	mac, err := keys.NewMAC(frozen.Index)
	must(t, err)
	all := r.ring()
	for i, k := range all {
		known := *k
		if known.KEK != nil {
			known.KEK = kek
		}
		if known.MAC != nil {
			known.MAC = mac
		}
		all[i] = &known
	}
	r.keys.Replace(keys.NewRing(all))
	_, err = r.cards.PutCards(t.Context(), frozen.Rows)
	must(t, err)
	return frozen.Rows
}

// mustVerify wants every stored card to be good.
func (r rig) mustVerify(t *testing.T, cards int64) {
	t.Helper()
	report, err := r.Verify(t.Context(), vault.VerifyOptions{Found: func(f vault.Finding) error {
		t.Errorf("card %s: %s", f.ID, f.Detail)
		return nil
	}})
	must(t, err)
	if report.Of[vault.Cards].Rows() != cards {
		t.Errorf("%d cards are verified, want %d", report.Of[vault.Cards].Rows(), cards)
	}
}

// addText gives cards a made-up text with a version of its own, and returns where that
// of a card stands.
func addText(t *testing.T, ids ...walletport.CardID) map[walletport.CardID]*string {
	t.Helper()
	column := map[walletport.CardID]*string{}
	for _, id := range ids {
		column[id] = new(string)
	}
	t.Cleanup(vault.AddText(func(c *walletport.CardSummary) *string { return column[c.ID] }))
	return column
}

const frozenCard, frozenBlocked = "CARD_OK acme 5001|ADA LOVELACE|mc-debit|5204247750001471 12/2031", "CARD_BLOCKED acme |||4761120010000492 12/2031"

func TestRowsOfAnOldVersionAreVerifiedByIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		newer bool
	}{{"by the program's fields", false}, {"when there is one more", true}} {
		t.Run(c.name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				if c.newer {
					addText(t, 1, 2)
				}
				frozen := r.mustFreeze(t)
				r.mustVerify(t, 2)
				if got, gotBlocked := r.asText(t, 1), r.asText(t, 2); got != frozenCard || gotBlocked != frozenBlocked {
					t.Errorf("they open to %s and %s", got, gotBlocked)
				}
				if found, err := r.FindByPAN(t.Context(), mustPAN(t, visaPAN)); err != nil || len(found) != 1 || found[0].ID != 2 {
					t.Errorf("FindByPAN: %v, %v", found, err)
				}
				again := r.mustImport(t, "cardId,status\n1,CARD_OK\n2,CARD_BLOCKED\n", csvOptions())
				if diff := cmp.Diff(frozen[0], r.mustFind(t, 1)); diff != "" || again.Unchanged != 2 {
					t.Errorf("a row that says nothing new was written (-before +after):\n%s", diff)
				}
				report := r.mustImport(t, "cardId,status\n1,CARD_LOST\n", csvOptions())
				if got := r.asText(t, 1); report.Updated != 1 || got != "CARD_LOST"+frozenCard[len("CARD_OK"):] {
					t.Errorf("changed, it is %s (%+v)", got, report)
				}
				if got, untouched := r.mustFind(t, 1).Sealed[0], r.mustFind(t, 2).Sealed[0]; got != vault.NewestVersion() || untouched != 1 {
					t.Errorf("the changed row has version %d, want %d; the other one %d, want 1", got, vault.NewestVersion(), untouched)
				}
				r.mustVerify(t, 2)
			})
		})
	}
}

func TestARewrapLeavesTheVersion(t *testing.T) {
	r := newRig(t)
	addText(t, 1, 2)
	frozen := r.mustFreeze(t)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	report, err := r.Rewrap(t.Context(), nil)
	must(t, err)
	if row := r.mustFind(t, 1); report.Of[vault.Cards].Moved != 2 || !bytes.Equal(row.Sealed, frozen[0].Sealed) || row.KEK != "vault-kek-v2" {
		t.Errorf("%+v: the row is of version %d under %s", report, row.Sealed[0], row.KEK)
	}
	r.mustVerify(t, 2)
}

// TestNoRowPassesForAnotherVersion: an old version covers less, so whoever can give a
// row an old version could change what that one does not cover.
func TestNoRowPassesForAnotherVersion(t *testing.T) {
	const old, recent, plain = 1, 3, 4 // cards
	for _, c := range []struct {
		name   string
		id     walletport.CardID
		change func(row *storage.Card, text *string)
		reason string
	}{
		{"an old row as it is", old, func(*storage.Card, *string) {}, ""},
		{"a new row as it is", recent, func(*storage.Card, *string) {}, ""},
		{"a new row whose text is empty", plain, func(*storage.Card, *string) {}, ""},
		{"a new row that is called old", recent, func(row *storage.Card, _ *string) { row.Sealed[0] = 1 }, "card_damaged"},
		{"a new row that is called old, without its text", recent, func(row *storage.Card, text *string) { row.Sealed[0], *text = 1, "" }, "card_damaged"},
		{"a new row whose text is empty that is called old", plain, func(row *storage.Card, _ *string) { row.Sealed[0] = 1 }, "card_damaged"},
		{"an old row that is called new", old, func(row *storage.Card, _ *string) { row.Sealed[0] = vault.NewestVersion() }, "card_damaged"},
		{"a version that is not known", recent, func(row *storage.Card, _ *string) { row.Sealed[0] = vault.NewestVersion() + 1 }, "card_damaged"},
		{"no version", old, func(row *storage.Card, _ *string) { row.Sealed[0] = 0 }, "card_damaged"},
		{"a new row with another text", recent, func(_ *storage.Card, text *string) { *text = "another" }, "card_damaged"},
		{"a new row without its text", recent, func(_ *storage.Card, text *string) { *text = "" }, "card_damaged"},
		{"an old row with a text that it cannot have", old, func(_ *storage.Card, text *string) { *text = "added" }, "card_damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			column := addText(t, 1, 2, recent, plain)
			r.mustFreeze(t)
			*column[recent] = "made up"
			r.mustPut(t, newCard(t, recent, testPAN), newCard(t, plain, testPAN))
			row := r.mustFind(t, c.id)
			c.change(&row, column[c.id])
			wantReason(t, r.Borrow(t.Context(), row, func(*walletport.Card) error { return nil }), c.reason)
			wantReason(t, r.Check(row), c.reason)
		})
	}
}
