package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/walletport/walletport"
)

// AnswerLease is a claim on an idempotency key for a time. Its times are by the
// database's clock (see Clock), in milliseconds.
type AnswerLease struct {
	walletport.AnswerClaim
	At    time.Time // when the key is claimed
	Until time.Time // an unanswered claim holds up the same request until then, and no longer
	Since time.Time // what was claimed before no longer counts, answered or not
}

// AnswerState is what there is under an idempotency key after somebody tried to claim it.
type AnswerState struct {
	IsClaimed bool // by this call; of the rest there is Made alone then
	// Made is what an earlier claim of the same request has made, see AnswersTx; "" is nothing.
	Made string
	// Request is the digest of the request that has the key.
	Request [32]byte
	Answer  *walletport.KeptAnswer // nil while it is not answered
}

// Answers keeps the first answers to requests under idempotency keys, so that they are
// given again, whichever replica is asked.
type Answers interface {
	// ClaimAnswer claims a key durably if it is free: if nobody has it, or what has it was
	// claimed before Since, or is a claim of the same request that was not answered Until
	// its end. Of several calls at once, on any replica, one claims it. The others are told
	// what has it.
	ClaimAnswer(ctx context.Context, lease AnswerLease) (AnswerState, error)
	// KeepAnswer stores the answer of a claim durably, and reports whether the claim still
	// stood. Where another one has taken its place nothing is stored.
	KeepAnswer(ctx context.Context, claim walletport.AnswerClaim, answer walletport.KeptAnswer) (isKept bool, err error)
	// DropAnswer gives back the key of a claim that is not to be answered: it is as if it had
	// never been claimed. Where the request has made something the key stays with it, and the
	// same request can claim it at once. A claim that was answered, or does not stand any more,
	// is left alone.
	DropAnswer(ctx context.Context, claim walletport.AnswerClaim) error
	// ForgetAnswers deletes up to limit keys that were claimed before the given time, the
	// oldest first, and returns how many.
	ForgetAnswers(ctx context.Context, before time.Time, limit int) (int, error)
}

// AnswersTx ties what a request makes to its idempotency key.
type AnswersTx interface {
	// NoteMade notes, in the commit that makes it, the id of what the request of a claim makes:
	// who claims the key after it is told (AnswerState.Made), until the claim no longer counts.
	// A later note takes the place of an earlier one. The claim cannot be taken over between
	// this and the commit. Where it does not stand any more it is ErrAnswerInProgress: the
	// request runs elsewhere, and must not be done here too.
	NoteMade(claim walletport.AnswerClaim, id string) error
}

// ErrAnswerInProgress returns the answer for a request that runs already under its idempotency
// key: CodeConflict, reason idempotency_in_progress.
func ErrAnswerInProgress() *walletport.Error {
	return walletport.Errorf(walletport.CodeConflict, "idempotency_in_progress", "the same request with this Idempotency-Key is under way").WithRetryAfter(time.Second)
}

// CheckMade returns CodeInvalid, reason text_malformed, for an id that not every engine can
// keep. None is the caller's fault and CodeInternal.
func CheckMade(id string) error {
	if id == "" {
		return errors.New("nothing is made that has no id")
	}
	return checkText(id)
}

// CheckLease reports a lease that would not count as soon as it is taken, which is the
// caller's fault and CodeInternal.
func CheckLease(l AnswerLease) error {
	if l.Until.Before(l.At) || l.At.Before(l.Since) {
		return fmt.Errorf("a claim of %s does not count from then on", l.At.UTC().Format(time.RFC3339))
	}
	return nil
}

// CheckAnswer returns CodeInvalid, reason text_malformed, for text that not every engine can
// keep. An answer without a status is the caller's fault and CodeInternal.
func CheckAnswer(a walletport.KeptAnswer) error {
	if a.Status <= 0 {
		return fmt.Errorf("an answer of status %d is none", a.Status)
	}
	return checkText(a.ContentType, a.Outcome, a.RequestID)
}
