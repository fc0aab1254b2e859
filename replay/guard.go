// Package replay is the guard against a wallet's nonce that comes again: each is
// answered once, on whichever replica. It knows no wallet: what a nonce is, and for
// how long it counts, stands in its use.
package replay

import (
	"context"
	"time"

	"github.com/walletport/walletport/gather"
	"github.com/walletport/walletport/storage"
)

// Guard lets each nonce pass once, for many callers at once: uses that wait together
// are recorded together, as audit records share a commit. One that is alone is
// recorded at once. It answers while Run runs, and is safe for concurrent use.
type Guard struct {
	uses *gather.Group[storage.NonceUse, verdict]
}

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
func New(nonces storage.Nonces) *Guard {
	return &Guard{gather.New(limits, func(ctx context.Context, calls []*call) { record(ctx, nonces, calls) })}
}

// UseNonce records a use durably, or returns CodeConflict, reason nonce_reused; or
// what storage.CheckNonceUse says; or CodeUnavailable, reason store_unavailable, also
// when ctx ends first.
//
// A use whose ctx has ended before its turn comes is not recorded. After any other
// CodeUnavailable it may have been. What the database refuses, it refuses to all whose
// uses share the commit.
func (g *Guard) UseNonce(ctx context.Context, use storage.NonceUse) error {
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

// Run records until ctx ends, and must be called once.
func (g *Guard) Run(ctx context.Context) error { return g.uses.Run(ctx) }

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
