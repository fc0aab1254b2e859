package mdessim

import (
	"fmt"
	"slices"
	"time"
)

// Kind says what a payload turned out to be.
type Kind string

// The kinds of payload.
const (
	KindDigitizationData Kind = "digitizationData"
	KindTAV              Kind = "tav"
	KindUnknown          Kind = "unknown"
)

// Report is what the simulator found in one payload. Its JSON is the answer of
// the simulated wallets: accepted, checks, firstFault and, after a
// digitization, token.
type Report struct {
	Kind Kind `json:"kind"`
	// Accepted is true if every rule could be checked and held. The one fault that
	// leaves it true is a missing TAV: the card is taken, its token needs a step-up.
	Accepted   bool    `json:"accepted"`
	Checks     []Check `json:"checks"` // in the order of the format's own layers
	FirstFault *Fault  `json:"firstFault,omitempty"`
	Facts      Facts   `json:"facts"`
	Token      *Token  `json:"token,omitempty"`
}

// Check is one rule of the format.
type Check struct {
	Name    string `json:"name"` // stable, snake_case
	OK      bool   `json:"ok"`
	Skipped bool   `json:"skipped,omitempty"` // not checked, Detail says why; OK is false
	Detail  string `json:"detail"`            // never input that could hold card data
}

// Fault is a broken rule, with what to do about it.
type Fault struct {
	Code   string `json:"code"` // stable, snake_case
	Detail string `json:"detail"`
	Remedy string `json:"remedy"`
}

// Facts are what could be read of a payload. Nothing in them is secret: the PAN
// is masked, the cardholder's name is only said to be there.
type Facts struct {
	Notes              []string   `json:"notes,omitempty"` // what was tolerated around the payload
	Shape              string     `json:"shape,omitempty"` // "cardInfo" or "fundingAccountInfo"
	Fingerprint        string     `json:"publicKeyFingerprint,omitempty"`
	KeyWrap            string     `json:"keyWrap,omitempty"` // "RSA-OAEP SHA256", "RSA PKCS#1 v1.5"
	Cipher             string     `json:"cipher,omitempty"`  // "AES-128-CBC"
	PAN                string     `json:"pan,omitempty"`     // masked
	Expiry             string     `json:"expiry,omitempty"`  // "MM/YY"
	Source             string     `json:"source,omitempty"`
	HasCardholderName  bool       `json:"hasCardholderName,omitempty"`
	ValidUntil         *time.Time `json:"dataValidUntil,omitempty"`
	TAVVersion         string     `json:"tavVersion,omitempty"`
	TAVFields          []string   `json:"tavFields,omitempty"` // in signed order
	TAVValidUntil      *time.Time `json:"tavValidUntil,omitempty"`
	TAVKeyAlias        string     `json:"tavKeyAlias,omitempty"`
	TAVSignatureBits   int        `json:"tavSignatureBits,omitempty"`
	AccountReference   string     `json:"accountReference,omitempty"` // the kind of reference given instead of a card
	TokenReferenceUsed bool       `json:"tavNamesToken,omitempty"`
}

// reading is the state of one inspection.
type reading struct {
	keys   Keys
	now    time.Time
	order  []string // the checks that apply, in order
	checks map[string]Check
	faults map[string]fault
	facts  Facts
	card   card
}

// fault is a kind of fault as it occurred.
type fault struct {
	kind   kind
	detail string
}

func newReading(keys Keys, order []string) *reading {
	return &reading{
		keys: keys, now: keys.now(), order: order,
		checks: make(map[string]Check), faults: make(map[string]fault),
	}
}

// pass records that a rule holds, unless it was already found broken.
func (r *reading) pass(check, format string, args ...any) {
	if _, ok := r.checks[check]; !ok {
		r.checks[check] = Check{Name: check, OK: true, Detail: fmt.Sprintf(format, args...)}
	}
}

// fail records a broken rule; the first fault of a rule stays.
func (r *reading) fail(check string, k kind, format string, args ...any) {
	if r.failed(check) {
		return
	}
	detail := fmt.Sprintf(format, args...)
	r.checks[check] = Check{Name: check, Detail: detail}
	r.faults[check] = fault{kind: k, detail: detail}
}

// skip records that rules could not be checked.
func (r *reading) skip(reason string, checks ...string) {
	for _, name := range checks {
		if _, ok := r.checks[name]; !ok {
			r.checks[name] = Check{Name: name, Skipped: true, Detail: reason}
		}
	}
}

func (r *reading) failed(check string) bool {
	_, ok := r.faults[check]
	return ok
}

// drop takes rules off the list that do not apply to this payload.
func (r *reading) drop(checks ...string) {
	r.order = slices.DeleteFunc(slices.Clone(r.order), func(name string) bool { return slices.Contains(checks, name) })
}

// report closes the reading: rules that were never reached are skipped, the
// first refusing fault in order is named, else the first tolerated one.
func (r *reading) report(k Kind) Report {
	report := Report{Kind: k, Accepted: true, Facts: r.facts}
	var tolerated *Fault
	for _, name := range r.order {
		r.skip("not reached: a check before it failed", name)
		check := r.checks[name]
		report.Checks = append(report.Checks, check)
		f, failed := r.faults[name]
		switch {
		case failed && f.kind.tolerated:
			tolerated = f.public()
		case failed:
			report.Accepted = false
			if report.FirstFault == nil {
				report.FirstFault = f.public()
			}
		case check.Skipped:
			report.Accepted = false
		}
	}
	if report.FirstFault == nil {
		report.FirstFault = tolerated
	}
	return report
}

func (f fault) public() *Fault {
	return &Fault{Code: f.kind.code, Detail: f.detail, Remedy: f.kind.remedy}
}
