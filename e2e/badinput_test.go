package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// inputPAN is a published test number that no sample card has.
const inputPAN = "5424000000000015"

// badCall is a request that must be refused.
type badCall struct {
	name   string
	card   string // in the path; "" is the good card
	wallet string // "" is the good wallet
	query  string // "" names a good audit user
	method string // "" is POST
	change func(*http.Request)
	status int
	code   string
	secret string // must not come back, "" is nothing
	header string // an answer's header that must be set, "Name: value"
	// unrecorded are the refusals that leave no record: what leads to no call of the
	// specification, so that a flood of strangers cannot fill the trail.
	unrecorded bool
}

func as(c credentials) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(c.Username, c.Password) }
}

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func withBody(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}

func badCalls(t *testing.T, s *sandbox) []badCall {
	long := strings.Repeat("a7", 5_000)
	c := s.file.Credentials
	return []badCall{
		{name: "auditUser is missing", query: "?x=1", status: 400, code: "audit_user_missing"},
		{name: "auditUser is empty", query: "?auditUser=", status: 400, code: "audit_user_missing"},
		{name: "auditUser is 10 kB long", query: "?auditUser=" + long, status: 400, code: "audit_user_too_long", secret: long},
		{name: "auditUser has a control character", query: "?auditUser=eve%0d%0aX-Evil:1", status: 400, code: "audit_user_malformed", secret: "Evil"},
		{name: "auditUser holds a card number", query: "?auditUser=ada+" + inputPAN, status: 400, code: "audit_user_contains_pan", secret: inputPAN},
		{name: "auditUser holds a card number in groups", query: "?auditUser=5424-0000-0000-0015", status: 400, code: "audit_user_contains_pan", secret: "5424-0000-0000-0015"},
		{name: "auditUser is given twice", query: "?auditUser=ada&auditUser=eve", status: 400, code: "audit_user_repeated"},
		{name: "cardId is no number", card: "seventy7", status: 400, code: "card_id_malformed", secret: "seventy7"},
		{name: "cardId is above int64", card: "9223372036854775808", status: 400, code: "card_id_malformed", secret: "9223372036854775808"},
		{name: "cardId is a card number", card: inputPAN, status: 400, code: "card_id_contains_pan", secret: inputPAN},
		{name: "cardId is unknown", card: "424242", status: 404, code: "card_not_found"},
		{name: "cardId belongs to another issuer", card: "2001", status: 404, code: "card_not_found"},
		{name: "the wallet provider is unknown", wallet: "nobody7", status: 404, code: "wallet_provider_not_found", secret: "nobody7"},
		{name: "the wallet provider has a slash", wallet: "acme/wallet", status: 404, code: "wallet_provider_not_found", unrecorded: true},
		{name: "the wallet provider has an escaped slash", wallet: "acme%2Fwallet", status: 404, code: "wallet_provider_not_found", secret: "%2F"},
		{name: "the wallet provider climbs", wallet: "..%2F..%2Fetc%2Fpasswd", status: 404, code: "wallet_provider_not_found", secret: "passwd"},
		{name: "the wallet provider is 10 kB long", wallet: long, status: 404, code: "wallet_provider_not_found", secret: long},
		{name: "the wallet provider is a card number", wallet: inputPAN, status: 404, code: "wallet_provider_not_found", secret: inputPAN},
		{name: "the method is GET", method: http.MethodGet, status: 405, code: "method_not_allowed", header: "Allow: POST", unrecorded: true},
		{name: "the method is DELETE", method: http.MethodDelete, status: 405, code: "method_not_allowed", header: "Allow: POST", unrecorded: true},
		{name: "Accept excludes JSON", change: withHeader("Accept", "text/html, image/*"), status: 406, code: "not_acceptable"},
		{name: "there is a body", change: withBody(`{"pan":"` + inputPAN + `"}`), status: 400, code: "body_unexpected", secret: inputPAN},
		{name: "the body is above the limit", change: withBody(strings.Repeat(inputPAN, 1<<13)), status: 413, code: "body_too_large", secret: inputPAN},
		{name: "there are no credentials", change: func(r *http.Request) { r.Header.Del("Authorization") }, status: 401, code: "credentials_missing", header: `Www-Authenticate: Basic realm="walletport", charset="UTF-8"`},
		{name: "the secret is wrong", change: as(credentials{c.Basic.Username, "wrong-" + c.Basic.Password}), status: 401, code: "credentials_invalid", secret: c.Basic.Password},
		{name: "the client is unknown", change: as(credentials{"wpc_nobody7", "x"}), status: 401, code: "credentials_invalid", secret: "nobody7"},
		{name: "the user name is a card number", change: as(credentials{inputPAN, inputPAN}), status: 401, code: "credentials_invalid", secret: inputPAN},
		{name: "the authentication scheme is another", change: withHeader("Authorization", "Digest x7"), status: 401, code: "credentials_missing"},
		{name: "the token is no token", change: withHeader("Authorization", "Bearer a.b.c"), status: 401, code: "credentials_invalid"},
		{name: "the token is signed by a stranger", change: withHeader("Authorization", "Bearer "+mustForeignToken(t)), status: 401, code: "credentials_invalid"},
		{name: "the token has expired", change: withHeader("Authorization", "Bearer "+s.mustToken(t, time.Now().Add(-time.Hour), "provision")), status: 401, code: "token_expired"},
		{name: "the token lacks the scope", change: withHeader("Authorization", "Bearer "+s.mustToken(t, time.Now().Add(time.Hour), "tokens:read")), status: 403, code: "scope_missing"},
		{name: "the client lacks the scope", change: as(c.ReadOnly), status: 403, code: "scope_missing"},
		{name: "the client belongs to another issuer", change: as(c.OtherIssuer), status: 404, code: "card_not_found"},
		{name: "the card is a Visa card", card: "1006", status: 403, code: "scheme_mismatch"},
		{name: "the card is closed", card: "1003", status: 403, code: "card_not_eligible"},
		{name: "the card is blocked", card: "1005", status: 403, code: "card_not_eligible"},
		{name: "the card has expired", card: "1004", status: 403, code: "card_not_eligible"},
		{name: "the wallet provider climbs in the clear", wallet: "../../x", status: 404, code: "wallet_provider_not_found", unrecorded: true},
	}
}

