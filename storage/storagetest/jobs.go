package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

const (
	resolve jobs.Kind = "tokens.resolve"
	deliver jobs.Kind = "events.deliver"
	long              = time.Minute // a lease that does not run out while a test runs
)

func tokenKey(id int64) jobs.Key { return jobs.Key{Of: "token", ID: id} }

func testJobs(t *testing.T, database NewDatabase) {
	withStore(t, database, "of one key one job is claimed at a time, in order", testJobOrder)
	withStore(t, database, "a key is in one order for all kinds", testJobKinds)
	withStore(t, database, "keys take turns", testJobTurns)
	withStore(t, database, "no more is claimed than is wanted", testJobLimits)
	withStore(t, database, "untried keys do not stand behind retries, nor retries behind them", testUntriedKeys)
	withStore(t, database, "a claim has each key once, however short its lease", testShortClaims)
	withStore(t, database, "a job is there when its transaction has committed", testJobCommit)
	withStore(t, database, "a job that is put off holds up those behind it", testJobDelay)
	withStore(t, database, "a job is tried again after its pause", testJobAgain)
	withStore(t, database, "a job that is given back has lost no attempt", testJobGiveBack)
	withStore(t, database, "a parked job leaves its order, and comes back when it is told to", testJobPark)
	withStore(t, database, "a re-driven job does not take the place of one that is claimed", testRedriveBehindClaimed)
	withStore(t, database, "a claim from before a re-drive never holds again", testClaimsOfReDrivenJobs)
	withStore(t, database, "a parked job is dropped", testJobDrop)
	withStore(t, database, "work and its end are one commit", testFinishJob)
	withStore(t, database, "a lease that has run out is another's", testJobLeaseEnds)
	withStore(t, database, "a lease is extended while its claim holds", testJobExtend)
	withStore(t, database, "jobs are counted by their kind", testJobDepth)
	withStore(t, database, "what is no kind or key is refused", testJobRefused)
	withStore(t, database, "enqueued jobs are told of at once", testJobBell)
	t.Run("replicas share jobs, each of which is claimed once", func(t *testing.T) { testConcurrentClaims(t, database(t)) })
	t.Run("ids of one key follow the commits", func(t *testing.T) { testConcurrentEnqueue(t, database(t)) })
	t.Run("jobs outlive who enqueued them", func(t *testing.T) {
		open := database(t)
		s := open(t)
		ids := mustEnqueue(t, s, jobs.Request{Kind: resolve, Key: tokenKey(1), Arg: 7})
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		wantClaimed(t, open(t), jobs.Job{ID: ids[0], Kind: resolve, Key: tokenKey(1), Arg: 7, Attempt: 1})
	})
}

