package audit_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
)

const maxAwait = 20 * time.Millisecond

// act is a call that announces its record, works, and records.
type act struct{ begins, records time.Duration }

// mustDo runs acts side by side and returns how long each waited in Record.
func mustDo(t *testing.T, l *audit.Log, acts []act) []time.Duration {
	t.Helper()
	took := make([]time.Duration, len(acts))
	var all sync.WaitGroup
	for i, a := range acts {
		all.Go(func() {
			time.Sleep(a.begins)
			place := l.Expect()
			time.Sleep(a.records - a.begins)
			before := time.Now()
			if err := place.Record(t.Context(), record(i)); err != nil {
				t.Errorf("Record: %v", err)
			}
			took[i] = time.Since(before)
		})
	}
	all.Wait()
	return took
}

func wantCommits(t *testing.T, m *memory, batches []int, waits, wantWaits []time.Duration) {
	t.Helper()
	if !slices.Equal(m.sizes(), batches) {
		t.Errorf("batches %v, want %v", m.sizes(), batches)
	}
	if !slices.Equal(waits, wantWaits) {
		t.Errorf("waits %v, want %v", waits, wantWaits)
	}
}

func TestARecordWaitsForCallsUnderWay(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		await   time.Duration
		acts    []act
		batches []int
		waits   []time.Duration
	}{
		{
			name: "a lone call waits for nobody", await: maxAwait,
			acts:    []act{{0, 1 * ms}},
			batches: []int{1},
			waits:   []time.Duration{commitTime},
		},
		{
			name: "calls that began before the first record came share its commit", await: maxAwait,
			acts:    []act{{0, 1 * ms}, {0, 4 * ms}, {0, 9 * ms}},
			batches: []int{3},
			waits:   []time.Duration{8*ms + commitTime, 5*ms + commitTime, commitTime},
		},
		{
			name: "and calls that begin meanwhile", await: maxAwait,
			acts:    []act{{0, 1 * ms}, {0, 6 * ms}, {2 * ms, 4 * ms}, {5 * ms, 9 * ms}},
			batches: []int{4},
			waits:   []time.Duration{8*ms + commitTime, 3*ms + commitTime, 5*ms + commitTime, commitTime},
		},
		{
			name: "who begins when none is under way has the next commit", await: maxAwait,
			acts:    []act{{0, 1 * ms}, {0, 6 * ms}, {8 * ms, 9 * ms}},
			batches: []int{2, 1},
			waits:   []time.Duration{5*ms + commitTime, commitTime, commitTime},
		},
		{
			name: "MaxAwait is the end of it", await: maxAwait,
			acts:    []act{{0, 1 * ms}, {0, 60 * ms}},
			batches: []int{1, 1},
			waits:   []time.Duration{maxAwait + commitTime, commitTime},
		},
		{
			name:    "which is 40 ms where nobody says otherwise",
			acts:    []act{{0, 1 * ms}, {0, 100 * ms}},
			batches: []int{1, 1},
			waits:   []time.Duration{40*ms + commitTime, commitTime},
		},
		{
			name: "negative never waits", await: -1,
			acts:    []act{{0, 1 * ms}, {0, 4 * ms}},
			batches: []int{1, 1},
			waits:   []time.Duration{commitTime, commitTime},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, m, _ := mustRunTimed(t, audit.Settings{MaxAwait: c.await, MaxLinger: -1})
				wantCommits(t, m, c.batches, mustDo(t, l, c.acts), c.waits)
			})
		})
	}
}

// A call that breaks while it records may record a second time: that one was not
// announced, and must not stand for another's that was.
func TestAPlaceIsTakenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, m, _ := mustRunTimed(t, audit.Settings{MaxAwait: maxAwait, MaxLinger: -1})
		slow := l.Expect()
		place := l.Expect()
		left, leave := context.WithCancel(t.Context())
		leave()
		if err := place.Record(left, record(0)); err == nil {
			t.Error("the caller has left, and yet it was told that its record is durable")
		}
		var all sync.WaitGroup
		all.Go(func() {
			if err := place.Record(t.Context(), record(1)); err != nil {
				t.Errorf("Record: %v", err)
			}
		})
		time.Sleep(time.Millisecond)
		if err := slow.Record(t.Context(), record(2)); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		if !slices.Equal(m.sizes(), []int{3}) {
			t.Errorf("batches %v, want one that waited for the slow call", m.sizes())
		}
	})
}

