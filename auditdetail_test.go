package walletport_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport"
)

func TestAuditDetails(t *testing.T) {
	var none walletport.AuditDetails
	one := none.With("b", "1")
	all := one.With("a", "2").With("c", "3").With("b", "4")
	want := walletport.AuditDetails{{Name: "a", Value: "2"}, {Name: "b", Value: "4"}, {Name: "c", Value: "3"}}
	if !slices.Equal(all, want) {
		t.Errorf("details %v, want %v: each once, in the order of names", all, want)
	}
	if got := one.Get("b"); got != "1" || len(none) != 0 {
		t.Errorf("a copy changed what it was made of: %v", one)
	}
	if got := all.With("b", "").With("x", ""); !slices.Equal(got, walletport.AuditDetails{{Name: "a", Value: "2"}, {Name: "c", Value: "3"}}) {
		t.Errorf("an empty value leaves %v", got)
	}
	if got := all.Get("x"); got != "" {
		t.Errorf("Get of a detail that is not there = %q", got)
	}
	for name, valid := range map[walletport.DetailName]bool{
		"old_status": true, "a1": true, "": false, "A": false, "1a": false, "_a": false, "a-b": false, "é": false,
		walletport.DetailName(strings.Repeat("a", 48)): true, walletport.DetailName(strings.Repeat("a", 49)): false,
	} {
		if name.Valid() != valid {
			t.Errorf("%q.Valid() = %v", name, !valid)
		}
	}
}
