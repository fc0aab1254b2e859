package door_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/doortest"
	"github.com/walletport/walletport/telemetry"
)

// operators is a made-up API for the people who run the server. Its base path, calls and
// codes have nothing in common with another's.
type operators struct{}

// The calls of operators: one of cards with a body, one that reads the trail.
var operatorCalls = map[string]*door.Operation{
	"POST /admin/v1/cards/block": {
		Route: "/v1/cards/block", Scope: walletport.ScopeCards, Action: walletport.ActionCardsImport,
		Body: &door.Body{Members: []door.Member{{Name: "reason", Missing: "block_reason_missing"}}},
		Describe: func(r *http.Request, _ []string, record *walletport.AuditRecord) {
			record.AuditUser = walletport.AuditUser(door.ClientCertificate(r).Subject.Organization[0])
		},
	},
	"GET /admin/v1/trail": {Route: "/v1/trail", Scope: walletport.ScopeAuditRead, Action: walletport.ActionAuditExport},
}

func (operators) match(r *http.Request) (*door.Operation, []string) {
	return operatorCalls[r.Method+" "+r.URL.Path], nil
}

func (operators) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := door.CallFrom(r.Context())
	switch r.URL.Path {
	case "/admin/v1/cards/block":
		c.Refuse(walletport.Errorf(walletport.CodeConflict, "card_blocked", "the card is blocked already"))
	case "/admin/v1/trail":
		_, _ = io.WriteString(w, "by "+walletport.ActorFrom(r.Context()).ClientID)
	default:
		c.Refuse(walletport.Errorf(walletport.CodeNotFound, "path_not_found", "there is nothing at this path"))
	}
}

// certificates knows operators by their TLS certificates alone. What they may do stands
// there as their units.
type certificates struct{}

func (certificates) Authenticate(r *http.Request) (door.Caller, error) {
	subject := door.ClientCertificate(r).Subject
	caller := door.Caller{Claimed: subject.CommonName}
	if strings.HasPrefix(subject.CommonName, "former ") {
		caller.Provoked = true
		return caller, walletport.Errorf(walletport.CodeForbidden, "operator_unknown", "the certificate is no operator's")
	}
	caller.Actor.ClientID = subject.CommonName
	for _, unit := range subject.OrganizationalUnit {
		caller.Actor.Scopes = append(caller.Actor.Scopes, walletport.Scope(unit))
	}
	return caller, nil
}

func (certificates) Challenges(string) []string { return nil } // who has no certificate does not get in

// authority issues the certificates of a test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func mustAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{certificate: &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}}
	made := a.mustIssue(t, a.certificate)
	var err error
	if a.certificate, err = x509.ParseCertificate(made.Certificate[0]); err != nil {
		t.Fatal(err)
	}
	a.key, _ = made.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// mustIssue returns a certificate with a new key; of an authority that has no key, its own.
