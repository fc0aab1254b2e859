// Package replay is the guard against a wallet's nonce that comes again: each is
// answered once, on whichever replica. Who calls it says which nonce is used, and at
// what time; for how long a use counts, and when it is forgotten, is decided here. It
// knows no wallet.
package replay

import (
	"cmp"
	"context"
	"crypto/sha256"
	"log/slog"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/gather"
	"github.com/walletport/walletport/storage"
)

// Guard lets each nonce pass once, for many callers at once: uses that wait together
// are recorded together, as audit records share a commit. One that is alone is
// recorded at once. It answers while Run runs, and is safe for concurrent use.
type Guard struct {
	uses      *gather.Group[storage.NonceUse, verdict]
	store     Store
	retention time.Duration
	log       *slog.Logger
}

// Store is what a Guard needs of the database.
type Store interface {
	storage.Nonces
	storage.Clock
}

// Config is what may be set of a Guard.
type Config struct {
	// Retention is for how long a nonce cannot come again; 0 is DefaultRetention.
	Retention time.Duration
	// Log takes what an operator must know of; nil drops it.
	Log *slog.Logger
}

// The bounds of Retention. DefaultRetention is far above what a phone waits for an
// answer (20 seconds), and short enough for 4-byte nonces not to meet by chance too
// often. Below MinRetention a wallet might still take a nonce that counts as forgotten;
// no source says how long nonces live. Beyond MaxRetention even fewer nonces meet by
// chance.
const (
	DefaultRetention = 24 * time.Hour
	MinRetention     = time.Hour
	MaxRetention     = 30 * 24 * time.Hour
)

// verdict is the answer to one use. The zero verdict lets nobody pass.
type verdict struct {
	fresh bool
	err   error
}

type call = gather.Call[storage.NonceUse, verdict]

// One commit runs at a time. SQLite has one writer anyway, for which a second one
// would only queue, with the first use that came and none of those that come
// meanwhile; and PostgreSQL waits for the disk once for more uses. A commit that hangs
// on a broken connection holds up the others for as long as Timeout, as one of the
// audit trail does, without which they get no answer either.
var limits = gather.Limits{Workers: 1, Batch: 64, Timeout: 5 * time.Second}

// New returns a Guard that answers once Run runs.
func New(store Store, c Config) *Guard {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Guard{
		uses:  gather.New(limits, func(ctx context.Context, calls []*call) { record(ctx, store, calls) }),
		store: store, retention: cmp.Or(c.Retention, DefaultRetention), log: c.Log,
	}
}

// UseNonce records durably that a nonce which a wallet gave to an issuer is used at that
// time, or returns CodeConflict, reason nonce_reused; or what storage.CheckNonceUse
// says; or CodeUnavailable, reason store_unavailable, also when ctx ends first.
//
// A use whose ctx has ended before its turn comes is not recorded. After any other
// CodeUnavailable it may have been. What the database refuses, it refuses to all whose
// uses share the commit.
func (g *Guard) UseNonce(ctx context.Context, issuer walletport.IssuerID, w walletport.Wallet, nonce []byte, at time.Time) error {
	use := storage.NonceUse{
		Nonce: storage.Nonce{Issuer: issuer, Wallet: w, Digest: sha256.Sum256(nonce)},
		At:    at, Since: at.Add(-g.retention),
	}
	// What no engine can keep would be an error of all that share the commit.
	if err := storage.CheckNonceUse(use); err != nil {
		return err
	}
	v, err := g.uses.Do(ctx, use)
	switch {
	case err != nil:
		return storage.ErrUnavailable(ctx, err)
	case v.err != nil:
		return v.err
	case !v.fresh:
		return storage.ErrNonceReused()
	}
	return nil
}

// Run records, and forgets old uses every ten minutes, until ctx ends. It must be called
// once.
func (g *Guard) Run(ctx context.Context) error {
	var forgetting sync.WaitGroup
	defer forgetting.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	forgetting.Go(func() { g.forgetOften(ctx) })
	return g.uses.Run(ctx)
}

// record gives each call its verdict.
func record(ctx context.Context, nonces storage.Nonces, calls []*call) {
	uses := make([]storage.NonceUse, len(calls))
	for i, c := range calls {
		uses[i] = c.Question
	}
	fresh, err := nonces.UseNonces(ctx, uses)
	for i, c := range calls {
		c.Answer.err = err
		c.Answer.fresh = err == nil && fresh[i]
	}
}
