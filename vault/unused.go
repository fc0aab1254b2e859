package vault

import (
	"context"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// CheckUnused returns nil if nothing that is stored needs the key, so that it may be
// destroyed. A key-encryption key is needed by what is stored, of whatever kind, whose data
// keys it wraps. An index key is needed as long as there are cards or customers, also
// forgotten ones: each keeps the index and the MAC that it was stored with, and does not
// name their key. The error is CodeConflict, reason key_in_use.
func (v *Vault) CheckUnused(ctx context.Context, k *keys.Key) error {
	switch k.Purpose {
	case keys.VaultKEK:
		inUse, err := v.keksInUse(ctx)
		if err != nil || !slices.Contains(inUse, k.ID) {
			return err
		}
		return walletport.Errorf(walletport.CodeConflict, "key_in_use", "stored %s open under the key alone: cards rewrap moves them to another", anyKind())
	case keys.VaultIndex:
		return v.checkIndexUnused(ctx)
	case keys.MDESEncryption, keys.TAVSigning, keys.MDESOAuth, keys.MDESCSEncryption, keys.MDESCSDecryption, keys.VTSPush, keys.WSD, keys.VTSAPI, keys.ClickToPayAPI, keys.ClickToPayLogin, keys.VTSSigning, keys.VTSVerification, keys.VTSEncryption, keys.VTSDecryption, keys.ClickToPayEncryption, keys.ClickToPayDecryption, keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS,
		keys.OPCEncryption, keys.OPCSigning, keys.AuditCheckpoint: // no row is sealed by them
	}
	return nil
}

func (v *Vault) checkIndexUnused(ctx context.Context) error {
	issuers, err := v.Cards.CardIssuers(ctx)
	if err != nil {
		return err
	}
	customers, err := v.Customers.CustomersAfter(ctx, "", 0, 1)
	if err != nil || len(issuers) == 0 && len(customers) == 0 {
		return err
	}
	return walletport.Errorf(walletport.CodeConflict, "key_in_use", "there are cards or customers, which keep the index and the MAC that they were stored with: an index key is needed as long as there are any")
}

// keksInUse returns the ids of the keys that wrap data keys, of whatever kind, in order.
func (v *Vault) keksInUse(ctx context.Context) ([]keys.ID, error) {
	var inUse []keys.ID
	for _, t := range v.tables() {
		ids, err := t.keysInUse(ctx)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			inUse = append(inUse, keys.ID(id))
		}
	}
	slices.Sort(inUse)
	return slices.Compact(inUse), nil
}

// checkKept returns CodeUnavailable, reason key_unavailable, if a key of the vault that new
// rows got by ring has been destroyed since: what it sealed must not be stored, for
// CheckUnused could not see it, and nothing would open it.
func (v *Vault) checkKept(ring *keys.Ring) error {
	newest := v.newestRing()
	if newest == ring {
		return nil
	}
	for _, k := range ring.All() {
		if k.State != keys.Active || k.Purpose != keys.VaultKEK && k.Purpose != keys.VaultIndex {
			continue
		}
		if kept, ok := newest.ByID(k.ID); !ok || kept.KEK == nil && kept.MAC == nil {
			return walletport.Errorf(walletport.CodeUnavailable, reasonNoKey, "the key %s was destroyed while the file was sealed by it: import the file again", k.ID)
		}
	}
	return nil
}

// rescue moves stored rows from key-encryption keys that ring still has and that have been
// destroyed: whoever did it looked for rows under the key while these were being stored,
// and a file that is stored as a whole may take minutes.
func (v *Vault) rescue(ctx context.Context, ring *keys.Ring) error {
	newest := v.newestRing()
	if newest == ring {
		return nil
	}
	r := newRewrapper(v)
	for _, k := range ring.All() {
		kept, ok := newest.ByID(k.ID)
		if k.Purpose != keys.VaultKEK || k.KEK == nil || ok && kept.KEK != nil {
			continue
		}
		if err := r.moveAll(ctx, k); err != nil {
			return err
		}
	}
	if r.hasFailed() || len(r.left) > 0 {
		return walletport.Errorf(walletport.CodeUnavailable, reasonNoKey, "a key was destroyed while rows under it were stored, and they could not be moved to another")
	}
	return nil
}
