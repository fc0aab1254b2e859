package gather_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/gather"
)

type (
	call  = gather.Call[int, int]
	group = gather.Group[int, int]
)

// worker doubles numbers, and notes which were asked for together.
type worker struct {
	takes time.Duration
	fault any

	lock    sync.Mutex
	batches [][]int
	busy    int // batches under way
	busiest int
	late    []error // what its context said when it had waited in vain
}

const workTime = time.Millisecond

func (w *worker) work(ctx context.Context, calls []*call) {
	w.lock.Lock()
	var batch []int
	for _, c := range calls {
		batch = append(batch, c.Question)
	}
	w.batches = append(w.batches, batch)
	w.busy++
	w.busiest = max(w.busiest, w.busy)
	w.lock.Unlock()
	defer func() {
		w.lock.Lock()
		defer w.lock.Unlock()
		w.busy--
		if ctx.Err() != nil {
			w.late = append(w.late, ctx.Err())
		}
	}()
	select {
	case <-time.After(w.takes):
	case <-ctx.Done():
		return
	}
	if w.fault != nil {
		panic(w.fault)
	}
	for _, c := range calls {
		c.Answer = 2 * c.Question
	}
}

// gathering runs a story on synctest's clock.
func gathering(t *testing.T, limits gather.Limits, w *worker, story func(t *testing.T, g *group, stop func())) {
	if w.takes == 0 {
		w.takes = workTime
	}
	if limits.Timeout == 0 {
		limits.Timeout = time.Minute
	}
	synctest.Test(t, func(t *testing.T) {
		g := gather.New(limits, w.work)
		ctx, stop := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		ran.Go(func() {
			if err := g.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		story(t, g, stop)
		stop()
		ran.Wait()
	})
}

func mustDo(t *testing.T, g *group, question int) {
	t.Helper()
	if answer, err := g.Do(t.Context(), question); answer != 2*question || err != nil {
		t.Errorf("Do(%d) = %d, %v", question, answer, err)
	}
}

func TestACallThatIsAloneIsAnsweredAtOnce(t *testing.T) {
	w := &worker{}
	gathering(t, gather.Limits{Workers: 1, Batch: 8}, w, func(t *testing.T, g *group, _ func()) {
		for i := range 5 {
			before := time.Now()
			mustDo(t, g, i)
			if took := time.Since(before); took != workTime {
				t.Errorf("call %d took %v, want the work's %v", i, took, workTime)
			}
		}
	})
	if want := [][]int{{0}, {1}, {2}, {3}, {4}}; !slices.EqualFunc(w.batches, want, slices.Equal) {
		t.Errorf("batches %v, want %v", w.batches, want)
	}
}

func TestCallsThatWaitTogetherAreAnsweredTogether(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits gather.Limits
		sizes  []int         // of batches, sorted; nil where it is open
		took   time.Duration // until all were answered
	}{
		{"by one worker", gather.Limits{Workers: 1, Batch: 64}, []int{1, 20}, 2 * workTime},
		{"no more than there is room for", gather.Limits{Workers: 1, Batch: 8}, []int{1, 4, 8, 8}, 4 * workTime},
		{"by several workers", gather.Limits{Workers: 2, Batch: 64}, nil, 2 * workTime},
		{"by none that has no room", gather.Limits{Workers: 2, Batch: 1}, slices.Repeat([]int{1}, 21), 11 * workTime},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &worker{}
			gathering(t, c.limits, w, func(t *testing.T, g *group, _ func()) {
				before := time.Now()
				var all sync.WaitGroup
				for i := range 21 {
					all.Go(func() {
						if i > 0 {
							time.Sleep(time.Microsecond) // while the first is worked on
						}
						mustDo(t, g, i)
					})
				}
				all.Wait()
				if took := time.Since(before).Truncate(time.Microsecond); took > c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
			})
			var sizes, asked []int
			for _, batch := range w.batches {
				sizes, asked = append(sizes, len(batch)), append(asked, batch...)
			}
			slices.Sort(sizes)
			slices.Sort(asked)
			if c.sizes != nil && !slices.Equal(sizes, c.sizes) || len(slices.Compact(asked)) != 21 {
				t.Errorf("batches %v, want sizes %v", w.batches, c.sizes)
			}
			if w.busiest != c.limits.Workers {
				t.Errorf("%d batches at once, want %d", w.busiest, c.limits.Workers)
			}
		})
	}
}

