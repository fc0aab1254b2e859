package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// claimTries is how often a claim looks again because what had the key is gone since.
const claimTries = 5

// ClaimAnswer implements storage.Answers. A replica that comes second waits for the row of
// the first, and then sees that it is taken. A claim whose answer was lost is found again by
// its holder.
func (s *Store) ClaimAnswer(ctx context.Context, lease storage.AnswerLease) (storage.AnswerState, error) {
	if err := storage.CheckLease(lease); err != nil {
		return storage.AnswerState{}, err
	}
	var state storage.AnswerState
	err := s.retryLost(ctx, func() error {
		err := pgx.ErrNoRows
		for try := 0; try < claimTries && errors.Is(err, pgx.ErrNoRows); try++ {
			state, err = s.claimAnswer(ctx, &lease)
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return storage.AnswerState{}, err
	}
	return state, nil
}

// claimAnswer returns pgx.ErrNoRows where the key is free now and was not a moment ago.
func (s *Store) claimAnswer(ctx context.Context, lease *storage.AnswerLease) (storage.AnswerState, error) {
	made, err := s.queries.ClaimAnswer(ctx, pgdb.ClaimAnswerParams{
		KeyDigest: lease.Key[:], RequestDigest: lease.Request[:], Holder: lease.Holder[:],
		ClaimedMs: lease.At.UnixMilli(), UntilMs: lease.Until.UnixMilli(), SinceMs: lease.Since.UnixMilli(),
	})
	if !errors.Is(err, pgx.ErrNoRows) {
		return storage.AnswerState{IsClaimed: err == nil, Made: made}, err
	}
	row, err := s.queries.GetAnswer(ctx, lease.Key[:])
	if err != nil {
		return storage.AnswerState{}, err
	}
	state := storage.AnswerState{Request: [32]byte(row.RequestDigest)}
	if row.Status != 0 {
		state.Answer = &walletport.KeptAnswer{
			Status: int(row.Status), ContentType: row.ContentType, Body: row.Body, Outcome: row.Outcome, RequestID: row.RequestID,
		}
	}
	return state, nil
}

// KeepAnswer implements storage.Answers. Done twice it stores the same.
func (s *Store) KeepAnswer(ctx context.Context, claim walletport.AnswerClaim, answer walletport.KeptAnswer) (bool, error) {
	if err := storage.CheckAnswer(answer); err != nil {
		return false, err
	}
	var kept int64
	err := s.retryLost(ctx, func() error {
		var err error
		kept, err = s.queries.KeepAnswer(ctx, pgdb.KeepAnswerParams{
			Status: int64(answer.Status), Outcome: answer.Outcome, ContentType: answer.ContentType, Body: append([]byte{}, answer.Body...),
			RequestID: answer.RequestID, KeyDigest: claim.Key[:], Holder: claim.Holder[:],
		})
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	return err == nil && kept > 0, err
}

// DropAnswer implements storage.Answers. Its first statement waits for a transaction of the
// request that is still under way, and sees what it made.
func (s *Store) DropAnswer(ctx context.Context, claim walletport.AnswerClaim) error {
	return s.retryLost(ctx, func() error {
		dropped, err := s.queries.DropAnswer(ctx, pgdb.DropAnswerParams{KeyDigest: claim.Key[:], Holder: claim.Holder[:]})
		if err == nil && dropped == 0 {
			err = s.queries.EndLease(ctx, pgdb.EndLeaseParams{KeyDigest: claim.Key[:], Holder: claim.Holder[:]})
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
}

// NoteMade implements storage.AnswersTx. The row stays locked until the commit.
func (t *transaction) NoteMade(claim walletport.AnswerClaim, id string) error {
	if err := storage.CheckMade(id); err != nil {
		return err
	}
	noted, err := t.q.NoteMade(t.ctx, pgdb.NoteMadeParams{Made: id, KeyDigest: claim.Key[:], Holder: claim.Holder[:]})
	if err != nil {
		return t.failed(err)
	}
	if noted == 0 {
		return storage.ErrAnswerInProgress()
	}
	return nil
}

// ForgetAnswers implements storage.Answers. When the answer to a deletion is lost and the
// call repeated, what it deleted is not counted.
func (s *Store) ForgetAnswers(ctx context.Context, before time.Time, limit int) (int, error) {
	var forgotten int64
	err := s.retryLost(ctx, func() error {
		var err error
		forgotten, err = s.queries.ForgetAnswers(ctx, pgdb.ForgetAnswersParams{BeforeMs: before.UnixMilli(), MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(forgotten), nil
}
