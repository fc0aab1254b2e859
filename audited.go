package walletport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Auditing is the record of an act under way, which the act fills with what it
// learns. It is not safe for concurrent use.
type Auditing struct {
	AuditRecord
	trail   AuditTrail
	place   AuditRecorder // what takes the record
	spareID string        // the request's
	found   bool          // there is a card for the actor, or none is asked for
	struck  Struck        // what of the record was replaced
}

// Found notes the card of the act, and says whether the act may go on with it. A card
// of an issuer that the actor of ctx is not bound to looks like none, see ErrNoCard. The
// card's own number is struck out of the texts of the record that the caller chose;
// then the error says which text holds it: CodeInvalid, reasons
// audit_user_contains_pan and request_id_contains_pan; CodeForbidden, reason
// client_id_contains_pan.
//
// It needs no open card, so it does for an act that ends before one is opened.
func (a *Auditing) Found(ctx context.Context, card CardSummary) error {
	a.Issuer, a.Scheme = card.Issuer, card.Scheme
	inUser, inID, inClient := card.NumberIn(string(a.AuditUser)), card.NumberIn(a.RequestID), card.NumberIn(a.ClientID)
	a.strike(inUser, inID, inClient)
	if !ActorFrom(ctx).ActsFor(card.Issuer) {
		return ErrNoCard(card.ID)
	}
	a.found = true
	switch {
	case inUser:
		return refuseAuditUser("audit_user_contains_pan", "must not contain a card number")
	case inID:
		return &Error{
			Code: CodeInvalid, Reason: "request_id_contains_pan", Message: "X-Request-Id must not contain a card number",
			Fields: []Field{{Name: "X-Request-Id", Reason: "must not contain a card number"}},
		}
	case inClient:
		return Errorf(CodeForbidden, "client_id_contains_pan", "the name that the token gives its bearer contains the card's number")
	}
	return nil
}

// RedactedNumber stands in records for a text that held a card number.
const RedactedNumber = "[redacted: card number]"

func (a *Auditing) strike(user, requestID, client bool) {
	if user {
		a.AuditUser = RedactedNumber
	}
	if requestID {
		a.RequestID, a.struck.RequestID = cmp.Or(a.spareID, RedactedNumber), true
	}
	if client {
		a.ClientID, a.struck.ClientID = RedactedNumber, true
	}
}

// strikeSuspects cleans the record of an act that ended without a card: whatever may be
// a PAN is struck out. That costs the record a text, and nobody a call.
func (a *Auditing) strikeSuspects() {
	a.strike(SuspectsPAN(string(a.AuditUser)), SuspectsPAN(a.RequestID), SuspectsPAN(a.ClientID))
	if SuspectsPAN(a.Wallet) {
		a.Wallet = RedactedNumber
	}
	if a.CardID.HasPANForm() {
		a.CardID = 0
	}
}

// Struck is the error of an act in whose record texts of the caller were replaced,
// because they hold a card number or may. Whoever keeps these texts too, in a log,
// must replace them: the request's ID by its SpareID, the client's id by
// RedactedNumber. What was answered is Err.
type Struck struct {
	Err                 error
	RequestID, ClientID bool
}

// Error returns the text of Err.
func (s *Struck) Error() string { return s.Err.Error() }

// Unwrap returns Err.
func (s *Struck) Unwrap() error { return s.Err }

// mark tells whoever gets err what was struck out.
func (a *Auditing) mark(err error) error {
	if err == nil || !a.struck.RequestID && !a.struck.ClientID {
		return err
	}
	struck := a.struck
	struck.Err = err
	return &struck
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
	if !a.found {
		a.strikeSuspects()
	}
	if a.CardID.IsPAN() { // no card has such an id
		a.CardID = 0
	}
	if a.place == nil {
		return a.trail.Record(ctx, a.AuditRecord)
	}
	return a.place.Record(ctx, a.AuditRecord)
}

// know fills in what the caller's request and identity say.
func (a *Auditing) know(ctx context.Context) {
	request := RequestFrom(ctx)
	a.spareID = request.SpareID
	a.RequestID, a.RemoteAddress = request.ID, request.RemoteAddr
	a.ClientID = ActorFrom(ctx).ClientID
	for _, detail := range request.Details {
		a.SetDetail(detail.Name, detail.Value)
	}
}

// conclude sets the Outcome, unless the act has named one and did not fail. An act that
// failed because ctx was canceled was stopped by its caller, and nothing is out of order.
func (a *Auditing) conclude(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		a.Outcome = OutcomeStopped // whatever the part that was interrupted made of it
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
	record.conclude(ctx, err)
	if auditErr := record.end(ctx); auditErr != nil {
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
// the act ended and what it learned. Both have the RequestID of ctx, which must have
// one; the trail gives each its time. An act that was interrupted, or panics, is
// concluded all the same; one that was killed leaves its first record alone.
//
// The error of the second record is returned too, and the zero R: the act is done,
// but its outcome is not in the trail.
func Declared[R any](ctx context.Context, trail AuditRecorder, intended AuditRecord, act func(*Auditing) (R, error)) (R, error) {
	var none R
	record := Auditing{AuditRecord: intended, place: trail, found: true}
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
	record.conclude(ctx, err)
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
