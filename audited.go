package walletport

import "context"

// Audited does an act and answers only when its record is durable: without the
// record there is no answer, and a failed act answers with the zero R. asked is what
// the request says; the caller's identity and the request's come from ctx, the
// Outcome from the act, which fills record with what it learns on the way. A panic
// of the act is recorded, and goes on.
func Audited[R any](ctx context.Context, trail AuditTrail, asked AuditRecord, act func(record *AuditRecord) (R, error)) (R, error) {
	request := RequestFrom(ctx)
	record := asked
	record.RequestID, record.RemoteAddress = request.ID, request.RemoteAddr
	record.ClientID = ActorFrom(ctx).ClientID
	place := trail.Expect()
	defer recordPanic(ctx, place, &record)

	var none R
	result, err := act(&record)
	record.Outcome = OutcomeOK
	if err != nil {
		record.Outcome = ReasonOf(err)
	}
	if auditErr := place.Record(ctx, record); auditErr != nil {
		return none, auditErr
	}
	if err != nil {
		return none, err
	}
	return result, nil
}

// recordPanic keeps the trail whole when an encoder breaks: the card may have been
// open. It must be deferred directly.
func recordPanic(ctx context.Context, place AuditRecorder, record *AuditRecord) {
	fault := recover()
	if fault == nil {
		return
	}
	record.Outcome = string(CodeInternal)
	_ = place.Record(context.WithoutCancel(ctx), *record) // there is no answer to hold back
	panic(fault)
}
