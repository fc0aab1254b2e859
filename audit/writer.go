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
// Records that come while a commit runs share the next one. A commit costs nearly the same
// for one record as for many, so beside that the beginnings of two commits lie MaxAge apart,
// unless MaxBatch records wait: no record waits longer for company than MaxAge, and a second
// has no more commits than MaxAge allows. A caller who is alone does not wait: after a
// commit of one record, while which nobody came, the next begins at once.
func (l *Log) write(ctx context.Context, stop <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var next time.Time // when a commit may begin that is not full
	for l.arrived(stop) {
		l.gather(timer, next, stop)
		began := time.Now()
		next = began
		if callers := l.commit(ctx, l.queue.take()); callers > 1 {
			next = began.Add(l.config.Settings.MaxAge)
		}
	}
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

// gather waits until next for further records of the oldest batch.
func (l *Log) gather(timer *time.Timer, next time.Time, stop <-chan struct{}) {
	// Callers that were made ready together hand their records in first. On a single
	// processor each would else have a commit of its own.
	runtime.Gosched()
	for l.queue.waiting() < l.config.Settings.MaxBatch {
		rest := time.Until(next)
		if rest <= 0 {
			return
		}
		timer.Reset(rest)
		select {
		case <-l.queue.wake: // full, or an older signal: look again
		case <-timer.C:
		case <-stop:
			return
		}
	}
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
		l.advance(known, before, after, l.linker.hashes)
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

// advance notes that a commit led the chain from before to after by records with these hashes,
// and proves that it built on known, which was durable before it began. Commits that ran at once
// may tell of themselves in another order than they were made in.
func (l *Log) advance(known, before, after storage.AuditHead, hashes []byte) {
	l.tailLock.Lock()
	defer l.tailLock.Unlock()
	setBack := before.Seq < known.Seq || before.Seq == known.Seq && !bytes.Equal(before.Hash, known.Hash)
	switch {
	case setBack:
		l.signer.headLost(known)
	case before.Seq > known.Seq && known.Seq > 0:
		l.signer.overtaken.add(known)
	}
	if setBack || after.Seq > l.tail.Seq {
		l.tail = storage.AuditHead{Seq: after.Seq, Hash: bytes.Clone(after.Hash)}
	}
	l.signer.noter.written.add(before, hashes)
	l.signer.advance(before, l.tail)
}
