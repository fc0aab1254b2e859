package vault_test

import (
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/vault"
)

// behindSource is a catalogue that another process has changed already.
type behindSource struct {
	*keystest.Source
	newer     *keys.Ring
	refreshed int
}

func (s *behindSource) Refresh() *keys.Ring {
	s.refreshed++
	s.Replace(s.newer)
	return s.Current()
}

// A rotation must not wait for servers to notice it: cards arrive that were sealed
// with a key made since the last look.
func TestBorrowLooksForAKeyThatIsNew(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		name string
		made keys.Meta
	}{
		{"another key-encryption key", keys.Meta{Purpose: keys.VaultKEK, Version: 2}},
		{"another index key", keys.Meta{Purpose: keys.VaultIndex, Version: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := &behindSource{Source: keystest.NewSource(r.keys.Current())}
			server, err := vault.New(vault.Vault{Cards: r.cards, Keys: source, Clock: func() time.Time { return now }})
			must(t, err)
			r.add(t, c.made)
			source.newer = r.keys.Current()
			_, err = r.Put(t.Context(), newCard(t, 1, otherPAN))
			must(t, err)
			row, err := server.Find(t.Context(), 1)
			must(t, err)
			for range 2 {
				must(t, server.Borrow(t.Context(), row, func(*walletport.Card) error { return nil }))
			}
			if source.refreshed != 1 {
				t.Errorf("looked %d times, want once: a card that opens asks for nothing", source.refreshed)
			}
			row.KEK = "vault-kek-v9"
			wantReason(t, server.Borrow(t.Context(), row, func(*walletport.Card) error { return nil }), "key_unavailable")
		})
	}
}
