package clicktopay

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// A request of its own waits for a person, one of a portfolio for nobody. A request has a
// worker while the scheme is asked and for firstQuestion, not while the scheme is at work:
// 50 a second, at a scheme that takes 50 ms for an answer, have some 15 workers busy. Those of a
// portfolio are enough for 20 a second at a scheme that takes 700 ms, and half of the calls that
// clicktopay.visa.caps.concurrent allows: the other half is left for requests of their own. They
// give way: where a server has less than both kinds ask for, it is a portfolio that waits.
const (
	requestWorkers   = 64
	portfolioWorkers = 32
)

// attemptTimeout is longer than a send and a question take by the limits of their line.
const attemptTimeout = 30 * time.Second

// Pauses after attempts that failed double from firstBackoff. What a scheme is spared while
// it is down is up to the breaker of its line; the longest pause is what a request waits at
// most when the scheme is back. Those of a portfolio are many and in no hurry.
const (
	firstBackoff        = time.Second
	maxRequestBackoff   = time.Minute
	maxPortfolioBackoff = 5 * time.Minute
)

// maxSpared is for how long a scheme that asks to be left alone is not asked for a request.
const maxSpared = 15 * time.Minute

// A scheme that is at work, or may be, is asked again after as long as it has been so
// already, which doubles the pauses, within these bounds. As that is counted from what the
// row says, a kill does not begin it anew.
const (
	firstQuestion = 100 * time.Millisecond // after the scheme took a request: mostly it is done by then
	minQuestion   = 500 * time.Millisecond
	minLook       = time.Second // between looks at what became of a lost request
	maxQuestion   = 30 * time.Second
)

// Works returns the background work of the flow. No job is parked, however long a scheme is
// down: it is Settings.GiveUp that ends a request, and then its row says so.
func (f *Flow) Works() []jobs.Work {
	work := func(kind jobs.Kind, workers int) jobs.Work {
		return jobs.Work{
			Kind: kind, Handler: jobs.HandlerFunc(f.step), Workers: workers, Attempts: math.MaxInt32,
			Backoff: backoff(kind), Timeout: attemptTimeout, GivesWay: kind == PortfolioKind,
		}
	}
	return []jobs.Work{work(RequestKind, requestWorkers), work(PortfolioKind, portfolioWorkers)}
}

func backoff(kind jobs.Kind) func(attempt int) time.Duration {
	if kind == PortfolioKind {
		return jobs.Exponential(firstBackoff, maxPortfolioBackoff)
	}
	return jobs.Exponential(firstBackoff, maxRequestBackoff)
}

// attempt is one attempt to bring a request to its end.
type attempt struct {
	flow   *Flow
	job    jobs.Job
	scheme *Scheme
	row    storage.EnrolmentRequest // as it was read, and as this attempt has made it since
	// isNotDone: the scheme was seen without the change, after all that was sent could have
	// taken effect, and nothing was sent since.
	isNotDone bool
	seen      *sight   // how the scheme was seen to have the consumer last
	keys      []string // ids of those that the scheme was asked with last
}

// step brings a request as far as it comes. The job ends in the commit that completes it.
func (f *Flow) step(ctx context.Context, job jobs.Job) error {
	row, err := f.Store.EnrolmentRequestByNo(ctx, storage.RequestNo(job.Arg))
	switch {
	case walletport.CodeOf(err) == walletport.CodeNotFound: // it was completed, and is no longer kept
		return nil
	case err != nil:
		return err
	case row.State == storage.RequestCompleted:
		return nil
	}
	a := &attempt{flow: f, job: job, row: row}
	if a.scheme, err = f.scheme(); err != nil {
		return a.again(ctx, err)
	}
	switch row.State {
	case storage.RequestAccepted:
		return a.begin(ctx)
	case storage.RequestSent:
		return a.resolve(ctx)
	case storage.RequestInProgress:
		return a.ask(ctx)
	case storage.RequestCompleted:
	}
	return errors.New("clicktopay: a request is in a state that this program does not know")
}

// again has the request come again later, because of why; jobs.ErrNotYet says that the scheme
// is at work, or may be. Where that has gone on for longer than Settings.GiveUp, the request
// ends here.
func (a *attempt) again(ctx context.Context, why error) error {
	switch ctx.Err() { // which is never wrapped
	case context.Canceled: // the next attempt begins where this one was
		return why
	case context.DeadlineExceeded: // the time of the attempt is over, and that of the request may be
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
		defer cancel()
	}
	if isForGood(why) {
		return a.unmakeable(ctx, why)
	}
	now, err := a.flow.Store.Now(ctx)
	if err != nil {
		return err
	}
	if now.Sub(a.since()) > a.flow.Settings.GiveUp {
		return a.giveUp(ctx, why)
	}
	return jobs.After(a.pause(now, why), why)
}

