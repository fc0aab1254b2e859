package vault_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

// TestCheckKEKs has cards under two keys, and then takes a key away, replaces the
// store by another one of the same names, and damages one card.
func TestCheckKEKs(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		reasons := func(step string, want map[keys.ID]string) {
			t.Helper()
			checks, err := r.CheckKEKs(t.Context())
			must(t, err)
			got := map[keys.ID]string{}
			for _, c := range checks {
				got[c.KEK] = walletport.ReasonOf(c.Err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step, diff)
			}
		}
		reasons("without cards", map[keys.ID]string{})
		kek := func(version int) keys.Meta { return keys.Meta{Purpose: keys.VaultKEK, Version: version} }
		index := keys.Meta{Purpose: keys.VaultIndex}
		one := keystest.Ring(t, kek(1), index)
		r.keys.Replace(one)
		r.mustPut(t, newCard(t, 1, testPAN), newCard(t, 2, visaPAN))
		two := keys.NewRing(append(one.All(), keystest.Ring(t, kek(2)).All()...))
		r.keys.Replace(two)
		r.mustPut(t, newCard(t, 3, testPAN))
		first, second := one.All()[0].ID, two.All()[len(two.All())-1].ID
		reasons("with all keys", map[keys.ID]string{first: "", second: ""})
		r.keys.Replace(one)
		reasons("without the second", map[keys.ID]string{first: "", second: "key_unavailable"})
		r.keys.Replace(keystest.Ring(t, kek(1), kek(2), index))
		reasons("with other keys of the same names", map[keys.ID]string{first: "card_damaged", second: "card_damaged"})
		r.keys.Replace(two)
		row := r.mustFind(t, 1)
		row.Status, row.ContentMAC = walletport.CardStolen, []byte("edited")
		_, err := r.cards.PutCards(t.Context(), []storage.Card{row})
		must(t, err)
		reasons("with one damaged card", map[keys.ID]string{first: "", second: ""})
	})
}