// The order in which a processor runs callers is not fixed, so a few may miss their
// batch.
func TestCallersThatAreReadyTogetherAreAnsweredTogether(t *testing.T) {
	const rounds, callers = 20, 8
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var batches atomic.Int64
	g := gather.New(gather.Limits{Workers: 1, Batch: 64, Timeout: time.Minute}, func(context.Context, []*call) { batches.Add(1) })
	ctx, stop := context.WithCancel(t.Context())
	var ran sync.WaitGroup
	ran.Go(func() { _ = g.Run(ctx) })
	for range rounds {
		var all sync.WaitGroup
		for range callers {
			all.Go(func() { _, _ = g.Do(t.Context(), 0) })
		}
		all.Wait()
	}
	stop()
	ran.Wait()
	if got := batches.Load(); got > 2*rounds {
		t.Errorf("%d batches for %d groups of %d calls", got, rounds, callers)
	}
}

func TestABatchThatHangsDoesNotHoldUpAnotherWorker(t *testing.T) {
	w := &worker{takes: time.Hour}
	gathering(t, gather.Limits{Workers: 2, Batch: 8, Timeout: time.Second}, w, func(t *testing.T, g *group, _ func()) {
		var all sync.WaitGroup
		for i := range 2 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				before := time.Now()
				_, err := g.Do(t.Context(), i)
				if took := time.Since(before); took != time.Second || err != nil {
					t.Errorf("call %d: %v after %v, want the timeout's second", i, err, took)
				}
			})
		}
		all.Wait()
	})
	if len(w.late) != 2 || !errors.Is(w.late[0], context.DeadlineExceeded) || !errors.Is(w.late[1], context.DeadlineExceeded) {
		t.Errorf("the work's contexts ended with %v", w.late)
	}
}

func TestACallerMayLeave(t *testing.T) {
	w := &worker{}
	gathering(t, gather.Limits{Workers: 1, Batch: 8}, w, func(t *testing.T, g *group, _ func()) {
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * workTime / 10)
				if i == 0 || i == 3 { // stay: the first in the first batch, the last in the second
					mustDo(t, g, i)
					return
				}
				ctx, cancel := context.WithTimeout(t.Context(), workTime/2)
				defer cancel()
				before := time.Now()
				_, err := g.Do(ctx, i)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(before) != workTime/2 {
					t.Errorf("call %d: %v after %v", i, err, time.Since(before))
				}
			})
		}
		all.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), workTime/2)
		defer cancel()
		if _, err := g.Do(ctx, 4); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who left when the work had begun: %v", err)
		}
		mustDo(t, g, 5)
	})
	// Who left while it waited was not worked on.
	if want := [][]int{{0}, {3}, {4}, {5}}; !slices.EqualFunc(w.batches, want, slices.Equal) {
		t.Errorf("batches %v, want %v", w.batches, want)
	}
}

func TestWhoHasLeftIsNotWorkedOn(t *testing.T) {
	w := &worker{}
	gathering(t, gather.Limits{Workers: 2, Batch: 8}, w, func(t *testing.T, g *group, _ func()) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for i := range 100 {
			if _, err := g.Do(ctx, i); !errors.Is(err, context.Canceled) {
				t.Errorf("Do = %v, want context.Canceled", err)
			}
		}
		synctest.Wait()
	})
	if len(w.batches) > 0 {
		t.Errorf("batches %v, want none", w.batches)
	}
}

