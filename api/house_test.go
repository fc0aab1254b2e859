package api_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/go-jose/go-jose/v4"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/api"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/doortest"
	"github.com/walletport/walletport/idempotency"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/telemetry"
	"github.com/walletport/walletport/tokens"
)

const (
	testPAN    = "5204247750001471"
	goodPath   = "/wallet/v1/42/provision/issuerwallet/acme-wallet"
	goodTarget = goodPath + "?auditUser=ada%40bank.example"
	goodData   = "eyJjYXJkSW5mbyI6e319"
)

// fakeFlow stands for provisioning, activation, the tokens of cards and Click to Pay.
type fakeFlow struct {
	mu    sync.Mutex
	calls []any           // the requests, each of its own type
	ctx   context.Context //nolint:containedctx // the test looks at what came with the call
	err   error
	do    func(context.Context) // called before the answer
	list  tokens.List
	token tokens.Listed // after a change

	accepted clicktopay.Accepted
	profile  clicktopay.Profile
	status   clicktopay.Status
}

// tav2Request tells the deprecated calls' requests from the current one's.
type tav2Request activation.Request

func (f *fakeFlow) answer(ctx context.Context, req any) error {
	f.mu.Lock()
	f.calls, f.ctx = append(f.calls, req), ctx
	do, err := f.do, f.err
	f.mu.Unlock()
	if do != nil {
		do(ctx)
	}
	return err
}

func (f *fakeFlow) ApplePay(ctx context.Context, req provisioning.ApplePayRequest) (provisioning.ApplePayResult, error) {
	err := f.answer(ctx, req)
	return provisioning.ApplePayResult{
		ActivationData: "YWN0", EncryptedPassData: "cGFzcw==", EphemeralPublicKey: "a2V5", CertificateForm: "PEM, base64, leaf first",
	}, err
}

func (f *fakeFlow) Push(ctx context.Context, req provisioning.PushRequest) (provisioning.PushResult, error) {
	err := f.answer(ctx, req)
	result := provisioning.PushResult{DigitizationData: goodData}
	if req.OpaquePaymentCardRequested {
		result.GoogleOpaquePaymentCard = "b3Bj"
	}
	return result, err
}

func (f *fakeFlow) Activate(ctx context.Context, req activation.Request) (activation.Result, error) {
	err := f.answer(ctx, req)
	return activation.Result{ActivationData: "YWN0"}, err
}

func (f *fakeFlow) ActivateTAV2(ctx context.Context, req activation.Request) (activation.Result, error) {
	err := f.answer(ctx, tav2Request(req))
	return activation.Result{ActivationData: "dGF2Mg=="}, err
}

func (f *fakeFlow) List(ctx context.Context, req tokens.ListRequest) (tokens.List, error) {
	err := f.answer(ctx, req)
	return f.list, err
}

func (f *fakeFlow) Change(ctx context.Context, req tokens.ChangeRequest) (tokens.Changed, error) {
	err := f.answer(ctx, req)
	return tokens.Changed{Token: f.token, ChangeID: "c-1"}, err
}

func (f *fakeFlow) Accept(ctx context.Context, asked clicktopay.Asked) (clicktopay.Accepted, error) {
	err := f.answer(ctx, asked)
	return f.accepted, err
}

func (f *fakeFlow) Read(ctx context.Context, req clicktopay.ReadRequest) (*clicktopay.Profile, error) {
	if err := f.answer(ctx, req); err != nil {
		return nil, err
	}
	return &f.profile, nil
}

func (f *fakeFlow) Status(ctx context.Context, req clicktopay.StatusRequest) (clicktopay.Status, error) {
	err := f.answer(ctx, req)
	return f.status, err
}

// changes is a trail whose records of changes are committed with them.
type changes struct {
	*doortest.Trail
	db storage.Updater
}

func (c changes) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	return c.db.Update(ctx, func(tx storage.Tx) error {
		r, err := change(tx)
		if err != nil {
			return err
		}
		return c.Record(ctx, r)
	})
}

type credential struct{ id, secret string }

// house is a door on real authentication and a real database, with a fake flow.
type house struct {
	door    *door.Door
	flow    *fakeFlow
	trail   *doortest.Trail
	db      *sqlite.Store
	logs    *doortest.Log
	metrics *telemetry.Metrics
	spans   *tracetest.InMemoryExporter
	tokens  *ecdsa.PrivateKey

	client, other, readOnly, revoked, ended credential
}

const tokenIssuer = "https://login.bank.example"

// parts are what a house is made of.
type parts struct {
	door.Parts
	Flows      api.Flows
	Verifier   api.Verifier
	ServerURLs []string
}

