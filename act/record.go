package act

import (
	"cmp"
	"context"
	"errors"

	"github.com/walletport/walletport"
)

// Record is what an act under way tells the audit trail: the facts of its request, to
// which the act adds those that it learns. It is not safe for concurrent use.
type Record struct {
	Facts
	// Outcome is what the act calls its end, if that is neither "ok" nor the reason of
	// its error. An act that fails has the reason of its error.
	Outcome string

	asked  Request
	caller caller
	stepUp string
	trail  walletport.AuditRecorder
	// submitted is for a record that was handed in and says that the act is done.
	submitted walletport.Receipt
	// subjectKnown says that what the act is about is there, and the actor's to ask
	// for, or that it asks for no card.
	subjectKnown bool
	redacted     redacted
	written      bool // with the change that it is of
	steps        StepObserver
}

// caller is what the context says of who asks.
type caller struct {
	requestID string
	spareID   string
	clientID  string
	address   string
}

// redacted says which texts of the request the record must not repeat.
type redacted struct{ auditUser, requestID, clientID, wallet, cardID bool }

func newRecord(ctx context.Context, asked Request) *Record {
	request := walletport.RequestFrom(ctx)
	record := &Record{
		Facts: asked.Facts, asked: asked,
		caller: caller{
			requestID: request.ID, spareID: request.SpareID,
			clientID: walletport.ActorFrom(ctx).ClientID, address: request.RemoteAddr,
		},
	}
	for _, detail := range request.Details {
		record.SetDetail(detail.Name, detail.Value)
	}
	return record
}

// submit hands the record in, complete but for how the act ends: it says that it is done.
// The act may not add to it afterwards.
func (r *Record) submit(trail walletport.AuditTrail) error {
	entry := r.entry()
	entry.Outcome = walletport.OutcomeOK
	var err error
	r.submitted, err = trail.Submit(entry)
	return err
}

// conclude sets the Outcome, unless the act has named one and did not fail. An act that
// failed because ctx was canceled was stopped by its caller, and nothing is out of order.
func (r *Record) conclude(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		r.Outcome = walletport.OutcomeStopped // whatever the part that was interrupted made of it
	case err != nil:
		r.Outcome = walletport.ReasonOf(err)
	case r.Outcome == "":
		r.Outcome = walletport.OutcomeOK
	}
}

// write makes the record durable, unless it is. Where another end was handed in than the
// act came to, a second record tells of it.
func (r *Record) write(ctx context.Context) error {
	if r.written {
		return nil
	}
	defer measure(r.steps, StepRecord)()
	if receipt := r.submitted; receipt != nil {
		r.submitted = nil
		if r.Outcome == walletport.OutcomeOK {
			return receipt.Wait(ctx)
		}
		// Also where the caller has left, for the first record tells of a payload.
		if err := receipt.Wait(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	if !r.subjectKnown {
		r.redactSuspects()
	}
	return r.trail.Record(ctx, r.entry())
}

// entry is the record as the trail keeps it.
func (r *Record) entry() walletport.AuditRecord {
	entry := walletport.AuditRecord{
		Time: r.asked.Time, RequestID: r.caller.requestID, ClientID: r.caller.clientID, AuditUser: r.asked.AuditUser,
		Action: r.asked.Action, Issuer: r.Issuer, CardID: r.asked.CardID, Wallet: r.asked.Wallet, Scheme: r.Scheme,
		Outcome: r.Outcome, KeyVersions: r.KeyVersions, StepUp: r.stepUp, RemoteAddress: r.caller.address, Details: r.Details,
	}
	if r.redacted.auditUser {
		entry.AuditUser = walletport.RedactedNumber
	}
	if r.redacted.requestID {
		entry.RequestID = cmp.Or(r.caller.spareID, walletport.RedactedNumber)
	}
	if r.redacted.clientID {
		entry.ClientID = walletport.RedactedNumber
	}
	if r.redacted.wallet {
		entry.Wallet = walletport.RedactedNumber
	}
	if r.redacted.cardID || entry.CardID.IsPAN() { // no card has such an id
		entry.CardID = 0
	}
	return entry
}

// redactNumber keeps texts of the caller that hold the card's own number out of the
// record, and says why a call with one of them is refused: CodeInvalid, reasons
// audit_user_contains_pan and request_id_contains_pan; CodeForbidden, reason
// client_id_contains_pan.
func (r *Record) redactNumber(card walletport.CardSummary) error {
	r.redacted.auditUser = card.NumberIn(string(r.asked.AuditUser))
	r.redacted.requestID = card.NumberIn(r.caller.requestID)
	r.redacted.clientID = card.NumberIn(r.caller.clientID)
	switch {
	case r.redacted.auditUser:
		return errContainsNumber("audit_user_contains_pan", "auditUser")
	case r.redacted.requestID:
		return errContainsNumber("request_id_contains_pan", "X-Request-Id")
	case r.redacted.clientID:
		return walletport.Errorf(walletport.CodeForbidden, "client_id_contains_pan", "the name that the token gives its bearer contains the card's number")
	}
	return nil
}

// ActsFor reports whether what belongs to the issuer is there for whoever asks: the actor of
// ctx is bound to it, or the request is Request.AnyIssuer.
func (r *Record) ActsFor(ctx context.Context, issuer walletport.IssuerID) bool {
	return r.asked.AnyIssuer || walletport.ActorFrom(ctx).ActsFor(issuer)
}

// FoundCard tells the record which card the act is about, where its request names a token
// of the card, and looks for the card's number in the texts of the caller, as Call.FindCard
// does and with its errors. It is for cards that the actor may act for.
func (r *Record) FoundCard(card walletport.CardSummary) error {
	r.asked.CardID, r.Issuer, r.Scheme, r.subjectKnown = card.ID, card.Issuer, card.Scheme, true
	if err := r.redactNumber(card); err != nil {
		return err
	}
	return r.checkTexts(card)
}

// checkTexts refuses a text of the request that has the number of the card.
func (r *Record) checkTexts(card walletport.CardSummary) error {
	for _, text := range r.asked.Texts {
		if card.NumberIn(text.Value) {
			return errContainsNumber(text.Reason, text.Field)
		}
	}
	return nil
}

// redactSuspects cleans the record of an act that ended without a card: it repeats no
// text that may be a PAN. Some are none, and then the record lacks a text; no call is
// refused by it.
func (r *Record) redactSuspects() {
	r.redacted.auditUser = r.redacted.auditUser || walletport.SuspectsPAN(string(r.asked.AuditUser))
	r.redacted.requestID = r.redacted.requestID || walletport.SuspectsPAN(r.caller.requestID)
	r.redacted.clientID = r.redacted.clientID || walletport.SuspectsPAN(r.caller.clientID)
	r.redacted.wallet = walletport.SuspectsPAN(r.asked.Wallet)
	r.redacted.cardID = r.asked.CardID.HasPANForm()
}

// mark tells whoever gets err which texts the record does not repeat.
func (r *Record) mark(err error) error {
	if err == nil || !r.redacted.requestID && !r.redacted.clientID {
		return err
	}
	return &walletport.Redacted{Err: err, RequestID: r.redacted.requestID, ClientID: r.redacted.clientID}
}

func errContainsNumber(reason, field string) error {
	return walletport.ErrField(reason, field, "must not contain a card number")
}
