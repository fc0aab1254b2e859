package provisioning_test

import (
	"context"
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/storage"
)

// steps notes in which order a flow uses its parts.
type steps struct {
	provisioning.Vault
	provisioning.Nonces
	taken []string
}

func (s *steps) Find(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	s.taken = append(s.taken, "find")
	return s.Vault.Find(ctx, id)
}

func (s *steps) Borrow(ctx context.Context, card storage.Card, use func(*walletport.Card) error) error {
	s.taken = append(s.taken, "borrow")
	return s.Vault.Borrow(ctx, card, use)
}

func (s *steps) UseNonce(ctx context.Context, use storage.NonceUse) error {
	s.taken = append(s.taken, "nonce")
	return s.Nonces.UseNonce(ctx, use)
}

func (s *steps) Record(context.Context, walletport.AuditRecord) error {
	s.taken = append(s.taken, "record")
	return nil
}

func (s *steps) Expect() walletport.AuditRecorder {
	s.taken = append(s.taken, "announce")
	return s
}

// Others wait for an announced record, so no commit of a nonce may come before it; but
// a call that is not announced at once is not waited for under load.
func TestCallsAreAnnounced(t *testing.T) {
	var s *steps
	watch := func(f *provisioning.Flow) {
		s = &steps{Vault: f.Vault, Nonces: f.Nonces}
		f.Vault, f.Nonces, f.Audit = s, s, s
	}
	mustTake := func(t *testing.T, want ...string) {
		t.Helper()
		if !slices.Equal(s.taken, want) {
			t.Errorf("steps %q, want %q", s.taken, want)
		}
	}
	t.Run("issuer wallet", func(t *testing.T) {
		_, err := newRig(t, watch).IssuerWallet(asBank(t.Context()), request())
		must(t, err)
		mustTake(t, "announce", "find", "borrow", "record")
	})
	t.Run("an announced call that is refused is recorded", func(t *testing.T) {
		_, err := newRig(t, watch).IssuerWallet(asBank(t.Context()), request(func(q *provisioning.IssuerWalletRequest) { q.CardID = 9 }))
		if walletport.ReasonOf(err) != "card_not_found" {
			t.Errorf("error %v", err)
		}
		mustTake(t, "announce", "find", "record")
	})
	eachDeviceCall(t, func(t *testing.T, call deviceCall, id walletport.SchemeID) {
		_, err := call.ask(asBank(t.Context()), newDeviceRig(t, watch), schemeCards[id])
		must(t, err)
		if call.wallet == walletport.ApplePay {
			mustTake(t, "find", "borrow", "nonce", "record")
			return
		}
		mustTake(t, "announce", "find", "borrow", "record")
	})
}
