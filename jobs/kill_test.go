package jobs_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// childDatabase is set in the environment of a child: a copy of this test binary that
// does jobs until it is killed.
const childDatabase = "WALLETPORT_JOBS_TEST_DATABASE"

// runChild prints a line for each job before it does it.
func runChild(database string) error {
	ctx := context.Background()
	store, err := openDatabase(ctx, database)
	if err != nil {
		return err
	}
	note := recording(store)
	w, err := jobs.NewWorker(jobs.Config{Queue: store, Clock: time.Now, Works: []jobs.Work{{
		Kind: work, Handler: jobs.HandlerFunc(func(ctx context.Context, job jobs.Job) error {
			if _, err := fmt.Println(job.ID); err != nil {
				return err
			}
			return note(ctx, job)
		}),
	}}})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// recording returns a handler whose work is an entry of the audit chain, in the commit of
// the job's end: the chain has the work in the order of the commits.
func recording(store storage.Store) jobs.HandlerFunc {
	return func(ctx context.Context, job jobs.Job) error {
		return store.Update(ctx, func(tx storage.Tx) error {
			if err := tx.FinishJob(job); err != nil {
				return err
			}
			return tx.AppendAudit(func(head storage.AuditHead) ([]storage.AuditEntry, error) {
				return []storage.AuditEntry{{
					Seq: head.Seq + 1, Hash: make([]byte, 32),
					Record: walletport.AuditRecord{CardID: walletport.CardID(job.Key.ID), RequestID: fmt.Sprint(job.Arg)},
				}}, nil
			})
		})
	}
}

// sharing returns a handler that does a few jobs and leaves the rest to the other process
// until that is killed.
func sharing(store storage.Store, killed <-chan struct{}) jobs.HandlerFunc {
	var done atomic.Int64
	note := recording(store)
	return func(ctx context.Context, job jobs.Job) error {
		if done.Add(1) > 20 {
			<-killed
		}
		return note(ctx, job)
	}
}

const (
	killKeys    = 8
	killPerKey  = 40
	killedAfter = 60
)

// TestAKilledProcessesWorkIsTaken kills a process in the middle of its work, while another
// one works beside it, and when nobody does until a second one starts. All is done once, in
// order.
func TestAKilledProcessesWorkIsTaken(t *testing.T) {
	for _, beside := range []bool{true, false} {
		t.Run(map[bool]string{true: "by another process", false: "by the restarted one"}[beside], func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, database string) {
				store := mustOpen(t, database)
				for key := range int64(killKeys) {
					var requests []jobs.Request
					for i := range int64(killPerKey) {
						requests = append(requests, jobs.Request{Kind: work, Key: token(key), Arg: i})
					}
					mustEnqueue(t, store, requests...)
				}
				killed := make(chan struct{})
				var worker started
				start := func() {
					worker = mustStart(t, store, jobs.Settings{}, jobs.Work{Kind: work, Workers: 1, Handler: sharing(store, killed)})
				}
				at := mustKillChild(t, database, func() {
					if beside {
						start()
					}
				})
				close(killed)
				if !beside {
					start()
				}
				awaitAll(t, store)
				t.Logf("all was done %s after the kill", time.Since(at))
				must(t, worker.stop())
				wantEachOnceInOrder(t, store)
			})
		})
	}
}

// mustKillChild starts a child, calls begun when it works, kills it when it is in the
// middle, and returns when.
func mustKillChild(t *testing.T, database string, begun func()) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childDatabase+"="+database)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	lines := bufio.NewScanner(out)
	for line := range killedAfter {
		if !lines.Scan() {
			t.Fatal("the child ended early")
		}
		if line == 0 {
			begun()
		}
	}
	must(t, child.Process.Kill()) // SIGKILL
	killed := time.Now()
	_ = child.Wait() // it says that it was killed
	return killed
}

// awaitAll returns when no job is left.
func awaitAll(t *testing.T, store storage.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		depth, err := store.JobDepth(ctx, work)
		must(t, err)
		if depth.Parked > 0 {
			t.Fatalf("%d jobs are parked", depth.Parked)
		}
		if depth.Waiting == 0 {
			return
		}
		<-tick.C
	}
}

func wantEachOnceInOrder(t *testing.T, store storage.Store) {
	t.Helper()
	entries, err := store.AuditAfter(t.Context(), 0, 2*killKeys*killPerKey)
	must(t, err)
	next := map[walletport.CardID]int{}
	for _, e := range entries {
		key := e.Record.CardID
		if e.Record.RequestID != fmt.Sprint(next[key]) {
			t.Fatalf("key %d: job %s was done when %d was next", key, e.Record.RequestID, next[key])
		}
		next[key]++
	}
	if len(entries) != killKeys*killPerKey {
		t.Errorf("%d jobs were done, want %d", len(entries), killKeys*killPerKey)
	}
}

// TestAProcessThatDiesInEachAttemptIsNotFedForEver claims as processes do that die at once.
func TestAProcessThatDiesInEachAttemptIsNotFedForEver(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		ids := mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
		for died := 0; died < 2; {
			claimed, err := store.ClaimJobs(t.Context(), []jobs.Want{{Kind: work, Limit: 1}}, time.Millisecond)
			must(t, err)
			died += len(claimed)
		}
		refuse := jobs.HandlerFunc(func(context.Context, jobs.Job) error { t.Error("it is tried a third time"); return nil })
		worker := mustStart(t, store, jobs.Settings{}, jobs.Work{Kind: work, Attempts: 2, Handler: refuse})
		if got := worker.next(t); got.outcome != jobs.Park || walletport.ReasonOf(got.err) != "process_died" {
			t.Errorf("ended as %+v, want parked", got)
		}
		parked, err := store.ParkedJobs(t.Context(), work, 0, 10)
		must(t, err)
		if len(parked) != 1 || parked[0].ID != ids[0] || parked[0].Reason != "process_died" {
			t.Errorf("parked %+v", parked)
		}
	})
}
