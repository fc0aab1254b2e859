package vault

import (
	"context"
	"math"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// KEKCheck says whether a key-encryption key opens what names it.
type KEKCheck struct {
	KEK keys.ID
	// Err is nil when a card opened, or a token number where the key has no cards, or a
	// customer where it has neither. It is CodeUnavailable, reason key_unavailable, for a key
	// that is not in the catalogue, and CodeInternal, reason card_damaged, token_damaged or
	// customer_damaged, where nothing that was tried opens: the key, or that of the index, is another one of the same name.
	Err error
}

// rowsTried is how many rows of a key must fail before the key is blamed: a single
// one may have been damaged.
const rowsTried = 5

// CheckKEKs opens a stored card of each key-encryption key in use, or a token number where
// it has no cards, or else a customer. It does nothing with what it opened. An error is about
// the database, not about a key.
func (v *Vault) CheckKEKs(ctx context.Context) ([]KEKCheck, error) {
	inUse, err := v.keksInUse(ctx)
	if err != nil {
		return nil, err
	}
	var checks []KEKCheck
	for _, kek := range inUse {
		tried, fault, err := v.tryCards(ctx, kek)
		if err == nil && !tried {
			tried, fault, err = v.tryTokens(ctx, kek)
		}
		if err == nil && !tried {
			fault, err = v.tryCustomers(ctx, kek)
		}
		if err != nil {
			return nil, err
		}
		checks = append(checks, KEKCheck{KEK: kek, Err: fault})
	}
	return checks, nil
}

// tryCards opens cards of a key until one opens.
func (v *Vault) tryCards(ctx context.Context, kek keys.ID) (tried bool, fault, err error) {
	rows, err := v.Cards.CardsWrappedBy(ctx, string(kek), math.MinInt64, rowsTried)
	for i := range rows {
		var card *walletport.Card
		if card, fault = v.open(&rows[i]); fault == nil {
			wipeCard(card)
		}
		if isAboutKey(fault) {
			break
		}
	}
	return len(rows) > 0, fault, err
}

// tryTokens opens token numbers of a key until one opens.
func (v *Vault) tryTokens(ctx context.Context, kek keys.ID) (tried bool, fault, err error) {
	rows, err := v.Tokens.TokensWrappedBy(ctx, string(kek), 0, rowsTried)
	for i := range rows {
		if fault = v.checkTokenNumber(rows[i]); isAboutKey(fault) {
			break
		}
	}
	return len(rows) > 0, fault, err
}

// tryCustomers opens customers of a key until one opens. There are none when a re-wrap has
// just moved them.
func (v *Vault) tryCustomers(ctx context.Context, kek keys.ID) (fault, err error) {
	rows, err := v.Customers.CustomersWrappedBy(ctx, string(kek), 0, rowsTried)
	for i := range rows {
		if fault = v.CheckCustomer(rows[i]); isAboutKey(fault) {
			break
		}
	}
	return fault, err
}

// isAboutKey reports whether another row of the key would tell nothing more.
func isAboutKey(fault error) bool {
	return fault == nil || walletport.CodeOf(fault) == walletport.CodeUnavailable
}
