package vault

import (
	"context"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// CheckUnused returns nil if no stored card needs the key, so that it may be destroyed. A
// key-encryption key is needed by the cards whose data keys it wraps. An index key is
// needed as long as there are cards, also forgotten ones: each keeps the index and the MAC
// that it was stored with, and does not name their key. The error is CodeConflict, reason
// key_in_use.
func (v *Vault) CheckUnused(ctx context.Context, k *keys.Key) error {
	switch k.Purpose {
	case keys.VaultKEK:
		wrappedBy, err := v.Cards.CardKEKs(ctx)
		if err != nil || !slices.Contains(wrappedBy, string(k.ID)) {
			return err
		}
		return walletport.Errorf(walletport.CodeConflict, "key_in_use", "stored cards open under the key alone: cards rewrap moves them to another")
	case keys.VaultIndex:
		issuers, err := v.Cards.CardIssuers(ctx)
		if err != nil || len(issuers) == 0 {
			return err
		}
		return walletport.Errorf(walletport.CodeConflict, "key_in_use", "there are cards, which keep the index that they were stored with: an index key is needed as long as there are any")
	case keys.MDESEncryption, keys.TAVSigning, keys.VTSPush, keys.WSD, keys.OPCEncryption, keys.OPCSigning, keys.AuditCheckpoint: // no row is sealed by them
	}
	return nil
}
