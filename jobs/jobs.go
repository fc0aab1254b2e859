// Package jobs is work that is done later, beside requests: what a job is, who does it,
// and a Worker. The engines of the queue are those of storage, and the server runs one
// Worker.
//
// A job is enqueued in the transaction of the change that asks for it (storage.JobsTx), so
// that there is no change without its work and no work without its change. It has a Key:
// jobs of one key are done one after the other, in the order in which their transactions
// committed, whichever process does them. Jobs of different keys are done at the same time.
//
// A job is done at least once: a process may die after the work and before the queue knows
// of it. A handler whose work is in the database ends the job in the same transaction
// (storage.JobsTx.FinishJob), and then the work counts once.
//
// Who claims a job gets a lease of its key, by the clock of the database, and extends it
// while the handler runs. When the process dies the lease runs out, and any Worker takes
// the job: within Lease and one poll. A claim that has run out can no longer end the job.
//
// A job says only which row it is about, by numbers. No text, and so no data of a card, can
// be given to it; a PAN is a type that is no number, and few rooms may read its digits.
package jobs

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/walletport/walletport"
)

// ID is the number of a job. It is never used again.
type ID int64

func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Kind is what is to be done, a constant of who does it: 1 to 40 lower-case letters,
// underscores and dots, the first a letter, as in tokens.resolve.
type Kind string

// Key is what jobs are in order for: a token, a consumer, an endpoint. Jobs of several
// kinds may have one key, and are in one order.
type Key struct {
	Of string // which ids these are, as a Kind is written: token
	ID int64
}

// Request is a job to enqueue.
type Request struct {
	Kind Kind
	Key  Key
	Arg  int64 // which row the work is about, if Key does not say it: a change, a delivery
	// Delay is how long the job is put off, by the database's clock, to the millisecond;
	// 0 is not at all. Those behind it with the same key wait too.
	Delay time.Duration
}

// MaxDelay bounds the delay of a job and the pause before an attempt.
const MaxDelay = 366 * 24 * time.Hour

// Job is a job that was claimed.
type Job struct {
	ID   ID
	Kind Kind
	Key  Key
	Arg  int64
	// Attempt is 1 when the job is claimed for the first time. An attempt whose process
	// died counts, one that was given back does not.
	Attempt int
	// Waited is how long the job could have been claimed before it was.
	Waited time.Duration
	// Claim tells this claim from all others that the job ever had.
	Claim int64
}

// Parked is a job that nobody does any more, until somebody says so.
type Parked struct {
	ID       ID
	Kind     Kind
	Key      Key
	Arg      int64
	Attempts int
	Reason   string    // of the last attempt's error
	At       time.Time // when it was parked, milliseconds
}

// Handler does the jobs of a kind.
type Handler interface {
	// Handle does one attempt. nil ends the job. After an error it is tried again, when
	// After or the back-off of its kind say; after an error of Never, or that of the last
	// attempt, it is parked.
	//
	// ctx ends with the time limit of the kind, when the worker is told to stop and its
	// grace is over, and with context.Cause ErrLost when somebody else may have the job.
	// The handler then returns at once.
	Handle(ctx context.Context, job Job) error
}

// HandlerFunc is a function that is a Handler.
type HandlerFunc func(ctx context.Context, job Job) error

// Handle implements Handler.
func (f HandlerFunc) Handle(ctx context.Context, job Job) error { return f(ctx, job) }

// Outcome is how an attempt ended.
type Outcome string

const (
	Done     Outcome = "done"     // the job is gone
	Again    Outcome = "again"    // it will be tried again
	Park     Outcome = "parked"   // it will not; it leaves the order of its key, and those behind it go on
	GiveBack Outcome = "returned" // as if it had not been claimed
	Lost     Outcome = "lost"     // the lease ran out: only of what an Observer is told
)

// Settlement is what becomes of a job that was claimed.
type Settlement struct {
	Outcome Outcome
	Delay   time.Duration // before the next attempt, of Again
	Reason  string        // of the error, of Again and Park; see CheckReason
}

// Want is what to claim.
type Want struct {
	Kind  Kind
	Limit int // at most so many; less than 1 is none
	// Untried is how many of them are of untried keys, as far as those are due, however long
	// others are; the rest are the longest due of all. A key is tried from its first claim
	// on, also if that was given back or its process died, until it has no jobs left but
	// parked ones: a later job of a key that is tried waits its turn as a repetition does.
	Untried int
}

