package door

import (
	"context"
	"errors"
	"time"

	"github.com/walletport/walletport"
)

// Recorded marks an error of something that has told the audit trail of it, as flows do.
func Recorded(err error) error { return recorded{err} }

type recorded struct{ error }

func (e recorded) Unwrap() error { return e.error }

// Refuse answers with a problem. What is not Recorded is recorded here, before the
// answer: without the record the answer is 503. Failed authentications beyond the
// limits are counted, and recorded as sums.
func (c *Call) Refuse(err error) {
	d := c.door
	c.clean(err)
	r := c.explain(err)
	_, told := errors.AsType[recorded](err)
	record, recordable := c.refusalRecord(r)
	recordable = recordable && !told
	if c.actor.ClientID == "" && c.isFailedAuthentication(r) {
		wait, over := d.limits.failure(c.request.RemoteAddr, c.caller.Claimed)
		if over {
			r = c.explain(errTooManyFailures(wait))
		}
		if recordable && (over || d.limits.refusal(c.request.RemoteAddr)) {
			d.refusals.count(record)
			recordable = false
		}
	}
	d.notice(c, r)
	if recordable {
		if auditErr := d.record(c, record); auditErr != nil {
			r = c.explain(auditErr)
		}
	}
	r.write(c)
}

// clean takes card numbers out of what the caller chose and the log keeps. A flow says
// which texts held the card's own number. Where no flow has seen the call, nobody
// knows its card: then whatever may be a PAN goes, which costs no call anything.
func (c *Call) clean(err error) {
	var redacted walletport.Redacted
	_, seen := errors.AsType[recorded](err)
	if told, ok := errors.AsType[*walletport.Redacted](err); ok {
		redacted = *told
	} else if !seen || walletport.CodeOf(err) == walletport.CodeInternal {
		redacted = walletport.Redacted{RequestID: walletport.SuspectsPAN(c.request.ID), ClientID: walletport.SuspectsPAN(c.actor.ClientID)}
	}
	if redacted.ClientID {
		c.actor.ClientID = walletport.RedactedNumber
	}
	if redacted.RequestID {
		c.swapRequestID(c.door.API.Discreet == nil || !c.door.API.Discreet(err))
	}
	if walletport.SuspectsPAN(c.wallet) {
		c.wallet = "" // no provider of the configuration
	}
}

// isFailedAuthentication reports whether anybody can cause the refusal, with no
// credentials of ours.
func (c *Call) isFailedAuthentication(r *refusal) bool {
	return r.err.Code == walletport.CodeUnauthenticated || c.caller.Provoked
}

// recordTime bounds the wait for a refusal's record, which goes on when the caller
// hangs up: a wrong password is recorded all the same.
const recordTime = 5 * time.Second

func (d *Door) record(c *Call, record walletport.AuditRecord) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), recordTime)
	defer cancel()
	return d.Audit.Record(ctx, record)
}

// refusalRecord returns the audit record of a refused call. Refusals for load, wrong
// methods and unknown paths have none, so that a flood cannot fill the trail;
// failures of ours are no refusals.
func (c *Call) refusalRecord(r *refusal) (walletport.AuditRecord, bool) {
	switch r.err.Code {
	case walletport.CodeUnauthenticated, walletport.CodeForbidden, walletport.CodeInvalid, walletport.CodeNotFound:
	case walletport.CodeConflict, walletport.CodeUnsupported, walletport.CodeRejected, walletport.CodeRateLimited, walletport.CodeUnavailable, walletport.CodeInternal:
		return walletport.AuditRecord{}, false
	}
	return c.recordOf(r.err.Reason)
}

// recordOf returns the record of a call that no flow has seen; false where its calls have
// none.
func (c *Call) recordOf(outcome string) (walletport.AuditRecord, bool) {
	if c.op == nil || c.op.Action == "" {
		return walletport.AuditRecord{}, false
	}
	record := walletport.AuditRecord{
		Time:          c.door.Clock(),
		RequestID:     c.request.ID,
		ClientID:      c.actor.ClientID,
		Action:        c.op.Action,
		Outcome:       outcome,
		RemoteAddress: c.request.RemoteAddr,
		Wallet:        string(c.op.Wallet),
	}
	if c.op.Describe != nil {
		c.op.Describe(c.r, c.arguments, &record)
	}
	return record, true
}
