package e2e_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// load is callers who ask again as soon as they were answered.
type load struct {
	name    string
	stopped chan struct{}
	workers sync.WaitGroup
	count   atomic.Int64 // of answers

	mu      sync.Mutex
	answers []answer
}

// maxLoad bounds the requests of one worker, should a test forget to stop.
const maxLoad = 20_000

// startLoad sets workers to provision the card until stop. Request ids begin with
// name, which must be the test's own.
func startLoad(t *testing.T, name string, workers int, c caller, cardID int64, provider string) *load {
	t.Helper()
	return startCalls(t, name, workers, func(requestID string) answer { return c.provision(cardID, provider, requestID) })
}

// startCalls sets workers to make a call until stop.
func startCalls(t *testing.T, name string, workers int, call func(requestID string) answer) *load {
	t.Helper()
	l := &load{name: name, stopped: make(chan struct{})}
	for w := range workers {
		l.workers.Go(func() {
			for n := range maxLoad {
				select {
				case <-l.stopped:
					return
				default:
				}
				l.note(call(fmt.Sprintf("%s-%d-%d", name, w, n)))
			}
		})
	}
	t.Cleanup(func() { l.stop() })
	return l
}

func (l *load) note(a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, a)
	if a.err == nil {
		l.count.Add(1)
	}
}

// mustReach waits for n more answers.
func (l *load) mustReach(t *testing.T, n int64) {
	t.Helper()
	goal := l.count.Load() + n
	eventually(t, fmt.Sprintf("the load gets %d answers", goal), func() bool { return l.count.Load() >= goal })
}

// stop ends the load and returns everything that came back.
func (l *load) stop() []answer {
	select {
	case <-l.stopped:
	default:
		close(l.stopped)
	}
	l.workers.Wait()
	return l.answers
}

// wantAllGood wants a payload for every request.
func wantAllGood(t *testing.T, answers []answer) {
	t.Helper()
	bad := 0
	for _, a := range answers {
		if a.err != nil || a.code() != "ok" {
			bad++
			if bad <= 5 {
				t.Errorf("not answered well: %v", a)
			}
		}
	}
	if bad > 5 {
		t.Errorf("%d of %d requests were not answered well", bad, len(answers))
	}
}
