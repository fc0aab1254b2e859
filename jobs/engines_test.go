package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestMain(m *testing.M) {
	if database := os.Getenv(childDatabase); database != "" {
		if err := runChild(database); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(storagetest.Main(m))
}

const (
	work  jobs.Kind = "test.work"
	other jobs.Kind = "test.other"
	// hangs is when a test gives up on work that is never done.
	hangs = 2 * time.Minute
)

// openDatabase opens a PostgreSQL URL or a SQLite path.
func openDatabase(ctx context.Context, database string) (storagetest.Migrating, error) {
	if strings.HasPrefix(database, "postgres:") {
		return postgres.Open(ctx, postgres.Config{URL: database})
	}
	return sqlite.Open(ctx, sqlite.Config{Path: database})
}

func onEachEngine(t *testing.T, story func(t *testing.T, database string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { story(t, storagetest.MigratedFile(t, openDatabase)) })
	t.Run("PostgreSQL", func(t *testing.T) { story(t, storagetest.MigratedPostgres(t, openDatabase)) })
}

func mustOpen(t testing.TB, database string) storage.Store {
	t.Helper()
	s, err := openDatabase(t.Context(), database)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// ended is an attempt that has ended.
type ended struct {
	kind    jobs.Kind
	outcome jobs.Outcome
	attempt int
	err     error
}

// seen is an Observer that keeps what it is told.
type seen struct {
	ends   chan ended
	depths chan jobs.Depth
}

func newSeen() *seen { return &seen{make(chan ended, 10_000), make(chan jobs.Depth, 10_000)} }

func (s *seen) Began(jobs.Kind, int, time.Duration) {}
func (s *seen) Ended(job jobs.Job, o jobs.Outcome, _ time.Duration, err error) {
	s.ends <- ended{job.Kind, o, job.Attempt, err}
}
func (s *seen) Depth(_ jobs.Kind, d jobs.Depth) { s.depths <- d }
func (s *seen) Failed(error)                    {}

// next waits for the end of an attempt.
func (s *seen) next(t testing.TB) ended {
	t.Helper()
	select {
	case e := <-s.ends:
		return e
	case <-time.After(hangs):
		t.Fatal("nothing is done")
		return ended{}
	}
}

// want waits for the ends of attempts and compares them.
func (s *seen) want(t testing.TB, want ...ended) {
	t.Helper()
	for _, w := range want {
		got := s.next(t)
		if got.kind != w.kind || got.outcome != w.outcome || got.attempt != w.attempt || !errors.Is(got.err, w.err) {
			t.Fatalf("an attempt ended as %+v, want %+v", got, w)
		}
	}
}

// started is a Worker that runs.
type started struct {
	stop func() error // ends it and returns what Run returned
	*seen
}

// mustStart runs a worker until the test ends.
func mustStart(t testing.TB, queue jobs.Queue, settings jobs.Settings, works ...jobs.Work) started {
	t.Helper()
	s := newSeen()
	w, err := jobs.NewWorker(jobs.Config{Queue: queue, Works: works, Clock: time.Now, Observer: s, Settings: settings})
	must(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- w.Run(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-ran })
	t.Cleanup(func() { _ = stop() })
	return started{stop, s}
}

func mustEnqueue(t testing.TB, s storage.Store, requests ...jobs.Request) (ids []jobs.ID) {
	t.Helper()
	must(t, s.Update(t.Context(), func(tx storage.Tx) error {
		ids = nil
		for _, r := range requests {
			id, err := tx.EnqueueJob(r)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	}))
	return ids
}

func token(id int64) jobs.Key { return jobs.Key{Of: "token", ID: id} }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
