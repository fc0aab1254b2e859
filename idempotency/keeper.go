// Package idempotency sees to it that a request under an Idempotency-Key is done once: its
// first answer is kept and given again, on whichever replica. It knows no HTTP: what makes
// two requests the same, and which answers are kept, its caller decides.
package idempotency

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// Store is what a Keeper needs of the database.
type Store interface {
	storage.Answers
	storage.Clock
}

// Retention is for how long a key counts from its first use.
const Retention = 24 * time.Hour

// Config is what a Keeper is made of beside its store.
type Config struct {
	// Log takes what an operator must know of; nil drops it.
	Log *slog.Logger
	// Rand is crypto/rand.Reader outside of tests.
	Rand io.Reader
}

// Keeper keeps first answers. It is safe for concurrent use.
type Keeper struct {
	store Store
	log   *slog.Logger
	rand  io.Reader
}

// New returns a Keeper over a store.
func New(store Store, c Config) *Keeper {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Keeper{store: store, log: c.Log, rand: c.Rand}
}

// Claim claims the key of claim for its request, whose Holder it draws. It returns the first
// answer where there is one, and then nothing is claimed. An unanswered claim holds up the same
// request for the lease: then whoever has it must be dead, and Made is what they have made.
// Errors:
//
//   - CodeConflict, idempotency_in_progress: the same request runs
//   - CodeRejected, idempotency_key_reused: another request has the key
//   - CodeUnavailable, store_unavailable: perhaps the key is claimed, by nobody
func (k *Keeper) Claim(ctx context.Context, claim *walletport.AnswerClaim, lease time.Duration) (*walletport.KeptAnswer, error) {
	if _, err := io.ReadFull(k.rand, claim.Holder[:]); err != nil {
		return nil, fmt.Errorf("draw the holder of a claim: %w", err)
	}
	now, err := k.store.Now(ctx)
	if err != nil {
		return nil, err
	}
	state, err := k.store.ClaimAnswer(ctx, storage.AnswerLease{AnswerClaim: *claim, At: now, Until: now.Add(lease), Since: now.Add(-Retention)})
	switch {
	case err != nil:
		return nil, err
	case state.IsClaimed:
		claim.Made = state.Made
		return nil, nil //nolint:nilnil // there is no answer yet, and that is no error
	case state.Request != claim.Request:
		return nil, errReused()
	case state.Answer == nil:
		return nil, storage.ErrAnswerInProgress()
	}
	return state.Answer, nil
}

// Keep stores the answer of a claim. Where the same request was begun again meanwhile,
// because this one took longer than its lease, that one's answer counts.
func (k *Keeper) Keep(ctx context.Context, claim walletport.AnswerClaim, answer walletport.KeptAnswer) error {
	isKept, err := k.store.KeepAnswer(ctx, claim, answer)
	if err == nil && !isKept {
		k.log.Warn("an answer came after the end of its lease and is not kept", "request_id", answer.RequestID)
	}
	return err
}

// Drop gives the key of a claim back: it is as if it had never been used, or, where its request
// has made something, as if whoever has it were dead.
func (k *Keeper) Drop(ctx context.Context, claim walletport.AnswerClaim) error {
	return k.store.DropAnswer(ctx, claim)
}

func errReused() error {
	return walletport.Errorf(walletport.CodeRejected, "idempotency_key_reused", "the Idempotency-Key was used for another request")
}
