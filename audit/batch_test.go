package audit_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/audit"
)

// These tests run on synctest's clock: a linger takes exactly as long as it says.

const (
	commitTime = 100 * time.Microsecond
	maxLinger  = 5 * time.Millisecond
)

// mustRunTimed starts a Log on a database that takes commitTime for a commit.
func mustRunTimed(t *testing.T, s audit.Settings) (*audit.Log, *memory, func()) {
	t.Helper()
	m := newMemory()
	m.append = func(context.Context) error { time.Sleep(commitTime); return nil }
	if s.MaxLinger == 0 {
		s.MaxLinger = maxLinger
	}
	l, stop := mustRun(t, audit.Config{Store: m, Settings: s})
	return l, m, stop
}

// mustRecordAt records one record at the time given and returns how long it took.
func mustRecordAt(t *testing.T, all *sync.WaitGroup, l *audit.Log, at time.Duration) *time.Duration {
	t.Helper()
	took := new(time.Duration)
	all.Go(func() {
		time.Sleep(at)
		before := time.Now()
		if err := l.Record(t.Context(), record(1)); err != nil {
			t.Errorf("Record: %v", err)
		}
		*took = time.Since(before)
	})
	return took
}

func TestALoneCallerNeverLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, m, _ := mustRunTimed(t, audit.Settings{})
		for i := range 20 {
			before := time.Now()
			if err := l.Record(t.Context(), record(i)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(before); took != commitTime {
				t.Errorf("record %d took %v, want the commit's %v", i, took, commitTime)
			}
		}
		if !slices.Equal(m.sizes(), slices.Repeat([]int{1}, 20)) {
			t.Errorf("batches %v", m.sizes())
		}
	})
}

// One commit of nonces lets several callers go on at once. The order in which a
// processor runs them is not fixed, so a few may miss a commit.
func TestCallersThatAreReadyTogetherShareACommit(t *testing.T) {
	const rounds, callers = 20, 8
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	m := newMemory()
	l, _ := mustRun(t, audit.Config{Store: m, Settings: audit.Settings{MaxLinger: -1, MaxAwait: -1}})
	for range rounds {
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				if err := l.Record(t.Context(), record(i)); err != nil {
					t.Errorf("Record: %v", err)
				}
			})
		}
		all.Wait()
	}
	if commits := len(m.sizes()); commits > 2*rounds {
		t.Errorf("%d commits for %d groups of %d records", commits, rounds, callers)
	}
}

func TestCompanyMakesBatches(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings audit.Settings
		arrivals []time.Duration // since the start
		batches  []int
		longest  time.Duration // of all records
	}{
		{
			name:     "who came during a commit waits for as many as there were, and no longer",
			arrivals: []time.Duration{0, 50 * time.Microsecond, 60 * time.Microsecond, time.Millisecond, 3 * time.Millisecond},
			batches:  []int{1, 3, 1},
			longest:  maxLinger + commitTime,
		},
		{
			name:     "when fewer come, MaxLinger is the end of it",
			arrivals: []time.Duration{0, 50 * time.Microsecond, 60 * time.Microsecond, 8 * time.Millisecond},
			batches:  []int{1, 2, 1},
			longest:  maxLinger + commitTime,
		},
		{
			name:     "a batch that is full goes at once",
			settings: audit.Settings{MaxBatch: 3},
			arrivals: []time.Duration{0, 10 * time.Microsecond, 20 * time.Microsecond, 30 * time.Microsecond, 40 * time.Microsecond},
			batches:  []int{1, 3, 1},
			longest:  maxLinger + commitTime,
		},
		{
			name:     "more than a batch goes in several",
			settings: audit.Settings{MaxBatch: 3, MaxLinger: -1},
			arrivals: []time.Duration{0, 1, 2, 3, 4, 5, 6, 7},
			batches:  []int{1, 3, 3, 1},
			longest:  4 * commitTime,
		},
		{
			name:     "without linger a batch is what came during the last commit",
			settings: audit.Settings{MaxLinger: -1},
			arrivals: []time.Duration{0, 50 * time.Microsecond, 60 * time.Microsecond, time.Millisecond},
			batches:  []int{1, 2, 1},
			longest:  2 * commitTime,
		},
		{
			name:     "company that stays away is waited for once",
			arrivals: []time.Duration{0, 50 * time.Microsecond, 10 * time.Millisecond, 20 * time.Millisecond},
			batches:  []int{1, 1, 1, 1},
			longest:  maxLinger + commitTime,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, m, _ := mustRunTimed(t, c.settings)
				var all sync.WaitGroup
				var took []*time.Duration
				for _, at := range c.arrivals {
					took = append(took, mustRecordAt(t, &all, l, at))
				}
				all.Wait()
				if !slices.Equal(m.sizes(), c.batches) {
					t.Errorf("batches %v, want %v", m.sizes(), c.batches)
				}
				for i, d := range took {
					if *d > c.longest {
						t.Errorf("record %d took %v, want at most %v", i, *d, c.longest)
					}
				}
			})
		})
	}
}

func TestARecordThatWaitedForACommitDoesNotLingerAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		const slowCommit = 2 * maxLinger
		m.append = func(context.Context) error { time.Sleep(slowCommit); return nil }
		l, _ := mustRun(t, audit.Config{Store: m, Settings: audit.Settings{MaxLinger: maxLinger}})
		var all sync.WaitGroup
		mustRecordAt(t, &all, l, 0)
		took := mustRecordAt(t, &all, l, time.Millisecond)
		all.Wait()
		if want := slowCommit - time.Millisecond + slowCommit; *took != want { // behind the first commit, then its own
			t.Errorf("it took %v, want %v", *took, want)
		}
	})
}

func TestAShutdownEndsALinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, m, stop := mustRunTimed(t, audit.Settings{MaxLinger: time.Second})
		var all sync.WaitGroup
		mustRecordAt(t, &all, l, 0)
		took := mustRecordAt(t, &all, l, 50*time.Microsecond) // lingers from here on
		time.Sleep(time.Millisecond)
		stop()
		all.Wait()
		if *took > 2*time.Millisecond || len(m.entries) != 2 {
			t.Errorf("the record took %v; %d records are stored", *took, len(m.entries))
		}
	})
}

func TestLoadMakesBigBatches(t *testing.T) {
	for _, c := range []struct {
		name       string
		callers    int
		processors int // each record needs one for about 1 ms before
		atLeast    float64
	}{
		{"as many callers as processors", 8, 8, 6},
		{"twice as many callers as processors", 4, 2, 3.3},
		{"many more callers than processors", 32, 2, 3}, // who runs first of those that are ready at one moment is the scheduler's
		{"many callers", 200, 200, 150},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, m, _ := mustRunTimed(t, audit.Settings{})
				processors := make(chan struct{}, c.processors)
				var all sync.WaitGroup
				for caller := range c.callers {
					all.Go(func() {
						for i := range 50 {
							processors <- struct{}{}
							time.Sleep(time.Duration(900+(1009*i+13*caller)%200) * time.Microsecond)
							<-processors
							if err := l.Record(t.Context(), record(i)); err != nil {
								t.Errorf("Record: %v", err)
							}
						}
					})
				}
				all.Wait()
				if got := float64(50*c.callers) / float64(len(m.sizes())); got < c.atLeast {
					t.Errorf("%.1f records a commit, want at least %.1f", got, c.atLeast)
				}
			})
		})
	}
}