func TestAPanicGoesOnInEachCaller(t *testing.T) {
	w := &worker{fault: "a bug"}
	gathering(t, gather.Limits{Workers: 1, Batch: 8}, w, func(t *testing.T, g *group, _ func()) {
		for range 3 { // the worker goes on
			var all sync.WaitGroup
			for i := range 5 {
				all.Go(func() {
					defer func() {
						fault, ok := recover().(*gather.Fault)
						if !ok || fault.Value != w.fault || !strings.Contains(fault.String(), "a bug") || !strings.Contains(fault.String(), "(*worker).work") {
							t.Errorf("the caller panics with %v, want the worker's bug", fault)
						}
					}()
					answer, err := g.Do(t.Context(), i)
					t.Errorf("Do = %d, %v", answer, err)
				})
			}
			all.Wait()
		}
		w.fault = nil
		mustDo(t, g, 1)
	})
}

func TestAGroupThatHasEndedRefuses(t *testing.T) {
	for range 10 { // what a worker sees first, its end or the calls that wait, is chance
		t.Run("", testEnd)
	}
}

func testEnd(t *testing.T) {
	w := &worker{takes: time.Hour}
	gathering(t, gather.Limits{Workers: 1, Batch: 8, Timeout: 2 * time.Hour}, w, func(t *testing.T, g *group, stop func()) {
		time.AfterFunc(time.Second, stop)
		before := time.Now()
		var all sync.WaitGroup
		all.Go(func() { _, _ = g.Do(t.Context(), 0) }) // is under way
		all.Go(func() {
			time.Sleep(time.Millisecond)
			if _, err := g.Do(t.Context(), 1); err == nil {
				t.Error("a call that nobody worked on has an answer")
			}
		})
		all.Wait()
		for range 20 { // more than there is room for
			if _, err := g.Do(t.Context(), 2); err == nil {
				t.Error("a call after the end has an answer")
			}
		}
		if took := time.Since(before); took != time.Second {
			t.Errorf("it took %v", took)
		}
	})
	if len(w.late) != 1 || !errors.Is(w.late[0], context.Canceled) {
		t.Errorf("the context of the batch under way ended with %v", w.late)
	}
}

// Many callers with other questions, some of whom leave: nobody gets the answer of
// another one.
func TestEachGetsItsOwnAnswer(t *testing.T) {
	g := gather.New(gather.Limits{Workers: 2, Batch: 8, Timeout: time.Minute}, func(_ context.Context, calls []*call) {
		for _, c := range calls {
			c.Answer = 2 * c.Question
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	var ran, callers sync.WaitGroup
	ran.Go(func() { _ = g.Run(ctx) })
	for caller := range 16 {
		callers.Go(func() {
			for i := range 500 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%7 == 0 {
					go cancel()
				}
				question := 1000*caller + i
				answer, err := g.Do(ctx, question)
				cancel()
				if err == nil && answer != 2*question || err != nil && i%7 != 0 {
					t.Errorf("Do(%d) = %d, %v", question, answer, err)
				}
			}
		})
	}
	callers.Wait()
	stop()
	ran.Wait()
}

func TestNewRefusesLimitsThatAreNone(t *testing.T) {
	for _, limits := range []gather.Limits{
		{Batch: 1, Timeout: 1}, {Workers: 1, Timeout: 1}, {Workers: 1, Batch: 1}, {Workers: 1, Batch: -1, Timeout: 1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New(%+v) does not panic", limits)
				}
			}()
			gather.New(limits, func(context.Context, []*call) {})
		}()
	}
}

// BenchmarkDo is what a call costs beside its work.
func BenchmarkDo(b *testing.B) {
	g := gather.New(gather.Limits{Workers: 1, Batch: 64, Timeout: time.Minute}, func(context.Context, []*call) {})
	ctx, stop := context.WithCancel(b.Context())
	var ran sync.WaitGroup
	ran.Go(func() { _ = g.Run(ctx) })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Do(ctx, 1); err != nil {
			b.Fatal(err)
		}
	}
	stop()
	ran.Wait()
}
