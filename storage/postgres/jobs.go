package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// JobsEnqueued implements jobs.Queue.
func (s *Store) JobsEnqueued() <-chan struct{} { return s.enqueued }

// ClaimJobs implements jobs.Queue. It asks which kinds are due before it begins a
// transaction: mostly none is. A claim whose commit was not answered is not repeated, and
// runs out.
func (s *Store) ClaimJobs(ctx context.Context, wants []jobs.Want, lease time.Duration) ([]jobs.Job, error) {
	wanted := make(map[jobs.Kind]jobs.Want, len(wants))
	var kinds []string
	for _, want := range wants {
		if want.Limit > 0 {
			wanted[want.Kind] = want
			kinds = append(kinds, string(want.Kind))
		}
	}
	due, err := s.dueKinds(ctx, kinds)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	var claimed []jobs.Job
	err = s.Update(ctx, func(tx storage.Tx) error {
		t := tx.(*transaction)
		claimed = nil
		for _, kind := range due {
			of, err := t.claim(wanted[kind], lease)
			if err != nil {
				return t.failed(err)
			}
			claimed = append(claimed, of...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

func (s *Store) dueKinds(ctx context.Context, kinds []string) ([]jobs.Kind, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	var due []jobs.Kind
	err := s.retryLost(ctx, func() error {
		names, err := s.queries.ListDueKinds(ctx, kinds)
		if err != nil {
			return unavailable(ctx, err)
		}
		due = column(names, func(name string) jobs.Kind { return jobs.Kind(name) })
		return nil
	})
	return due, err
}

// claim locks the lanes in statements of their own: those after them see the jobs as the
// transactions left them that changed the lanes before.
func (t *transaction) claim(want jobs.Want, lease time.Duration) ([]jobs.Job, error) {
	lanes, err := t.claimLanes(want, lease)
	if err != nil {
		return nil, err
	}
	var claimed []jobs.Job
	for _, lane := range lanes {
		begun, err := t.q.BeginAttempt(t.ctx, lane.Head)
		if err != nil {
			return nil, err
		}
		claimed = append(claimed, jobs.Job{
			ID: jobs.ID(lane.Head), Kind: want.Kind, Key: jobs.Key{Of: lane.KeyOf, ID: lane.KeyID}, Arg: begun.Arg,
			Attempt: int(begun.Attempts), Waited: time.Duration(lane.WaitedMs) * time.Millisecond, Claim: lane.Claim,
		})
	}
	return claimed, nil
}

// claimLanes claims the untried lanes that are wanted, and fills up with the longest due.
func (t *transaction) claimLanes(want jobs.Want, lease time.Duration) ([]pgdb.ClaimLanesRow, error) {
	var lanes []pgdb.ClaimLanesRow
	if untried := min(want.Untried, want.Limit); untried > 0 {
		rows, err := t.q.ClaimUntriedLanes(t.ctx, pgdb.ClaimUntriedLanesParams{
			LeaseMs: lease.Milliseconds(), Kind: string(want.Kind), MaxRows: int64(untried),
		})
		if err != nil {
			return nil, err
		}
		lanes = column(rows, func(r pgdb.ClaimUntriedLanesRow) pgdb.ClaimLanesRow { return pgdb.ClaimLanesRow(r) })
	}
	left := want.Limit - len(lanes)
	if left == 0 {
		return lanes, nil
	}
	longest, err := t.q.ClaimLanes(t.ctx, pgdb.ClaimLanesParams{LeaseMs: lease.Milliseconds(), Kind: string(want.Kind), MaxRows: int64(left)})
	return append(lanes, longest...), err
}

// ExtendJobs implements jobs.Queue. Each lease is extended by itself, so that two who
// extend many never wait for each other.
func (s *Store) ExtendJobs(ctx context.Context, claimed []jobs.Job, lease time.Duration) ([]jobs.ID, error) {
	var lost []jobs.ID
	for _, job := range claimed {
		var extended int64
		err := s.retryLost(ctx, func() error {
			var err error
			extended, err = s.queries.ExtendLane(ctx, pgdb.ExtendLaneParams{
				LeaseMs: lease.Milliseconds(), KeyOf: job.Key.Of, KeyID: job.Key.ID, Head: int64(job.ID), Claim: job.Claim,
			})
			if err != nil {
				return unavailable(ctx, err)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if extended == 0 {
			lost = append(lost, job.ID)
		}
	}
	return lost, nil
}

// SettleJob implements jobs.Queue.
func (s *Store) SettleJob(ctx context.Context, job jobs.Job, settlement jobs.Settlement) error {
	return s.Update(ctx, func(tx storage.Tx) error { return tx.(*transaction).settle(job, settlement) })
}

func (t *transaction) settle(job jobs.Job, s jobs.Settlement) error {
	held, err := t.endClaim(job, s.Delay)
	if err != nil {
		return err
	}
	if !held {
		return t.lost(job, s)
	}
	switch s.Outcome {
	case jobs.Done:
		err = t.q.DeleteJob(t.ctx, int64(job.ID))
	case jobs.Park:
		err = t.q.ParkJob(t.ctx, pgdb.ParkJobParams{
			Attempts: int64(job.Attempt), Reason: jobs.CheckReason(s.Reason), Claim: job.Claim, ID: int64(job.ID),
		})
	case jobs.GiveBack:
		return t.noteAttempt(pgdb.NoteAttemptParams{Attempts: int64(job.Attempt - 1), ID: int64(job.ID)})
	case jobs.Again, jobs.Lost: // nobody asks for the latter
		return t.noteAttempt(pgdb.NoteAttemptParams{Attempts: int64(job.Attempt), Reason: jobs.CheckReason(s.Reason), ID: int64(job.ID)})
	}
	if err != nil {
		return t.failed(err)
	}
	return t.advance(job.Key)
}

func (t *transaction) noteAttempt(params pgdb.NoteAttemptParams) error {
	if err := t.q.NoteAttempt(t.ctx, params); err != nil {
		return t.failed(err)
	}
	return nil
}

// endClaim locks the key's row, and reports whether the claim still held.
func (t *transaction) endClaim(job jobs.Job, delay time.Duration) (bool, error) {
	ended, err := t.q.EndClaim(t.ctx, pgdb.EndClaimParams{
		DelayMs: delay.Milliseconds(), KeyOf: job.Key.Of, KeyID: job.Key.ID, Head: int64(job.ID), Claim: job.Claim,
	})
	if err != nil {
		return false, t.failed(err)
	}
	return ended > 0, nil
}

// lost tells a job that is gone, and was to be, from one that somebody else has.
func (t *transaction) lost(job jobs.Job, s jobs.Settlement) error {
	left, err := t.q.JobExists(t.ctx, int64(job.ID))
	if err != nil {
		return t.failed(err)
	}
	if left == 0 && s.Outcome == jobs.Done {
		return nil
	}
	return jobs.ErrLost
}

// advance makes the next job of the key its first, or forgets the key. Its row is locked.
func (t *transaction) advance(key jobs.Key) error {
	next, err := t.q.NextOfLane(t.ctx, pgdb.NextOfLaneParams{KeyOf: key.Of, KeyID: key.ID})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = t.q.DeleteLane(t.ctx, pgdb.DeleteLaneParams{KeyOf: key.Of, KeyID: key.ID})
	case err == nil:
		err = t.q.SetLaneHead(t.ctx, pgdb.SetLaneHeadParams{
			Head: next.ID, Kind: next.Kind, Claim: next.Claim, NotBeforeMs: next.NotBeforeMs, KeyOf: key.Of, KeyID: key.ID,
		})
	}
	if err != nil {
		return t.failed(err)
	}
	return nil
}

// JobDepth implements jobs.Queue.
func (s *Store) JobDepth(ctx context.Context, kind jobs.Kind) (jobs.Depth, error) {
	var depth jobs.Depth
	err := s.retryLost(ctx, func() error {
		waiting, err := s.queries.CountWaitingJobs(ctx, pgdb.CountWaitingJobsParams{Kind: string(kind), MaxRows: jobs.MaxCounted})
		if err != nil {
			return unavailable(ctx, err)
		}
		parked, err := s.queries.CountParkedJobs(ctx, pgdb.CountParkedJobsParams{Kind: string(kind), MaxRows: jobs.MaxCounted})
		if err != nil {
			return unavailable(ctx, err)
		}
		age, err := s.queries.OldestJob(ctx, string(kind))
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return unavailable(ctx, err)
		}
		depth = jobs.Depth{Waiting: int(waiting), Parked: int(parked), Oldest: time.Duration(max(0, age)) * time.Millisecond}
		return nil
	})
	return depth, err
}

// ParkedJobs implements storage.Jobs.
func (s *Store) ParkedJobs(ctx context.Context, kind jobs.Kind, after jobs.ID, limit int) ([]jobs.Parked, error) {
	var all []jobs.Parked
	err := s.retryLost(ctx, func() error {
		rows, err := s.queries.ListParkedJobs(ctx, pgdb.ListParkedJobsParams{Kind: string(kind), After: int64(after), MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		all = column(rows, func(r pgdb.ListParkedJobsRow) jobs.Parked {
			return jobs.Parked{
				ID: jobs.ID(r.ID), Kind: jobs.Kind(r.Kind), Key: jobs.Key{Of: r.KeyOf, ID: r.KeyID}, Arg: r.Arg,
				Attempts: int(r.Attempts), Reason: r.Reason, At: time.UnixMilli(r.ParkedMs).UTC(),
			}
		})
		return nil
	})
	return all, err
}