func (a *authority) mustIssue(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// client returns an HTTP client that shows a certificate of that name and those scopes.
func (a *authority) client(t *testing.T, name string, scopes ...walletport.Scope) *http.Client {
	t.Helper()
	settings := &tls.Config{RootCAs: a.pool()}
	if name != "" {
		subject := pkix.Name{CommonName: name, Organization: []string{"Acme"}}
		for _, scope := range scopes {
			subject.OrganizationalUnit = append(subject.OrganizationalUnit, string(scope))
		}
		settings.Certificates = []tls.Certificate{a.mustIssue(t, &x509.Certificate{Subject: subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})}
	}
	transport := &http.Transport{TLSClientConfig: settings}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// secondDoor is a door of operators beside the house's, with the same trail and metrics.
type secondDoor struct {
	*authority
	door *door.Door
	logs *doortest.Log
	url  string
}

func mustSecondDoor(t *testing.T, h *house) *secondDoor {
	t.Helper()
	s := &secondDoor{authority: mustAuthority(t), logs: &doortest.Log{}}
	var err error
	s.door, err = door.New(door.Parts{
		API: door.API{
			BasePath: "/admin", Match: operators{}.match, Handler: operators{},
			Codes: []door.CodeDoc{{Code: "card_blocked", Status: 409, Title: "The card is blocked", Remedy: "Nothing."}},
		},
		Authenticator: certificates{}, Audit: h.trail, Metrics: h.metrics, Clock: time.Now, Rand: rand.Reader,
		Log:    telemetry.NewLogger(s.logs, slog.LevelInfo),
		Limits: door.Limits{RequestsPerSecond: -1, RequestsPerMinute: 3, FailuresPerMinute: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := s.door.NewServer()
	server.TLSConfig = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: s.pool(), Certificates: []tls.Certificate{
		s.mustIssue(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}),
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "https://" + listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close(); <-served })
	return s
}

// ask returns the status of an answer, its headers, and its body.
func (s *secondDoor) ask(t *testing.T, client *http.Client, call, body string) (*http.Response, string) {
	t.Helper()
	method, path, _ := strings.Cut(call, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(content)
}

// TestASecondDoor serves another API on a listener of its own with mutual TLS, and the
// machinery is the same.
func TestASecondDoor(t *testing.T) {
	h := mustHouse(t, nil)
	s := mustSecondDoor(t, h)
	reader := s.client(t, "rita", walletport.ScopeAuditRead)

	t.Run("who has no certificate does not get in", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := s.client(t, "").Do(r); err == nil {
			_ = answer.Body.Close()
			t.Errorf("answer %d", answer.StatusCode)
		}
	})
	t.Run("a certificate names the actor", func(t *testing.T) {
		answer, body := s.ask(t, reader, "GET /admin/v1/trail", "")
		if answer.StatusCode != http.StatusOK || body != "by rita" || answer.Header.Get("X-Request-Id") == "" || answer.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("answer %d %s, %v", answer.StatusCode, body, answer.Header)
		}
		if !strings.Contains(s.logs.String(), `"route":"/v1/trail","status":200,"code":"ok"`) || !strings.Contains(s.logs.String(), `"client_id":"rita"`) {
			t.Errorf("the access log says %s", s.logs)
		}
	})
	cards := func(name string) *http.Client { return s.client(t, name, walletport.ScopeCards) }
	for _, c := range []struct {
		name, call, body string
		client           *http.Client
		status           int
		code, title      string
		recorded         bool
	}{
		{"its own code", "POST /admin/v1/cards/block", `{"reason":"lost"}`, cards("carl"), 409, "card_blocked", "The card is blocked", false},
		{"its own body", "POST /admin/v1/cards/block", `{}`, cards("carla"), 400, "block_reason_missing", "Bad Request", true},
		{"its own scope", "POST /admin/v1/cards/block", `{"reason":"lost"}`, reader, 403, "scope_missing", "The client lacks the scope", true},
		{"its own authentication", "GET /admin/v1/trail", "", s.client(t, "former rita", walletport.ScopeAuditRead), 403, "operator_unknown", "Forbidden", true},
		{"its own base path", "POST " + goodTarget, "", cards("carlo"), 404, "path_not_found", "There is nothing at this path", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, body := s.ask(t, c.client, c.call, c.body)
			var p doortest.Problem
			if err := json.Unmarshal([]byte(body), &p); err != nil || answer.StatusCode != c.status || p.Code != c.code || p.Title != c.title {
				t.Errorf("answer %d %s, want %d %s", answer.StatusCode, body, c.status, c.code)
			}
			records := h.trail.Take()
			if len(records) > 1 || (len(records) == 1) != c.recorded || c.recorded && records[0].Outcome != c.code {
				t.Errorf("recorded %+v", records)
			}
		})
	}
	t.Run("its own limits", func(t *testing.T) {
		limited := map[string]int{}
		for _, client := range []*http.Client{s.client(t, "lisa", walletport.ScopeAuditRead), s.client(t, "former lisa")} {
			for range 4 {
				_, body := s.ask(t, client, "GET /admin/v1/trail", "")
				var p doortest.Problem
				if json.Unmarshal([]byte(body), &p) == nil {
					limited[p.Code]++
				}
			}
		}
		if limited["rate_limited"] != 1 || limited["operator_unknown"] != 2 || limited["authentication_rate_limited"] != 2 {
			t.Errorf("%v", limited)
		}
	})
	t.Run("the first door knows nothing of it", func(t *testing.T) {
		for target, status := range map[string]int{goodTarget: 200, "/admin/v1/trail": 404} {
			if w := h.do(mustRequest(t, http.MethodPost, target, nil)); w.Code != status {
				t.Errorf("%s answers %d", target, w.Code)
			}
		}
		s.door.Drain()
		if answer, _ := s.ask(t, reader, "GET /readyz", ""); answer.StatusCode != http.StatusServiceUnavailable || !answer.Close {
			t.Errorf("the second drains: %d", answer.StatusCode)
		}
		if w := h.do(mustRequest(t, http.MethodGet, "/readyz", nil)); w.Code != 200 {
			t.Errorf("the first drains too: %d", w.Code)
		}
	})
}
