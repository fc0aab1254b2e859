package server

import (
	"cmp"
	"context"
	"time"

	"github.com/walletport/walletport/storage"
)

// How old nonces leave the database: in bites that hold SQLite's one write lock for
// milliseconds only.
const (
	forgetEvery = 10 * time.Minute
	forgetBite  = 500
)

// forgetNonces deletes uses that no longer matter. What it cannot delete now it
// deletes the next time.
func (s *Server) forgetNonces(ctx context.Context) {
	// By the database's clock: a replica whose own is a day ahead must not delete what
	// still counts.
	now, err := s.Database.Now(ctx)
	if err != nil {
		s.log.Warn("old nonces not deleted", "err", err)
		return
	}
	// Twice the retention: a call that is under way counts from its own start.
	before := now.Add(-2 * cmp.Or(s.Settings.Wallets.NonceRetention, storage.DefaultNonceRetention))
	for ctx.Err() == nil {
		n, err := s.Database.ForgetNonces(ctx, before, forgetBite)
		if err != nil {
			s.log.Warn("old nonces not deleted", "err", err)
			return
		}
		if n < forgetBite {
			return
		}
	}
}