func (c badCall) mustRequest(t *testing.T, s *sandbox, requestID string) *http.Request {
	t.Helper()
	or := func(text, whenEmpty string) string {
		if text == "" {
			return whenEmpty
		}
		return text
	}
	target := s.file.BaseURL + "/v1/" + or(c.card, "1001") + "/provision/issuerwallet/" + or(c.wallet, wallet) + or(c.query, "?auditUser=ada%40bank.example")
	r, err := http.NewRequest(or(c.method, http.MethodPost), target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	s.caller().authorize(r)
	r.Header.Set("X-Request-Id", requestID)
	if c.change != nil {
		c.change(r)
	}
	return r
}

// TestBadInput sends what callers get wrong, and reads afterwards how the audit
// trail tells of it.
func TestBadInput(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, t.TempDir(), "")
	calls := badCalls(t, s)
	caller := s.caller()
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			a := caller.do(c.mustRequest(t, s, requestIDOf(c.name)))
			wantRefused(t, a, c)
		})
	}
	tr := mustExport(t, s.at())
	for _, c := range calls {
		found := tr.byID[requestIDOf(c.name)]
		switch {
		case c.unrecorded && len(found) != 0:
			t.Errorf("%s: recorded %+v", c.name, found)
		case !c.unrecorded && (len(found) != 1 || found[0].Outcome != c.code):
			t.Errorf("%s: recorded %+v, want the outcome %s", c.name, found, c.code)
		}
		if c.secret != "" && len(c.secret) > 10 && strings.Contains(tr.text, c.secret) {
			t.Errorf("%s: the trail repeats the input", c.name)
		}
	}
	mustVerify(t, s.at(), tr)
	for _, secret := range []string{inputPAN, s.file.Credentials.Basic.Password} {
		if strings.Contains(s.out.String(), secret) {
			t.Error("the log repeats a card number or a secret")
		}
	}
}

