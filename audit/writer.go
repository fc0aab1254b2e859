package audit

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/walletport/walletport/storage"
)

// write commits batches until stop.
//
// A commit costs the same for one record as for many, so it pays to wait for
// company; but a record that will stay alone must not wait. Whether others are
// about shows in the last commit: it held more than one record, or another came
// while it ran. Only then the writer lingers, until the batch is full or its first
// record is MaxLinger old. A lone caller, who sends a record only after the answer
// to the one before, never has company and never waits; nor does a record wait
// that spent MaxLinger behind a slow commit already.
func (l *Log) write(ctx context.Context, stop <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	company := false
	for l.arrived(stop) {
		if company {
			l.linger(timer, stop)
		}
		company = l.commit(ctx, l.queue.take())
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
		if _, waiting := l.queue.oldest(); waiting {
			return true
		}
		select {
		case <-l.queue.wake:
		case <-stop:
		}
	}
}

// linger waits while the oldest batch is neither full nor MaxLinger old.
func (l *Log) linger(timer *time.Timer, stop <-chan struct{}) {
	for {
		b, _ := l.queue.oldest()
		rest := l.config.Settings.MaxLinger - time.Since(b.opened)
		if rest <= 0 || b.records == l.config.Settings.MaxBatch {
			return
		}
		timer.Reset(rest)
		select {
		case <-l.queue.wake: // full; or a call from before, then look again
		case <-timer.C:
			return
		case <-stop:
			return
		}
	}
}

// commit makes b durable, or not, and tells those who wait for it. It reports
// whether a record had company: in its batch, or in the queue behind it.
func (l *Log) commit(ctx context.Context, b *batch) (company bool) {
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
	// Before those who wait are told: what they send next is no company.
	size := len(b.entries)
	_, waiting := l.queue.oldest()
	close(b.done)

	l.queue.recycle(b.entries)
	l.config.Observer.Committed(size, took, err)
	if err == nil {
		l.advance(before, after)
	}
	return size > 1 || waiting
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
		l.config.Observer.Lost(l.tail.Seq)
		l.signer.witness(l.tail)
	}
	l.tail = storage.AuditHead{Seq: after.Seq, Hash: bytes.Clone(after.Hash)}
	l.signer.advance(before, l.tail)
}
