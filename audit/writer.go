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
	known, began := l.durable(), time.Now()
	err := l.config.Store.AppendAudit(ctx, func(head storage.AuditHead) ([]storage.AuditEntry, error) {
		var err error
		before = head
		after, err = l.linker.link(head, b.entries)
		return b.entries, err
	})
	took := time.Since(began)
	if err != nil {
		b.err = errNotTaken(err)
	}
	size := len(b.entries)
	seen = size + l.queue.waiting() // before those in b are told and come again
	close(b.done)

	l.queue.recycle(b.entries)
	l.config.Observer.Committed(size, took, err)
	if err == nil {
		l.advance(known, before, after)
	}
	return seen
}

func errNotTaken(cause error) error {
	return errUnavailable("the database did not take it").WithCause(cause)
}

// linker numbers and hashes entries, with buffers that it keeps.
type linker struct {
	hasher hasher
	hashes []byte // of the entries that it linked last
}

// link numbers and hashes entries so that they follow head, and returns the new
// head. The store may call it again with another head.
func (k *linker) link(head storage.AuditHead, entries []storage.AuditEntry) (storage.AuditHead, error) {
	if len(head.Hash) != hashBytes {
		return storage.AuditHead{}, errors.New("the stored head of the audit chain has no hash")
	}
	k.hashes = slices.Grow(k.hashes[:0], len(entries)*hashBytes)
	for i := range entries {
		e := &entries[i]
		e.Seq = head.Seq + 1
		sum := k.hasher.sum(head.Hash, e.Seq, &e.Record)
		start := len(k.hashes)
		k.hashes = append(k.hashes, sum[:]...)
		e.Hash = k.hashes[start:]
		head = storage.AuditHead{Seq: e.Seq, Hash: e.Hash}
	}
	return head, nil
}

// durable returns the last record that this Log made durable.
func (l *Log) durable() storage.AuditHead {
	l.tailLock.Lock()
	defer l.tailLock.Unlock()
	return l.tail
}

// advance notes that a commit led the chain from before to after, and proves that it built
// on known, which was durable before it began. Commits that ran at once may tell of
// themselves in another order than they were made in.
func (l *Log) advance(known, before, after storage.AuditHead) {
	l.tailLock.Lock()
	defer l.tailLock.Unlock()
	setBack := before.Seq < known.Seq || before.Seq == known.Seq && !bytes.Equal(before.Hash, known.Hash)
	if setBack {
		l.signer.headLost(known)
	}
	if setBack || after.Seq > l.tail.Seq {
		l.tail = storage.AuditHead{Seq: after.Seq, Hash: bytes.Clone(after.Hash)}
	}
	l.signer.advance(before, l.tail)
}
