package clicktopaysim_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// Of many who write to one consumer at once, one is let in; each of the consumers has its
// own lock.
func TestManyWritersAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	consumers := []string{"c-1", "c-2", "c-3"}
	for _, id := range consumers {
		w.enrol(t, id)
	}
	const writers = 8
	var accepted [3]atomic.Int64
	var all sync.WaitGroup
	for i, id := range consumers {
		for range writers {
			all.Go(func() {
				switch a := w.ask(t, w.question(http.MethodPut, "manageConsumerInformation", body(person(id)))); {
				case a.status == http.StatusAccepted:
					accepted[i].Add(1)
				case a.status != http.StatusConflict || a.reason() != "VIDC-3000":
					t.Errorf("%d %v", a.status, a.plain)
				}
			})
		}
	}
	all.Wait()
	w.clock.add(delay)
	for i, id := range consumers {
		if truth := w.truth(t, id); accepted[i].Load() != 1 || len(truth.History) != 2 || truth.Conflicts != writers-1 {
			t.Errorf("%d were accepted: %+v", accepted[i].Load(), truth)
		}
	}
}
