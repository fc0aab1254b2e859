package vault_test

import (
	"testing"

	"github.com/walletport/walletport/keys"
)

func TestCheckUnused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		first, index := r.ring()[0], r.ring()[1]
		if first.Purpose != keys.VaultKEK || index.Purpose != keys.VaultIndex {
			t.Fatalf("the rig has %s and %s", first.ID, index.ID)
		}
		second := r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		checkpoint := r.add(t, keys.Meta{Purpose: keys.AuditCheckpoint})
		want := func(when string, reasons map[*keys.Key]string) {
			t.Helper()
			for k, reason := range reasons {
				t.Run(when+", "+string(k.ID), func(t *testing.T) { wantReason(t, r.CheckUnused(t.Context(), k), reason) })
			}
		}
		want("without cards", map[*keys.Key]string{first: "", second: "", index: "", checkpoint: ""})
		r.setState(second.ID, keys.Retired)
		r.manyCards(t, 2)
		want("with cards", map[*keys.Key]string{first: "key_in_use", second: "", index: "key_in_use", checkpoint: ""})
		r.setState(second.ID, keys.Active)
		r.setState(first.ID, keys.Retired)
		_, err := r.Rewrap(t.Context(), nil)
		must(t, err)
		want("with cards that were moved", map[*keys.Key]string{first: "", second: "key_in_use", index: "key_in_use", checkpoint: ""})
		r.mustForget(t, 1)
		r.mustForget(t, 2)
		want("with forgotten cards, which still have a MAC", map[*keys.Key]string{first: "", second: "", index: "key_in_use"})
	})
}