func mustEnqueue(t testing.TB, s storage.Store, requests ...jobs.Request) (ids []jobs.ID) {
	t.Helper()
	mustUpdate(t, s, func(tx storage.Tx) error {
		ids = nil
		for _, r := range requests {
			id, err := tx.EnqueueJob(r)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids
}

// mustClaim claims up to 10 jobs of each kind.
func mustClaim(t testing.TB, s storage.Store, lease time.Duration) []jobs.Job {
	t.Helper()
	wants := []jobs.Want{{Kind: resolve, Limit: 10}, {Kind: deliver, Limit: 10}}
	return must(s.ClaimJobs(t.Context(), wants, lease))(t, "ClaimJobs")
}

// wantClaimed claims all that is due and compares it; claims and waits are not compared.
func wantClaimed(t testing.TB, s storage.Store, want ...jobs.Job) []jobs.Job {
	t.Helper()
	got := mustClaim(t, s, long)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(jobs.Job{}, "Claim", "Waited")); diff != "" {
		t.Fatalf("claimed jobs (-want +got):\n%s", diff)
	}
	return got
}

func mustSettle(t testing.TB, s storage.Store, job jobs.Job, settlement jobs.Settlement) {
	t.Helper()
	if err := s.SettleJob(t.Context(), job, settlement); err != nil {
		t.Fatalf("SettleJob %+v: %v", settlement, err)
	}
}

var done = jobs.Settlement{Outcome: jobs.Done}

func requestsOf(key jobs.Key, count int) []jobs.Request {
	var all []jobs.Request
	for i := range count {
		all = append(all, jobs.Request{Kind: resolve, Key: key, Arg: int64(i)})
	}
	return all
}

func testJobOrder(t *testing.T, s storage.Store) {
	ids := mustEnqueue(t, s, requestsOf(tokenKey(1), 3)...)
	for i, id := range ids {
		claimed := wantClaimed(t, s, jobs.Job{ID: id, Kind: resolve, Key: tokenKey(1), Arg: int64(i), Attempt: 1})
		wantClaimed(t, s) // the next one waits for the end of this
		mustSettle(t, s, claimed[0], done)
	}
	wantClaimed(t, s)
	again := mustEnqueue(t, s, requestsOf(tokenKey(1), 1)...)
	if again[0] <= ids[2] {
		t.Errorf("id %v after %v: it was used again", again, ids)
	}
	wantClaimed(t, s, jobs.Job{ID: again[0], Kind: resolve, Key: tokenKey(1), Attempt: 1})
}

func testJobKinds(t *testing.T, s storage.Store) {
	ids := mustEnqueue(t, s,
		jobs.Request{Kind: resolve, Key: tokenKey(1)}, jobs.Request{Kind: deliver, Key: tokenKey(1)},
		jobs.Request{Kind: deliver, Key: jobs.Key{Of: "consumer", ID: 1}})
	only := func(kind jobs.Kind) []jobs.Job {
		return must(s.ClaimJobs(t.Context(), []jobs.Want{{Kind: kind, Limit: 10}}, long))(t, "ClaimJobs")
	}
	other := only(deliver)
	if len(other) != 1 || other[0].ID != ids[2] {
		t.Fatalf("claimed %+v, want the consumer's job alone: the token's first is of another kind", other)
	}
	first := only(resolve)
	if len(first) != 1 || first[0].ID != ids[0] {
		t.Fatalf("claimed %+v, want the token's first", first)
	}
	mustSettle(t, s, first[0], done)
	wantEqual(t, "claimed of the kind that is over", len(only(resolve)), 0)
	wantEqual(t, "the token's second", only(deliver)[0].ID, ids[1])
}

// testJobTurns has one key with many jobs and one that comes later with one.
func testJobTurns(t *testing.T, s storage.Store) {
	one := func() jobs.Job {
		t.Helper()
		claimed := must(s.ClaimJobs(t.Context(), []jobs.Want{{Kind: resolve, Limit: 1}}, long))(t, "ClaimJobs")
		if len(claimed) != 1 {
			t.Fatalf("claimed %+v, want one", claimed)
		}
		return claimed[0]
	}
	mustEnqueue(t, s, requestsOf(tokenKey(1), 50)...)
	mustEnqueue(t, s, requestsOf(tokenKey(2), 1)...)
	for turn := range 50 {
		job := one()
		if job.Key == tokenKey(2) {
			return
		}
		mustSettle(t, s, job, done)
		if turn > 0 {
			pauseMillisecond(t, s)
		}
	}
	t.Error("the key with one job came after all of the other's")
}

// pauseMillisecond returns when the database's clock has gone on, for lanes that are due in the
// same millisecond are in any order.
func pauseMillisecond(t testing.TB, s storage.Store) {
	t.Helper()
	start := must(s.Now(t.Context()))(t, "Now")
	for must(s.Now(t.Context()))(t, "Now").UnixMilli() == start.UnixMilli() {
	}
}

func testJobLimits(t *testing.T, s storage.Store) {
	for id := range int64(5) {
		mustEnqueue(t, s, jobs.Request{Kind: resolve, Key: tokenKey(id)}, jobs.Request{Kind: deliver, Key: jobs.Key{Of: "consumer", ID: id}})
	}
	claim := func(wants ...jobs.Want) map[jobs.Kind]int {
		counts := map[jobs.Kind]int{}
		for _, job := range must(s.ClaimJobs(t.Context(), wants, long))(t, "ClaimJobs") {
			counts[job.Kind]++
		}
		return counts
	}
	wantEqual(t, "claimed", claim(jobs.Want{Kind: resolve, Limit: 2}, jobs.Want{Kind: deliver, Limit: 3}), map[jobs.Kind]int{resolve: 2, deliver: 3})
	wantEqual(t, "claimed of nothing", claim(jobs.Want{Kind: resolve}, jobs.Want{Kind: "unknown", Limit: 5}), map[jobs.Kind]int{})
	wantEqual(t, "the rest", claim(jobs.Want{Kind: deliver, Limit: 9}, jobs.Want{Kind: resolve, Limit: 9}), map[jobs.Kind]int{resolve: 3, deliver: 2})
}

func testJobCommit(t *testing.T, s storage.Store) {
	err := s.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.EnqueueJob(jobs.Request{Kind: resolve, Key: tokenKey(1)})
		return errors.Join(err, errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Fatalf("Update: %v", err)
	}
	wantClaimed(t, s)
	ids := mustEnqueue(t, s, jobs.Request{Kind: resolve, Key: tokenKey(1), Arg: -9})
	wantClaimed(t, s, jobs.Job{ID: ids[0], Kind: resolve, Key: tokenKey(1), Arg: -9, Attempt: 1})
}

func testJobDelay(t *testing.T, s storage.Store) {
	later := jobs.Request{Kind: resolve, Key: tokenKey(1), Delay: time.Hour}
	mustEnqueue(t, s, later, jobs.Request{Kind: resolve, Key: tokenKey(1)})
	wantClaimed(t, s)
	// Behind a job that is due, the delay counts when its turn comes.
	ids := mustEnqueue(t, s, jobs.Request{Kind: resolve, Key: tokenKey(2)})
	later.Key = tokenKey(2)
	mustEnqueue(t, s, later)
	claimed := wantClaimed(t, s, jobs.Job{ID: ids[0], Kind: resolve, Key: tokenKey(2), Attempt: 1})
	mustSettle(t, s, claimed[0], done)
	wantClaimed(t, s)
}

func testJobAgain(t *testing.T, s storage.Store) {
	ids := mustEnqueue(t, s, requestsOf(tokenKey(1), 2)...)
	job := jobs.Job{ID: ids[0], Kind: resolve, Key: tokenKey(1)}
	for attempt := range 3 {
		job.Attempt = attempt + 1
		claimed := wantClaimed(t, s, job)
		mustSettle(t, s, claimed[0], jobs.Settlement{Outcome: jobs.Again, Reason: "scheme_timeout"})
		wantError(t, "a second end", s.SettleJob(t.Context(), claimed[0], done), walletport.CodeConflict, "job_lost")
	}
	job.Attempt = 4
	claimed := wantClaimed(t, s, job)
	mustSettle(t, s, claimed[0], jobs.Settlement{Outcome: jobs.Again, Delay: time.Hour})
	wantClaimed(t, s) // the one behind it waits too
}

func testJobGiveBack(t *testing.T, s storage.Store) {
	ids := mustEnqueue(t, s, requestsOf(tokenKey(1), 1)...)
	for range 3 {
		claimed := wantClaimed(t, s, jobs.Job{ID: ids[0], Kind: resolve, Key: tokenKey(1), Attempt: 1})
		mustSettle(t, s, claimed[0], jobs.Settlement{Outcome: jobs.GiveBack})
	}
}

func mustPark(t testing.TB, s storage.Store, reason string) {
	t.Helper()
	mustSettle(t, s, mustClaim(t, s, long)[0], jobs.Settlement{Outcome: jobs.Park, Reason: reason})
}

func testJobPark(t *testing.T, s storage.Store) {
	ids := mustEnqueue(t, s, requestsOf(tokenKey(1), 2)...)
	mustPark(t, s, "scheme_refused")
	second := wantClaimed(t, s, jobs.Job{ID: ids[1], Kind: resolve, Key: tokenKey(1), Arg: 1, Attempt: 1})
	mustSettle(t, s, second[0], jobs.Settlement{Outcome: jobs.Park, Reason: "5204 2477 5000 1471"})
	parked := must(s.ParkedJobs(t.Context(), resolve, 0, 10))(t, "ParkedJobs")
	if len(parked) != 2 || parked[0].At.IsZero() {
		t.Fatalf("parked %+v, want two", parked)
	}
	parked[0].At, parked[1].At = time.Time{}, time.Time{}
	wantEqual(t, "parked", parked, []jobs.Parked{
		{ID: ids[0], Kind: resolve, Key: tokenKey(1), Attempts: 1, Reason: "scheme_refused"},
		{ID: ids[1], Kind: resolve, Key: tokenKey(1), Arg: 1, Attempts: 1, Reason: "other"}, // no text of an error is kept
	})
	wantEqual(t, "parked above the first", len(must(s.ParkedJobs(t.Context(), resolve, ids[0], 10))(t, "ParkedJobs")), 1)
	wantEqual(t, "parked of another kind", len(must(s.ParkedJobs(t.Context(), deliver, 0, 10))(t, "ParkedJobs")), 0)

	mustUpdate(t, s, func(tx storage.Tx) error {
		return errors.Join(tx.RedriveJob(ids[1]), tx.RedriveJob(ids[0]))
	})
	err := s.Update(t.Context(), func(tx storage.Tx) error { return tx.RedriveJob(ids[0]) })
	wantError(t, "RedriveJob of one that waits", err, walletport.CodeNotFound, "job_not_found")
	claimed := wantClaimed(t, s, jobs.Job{ID: ids[1], Kind: resolve, Key: tokenKey(1), Arg: 1, Attempt: 1})
	mustSettle(t, s, claimed[0], done)
	wantClaimed(t, s, jobs.Job{ID: ids[0], Kind: resolve, Key: tokenKey(1), Attempt: 1})
}

func testRedriveBehindClaimed(t *testing.T, s storage.Store) {
	ids := mustEnqueue(t, s, requestsOf(tokenKey(1), 3)...)
	mustPark(t, s, "scheme_refused")
	second := mustClaim(t, s, long)
	mustUpdate(t, s, func(tx storage.Tx) error { return tx.RedriveJob(ids[0]) })
	wantClaimed(t, s) // the second is claimed, and its claim holds
	mustSettle(t, s, second[0], done)
	claimed := wantClaimed(t, s, jobs.Job{ID: ids[0], Kind: resolve, Key: tokenKey(1), Attempt: 1})
	mustSettle(t, s, claimed[0], done)
	wantClaimed(t, s, jobs.Job{ID: ids[2], Kind: resolve, Key: tokenKey(1), Arg: 2, Attempt: 1})
}

func testJobDrop(t *testing.T, s storage.Store) {
	ids := mustEnqueue(t, s, requestsOf(tokenKey(1), 1)...)
	drop := func() error {
		return s.Update(t.Context(), func(tx storage.Tx) error { return tx.DropJob(ids[0]) })
	}
	wantError(t, "DropJob of one that waits", drop(), walletport.CodeNotFound, "job_not_found")
	mustPark(t, s, "scheme_refused")
	if err := drop(); err != nil {
		t.Fatalf("DropJob: %v", err)
	}
	wantError(t, "DropJob of one that is gone", drop(), walletport.CodeNotFound, "job_not_found")
	wantEqual(t, "depth", must(s.JobDepth(t.Context(), resolve))(t, "JobDepth"), jobs.Depth{})
}

func testFinishJob(t *testing.T, s storage.Store) {
	mustEnqueue(t, s, requestsOf(tokenKey(1), 2)...)
	job := mustClaim(t, s, long)[0]
	work := func(end error) error {
		return s.Update(t.Context(), func(tx storage.Tx) error {
			if err := tx.FinishJob(job); err != nil {
				return err
			}
			return errors.Join(tx.AddClient(client("work")), end)
		})
	}
	if err := work(errRefused); !errors.Is(err, errRefused) {
		t.Fatalf("Update: %v", err)
	}
	wantClaimed(t, s) // nothing ended
	if err := work(nil); err != nil {
		t.Fatalf("Update: %v", err)
	}
	wantError(t, "FinishJob again", work(nil), walletport.CodeConflict, "job_lost")
	mustSettle(t, s, job, done) // what is gone is done
	wantEqual(t, "the next one", mustClaim(t, s, long)[0].Arg, int64(1))
}

func testJobLeaseEnds(t *testing.T, s storage.Store) {
	ids := mustEnqueue(t, s, requestsOf(tokenKey(1), 1)...)
	first := mustClaim(t, s, time.Millisecond)
	pauseMillisecond(t, s)
	second := wantClaimed(t, s, jobs.Job{ID: ids[0], Kind: resolve, Key: tokenKey(1), Attempt: 2})
	wantJobLost(t, s, first[0])
	mustSettle(t, s, second[0], done)
}

func testJobExtend(t *testing.T, s storage.Store) {
	mustEnqueue(t, s, requestsOf(tokenKey(1), 1)...)
	job := mustClaim(t, s, time.Millisecond)
	wantEqual(t, "lost", must(s.ExtendJobs(t.Context(), job, long))(t, "ExtendJobs"), []jobs.ID{})
	pauseMillisecond(t, s)
	pauseMillisecond(t, s)
	wantClaimed(t, s)
	mustSettle(t, s, job[0], done)
	wantEqual(t, "of none", must(s.ExtendJobs(t.Context(), nil, long))(t, "ExtendJobs"), []jobs.ID{})
}

func testJobDepth(t *testing.T, s storage.Store) {
	mustEnqueue(t, s, requestsOf(tokenKey(1), 3)...)
	mustEnqueue(t, s, jobs.Request{Kind: deliver, Key: tokenKey(2)})
	mustPark(t, s, "scheme_refused")
	pauseMillisecond(t, s)
	got := must(s.JobDepth(t.Context(), resolve))(t, "JobDepth")
	if got.Waiting != 2 || got.Parked != 1 || got.Oldest <= 0 {
		t.Errorf("depth %+v, want 2 that wait and 1 that is parked", got)
	}
	wantEqual(t, "depth of an unknown kind", must(s.JobDepth(t.Context(), "unknown"))(t, "JobDepth"), jobs.Depth{})
}

func testJobRefused(t *testing.T, s storage.Store) {
	for name, request := range map[string]jobs.Request{
		"no kind":          {Key: tokenKey(1)},
		"a kind of digits": {Kind: "5204247750001471", Key: tokenKey(1)},
		"no key":           {Kind: resolve},
		"a key's text":     {Kind: resolve, Key: jobs.Key{Of: "someone@example.com"}},
		"a past time":      {Kind: resolve, Key: tokenKey(1), Delay: -1},
		"another year":     {Kind: resolve, Key: tokenKey(1), Delay: jobs.MaxDelay + 1},
	} {
		err := s.Update(t.Context(), func(tx storage.Tx) error { _, err := tx.EnqueueJob(request); return err })
		if walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("%s: %v, want an error of the code internal", name, err)
		}
	}
	wantClaimed(t, s)
}

func testJobBell(t *testing.T, s storage.Store) {
	rung := func() bool {
		select {
		case <-s.JobsEnqueued():
			return true
		default:
			return false
		}
	}
	wantEqual(t, "rung before", rung(), false)
	ids := mustEnqueue(t, s, requestsOf(tokenKey(1), 3)...)
	wantEqual(t, "rung after a commit", rung(), true)
	wantEqual(t, "rung once", rung(), false)
	_ = s.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.EnqueueJob(jobs.Request{Kind: resolve, Key: tokenKey(2)})
		return errors.Join(err, errRefused)
	})
	wantEqual(t, "rung after what was undone", rung(), false)
	mustPark(t, s, "scheme_refused")
	mustUpdate(t, s, func(tx storage.Tx) error { return tx.RedriveJob(ids[0]) })
	wantEqual(t, "rung after a re-drive", rung(), true)
}

