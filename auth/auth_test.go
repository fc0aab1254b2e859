package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
)

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// trail keeps audit records, or fails.
type trail struct {
	db        storage.Updater
	records   []walletport.AuditRecord
	err       error
	commitErr error // of changes
}

// RecordChange commits with the change of a real database, and fails at its end.
func (t *trail) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	var r walletport.AuditRecord
	err := t.db.Update(ctx, func(tx storage.Tx) (err error) {
		r, err = change(tx)
		return errors.Join(err, t.commitErr)
	})
	if err == nil {
		t.records = append(t.records, r)
	}
	return err
}

func (t *trail) Record(_ context.Context, r walletport.AuditRecord) error {
	t.records = append(t.records, r)
	return t.err
}

// counted counts the reads of a store, and fails when told to.
type counted struct {
	storage.Clients
	reads int
	err   error
}

func (c *counted) Client(ctx context.Context, id string) (storage.Client, error) {
	c.reads++
	if c.err != nil {
		return storage.Client{}, c.err
	}
	return c.Clients.Client(ctx, id)
}

type bench struct {
	clock   *clock
	trail   *trail
	store   *counted
	clients auth.Clients
}

func newBench(t testing.TB) *bench {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: acttest.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b := &bench{clock: &clock{now: start}, trail: &trail{db: db}, store: &counted{Clients: db}}
	b.clients = auth.Clients{Store: db, Audit: b.trail, Rand: rand.Reader, Clock: b.clock.Now}
	return b
}

func (b *bench) mustAuthenticator(t testing.TB, c auth.Config) *auth.Authenticator {
	t.Helper()
	a, err := newAuthenticator(c, b.store, b.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (b *bench) mustCreate(t testing.TB, n auth.NewClient) (string, string) {
	t.Helper()
	id, secret, err := b.clients.Create(acting(t), n, "ops@bank.example")
	if err != nil {
		t.Fatal(err)
	}
	return id, secret
}

// acting returns the context of an operator's act.
func acting(t testing.TB) context.Context {
	ctx := walletport.WithActor(t.Context(), walletport.Actor{ClientID: "operator"})
	return walletport.WithRequest(ctx, walletport.Request{ID: "op-1"})
}

func acme() auth.NewClient {
	return auth.NewClient{Name: "back end", Issuers: []walletport.IssuerID{"acme"}, Scopes: []walletport.Scope{walletport.ScopeProvision}}
}

func wantReason(t *testing.T, err error, code walletport.Code, reason string) {
	t.Helper()
	if walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("error %v: code %q reason %q, want %q %q", err, walletport.CodeOf(err), walletport.ReasonOf(err), code, reason)
	}
}

func TestAuthenticateBasic(t *testing.T) {
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{})
	id, secret := b.mustCreate(t, acme())
	otherID, otherSecret := b.mustCreate(t, acme())

	t.Run("the right secret gives the client's actor", func(t *testing.T) {
		actor, err := a.AuthenticateBasic(t.Context(), id, secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		if actor.ClientID != id || !actor.ActsFor("acme") || actor.ActsFor("other") || !actor.May(walletport.ScopeProvision) || actor.May(walletport.ScopeCards) {
			t.Errorf("actor %+v", actor)
		}
	})
	for _, c := range []struct{ name, id, secret string }{
		{"a wrong secret is refused", id, otherSecret},
		{"the secret of another client is refused", otherID, secret},
		{"an empty secret is refused", id, ""},
		{"the secret without its last letter is refused", id, secret[:len(secret)-1]},
		{"an unknown id is refused", "wpc_nobody", secret},
		{"an empty id is refused", "", secret},
		{"an endless secret is refused", id, strings.Repeat("x", 1<<20)},
		{"an endless id is refused", strings.Repeat("x", 1<<20), secret},
	} {
		t.Run(c.name, func(t *testing.T) {
			actor, err := a.AuthenticateBasic(t.Context(), c.id, c.secret, nil)
			wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
			if actor.ClientID != "" {
				t.Errorf("a refusal gave %+v", actor)
			}
		})
	}
}

func TestWrongAndUnknownCostTheSame(t *testing.T) {
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{})
	id, secret := b.mustCreate(t, acme())
	if _, err := a.AuthenticateBasic(t.Context(), id, secret, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, id string }{{"a known client", id}, {"an unknown client", "wpc_nobody"}} {
		b.store.reads = 0
		_, err := a.AuthenticateBasic(t.Context(), c.id, "wrong", nil)
		wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
		if b.store.reads != 1 {
			t.Errorf("%s with a wrong secret costs %d reads, want 1", c.name, b.store.reads)
		}
	}
}

