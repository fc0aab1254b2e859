package vault

import (
	"context"
	"math"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// ForeignKEKs returns the key-encryption keys at hand that unwrap none of the stored
// cards, token numbers and customers that name them: they are keys of another key store, which has the
// same ids. The right key is known by the first that is good, so that the scan is short
// unless it is needed. A key that the catalogue lacks is not among them.
func (v *Vault) ForeignKEKs(ctx context.Context) (map[keys.ID]bool, error) {
	inUse, err := v.keksInUse(ctx)
	if err != nil {
		return nil, err
	}
	foreign := map[keys.ID]bool{}
	for _, id := range inUse {
		kek, ok := v.Keys.Current().ByID(id)
		if !ok || kek.KEK == nil {
			continue
		}
		none, err := v.unwrapsNone(ctx, kek)
		if err != nil {
			return nil, err
		}
		if none {
			foreign[kek.ID] = true
		}
	}
	return foreign, nil
}

// unwrapsNone reports whether cards, token numbers or customers name kek and it unwraps none
// of them.
func (v *Vault) unwrapsNone(ctx context.Context, kek *keys.Key) (bool, error) {
	anyTried := false
	for _, unwraps := range []func(context.Context, *keys.Key) (tried, good bool, err error){v.unwrapsCard, v.unwrapsToken, v.unwrapsCustomer} {
		tried, good, err := unwraps(ctx, kek)
		if err != nil || good {
			return false, err
		}
		anyTried = anyTried || tried
	}
	return anyTried, nil
}

func (v *Vault) unwrapsCard(ctx context.Context, kek *keys.Key) (tried, good bool, err error) {
	for after := walletport.CardID(math.MinInt64); ; {
		rows, err := v.Cards.CardsWrappedBy(ctx, string(kek.ID), after, verifyPage)
		if err != nil || len(rows) == 0 {
			return tried, false, err
		}
		tried, after = true, rows[len(rows)-1].ID
		for i := range rows {
			dataKey, err := bindCard(&rows[i].CardSummary).unwrap(rows[i].WrappedKey, kek)
			clear(dataKey)
			if err == nil {
				return true, true, nil
			}
		}
	}
}

func (v *Vault) unwrapsToken(ctx context.Context, kek *keys.Key) (tried, good bool, err error) {
	for after := walletport.TokenID(0); ; {
		rows, err := v.Tokens.TokensWrappedBy(ctx, string(kek.ID), after, verifyPage)
		if err != nil || len(rows) == 0 {
			return tried, false, err
		}
		tried, after = true, rows[len(rows)-1].ID
		for i := range rows {
			dataKey, err := bindTokenNumber(rows[i].Issuer, rows[i].Ref).unwrap(rows[i].Number.WrappedKey, kek)
			clear(dataKey)
			if err == nil {
				return true, true, nil
			}
		}
	}
}

func (v *Vault) unwrapsCustomer(ctx context.Context, kek *keys.Key) (tried, good bool, err error) {
	for after := walletport.CustomerID(0); ; {
		rows, err := v.Customers.CustomersWrappedBy(ctx, string(kek.ID), after, verifyPage)
		if err != nil || len(rows) == 0 {
			return tried, false, err
		}
		tried, after = true, rows[len(rows)-1].ID
		for i := range rows {
			dataKey, err := bindCustomer(rows[i].CustomerKey).unwrap(rows[i].WrappedKey, kek)
			clear(dataKey)
			if err == nil {
				return true, true, nil
			}
		}
	}
}

// foreignText says what ForeignKEKs found of a key.
func foreignText(kek keys.ID) string {
	return "nothing that is stored opens under " + string(kek) + ": this is another key store than the one that sealed them"
}

// refuseForeign returns CodeConflict, reason keystore_foreign, if a key that new cards
// may get is one of another key store.
func (v *Vault) refuseForeign(ctx context.Context) error {
	foreign, err := v.ForeignKEKs(ctx)
	if err != nil {
		return err
	}
	for id := range foreign {
		if k, ok := v.Keys.Current().ByID(id); ok && k.ServesAt(v.Clock()) {
			return walletport.Errorf(walletport.CodeConflict, "keystore_foreign", "%s: bring back the right one; nothing is stored", foreignText(id))
		}
	}
	return nil
}
