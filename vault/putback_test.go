package vault_test

import (
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// TestARowThatIsPutBackWholeOpens holds the threat model to what is left: nothing counts how
// often a row was changed. Part of an older row is another matter.
func TestARowThatIsPutBackWholeOpens(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		key := customerKey("1")
		r.mustPut(t, stolenCard(t))
		r.mustPutCustomers(t, newCustomer(t, key, adaTexts))
		oldCard, oldCustomer := r.mustFind(t, 1), r.mustFindCustomer(t, key)
		must(t, r.cards.Update(t.Context(), func(tx storage.Tx) error {
			if _, err := r.ChangeStatus(tx, 1, walletport.CardOK, nil); err != nil {
				return err
			}
			_, err := r.ChangeCustomer(tx, key, changesOf(texts{walletport.CustomerCity: {"Lund"}}), nil)
			return err
		}))

		r.editCustomer(t, key, func(c *storage.Customer) { c.Sealed, c.WrappedKey = oldCustomer.Sealed, oldCustomer.WrappedKey })
		wantReason(t, r.CheckCustomer(r.mustFindCustomer(t, key)), "customer_damaged")
		_, err := r.changedCustomer(t, func(tx storage.Tx) (vault.ChangedCustomer, error) { return r.ForgetCustomer(tx, key, nil) })
		must(t, err)
		r.editCustomer(t, key, func(c *storage.Customer) { *c = oldCustomer })
		r.wantCustomer(t, key, adaTexts)

		part := r.mustFind(t, 1)
		part.Status = oldCard.Status
		wantReason(t, r.Check(part), "card_damaged")
		_, err = r.cards.PutCards(t.Context(), []storage.Card{oldCard})
		must(t, err)
		if card := r.mustFind(t, 1); card.Status != walletport.CardStolen || r.Check(card) != nil {
			t.Errorf("the card is %s", card.Status)
		}
	})
}
