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
	trail  walletport.AuditTrail
	place  walletport.AuditRecorder // what takes the record, once it is announced
	// subjectKnown says that what the act is about is there, and the actor's to ask
	// for, or that it asks for no card.
	subjectKnown bool
	struck       struck
	written      bool // with the change that it is of
}

// caller is what the context says of who asks.
type caller struct {
	requestID string
	spareID   string
	clientID  string
	address   string
}

// struck says which texts of the request the record must not repeat.
type struck struct{ auditUser, requestID, clientID, wallet, cardID bool }

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

// Announce tells the trail that the record will come, so that those that share its
// commit may wait for it. They would wait for a commit of the act's own too, so an
// act that still has one to make, or a caller to hear from, does not announce.
func (r *Record) Announce() {
	if r.place == nil {
		r.place = r.trail.Expect()
	}
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

// write makes the record durable, unless it is.
func (r *Record) write(ctx context.Context) error {
	if r.written {
		return nil
	}
	if !r.subjectKnown {
		r.strikeSuspects()
	}
	if r.place == nil {
		return r.trail.Record(ctx, r.entry())
	}
	return r.place.Record(ctx, r.entry())
}

// entry is the record as the trail keeps it.
func (r *Record) entry() walletport.AuditRecord {
	entry := walletport.AuditRecord{
		Time: r.asked.Time, RequestID: r.caller.requestID, ClientID: r.caller.clientID, AuditUser: r.asked.AuditUser,
		Action: r.asked.Action, Issuer: r.Issuer, CardID: r.asked.CardID, Wallet: r.asked.Wallet, Scheme: r.Scheme,
		Outcome: r.Outcome, KeyVersions: r.KeyVersions, StepUp: r.stepUp, RemoteAddress: r.caller.address, Details: r.Details,
	}
	if r.struck.auditUser {
		entry.AuditUser = walletport.RedactedNumber
	}
	if r.struck.requestID {
		entry.RequestID = cmp.Or(r.caller.spareID, walletport.RedactedNumber)
	}
	if r.struck.clientID {
		entry.ClientID = walletport.RedactedNumber
	}
	if r.struck.wallet {
		entry.Wallet = walletport.RedactedNumber
	}
	if r.struck.cardID || entry.CardID.IsPAN() { // no card has such an id
		entry.CardID = 0
	}
	return entry
}

// strikeNumber strikes the card's own number out of the texts of the caller, and says
// why a call with one of them is refused: CodeInvalid, reasons audit_user_contains_pan
// and request_id_contains_pan; CodeForbidden, reason client_id_contains_pan.
func (r *Record) strikeNumber(card walletport.CardSummary) error {
	r.struck.auditUser = card.NumberIn(string(r.asked.AuditUser))
	r.struck.requestID = card.NumberIn(r.caller.requestID)
	r.struck.clientID = card.NumberIn(r.caller.clientID)
	switch {
	case r.struck.auditUser:
		return errContainsNumber("audit_user_contains_pan", "auditUser")
	case r.struck.requestID:
		return errContainsNumber("request_id_contains_pan", "X-Request-Id")
	case r.struck.clientID:
		return walletport.Errorf(walletport.CodeForbidden, "client_id_contains_pan", "the name that the token gives its bearer contains the card's number")
	}
	return nil
}

// strikeSuspects cleans the record of an act that ended without a card: whatever may be
// a PAN is struck out. That costs the record a text, and nobody a call.
func (r *Record) strikeSuspects() {
	r.struck.auditUser = r.struck.auditUser || walletport.SuspectsPAN(string(r.asked.AuditUser))
	r.struck.requestID = r.struck.requestID || walletport.SuspectsPAN(r.caller.requestID)
	r.struck.clientID = r.struck.clientID || walletport.SuspectsPAN(r.caller.clientID)
	r.struck.wallet = walletport.SuspectsPAN(r.asked.Wallet)
	r.struck.cardID = r.asked.CardID.HasPANForm()
}

// mark tells whoever gets err what was struck out.
func (r *Record) mark(err error) error {
	if err == nil || !r.struck.requestID && !r.struck.clientID {
		return err
	}
	return &walletport.Struck{Err: err, RequestID: r.struck.requestID, ClientID: r.struck.clientID}
}

func errContainsNumber(reason, field string) error {
	return walletport.ErrField(reason, field, "must not contain a card number")
}
