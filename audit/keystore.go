package audit

import (
	"context"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// The reasons of a key store that must not sign a trail.
const (
	// ReasonForeign: keys of the store have the ids that the checkpoints name, and made
	// none of them.
	ReasonForeign = "keystore_foreign"
	// ReasonKeyMissing: the store lacks the key that the last checkpoint names.
	ReasonKeyMissing = "checkpoint_key_missing"
)

// CheckpointSource is what CheckKeys reads. storage.Audit is one.
type CheckpointSource interface {
	LastCheckpoint(ctx context.Context) (storage.Checkpoint, error)
	Checkpoints(ctx context.Context, seq int64, limit int) ([]storage.Checkpoint, error)
}

// CheckKeys holds the last checkpoint of a trail against the keys of a store, retired
// ones included. Ids do not tell one store from another, for each begins with
// audit-checkpoint-v1; and a checkpoint of another key of the same id would make the
// trail look forged for ever. So whoever signs asks before.
//
// It returns nil for a trail without a checkpoint. Its errors are CodeConflict with the
// reasons ReasonForeign and ReasonKeyMissing, and those of the source. Where the last
// checkpoint alone is of no key at hand, somebody edited it, and the store is not blamed.
func CheckKeys(ctx context.Context, source CheckpointSource, ring *keys.Ring) error {
	last, err := source.LastCheckpoint(ctx)
	if err != nil || last.Seq == 0 {
		return err
	}
	trusted := TrustedKeys(ring)
	if madeBy(last, trusted) {
		return nil
	}
	good, named, err := holdAgainst(ctx, source, trusted)
	if err != nil {
		return err
	}
	_, known := ring.ByID(keys.ID(last.KeyID))
	switch {
	case good && known:
		return nil
	case !good && named:
		return walletport.Errorf(walletport.CodeConflict, ReasonForeign,
			"this key store is another than the one that signed the audit trail of this database: bring back the right one")
	}
	return walletport.Errorf(walletport.CodeConflict, ReasonKeyMissing,
		"the key store lacks the key %s, which signed the audit trail of this database last: bring back the store that has it (docs/keys.md says what to do if it is lost)", keyName(last.KeyID))
}

// holdAgainst reports whether one of the keys made any checkpoint of a trail, and whether
// any names a key by an id that one of them has.
func holdAgainst(ctx context.Context, source CheckpointSource, trusted []TrustedKey) (good, named bool, err error) {
	for after := int64(0); ; {
		page, err := source.Checkpoints(ctx, after, pageSize)
		if err != nil {
			return false, false, fmt.Errorf("read audit checkpoints: %w", err)
		}
		for _, c := range page {
			if madeBy(c, trusted) {
				return true, true, nil
			}
			named = named || hasID(trusted, keys.ID(c.KeyID))
		}
		if len(page) < pageSize {
			return false, named, nil
		}
		after = page[len(page)-1].Seq
	}
}

func hasID(trusted []TrustedKey, id keys.ID) bool {
	for _, k := range trusted {
		if k.ID == id {
			return true
		}
	}
	return false
}

// madeBy reports whether one of the keys made the signature of a checkpoint.
func madeBy(c storage.Checkpoint, trusted []TrustedKey) bool {
	return newSigners(trusted).check(c, appendText(nil, checkpointDomain)) == nil
}