// since is what the patience for a request counts from: that the scheme took it, that it was
// sent first of those times of which nobody knows the outcome, or that it was accepted. The
// first attempt at a request comes whenever it can: others of its customer may have been
// before it for long.
func (a *attempt) since() time.Time {
	switch {
	case a.row.State == storage.RequestInProgress:
		return a.row.UpdatedAt
	case !a.row.SentAt.IsZero():
		return a.row.SentAt
	}
	return a.row.AcceptAt
}

// pause is how long the request waits.
func (a *attempt) pause(now time.Time, why error) time.Duration {
	if errors.Is(why, jobs.ErrNotYet) {
		least := minLook
		if a.row.State == storage.RequestInProgress {
			least = minQuestion
		}
		return min(max(now.Sub(a.row.UpdatedAt), least), maxQuestion)
	}
	pause := backoff(a.job.Kind)(a.job.Attempt)
	if said, ok := errors.AsType[*walletport.Error](why); ok {
		pause = max(pause, min(said.RetryAfter, maxSpared))
	}
	return pause
}

// keepWithin is for how long what the scheme said is tried to be made durable. Who is told to
// stop, or has lost the lease of the job, still has to keep that: it was said once.
const (
	keepWithin = 4 * time.Second
	keepPause  = 200 * time.Millisecond
)

// keep commits what the scheme said. A commit that fails is made again.
func keep(ctx context.Context, commit func(context.Context) error) error {
	live, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
	defer cancel()
	err := commit(live)
	for walletport.CodeOf(err) == walletport.CodeUnavailable && act.Pause(live, keepPause) {
		err = commit(live)
	}
	return err
}

// errOvertaken is of a row that is no longer as this attempt read it: the lease ran out and
// somebody else goes on with it, or a commit came through whose answer was lost. The next
// attempt goes on from the row as it is.
var errOvertaken error = walletport.Errorf(walletport.CodeConflict, "clicktopay_overtaken", "the request has moved on")

// move changes the row, where it still is as this attempt knows it.
func (a *attempt) move(ctx context.Context, change func(r *storage.EnrolmentRequest, at time.Time)) error {
	at, err := a.flow.Store.Now(ctx)
	if err != nil {
		return err
	}
	var moved storage.EnrolmentRequest
	err = a.flow.Store.Update(ctx, func(tx storage.Tx) error {
		return tx.UpdateEnrolmentRequest(a.row.No, func(old storage.EnrolmentRequest) (storage.EnrolmentRequest, error) {
			if !a.isAsKnown(&old) {
				return old, errOvertaken
			}
			change(&old, at)
			moved = old
			return old, nil
		})
	})
	if err == nil {
		a.row = moved
	}
	return err
}

func (a *attempt) isAsKnown(old *storage.EnrolmentRequest) bool {
	return old.State == a.row.State && old.Sends == a.row.Sends && old.Reference == a.row.Reference
}

// compose lends what the request says to the scheme, see Flow.compose. What it says wrong is
// named as whoever asked names it.
func (a *attempt) compose(ctx context.Context, use func(scheme.Enrolment) error) error {
	if err := a.flow.checkBID(a.row.Issuer, a.row.BID); err != nil {
		return unmade{err}
	}
	o, err := a.flow.openOverrides(&a.row)
	if err != nil {
		return unmade{err}
	}
	defer o.wipe()
	if err := a.flow.compose(ctx, &a.row, o, use); err != nil {
		return unmade{o.inCallersWords(&a.row, err)}
	}
	return nil
}

// unmade is of a request that cannot be made of what is stored now.
type unmade struct{ error }

func (e unmade) Unwrap() error { return e.error }

// isForGood reports whether why is of a request that cannot be made, now or later: its card or
// customer is gone, their data do not pass any more, what is stored is damaged, or the BID is
// another issuer's. A key that is not there, or a database, may be back.
func isForGood(why error) bool {
	if _, is := errors.AsType[unmade](why); !is {
		return false
	}
	said, ok := errors.AsType[*walletport.Error](why)
	return ok && said.Code != walletport.CodeUnavailable && said.Code != walletport.CodeRateLimited
}
