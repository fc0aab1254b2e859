package vault

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// ForeignKEKs returns the key-encryption keys at hand that unwrap nothing of what names
// them: they are keys of another key store, which has the same ids. The right key is known by
// the first data key that unwraps, so that the scan is long only where a key is foreign. A key
// that the catalogue lacks is not among them.
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

// unwrapsNone reports whether something stored names kek and it unwraps none of it.
func (v *Vault) unwrapsNone(ctx context.Context, kek *keys.Key) (bool, error) {
	anyTried := false
	for _, t := range v.tables() {
		tried, good, err := t.unwraps(ctx, kek)
		if err != nil || good {
			return false, err
		}
		anyTried = anyTried || tried
	}
	return anyTried, nil
}

// unwraps reports whether rows name kek, and whether it unwraps the data key of any of them.
func (t *table[R, ID]) unwraps(ctx context.Context, kek *keys.Key) (tried, good bool, err error) {
	for rows, err := range t.wrapped(ctx, kek.ID, verifyPage) {
		if err != nil {
			return tried, false, err
		}
		tried = true
		for i := range rows {
			row := t.row(&rows[i])
			dataKey, err := row.unwrap(row.WrappedKey, kek)
			clear(dataKey)
			if err == nil {
				return true, true, nil
			}
		}
	}
	return tried, false, nil
}

// foreignText says what ForeignKEKs found of a key.
func foreignText(kek keys.ID) string {
	return "nothing that is stored opens under " + string(kek) + ": this is another key store than the one that sealed them"
}

// refuseForeign returns CodeConflict, reason keystore_foreign, if a key that new rows may get
// is one of another key store.
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
