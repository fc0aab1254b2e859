package customerservice

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/oracle"
)

func TestWhoIsLetIn(t *testing.T) {
	w := newWorld(t, nil)
	w.token(t, google, "googlepay", false)
	at := w.api("/search")
	body, err := json.Marshal(members{"SearchRequest": members{"AuditInfo": audit, "EncryptedAccountInformation": pan(testPAN).field(t)}})
	if err != nil {
		t.Fatal(err)
	}
	skewed := func(by time.Duration) func(*signing) {
		return func(s *signing) { s.oauth["oauth_timestamp"] = strconv.FormatInt(time.Now().Add(by).Unix(), 10) }
	}
	for _, c := range []struct {
		name   string
		change func(*signing)
		reason string
	}{
		{"as documented", func(*signing) {}, ""},
		{"a clock that is a minute off", skewed(-time.Minute), ""},
		{"without a version", func(s *signing) { delete(s.oauth, "oauth_version") }, ""},
		{"a clock that is 10 minutes behind", skewed(-10 * time.Minute), "AUTHENTICATION_FAILED"},
		{"a clock that is 10 minutes ahead", skewed(10 * time.Minute), "AUTHENTICATION_FAILED"},
		{"no time", func(s *signing) { delete(s.oauth, "oauth_timestamp") }, "AUTHENTICATION_FAILED"},
		{"no nonce", func(s *signing) { delete(s.oauth, "oauth_nonce") }, "AUTHENTICATION_FAILED"},
		{"another body", func(s *signing) { s.oauth["oauth_body_hash"] = newSigning(at, []byte("{}")).oauth["oauth_body_hash"] }, "INVALID_BODY_HASH"},
		{"no body hash", func(s *signing) { delete(s.oauth, "oauth_body_hash") }, "INVALID_BODY_HASH"},
		{"another consumer", func(s *signing) { s.oauth["oauth_consumer_key"] = "nobody" }, "INVALID_CLIENT_ID"},
		{"another key", func(s *signing) { s.key = stranger().key }, "AUTHENTICATION_FAILED"},
		{"another path", func(s *signing) { s.url = w.api("/token/delete") }, "AUTHENTICATION_FAILED"},
		{"another method", func(s *signing) { s.method = "PUT" }, "AUTHENTICATION_FAILED"},
		{"another algorithm", func(s *signing) { s.oauth["oauth_signature_method"] = "HMAC-SHA1" }, "AUTHENTICATION_FAILED"},
		{"values encoded twice, as RFC 5849 has it", func(s *signing) {
			s.join = func(name, value string) string { return name + "=" + url.QueryEscape(value) }
		}, "AUTHENTICATION_FAILED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSigning(at, body)
			c.change(s)
			got := do(t, http.MethodPost, at, s.header(t), body)
			if reason := got.reason(t); reason != c.reason || (got.status == http.StatusUnauthorized) != (c.reason != "") {
				t.Errorf("status %d, %q, want %q", got.status, reason, c.reason)
			}
		})
	}
	good := newSigning(at, body).header(t)
	for name, header := range map[string]string{
		"no header": "", "a password": "Basic YTpi", "no quotation marks": strings.ReplaceAll(good, `"`, ""),
		"a member twice": good + `, oauth_nonce="a"`, "a signature that is no base64": `OAuth ` + strings.Replace(good[6:], `oauth_signature="`, `oauth_signature="*`, 1),
	} {
		if got := do(t, http.MethodPost, at, header, body); got.status != 401 || got.reason(t) != "AUTHENTICATION_FAILED" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := do(t, http.MethodPost, at, good, body); got.reason(t) != "" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := do(t, http.MethodPost, at, good, body); got.status != 401 || got.reason(t) != "AUTHENTICATION_FAILED" {
		t.Errorf("a nonce that was used before: %d %s", got.status, got.body)
	}
}

func TestAQueryIsSignedToo(t *testing.T) {
	w := newWorld(t, nil)
	body := []byte(`{"SearchRequest":{}}`)
	s := newSigning(w.api("/search"), body)
	s.query = []string{"Format=JSON"}
	if got := do(t, http.MethodPost, w.api("/search")+"?Format=JSON", s.header(t), body); got.reason(t) != "MISSING_REQUIRED_FIELD" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := do(t, http.MethodPost, w.api("/search")+"?Format=XML", s.header(t), body); got.reason(t) != "AUTHENTICATION_FAILED" {
		t.Errorf("another query: %d %s", got.status, got.body)
	}
}

// The base strings are those of the tests of Mastercard's own library.
func TestBaseStringsOfMastercardsLibrary(t *testing.T) {
	text, err := os.ReadFile("../../../scheme/mdes/testdata/vectors/oauth.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		BaseStrings []struct {
			Name, Method, URL, Base string
			Parameters              [][2]string
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors.BaseStrings) == 0 {
		t.Fatalf("%d vectors, %v", len(vectors.BaseStrings), err)
	}
	for _, v := range vectors.BaseStrings {
		at, err := url.Parse(v.URL)
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{Method: strings.ToUpper(v.Method), Host: at.Host, RequestURI: at.RequestURI()}
		if strings.EqualFold(at.Scheme, "https") {
			r.TLS = &tls.ConnectionState{}
		}
		given := map[string]string{}
		for _, p := range v.Parameters {
			given[p[0]] = p[1]
		}
		if got := baseString(r, given); got != v.Base {
			t.Errorf("%s:\n%s\nwant\n%s", v.Name, got, v.Base)
		}
	}
}

// Python and openssl know nothing of this package.
func TestAClientInPythonAndOpenSSL(t *testing.T) {
	python := oracle.Need(t, "python3").With("testdata/issuer.py")
	oracle.Need(t, "openssl")
	w := newWorld(t, nil)
	ref := w.token(t, google, "googlepay", false)
	dir := t.TempDir()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(issuer().key)
	if err != nil {
		t.Fatal(err)
	}
	key, certificate := filepath.Join(dir, "key.pem"), filepath.Join(dir, "certificate.pem")
	for path, block := range map[string]*pem.Block{key: {Type: "PRIVATE KEY", Bytes: pkcs8}, certificate: {Type: "CERTIFICATE", Bytes: mdes().certificate.Raw}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(path, body string) answer {
		header := python.Run(t, []byte(body), "sign", "POST", w.api(path), consumerKey, key)
		return do(t, http.MethodPost, w.api(path), string(header), []byte(body))
	}
	who := `"AuditInfo":{"UserId":"ada@acme","UserName":"ada@acme.example","Organization":"Acme Bank"}}}`
	sealed := python.Run(t, []byte(`{"CurrentAccount":{"AccountPan":"`+testPAN+`"}}`), "seal", certificate)
	var list searched
	ask("/search", `{"SearchRequest":{"EncryptedAccountInformation":`+string(sealed)+`,"PageInfo":{"Offset":"0","Limit":"20"},`+who).read(t, &list)
	if got := list.references(); len(got) != 1 || got[0] != ref {
		t.Errorf("the card's tokens are %v", got)
	}
	if got := ask("/token/suspend", `{"TokenSuspendRequest":{"TokenUniqueReference":"`+ref+`","ReasonCode":"L","CommentText":"Ünïcödé +/=","`+who[1:]); got.reason(t) != "" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if token, _ := w.vault.Token(ref); token.Status != "SUSPENDED" {
		t.Errorf("the token is %s", token.Status)
	}
}
