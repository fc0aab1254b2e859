package audit

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/walletport/walletport/storage"
)

// write commits batches until stop.
//
// A commit costs nearly the same for one record as for many, so it pays to wait for
// more of them; but a record that will stay the only one must not wait. Two things
// tell the writer that more will come:
//
// Records were announced (Expect): their calls are under way. The writer waits until
// none of these records is outstanding, or the batch has enough records, or its first
// record is MaxAwait old.
//
// The last commit had several callers: those of its records, and those whose records
// came while it ran. The same number is expected again. When no announced record is
// outstanding, the writer waits until as many records are there, for up to MaxLinger.
// For every eighth batch it expects as many as a batch can hold, whatever it saw, so
// that batches grow when the load does.
//
// So a lone caller, who sends a record only after the answer to the one before, never
// waits, and a few callers wait for each other's records and no longer. A record that
// came while a slow commit ran does not wait again.
func (l *Log) write(ctx context.Context, stop <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	callers := 1
	for turn := 0; l.arrived(stop); turn++ {
		goal := min(callers, l.config.Settings.MaxBatch)
		if callers > 1 && turn%8 == 0 {
			goal = l.config.Settings.MaxBatch
		}
		// Callers that were made ready together, by one commit of their nonces, record
		// first. On a single processor they would else have a commit each.
		runtime.Gosched()
		l.linger(timer, goal, stop)
		callers = expectedCallers(callers, l.commit(ctx, l.queue.take()))
	}
}

// expectedCallers returns how many callers to expect, when before were expected and a
// commit has seen so many. Callers do not come evenly, so a larger number is given up
// by an eighth with each commit; but when only one was seen, one is expected.
func expectedCallers(before, seen int) int {
	if seen == 1 {
		return 1
	}
	return max(seen, before-(before+7)/8)
}

// arrived waits for a record. It reports false when stop came first.
func (l *Log) arrived(stop <-chan struct{}) bool {
	for {
		select {
		case <-stop:
			return false
		default:
		}
		if l.queue.waiting() > 0 {
			return true
		}
		select {
		case <-l.queue.wake:
		case <-stop:
		}
	}
}

// linger waits for further records of the oldest batch.
func (l *Log) linger(timer *time.Timer, goal int, stop <-chan struct{}) {
	for {
		rest := time.Until(l.deadline(l.queue.expect(goal), goal))
		if rest <= 0 {
			return
		}
		timer.Reset(rest)
		select {
		case <-l.queue.wake: // all have come, or an older signal: look again
		case <-timer.C: // the deadline may have moved: look again
		case <-stop:
			return
		}
	}
}

// deadline returns the time at which a batch is committed, though more records may come.
func (l *Log) deadline(b batchState, goal int) time.Time {
	await, linger := l.config.Settings.MaxAwait, l.config.Settings.MaxLinger
	switch {
	case await > 0 && b.coming > 0 && b.records < l.queue.full:
		return b.opened.Add(await)
	case b.records < goal:
		return earlier(b.quiet.Add(linger), b.opened.Add(max(await, linger)))
	}
	return b.opened
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// commit makes b durable, or not, and tells those who wait for it. It returns
// how many callers it saw: those in b, and those who came meanwhile.
func (l *Log) commit(ctx context.Context, b *batch) (seen int) {
	ctx, cancel := context.WithTimeout(ctx, l.config.Settings.CommitTimeout)
	defer cancel()
	var before, after storage.AuditHead
	began := time.Now()
	err := l.config.Store.AppendAudit(ctx, func(head storage.AuditHead) ([]storage.AuditEntry, error) {
		var err error
		before = head
		after, err = l.link(head, b.entries)
		return b.entries, err
	})
	took := time.Since(began)
	if err != nil {
		b.err = errUnavailable("the database did not take it").WithCause(err)
	}
	size := len(b.entries)
	seen = size + l.queue.waiting() // before those in b are told and come again
	close(b.done)

	l.queue.recycle(b.entries)
	l.config.Observer.Committed(size, took, err)
	if err == nil {
		l.advance(before, after)
	}
	return seen
}

// link numbers and hashes entries so that they follow head, and returns the new
// head. The store may call it again with another head.
func (l *Log) link(head storage.AuditHead, entries []storage.AuditEntry) (storage.AuditHead, error) {
	if len(head.Hash) != hashBytes {
		return storage.AuditHead{}, errors.New("the stored head of the audit chain has no hash")
	}
	l.hashes = slices.Grow(l.hashes[:0], len(entries)*hashBytes)
	for i := range entries {
		e := &entries[i]
		e.Seq = head.Seq + 1
		sum := l.hasher.sum(head.Hash, e.Seq, &e.Record)
		start := len(l.hashes)
		l.hashes = append(l.hashes, sum[:]...)
		e.Hash = l.hashes[start:]
		head = storage.AuditHead{Seq: e.Seq, Hash: e.Hash}
	}
	return head, nil
}

// advance notes the new end of the chain and proves that the commit built on what
// this Log wrote before it.
func (l *Log) advance(before, after storage.AuditHead) {
	setBack := before.Seq < l.tail.Seq || before.Seq == l.tail.Seq && !bytes.Equal(before.Hash, l.tail.Hash)
	if setBack {
		l.signer.witness(l.tail)
	}
	l.tail = storage.AuditHead{Seq: after.Seq, Hash: bytes.Clone(after.Hash)}
	l.signer.advance(before, l.tail)
}
