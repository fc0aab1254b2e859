package customerservice_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/scheme/mdes/customerservice"
)

func mustBody(t *testing.T, request makeRequest) []byte {
	t.Helper()
	made, err := request(testNow, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return made.Body
}

type auditInfo struct{ UserID, UserName, Organization, Phone string }

func auditOf(t *testing.T, m *customerservice.Messages, by walletport.AuditUser) auditInfo {
	t.Helper()
	in := tokenInput()
	in.By = by
	var body struct {
		SearchRequest struct{ AuditInfo auditInfo }
	}
	if err := json.Unmarshal(mustBody(t, must[scheme.Query[scheme.Token]](t)(m.Token(in)).Request), &body); err != nil {
		t.Fatal(err)
	}
	return body.SearchRequest.AuditInfo
}

func TestAuditInfo(t *testing.T) {
	m := mustMessages(t, nil)
	for _, c := range []struct{ name, by, userID, userName string }{
		{"as it is", "ada@acme.example", "ada@acme.example", "ada@acme.example"},
		{"four characters", "adam", "adam", "adam"},
		{"spaces around it", " adam ", "adam", "adam"},
		{"shorter is filled up", "ada", "ada-", "ada-"},
		{"one character", "é", "é---", "é---"},
		{"fifty characters", strings.Repeat("é", 50), strings.Repeat("é", 50), strings.Repeat("é", 50)},
		{"longer is cut, with a digest", strings.Repeat("a", 51), strings.Repeat("a", 33) + "~lpmfpoaodgabfcmk", strings.Repeat("a", 51)},
		{"quotes and line ends stay JSON", `a"b\c`, `a"b\c`, `a"b\c`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := auditOf(t, m, walletport.AuditUser(c.by))
			if got.UserID != c.userID || got.UserName != c.userName || got.Organization != "Acme Bank" || got.Phone != "" {
				t.Errorf("%+v, want UserId %q, UserName %q", got, c.userID, c.userName)
			}
		})
	}
	t.Run("long names stay apart, within the limits, without a card number", func(t *testing.T) {
		seen := map[string]bool{}
		for i := range 200 {
			by := strings.Repeat("4", 17) + "x5204247750001471" + strings.Repeat("7", 20) + fmt.Sprint(i) + strings.Repeat("é", 90)
			got := auditOf(t, m, walletport.AuditUser(by))
			for limit, text := range map[int]string{50: got.UserID, 200: got.UserName} {
				if n := utf8.RuneCountInString(text); n < 4 || n > limit {
					t.Errorf("%q has %d characters, want 4 to %d", text, n, limit)
				}
			}
			if seen[got.UserID] || walletport.ContainsPAN(got.UserID) {
				t.Errorf("UserId %q was seen before, or holds a card number", got.UserID)
			}
			seen[got.UserID] = true
		}
	})
}

// TestReasonCodes is the whole table: what a reason is to Mastercard, by action.
func TestReasonCodes(t *testing.T) {
	m := mustMessages(t, nil)
	wrappers := map[walletport.TokenAction]string{
		walletport.TokenActivate: "TokenActivateRequest", walletport.TokenSuspend: "TokenSuspendRequest",
		walletport.TokenResume: "TokenUnsuspendRequest", walletport.TokenDeactivate: "TokenDeleteRequest",
	}
	want := map[walletport.TokenAction]string{ // of lost, stolen, fraud, closed, other, and none
		walletport.TokenActivate: "CCCCCC", walletport.TokenSuspend: "LSTZZZ", walletport.TokenResume: "FFTZZZ", walletport.TokenDeactivate: "LSTCZZ",
	}
	for _, action := range walletport.TokenActions() {
		for i, reason := range append(walletport.TokenReasons(), "") {
			in := changeInput(action)
			in.Reason = reason
			var body map[string]struct{ TokenUniqueReference, ReasonCode, CommentText string }
			if err := json.Unmarshal(mustBody(t, must[scheme.Command](t)(m.ChangeToken(in)).Request), &body); err != nil {
				t.Fatal(err)
			}
			got, ok := body[wrappers[action]]
			if !ok || got.ReasonCode != want[action][i:i+1] || got.TokenUniqueReference != testTUR || got.CommentText != "Changed by the issuer" {
				t.Errorf("%s, %q: %+v, want reason code %s", action, reason, body, want[action][i:i+1])
			}
		}
	}
	app := mustMessages(t, func(c *customerservice.Config) { c.Profile.ActivationReason = "A" })
	if body := mustBody(t, must[scheme.Command](t)(app.ChangeToken(changeInput(walletport.TokenActivate))).Request); !strings.Contains(string(body), `"ReasonCode":"A"`) {
		t.Error("an activation does not have the profile's reason")
	}
}

