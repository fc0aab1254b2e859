package clicktopaysim

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

// reading is the state of reading what a request says. It collects every fault of a member,
// so that one answer names them all.
type reading struct {
	in       *request
	problems []register.Problem
}

// messages are those of the reasons of faults of members.
var messages = map[string]string{
	reasonMissing: "Required field missing", reasonValue: "Invalid value", reasonLength: "Invalid length", reasonArrayLength: "Invalid array length",
}

// fault records what is wrong with a member.
func (r *reading) fault(field, reason string, kind sim.Kind) {
	r.problems = append(r.problems, register.Problem{Field: field, Reason: reason, Message: messages[reason]})
	r.in.Fail(checkMembers, kind, "%s: %s", field, messages[reason])
}

// done closes the reading.
func (r *reading) done() *refusal {
	if len(r.problems) > 0 {
		return refused(r.problems...)
	}
	r.in.Pass(checkMembers, "every member has its form and length")
	return nil
}

// texts is an object of texts, and where it stands.
type texts struct {
	*reading
	object sim.Object
	at     string // "consumerInformation."
}

// rule is that of a member that is text: its length in characters, and its form.
type rule struct {
	name       string
	isRequired bool
	min, max   int
	form       func(text string) sim.Kind // the zero Kind is right; nil takes every text
}

// text reads a member; "" if it is not there or is not right.
func (t texts) text(k rule) string {
	field := t.at + k.name
	if !t.object.Has(k.name) {
		if k.isRequired {
			t.fault(field, reasonMissing, memberMissing)
		}
		return ""
	}
	text, ok := t.object.Text(k.name)
	if !ok {
		t.fault(field, reasonValue, memberType)
		return ""
	}
	return t.checked(field, text, k)
}

// checked holds a text to a rule.
func (r *reading) checked(field, text string, k rule) string {
	if text == "" && k.isRequired {
		r.fault(field, reasonMissing, memberMissing)
		return ""
	}
	if k.form != nil && text != "" {
		if kind := k.form(text); kind != (sim.Kind{}) {
			r.fault(field, reasonValue, kind)
			return ""
		}
	}
	if n := utf8.RuneCountInString(text); n > k.max || text != "" && n < k.min {
		r.fault(field, reasonLength, memberLength)
		return ""
	}
	return text
}

// list reads a member that is an array of no more than most; nil if it is not there.
func (t texts) list(name string, isRequired bool, most int) []json.RawMessage {
	field := t.at + name
	if !t.object.Has(name) {
		if isRequired {
			t.fault(field, reasonMissing, memberMissing)
		}
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(t.object[name], &list) != nil {
		t.fault(field, reasonValue, memberArray)
		return nil
	}
	if len(list) > most || isRequired && len(list) == 0 {
		t.fault(field, reasonArrayLength, arrayLength)
		return nil
	}
	return list
}

// listed reads an array of texts.
func (t texts) listed(name string, most int, k rule) (all []string) {
	for i, raw := range t.list(name, false, most) {
		field, text := fmt.Sprintf("%s%s[%d]", t.at, name, i), ""
		if sim.IsNull(raw) || json.Unmarshal(raw, &text) != nil {
			t.fault(field, reasonValue, memberType)
			continue
		}
		all = append(all, t.checked(field, text, k))
	}
	return all
}

// within reads a member that is an object.
func (t texts) within(name string, isRequired bool) (inner texts, ok bool) {
	field := t.at + name
	if !t.object.Has(name) {
		if isRequired {
			t.fault(field, reasonMissing, memberMissing)
		}
		return texts{}, false
	}
	return t.readObject(field, t.object[name])
}

// readObject reads an object that stands in a field.
func (r *reading) readObject(field string, raw json.RawMessage) (inner texts, ok bool) {
	o, fault := sim.ReadObject(raw)
	if fault != nil {
		r.fault(field, reasonValue, memberObject)
		return texts{}, false
	}
	return texts{r, o, field + "."}, true
}
