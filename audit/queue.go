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
	entries []storage.AuditEntry
	opened  time.Time     // when its first record came
	done    chan struct{} // closed when err is set
	err     error
}

// batchState is what the writer needs to know of a batch that still takes records.
type batchState struct {
	opened  time.Time
	quiet   time.Time // when the last announced record came, or opened if that is later
	records int
	coming  int // announced
}

// enough is how many records a batch must have for the writer to wait no more for
// those that were announced. A commit costs about as much as 25 records.
const enough = 32

// queue collects records into batches. To add a record takes one short lock. The writer
// is woken by the first record of a batch, by those that bring it to goal and to full
// records, and by the last of the announced ones.
type queue struct {
	maxBatch, maxQueue int
	full               int           // how many records a batch must have for nobody to be waited for
	wake               chan struct{} // holds one: a batch was opened, or may have all that the writer waits for

	lock    sync.Mutex
	pending []*batch             // oldest first; all but the last are full
	records int                  // in pending
	goal    int                  // with how many records in a batch the writer wants to be woken
	coming  int                  // records announced that are yet to come
	quiet   time.Time            // when coming fell to 0
	reused  []storage.AuditEntry // empty, with the memory of an earlier batch
	closed  bool

	changes sync.WaitGroup // under way, see begin
}

func newQueue(maxBatch, maxQueue int) *queue {
	return &queue{maxBatch: maxBatch, maxQueue: maxQueue, full: min(enough, maxBatch), wake: make(chan struct{}, 1)}
}

// announce tells of a record that will come.
func (q *queue) announce() {
	q.lock.Lock()
	q.coming++
	q.lock.Unlock()
}

// add puts r, which may have been announced, into the youngest batch.
func (q *queue) add(r *walletport.AuditRecord, announced bool) (*batch, error) {
	q.lock.Lock()
	if announced {
		q.leave()
	}
	b, err := q.put(r)
	wake := q.coming == 0 || err == nil && q.tells(len(b.entries))
	q.lock.Unlock()
	if wake {
		q.wakeWriter()
	}
	return b, err
}

func (q *queue) put(r *walletport.AuditRecord) (*batch, error) {
	switch {
	case q.closed:
		return nil, errShutDown()
	case q.records >= q.maxQueue:
		return nil, errUnavailable("too many records wait")
	}
	b := q.youngest()
	b.entries = append(b.entries, storage.AuditEntry{Record: *r})
	q.records++
	return b, nil
}

// tells reports whether the writer must know that a batch has got so large.
func (q *queue) tells(size int) bool { return size == 1 || size == q.goal || size == q.full }

// leave takes a record off those that are to come.
func (q *queue) leave() {
	q.coming--
	if q.coming == 0 {
		q.quiet = time.Now()
	}
}

func (q *queue) wakeWriter() {
	select {
	case q.wake <- struct{}{}:
	default: // the writer has not yet taken the signal before
	}
}

// youngest returns the batch that takes the next record.
func (q *queue) youngest() *batch {
	if n := len(q.pending); n > 0 && len(q.pending[n-1].entries) < q.maxBatch {
		return q.pending[n-1]
	}
	b := &batch{opened: time.Now(), done: make(chan struct{}), entries: q.reused}
	q.reused = nil
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
	q.pending = slices.Delete(q.pending, 0, 1) // keeps the capacity; there is rarely a second batch
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
	state := batchState{opened: b.opened, quiet: q.quiet, records: len(b.entries), coming: q.coming}
	if state.quiet.Before(b.opened) {
		state.quiet = b.opened
	}
	return state
}

// waiting returns how many records wait.
func (q *queue) waiting() int {
	q.lock.Lock()
	defer q.lock.Unlock()
	return q.records
}

// recycle keeps the memory of entries for a later batch, cleared of their texts.
func (q *queue) recycle(entries []storage.AuditEntry) {
	clear(entries)
	q.lock.Lock()
	q.reused = entries[:0]
	q.lock.Unlock()
}

// begin lets a change begin that has a commit of its own. Whoever began it must end it with
// changes.Done.
func (q *queue) begin() error {
	q.lock.Lock()
	defer q.lock.Unlock()
	if q.closed {
		return errShutDown()
	}
	q.changes.Add(1)
	return nil
}

// close makes add and begin refuse.
func (q *queue) close() {
	q.lock.Lock()
	q.closed = true
	q.lock.Unlock()
}