func mustHouse(t testing.TB, change func(*parts)) *house {
	t.Helper()
	h := &house{flow: &fakeFlow{}, trail: &doortest.Trail{}, logs: &doortest.Log{}, metrics: telemetry.NewMetrics(), spans: tracetest.NewInMemoryExporter()}
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: acttest.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	h.db = db
	h.makeClients(t)
	if h.tokens, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &h.tokens.PublicKey}}})
	if err != nil {
		t.Fatal(err)
	}
	config := auth.Config{TokenIssuers: []auth.TokenIssuer{{
		Issuer: tokenIssuer, Audience: "walletport", JWKS: jwks, Issuers: []walletport.IssuerID{"acme"},
	}}}
	trust, err := auth.OpenTrust(t.Context(), config, time.Now, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	authenticator, err := auth.New(config, db, time.Now, trust)
	if err != nil {
		t.Fatal(err)
	}
	provider := telemetry.NewTracerProvider(sdktrace.NewSimpleSpanProcessor(telemetry.AllowListed(h.spans)), 1, "test")
	p := parts{
		Parts: door.Parts{
			Audit: h.trail, Clock: time.Now, Rand: rand.Reader, Log: telemetry.NewLogger(h.logs, slog.LevelDebug),
			Metrics: h.metrics, Tracer: provider.Tracer("api"), MetricsPage: h.metrics.Handler(),
			Answers: idempotency.New(db, idempotency.Config{Rand: rand.Reader}),
			Limits:  door.Limits{RequestsPerSecond: -1, RequestsPerMinute: -1, FailuresPerMinute: -1},
		},
		Flows: api.Flows{Provisioner: h.flow, Activator: h.flow, Tokens: h.flow, ClickToPay: h.flow}, Verifier: authenticator,
	}
	if change != nil {
		change(&p)
	}
	p.Authenticator = api.NewAuthenticator(p.Verifier)
	if p.API, err = api.New(p.Flows, p.ServerURLs); err != nil {
		t.Fatal(err)
	}
	if h.door, err = door.New(p.Parts); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) makeClients(t testing.TB) {
	t.Helper()
	ctx := walletport.WithRequest(t.Context(), walletport.Request{ID: "op-1"})
	clients := auth.Clients{Store: h.db, Audit: changes{&doortest.Trail{}, h.db}, Rand: rand.Reader, Clock: time.Now}
	create := func(scopes ...walletport.Scope) credential {
		id, secret, err := clients.Create(ctx, auth.NewClient{
			Name: "test", Issuers: []walletport.IssuerID{"acme"}, Scopes: scopes,
		}, "")
		if err != nil {
			t.Fatal(err)
		}
		return credential{id, secret}
	}
	h.client = create(walletport.ScopeProvision, walletport.ScopeActivate, walletport.ScopeTokensRead, walletport.ScopeTokensWrite, walletport.ScopeClickToPay)
	h.other = create(walletport.ScopeClickToPay)
	h.readOnly, h.revoked = create(walletport.ScopeTokensRead), create(walletport.ScopeProvision)
	if _, err := clients.Revoke(ctx, h.revoked.id, ""); err != nil {
		t.Fatal(err)
	}
	h.ended = create(walletport.ScopeProvision)
	err := h.db.Update(ctx, func(tx storage.Tx) error {
		return tx.UpdateClient(h.ended.id, func(c storage.Client) (storage.Client, error) {
			c.ExpiresAt = c.CreatedAt
			return c, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) mustToken(t testing.TB, expiry time.Time, scope string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: h.tokens}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(map[string]any{"iss": tokenIssuer, "aud": "walletport", "sub": "mobile", "exp": expiry.Unix(), "scope": scope})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// mustRequest returns a request of the house's client.
func (h *house) mustRequest(t testing.TB, method, target string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://walletport.example"+target, body)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI, r.RemoteAddr = target, "192.0.2.7:4711"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.SetBasicAuth(h.client.id, h.client.secret)
	return r
}

func (h *house) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.door.ServeHTTP(w, r)
	return w
}

// wantProblem checks that an answer is a problem of that status and code, and
// that it keeps to the specification.
func wantProblem(t *testing.T, r *http.Request, w *httptest.ResponseRecorder, status int, code string) doortest.Problem {
	t.Helper()
	p := doortest.WantProblem(t, r, w, status, code)
	wantSpecified(t, r, w)
	return p
}

var loadSpec = sync.OnceValues(func() (routers.Router, error) {
	document, err := readSpec("openapi.yaml")
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(document)
})

func readSpec(path string) (*openapi3.T, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	return document, nil
}

// wantSpecified checks an answer of a call against the specification.
func wantSpecified(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	router, err := loadSpec()
	if err != nil {
		t.Fatal(err)
	}
	route, path, err := router.FindRoute(r)
	if err != nil {
		return // not a call of the specification
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: path, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(strings.NewReader(w.Body.String())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(t.Context(), input); err != nil {
		t.Errorf("the answer breaks the specification: %v", err)
	}
}

func problemCode(body []byte) string {
	var p doortest.Problem
	if json.Unmarshal(body, &p) != nil {
		return ""
	}
	return p.Code
}