func TestPages(t *testing.T) {
	m := mustMessages(t, func(c *customerservice.Config) { c.Profile.PageSize, c.Profile.MaxTokens = 2, 6 })
	tokens := func(n int) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(`{"TokenUniqueReference":"DWSPMC%042d","CurrentStatusCode":"A","TokenRequestorId":"50110030273"}`, i)
		}
		return `{"Account":[{"Tokens":{"Token":[` + strings.Join(all, ",") + `]}}]}`
	}
	for _, c := range []struct {
		name, after, body string
		n                 int
		next              string
	}{
		{"the last of one", "", `"Accounts":` + tokens(1) + `,"PageInfo":{"Offset":"0","Total":"1"}`, 1, ""},
		{"more to come", "", `"Accounts":` + tokens(2) + `,"PageInfo":{"Offset":"0","Total":"3"}`, 2, "2"},
		{"full, and the total counts accounts", "", `"Accounts":` + tokens(2) + `,"PageInfo":{"Offset":"0","Total":"1"}`, 2, "2"},
		{"full, without a total", "", `"Accounts":` + tokens(2) + `,"PageInfo":{}`, 2, "2"},
		{"not full, but the total says more", "2", `"Accounts":` + tokens(1) + `,"PageInfo":{"Offset":2,"Total":5}`, 1, "4"},
		{"nothing left", "4", `"Accounts":` + tokens(0) + `,"PageInfo":{"Offset":4,"Total":9}`, 0, ""},
		{"without pages", "", `"Accounts":` + tokens(3), 3, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := cardInput(t)
			in.After = c.after
			page, err := must[scheme.Query[scheme.TokenPage]](t)(m.CardTokens(in)).Read(ok(`{"SearchResponse":{` + c.body + `}}`))
			if err != nil || len(page.Tokens) != c.n || page.Next != c.next {
				t.Errorf("%d tokens, next %q, error %v; want %d, %q", len(page.Tokens), page.Next, err, c.n, c.next)
			}
		})
	}
	for name, c := range map[string][2]string{
		"another page": {"2", `"Accounts":` + tokens(2) + `,"PageInfo":{"Offset":"0","Total":"9"}`},
		"no end":       {"6", `"Accounts":` + tokens(2) + `,"PageInfo":{"Offset":"6","Total":"900"}`},
	} {
		t.Run(name, func(t *testing.T) {
			in := cardInput(t)
			in.After = c[0]
			_, err := must[scheme.Query[scheme.TokenPage]](t)(m.CardTokens(in)).Read(ok(`{"SearchResponse":{` + c[1] + `}}`))
			mustRefuse(t, err, walletport.CodeUnavailable, "scheme_answer_unreadable")
		})
	}
	for _, after := range []string{"0", "-2", "1", "x", "8", "99999999999999999999"} {
		in := cardInput(t)
		in.After = after
		if _, err := m.CardTokens(in); err == nil {
			t.Errorf("a search after %q is made", after)
		}
	}
}

