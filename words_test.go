package walletport_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
)

func TestParseAuditUser(t *testing.T) {
	for _, c := range []struct{ name, in, reason string }{
		{"an e-mail address is taken", "ada.lovelace@bank.example", ""},
		{"letters of any language are taken", "Åsa Öberg 李", ""},
		{"256 bytes are taken", strings.Repeat("a", 256), ""},
		{"nothing is refused", "", "audit_user_missing"},
		{"blanks are refused", "   ", "audit_user_missing"},
		{"257 bytes are refused", strings.Repeat("a", 257), "audit_user_too_long"},
		{"10 kB are refused", strings.Repeat("a", 10_000), "audit_user_too_long"},
		{"a line break is refused", "a\nb", "audit_user_malformed"},
		{"a NUL is refused", "a\x00b", "audit_user_malformed"},
		{"an escape is refused", "a\x1b[31mb", "audit_user_malformed"},
		{"a right-to-left override is refused", "a\u202eb", "audit_user_malformed"},
		{"broken UTF-8 is refused", "a\xffb", "audit_user_malformed"},
		{"a PAN is refused", "user " + testPAN, "audit_user_contains_pan"},
		{"a spaced PAN is refused", "5204 2477 5000 1471", "audit_user_contains_pan"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := walletport.ParseAuditUser(c.in)
			if reason := walletport.ReasonOf(err); reason != c.reason {
				t.Fatalf("reason %q, want %q", reason, c.reason)
			}
			if err == nil && string(got) != c.in {
				t.Errorf("ParseAuditUser changed the text")
			}
			if err != nil && (got != "" || walletport.CodeOf(err) != walletport.CodeInvalid) {
				t.Errorf("a refusal gave %q, code %q", got, walletport.CodeOf(err))
			}
		})
	}
}

func TestParseWalletProviderID(t *testing.T) {
	for _, c := range []struct {
		name, in string
		ok       bool
	}{
		{"a plain name is taken", "acme-wallet_2.0", true},
		{"64 characters are taken", strings.Repeat("a", 64), true},
		{"65 characters are refused", strings.Repeat("a", 65), false},
		{"nothing is refused", "", false},
		{"a slash is refused", "a/b", false},
		{"a space is refused", "a b", false},
		{"a PAN is refused", testPAN, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := walletport.ParseWalletProviderID(c.in)
			if (err == nil) != c.ok {
				t.Fatalf("error %v, want ok %v", err, c.ok)
			}
			if err != nil && walletport.ReasonOf(err) != "wallet_provider_not_found" {
				t.Errorf("reason %q", walletport.ReasonOf(err))
			}
		})
	}
}

func TestParseIssuerID(t *testing.T) {
	for _, c := range []struct {
		name, in string
		ok       bool
	}{
		{"a plain name is taken", "acme-bank_2.eu", true},
		{"64 characters are taken", strings.Repeat("a", 64), true},
		{"65 characters are refused", strings.Repeat("a", 65), false},
		{"nothing is refused", "", false},
		{"a slash is refused", "acme/bank", false},
		{"a letter beyond ASCII is refused", "acmé", false},
		{"a PAN is refused", testPAN, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := walletport.ParseIssuerID(c.in)
			if (err == nil) != c.ok {
				t.Fatalf("error %v, want ok %v", err, c.ok)
			}
			if c.ok && string(got) != c.in {
				t.Errorf("ParseIssuerID changed the text")
			}
			if !c.ok && walletport.ReasonOf(err) != "issuer_malformed" {
				t.Errorf("reason %q", walletport.ReasonOf(err))
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	e, err := walletport.ParseExpiry("02", "2028")
	if err != nil {
		t.Fatal(err)
	}
	if e.MM() != "02" || e.YY() != "28" || e.YYYY() != "2028" || e.MMYY() != "0228" {
		t.Errorf("forms: %s %s %s %s", e.MM(), e.YY(), e.YYYY(), e.MMYY())
	}
	lastMoment := time.Date(2028, 2, 29, 23, 59, 59, 999, time.UTC)
	if e.ExpiredAt(lastMoment) || !e.ExpiredAt(lastMoment.Add(time.Second)) {
		t.Errorf("a card is good to the last moment of its month, and no longer")
	}
	december, err := walletport.ParseExpiry("12", "2027")
	if err != nil {
		t.Fatal(err)
	}
	if december.ExpiredAt(time.Date(2027, 12, 31, 23, 0, 0, 0, time.UTC)) || !december.ExpiredAt(time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("December ends with the year")
	}
	for _, bad := range [][2]string{{"13", "2028"}, {"00", "2028"}, {"2", "2028"}, {"02", "28"}, {"02", "1999"}, {"0x", "2028"}, {"02", "20x8"}, {"", ""}} {
		if _, err := walletport.ParseExpiry(bad[0], bad[1]); err == nil {
			t.Errorf("ParseExpiry(%q, %q) is taken", bad[0], bad[1])
		}
	}
}

func TestErrorVocabulary(t *testing.T) {
	cause := errors.New("driver text")
	err := error(walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "the store is away").WithCause(cause))
	if walletport.CodeOf(err) != walletport.CodeUnavailable || walletport.ReasonOf(err) != "store_unavailable" || !errors.Is(err, cause) {
		t.Errorf("class, reason or cause is lost: %v", err)
	}
	if walletport.CodeOf(cause) != walletport.CodeInternal || walletport.ReasonOf(cause) != "internal" {
		t.Errorf("a foreign error is not internal")
	}
	if walletport.CodeOf(nil) != "" || walletport.ReasonOf(nil) != "" {
		t.Errorf("nil has a class")
	}
}

func TestActor(t *testing.T) {
	a := walletport.Actor{ClientID: "c", Issuers: []walletport.IssuerID{"acme"}, Scopes: []walletport.Scope{walletport.ScopeProvision}}
	ctx := walletport.WithActor(t.Context(), a)
	got := walletport.ActorFrom(ctx)
	if !got.May(walletport.ScopeProvision) || got.May(walletport.ScopeCards) || !got.ActsFor("acme") || got.ActsFor("other") {
		t.Errorf("actor %+v may the wrong things", got)
	}
	nobody := walletport.ActorFrom(t.Context())
	if nobody.May(walletport.ScopeProvision) || nobody.ActsFor("acme") {
		t.Errorf("nobody may something")
	}
}

func TestCardIDThatIsAPAN(t *testing.T) {
	for id, want := range map[walletport.CardID]bool{
		5204247750001471: true, 4761120010000492: true, 5204247750001472: false, 3782822463100050: false,
		1001: false, -1: false, -5204247750001471: true, 1 << 62: false,
		5204247750001471000: false, 378282246310005: false,
	} {
		if got := id.IsPAN(); got != want {
			t.Errorf("IsPAN of an id of %d characters = %v, want %v", len(id.String()), got, want)
		}
	}
}
