package audit

import (
	"context"
	"slices"
	"sync"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// batch is the records of one commit and those who wait for it. One channel wakes
// them all.
type batch struct {
	entries []storage.AuditEntry
	done    chan struct{} // closed when err is set
	err     error
}

// Wait implements walletport.Receipt, for each record of the batch.
func (b *batch) Wait(ctx context.Context) error {
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return errUnavailable("the caller left").WithCause(ctx.Err())
	}
}

// queue collects records into batches. To add a record takes one short lock. The writer
// is woken by the first record of a batch and by the one that fills it.
type queue struct {
	maxBatch, maxQueue int
	wake               chan struct{} // holds one: a batch was opened, or is full

	lock    sync.Mutex
	pending []*batch             // oldest first; all but the last are full
	records int                  // in pending
	reused  []storage.AuditEntry // empty, with the memory of an earlier batch
	closed  bool

	changes sync.WaitGroup // under way, see begin
}

func newQueue(maxBatch, maxQueue int) *queue {
	return &queue{maxBatch: maxBatch, maxQueue: maxQueue, wake: make(chan struct{}, 1)}
}

// add puts r into the youngest batch.
func (q *queue) add(r *walletport.AuditRecord) (*batch, error) {
	q.lock.Lock()
	b, err := q.put(r)
	wake := err == nil && (len(b.entries) == 1 || len(b.entries) == q.maxBatch)
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
	b := &batch{done: make(chan struct{}), entries: q.reused}
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
