package activation_test

import (
	"context"
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/storage"
)

// steps notes in which order a flow uses its parts.
type steps struct {
	activation.Vault
	activation.Nonces
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

// Others wait for an announced record, so no commit of a nonce may come before it.
func TestCallsAreAnnounced(t *testing.T) {
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			s := &steps{}
			r := newRig(t, func(f *activation.Flow) {
				s.Vault, s.Nonces = f.Vault, f.Nonces
				f.Vault, f.Nonces, f.Audit = s, s, s
			})
			_, err := c.do(r, asBank(t.Context()), ask(c.card))
			must(t, err)
			want := []string{"announce", "find", "borrow", "record"}
			if c.card == visaCard { // its nonce is used up last
				want = []string{"find", "borrow", "nonce", "record"}
			}
			if !slices.Equal(s.taken, want) {
				t.Errorf("steps %q, want %q", s.taken, want)
			}
		})
	}
}
