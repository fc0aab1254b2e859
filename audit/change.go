package audit

import (
	"context"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// RecordChange makes what change does to stored rows and the record that it returns durable
// in one commit, or neither. Settings.CommitTimeout bounds it. change is called as
// storage.Updater says: perhaps again, and it must not call the store or the Log.
//
// The record takes its place in the chain right before the commit, so other records wait
// for this commit and not for the change. What Record says of what a record holds is true
// here too.
//
// An error of change is returned as it is, and nothing is recorded of it. Other errors are
// CodeUnavailable, reason audit_unavailable: neither the change nor the record stands,
// unless the database made the commit and went away before it could be asked.
func (l *Log) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	if err := l.queue.begin(); err != nil {
		return err
	}
	defer l.queue.changes.Done()
	bounded, cancel := context.WithTimeout(ctx, l.config.Settings.CommitTimeout)
	defer cancel()
	c := changing{log: l, change: change}
	known, began := l.durable(), time.Now()
	err := l.config.Store.Update(bounded, c.run)
	switch {
	case c.refused != nil && errors.Is(err, c.refused):
		return err
	case err != nil && ctx.Err() != nil: // the caller left, which says nothing of the trail
		return errNotTaken(err)
	}
	l.config.Observer.Committed(1, time.Since(began), err)
	if err != nil {
		return errNotTaken(err)
	}
	l.advance(known, c.before, c.after, c.after.Hash)
	return nil
}

// changing is one RecordChange: what the last call of change came to.
type changing struct {
	log           *Log
	change        func(storage.Tx) (walletport.AuditRecord, error)
	refused       error
	before, after storage.AuditHead
}

func (c *changing) run(tx storage.Tx) error {
	var r walletport.AuditRecord
	if r, c.refused = c.change(tx); c.refused != nil {
		return c.refused
	}
	clean(&r, c.log.config.Clock)
	return tx.AppendAudit(func(head storage.AuditHead) ([]storage.AuditEntry, error) {
		entries := []storage.AuditEntry{{Record: r}}
		var k linker
		var err error
		c.before = head
		c.after, err = k.link(head, entries)
		return entries, err
	})
}
