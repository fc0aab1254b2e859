package storagetest

import (
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// testClaimsOfReDrivenJobs has workers hang with a job, which others try after them and park.
// Whoever has it after a re-drive cannot be taken for one of those who hang: the row of the
// key, which counts the claims, was deleted meanwhile.
func testClaimsOfReDrivenJobs(t *testing.T, s storage.Store) {
	for _, c := range []struct {
		name  string
		since func(t *testing.T, key jobs.Key, id jobs.ID) // the job was parked
	}{
		{"alone in its key", func(t *testing.T, _ jobs.Key, id jobs.ID) { mustReDrive(t, s, id) }},
		{"re-driven again and again", func(t *testing.T, _ jobs.Key, id jobs.ID) {
			for range 3 {
				mustReDrive(t, s, id)
				mustPark(t, s, "scheme_refused")
			}
			mustReDrive(t, s, id)
		}},
		{"behind another of its key", func(t *testing.T, key jobs.Key, id jobs.ID) {
			mustEnqueue(t, s, requestsOf(key, 1)...)
			other := mustClaim(t, s, long)
			mustReDrive(t, s, id)
			mustSettle(t, s, other[0], done)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := tokenKey(int64(len(c.name)))
			id := mustEnqueue(t, s, requestsOf(key, 1)...)[0]
			var hung []jobs.Job
			for range 3 {
				hung = append(hung, mustClaim(t, s, time.Millisecond)...)
				pauseMillisecond(t, s)
				pauseMillisecond(t, s)
			}
			mustPark(t, s, "scheme_refused")
			c.since(t, key, id)
			for range 4 {
				live := wantClaimed(t, s, jobs.Job{ID: id, Kind: resolve, Key: key, Attempt: 1})
				for _, old := range hung {
					wantJobLost(t, s, old)
				}
				hung = append(hung, live...)
				mustSettle(t, s, live[0], jobs.Settlement{Outcome: jobs.GiveBack})
			}
			mustSettle(t, s, mustClaim(t, s, long)[0], done)
		})
	}
}

func mustReDrive(t *testing.T, s storage.Store, id jobs.ID) {
	t.Helper()
	mustUpdate(t, s, func(tx storage.Tx) error { return tx.RedriveJob(id) })
}

// wantJobLost fails unless whoever has a job by that claim can end nothing and keep nothing.
func wantJobLost(t *testing.T, s storage.Store, job jobs.Job) {
	t.Helper()
	for _, outcome := range []jobs.Outcome{jobs.Done, jobs.Again, jobs.Park, jobs.GiveBack} {
		err := s.SettleJob(t.Context(), job, jobs.Settlement{Outcome: outcome})
		wantError(t, string(outcome), err, walletport.CodeConflict, "job_lost")
	}
	err := s.Update(t.Context(), func(tx storage.Tx) error { return tx.FinishJob(job) })
	wantError(t, "FinishJob", err, walletport.CodeConflict, "job_lost")
	wantEqual(t, "lost", must(s.ExtendJobs(t.Context(), []jobs.Job{job}, long))(t, "ExtendJobs"), []jobs.ID{job.ID})
}
