package act

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/walletport/walletport"
)

// Audited does an act and answers only when its record is durable: without the
// record there is no answer, and a failed act answers with the zero R. The caller's
// identity and the request's come from ctx. A panic of the act is recorded, and goes on.
//
// Where texts of the caller were replaced in the record, the error is a
// *walletport.Redacted, which says which.
func Audited[R any](ctx context.Context, trail walletport.AuditRecorder, asked Request, do func(*Record) (R, error)) (R, error) {
	record := newRecord(ctx, asked)
	record.trail = trail
	defer recordPanic(ctx, record)

	var none R
	result, err := do(record)
	record.conclude(ctx, err)
	if auditErr := record.write(ctx); auditErr != nil {
		return none, record.mark(auditErr)
	}
	if err != nil {
		return none, record.mark(err)
	}
	return result, nil
}

// Declared does an act whose effect cannot be held back until it is recorded, as that
// of most acts of operators. A first record, with the Outcome "started", says what is
// intended; if it does not become durable, the act is not done. A second one says how
// the act ended and what it learned. Both have the request id of ctx, which must have
// one; the trail gives each its time. An act that was interrupted, or panics, is
// concluded all the same; one that was killed leaves its first record alone.
//
// The error of the second record is returned too, and the zero R: the act is done,
// but its outcome is not in the trail.
func Declared[R any](ctx context.Context, trail walletport.AuditRecorder, intended Request, do func(*Record) (R, error)) (R, error) {
	var none R
	record := newRecord(ctx, intended)
	record.trail, record.subjectKnown, record.asked.Time = trail, true, time.Time{}
	if record.caller.requestID == "" {
		return none, errors.New("an act that is declared needs a request id, or its two records are not known to belong together")
	}
	record.Outcome = walletport.OutcomeStarted
	if err := record.write(ctx); err != nil {
		return none, fmt.Errorf("nothing was done: %w", err)
	}
	record.Outcome = ""
	defer recordPanic(ctx, record)

	result, err := do(record)
	record.conclude(ctx, err)
	if auditErr := record.write(context.WithoutCancel(ctx)); auditErr != nil {
		return none, errors.Join(err, fmt.Errorf("the act ended with the outcome %s, which is not in the audit trail: %w", record.Outcome, auditErr))
	}
	if err != nil {
		return none, err
	}
	return result, nil
}

// recordPanic keeps the trail whole when an encoder breaks: the card may have been
// open. It must be deferred directly.
func recordPanic(ctx context.Context, record *Record) {
	fault := recover()
	if fault == nil {
		return
	}
	record.Outcome = string(walletport.CodeInternal)
	_ = record.write(context.WithoutCancel(ctx)) // there is no answer to hold back
	panic(fault)
}
