// Package sim holds the words that the simulators of the folders below share:
// what a check is, a fault, a verdict, and how a simulated wallet hands a card to
// a simulated scheme. It knows no format, so that one misreading cannot hide in
// all of them, and shares nothing with the code that is checked.
package sim

import (
	"fmt"
	"slices"
)

// Check is one rule of a format.
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
	// Tolerated says that the card is taken all the same.
	Tolerated bool `json:"tolerated,omitempty"`
}

// Verdict is what a simulator thinks of a payload.
type Verdict struct {
	// Accepted is true if every rule could be checked and held, but for tolerated
	// faults.
	Accepted   bool    `json:"accepted"`
	Checks     []Check `json:"checks"` // in the order of the format's own layers
	FirstFault *Fault  `json:"firstFault,omitempty"`
}

// Then is v followed by what another simulator, further on, found: accepted if
// both accepted, with the first fault of the two; card data in clear come before all.
func (v Verdict) Then(next Verdict) Verdict {
	joined := Verdict{Accepted: v.Accepted && next.Accepted, Checks: slices.Concat(v.Checks, next.Checks), FirstFault: v.FirstFault}
	switch f := next.FirstFault; {
	case f == nil:
	case v.FirstFault == nil, v.Accepted, f.Code == ClearCardData.Code && v.FirstFault.Code != f.Code:
		joined.FirstFault = f
	}
	return joined
}

// Kind is a fault that a simulator can name.
type Kind struct {
	Code   string
	Remedy string
	// Tolerated faults do not refuse the card.
	Tolerated bool
}

// Of returns the same fault of another layer: "base64_twice" of "tav_" is
// "tav_base64_twice".
func (k Kind) Of(layer string) Kind {
	k.Code = layer + k.Code
	return k
}

// Checklist is the state of one inspection: which rules apply, in order, and how
// each turned out.
type Checklist struct {
	order  []string
	checks map[string]Check
	faults map[string]occurred
}

// occurred is a kind of fault as it occurred.
type occurred struct {
	kind   Kind
	detail string
}

// NewChecklist begins an inspection of the rules named, in the order of their layers.
func NewChecklist(order []string) *Checklist {
	return &Checklist{order: order, checks: make(map[string]Check), faults: make(map[string]occurred)}
}

// Pass records that a rule holds, unless it was already found broken.
func (c *Checklist) Pass(check, format string, args ...any) {
	if _, ok := c.checks[check]; !ok {
		c.checks[check] = Check{Name: check, OK: true, Detail: fmt.Sprintf(format, args...)}
	}
}

// Fail records a broken rule; the first fault of a rule stays. It returns false,
// so that a check can end with it.
func (c *Checklist) Fail(check string, k Kind, format string, args ...any) bool {
	if !c.Failed(check) {
		detail := fmt.Sprintf(format, args...)
		c.checks[check] = Check{Name: check, Detail: detail}
		c.faults[check] = occurred{kind: k, detail: detail}
	}
	return false
}

// Skip records that rules could not be checked.
func (c *Checklist) Skip(reason string, checks ...string) {
	for _, name := range checks {
		if _, ok := c.checks[name]; !ok {
			c.checks[name] = Check{Name: name, Skipped: true, Detail: reason}
		}
	}
}

// Failed reports whether a rule was found broken.
func (c *Checklist) Failed(check string) bool {
	_, ok := c.faults[check]
	return ok
}

// Drop takes rules off the list that do not apply to this payload.
func (c *Checklist) Drop(checks ...string) {
	c.order = slices.DeleteFunc(slices.Clone(c.order), func(name string) bool { return slices.Contains(checks, name) })
}

// Insert puts a rule on the list behind another one.
func (c *Checklist) Insert(after, check string) {
	c.order = slices.Insert(slices.Clone(c.order), slices.Index(c.order, after)+1, check)
}

// Verdict closes the inspection: rules that were never reached are skipped, the
// first refusing fault in order is named, else the last tolerated one.
func (c *Checklist) Verdict() Verdict {
	v := Verdict{Accepted: true}
	var tolerated *Fault
	for _, name := range c.order {
		c.Skip("not reached: a check before it failed", name)
		check := c.checks[name]
		v.Checks = append(v.Checks, check)
		f, failed := c.faults[name]
		switch {
		case failed && f.kind.Tolerated:
			tolerated = f.public()
		case failed:
			v.Accepted = false
			if v.FirstFault == nil {
				v.FirstFault = f.public()
			}
		case check.Skipped:
			v.Accepted = false
		}
	}
	if v.FirstFault == nil {
		v.FirstFault = tolerated
	}
	return v
}

func (o occurred) public() *Fault {
	return &Fault{Code: o.kind.Code, Detail: o.detail, Remedy: o.kind.Remedy, Tolerated: o.kind.Tolerated}
}
