package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/walletport/walletport/keys"
)

// refuseSandbox keeps made-up keys out of production: whoever has a sandbox.json holds
// the other half of these keys. Test numbers are refused card by card, see testCards.
func (s *Server) refuseSandbox(ctx context.Context) error {
	if err := refuseSandboxKeys(s.Keys.Current()); err != nil {
		return err
	}
	if err := s.findTestCards(ctx); err != nil {
		return err
	}
	s.background.every(ctx, testCardsInterval, "test cards", s.warnOfTestCards)
	return nil
}

func refuseSandboxKeys(ring *keys.Ring) error {
	for _, k := range ring.All() {
		if k.Sandbox {
			return fmt.Errorf("key %s is a sandbox's: make a key store with walletport keys init", k.ID)
		}
	}
	return nil
}

// IsSandbox reports whether keys are a sandbox's: whoever has its sandbox.json holds the
// other half of them.
func IsSandbox(ring *keys.Ring) bool {
	return slices.ContainsFunc(ring.All(), func(k *keys.Key) bool { return k.Sandbox })
}
