package vault_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

func TestVerifyNamesEveryCardThatIsNotAsItWasStored(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		const n = 2100 // more than two pages
		r.manyCards(t, n)
		other := newCard(t, 5000, testPAN)
		other.Issuer = "globex"
		r.mustPut(t, other)
		r.edit(t, 7, func(c *storage.Card) { c.Status = walletport.CardClosed })
		r.edit(t, 1500, func(c *storage.Card) { c.PANIndex = r.mustFind(t, 1).PANIndex[:31] })
		r.edit(t, 2100, func(c *storage.Card) { c.Expiry.Year++ })
		r.edit(t, 5000, func(c *storage.Card) { c.KEK = "vault-kek-v9" })

		var found []vault.Finding
		var progress []int64
		report, err := r.Verify(t.Context(), vault.VerifyOptions{
			Found:    func(f vault.Finding) error { found = append(found, f); return nil },
			Progress: func(cards int64) { progress = append(progress, cards) },
		})
		must(t, err)
		want := vault.VerifyReport{
			Of:      [vault.KindCount]vault.VerifyCounts{vault.Cards: {Good: n - 3, Altered: 3, WithoutKey: 1}},
			Issuers: map[walletport.IssuerID]vault.VerifyCounts{"acme": {Good: n - 3, Altered: 3}, "globex": {WithoutKey: 1}},
		}
		if diff := cmp.Diff(want, report); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		var got []string
		for _, f := range found {
			got = append(got, fmt.Sprint(f.ID, " ", f.Issuer, " ", f.Reason))
			if f.Detail == "" || walletport.ContainsPAN(f.Detail) {
				t.Errorf("card %s: detail %q", f.ID, f.Detail)
			}
		}
		wantFound := []string{"7 acme card_damaged", "1500 acme card_damaged", "2100 acme card_damaged", "5000 globex key_unavailable"}
		if !slices.Equal(got, wantFound) || !slices.Equal(progress, []int64{1000, 2000, 2101}) {
			t.Errorf("found %q after %v", got, progress)
		}
	})
}

// Another key store has keys of the same ids. Its keys say nothing of the cards, and seal
// none beside them; a single card that does not unwrap was altered.
func TestAForeignKeyStoreAccusesNoCard(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, newCard(t, 1, testPAN), newCard(t, 2, visaPAN), newCard(t, 3, otherPAN))
		r.edit(t, 3, func(c *storage.Card) { c.WrappedKey = r.mustFind(t, 1).WrappedKey })
		verify := func() vault.VerifyReport {
			t.Helper()
			report, err := r.Verify(t.Context(), vault.VerifyOptions{Found: func(vault.Finding) error { return nil }})
			must(t, err)
			return report
		}
		if got := verify(); got.Of[vault.Cards].Good != 2 || got.Of[vault.Cards].Altered != 1 {
			t.Errorf("with the right keys: %+v", got)
		}
		right := r.keys.Current()
		r.keys.Replace(keystest.Ring(t, keys.Meta{Purpose: keys.VaultKEK}, keys.Meta{Purpose: keys.VaultIndex}))
		if got := verify(); got.Of[vault.Cards].Altered != 0 || got.Of[vault.Cards].WithoutKey != 3 {
			t.Errorf("with foreign keys: %+v", got)
		}
		file := "cardId,pan,expiryMonth,expiryYear\n4,5204247750001471,12,2031\n"
		_, err := r.Import(t.Context(), strings.NewReader(file), csvOptions())
		wantReason(t, err, "keystore_foreign")
		if left := r.allRows(t); len(left) != 3 {
			t.Errorf("%d cards are stored, want 3", len(left))
		}
		r.keys.Replace(right)
		if report := r.mustImport(t, file, csvOptions()); report.Inserted != 1 {
			t.Errorf("with the right keys back: %+v", report)
		}
	})
}

func TestVerifyOfOneIssuer(t *testing.T) {
	r := newRig(t)
	other := newCard(t, 2, testPAN)
	other.Issuer = "globex"
	r.mustPut(t, newCard(t, 1, testPAN), other)
	r.edit(t, 1, func(c *storage.Card) { c.Product = "mc-gold" })
	report, err := r.Verify(t.Context(), vault.VerifyOptions{Issuer: "globex", Found: func(vault.Finding) error { return errors.New("another issuer's") }})
	if err != nil || report.Of[vault.Cards] != (vault.VerifyCounts{Good: 1}) {
		t.Errorf("%+v, %v", report, err)
	}
	gone := errors.New("gone")
	if _, err := r.Verify(t.Context(), vault.VerifyOptions{Found: func(vault.Finding) error { return gone }}); !errors.Is(err, gone) {
		t.Errorf("the error of who is told is lost: %v", err)
	}
}

// A card keeps the index that it was stored with, whichever key is current now.
func TestVerifyKnowsFormerIndexKeys(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, newCard(t, 1, testPAN))
	r.add(t, keys.Meta{Purpose: keys.VaultIndex, Version: 2})
	r.setState("vault-index-v1", keys.Retired)
	r.mustPut(t, newCard(t, 2, testPAN))
	report, err := r.Verify(t.Context(), vault.VerifyOptions{Found: func(f vault.Finding) error { return fmt.Errorf("%+v", f) }})
	if err != nil || report.Of[vault.Cards].Good != 2 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestTestNumbersStayOutAndAreNotLent(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, newCard(t, 1, testPAN), newCard(t, 2, otherPAN), newCard(t, 3, testPAN))
	r.TestNumbers = []walletport.PAN{mustPAN(t, visaPAN), mustPAN(t, testPAN)}

	lent := false
	use := func(*walletport.Card) error { lent = true; return nil }
	err := r.Borrow(t.Context(), r.mustFind(t, 1), use)
	wantReason(t, err, "card_not_eligible")
	if lent || walletport.CodeOf(err) != walletport.CodeForbidden {
		t.Errorf("lent: %v, %v", lent, err)
	}
	must(t, r.Borrow(t.Context(), r.mustFind(t, 2), use))

	report := r.mustImport(t, "cardId,pan,expiryMonth,expiryYear,status\n10,4761120010000492,12,2031,\n11,5555555555554444,12,2031,\n1,,,,CARD_BLOCKED\n", csvOptions())
	want := []vault.RowError{{Line: 2, Field: "pan", Rule: "is a test number: it works in a sandbox, and serve would refuse the card"}}
	if diff := cmp.Diff(want, report.Errors); diff != "" || report.Inserted != 1 || report.Updated != 1 {
		t.Errorf("report %+v (-want +got):\n%s", report, diff)
	}

	cards, err := r.TestCards(t.Context())
	must(t, err)
	if len(cards) != 2 || cards[0].ID != 1 || cards[1].ID != 3 {
		t.Errorf("%d test cards", len(cards))
	}
}