// Hope is for as many as the last commit saw. It begins when none is under way, and
// again after each that comes, but no record waits longer than MaxAwait.
func TestHopeBeginsWhenNoneIsUnderWay(t *testing.T) {
	const ms = time.Millisecond
	crowd := func(n int) []act {
		acts := make([]act, n)
		for i := range acts {
			acts[i] = act{0, time.Duration(1+i) * ms}
		}
		return acts
	}
	for _, c := range []struct {
		name    string
		before  int // how many the commit before saw
		acts    []act
		batches []int
		waits   []time.Duration
	}{
		{
			name: "one more is hoped for, and comes", before: 3,
			acts:    []act{{50 * ms, 51 * ms}, {50 * ms, 58 * ms}, {60 * ms, 61 * ms}},
			batches: []int{3, 3},
			waits:   []time.Duration{10*ms + commitTime, 3*ms + commitTime, commitTime},
		},
		{
			name: "one more is hoped for in vain", before: 3,
			acts:    []act{{50 * ms, 51 * ms}, {50 * ms, 58 * ms}},
			batches: []int{3, 2},
			waits:   []time.Duration{7*ms + maxLinger + commitTime, maxLinger + commitTime},
		},
		{
			name: "some come, each alone, and never enough", before: 12,
			acts:    []act{{50 * ms, 51 * ms}, {54 * ms, 55 * ms}, {58 * ms, 59 * ms}, {62 * ms, 63 * ms}, {66 * ms, 67 * ms}, {70 * ms, 70 * ms}},
			batches: []int{12, 6},
			waits:   []time.Duration{20*ms + commitTime, 16*ms + commitTime, 12*ms + commitTime, 8*ms + commitTime, 4*ms + commitTime, 1*ms + commitTime},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, m, _ := mustRunTimed(t, audit.Settings{MaxAwait: maxAwait})
				waits := mustDo(t, l, append(crowd(c.before), c.acts...))
				wantCommits(t, m, c.batches, waits[c.before:], c.waits)
			})
		})
	}
}

// Pairs that come a little faster than MaxLinger can share commits; that they do
// shows only to who waits for more than the last commit saw.
func TestHopeGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pairs = 100
		l, m, _ := mustRunTimed(t, audit.Settings{MaxAwait: maxAwait})
		var all sync.WaitGroup
		for i := range 2 * pairs {
			mustRecordAt(t, &all, l, time.Duration(i/2)*maxLinger*9/10)
		}
		all.Wait()
		if mean := float64(2*pairs) / float64(len(m.sizes())); mean < 2.5 {
			t.Errorf("%.1f records a commit, want two pairs more often than one", mean)
		}
	})
}

// Many processors have 32 records soon; to wait for more would gain nothing, and where
// no more may share a commit there is nobody to wait for.
func TestEnoughIsEnough(t *testing.T) {
	for _, c := range []struct{ maxBatch, enough int }{{0, 32}, {32, 32}, {8, 8}, {1, 1}} {
		t.Run(fmt.Sprint("at most ", c.maxBatch), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, m, _ := mustRunTimed(t, audit.Settings{MaxBatch: c.maxBatch, MaxAwait: maxAwait, MaxLinger: -1})
				l.Expect() // its call hangs
				acts := make([]act, c.enough)
				for i := range acts {
					acts[i] = act{0, time.Duration(1+i) * time.Microsecond}
				}
				waits := mustDo(t, l, acts)
				if !slices.Equal(m.sizes(), []int{c.enough}) || waits[c.enough-1] != commitTime {
					t.Errorf("batches %v; the last record took %v", m.sizes(), waits[c.enough-1])
				}
			})
		})
	}
}

// The last record that was announced may be refused; nobody waits for it any more.
func TestARefusedRecordIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, m, _ := mustRunTimed(t, audit.Settings{MaxQueue: 1, MaxAwait: maxAwait, MaxLinger: -1})
		late := l.Expect()
		var all sync.WaitGroup
		took := mustRecordAt(t, &all, l, 0)
		time.Sleep(time.Millisecond)
		if err := late.Record(t.Context(), record(2)); walletport.ReasonOf(err) != "audit_unavailable" {
			t.Errorf("a record for which there is no room: %v", err)
		}
		all.Wait()
		if *took != time.Millisecond+commitTime || !slices.Equal(m.sizes(), []int{1}) {
			t.Errorf("the other took %v, batches %v", *took, m.sizes())
		}
	})
}

// On one busy processor calls queue behind each other: all that are under way go in
// one commit.
func TestABusyMachineCommitsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, rounds = 16, 20
		l, m, _ := mustRunTimed(t, audit.Settings{MaxAwait: maxAwait})
		processor := make(chan struct{}, 1)
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for i := range rounds {
					place := l.Expect()
					processor <- struct{}{}
					time.Sleep(time.Millisecond)
					<-processor
					if err := place.Record(t.Context(), record(i)); err != nil {
						t.Errorf("Record: %v", err)
					}
				}
			})
		}
		all.Wait()
		if mean := float64(callers*rounds) / float64(len(m.sizes())); mean < callers-1 {
			t.Errorf("%.1f records a commit, want all %d callers'", mean, callers)
		}
	})
}

// Who sets MaxAwait to never keeps the hope of MaxLinger, and nothing else.
func TestWithoutAwaitALoneCallDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, m, _ := mustRunTimed(t, audit.Settings{MaxAwait: -1})
		waits := mustDo(t, l, []act{{0, time.Millisecond}, {0, 2 * time.Millisecond}})
		if !slices.Equal(m.sizes(), []int{1, 1}) || waits[0] != commitTime || waits[1] != commitTime {
			t.Errorf("batches %v after waits of %v", m.sizes(), waits)
		}
	})
}
