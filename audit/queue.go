package audit

import (
	"slices"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// batch is the records of one commit and those who wait for it. One channel wakes
// them all.
type batch struct {
	number  batchNumber
	entries []storage.AuditEntry
	awaited int           // records announced before it was opened that are yet to come
	opened  time.Time     // when its first record came
	done    chan struct{} // closed when err is set
	err     error
}

// batchNumber counts the batches of a queue, from 1.
type batchNumber uint64

// batchState is what the writer asks of a batch that still fills.
type batchState struct {
	opened           time.Time
	records, awaited int
}

// queue collects records into batches. A record costs one short lock; only the
// first of a batch, the one that makes it as large as the writer hopes for and the
// last that it awaits also wake the writer.
type queue struct {
	maxBatch, maxQueue int
	wake               chan struct{} // holds one: a batch was opened, reached the goal or has all it awaits

	lock    sync.Mutex
	pending []*batch    // oldest first; all but the last are full
	records int         // in pending
	goal    int         // see expect
	coming  int         // records announced that are yet to come
	opened  batchNumber // the youngest batch that there ever was
	spare   []storage.AuditEntry
	closed  bool
}

func newQueue(maxBatch, maxQueue int) *queue {
	return &queue{maxBatch: maxBatch, maxQueue: maxQueue, wake: make(chan struct{}, 1)}
}

// announce tells of a record that will come, and returns the youngest batch: later
// ones wait for the record.
func (q *queue) announce() batchNumber {
	q.lock.Lock()
	defer q.lock.Unlock()
	q.coming++
	return q.opened
}

// add puts r into the youngest batch. announced is its place, or nil.
func (q *queue) add(r *walletport.AuditRecord, announced *place) (*batch, error) {
	q.lock.Lock()
	if announced != nil {
		q.coming--
	}
	if q.closed || q.records >= q.maxQueue {
		closed := q.closed
		q.lock.Unlock()
		if closed {
			return nil, errUnavailable("it is shut down")
		}
		return nil, errUnavailable("too many records wait")
	}
	b := q.youngest()
	b.entries = append(b.entries, storage.AuditEntry{Record: *r})
	q.records++
	wake := len(b.entries) == 1 || len(b.entries) == q.goal
	if announced != nil && announced.since < b.number && len(b.entries) > 1 {
		b.awaited--
		wake = wake || b.awaited == 0
	}
	q.lock.Unlock()
	if wake {
		q.wakeWriter()
	}
	return b, nil
}

func (q *queue) wakeWriter() {
	select {
	case q.wake <- struct{}{}:
	default: // it has yet to notice the last call
	}
}

// youngest returns the batch that takes the next record.
func (q *queue) youngest() *batch {
	if n := len(q.pending); n > 0 && len(q.pending[n-1].entries) < q.maxBatch {
		return q.pending[n-1]
	}
	q.opened++
	b := &batch{number: q.opened, awaited: q.coming, opened: time.Now(), done: make(chan struct{}), entries: q.spare}
	q.spare = nil
	q.pending = append(q.pending, b)
	return b
}

// take removes and returns the oldest batch, or nil. Once taken it takes no more
// records.
func (q *queue) take() *batch {
	q.lock.Lock()
	defer q.lock.Unlock()
	if len(q.pending) == 0 {
		return nil
	}
	b := q.pending[0]
	q.pending = slices.Delete(q.pending, 0, 1) // keeps the room; there is rarely a second
	q.records -= len(b.entries)
	return b
}

// expect describes the oldest batch, of which there must be one, and has add wake
// the writer when a batch has goal records.
func (q *queue) expect(goal int) batchState {
	q.lock.Lock()
	defer q.lock.Unlock()
	q.goal = goal
	b := q.pending[0]
	return batchState{opened: b.opened, records: len(b.entries), awaited: b.awaited}
}

// waiting returns how many records wait.
func (q *queue) waiting() int {
	q.lock.Lock()
	defer q.lock.Unlock()
	return q.records
}

// recycle keeps the room of entries for a later batch, and none of the texts.
func (q *queue) recycle(entries []storage.AuditEntry) {
	clear(entries)
	q.lock.Lock()
	q.spare = entries[:0]
	q.lock.Unlock()
}

// close makes add refuse.
func (q *queue) close() {
	q.lock.Lock()
	q.closed = true
	q.lock.Unlock()
}
