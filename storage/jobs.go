package storage

import (
	"context"

	"github.com/walletport/walletport/jobs"
)

// Jobs is the queue of background work. Work is enqueued by JobsTx.
type Jobs interface {
	jobs.Queue
	// ParkedJobs returns up to limit jobs of a kind that are parked, with ids above after,
	// in id order.
	ParkedJobs(ctx context.Context, kind jobs.Kind, after jobs.ID, limit int) ([]jobs.Parked, error)
}

// JobsTx enqueues and ends background work in the transaction of what it is about. It
// locks the job's key: others who enqueue for the key wait for the commit.
type JobsTx interface {
	// EnqueueJob puts a job behind all others of its key. A kind or key that is none is
	// CodeInternal.
	EnqueueJob(job jobs.Request) (jobs.ID, error)
	// FinishJob ends a claimed job, so that its work and its end are one commit. It is
	// jobs.ErrLost, and the transaction is to be given up, when the claim no longer holds:
	// somebody else does the work, or has done it.
	FinishJob(job jobs.Job) error
	// RedriveJob lets a parked job be done again, with all its attempts: after the one
	// that is first in its key, before all behind that. CodeNotFound, reason
	// job_not_found, if it is not parked.
	RedriveJob(id jobs.ID) error
	// DropJob deletes a parked job. CodeNotFound, reason job_not_found, if it is not parked.
	DropJob(id jobs.ID) error
}
