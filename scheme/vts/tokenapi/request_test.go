package tokenapi_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/scheme/vts/tokenapi"
)

// requests are one of each message, by the name of its golden file.
func requests(t *testing.T) map[string]func(now time.Time) (scheme.Request, error) {
	t.Helper()
	fixed := func(make func(time.Time, []byte) (scheme.Request, error)) func(time.Time) (scheme.Request, error) {
		return func(now time.Time) (scheme.Request, error) { return make(now, bytes.Repeat([]byte{0x5a}, 16)) }
	}
	list, details := listQuery(t), detailsQuery(t)
	all := map[string]func(time.Time) (scheme.Request, error){
		"list":    fixed(func(now time.Time, b []byte) (scheme.Request, error) { return list.Request(now, bytes.NewReader(b)) }),
		"details": fixed(func(now time.Time, b []byte) (scheme.Request, error) { return details.Request(now, bytes.NewReader(b)) }),
	}
	for _, action := range walletport.TokenActions() {
		in := changeInput(action)
		if action == walletport.TokenSuspend {
			in.Reason, in.Note = walletport.TokenReasonLost, `Case "4711", J&Ö`
		}
		c := command(t, in)
		all[string(action)] = fixed(func(now time.Time, b []byte) (scheme.Request, error) { return c.Request(now, bytes.NewReader(b)) })
	}
	return all
}

// TestRequestGolden shows each request as it is sent; in place of encryptedData, which is
// another each time, stands what it opens to.
func TestRequestGolden(t *testing.T) {
	for name, request := range requests(t) {
		t.Run(name, func(t *testing.T) {
			r, err := request(testNow)
			must(t, err)
			checkSignature(t, r)
			text := r.Method + " " + r.URL + "\n"
			for _, field := range slices.Sorted(maps.Keys(r.Header)) {
				value := r.Header[field]
				if name == "list" && field == "x-pay-token" {
					value = "(of the encrypted body)"
				}
				text += field + ": " + value + "\n"
			}
			body := string(r.Body)
			if name == "list" {
				var sent struct{ EncryptedData string }
				must(t, json.Unmarshal(r.Body, &sent))
				body = strings.Replace(body, sent.EncryptedData, opened(t, sent.EncryptedData), 1)
			}
			checkGolden(t, "request-"+name+".txt", text+"\n"+body)
		})
	}
}

// payToken is the header over what is signed, of testNow.
func payToken(signed string) string {
	return "xv2:1700000000:" + hex.EncodeToString(textKey(testSecret).Sum([]byte("1700000000"+signed)))
}

// checkSignature computes the x-pay-token of what is sent anew.
func checkSignature(t *testing.T, r scheme.Request) {
	t.Helper()
	u, err := url.Parse(r.URL)
	must(t, err)
	want := payToken(strings.TrimPrefix(u.EscapedPath(), "/") + u.RawQuery + string(r.Body))
	if r.Header["x-pay-token"] != want {
		t.Errorf("x-pay-token %s, want %s", r.Header["x-pay-token"], want)
	}
}