func TestMessagesRefuse(t *testing.T) {
	m := mustMessages(t, nil)
	ref := func(change func(*walletport.TokenRef)) error {
		in := tokenInput()
		change(&in.Ref)
		_, err := m.Token(in)
		return err
	}
	card := func(change func(*scheme.CardTokensInput)) error {
		in := cardInput(t)
		change(&in)
		_, err := m.CardTokens(in)
		return err
	}
	note := func(text string) error {
		in := changeInput(walletport.TokenSuspend)
		in.Note = text
		_, err := m.ChangeToken(in)
		return err
	}
	const malformed = "token_unique_reference_malformed"
	for name, c := range map[string]struct {
		err    error
		code   walletport.Code
		reason string
	}{
		"no reference":            {ref(func(r *walletport.TokenRef) { r.Reference = "" }), walletport.CodeInvalid, malformed},
		"a long reference":        {ref(func(r *walletport.TokenRef) { r.Reference = strings.Repeat("A", 65) }), walletport.CodeInvalid, malformed},
		"a reference of Visa":     {ref(func(r *walletport.TokenRef) { r.Scheme = walletport.Visa }), walletport.CodeInvalid, malformed},
		"a reference with spaces": {ref(func(r *walletport.TokenRef) { r.Reference = strings.Repeat(" ", 48) }), walletport.CodeInvalid, malformed},
		"no requestor":            {ref(func(r *walletport.TokenRef) { r.Requestor = "" }), walletport.CodeInvalid, malformed},
		"no card":                 {card(func(in *scheme.CardTokensInput) { in.PAN = walletport.PAN{} }), walletport.CodeInternal, "internal"},
		"no randomness":           {card(func(in *scheme.CardTokensInput) { in.Rand = iotest.ErrReader(errors.New("empty")) }), walletport.CodeInternal, "internal"},
		"no key of Mastercard's":  {card(func(in *scheme.CardTokensInput) { in.Access.Recipient = scheme.Recipient{} }), walletport.CodeUnavailable, "key_unusable"},
		"an OAEP that fails":      {card(func(in *scheme.CardTokensInput) { in.Access.Recipient.OAEP = brokenOAEP{} }), walletport.CodeUnavailable, "sealing_unavailable"},
		"no certificate":          {card(func(in *scheme.CardTokensInput) { in.Access.Recipient.Certificate = nil }), walletport.CodeUnavailable, "key_unusable"},
		"a note that is too long": {note(strings.Repeat("é", 501)), walletport.CodeInvalid, "token_note_too_long"},
		"a note with a card":      {note("lost " + testPAN), walletport.CodeInvalid, "token_note_contains_pan"},
		"a note of two lines":     {note("a\nb"), walletport.CodeInvalid, "token_note_malformed"},
		"an unknown action":       {second(m.ChangeToken(changeInput("burn"))), walletport.CodeInternal, "internal"},
		"no comment id":           {second(m.CommentToken(customerservice.CommentInput{})), walletport.CodeInternal, "internal"},
		"no method":               {second(m.ResendCode(customerservice.ResendInput{Ref: testRef()})), walletport.CodeInternal, "internal"},
		"no token of a code":      {second(m.ResendCode(customerservice.ResendInput{MethodID: "1"})), walletport.CodeInvalid, malformed},
		"no token of a history":   {second(m.TokenHistory(scheme.TokenInput{})), walletport.CodeInvalid, malformed},
		"no token of a change":    {second(m.ChangeToken(scheme.ChangeInput{Action: walletport.TokenSuspend})), walletport.CodeInvalid, malformed},
		"a requestor in letters":  {second(m.Requestor(customerservice.RequestorInput{ID: "apple-pay"})), walletport.CodeInternal, "internal"},
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, c.err, c.code, c.reason) })
	}
	t.Run("a short reference, as it was listed", func(t *testing.T) {
		if err := ref(func(r *walletport.TokenRef) { r.Reference = "DWSPMC1" }); err != nil {
			t.Error(err)
		}
	})
	t.Run("no consumer key", func(t *testing.T) {
		in := tokenInput()
		in.Access.Signer.Alias = ""
		_, err := must[scheme.Query[scheme.Token]](t)(m.Token(in)).Request(testNow, rand.Reader)
		mustRefuse(t, err, walletport.CodeUnavailable, "key_unusable")
	})
}

func second[T any](_ T, err error) error { return err }

func TestNewNamesEveryProblem(t *testing.T) {
	_, err := customerservice.New(customerservice.Config{BaseURL: "api.mastercard.com", Organization: "Ac", Phone: "1", Profile: customerservice.Profile{OAEPHash: mdes.PKCS1v15, ClockSkew: 2 * time.Hour, SettleAfter: -1}})
	if err == nil {
		t.Fatal("a configuration of nothing is taken")
	}
	for _, problem := range []string{
		"url:", "organization:", "phone:", "oaep_hash:", "aes_bits:", "cipher_mode:", "fingerprint:", "hex_case:", "page_size:",
		"max_tokens:", "activation_reason:", "comment:", "pad_user_id:", "requestor_search:", "clock_skew:", "settle_after:",
	} {
		if !strings.Contains(err.Error(), problem) {
			t.Errorf("the error does not name %s", problem)
		}
	}
	for _, address := range []string{"", "/mdes", "ftp://a", "https://u:p@a/", "https://a?b=c", "https://a#b", "https://%zz"} {
		if _, err := customerservice.New(customerservice.Config{BaseURL: address, Organization: "Acme Bank", Profile: customerservice.DefaultProfile()}); err == nil {
			t.Errorf("the address %q is taken", address)
		}
	}
}

// TestEachFieldOfTheProfileHasASetting: what sources leave open is chosen without code.
func TestEachFieldOfTheProfileHasASetting(t *testing.T) {
	seen := map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[customerservice.Profile]()) {
		name := field.Tag.Get("setting")
		if name == "" || seen[name] {
			t.Errorf("field %s has the setting %q", field.Name, name)
		}
		seen[name] = true
	}
}
