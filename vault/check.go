package vault

import (
	"context"
	"math"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// KEKCheck says whether a key-encryption key opens cards that name it.
type KEKCheck struct {
	KEK keys.ID
	// Err is nil when a card opened. It is CodeUnavailable, reason key_unavailable, for
	// a key that is not in the catalogue, and CodeInternal, reason card_damaged, where
	// none of the cards that were tried opens: the key, or that of the index, is another
	// one of the same name.
	Err error
}

// cardsTried is how many cards of a key must fail before the key is blamed: a single
// one may have been damaged.
const cardsTried = 5

// CheckKEKs opens a stored card of each key-encryption key in use. It does nothing
// with the card. An error is about the database, not about a key.
func (v *Vault) CheckKEKs(ctx context.Context) ([]KEKCheck, error) {
	inUse, err := v.Cards.CardKEKs(ctx)
	if err != nil {
		return nil, err
	}
	var checks []KEKCheck
	for _, kek := range inUse {
		rows, err := v.Cards.CardsWrappedBy(ctx, kek, math.MinInt64, cardsTried)
		if err != nil {
			return nil, err
		}
		check := KEKCheck{KEK: keys.ID(kek)}
		for i := range rows { // none are left when a re-wrap has just moved them
			var card *walletport.Card
			if card, check.Err = v.open(&rows[i]); check.Err == nil {
				wipeCard(card)
			}
			if check.Err == nil || walletport.CodeOf(check.Err) == walletport.CodeUnavailable {
				break
			}
		}
		checks = append(checks, check)
	}
	return checks, nil
}
