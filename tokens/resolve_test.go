package tokens_test

import (
	"context"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// lateQueue is a queue whose jobs have been tried before, and tells what becomes of them.
type lateQueue struct {
	storage.Store
	attempt int
	settled chan jobs.Settlement
}

func (q *lateQueue) ClaimJobs(ctx context.Context, wants []jobs.Want, lease time.Duration) ([]jobs.Job, error) {
	claimed, err := q.Store.ClaimJobs(ctx, wants, lease)
	for i := range claimed {
		claimed[i].Attempt = q.attempt
	}
	return claimed, err
}

func (q *lateQueue) SettleJob(ctx context.Context, job jobs.Job, s jobs.Settlement) error {
	q.settled <- s
	return q.Store.SettleJob(ctx, job, s)
}

func TestWhenTheSchemeIsAskedAgain(t *testing.T) {
	spared := func(d time.Duration) error { return scheme.ErrRateLimited().WithRetryAfter(d) }
	for _, c := range []struct {
		name    string
		attempt int
		refusal error // of the question; nil: its answer does not tell
		want    time.Duration
	}{
		{"it could not tell yet", 1, nil, time.Second},
		{"it does not tell for long", 31, nil, 15 * time.Second},
		{"it asks to be spared", 1, spared(40 * time.Second), 40 * time.Second},
		{"it asks to be spared for a day", 1, spared(24 * time.Hour), time.Minute},
		{"it is down", 2, scheme.ErrUnavailable(), 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, acttest.Database(t), newFakeScheme(), func(p *tokens.Parts) {
				p.Schemes[walletport.Mastercard] = tokens.Scheme{Manager: fakeManager{settle: time.Hour}, Line: p.Schemes[walletport.Mastercard].Line}
				p.Settings.ChangeTimeout = time.Second
			})
			id := d.add(t, "DW-1", time.Minute, active)
			d.scheme.setTrouble(onCommand(trouble{lost: true}))
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			mustReason(t, err, "scheme_outcome_unknown")
			d.scheme.setTrouble(func(string) trouble { return trouble{isRefused: c.refusal} })
			queue := &lateQueue{Store: d.store, attempt: c.attempt, settled: make(chan jobs.Settlement, 10)}
			worker, err := jobs.NewWorker(jobs.Config{Queue: queue, Works: d.Works(), Clock: time.Now})
			must(t, err)
			runUntilEnd(t, worker.Run)
			select {
			case s := <-queue.settled:
				if s.Outcome != jobs.Again || s.Delay != c.want {
					t.Errorf("the job is %+v, want one that is tried again after %s", s, c.want)
				}
			case <-time.After(hangs):
				t.Fatal("no attempt ends")
			}
		})
	}
}
