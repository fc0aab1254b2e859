package walletport_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport"
)

// arrows are those of the Wallet API's table, and the one from SOFTDELETED.
var arrows = map[string]walletport.TokenStatus{
	"INACTIVE activate":      "ACTIVE",
	"INACTIVE deactivate":    "DEACTIVATED",
	"ACTIVE suspend":         "SUSPENDED",
	"ACTIVE deactivate":      "DEACTIVATED",
	"SUSPENDED resume":       "ACTIVE",
	"SUSPENDED deactivate":   "DEACTIVATED",
	"SOFTDELETED deactivate": "DEACTIVATED",
}

func TestTokenTransitions(t *testing.T) {
	allowed := map[walletport.TokenStatus]string{
		walletport.TokenInactive:    "activate, deactivate",
		walletport.TokenActive:      "suspend, deactivate",
		walletport.TokenSuspended:   "resume, deactivate",
		walletport.TokenDeactivated: "",
		walletport.TokenSoftDeleted: "deactivate",
	}
	if len(walletport.TokenStatuses()) != len(allowed) || len(walletport.TokenActions()) != 4 {
		t.Fatalf("there are the states %v and the actions %v", walletport.TokenStatuses(), walletport.TokenActions())
	}
	seen := 0
	for _, from := range walletport.TokenStatuses() {
		for _, action := range walletport.TokenActions() {
			name := fmt.Sprintf("%s %s", from, action)
			t.Run(name, func(t *testing.T) {
				got, err := from.After(action)
				want, ok := arrows[name]
				if got != want || (err == nil) != ok {
					t.Fatalf("After = %q, %v, want %q, allowed %v", got, err, want, ok)
				}
				if slices.Contains(from.Actions(), action) != ok {
					t.Errorf("Actions = %v, want %s among them: %v", from.Actions(), action, ok)
				}
				if ok {
					seen++
					return
				}
				if walletport.CodeOf(err) != walletport.CodeConflict || walletport.ReasonOf(err) != "token_transition_not_allowed" {
					t.Errorf("After refuses with %v", err)
				}
				if !strings.Contains(err.Error(), string(from)) || !strings.HasSuffix(err.Error(), allowed[from]) {
					t.Errorf("the refusal %q does not name the state, or does not end in %q", err, allowed[from])
				}
			})
		}
	}
	if seen != len(arrows) {
		t.Errorf("%d arrows, want %d", seen, len(arrows))
	}
	t.Run("a state that nobody knows allows nothing", func(t *testing.T) {
		if got, err := walletport.TokenStatus("PAUSED").After(walletport.TokenResume); err == nil || got != "" {
			t.Errorf("After = %q, %v", got, err)
		}
	})
}

func TestTokenIDText(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       walletport.TokenID
	}{
		{"the first", "1", 1},
		{"the highest that every reader keeps", "9007199254740991", 9007199254740991},
		{"one above it", "9007199254740992", 0},
		{"above int64", "9223372036854775808", 0},
		{"zero", "0", 0},
		{"below zero", "-1", 0},
		{"a leading zero", "01", 0},
		{"a plus", "+1", 0},
		{"a space", " 1", 0},
		{"a fraction", "1.0", 0},
		{"an underscore", "1_0", 0},
		{"another digit of Unicode", "١", 0},
		{"a card number", testPAN, 0},
		{"a word", "all", 0},
		{"nothing", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := walletport.ParseTokenID(c.text)
			if got != c.want || (err == nil) != (c.want != 0) {
				t.Fatalf("ParseTokenID = %d, %v, want %d", got, err, c.want)
			}
			if err != nil && (walletport.CodeOf(err) != walletport.CodeNotFound || walletport.ReasonOf(err) != "token_not_found") {
				t.Errorf("ParseTokenID refuses with %v", err)
			}
			if err == nil && got.String() != c.text {
				t.Errorf("String = %s, want %s", got, c.text)
			}
		})
	}
	t.Run("JSON has it as a string", func(t *testing.T) {
		type item struct {
			TokenID walletport.TokenID `json:"tokenId"`
		}
		text, err := json.Marshal(item{4711})
		if err != nil || string(text) != `{"tokenId":"4711"}` {
			t.Fatalf("Marshal = %s, %v", text, err)
		}
		var back item
		if err := json.Unmarshal(text, &back); err != nil || back.TokenID != 4711 {
			t.Errorf("Unmarshal = %+v, %v", back, err)
		}
		for _, bad := range []string{`{"tokenId":4711}`, `{"tokenId":""}`, `{"tokenId":"x"}`} {
			if err := json.Unmarshal([]byte(bad), &back); err == nil {
				t.Errorf("Unmarshal takes %s", bad)
			}
		}
	})
}