func TestClientCache(t *testing.T) {
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{ClientCacheTTL: 2 * time.Second})
	id, secret := b.mustCreate(t, acme())
	call := func() error {
		_, err := a.AuthenticateBasic(t.Context(), id, secret, nil)
		return err
	}
	for range 5 {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	if b.store.reads != 1 {
		t.Errorf("five calls read the database %d times, want 1", b.store.reads)
	}
	if _, err := b.clients.Revoke(acting(t), id, "ops@bank.example"); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(1999 * time.Millisecond)
	if err := call(); err != nil {
		t.Errorf("within the cache's time: %v", err)
	}
	b.clock.advance(time.Millisecond)
	wantReason(t, call(), walletport.CodeUnauthenticated, auth.ReasonRevoked)
	_, err := a.AuthenticateBasic(t.Context(), id, "wrong", nil)
	wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid) // a stranger does not learn of the revocation
}

func TestNegativeTTLReadsEveryTime(t *testing.T) {
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{ClientCacheTTL: -1})
	id, secret := b.mustCreate(t, acme())
	for range 3 {
		if _, err := a.AuthenticateBasic(t.Context(), id, secret, nil); err != nil {
			t.Fatal(err)
		}
	}
	if b.store.reads != 3 {
		t.Errorf("%d reads, want 3", b.store.reads)
	}
}

func TestDatabaseGone(t *testing.T) {
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{})
	b.store.err = walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "away")
	_, err := a.AuthenticateBasic(t.Context(), "wpc_x", "wps_x", nil)
	wantReason(t, err, walletport.CodeUnavailable, "store_unavailable")
}

func TestBoundCertificate(t *testing.T) {
	b := newBench(t)
	mine, others := &x509.Certificate{Raw: []byte("mine")}, &x509.Certificate{Raw: []byte("another")}
	digest := sha256.Sum256(mine.Raw)
	bound := acme()
	bound.CertificateSHA256 = strings.ToUpper(hex.EncodeToString(digest[:]))
	id, secret := b.mustCreate(t, bound)
	freeID, freeSecret := b.mustCreate(t, acme())

	t.Run("a bound client must present its certificate", func(t *testing.T) {
		a := b.mustAuthenticator(t, auth.Config{})
		if _, err := a.AuthenticateBasic(t.Context(), id, secret, mine); err != nil {
			t.Error(err)
		}
		_, err := a.AuthenticateBasic(t.Context(), id, secret, others)
		wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonMismatch)
		_, err = a.AuthenticateBasic(t.Context(), id, secret, nil)
		wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonCertificate)
		_, err = a.AuthenticateBasic(t.Context(), id, "wrong", nil)
		wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
		if _, err := a.AuthenticateBasic(t.Context(), freeID, freeSecret, nil); err != nil {
			t.Errorf("a client that is not bound: %v", err)
		}
	})
	t.Run("the switch demands a certificate of everybody", func(t *testing.T) {
		a := b.mustAuthenticator(t, auth.Config{RequireClientCertificate: true})
		_, err := a.AuthenticateBasic(t.Context(), freeID, freeSecret, nil)
		wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonCertificate)
		_, err = a.AuthenticateBearer(t.Context(), "x", nil)
		wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonCertificate)
		if _, err := a.AuthenticateBasic(t.Context(), freeID, freeSecret, others); err != nil {
			t.Error(err)
		}
	})
}