func TestEachRequestIsSignedAnew(t *testing.T) {
	q := detailsQuery(t)
	random := bytes.NewReader(bytes.Repeat([]byte("0123456789abcdefFEDCBA9876543210"), 1))
	first, err := q.Request(testNow, random)
	must(t, err)
	second, err := q.Request(testNow.Add(time.Second), random)
	must(t, err)
	for _, field := range []string{"x-request-id", "x-pay-token"} {
		if first.Header[field] == second.Header[field] {
			t.Errorf("%s is the same twice: %s", field, first.Header[field])
		}
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(first.Header["x-request-id"]) {
		t.Errorf("x-request-id %s is no UUID of version 4", first.Header["x-request-id"])
	}
	if _, err := q.Request(testNow, random); err == nil {
		t.Error("a request is made without randomness")
	}
}

func TestProfileIsObeyed(t *testing.T) {
	m := newMessages(t, func(p *tokenapi.Profile) {
		p.ResourcePath, p.APIKeyName, p.Activation, p.CardholderName = vts.WithoutContext, "apikey", "ACTIVATE", "cardHolderInfo"
	})
	c, err := m.ChangeToken(changeInput(walletport.TokenActivate))
	must(t, err)
	r, err := c.Request(testNow, bytes.NewReader(make([]byte, 16)))
	must(t, err)
	const path = "v1/tokenRequestors/40010075001/tokens/DNITHE300000000000000001/lifecycle"
	if want := payToken(path + "apikey=" + testAPIKey + string(r.Body)); r.Header["x-pay-token"] != want {
		t.Errorf("x-pay-token is not over the path without its context")
	}
	if body := string(r.Body); !strings.Contains(body, `"ACTIVATE"`) || strings.Contains(body, "activationCode") {
		t.Errorf("body %s", body)
	}
	q, err := m.CardTokens(cardInput(t))
	must(t, err)
	r, err = q.Request(testNow, bytes.NewReader(make([]byte, 16)))
	must(t, err)
	var sent struct{ EncryptedData string }
	must(t, json.Unmarshal(r.Body, &sent))
	if text := opened(t, sent.EncryptedData); text != `{"cardHolderInfo":{"primaryAccountNumber":"`+testPAN+`"}}` {
		t.Errorf("sealed %s", text)
	}
}

func TestOddReferencesStayInTheirPath(t *testing.T) {
	in := changeInput(walletport.TokenSuspend)
	in.Ref.Reference = "A/../B?c#d%"
	r, err := command(t, in).Request(testNow, bytes.NewReader(make([]byte, 16)))
	must(t, err)
	if !strings.Contains(r.URL, "/tokens/A%2F..%2FB%3Fc%23d%25/lifecycle?apiKey=") {
		t.Errorf("URL %s", r.URL)
	}
	checkSignature(t, r)
}

func TestWhatCannotBeAskedIsRefused(t *testing.T) {
	m := newMessages(t, nil)
	list := func(edit func(*scheme.CardTokensInput)) error {
		in := cardInput(t)
		edit(&in)
		_, err := m.CardTokens(in)
		return err
	}
	change := func(edit func(*scheme.ChangeInput)) error {
		in := changeInput(walletport.TokenSuspend)
		edit(&in)
		_, err := m.ChangeToken(in)
		return err
	}
	for _, c := range []struct {
		name   string
		err    error
		code   walletport.Code
		reason string
	}{
		{"a second page", list(func(in *scheme.CardTokensInput) { in.After = "2" }), walletport.CodeInvalid, "page_unknown"},
		{"no card", list(func(in *scheme.CardTokensInput) { in.PAN = walletport.PAN{} }), walletport.CodeInternal, "internal"},
		{"no key of Visa's", list(func(in *scheme.CardTokensInput) { in.Access.Recipient.Public = nil }), walletport.CodeUnavailable, "key_unusable"},
		{"a key without its id", list(func(in *scheme.CardTokensInput) { in.Access.Recipient.KeyID = "" }), walletport.CodeUnavailable, "key_unusable"},
		{"no signing key", list(func(in *scheme.CardTokensInput) { in.Access.Signer = scheme.Signer{} }), walletport.CodeUnavailable, "key_unusable"},
		{"no shared secret", list(func(in *scheme.CardTokensInput) { in.Access.Secret.MAC = nil }), walletport.CodeUnavailable, "key_unusable"},
		{"an API key that changes the query", list(func(in *scheme.CardTokensInput) { in.Access.Secret.KeyID = "a&b=c" }), walletport.CodeUnavailable, "key_unusable"},
		{"a device that is away", list(func(in *scheme.CardTokensInput) { in.Access.Signer.Key = away{in.Access.Signer.Key} }), walletport.CodeUnavailable, "signing_unavailable"},
		{"a token of Mastercard's", change(func(in *scheme.ChangeInput) { in.Ref.Scheme = walletport.Mastercard }), walletport.CodeInvalid, "token_reference_malformed"},
		{"no reference", change(func(in *scheme.ChangeInput) { in.Ref.Reference = "" }), walletport.CodeInvalid, "token_reference_malformed"},
		{"a reference of dots", change(func(in *scheme.ChangeInput) { in.Ref.Reference = ".." }), walletport.CodeInvalid, "token_reference_malformed"},
		{"an unknown action", change(func(in *scheme.ChangeInput) { in.Action = "destroy" }), walletport.CodeInternal, "internal"},
		{"a long note", change(func(in *scheme.ChangeInput) { in.Note = strings.Repeat("n", 161) }), walletport.CodeInvalid, "token_note_too_long"},
		{"a note of lines", change(func(in *scheme.ChangeInput) { in.Note = "a\nb" }), walletport.CodeInvalid, "token_note_malformed"},
		{"a card number in a note", change(func(in *scheme.ChangeInput) { in.Note = "of 4111 1111 1111 1111" }), walletport.CodeInvalid, "token_note_contains_pan"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.err == nil || walletport.CodeOf(c.err) != c.code || walletport.ReasonOf(c.err) != c.reason {
				t.Errorf("error %v, want %s, %s", c.err, c.code, c.reason)
			}
			if c.err != nil && strings.Contains(c.err.Error(), "1111") {
				t.Errorf("the error shows a card number: %v", c.err)
			}
		})
	}
}