func FuzzParseTokenID(f *testing.F) {
	for _, seed := range []string{"1", "9007199254740991", "-1", "01", "9223372036854775808", testPAN} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := walletport.ParseTokenID(text)
		if err == nil && (id < 1 || id.String() != text) || err != nil && id != 0 {
			t.Errorf("ParseTokenID(%q) = %d, %v", text, id, err)
		}
	})
}

func TestParseTokenWords(t *testing.T) {
	for _, a := range walletport.TokenActions() {
		if got, err := walletport.ParseTokenAction(string(a)); err != nil || got != a {
			t.Errorf("ParseTokenAction(%s) = %s, %v", a, got, err)
		}
	}
	for _, bad := range []string{"", "SUSPEND", "Suspend", "unsuspend", "delete", testPAN} {
		got, err := walletport.ParseTokenAction(bad)
		if got != "" || walletport.CodeOf(err) != walletport.CodeNotFound || walletport.ReasonOf(err) != "token_action_unknown" || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("ParseTokenAction(%q) = %q, %v", bad, got, err)
		}
	}
	for _, r := range walletport.TokenReasons() {
		if got, err := walletport.ParseTokenReason(string(r)); err != nil || got != r {
			t.Errorf("ParseTokenReason(%s) = %s, %v", r, got, err)
		}
	}
	for _, bad := range []string{"", "LOST", "found", testPAN} {
		got, err := walletport.ParseTokenReason(bad)
		if got != "" || walletport.CodeOf(err) != walletport.CodeInvalid || walletport.ReasonOf(err) != "token_reason_unknown" {
			t.Errorf("ParseTokenReason(%q) = %q, %v", bad, got, err)
		}
	}
}

func TestTokenRefRule(t *testing.T) {
	ref := func(requestor, reference string) walletport.TokenRef {
		return walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: requestor, Reference: reference}
	}
	for _, c := range []struct {
		name string
		ref  walletport.TokenRef
		ok   bool
	}{
		{"Mastercard's", ref("50110030273", "DWSPMC000000000132d72d4fcb2f4136a0532d3093ff1a45"), true},
		{"Visa's", walletport.TokenRef{Scheme: walletport.Visa, Requestor: "40010075001", Reference: "DNITHE300000000000000001"}, true},
		{"a short requestor", ref("216", "x"), true},
		{"64 characters", ref("1", strings.Repeat("a", 64)), true},
		{"signs of base64", ref("1", "a+/="), true},
		{"65 characters", ref("1", strings.Repeat("a", 65)), false},
		{"no reference", ref("1", ""), false},
		{"a space", ref("1", "a b"), false},
		{"a line break", ref("1", "a\nb"), false},
		{"a letter beyond ASCII", ref("1", "é"), false},
		{"a card number", ref("1", testPAN), false},
		{"no requestor", ref("", "x"), false},
		{"12 digits of a requestor", ref("123456789012", "x"), false},
		{"letters in a requestor", ref("acme", "x"), false},
		{"no scheme", walletport.TokenRef{Requestor: "1", Reference: "x"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.ref.Rule(); (got == "") != c.ok {
				t.Errorf("Rule = %q, want ok %v", got, c.ok)
			}
		})
	}
}

func TestHoldersDiffer(t *testing.T) {
	seen := map[walletport.Holder]bool{}
	for _, h := range walletport.Holders() {
		if h == "" || seen[h] {
			t.Errorf("Holders has %q twice", h)
		}
		seen[h] = true
	}
}
