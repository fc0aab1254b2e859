package sqlite

import (
	"database/sql"
	"errors"
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// EnqueueJob implements storage.JobsTx. The write lock makes ids follow the commits.
func (t *transaction) EnqueueJob(job jobs.Request) (jobs.ID, error) {
	if err := jobs.CheckRequest(job); err != nil {
		return 0, err
	}
	now := time.Now().UnixMilli()
	ctx, due := uncancelled(t.ctx), now+job.Delay.Milliseconds()
	id, err := t.q.InsertJob(ctx, sqlitedb.InsertJobParams{
		Kind: string(job.Kind), KeyOf: job.Key.Of, KeyID: job.Key.ID, Arg: job.Arg, CreatedMs: now, NotBeforeMs: due,
	})
	if err != nil {
		return 0, t.failed(err)
	}
	err = t.q.EnterLane(ctx, sqlitedb.EnterLaneParams{KeyOf: job.Key.Of, KeyID: job.Key.ID, Head: id, Kind: string(job.Kind), DueMs: due})
	if err != nil {
		return 0, t.failed(err)
	}
	t.enqueued = true
	return jobs.ID(id), nil
}

// FinishJob implements storage.JobsTx.
func (t *transaction) FinishJob(job jobs.Job) error {
	ctx, now := uncancelled(t.ctx), time.Now().UnixMilli()
	held, err := t.q.EndClaim(ctx, sqlitedb.EndClaimParams{
		DueMs: now, KeyOf: job.Key.Of, KeyID: job.Key.ID, Head: int64(job.ID), Claim: job.Claim,
	})
	if err != nil {
		return t.failed(err)
	}
	if held == 0 {
		return jobs.ErrLost
	}
	if err := t.q.DeleteJob(ctx, int64(job.ID)); err != nil {
		return t.failed(err)
	}
	if err := (lane{q: t.q, key: job.Key, now: now}).advance(ctx); err != nil {
		return t.failed(err)
	}
	return nil
}

// RedriveJob implements storage.JobsTx.
func (t *transaction) RedriveJob(id jobs.ID) error {
	ctx := uncancelled(t.ctx)
	job, err := t.q.UnparkJob(ctx, int64(id))
	if errors.Is(err, sql.ErrNoRows) {
		return jobs.ErrUnknown(id)
	}
	if err != nil {
		return t.failed(err)
	}
	err = t.q.EnterLane(ctx, sqlitedb.EnterLaneParams{
		KeyOf: job.KeyOf, KeyID: job.KeyID, Head: int64(id), Kind: job.Kind, DueMs: time.Now().UnixMilli(), Claim: job.Claim,
	})
	if err != nil {
		return t.failed(err)
	}
	t.enqueued = true
	return nil
}

// DropJob implements storage.JobsTx.
func (t *transaction) DropJob(id jobs.ID) error {
	dropped, err := t.q.DropParkedJob(uncancelled(t.ctx), int64(id))
	if err != nil {
		return t.failed(err)
	}
	if dropped == 0 {
		return jobs.ErrUnknown(id)
	}
	return nil
}
