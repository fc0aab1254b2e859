package walletport

import "context"

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

// Audited does an act and answers only when its record is durable: without the
// record there is no answer, and a failed act answers with the zero R. asked is what
// the request says; the caller's identity and the request's come from ctx, the
// Outcome from the act. A panic of the act is recorded, and goes on.
func Audited[R any](ctx context.Context, trail AuditTrail, asked AuditRecord, act func(*Auditing) (R, error)) (R, error) {
	request := RequestFrom(ctx)
	record := Auditing{AuditRecord: asked, trail: trail}
	record.RequestID, record.RemoteAddress = request.ID, request.RemoteAddr
	record.ClientID = ActorFrom(ctx).ClientID
	defer recordPanic(ctx, &record)

	var none R
	result, err := act(&record)
	record.Outcome = OutcomeOK
	if err != nil {
		record.Outcome = ReasonOf(err)
	}
	if auditErr := record.end(ctx); auditErr != nil {
		return none, auditErr
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