func TestCreate(t *testing.T) {
	b := newBench(t)
	t.Run("credentials are random, prefixed, and stored as a digest", func(t *testing.T) {
		id, secret := b.mustCreate(t, acme())
		again, secretAgain := b.mustCreate(t, acme())
		if id == again || secret == secretAgain || !strings.HasPrefix(id, "wpc_") || !strings.HasPrefix(secret, "wps_") || len(secret) != 47 {
			t.Errorf("id %q, secret of %d letters", id, len(secret))
		}
		row, err := b.store.Clients.Client(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		want := sha256.Sum256([]byte(secret))
		if string(row.SecretHash) != string(want[:]) || !row.CreatedAt.Equal(start) || row.Name != "back end" {
			t.Errorf("row %+v", row)
		}
	})
	t.Run("no secret is shown without a record", func(t *testing.T) {
		b.trail.err = walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "away")
		defer func() { b.trail.err = nil }()
		id, secret, err := b.clients.Create(acting(t), acme(), "")
		wantReason(t, err, walletport.CodeUnavailable, "audit_unavailable")
		if id != "" || secret != "" {
			t.Errorf("the secret is shown")
		}
		if all, err := b.store.Clients.Clients(t.Context()); err != nil || len(all) != 2 {
			t.Errorf("%d clients, %v; nothing is done without the first record", len(all), err)
		}
	})
	t.Run("no randomness, no client", func(t *testing.T) {
		c := b.clients
		c.Rand = strings.NewReader("short")
		if _, _, err := c.Create(acting(t), acme(), ""); err == nil {
			t.Error("a client was made")
		}
	})
	t.Run("an unknown client cannot be revoked", func(t *testing.T) {
		_, err := b.clients.Revoke(acting(t), "wpc_nobody", "")
		wantReason(t, err, walletport.CodeNotFound, "client_not_found")
	})
}

func TestCreateRefuses(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name, field string
		change      func(*auth.NewClient)
	}{
		{"no name", "name", func(n *auth.NewClient) { n.Name = "" }},
		{"a long name", "name", func(n *auth.NewClient) { n.Name = strings.Repeat("a", 65) }},
		{"a PAN for a name", "name", func(n *auth.NewClient) { n.Name = "5204247750001471" }},
		{"no issuer", "issuers", func(n *auth.NewClient) { n.Issuers = nil }},
		{"a bad issuer", "issuers", func(n *auth.NewClient) { n.Issuers = []walletport.IssuerID{"a b"} }},
		{"no scope", "scopes", func(n *auth.NewClient) { n.Scopes = nil }},
		{"an unknown scope", "scopes", func(n *auth.NewClient) { n.Scopes = []walletport.Scope{"admin"} }},
		{"a short certificate digest", "certificate_sha256", func(n *auth.NewClient) { n.CertificateSHA256 = "abcd" }},
		{"a certificate digest that is no hex", "certificate_sha256", func(n *auth.NewClient) { n.CertificateSHA256 = strings.Repeat("x", 64) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := acme()
			c.change(&n)
			_, _, err := b.clients.Create(acting(t), n, "")
			wantReason(t, err, walletport.CodeInvalid, "client_invalid")
			if e, ok := errors.AsType[*walletport.Error](err); !ok || len(e.Fields) != 1 || e.Fields[0].Name != c.field {
				t.Errorf("error %+v, want field %s", e, c.field)
			}
		})
	}
}

func TestNewRefusesHalfAConfiguration(t *testing.T) {
	b := newBench(t)
	if _, err := auth.New(auth.Config{}, nil, b.clock.Now, mustTrust(t, auth.Config{}, b.clock.Now)); err == nil {
		t.Error("no store was taken")
	}
	if _, err := newAuthenticator(auth.Config{Leeway: 2 * time.Minute}, b.store, b.clock.Now); err == nil {
		t.Error("a leeway of two minutes was taken")
	}
}

func BenchmarkAuthenticateBasic(b *testing.B) {
	bench := newBench(b)
	a, err := newAuthenticator(auth.Config{}, bench.store, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	id, secret := bench.mustCreate(b, acme())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.AuthenticateBasic(b.Context(), id, secret, nil); err != nil {
			b.Fatal(err)
		}
	}
}
