package clicktopaysim_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/sim/clicktopaysim"
)

// callerCases are requests that are not let in.
var callerCases = []struct {
	name, code, fault string
	change            func(q *question)
}{
	{"no signature", "9159", "pay_token_missing", func(q *question) { q.payToken = []string{} }},
	{"two signatures", "9159", "pay_token_missing", func(q *question) { q.payToken = []string{"xv2:1:2", "xv2:1:2"} }},
	{"an older version", "9159", "pay_token_version", func(q *question) { q.payToken = []string{"x:1700000000:00"} }},
	{"no hash", "9159", "pay_token_form", func(q *question) { q.payToken = []string{"xv2:1700000000"} }},
	{"a time that is none", "9159", "pay_token_form", func(q *question) { q.payToken = []string{"xv2:now:" + strings.Repeat("0", 64)} }},
	{"hex in capitals", "9159", "pay_token_capitals", func(q *question) { q.payToken = []string{"xv2:1700000000:" + strings.Repeat("AB", 32)} }},
	{"milliseconds", "9159", "pay_token_milliseconds", func(q *question) { q.at *= 1000 }},
	{"another environment's API key", "9201", "api_key_unknown", func(q *question) { q.query = "apiKey=other" }},
	{"no API key", "9201", "api_key_missing", func(q *question) { q.query = "x=1" }},
	{"the API key twice", "9201", "api_key_twice", func(q *question) { q.query += "&apikey=" + testAPIKey }},
	{"the secret of another environment", "9159", "pay_token_hash", func(q *question) { q.secret = "other" }},
	{"the path with its context", "9159", "pay_token_path_with_context", func(q *question) {
		q.signs = func(path, query, body string) string { return "visaIdCredential/" + path + query + body }
	}},
	{"the path with a slash before it", "9159", "pay_token_path_slash", func(q *question) {
		q.signs = func(path, query, body string) string { return "/" + path + query + body }
	}},
	{"the question mark signed", "9159", "pay_token_question_mark", func(q *question) {
		q.signs = func(path, query, body string) string { return path + "?" + query + body }
	}},
	{"the query left out", "9159", "pay_token_without_query", func(q *question) {
		q.signs = func(path, _, body string) string { return path + body }
	}},
	{"the body left out", "9159", "pay_token_without_body", func(q *question) {
		q.signs = func(path, query, _ string) string { return path + query }
	}},
	{"ten minutes late", "9121", "pay_token_stale", func(q *question) { q.at -= 1200 }},
	{"ten minutes early", "9121", "pay_token_future", func(q *question) { q.at += 600 }},
}

func TestRequestsThatAreNotLetIn(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range callerCases {
		q := w.question(http.MethodPost, "enrollData", enrolment("c-1"))
		c.change(q)
		a := w.ask(t, q)
		if _, fault := w.firstFault(t); a.status != http.StatusUnauthorized || a.reason() != c.code || fault != c.fault || !strings.Contains(string(a.body), `"responseStatus"`) {
			t.Errorf("%s: %d %s, fault %s", c.name, a.status, a.body, fault)
		}
	}
	if status, text := w.send(t, http.MethodGet, "/c2p/consumers", ""); status != 200 || string(text) != `{"consumers":[]}` {
		t.Errorf("%d %s", status, text)
	}
}

func TestATokenIsGoodOnce(t *testing.T) {
	w := newWorld(t, nil)
	q := w.question(http.MethodGet, "requestStatus/x", nil)
	first, again := w.ask(t, q), w.ask(t, q)
	if _, fault := w.firstFault(t); first.status != 400 || again.status != 401 || again.reason() != "9121" || fault != "pay_token_used" {
		t.Errorf("%d, then %d %s, fault %s", first.status, again.status, again.body, fault)
	}
}

func TestTheSignedPathByProfile(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.api.SignsContext = true })
	q := w.question(http.MethodPost, "enrollData", enrolment("c-1"))
	if a := w.ask(t, q); a.status != http.StatusUnauthorized {
		t.Errorf("%d %v", a.status, a.plain)
	}
	if _, fault := w.firstFault(t); fault != "pay_token_path_without_context" {
		t.Errorf("fault %s", fault)
	}
	q = w.question(http.MethodPost, "enrollData", enrolment("c-1"))
	q.signs = func(path, query, body string) string { return "visaIdCredential/" + path + query + body }
	if a := w.ask(t, q); a.status != http.StatusAccepted {
		t.Errorf("%d %v", a.status, a.plain)
	}
}