// requestIDOf makes a request id of a sentence.
func requestIDOf(name string) string { return strings.ReplaceAll(name, " ", "-") }

func wantRefused(t *testing.T, a answer, c badCall) {
	t.Helper()
	p := a.problem()
	if a.err != nil || a.status != c.status || p.Code != c.code {
		t.Fatalf("answer %v, want %d %s", a, c.status, c.code)
	}
	if p.Status != c.status || p.Title == "" || !strings.HasSuffix(p.Type, "#"+c.code) || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("problem %+v of type %s", p, a.header.Get("Content-Type"))
	}
	if id := a.header.Get("X-Request-Id"); id != a.requestID || p.RequestID != id {
		t.Errorf("request id %q sent, %q in the header, %q in the problem", a.requestID, id, p.RequestID)
	}
	if name, value, ok := strings.Cut(c.header, ": "); ok && a.header.Get(name) != value {
		t.Errorf("%s: %q, want %q", name, a.header.Get(name), value)
	}
	if c.secret != "" && (strings.Contains(withoutInstance(t, a.body), c.secret) || strings.Contains(joined(a.header), c.secret)) {
		t.Errorf("the answer repeats the input: %v", a)
	}
	if strings.Contains(a.body, inputPAN) {
		t.Error("the answer holds a card number")
	}
}

// withoutInstance drops the one member that may show the path that was asked for.
func withoutInstance(t *testing.T, body string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatal(err)
	}
	delete(all, "instance")
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func joined(h http.Header) string {
	var text strings.Builder
	_ = h.Write(&text) // a strings.Builder takes everything
	return text.String()
}

// TestRequestIDs wants an id on every answer, and none of the caller's that could
// do harm.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, t.TempDir(), "")
	for _, given := range []string{"", inputPAN, "a b", strings.Repeat("x", 65), "<script>"} {
		a := s.caller().provision(goodCard, wallet, given)
		id := a.header.Get("X-Request-Id")
		if a.status != http.StatusOK || id == "" || id == given {
			t.Errorf("for a request id of %d bytes: %v, id %q", len(given), a.status, id)
		}
		if found := mustExport(t, s.at()).byID[id]; len(found) != 1 {
			t.Errorf("%d records of the id that was made", len(found))
		}
	}
}

// mustToken signs a token as the sandbox's own issuer does.
func (s *sandbox) mustToken(t *testing.T, expiry time.Time, scope string) string {
	t.Helper()
	return s.mustTokenWith(t, map[string]any{"scope": scope, "exp": expiry.Unix()})
}

// mustTokenWith signs the sandbox's own token with other claims.
func (s *sandbox) mustTokenWith(t *testing.T, changed map[string]any) string {
	t.Helper()
	block := mustPEM(t, mustRead(t, s.dir+"/token-issuer-key.pem"))
	good, err := jwt.ParseSigned(s.file.Credentials.Bearer, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := good.UnsafeClaimsWithoutVerification(&claims); err != nil {
		t.Fatal(err)
	}
	maps.Copy(claims, changed)
	return mustSign(t, block, claims, good.Headers[0].KeyID)
}

func mustForeignToken(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return mustSign(t, key, map[string]any{
		"iss": "https://tokens.sandbox.walletport.example", "aud": "walletport-sandbox", "client_id": "eve",
		"scope": "provision", "exp": time.Now().Add(time.Hour).Unix(),
	}, "sandbox-1")
}

func mustSign(t *testing.T, key *ecdsa.PrivateKey, claims any, keyID string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: keyID}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