func TestTheLongestReasonFits(t *testing.T) {
	for _, action := range walletport.TokenActions() {
		for _, reason := range walletport.TokenReasons() {
			in := changeInput(action)
			in.Reason, in.Note = reason, strings.Repeat("n", 160)
			r, err := command(t, in).Request(testNow, bytes.NewReader(make([]byte, 16)))
			must(t, err)
			var body struct{ OperationReason string }
			must(t, json.Unmarshal(r.Body, &body))
			if n := len(body.OperationReason); n > 254 || !strings.HasSuffix(body.OperationReason, in.Note) {
				t.Errorf("%s, %s: %d characters: %s", action, reason, n, body.OperationReason)
			}
		}
	}
}

func TestOperatorID(t *testing.T) {
	for _, c := range []struct{ user, want string }{
		{"ada@acme", "ada@acme"},
		{"exactly16.chars_", "exactly16.chars_"},
		{"ada.lovelace@acme.example", "ada.lov-" + "hnallkmk"},
		{"Zoë", "Zo-" + "mgkbcgji"},
		{"試験", "-" + "mecicajb"},
	} {
		t.Run(c.user, func(t *testing.T) {
			got := tokenapi.OperatorID(walletport.AuditUser(c.user))
			if got != c.want {
				t.Errorf("OperatorID = %s, want %s", got, c.want)
			}
		})
	}
	seen := map[string]bool{}
	for i := range 1000 {
		id := tokenapi.OperatorID(walletport.AuditUser(fmt.Sprintf("service-account-%d@acme.example", i)))
		if len(id) > 16 || seen[id] || walletport.ContainsPAN(id) {
			t.Fatalf("%s is too long, of two users, or a card number", id)
		}
		seen[id] = true
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, base := range []string{"", "api.visa.com", "ftp://api.visa.com", "https://api.visa.com?x=1", "https://u:p@api.visa.com", "https:///vtis"} {
		if _, err := tokenapi.New(tokenapi.Config{BaseURL: base, Profile: tokenapi.DefaultProfile()}); err == nil {
			t.Errorf("the base address %q is taken", base)
		}
	}
	if _, err := tokenapi.New(tokenapi.Config{BaseURL: "https://api.visa.com"}); err == nil {
		t.Fatal("an empty profile is taken")
	}
	fields := "resource_path api_key_name issued_at cardholder_name activation activation_code device_names"
	err := tokenapi.Profile{SettleAfter: -1}.Validate()
	for _, field := range append(strings.Fields(fields), "settle_after") {
		if !strings.Contains(err.Error(), field+": ") {
			t.Errorf("the refusal does not name %s: %v", field, err)
		}
	}
}

func TestTheRecipientsOAEPSealsTheCard(t *testing.T) {
	in := cardInput(t)
	in.Access.Recipient.OAEP = brokenOAEP{}
	query, err := newMessages(t, nil).CardTokens(in)
	if err == nil {
		_, err = query.Request(testNow, rand.Reader)
	}
	if walletport.ReasonOf(err) != "sealing_unavailable" {
		t.Errorf("error %v", err)
	}
}
