package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// ClaimAnswer implements storage.Answers. The write lock, which the transaction holds from
// its start, makes one act of looking and writing.
func (s *Store) ClaimAnswer(ctx context.Context, lease storage.AnswerLease) (storage.AnswerState, error) {
	if err := storage.CheckLease(lease); err != nil {
		return storage.AnswerState{}, err
	}
	var state storage.AnswerState
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		var err error
		if state, err = claimAnswer(uncancelled(ctx), q, &lease); err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return storage.AnswerState{}, err
	}
	return state, nil
}

func claimAnswer(ctx context.Context, q *sqlitedb.Queries, lease *storage.AnswerLease) (storage.AnswerState, error) {
	claimed, err := q.InsertAnswer(ctx, sqlitedb.InsertAnswerParams{
		KeyDigest: lease.Key[:], RequestDigest: lease.Request[:], Holder: lease.Holder[:],
		ClaimedMs: lease.At.UnixMilli(), UntilMs: lease.Until.UnixMilli(),
	})
	if err != nil || claimed > 0 {
		return storage.AnswerState{IsClaimed: err == nil}, err
	}
	made, err := q.RetakeAnswer(ctx, sqlitedb.RetakeAnswerParams{
		RequestDigest: lease.Request[:], Holder: lease.Holder[:], ClaimedMs: lease.At.UnixMilli(), UntilMs: lease.Until.UnixMilli(),
		KeyDigest: lease.Key[:], SinceMs: lease.Since.UnixMilli(),
	})
	if !errors.Is(err, sql.ErrNoRows) {
		return storage.AnswerState{IsClaimed: err == nil, Made: made}, err
	}
	row, err := q.GetAnswer(ctx, lease.Key[:])
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

// KeepAnswer implements storage.Answers.
func (s *Store) KeepAnswer(ctx context.Context, claim walletport.AnswerClaim, answer walletport.KeptAnswer) (bool, error) {
	if err := storage.CheckAnswer(answer); err != nil {
		return false, err
	}
	var kept int64
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		var err error
		kept, err = q.KeepAnswer(uncancelled(ctx), sqlitedb.KeepAnswerParams{
			Status: int64(answer.Status), Outcome: answer.Outcome, ContentType: answer.ContentType, Body: append([]byte{}, answer.Body...),
			RequestID: answer.RequestID, KeyDigest: claim.Key[:], Holder: claim.Holder[:],
		})
		if err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
	return err == nil && kept > 0, err
}

// DropAnswer implements storage.Answers.
func (s *Store) DropAnswer(ctx context.Context, claim walletport.AnswerClaim) error {
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		dropped, err := q.DropAnswer(uncancelled(ctx), sqlitedb.DropAnswerParams{KeyDigest: claim.Key[:], Holder: claim.Holder[:]})
		if err == nil && dropped == 0 {
			err = q.EndLease(uncancelled(ctx), sqlitedb.EndLeaseParams{KeyDigest: claim.Key[:], Holder: claim.Holder[:]})
		}
		if err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
}

// NoteMade implements storage.AnswersTx.
func (t *transaction) NoteMade(claim walletport.AnswerClaim, id string) error {
	if err := storage.CheckMade(id); err != nil {
		return err
	}
	noted, err := t.q.NoteMade(uncancelled(t.ctx), sqlitedb.NoteMadeParams{Made: id, KeyDigest: claim.Key[:], Holder: claim.Holder[:]})
	if err != nil {
		return t.failed(err)
	}
	if noted == 0 {
		return storage.ErrAnswerInProgress()
	}
	return nil
}

// ForgetAnswers implements storage.Answers.
func (s *Store) ForgetAnswers(ctx context.Context, before time.Time, limit int) (int, error) {
	var forgotten int64
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		var err error
		forgotten, err = q.ForgetAnswers(ctx, sqlitedb.ForgetAnswersParams{BeforeMs: before.UnixMilli(), MaxRows: rowLimit(limit)})
		if err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(forgotten), nil
}
