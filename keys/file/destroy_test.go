package file_test

import (
	"context"
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/keys/keystest"
)

// What the file holds of a key after its destruction, to whoever has the passphrase too.
func TestTheFileForgetsADestroyedKey(t *testing.T) {
	for _, sample := range keystest.Samples(t) {
		if sample.Secret == nil {
			continue
		}
		t.Run(string(sample.Spec.Purpose), func(t *testing.T) {
			s, c := newStore(t)
			m, err := s.Import(t.Context(), sample.Spec, sample.Data, nil)
			must(t, err)
			before, err := file.Unseal(c)
			must(t, err)
			if !keystest.Shows(string(before), sample.Secret) {
				t.Fatal("the test does not find the secret where it is")
			}
			_, err = s.Retire(t.Context(), m.ID, keys.EvenIfNeeded)
			must(t, err)
			_, err = s.Destroy(t.Context(), m.ID)
			must(t, err)
			after, err := file.Unseal(c)
			must(t, err)
			if keystest.Shows(string(after), sample.Secret) {
				t.Error("the secret half is in the file")
			}
		})
	}
}

// A change that waits for another process ends with its context.
func TestAWaitingChangeEndsWithItsContext(t *testing.T) {
	_, c := newStore(t)
	c.LockPatience = time.Hour
	s := open(t, c)
	unlock, err := file.Lock(t.Context(), c.Path, 0)
	must(t, err)
	defer unlock()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer stop()
	if _, err := s.Generate(ctx, keys.Spec{Purpose: keys.VaultKEK}); err == nil || ctx.Err() == nil {
		t.Errorf("Generate: %v, before its context ended: %v", err, ctx.Err() == nil)
	}
}
