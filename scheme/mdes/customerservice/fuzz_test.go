package customerservice_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes/customerservice"
)

// seed hands the fuzzer each answer that the tests read, and what fails.
func seed(f *testing.F) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "answers", "*.json"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no answers: %v", err)
	}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(100, body) // is HTTP 200
	}
	for _, body := range []string{"", "{}", "null", "<html>", errorBody("INPUT", "EMPTY_RESULT"), `{"errors":[{"reasonCode":1}]}`, errorBody(testPAN, testPAN)} {
		f.Add(300, []byte(body))
		f.Add(403, []byte(body))
	}
}

// anyAnswer has a status that HTTP has.
func anyAnswer(status int, body []byte) scheme.Answer {
	return answer(100+max(status, -status-1)%500, string(body))
}

// checkError holds every error to the contract: one of ours, without a card number.
func checkError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if walletport.CodeOf(err) == walletport.CodeInternal {
		t.Errorf("%v is none of the contract's errors", err)
	}
	if walletport.ContainsPAN(err.Error()) {
		t.Error("the error holds a card number")
	}
}

func checkTexts(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !walletport.IsPlainText(text) || walletport.ContainsPAN(text) || len([]rune(text)) > 100 {
			t.Errorf("%q must not be kept", text)
		}
	}
}

func checkToken(t *testing.T, token scheme.Token) {
	t.Helper()
	checkTexts(t, token.Requestor, token.Device.ID, token.Device.Name)
	if token.Ref.Reference == "" || len(token.Ref.Reference) > 64 || !walletport.IsPrintable(token.Ref.Reference, " ") {
		t.Errorf("a token has the reference %q", token.Ref.Reference)
	}
	for _, digits := range []string{token.LastFour, token.CardLastFour} {
		if digits != "" && (len(digits) != 4 || !walletport.IsDigits(digits)) {
			t.Errorf("the last four digits are %q", digits)
		}
	}
	if rule := token.Expiry.Rule(); rule != "" && token.Expiry != (walletport.Expiry{}) {
		t.Errorf("the expiry is %+v: %s", token.Expiry, rule)
	}
}

func FuzzReadPage(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		page, err := must[scheme.Query[scheme.TokenPage]](t)(mustMessages(t, nil).CardTokens(cardInput(t))).Read(anyAnswer(status, body))
		checkError(t, err)
		for _, token := range page.Tokens {
			checkToken(t, token)
		}
		if err == nil && page.Next != "" {
			in := cardInput(t)
			in.After = page.Next
			if _, err := mustMessages(t, nil).CardTokens(in); err != nil {
				t.Errorf("there is no page after %q: %v", page.Next, err)
			}
		}
	})
}

func FuzzReadToken(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		token, err := must[scheme.Query[scheme.Token]](t)(mustMessages(t, nil).Token(tokenInput())).Read(anyAnswer(status, body))
		checkError(t, err)
		if err == nil {
			checkToken(t, token)
		}
	})
}

// FuzzReadChange: nothing counts as done that does not name the token.
func FuzzReadChange(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := anyAnswer(status, body)
		outcome := must[scheme.Command](t)(mustMessages(t, nil).ChangeToken(changeInput(walletport.TokenSuspend))).Read(a)
		checkError(t, outcome.Err)
		isDone := outcome.Effect == scheme.Done
		if isDone != (outcome.Err == nil) {
			t.Errorf("effect %d with error %v", outcome.Effect, outcome.Err)
		}
		if isDone && (a.Status < 200 || a.Status > 299 || !strings.Contains(string(body), "DWSPMC") && !strings.Contains(string(body), `\u`)) {
			t.Errorf("HTTP %d, %q: taken for done", a.Status, body)
		}
	})
}

func FuzzReadHistory(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		events, err := must[scheme.Query[[]scheme.TokenEvent]](t)(mustMessages(t, nil).TokenHistory(tokenInput())).Read(anyAnswer(status, body))
		checkError(t, err)
		for _, e := range events {
			checkTexts(t, e.Reason, e.Reference, e.User)
		}
		mustMessages(t, nil).Judge(scheme.Evidence{Action: walletport.TokenSuspend, By: testUser, SentAt: testNow, Now: testNow, History: events, HasHistory: true})
	})
}

func FuzzReadMethods(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		methods, err := must[scheme.Query[[]customerservice.ActivationMethod]](t)(mustMessages(t, nil).ActivationMethods(tokenInput())).Read(anyAnswer(status, body))
		checkError(t, err)
		for _, m := range methods {
			checkTexts(t, m.ID, m.Type, m.Value)
		}
	})
}

func FuzzReadRequestor(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		requestor, err := must[scheme.Query[customerservice.Requestor]](t)(mustMessages(t, nil).Requestor(customerservice.RequestorInput{Access: testAccess(), By: testUser, ID: testTRID})).Read(anyAnswer(status, body))
		checkError(t, err)
		checkTexts(t, requestor.Name, requestor.ConsumerName)
	})
}

// FuzzAuditInfo: whatever an auditUser is, what goes to Mastercard fits its limits.
func FuzzAuditInfo(f *testing.F) {
	for _, by := range []string{"a", "ada@acme.example", strings.Repeat("4", 60), strings.Repeat("é", 120), `"\`} {
		f.Add(by)
	}
	f.Fuzz(func(t *testing.T, text string) {
		by, err := walletport.ParseAuditUser(text)
		if err != nil {
			return // refused before any message is made
		}
		got := auditOf(t, mustMessages(t, nil), by)
		for limit, name := range map[int]string{50: got.UserID, 200: got.UserName} {
			if n := len([]rune(name)); n < 4 || n > limit || walletport.ContainsPAN(name) {
				t.Errorf("%q becomes %q", text, name)
			}
		}
	})
}
