package act

import (
	"context"
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// ChangeTrail is an audit trail that makes a change of stored rows and the record of it
// one commit.
type ChangeTrail interface {
	walletport.AuditRecorder
	// RecordChange runs change in a transaction. What it changed and the record that it
	// returns are durable when RecordChange returns nil, and else neither is; change may
	// be called again, see storage.Updater. An error of change is returned as it is, and
	// nothing is recorded of it. Other errors are CodeUnavailable, reason
	// audit_unavailable; as the answer to a commit can be lost, such an error does not
	// prove that nothing was changed.
	RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error
}

// DeclaredChange is Declared for an act that changes stored rows and does nothing else. The
// change and the second record are one commit, so whoever finds the first record alone
// knows that nothing was changed. change may be called again, each time with the record as
// it was intended. Of a change that is refused, or that cannot be committed, the second
// record gives the reason.
func DeclaredChange(ctx context.Context, trail ChangeTrail, intended Request, change func(storage.Tx, *Record) error) error {
	_, err := Declared(ctx, trail, intended, func(record *Record) (struct{}, error) {
		return struct{}{}, commitChange(ctx, trail, record, change)
	})
	return err
}

// Commit makes a change of stored rows and one record of it a single commit, for what no
// caller waits for. change is called as ChangeTrail says. Of a change that failed there is
// no record.
func Commit(ctx context.Context, trail ChangeTrail, asked Request, change func(storage.Tx, *Record) error) error {
	return newRecord(ctx, asked).Commit(ctx, trail, change)
}

// ErrCommitted is what the change of a Commit returns that finds itself made already, by a
// call whose answer was lost.
var ErrCommitted = errors.New("the change and its record were committed before")

// Commit makes a change of stored rows and the record, as change leaves it, one commit: a
// record of its own for each step of an act that is several, of which Audited then adds
// one only where the last step failed. change is called as ChangeTrail says, each time
// with the record as it was. After ErrCommitted nothing is changed, and Commit returns nil.
func (r *Record) Commit(ctx context.Context, trail ChangeTrail, change func(storage.Tx, *Record) error) error {
	if !r.subjectKnown {
		r.redactSuspects()
	}
	err := commitChange(ctx, trail, r, change)
	if errors.Is(err, ErrCommitted) {
		r.written = true
		return nil
	}
	return err
}

// commitChange makes a change and the record of it durable. If it fails, the record is left
// to be written by whoever began it.
func commitChange(ctx context.Context, trail ChangeTrail, record *Record, change func(storage.Tx, *Record) error) error {
	begun := *record
	err := trail.RecordChange(ctx, func(tx storage.Tx) (walletport.AuditRecord, error) {
		*record = begun
		if err := change(tx, record); err != nil {
			return walletport.AuditRecord{}, err
		}
		record.conclude(ctx, nil)
		return record.entry(), nil
	})
	record.written = err == nil
	return err
}