// testConcurrentClaims has replicas do jobs at once: each job is claimed by one, and those of a key in order.
func testConcurrentClaims(t *testing.T, open Open) {
	const keys, each0 = 6, 10
	replicas := []storage.Store{open(t), open(t)}
	for key := range int64(keys) {
		mustEnqueue(t, replicas[0], requestsOf(tokenKey(key), each0)...)
	}
	order := make([][]int64, keys) // the jobs of a key are done one by one, so nobody writes at once
	left := make(chan struct{}, keys*each0)
	wantNoErrors(t, each(4, func(i int) error {
		s := replicas[i%2]
		for len(left) < keys*each0 {
			claimed, err := s.ClaimJobs(t.Context(), []jobs.Want{{Kind: resolve, Limit: 2}}, long)
			if err != nil {
				return err
			}
			for _, job := range claimed {
				order[job.Key.ID] = append(order[job.Key.ID], job.Arg)
				if err := s.SettleJob(t.Context(), job, done); err != nil {
					return fmt.Errorf("job %s: %w", job.ID, err)
				}
				left <- struct{}{}
			}
		}
		return nil
	}))
	for key := range order {
		for i, arg := range order[key] {
			if arg != int64(i) {
				t.Fatalf("the jobs of key %d were done in the order %v", key, order[key])
			}
		}
	}
}

// testConcurrentEnqueue enqueues for one key while its jobs are done, so that the key is
// forgotten and made again all the time: no job is left behind.
func testConcurrentEnqueue(t *testing.T, open Open) {
	const writers, rounds = 3, 15
	replicas := []storage.Store{open(t), open(t)}
	var seen []jobs.ID
	wantNoErrors(t, each(writers+1, func(i int) error {
		s := replicas[i%2]
		if i == writers {
			for len(seen) < writers*rounds {
				claimed, err := s.ClaimJobs(t.Context(), []jobs.Want{{Kind: resolve, Limit: 1}}, long)
				if err != nil {
					return err
				}
				for _, job := range claimed {
					seen = append(seen, job.ID)
					if err := s.SettleJob(t.Context(), job, done); err != nil {
						return err
					}
				}
			}
			return nil
		}
		for range rounds {
			err := s.Update(t.Context(), func(tx storage.Tx) error {
				_, err := tx.EnqueueJob(jobs.Request{Kind: resolve, Key: tokenKey(1)})
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	for i := 1; i < len(seen); i++ {
		if seen[i] <= seen[i-1] {
			t.Fatalf("jobs were done in the order %v", seen)
		}
	}
}
