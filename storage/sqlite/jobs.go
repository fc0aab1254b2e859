package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// JobsEnqueued implements jobs.Queue.
func (s *Store) JobsEnqueued() <-chan struct{} { return s.enqueued }

// ClaimJobs implements jobs.Queue. It looks before it takes the lock that writes: mostly
// nothing is due.
func (s *Store) ClaimJobs(ctx context.Context, wants []jobs.Want, lease time.Duration) ([]jobs.Job, error) {
	due, err := s.anyDue(ctx, wants)
	if err != nil || !due {
		return nil, err
	}
	var claimed []jobs.Job
	err = s.transact(ctx, func(q *sqlitedb.Queries) error {
		claimed = nil
		now := s.nowMs()
		for _, want := range wants {
			lanes, err := lanesToClaim(uncancelled(ctx), q, want, now)
			if err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
			for _, lane := range lanes {
				job, err := claimLane(uncancelled(ctx), q, lane, now+lease.Milliseconds())
				if err != nil {
					return storage.ErrUnavailable(ctx, err)
				}
				job.Kind, job.Waited = want.Kind, time.Duration(now-lane.DueMs)*time.Millisecond
				claimed = append(claimed, job)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

func (s *Store) anyDue(ctx context.Context, wants []jobs.Want) (bool, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return false, err
	}
	now := s.nowMs()
	for _, want := range wants {
		lanes, err := lanesToClaim(ctx, q, jobs.Want{Kind: want.Kind, Limit: min(want.Limit, 1)}, now)
		if err != nil {
			return false, storage.ErrUnavailable(ctx, err)
		}
		if len(lanes) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// lanesToClaim lists the untried lanes that are wanted, and fills up with the longest due.
func lanesToClaim(ctx context.Context, q *sqlitedb.Queries, want jobs.Want, now int64) ([]sqlitedb.JobLane, error) {
	if want.Limit < 1 {
		return nil, nil
	}
	var lanes []sqlitedb.JobLane
	if untried := min(want.Untried, want.Limit); untried > 0 {
		var err error
		lanes, err = q.ListUntriedLanes(ctx, sqlitedb.ListUntriedLanesParams{Kind: string(want.Kind), NowMs: now, MaxRows: int64(untried)})
		if err != nil || len(lanes) == want.Limit {
			return lanes, err
		}
	}
	longest, err := q.ListDueLanes(ctx, sqlitedb.ListDueLanesParams{Kind: string(want.Kind), NowMs: now, MaxRows: int64(want.Limit)})
	if err != nil {
		return nil, err
	}
	longest = slices.DeleteFunc(longest, func(lane sqlitedb.JobLane) bool { return slices.Contains(lanes, lane) })
	return append(lanes, longest[:min(len(longest), want.Limit-len(lanes))]...), nil
}

func claimLane(ctx context.Context, q *sqlitedb.Queries, lane sqlitedb.JobLane, until int64) (jobs.Job, error) {
	if err := q.ClaimLane(ctx, sqlitedb.ClaimLaneParams{DueMs: until, KeyOf: lane.KeyOf, KeyID: lane.KeyID}); err != nil {
		return jobs.Job{}, err
	}
	begun, err := q.BeginAttempt(ctx, lane.Head)
	return jobs.Job{
		ID: jobs.ID(lane.Head), Key: jobs.Key{Of: lane.KeyOf, ID: lane.KeyID}, Arg: begun.Arg,
		Attempt: int(begun.Attempts), Claim: lane.Claim + 1,
	}, err
}

// ExtendJobs implements jobs.Queue.
func (s *Store) ExtendJobs(ctx context.Context, claimed []jobs.Job, lease time.Duration) ([]jobs.ID, error) {
	if len(claimed) == 0 {
		return nil, nil
	}
	var lost []jobs.ID
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		lost = nil
		until := s.nowMs() + lease.Milliseconds()
		for _, job := range claimed {
			extended, err := q.ExtendLane(uncancelled(ctx), sqlitedb.ExtendLaneParams{
				DueMs: until, KeyOf: job.Key.Of, KeyID: job.Key.ID, Head: int64(job.ID), Claim: job.Claim,
			})
			if err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
			if extended == 0 {
				lost = append(lost, job.ID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return lost, nil
}

// SettleJob implements jobs.Queue.
func (s *Store) SettleJob(ctx context.Context, job jobs.Job, settlement jobs.Settlement) error {
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		l := lane{q: q, key: job.Key, now: s.nowMs()}
		err := l.settle(uncancelled(ctx), job, settlement)
		if err != nil && !errors.Is(err, jobs.ErrLost) {
			return storage.ErrUnavailable(ctx, err)
		}
		return err
	})
}

// lane is the jobs of one key, in a transaction.
type lane struct {
	q   *sqlitedb.Queries
	key jobs.Key
	now int64
}

// settle ends a claim. Its errors are jobs.ErrLost and those of the driver.
func (l lane) settle(ctx context.Context, job jobs.Job, s jobs.Settlement) error {
	held, err := l.q.EndClaim(ctx, sqlitedb.EndClaimParams{
		DueMs: l.now + s.Delay.Milliseconds(), KeyOf: l.key.Of, KeyID: l.key.ID, Head: int64(job.ID), Claim: job.Claim,
	})
	if err != nil {
		return err
	}
	if held == 0 {
		return l.lost(ctx, job, s)
	}
	switch s.Outcome {
	case jobs.Done:
		err = l.q.DeleteJob(ctx, int64(job.ID))
	case jobs.Park:
		err = l.q.ParkJob(ctx, sqlitedb.ParkJobParams{
			ParkedMs: l.now, Attempts: int64(job.Attempt), Reason: jobs.CheckReason(s.Reason), Claim: job.Claim, ID: int64(job.ID),
		})
	case jobs.GiveBack:
		return l.q.NoteAttempt(ctx, sqlitedb.NoteAttemptParams{Attempts: int64(job.Attempt - 1), ID: int64(job.ID)})
	case jobs.Again, jobs.Lost: // nobody asks for the latter
		return l.q.NoteAttempt(ctx, sqlitedb.NoteAttemptParams{
			Attempts: int64(job.Attempt), Reason: jobs.CheckReason(s.Reason), ID: int64(job.ID),
		})
	}
	if err != nil {
		return err
	}
	return l.advance(ctx)
}

// lost tells a job that is gone, and was to be, from one that somebody else has.
func (l lane) lost(ctx context.Context, job jobs.Job, s jobs.Settlement) error {
	left, err := l.q.JobExists(ctx, int64(job.ID))
	if err != nil || left == 0 && s.Outcome == jobs.Done {
		return err
	}
	return jobs.ErrLost
}

// advance makes the next job of the key its first, or forgets the key.
func (l lane) advance(ctx context.Context) error {
	next, err := l.q.NextOfLane(ctx, sqlitedb.NextOfLaneParams{KeyOf: l.key.Of, KeyID: l.key.ID})
	if errors.Is(err, sql.ErrNoRows) {
		return l.q.DeleteLane(ctx, sqlitedb.DeleteLaneParams{KeyOf: l.key.Of, KeyID: l.key.ID})
	}
	if err != nil {
		return err
	}
	return l.q.SetLaneHead(ctx, sqlitedb.SetLaneHeadParams{
		Head: next.ID, Kind: next.Kind, DueMs: max(l.now, next.NotBeforeMs), Claim: next.Claim, KeyOf: l.key.Of, KeyID: l.key.ID,
	})
}

// JobDepth implements jobs.Queue.
func (s *Store) JobDepth(ctx context.Context, kind jobs.Kind) (jobs.Depth, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return jobs.Depth{}, err
	}
	waiting, err := q.CountWaitingJobs(ctx, sqlitedb.CountWaitingJobsParams{Kind: string(kind), MaxRows: jobs.MaxCounted})
	if err != nil {
		return jobs.Depth{}, storage.ErrUnavailable(ctx, err)
	}
	parked, err := q.CountParkedJobs(ctx, sqlitedb.CountParkedJobsParams{Kind: string(kind), MaxRows: jobs.MaxCounted})
	if err != nil {
		return jobs.Depth{}, storage.ErrUnavailable(ctx, err)
	}
	depth := jobs.Depth{Waiting: int(waiting), Parked: int(parked)}
	created, err := q.OldestJob(ctx, string(kind))
	if errors.Is(err, sql.ErrNoRows) {
		return depth, nil
	}
	if err != nil {
		return jobs.Depth{}, storage.ErrUnavailable(ctx, err)
	}
	depth.Oldest = time.Duration(max(0, s.nowMs()-created)) * time.Millisecond
	return depth, nil
}

// ParkedJobs implements storage.Jobs.
func (s *Store) ParkedJobs(ctx context.Context, kind jobs.Kind, after jobs.ID, limit int) ([]jobs.Parked, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListParkedJobs(ctx, sqlitedb.ListParkedJobsParams{Kind: string(kind), After: int64(after), MaxRows: rowLimit(limit)})
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	var all []jobs.Parked
	for _, r := range rows {
		all = append(all, jobs.Parked{
			ID: jobs.ID(r.ID), Kind: jobs.Kind(r.Kind), Key: jobs.Key{Of: r.KeyOf, ID: r.KeyID}, Arg: r.Arg,
			Attempts: int(r.Attempts), Reason: r.Reason, At: time.UnixMilli(r.ParkedMs).UTC(),
		})
	}
	return all, nil
}

func (s *Store) nowMs() int64 { return time.Now().UnixMilli() }
