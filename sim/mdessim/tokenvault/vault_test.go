package tokenvault

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

const testPAN = "5555555555554444"

// bench is a vault with a clock that a test turns.
type bench struct {
	*Vault
	dir string
	now time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir(), now: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)}
	b.reopen(t)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func (b *bench) reopen(t *testing.T) {
	t.Helper()
	if b.Vault != nil {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if b.Vault, err = Open(b.dir, rand.Reader, func() time.Time { return b.now }); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) digitize(t *testing.T, requestor, wallet string, needsStepUp bool) Token {
	t.Helper()
	token, err := b.Digitize(Digitization{sim.NewCardNumber(testPAN), "1231", requestor, wallet, needsStepUp})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

const (
	google   = "50120834693"
	merchant = "50199900001"
)

// step is one act and what it leaves: the status and the letters of who holds it, or the
// reason of the refusal.
type step struct {
	by   Party
	call Call
	want string
}

func (s step) String() string { return string(s.by) + " " + string(s.call) }

func TestWhatMayBeDone(t *testing.T) {
	for _, c := range []struct {
		name, requestor string
		isInactive      bool
		kind            string
		steps           []step
	}{
		{"the issuer suspends, and lets go", google, false, "", []step{
			{Issuer, Suspend, "SUSPENDED I"}, {Issuer, Suspend, ReasonStatus}, {Issuer, Unsuspend, "ACTIVE"}, {Issuer, Unsuspend, ReasonStatus},
		}},
		{"each removes its own hold only", google, false, "", []step{
			{Cardholder, Suspend, "SUSPENDED C"}, {Issuer, Unsuspend, ReasonStatus}, {Issuer, Suspend, "SUSPENDED CI"}, {TokenRequestor, Suspend, "SUSPENDED CIT"},
			{Issuer, Unsuspend, "SUSPENDED CT"}, {Cardholder, Unsuspend, "SUSPENDED T"}, {TokenRequestor, Unsuspend, "ACTIVE"},
		}},
		{"another wallet's cardholder joins the issuer", google, false, "", []step{{Issuer, Suspend, "SUSPENDED I"}, {Cardholder, Suspend, "SUSPENDED IC"}}},
		{"Apple's cardholder does not", applePay, false, "", []step{{Issuer, Suspend, "SUSPENDED I"}, {Cardholder, Suspend, ReasonStatus}, {Cardholder, Unsuspend, ReasonStatus}}},
		{"Apple's issuer joins the cardholder", applePay, false, "", []step{
			{Cardholder, Suspend, "SUSPENDED C"}, {Issuer, Suspend, "SUSPENDED CI"}, {Issuer, Unsuspend, "SUSPENDED C"}, {Issuer, Unsuspend, "ACTIVE"},
		}},
		{"Apple's issuer does not override the requestor", applePay, false, "", []step{{TokenRequestor, Suspend, "SUSPENDED T"}, {Issuer, Unsuspend, ReasonStatus}}},
		{"deletion is final", google, false, "", []step{
			{Issuer, Suspend, "SUSPENDED I"}, {Issuer, Delete, "DEACTIVATED"}, {Issuer, Delete, ReasonStatus}, {Issuer, Suspend, ReasonStatus},
			{Issuer, Unsuspend, ReasonStatus}, {Issuer, Activate, ReasonStatus}, {Issuer, Resend, ReasonStatus},
		}},
		{"one in progress is activated", google, true, "", []step{{Issuer, Resend, "INACTIVE"}, {Issuer, Activate, "ACTIVE"}, {Issuer, Activate, ReasonStatus}, {Issuer, Resend, ReasonStatus}}},
		{"one in progress is deleted, and not suspended", google, true, "", []step{{Issuer, Suspend, ReasonStatus}, {Issuer, Unsuspend, ReasonStatus}, {Issuer, Delete, "DEACTIVATED"}}},
		{"one that never reached the phone", google, true, "provisioningStatus\":\"F", []step{{Issuer, Activate, ReasonWorkflow}, {Issuer, Delete, "DEACTIVATED"}}},
		{"one on file knows no cardholder", merchant, false, "tokenType\":\"F", []step{{Cardholder, Suspend, ReasonStatus}, {TokenRequestor, Suspend, "SUSPENDED T"}, {Issuer, Suspend, "SUSPENDED TI"}}},
		{"an act that there is not", google, false, "", []step{{Issuer, Digitize, "act_unknown"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			token := b.digitize(t, c.requestor, "somewallet", c.isInactive)
			if c.kind != "" {
				b.rewrite(t, `"status"`, `"`+c.kind+`","status"`)
			}
			for _, s := range c.steps {
				before, _ := b.Token(token.TokenUniqueReference)
				_, err := b.Apply(token.TokenUniqueReference, Act{Call: s.call, By: s.by})
				after, _ := b.Token(token.TokenUniqueReference)
				got := walletport.ReasonOf(err)
				if err == nil {
					got = shown(after)
				} else if !cmp.Equal(before, after) {
					t.Errorf("%s: refused, and changed all the same", s)
				}
				if got != s.want {
					t.Fatalf("%s: %s, want %s", s, got, s.want)
				}
			}
			before := b.History(token.TokenUniqueReference)
			b.reopen(t)
			if diff := cmp.Diff(before, b.History(token.TokenUniqueReference)); diff != "" {
				t.Errorf("history over a restart (-before +after):\n%s", diff)
			}
		})
	}
}

func shown(t Token) string {
	text := string(t.Status)
	for i, party := range t.Suspenders {
		if i == 0 {
			text += " "
		}
		text += string(party[0])
	}
	return text
}

// rewrite changes the ledger as another release would have written it.
func (b *bench) rewrite(t *testing.T, old, text string) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(b.dir, "tokens.jsonl")
	lines, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(lines), old, text, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Vault = nil
	b.reopen(t)
}

func TestATokenThatIsRemovedFromThePhone(t *testing.T) {
	b := newBench(t)
	token := b.digitize(t, google, "googlepay", false)
	remove := Act{Call: Delete, By: Cardholder, FromApp: true}
	mustApply := func(a Act) Token {
		t.Helper()
		changed, err := b.Apply(token.TokenUniqueReference, a)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	if removed := mustApply(remove); removed.Status != StatusActive || !removed.IsDeletedFromApp() {
		t.Fatalf("it is %+v: it should go on to pay", removed)
	}
	if _, err := b.Apply(token.TokenUniqueReference, remove); walletport.ReasonOf(err) != ReasonStatus {
		t.Errorf("a second time: %v", err)
	}
	mustApply(Act{Call: Suspend, By: Issuer})
	mustApply(Act{Call: Unsuspend, By: Issuer})
	if _, err := b.Apply(token.TokenUniqueReference, Act{Call: Activate, By: Issuer}); walletport.ReasonOf(err) != ReasonStatus {
		t.Errorf("activated although nobody adds it again: %v", err)
	}

	b.now = b.now.Add(94 * 24 * time.Hour)
	if other := b.digitize(t, google, "another phone", false); other.TokenUniqueReference == token.TokenUniqueReference {
		t.Error("it came back on another phone")
	}
	again := b.digitize(t, google, "googlepay", true)
	if again.TokenUniqueReference != token.TokenUniqueReference || !again.IsDeletedFromApp() || again.Status != StatusActive || again.Progress() != ProvisioningAwaits {
		t.Fatalf("added again it is %+v", again)
	}
	if active := mustApply(Act{Call: Activate, By: Issuer}); active.IsDeletedFromApp() || active.Status != StatusActive {
		t.Errorf("activated again it is %+v", active)
	}
	mustApply(remove)
	if again := b.digitize(t, google, "googlepay", false); again.TokenUniqueReference != token.TokenUniqueReference || again.IsDeletedFromApp() {
		t.Errorf("added again with a TAV it is %+v", again)
	}

	mustApply(remove)
	lapses := b.now.Add(95 * 24 * time.Hour)
	b.now = lapses.Add(time.Hour)
	if lapsed, _ := b.Token(token.TokenUniqueReference); lapsed.Status != StatusDeactivated {
		t.Errorf("after 95 days it is %s", lapsed.Status)
	}
	history := b.History(token.TokenUniqueReference)
	if last := *history[len(history)-1].Change; last.Call != Delete || last.By != MDES || !last.At.Equal(lapses) {
		t.Errorf("its history ends with %+v", last)
	}
	if _, err := b.Apply(token.TokenUniqueReference, Act{Call: Suspend, By: Issuer}); walletport.ReasonOf(err) != ReasonStatus {
		t.Errorf("suspended after its end: %v", err)
	}
	if fresh := b.digitize(t, google, "googlepay", false); fresh.TokenUniqueReference == token.TokenUniqueReference {
		t.Error("it came back after its end")
	}
}

// The line is one that a sandbox of release 1 wrote.
func TestTheLedgerOfAnOlderSandbox(t *testing.T) {
	b := newBench(t)
	reference := prefixTUR + strings.Repeat("a", 32)
	if err := os.WriteFile(filepath.Join(b.dir, "tokens.jsonl"), []byte(`{"tokenUniqueReference":"`+reference+`","panUniqueReference":"`+b.PANReference(sim.NewCardNumber(testPAN))+
		`","status":"ACTIVE","tokenRequestorId":"50199900001","walletProvider":"acme-wallet","accountPanSuffix":"4444","createdAt":"2026-01-02T03:04:05Z","activatedAt":"2026-01-02T03:04:05Z"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.reopen(t)
	token, ok := b.Token(reference)
	if !ok || token.Type() != "C" || token.Progress() != ProvisioningSuccess {
		t.Fatalf("it is read as %+v", token)
	}
	made := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if history := b.History(reference); len(history) != 1 || !cmp.Equal(*history[0].Change, Change{Call: Digitize, By: TokenRequestor, At: made}) {
		t.Errorf("its history is %+v", history)
	}
	if _, err := b.Apply(reference, Act{Call: Suspend, By: Issuer}); err != nil {
		t.Error(err)
	}
}

func TestCommentsFindATokenAgain(t *testing.T) {
	b := newBench(t)
	token, other := b.digitize(t, google, "googlepay", false), b.digitize(t, google, "googlepay", false)
	for _, call := range []Call{Suspend, Unsuspend} {
		if _, err := b.Apply(token.TokenUniqueReference, Act{Call: call, By: Issuer, CommentID: "ID-" + string(call)}); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[string]bool{"ID-suspend": true, "ID-unsuspend": true, "ID": false, "": false} {
		if found, ok := b.Commented(id); ok != want || ok && found.TokenUniqueReference != token.TokenUniqueReference {
			t.Errorf("comment %q finds %v", id, found)
		}
	}
	if b.LastComment(token.TokenUniqueReference) != "ID-unsuspend" || b.LastComment(other.TokenUniqueReference) != "" {
		t.Error("the newest comment is another")
	}
	if _, err := b.Apply("DWSPMC", Act{Call: Suspend, By: Issuer}); walletport.ReasonOf(err) != "token_unknown" {
		t.Errorf("a token that there is not: %v", err)
	}
	if b.History("DWSPMC") != nil {
		t.Error("it has a history")
	}
}

func TestATokenHasANumberOfItsOwn(t *testing.T) {
	b := newBench(t)
	token, other := b.digitize(t, google, "googlepay", false), b.digitize(t, google, "googlepay", false)
	number := b.Number(token).Clear()
	if len(number) != 16 || !sim.HasLuhnDigit(number) || number == b.Number(other).Clear() || number == testPAN {
		t.Errorf("the number has %d digits", len(number))
	}
	b.reopen(t)
	if b.Number(token).Clear() != number {
		t.Error("it changed over a restart")
	}
	if all := b.Tokens(nil); len(all) != 2 || !slices.EqualFunc(all, []Token{token, other}, func(x, y Token) bool { return cmp.Equal(x, y) }) {
		t.Errorf("the tokens are %+v", all)
	}
	lines, err := os.ReadFile(filepath.Join(b.dir, "tokens.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{testPAN, number} {
		if strings.Contains(string(lines), secret) {
			t.Error("a number is written to disk")
		}
	}
}
