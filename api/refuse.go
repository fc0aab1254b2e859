package api

import (
	"context"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
)

// byFlow marks an error of a flow, which has recorded it already.
type byFlow struct{ error }

func (e byFlow) Unwrap() error { return e.error }

// refuse answers with a problem. What a flow never saw is recorded here, before
// the answer: without the record the answer is 503. Failed authentications beyond
// the limits are counted, and recorded as sums.
func (d *Door) refuse(c *call, err error) {
	c.clean(err)
	r := explain(c, err)
	_, byFlow := errors.AsType[byFlow](err)
	record, recordable := d.recordOf(c, r)
	recordable = recordable && !byFlow
	if c.actor.ClientID == "" && isFailedAuthentication(r) {
		wait, over := d.limits.failure(c)
		if over {
			r = explain(c, errTooManyFailures(wait))
		}
		if recordable && (over || d.limits.refusal(c)) {
			d.refusals.count(record)
			recordable = false
		}
	}
	d.notice(c, r.err.Reason)
	if recordable {
		if auditErr := d.record(c, record); auditErr != nil {
			r = explain(c, auditErr)
		}
	}
	r.write(c)
}

// clean takes card numbers out of what the caller chose and the log keeps. A flow says
// which texts held the card's own number. Where no flow has seen the call, nobody
// knows its card: then whatever may be a PAN goes, which costs no call anything.
func (c *call) clean(err error) {
	var struck walletport.Struck
	_, seen := errors.AsType[byFlow](err)
	if told, ok := errors.AsType[*walletport.Struck](err); ok {
		struck = *told
	} else if !seen || walletport.CodeOf(err) == walletport.CodeInternal {
		struck = walletport.Struck{RequestID: walletport.SuspectsPAN(c.request.ID), ClientID: walletport.SuspectsPAN(c.actor.ClientID)}
	}
	if struck.ClientID {
		c.actor.ClientID = walletport.RedactedNumber
	}
	if struck.RequestID {
		c.swapRequestID(!looksUnknown(err))
	}
	if walletport.SuspectsPAN(c.wallet) {
		c.wallet = "" // no provider of the configuration
	}
}

// looksUnknown reports whether the caller must not see that the card is there: then
// the answer shows the caller's own id, and only log and trail have the other one.
func looksUnknown(err error) bool {
	reason := walletport.ReasonOf(err)
	return reason == "card_not_found" || reason == "card_id_contains_pan"
}

// isFailedAuthentication reports whether a stranger can bring a refusal about at will.
// Keys that cannot be read are among them: anybody can name a token issuer whose keys
// are away, and each such call is a line of ERROR in the log.
func isFailedAuthentication(r *refusal) bool {
	return r.err.Code == walletport.CodeUnauthenticated || r.err.Reason == "token_keys_unavailable"
}

// recordTime bounds the wait for a refusal's record. The caller's own patience
// does not: who hangs up after a wrong password is recorded all the same.
const recordTime = 5 * time.Second

func (d *Door) record(c *call, record walletport.AuditRecord) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), recordTime)
	defer cancel()
	return d.Audit.Record(ctx, record)
}

// recordOf returns the audit record of a refused call. Refusals for load, wrong
// methods and unknown paths have none, so that a flood cannot fill the trail;
// failures of ours are no refusals.
func (d *Door) recordOf(c *call, r *refusal) (walletport.AuditRecord, bool) {
	switch r.err.Code {
	case walletport.CodeUnauthenticated, walletport.CodeForbidden, walletport.CodeInvalid, walletport.CodeNotFound:
	case walletport.CodeConflict, walletport.CodeUnsupported, walletport.CodeRejected, walletport.CodeRateLimited, walletport.CodeUnavailable, walletport.CodeInternal:
		return walletport.AuditRecord{}, false
	}
	if c.op.action == "" {
		return walletport.AuditRecord{}, false
	}
	record := walletport.AuditRecord{
		Time:          d.Clock(),
		RequestID:     c.request.ID,
		ClientID:      c.actor.ClientID,
		Action:        c.op.action,
		Outcome:       r.err.Reason,
		RemoteAddress: c.request.RemoteAddr,
		Wallet:        string(c.op.wallet),
	}
	if user, err := auditUser(c); err == nil {
		record.AuditUser = user
		if walletport.SuspectsPAN(string(user)) {
			record.AuditUser = walletport.RedactedNumber
		}
	}
	record.CardID = parseCardID(c.matched.Args()[0])
	if c.matched.Name() == oas.ProvisionIssuerwalletOperation {
		if provider, err := walletport.ParseWalletProviderID(c.matched.Args()[1]); err == nil && !walletport.SuspectsPAN(string(provider)) {
			record.Wallet = string(provider)
		}
	}
	return record, true
}
