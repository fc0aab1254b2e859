package walletport

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Auditing is the record of an act under way, which the act fills with what it
// learns. It is not safe for concurrent use.
type Auditing struct {
	AuditRecord
	trail AuditTrail
	place AuditRecorder // what takes the record
}

// Announce tells the trail that the record will come, so that those that share its
// commit may wait for it. They would wait for a commit of the act's own too, so an
// act that still has one to make, or a caller to hear from, does not announce.
func (a *Auditing) Announce() {
	if a.place == nil {
		a.place = a.trail.Expect()
	}
}

func (a *Auditing) end(ctx context.Context) error {
	if a.place == nil {
		return a.trail.Record(ctx, a.AuditRecord)
	}
	return a.place.Record(ctx, a.AuditRecord)
}

// know fills in what the caller's request and identity say.
func (a *Auditing) know(ctx context.Context) {
	request := RequestFrom(ctx)
	a.RequestID, a.RemoteAddress = request.ID, request.RemoteAddr
	a.ClientID = ActorFrom(ctx).ClientID
	for _, detail := range request.Details {
		a.SetDetail(detail.Name, detail.Value)
	}
}

// conclude sets the Outcome, unless the act has named one and did not fail.
func (a *Auditing) conclude(err error) {
	switch {
	case err != nil:
		a.Outcome = ReasonOf(err)
	case a.Outcome == "":
		a.Outcome = OutcomeOK
	}
}

// Audited does an act and answers only when its record is durable: without the
// record there is no answer, and a failed act answers with the zero R. asked is what
// the request says; the caller's identity and the request's come from ctx, the
// Outcome from the act. A panic of the act is recorded, and goes on.
func Audited[R any](ctx context.Context, trail AuditTrail, asked AuditRecord, act func(*Auditing) (R, error)) (R, error) {
	record := Auditing{AuditRecord: asked, trail: trail}
	record.know(ctx)
	defer recordPanic(ctx, &record)

	var none R
	result, err := act(&record)
	record.conclude(err)
	if auditErr := record.end(ctx); auditErr != nil {
		return none, auditErr
	}
	if err != nil {
		return none, err
	}
	return result, nil
}

// Declared does an act whose effect cannot be held back until it is recorded, as that
// of most acts of operators. A first record, with the Outcome "started", says what is
// intended; if it does not become durable, the act is not done. A second one says how
// the act ended and what it learned. Both have the RequestID of ctx, which must have
// one; the trail gives each its time. An act that was interrupted, or panics, is
// concluded all the same; one that was killed leaves its first record alone.
//
// The error of the second record is returned too, and the zero R: the act is done,
// but its outcome is not in the trail.
func Declared[R any](ctx context.Context, trail AuditRecorder, intended AuditRecord, act func(*Auditing) (R, error)) (R, error) {
	var none R
	record := Auditing{AuditRecord: intended, place: trail}
	record.know(ctx)
	record.Time = time.Time{}
	if record.RequestID == "" {
		return none, errors.New("an act that is declared needs a request id, or its two records are not known to belong together")
	}
	record.Outcome = OutcomeStarted
	if err := record.end(ctx); err != nil {
		return none, fmt.Errorf("nothing was done: %w", err)
	}
	record.Outcome = ""
	defer recordPanic(ctx, &record)

	result, err := act(&record)
	record.conclude(err)
	if auditErr := record.end(context.WithoutCancel(ctx)); auditErr != nil {
		return none, errors.Join(err, fmt.Errorf("the act ended with the outcome %s, which is not in the audit trail: %w", record.Outcome, auditErr))
	}
	if err != nil {
		return none, err
	}
	return result, nil
}

// recordPanic keeps the trail whole when an encoder breaks: the card may have been
// open. It must be deferred directly.
func recordPanic(ctx context.Context, record *Auditing) {
	fault := recover()
	if fault == nil {
		return
	}
	record.Outcome = string(CodeInternal)
	_ = record.end(context.WithoutCancel(ctx)) // there is no answer to hold back
	panic(fault)
}