// Queue is the part of an engine that a Worker needs. storage.Store is one.
type Queue interface {
	// ClaimJobs claims for the lease, by the database's clock, the first job of each of
	// those keys whose first job is of a wanted kind and due: first as many of untried keys
	// as Want.Untried says, then the longest due. No jobs are no error.
	ClaimJobs(ctx context.Context, wants []Want, lease time.Duration) ([]Job, error)
	// ExtendJobs lets the lease of claimed jobs begin anew, and returns those that are
	// no longer of this claim.
	ExtendJobs(ctx context.Context, claimed []Job, lease time.Duration) (lost []ID, err error)
	// SettleJob ends a claim. The next job of the key can then be claimed. Where the
	// claim no longer holds it is ErrLost; but a job that is gone is Done.
	SettleJob(ctx context.Context, job Job, s Settlement) error
	// JobDepth counts the jobs of a kind.
	JobDepth(ctx context.Context, kind Kind) (Depth, error)
	// JobsEnqueued tells of jobs that were enqueued by this process and can be claimed:
	// one value, however many they are.
	JobsEnqueued() <-chan struct{}
}

// Depth says how many jobs of a kind there are. Counts end at MaxCounted.
type Depth struct {
	Waiting int           // enqueued or claimed, not parked
	Oldest  time.Duration // since the first of them was enqueued; 0 if there is none
	Parked  int
}

// MaxCounted is where JobDepth stops to count.
const MaxCounted = 10_000

// ErrLost is of a claim that no longer holds: its lease ran out and somebody else has
// claimed the job, or it is gone. CodeConflict, reason job_lost.
var ErrLost error = walletport.Errorf(walletport.CodeConflict, "job_lost", "the job is no longer of this claim")

// ErrUnknown returns the answer for a job that is not parked. CodeNotFound, reason job_not_found.
func ErrUnknown(id ID) error {
	return walletport.Errorf(walletport.CodeNotFound, "job_not_found", "no job %s is parked", id)
}

// after and never are what a handler says of the next attempt.
type (
	after struct {
		error
		pause time.Duration
	}
	never struct{ error }
)

func (e after) Unwrap() error { return e.error }
func (e never) Unwrap() error { return e.error }

// minPause is the least pause that a handler can ask for: one that asks for none would keep
// the queue busy with its job alone.
const minPause = 100 * time.Millisecond

// After returns err with the pause before the next attempt, in place of the kind's
// back-off: a scheme said when to come again. It is at least 100 ms, at most MaxDelay. As
// workers look for due jobs by Settings.Poll, the attempt comes up to that much later.
func After(pause time.Duration, err error) error {
	return after{err, min(max(pause, minPause), MaxDelay)}
}

// ErrNotYet is of an attempt that found nothing wrong and nothing to do yet, as when a scheme
// is still at work: After has the pause. CodeUnavailable, reason job_not_yet.
var ErrNotYet error = walletport.Errorf(walletport.CodeUnavailable, "job_not_yet", "there is nothing to do yet")

// Never returns err for a job that no further attempt can end: it is parked.
func Never(err error) error { return never{err} }

// CheckRequest returns an error of the code internal for a job that cannot be one.
func CheckRequest(j Request) error {
	switch {
	case !isWord(string(j.Kind)):
		return errors.New("a job has a kind that is none")
	case !isWord(j.Key.Of):
		return errors.New("a job has a key of what is no word")
	case j.Delay < 0 || j.Delay > MaxDelay:
		return errors.New("a job is put off by less than nothing or more than a year")
	}
	return nil
}

const (
	maxWord   = 40
	maxReason = 64
)

// isWord reports whether text is as a Kind is written.
func isWord(text string) bool {
	for i, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (i == 0 || c != '_' && c != '.') {
			return false
		}
	}
	return text != "" && len(text) <= maxWord
}

// CheckReason returns the reason as the queue keeps it: the machine word of an error, or
// other for a text that is none. So nothing of an error's text is kept.
func CheckReason(reason string) string {
	for _, c := range []byte(reason) {
		if (c < 'a' || c > 'z') && c != '_' {
			return "other"
		}
	}
	if reason == "" || len(reason) > maxReason {
		return "other"
	}
	return reason
}

// Bell tells a Worker that there is work, for an engine. Nobody who rings it waits.
type Bell chan struct{}

// NewBell returns a bell that nobody has rung.
func NewBell() Bell { return make(Bell, 1) }

// Ring rings. Who hears it has heard all that was rung before.
func (b Bell) Ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}
