package vault

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// KEKCheck says whether a key-encryption key opens what names it.
type KEKCheck struct {
	KEK keys.ID
	// Err is nil when something opened, of the first kind that the key has rows of. It is
	// CodeUnavailable, reason key_unavailable, for a key that is not in the catalogue, and
	// CodeInternal with the reason of the kind (card_damaged) where nothing that was tried
	// opens: the key, or that of the index, is another one of the same name.
	Err error
}

// rowsTried is how many rows of a key must fail before the key is blamed: a single
// one may have been damaged.
const rowsTried = 5

// CheckKEKs opens what is stored under each key-encryption key in use: a card, or else
// something of the next kind. It does nothing with what it opened. An error is about the
// database, not about a key.
func (v *Vault) CheckKEKs(ctx context.Context) ([]KEKCheck, error) {
	inUse, err := v.keksInUse(ctx)
	if err != nil {
		return nil, err
	}
	var checks []KEKCheck
	for _, kek := range inUse {
		fault, err := v.try(ctx, kek)
		if err != nil {
			return nil, err
		}
		checks = append(checks, KEKCheck{KEK: kek, Err: fault})
	}
	return checks, nil
}

// try opens what a key wraps. There is nothing when a re-wrap has just moved it.
func (v *Vault) try(ctx context.Context, kek keys.ID) (fault, err error) {
	for _, t := range v.tables() {
		tried, fault, err := t.try(ctx, kek)
		if tried || err != nil {
			return fault, err
		}
	}
	return nil, nil
}

func (t *table[R, ID]) try(ctx context.Context, kek keys.ID) (tried bool, fault, err error) {
	rows, err := t.wrappedBy(ctx, string(kek), t.first, rowsTried)
	for _, row := range rows {
		if fault = t.check(row); isAboutKey(fault) {
			break
		}
	}
	return len(rows) > 0, fault, err
}

// isAboutKey reports whether another row of the key would tell nothing more.
func isAboutKey(fault error) bool {
	return fault == nil || walletport.CodeOf(fault) == walletport.CodeUnavailable
}
