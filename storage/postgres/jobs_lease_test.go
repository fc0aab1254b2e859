package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
)

// TestAClaimLastsAsLongAsItsLease by the server's clock: the rows are moved back in time, as if
// that clock went on, and a dead process's job is another's when the lease is over and not
// before.
func TestAClaimLastsAsLongAsItsLease(t *testing.T) {
	const lease, nearly = time.Hour, 59 * time.Minute
	url := migrated(t)
	s := mustOpen(t, url)
	mustEnqueue(t, s)
	claim := func() int {
		t.Helper()
		claimed, err := s.ClaimJobs(t.Context(), []jobs.Want{{Kind: "test.work", Limit: 1}}, lease)
		if err != nil {
			t.Fatal(err)
		}
		return len(claimed)
	}
	goOn := func(by time.Duration) {
		t.Helper()
		mustExec(t, url, fmt.Sprintf("UPDATE job_lanes SET due_ms = due_ms - %d", by.Milliseconds()))
	}
	if claim() != 1 {
		t.Fatal("the job cannot be claimed")
	}
	if goOn(nearly); claim() != 0 {
		t.Errorf("%s after it was claimed for %s it is another's", nearly, lease)
	}
	if goOn(lease - nearly); claim() != 1 {
		t.Errorf("%s after it was claimed for %s it is nobody else's", lease, lease)
	}
}

// TestAClaimIsMadeAgain when the server undid it at its first statement.
func TestAClaimIsMadeAgain(t *testing.T) {
	for _, untried := range []int{0, 1} { // the first statement is one or the other
		url := migrated(t)
		s := mustOpen(t, url)
		mustEnqueue(t, s)
		raiseOn(t, url, "job_lanes", atUpdate, "40001", 2)
		claimed, err := s.ClaimJobs(t.Context(), []jobs.Want{{Kind: "test.work", Limit: 1, Untried: untried}}, time.Hour)
		if err != nil || len(claimed) != 1 {
			t.Errorf("claimed %d jobs, %v, want 1", len(claimed), err)
		}
	}
}

// mustEnqueue enqueues a job.
func mustEnqueue(t *testing.T, s *postgres.Store) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.EnqueueJob(jobs.Request{Kind: "test.work", Key: jobs.Key{Of: "token", ID: 1}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