// While an issuer renews its secret and its key it has two entries: either signs, and
// answers are encrypted to the later one.
func TestRenewedSecretAndKey(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		old := client()
		old.Secret, old.Recipient.Key = []byte("the old secret"), &stranger().PublicKey
		s.api.Clients = func() []clicktopaysim.Client { return []clicktopaysim.Client{old, client()} }
	})
	q := w.question(http.MethodPost, "enrollData", enrolment("c-1"))
	q.secret = "the old secret"
	if a := w.ask(t, q); a.status != http.StatusAccepted || a.fault != nil {
		t.Errorf("%d %v", a.status, a.fault)
	}
}

func TestPathsThatThereAreNot(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"POST", "visaIdCredential/v2/enrollData", 404},
		{"POST", "visaIdCredential/v1/enroll", 404},
		{"POST", "visaIdCredential/v1/enrollData/", 404},
		{"POST", "visaIdCredential/v1/getData/c-1", 404},
		{"GET", "visaIdCredential/v1/requestStatus", 404},
		{"GET", "visaIdCredential/v1/requestStatus/a/b", 404},
		{"POST", "visaIdCredential/v1/requestStatus/a", 405},
		{"GET", "visaIdCredential/v1/getData", 405},
		{"POST", "visaIdCredential/v1/manageConsumerInformation", 405},
		{"PUT", "visaIdCredential/v1/enrollData", 405},
	} {
		if status, text := w.send(t, c.method, "/c2p/api/"+c.path, ""); status != c.want || !strings.Contains(string(text), `"responseStatus"`) {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, text)
		}
	}
	if status, _ := w.send(t, http.MethodPost, "/c2p/api/visaIdCredential/v1/getData", strings.Repeat(" ", 70_000)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge body: %d", status)
	}
	for _, path := range []string{"/c2p/requests", "/c2p/consumers"} {
		if status, _ := w.send(t, http.MethodDelete, path, ""); status != http.StatusMethodNotAllowed {
			t.Errorf("DELETE %s: %d", path, status)
		}
	}
}

// Another product's form of enrollData.
func TestAnotherProduct(t *testing.T) {
	w := newWorld(t, nil)
	if a := w.ask(t, w.question(http.MethodPut, "enrollData/c-1", enrolment("c-1"))); a.status != http.StatusUnprocessableEntity || a.plain["message"] == nil {
		t.Errorf("%d %v", a.status, a.plain)
	}
}

// certificate makes a client certificate by its own authority.
func certificate(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

var certificateCases = []struct {
	name, certificate, user, password, fault string
	isKeyed                                  bool
	status                                   int
}{
	{"by certificate and Basic", "acme", "user", "password", "", false, 202},
	{"beside an API key", "acme", "user", "password", "caller_twice", true, 202},
	{"no Basic", "acme", "", "", "basic_missing", false, 401},
	{"another password", "acme", "user", "other", "basic_wrong", false, 401},
	{"another certificate", "other", "user", "password", "certificate_unknown", false, 401},
	{"no certificate", "", "user", "password", "certificate_missing", false, 401},
}

func TestCallersByCertificate(t *testing.T) {
	w := &world{clock: &clock{}}
	s := newSettings(t.TempDir(), w.clock.now)
	s.api.Clients = func() []clicktopaysim.Client {
		c := client()
		c.APIKey, c.Secret = "", nil
		c.Certificate, c.User, c.Password = "acme", "user", "password"
		return []clicktopaysim.Client{c}
	}
	handler, r := mount(t, s)
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(func() {
		server.Close()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	w.URL = server.URL
	for i, c := range certificateCases {
		config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		if c.certificate != "" {
			config.Certificates = []tls.Certificate{certificate(t, c.certificate)}
		}
		transport := &http.Transport{TLSClientConfig: config}
		q := w.question(http.MethodPost, "enrollData", enrolment("c-"+string(rune('a'+i))))
		q.tls = &http.Client{Transport: transport}
		if q.payToken = []string{}; !c.isKeyed {
			q.query = ""
		}
		if c.user != "" {
			basic := &http.Request{Header: q.headers}
			basic.SetBasicAuth(c.user, c.password)
		}
		a := w.ask(t, q)
		plain, err := q.tls.Get(server.URL + "/sandbox/c2p/requests")
		if err != nil {
			t.Fatal(err)
		}
		_, fault := firstFaultOf(t, plain)
		if a.status != c.status || fault != c.fault || a.status == 401 && a.reason() != "9209" {
			t.Errorf("%s: %d %s, fault %s", c.name, a.status, a.body, fault)
		}
		transport.CloseIdleConnections()
	}
}
