package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// EnqueueJob implements storage.JobsTx. The job gets its id when the key's row is locked,
// so that ids of one key follow the commits.
func (t *transaction) EnqueueJob(job jobs.Request) (jobs.ID, error) {
	if err := jobs.CheckRequest(job); err != nil {
		return 0, err
	}
	delay := job.Delay.Milliseconds()
	head, err := t.q.EnterLane(t.ctx, pgdb.EnterLaneParams{KeyOf: job.Key.Of, KeyID: job.Key.ID, Kind: string(job.Kind), DelayMs: delay})
	if err != nil {
		return 0, t.failed(err)
	}
	id, err := t.q.InsertJob(t.ctx, pgdb.InsertJobParams{
		Kind: string(job.Kind), KeyOf: job.Key.Of, KeyID: job.Key.ID, Arg: job.Arg, DelayMs: delay,
	})
	if err != nil {
		return 0, t.failed(err)
	}
	return jobs.ID(id), t.lead(head, job.Key, id, 0)
}

// lead makes a job the first of a key that had none. Its claims are counted on from claim.
func (t *transaction) lead(head int64, key jobs.Key, id, claim int64) error {
	t.enqueued = true
	if head != 0 {
		return nil
	}
	if err := t.q.SetNewHead(t.ctx, pgdb.SetNewHeadParams{Head: id, Claim: claim, KeyOf: key.Of, KeyID: key.ID}); err != nil {
		return t.failed(err)
	}
	return nil
}

// FinishJob implements storage.JobsTx.
func (t *transaction) FinishJob(job jobs.Job) error {
	held, err := t.endClaim(job, 0)
	if err != nil {
		return err
	}
	if !held {
		return jobs.ErrLost
	}
	if err := t.q.DeleteJob(t.ctx, int64(job.ID)); err != nil {
		return t.failed(err)
	}
	return t.advance(job.Key)
}

// RedriveJob implements storage.JobsTx. The key's row is locked before the job's, as
// everywhere.
func (t *transaction) RedriveJob(id jobs.ID) error {
	job, err := t.q.GetParkedJob(t.ctx, int64(id))
	if errors.Is(err, pgx.ErrNoRows) {
		return jobs.ErrUnknown(id)
	}
	if err != nil {
		return t.failed(err)
	}
	key := jobs.Key{Of: job.KeyOf, ID: job.KeyID}
	head, err := t.q.EnterLane(t.ctx, pgdb.EnterLaneParams{KeyOf: key.Of, KeyID: key.ID, Kind: job.Kind})
	if err != nil {
		return t.failed(err)
	}
	claim, err := t.q.UnparkJob(t.ctx, int64(id))
	switch {
	case err == nil:
		return t.lead(head, key, int64(id), claim)
	case !errors.Is(err, pgx.ErrNoRows):
		return t.failed(err)
	}
	// Somebody else was faster. A row of the key that was made here goes again.
	if head == 0 {
		if err := t.advance(key); err != nil {
			return err
		}
	}
	return jobs.ErrUnknown(id)
}

// DropJob implements storage.JobsTx.
func (t *transaction) DropJob(id jobs.ID) error {
	dropped, err := t.q.DropParkedJob(t.ctx, int64(id))
	if err != nil {
		return t.failed(err)
	}
	if dropped == 0 {
		return jobs.ErrUnknown(id)
	}
	return nil
}
