package audit_test

import (
	"context"
	"errors"
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
	maxAge     = 5 * time.Millisecond
)

// mustRunTimed starts a Log on a database that takes commitTime for a commit.
func mustRunTimed(t *testing.T, s audit.Settings) (*audit.Log, *memory, func()) {
	t.Helper()
	m := newMemory()
	m.append = func(context.Context) error { time.Sleep(commitTime); return nil }
	if s.MaxAge == 0 {
		s.MaxAge = maxAge
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

func TestALoneCallerNeverWaits(t *testing.T) {
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
	l, _ := mustRun(t, audit.Config{Store: m, Settings: audit.Settings{MaxAge: -1}})
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
	const us, ms = time.Microsecond, time.Millisecond
	for _, c := range []struct {
		name     string
		settings audit.Settings
		arrivals []time.Duration // since the start
		batches  []int
		waits    []time.Duration
	}{
		{
			name:     "who comes during a commit of one has the next, and there is company from then on",
			arrivals: []time.Duration{0, 50 * us, 60 * us, 1 * ms, 3 * ms},
			batches:  []int{1, 4},
			waits:    []time.Duration{commitTime, maxAge - 50*us + commitTime, maxAge - 60*us + commitTime, maxAge - 1*ms + commitTime, maxAge - 3*ms + commitTime},
		},
		{
			name:     "MaxAge after it began nobody waits",
			arrivals: []time.Duration{0, 50 * us, 8 * ms, 15 * ms},
			batches:  []int{1, 1, 1, 1},
			waits:    []time.Duration{commitTime, maxAge - 50*us + commitTime, commitTime, commitTime},
		},
		{
			name:     "a batch that is full goes at once",
			settings: audit.Settings{MaxBatch: 3},
			arrivals: []time.Duration{0, 10 * us, 20 * us, 30 * us, 40 * us},
			batches:  []int{1, 3, 1},
			waits:    []time.Duration{commitTime, 2*commitTime - 10*us, 2*commitTime - 20*us, 2*commitTime - 30*us, maxAge + commitTime + commitTime - 40*us},
		},
		{
			name:     "and so does one that fills while the writer waits for company",
			settings: audit.Settings{MaxBatch: 3},
			arrivals: []time.Duration{0, 50 * us, 1 * ms, 2 * ms},
			batches:  []int{1, 3},
			waits:    []time.Duration{commitTime, 2*ms - 50*us + commitTime, 1*ms + commitTime, commitTime},
		},
		{
			name:     "more than a batch goes in several",
			settings: audit.Settings{MaxBatch: 3, MaxAge: -1},
			arrivals: []time.Duration{0, 1, 2, 3, 4, 5, 6, 7},
			batches:  []int{1, 3, 3, 1},
			waits: []time.Duration{
				commitTime, 2*commitTime - 1, 2*commitTime - 2, 2*commitTime - 3,
				3*commitTime - 4, 3*commitTime - 5, 3*commitTime - 6, 4*commitTime - 7,
			},
		},
		{
			name:     "who never waits for company has it all the same while a commit runs",
			settings: audit.Settings{MaxAge: -1},
			arrivals: []time.Duration{0, 50 * us, 60 * us, 1 * ms},
			batches:  []int{1, 2, 1},
			waits:    []time.Duration{commitTime, commitTime + 50*us, commitTime + 40*us, commitTime},
		},
		{
			name:     "one that came alone again, and nobody meanwhile, is the end of company",
			arrivals: []time.Duration{0, 50 * us, 8 * ms, 9 * ms, 10 * ms},
			batches:  []int{1, 1, 1, 1, 1},
			waits:    []time.Duration{commitTime, maxAge - 50*us + commitTime, commitTime, commitTime, commitTime},
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
					if *d != c.waits[i] {
						t.Errorf("record %d took %v, want %v", i, *d, c.waits[i])
					}
				}
			})
		})
	}
}

// TestTwoMillisecondsAreTheDefault: of two callers at once, the second has the commit after
// the first one's, and a third that much later.
func TestTwoMillisecondsAreTheDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.append = func(context.Context) error { time.Sleep(commitTime); return nil }
		l, _ := mustRun(t, audit.Config{Store: m})
		var all sync.WaitGroup
		mustRecordAt(t, &all, l, 0)
		took := mustRecordAt(t, &all, l, 50*time.Microsecond)
		all.Wait()
		if want := 2*time.Millisecond - 50*time.Microsecond + commitTime; *took != want {
			t.Errorf("it took %v, want %v", *took, want)
		}
	})
}

func TestARecordThatWaitedForACommitDoesNotWaitForCompanyToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		const slowCommit = 2 * maxAge
		m.append = func(context.Context) error { time.Sleep(slowCommit); return nil }
		l, _ := mustRun(t, audit.Config{Store: m, Settings: audit.Settings{MaxAge: maxAge}})
		var all sync.WaitGroup
		mustRecordAt(t, &all, l, 0)
		took := mustRecordAt(t, &all, l, time.Millisecond)
		all.Wait()
		if want := slowCommit - time.Millisecond + slowCommit; *took != want { // behind the first commit, then its own
			t.Errorf("it took %v, want %v", *took, want)
		}
	})
}

func TestAShutdownWaitsForNoCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, m, stop := mustRunTimed(t, audit.Settings{MaxAge: time.Second})
		var all sync.WaitGroup
		mustRecordAt(t, &all, l, 0)
		took := mustRecordAt(t, &all, l, 50*time.Microsecond) // waits from here on
		time.Sleep(time.Millisecond)
		stop()
		all.Wait()
		if *took > 2*time.Millisecond || len(m.entries) != 2 {
			t.Errorf("the record took %v; %d records are stored", *took, len(m.entries))
		}
	})
}

// TestARecordIsHandedIn: whoever hands a record in goes on at once, learns how it ended as
// often as he asks, and may ask no more when he has left.
func TestARecordIsHandedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, m, stop := mustRunTimed(t, audit.Settings{})
		before := time.Now()
		good, err := l.Submit(record(1))
		if err != nil || time.Since(before) != 0 {
			t.Fatalf("%v, after %v", err, time.Since(before))
		}
		left, leave := context.WithCancel(t.Context())
		leave()
		wantUnavailable(t, "a caller who has left", good.Wait(left))
		time.Sleep(time.Millisecond)
		before = time.Now()
		for range 2 {
			if err := good.Wait(t.Context()); err != nil || time.Since(before) != 0 {
				t.Errorf("%v, after %v", err, time.Since(before))
			}
		}
		m.setFail(errors.New("the disk is full"))
		bad, err := l.Submit(record(2))
		if err != nil {
			t.Fatal(err)
		}
		wantUnavailable(t, "what the database refuses", bad.Wait(t.Context()))
		m.setFail(nil)
		stop()
		_, err = l.Submit(record(3))
		wantUnavailable(t, "a Log that is shut down", err)
		if len(m.entries) != 1 {
			t.Errorf("%d records, want the first", len(m.entries))
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
