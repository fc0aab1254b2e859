package sim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/sim"
)

var (
	grave = sim.Kind{Code: "grave", Remedy: "mend it"}
	other = sim.Kind{Code: "other", Remedy: "mend that"}
	minor = sim.Kind{Code: "minor", Remedy: "mend it some day", Tolerated: true}
	slips = sim.Kind{Code: "slips", Remedy: "mend that some day", Tolerated: true}
)

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		accepted    bool
		run         func(*sim.Checklist)
	}{
		{"all rules hold", "", true, func(l *sim.Checklist) { l.Pass("a", ""); l.Pass("b", ""); l.Pass("c", "") }},
		{"a rule that was never reached", "", false, func(l *sim.Checklist) { l.Pass("a", ""); l.Pass("b", "") }},
		{"a rule that could not be checked", "", false, func(l *sim.Checklist) { l.Pass("a", ""); l.Skip("needs a key", "b", "c") }},
		{"the first in order, not in time", "grave", false, func(l *sim.Checklist) { l.Fail("c", other, ""); l.Fail("a", grave, ""); l.Pass("b", "") }},
		{"a tolerated fault", "minor", true, func(l *sim.Checklist) { l.Pass("a", ""); l.Fail("b", minor, ""); l.Pass("c", "") }},
		{"the last of two tolerated faults", "slips", true, func(l *sim.Checklist) { l.Fail("a", minor, ""); l.Fail("b", slips, ""); l.Pass("c", "") }},
		{"a refusing fault before tolerated ones", "grave", false, func(l *sim.Checklist) { l.Fail("a", minor, ""); l.Pass("b", ""); l.Fail("c", grave, "") }},
		{"the first fault of a rule stays", "grave", false, func(l *sim.Checklist) {
			l.Fail("a", grave, "")
			l.Fail("a", other, "")
			l.Pass("a", "")
			l.Pass("b", "")
			l.Pass("c", "")
		}},
		{"a fault beats an earlier pass", "grave", false, func(l *sim.Checklist) { l.Pass("a", ""); l.Fail("a", grave, ""); l.Pass("b", ""); l.Pass("c", "") }},
		{"rules taken off the list", "", true, func(l *sim.Checklist) { l.Pass("a", ""); l.Fail("b", grave, ""); l.Drop("b", "c") }},
		{"a rule put on the list", "", false, func(l *sim.Checklist) { l.Pass("a", ""); l.Pass("b", ""); l.Pass("c", ""); l.Insert("a", "x") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := sim.NewChecklist([]string{"a", "b", "c"})
			c.run(list)
			v := list.Verdict()
			if v.Accepted != c.accepted || codeOf(v) != c.fault {
				t.Errorf("accepted %v, fault %q; want %v, %q", v.Accepted, codeOf(v), c.accepted, c.fault)
			}
		})
	}
}

func codeOf(v sim.Verdict) string {
	if v.FirstFault == nil {
		return ""
	}
	return v.FirstFault.Code
}

func TestChecksStandInOrder(t *testing.T) {
	order := []string{"a", "c"}
	list := sim.NewChecklist(order)
	list.Insert("a", "b")
	list.Skip("no key", "c")
	if list.Fail("b", grave, "%d bytes", 7) || !list.Failed("b") || list.Failed("a") {
		t.Error("Fail is not false, or Failed does not tell")
	}
	list.Pass("a", "%d bytes", 9)
	want := sim.Verdict{Checks: []sim.Check{{Name: "a", OK: true, Detail: "9 bytes"}, {Name: "b", Detail: "7 bytes"}, {Name: "c", Skipped: true, Detail: "no key"}},
		FirstFault: &sim.Fault{Code: "grave", Detail: "7 bytes", Remedy: "mend it"}}
	if diff := cmp.Diff(want, list.Verdict()); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
	if order[1] != "c" {
		t.Error("the caller's list was changed")
	}
}

func TestThen(t *testing.T) {
	fault := func(code string) *sim.Fault { return &sim.Fault{Code: code} }
	verdict := func(accepted bool, f *sim.Fault, check string) sim.Verdict {
		return sim.Verdict{Accepted: accepted, FirstFault: f, Checks: []sim.Check{{Name: check}}}
	}
	for _, c := range []struct {
		name        string
		first, next sim.Verdict
		accepted    bool
		fault       string
	}{
		{"both accept", verdict(true, nil, "a"), verdict(true, nil, "b"), true, ""},
		{"the second refuses", verdict(true, nil, "a"), verdict(false, fault("second"), "b"), false, "second"},
		{"the first refuses", verdict(false, fault("first"), "a"), verdict(true, nil, "b"), false, "first"},
		{"both refuse", verdict(false, fault("first"), "a"), verdict(false, fault("second"), "b"), false, "first"},
		{"a refusal behind a reservation", verdict(true, fault("first"), "a"), verdict(false, fault("second"), "b"), false, "second"},
		{"a reservation behind a refusal", verdict(false, fault("first"), "a"), verdict(true, fault("second"), "b"), false, "first"},
		{"the first could not check all", verdict(false, nil, "a"), verdict(true, fault("second"), "b"), false, "second"},
		{"two reservations", verdict(true, fault("first"), "a"), verdict(true, fault("second"), "b"), true, "second"},
		{"a reservation of the first", verdict(true, fault("first"), "a"), verdict(true, nil, "b"), true, "first"},
		{"a reservation and what could not be checked", verdict(true, fault("first"), "a"), verdict(false, nil, "b"), false, "first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			joined := c.first.Then(c.next)
			if joined.Accepted != c.accepted || codeOf(joined) != c.fault || len(joined.Checks) != 2 || joined.Checks[1].Name != "b" {
				t.Errorf("%+v; want accepted %v, fault %q", joined, c.accepted, c.fault)
			}
		})
	}
}

func TestOf(t *testing.T) {
	if k := grave.Of("outer_"); k.Code != "outer_grave" || k.Remedy != grave.Remedy || grave.Code != "grave" {
		t.Errorf("%+v", k)
	}
}
