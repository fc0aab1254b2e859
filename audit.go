package walletport

import (
	"context"
	"time"
)

// AuditRecord is one entry of the audit trail: who asked for what, on which
// card, and how it ended. It never holds a PAN, a name or a payload.
type AuditRecord struct {
	Time      time.Time // UTC; written with milliseconds
	RequestID string
	ClientID  string // "" when the caller was not authenticated
	AuditUser AuditUser
	Action    Action
	Issuer    IssuerID // "" when no card was found
	CardID    CardID   // 0 when the request names none
	// Wallet is that of a provisioning call: a device wallet, or the wallet provider as
	// the call named it, whether there is one or not. Every other act has "": what it is
	// about are Details.
	Wallet      string
	Scheme      SchemeID
	Outcome     string   // "ok", "started", or the reason of the refusal
	KeyVersions []string // ids of the keys used
	// StepUp is the proof of strong authentication that was accepted, "rule/method";
	// "" where none was asked for.
	StepUp        string
	RemoteAddress string
	Details       AuditDetails // what else is to be said of the act
}

// SetDetail adds a detail, in place of an earlier one of that name; an empty value
// takes it away. Records that shared their details with r keep theirs.
func (r *AuditRecord) SetDetail(name DetailName, value string) {
	r.Details = r.Details.With(name, value)
}

// The outcomes that are no reason of a refusal.
const (
	// OutcomeOK is the Outcome of an act that was done.
	OutcomeOK = "ok"
	// OutcomeStarted is that of an act about to begin. A record with the same
	// RequestID says how it ended; without one, nobody knows how far it came.
	OutcomeStarted = "started"
	// OutcomeStopped is that of an act that its caller stopped: a signal ended the
	// command, or whoever called no longer waits.
	OutcomeStopped = "stopped"
	// OutcomeSomeRefused is that of an act on many things that left some out.
	OutcomeSomeRefused = "some_refused"
	// OutcomeIncomplete is that of a look at a trail which is good but not whole.
	OutcomeIncomplete = "incomplete"
	// OutcomeAllRefused is that of an act on many things that left out all.
	OutcomeAllRefused = "all_refused"
)

// Action names an audited act.
type Action string

// The audited acts, but for those of ActionProvision, ActionTokenChange and ActionClickToPay.
const (
	ActionActivate        Action = "activate"
	ActionActivateTAV2    Action = "activate.tav2" // the deprecated calls
	ActionCardsImport     Action = "cards.import"
	ActionCardsChange     Action = "cards.change" // of one card
	ActionCardsDelete     Action = "cards.delete"
	ActionCardsForget     Action = "cards.forget"
	ActionCardsRead       Action = "cards.read"
	ActionCardsRewrap     Action = "cards.rewrap"
	ActionCustomersImport Action = "customers.import"
	ActionCustomersChange Action = "customers.change" // of one customer
	ActionCustomersRead   Action = "customers.read"
	ActionCustomersForget Action = "customers.forget"
	ActionVaultVerify     Action = "vault.verify"
	ActionAuditVerify     Action = "audit.verify"
	ActionAuditExport     Action = "audit.export"
	ActionAuditCompare    Action = "audit.compare"
	ActionAuditProve      Action = "audit.prove"
	ActionMigrate         Action = "database.migrate"
	ActionKeyChange       Action = "keys.change"
	ActionKeyRead         Action = "keys.read"
	ActionClientChange    Action = "clients.change"
	ActionJobsChange      Action = "jobs.change"   // of one that is parked
	ActionCallsRefused    Action = "calls.refused" // many, as a sum
	ActionTokensList      Action = "tokens.list"   // of a card
	ActionTokensRead      Action = "tokens.read"   // all that is known of one
	ActionTokensChange    Action = "tokens.change" // a call for a change that is none of ours; see ActionTokenChange

	ActionClickToPayRead   Action = "clicktopay.read"   // what is enrolled of a customer
	ActionClickToPayStatus Action = "clicktopay.status" // of one request
	ActionClickToPayList   Action = "clicktopay.list"   // requests
	ActionClickToPayActive Action = "clicktopay.active" // a call for a change that does not say which; see ActionClickToPay

	ActionClickToPayPortfolio Action = "clicktopay.portfolio" // the enrolment of many cards
	ActionClickToPayOptOut    Action = "clicktopay.opt_out"
	ActionClickToPayOptIn     Action = "clicktopay.opt_in" // an opt-out is withdrawn
	ActionClickToPayReconcile Action = "clicktopay.reconcile"
)

// ActionProvision is the provisioning of a card into a wallet: "provision.googlepay".
func ActionProvision(w Wallet) Action { return Action("provision." + string(w)) }

// ActionTokenChange is the change of a token: "tokens.suspend".
func ActionTokenChange(a TokenAction) Action { return Action("tokens." + string(a)) }

// ActionClickToPay is a change of Click to Pay: "clicktopay.enrol_customer".
func ActionClickToPay(a ClickToPayAction) Action { return Action("clicktopay." + string(a)) }

// AuditRecorder makes a record durable. Record returns only after the record
// will survive a crash; on error nothing may be handed out (CodeUnavailable,
// reason audit_unavailable).
type AuditRecorder interface {
	Record(ctx context.Context, r AuditRecord) error
}

// AuditTrail is an AuditRecorder that can be handed a record before its act is done.
type AuditTrail interface {
	AuditRecorder
	// Submit takes a record and returns at once: it becomes durable while the act goes on.
	// The act answers when Wait of the receipt has returned nil, which is what Record
	// returns; an act that fails after all has a second record, which says so. An error is
	// that of Record, and nothing was taken.
	Submit(r AuditRecord) (Receipt, error)
}

// Receipt is for what was handed in and will be durable, or refused.
type Receipt interface {
	// Wait returns how that ended, each time it is called. When ctx ends before, it returns
	// an error, and nobody knows.
	Wait(ctx context.Context) error
}
