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
// A commit costs the same for one record as for many, so it pays to wait for
// company; but a record that will stay alone must not wait. Of two kinds of company
// the writer knows:
//
// Records that were announced (Expect) are under way, and on a busy machine many
// are, each behind the others. The writer waits until none is, or the batch has
// enough, or its first record is MaxAwait old.
//
// Others may come as they did before. How many callers are about shows in the last
// commit: the records in it and those that came while it ran. When none is under
// way the writer lingers until as many are there again, for up to MaxLinger. In
// every eighth batch it hopes for more than it saw, which is how batches grow under
// load.
//
// So a lone caller, who sends a record only after the answer to the one before,
// never waits, and a few callers wait for each other and no longer. A record that
// spent its time behind a slow commit does not wait again.
func (l *Log) write(ctx context.Context, stop <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	crowd := 1
	for turn := 0; l.arrived(stop); turn++ {
		goal := min(crowd, l.config.Settings.MaxBatch)
		if crowd > 1 && turn%8 == 0 {
			goal = l.config.Settings.MaxBatch
		}
		// Callers that were made ready together, by one commit of their nonces, record
		// first. On a single processor they would else have a commit each.
		runtime.Gosched()
		l.linger(timer, goal, stop)
		crowd = nextCrowd(crowd, l.commit(ctx, l.queue.take()))
	}
}

// nextCrowd returns how many callers to expect after a commit that saw so many. It
// forgets a larger crowd by an eighth a commit, for arrivals scatter; but who is
// seen alone is alone.
func nextCrowd(crowd, seen int) int {
	if seen == 1 {
		return 1
	}
	return max(seen, crowd-(crowd+7)/8)
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

// linger waits for the company of the oldest batch.
func (l *Log) linger(timer *time.Timer, goal int, stop <-chan struct{}) {
	for {
		rest := time.Until(l.patience(l.queue.expect(goal), goal))
		if rest <= 0 {
			return
		}
		timer.Reset(rest)
		select {
		case <-l.queue.wake: // all have come; or a call from before, then look again
		case <-timer.C: // a shorter wait may end where a longer one goes on
		case <-stop:
			return
		}
	}
}

// patience is when a batch must be committed as it is.
func (l *Log) patience(b batchState, goal int) time.Time {
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
