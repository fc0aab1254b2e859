package vault

import (
	"context"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// CheckUnused returns nil if no stored card needs the key, so that it may be destroyed. A
// key-encryption key is needed by the cards whose data keys it wraps. An index key is
// needed as long as there are cards: each keeps the index and the MAC that it was stored
// with, and does not name their key. The error is CodeConflict, reason key_in_use.
func (v *Vault) CheckUnused(ctx context.Context, k *keys.Key) error {
	if k.Purpose != keys.VaultKEK && k.Purpose != keys.VaultIndex {
		return nil
	}
	wrappedBy, err := v.Cards.CardKEKs(ctx)
	switch {
	case err != nil:
		return err
	case k.Purpose == keys.VaultKEK && slices.Contains(wrappedBy, string(k.ID)):
		return walletport.Errorf(walletport.CodeConflict, "key_in_use", "stored cards open under the key alone: cards rewrap moves them to another")
	case k.Purpose == keys.VaultIndex && len(wrappedBy) > 0:
		return walletport.Errorf(walletport.CodeConflict, "key_in_use", "there are cards, which keep the index that they were stored with: an index key is needed as long as there are any")
	}
	return nil
}
