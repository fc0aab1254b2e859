package door_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/doortest"
	"github.com/walletport/walletport/telemetry"
)

const (
	testPAN    = "5204247750001471"
	goodPath   = "/made-up/v1/things/42"
	goodTarget = goodPath + "?user=ada"
)

// house is a door with a made-up API.
type house struct {
	door    *door.Door
	things  *things
	trail   *doortest.Trail
	logs    *doortest.Log
	metrics *telemetry.Metrics
	spans   *tracetest.InMemoryExporter
}

// things answers the one call of the made-up API, which needs a user in the query.
type things struct {
	calls int
	ctx   context.Context //nolint:containedctx // the test looks at what came with the call
	body  string
	err   error                 // what the call fails with, recorded by itself
	do    func(context.Context) // called before the answer
	long  bool                  // the answer is longer than what is held back
}

var thing = door.Operation{
	Route: "/v1/things/{id}", Scope: walletport.ScopeProvision, Action: walletport.ActionActivate, Wallet: walletport.ApplePay,
	Headers: map[string][]string{"Deprecation": {"@1"}},
	Describe: func(r *http.Request, arguments []string, record *walletport.AuditRecord) {
		record.AuditUser = walletport.AuditUser(r.URL.Query().Get("user") + "/" + arguments[0])
	},
}

func (th *things) api() door.API {
	return door.API{
		BasePath: "/made-up", Handler: th,
		Match: func(r *http.Request) (*door.Operation, []string) {
			id, ok := strings.CutPrefix(r.URL.Path, "/made-up/v1/things/")
			if !ok || id == "" || r.Method != http.MethodPost {
				return nil, nil
			}
			return &thing, []string{id}
		},
		Prepare: func(r *http.Request, _ *walletport.Request) error {
			if r.URL.Query().Get("user") == "" {
				return walletport.Errorf(walletport.CodeInvalid, "user_missing", "a user is needed")
			}
			return nil
		},
		Discreet: func(err error) bool { return walletport.CodeOf(err) == walletport.CodeNotFound },
		Codes:    []door.CodeDoc{{Code: "user_missing", Status: 400, Title: "The user is missing", Remedy: "Name one."}},
	}
}

func (th *things) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := door.CallFrom(r.Context())
	if !strings.HasPrefix(r.URL.Path, "/made-up/v1/things/") {
		c.Refuse(walletport.Errorf(walletport.CodeNotFound, "path_not_found", "there is nothing at this path"))
		return
	}
	if r.Method != http.MethodPost {
		c.Refuse(door.ErrMethod("POST"))
		return
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		c.Refuse(err)
		return
	}
	th.calls, th.ctx, th.body = th.calls+1, r.Context(), string(content)
	c.Note("things", "one")
	if th.do != nil {
		th.do(r.Context())
	}
	if th.err != nil {
		c.Refuse(door.Recorded(th.err))
		return
	}
	if th.long {
		_, _ = w.Write([]byte(strings.Repeat(" ", 16<<10)))
	}
	_, _ = w.Write([]byte(`{}`))
}

// scopeAuth knows clients that are named after their only scope, and nobody by the
// secret "wrong". The secret "outage" brings about an outage.
type scopeAuth struct{}

func (scopeAuth) Authenticate(r *http.Request) (door.Caller, error) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		return door.Caller{}, walletport.Errorf(walletport.CodeUnauthenticated, "credentials_missing", "no")
	}
	caller := door.Caller{Claimed: id}
	switch secret {
	case "wrong":
		return caller, walletport.Errorf(walletport.CodeUnauthenticated, "credentials_invalid", "no")
	case "outage":
		caller.Provoked = true
		return caller, walletport.Errorf(walletport.CodeUnavailable, "token_keys_unavailable", "no")
	}
	scope, _, _ := strings.Cut(id, "/")
	caller.Actor = walletport.Actor{ClientID: id, Scopes: []walletport.Scope{walletport.Scope(scope)}}
	return caller, nil
}

func (scopeAuth) Challenges(code string) []string {
	return []string{`Basic realm="made-up", error="` + code + `"`}
}

// zeroes makes all request ids alike.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// mustHouse can live in a synctest bubble.
func mustHouse(t testing.TB, change func(*door.Parts)) *house {
	t.Helper()
	h := &house{things: &things{}, trail: &doortest.Trail{}, logs: &doortest.Log{}, metrics: telemetry.NewMetrics(), spans: tracetest.NewInMemoryExporter()}
	provider := telemetry.NewTracerProvider(sdktrace.NewSimpleSpanProcessor(telemetry.AllowListed(h.spans)), 1, "test")
	parts := door.Parts{
		API: h.things.api(), Authenticator: scopeAuth{}, Audit: h.trail, Clock: time.Now, Rand: zeroes{}, Metrics: h.metrics,
		Log: telemetry.NewLogger(h.logs, slog.LevelInfo), Tracer: provider.Tracer("door"), MetricsPage: h.metrics.Handler(),
	}
	if change != nil {
		change(&parts)
	}
	var err error
	if h.door, err = door.New(parts); err != nil {
		t.Fatal(err)
	}
	return h
}

// mustLimitedHouse has limits.
func mustLimitedHouse(t testing.TB, limits door.Limits) *house {
	t.Helper()
	return mustHouse(t, func(p *door.Parts) { p.Limits = limits })
}

// mustRequest returns a request of a good client.
func mustRequest(t testing.TB, method, target string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://walletport.example"+target, body)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI, r.RemoteAddr = target, "192.0.2.7:4711"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.SetBasicAuth("provision/1", "right")
	return r
}

func (h *house) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.door.ServeHTTP(w, r)
	return w
}
