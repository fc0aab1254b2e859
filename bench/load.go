package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// target is one HTTP call that the load repeats over many cards. It numbers its calls, over
// all loops.
type target struct {
	client   *http.Client
	method   string
	url      func(n int) string          // of call number n
	body     func(n int) ([]byte, error) // nil sends none; else each call has one of its own
	username string
	password string

	next atomic.Int64
}

// call makes request number n and reads its answer to the end.
func (t *target) call(ctx context.Context, n int) error {
	var body []byte
	if t.body != nil {
		var err error
		if body, err = t.body(n); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, t.method, t.url(n), bytes.NewReader(body))
	if err != nil {
		return err
	}
	if t.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.SetBasicAuth(t.username, t.password)
	resp, err := t.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("status %d: %s", resp.StatusCode, answer)
	}
	return nil
}

// closedLoop keeps workers busy for d and returns how many calls were answered.
func closedLoop(ctx context.Context, t *target, workers int, d time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, d+10*time.Second)
	defer cancel()
	return repeat(workers, d, func(int) error { return t.call(ctx, int(t.next.Add(1)-1)) })
}

// repeat has workers do something again and again for d, and returns how often it was done. Each
// time has a number of its own.
func repeat(workers int, d time.Duration, do func(n int) error) (int, error) {
	end := time.Now().Add(d)
	var begun, done atomic.Int64
	var firstErr atomic.Pointer[error]
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for time.Now().Before(end) && firstErr.Load() == nil {
				if err := do(int(begun.Add(1) - 1)); err != nil {
					firstErr.CompareAndSwap(nil, &err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if err := firstErr.Load(); err != nil {
		return 0, fmt.Errorf("load: %w", *err)
	}
	return int(done.Load()), nil
}

// openLoop starts rate calls a second for d, whether or not earlier ones are
// answered, and returns each latency, in the order of the calls, counted from the
// moment the call was due: a stall of the server counts against all calls that it
// held up.
func openLoop(ctx context.Context, t *target, rate float64, d time.Duration) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, d+10*time.Second)
	defer cancel()
	total := int(rate * d.Seconds())
	latencies := make([]time.Duration, total)
	var firstErr atomic.Pointer[error]
	var wg sync.WaitGroup
	start := time.Now()
	for n := range total {
		due := start.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		sleepUntil(due)
		number := int(t.next.Add(1) - 1)
		wg.Go(func() {
			if err := t.call(ctx, number); err != nil {
				firstErr.CompareAndSwap(nil, &err)
			}
			latencies[n] = time.Since(due)
		})
	}
	wg.Wait()
	if err := firstErr.Load(); err != nil {
		return nil, fmt.Errorf("load: %w", *err)
	}
	return latencies, nil
}

// sleepUntil returns at that moment, or at once where it is over. It sleeps in the kernel: a Go
// program that waits for its network looks at its own timers up to a millisecond late, which
// would count against the server.
func sleepUntil(moment time.Time) {
	for rest := time.Until(moment); rest > 0; rest = time.Until(moment) {
		left := syscall.NsecToTimespec(int64(rest))
		_ = syscall.Nanosleep(&left, nil) // a signal ends it early, and it goes on
	}
}

// quantile returns the q-quantile of sorted latencies.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
