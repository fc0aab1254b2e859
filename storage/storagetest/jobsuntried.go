package storagetest

import (
	"testing"
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// shares are how many jobs were claimed of keys that are tried, and of those that are not.
type shares struct{ Tried, Untried int }

// testUntriedKeys has keys that were tried and are due again, and untried ones that are due
// later than all of those, or earlier.
func testUntriedKeys(t *testing.T, s storage.Store) {
	for _, c := range []struct {
		name    string
		due     shares
		earlier bool // the untried ones
		want    jobs.Want
		claimed shares
	}{
		{"one new key among retries", shares{20, 1}, false, jobs.Want{Limit: 2, Untried: 1}, shares{1, 1}},
		{"one new key, and one is wanted", shares{20, 1}, false, jobs.Want{Limit: 1, Untried: 1}, shares{0, 1}},
		{"one new key, and one is wanted of all", shares{20, 1}, false, jobs.Want{Limit: 1}, shares{1, 0}},
		{"one retry among new keys", shares{1, 20}, false, jobs.Want{Limit: 2, Untried: 1}, shares{1, 1}},
		{"retries take what new keys leave", shares{20, 1}, false, jobs.Want{Limit: 4, Untried: 3}, shares{3, 1}},
		{"new keys take what retries leave", shares{1, 20}, false, jobs.Want{Limit: 4, Untried: 1}, shares{1, 3}},
		{"new keys that are longest due", shares{3, 3}, true, jobs.Want{Limit: 4, Untried: 2}, shares{1, 3}},
		{"fewer than are wanted", shares{1, 2}, false, jobs.Want{Limit: 9, Untried: 5}, shares{1, 2}},
		{"the limit is below the share", shares{2, 5}, false, jobs.Want{Limit: 3, Untried: 9}, shares{0, 3}},
		{"none is wanted", shares{2, 2}, false, jobs.Want{Untried: 2}, shares{0, 0}},
		{"a share below none", shares{2, 2}, false, jobs.Want{Limit: 2, Untried: -1}, shares{2, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.earlier {
				enqueueUntried(t, s, c.due.Untried)
			}
			enqueueTried(t, s, c.due.Tried)
			if !c.earlier {
				enqueueUntried(t, s, c.due.Untried)
			}
			c.want.Kind = resolve
			first := must(s.ClaimJobs(t.Context(), []jobs.Want{c.want}, long))(t, "ClaimJobs")
			wantEqual(t, "claimed first", sharesOf(first), c.claimed)
			rest := must(s.ClaimJobs(t.Context(), []jobs.Want{{Kind: resolve, Limit: 100, Untried: 50}}, long))(t, "ClaimJobs")
			seen := map[jobs.Key]bool{}
			for _, job := range append(first, rest...) {
				if seen[job.Key] {
					t.Errorf("the key %v was claimed twice", job.Key)
				}
				seen[job.Key] = true
				mustSettle(t, s, job, done)
			}
			wantEqual(t, "keys that were claimed", len(seen), c.due.Tried+c.due.Untried)
		})
	}
}

// testShortClaims has leases that may run out while the claim is made.
func testShortClaims(t *testing.T, s storage.Store) {
	for range 20 {
		enqueueUntried(t, s, 2)
		claimed := must(s.ClaimJobs(t.Context(), []jobs.Want{{Kind: resolve, Limit: 6, Untried: 3}}, time.Millisecond))(t, "ClaimJobs")
		wantEqual(t, "claimed", len(claimed), 2)
		pauseMillisecond(t, s)
		for _, job := range mustClaim(t, s, long) {
			mustSettle(t, s, job, done)
		}
	}
}

func enqueueUntried(t *testing.T, s storage.Store, count int) {
	t.Helper()
	pauseMillisecond(t, s)
	for id := range int64(count) {
		mustEnqueue(t, s, jobs.Request{Kind: resolve, Key: tokenKey(id)})
	}
	pauseMillisecond(t, s)
}

// enqueueTried has as many keys that were tried, for a job of another kind, which a claim finds
// apart from the untried ones, and are due again.
func enqueueTried(t *testing.T, s storage.Store, count int) {
	t.Helper()
	for id := range int64(count) {
		key := jobs.Key{Of: "consumer", ID: id}
		mustEnqueue(t, s, jobs.Request{Kind: deliver, Key: key}, jobs.Request{Kind: resolve, Key: key})
	}
	for _, job := range must(s.ClaimJobs(t.Context(), []jobs.Want{{Kind: deliver, Limit: count}}, long))(t, "ClaimJobs") {
		mustSettle(t, s, job, done)
	}
}

func sharesOf(claimed []jobs.Job) (s shares) {
	for _, job := range claimed {
		if job.Key.Of == "consumer" {
			s.Tried++
		} else {
			s.Untried++
		}
	}
	return s
}
