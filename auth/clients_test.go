package auth_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/storage"
)

func (b *bench) mustRotate(t *testing.T, id string, overlap time.Duration) string {
	t.Helper()
	secret, err := b.clients.RotateSecret(acting(t), id, overlap, "ops@bank.example")
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// TestTwoSecretsWorkDuringARotation, for as long as the overlap and no longer.
func TestTwoSecretsWorkDuringARotation(t *testing.T) {
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{})
	id, first := b.mustCreate(t, acme())
	login := func(secret string) error {
		_, err := a.AuthenticateBasic(t.Context(), id, secret, nil)
		return err
	}
	wantAll := func(moment string, good, bad []string) {
		t.Helper()
		for _, secret := range good {
			if err := login(secret); err != nil {
				t.Errorf("%s: a good secret: %v", moment, err)
			}
		}
		for _, secret := range bad {
			wantReason(t, login(secret), walletport.CodeUnauthenticated, auth.ReasonInvalid)
		}
	}
	wantAll("before", []string{first}, nil)
	second := b.mustRotate(t, id, 24*time.Hour)
	wantAll("at once", []string{second, first}, []string{"", "wps_"})
	b.clock.advance(24*time.Hour - time.Millisecond)
	wantAll("to the end", []string{second, first}, nil)
	b.clock.advance(time.Millisecond)
	wantAll("at the end, though it was let in a moment ago", []string{second}, []string{first})
	third := b.mustRotate(t, id, time.Hour)
	fourth := b.mustRotate(t, id, time.Hour)
	b.clock.advance(2 * time.Second)
	wantAll("after two rotations", []string{fourth, third}, []string{second, first})
	fifth := b.mustRotate(t, id, 0)
	b.clock.advance(2 * time.Second)
	wantAll("without an overlap", []string{fifth}, []string{fourth, third})
	for _, overlap := range []time.Duration{-time.Second, 91 * 24 * time.Hour} {
		_, err := b.clients.RotateSecret(acting(t), id, overlap, "")
		wantReason(t, err, walletport.CodeInvalid, "client_invalid")
	}
	wantAll("after refused rotations", []string{fifth}, nil)
}

func TestAClientEndsAtItsEnd(t *testing.T) {
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{})
	wanted := acme()
	wanted.ExpiresAt = start.Add(time.Hour)
	id, secret := b.mustCreate(t, wanted)
	login := func(secret string) error {
		_, err := a.AuthenticateBasic(t.Context(), id, secret, nil)
		return err
	}
	b.clock.advance(time.Hour - time.Millisecond)
	if err := login(secret); err != nil {
		t.Errorf("before the end: %v", err)
	}
	b.clock.advance(time.Millisecond)
	wantReason(t, login(secret), walletport.CodeUnauthenticated, auth.ReasonEnded)
	wantReason(t, login("wrong"), walletport.CodeUnauthenticated, auth.ReasonInvalid) // a stranger does not learn of it
	name := "still there"
	if err := b.clients.Change(acting(t), id, auth.ClientChange{Name: &name}, ""); err != nil {
		t.Errorf("a change of an ended client: %v", err)
	}
	later := b.clock.Now().Add(time.Hour)
	if err := b.clients.Change(acting(t), id, auth.ClientChange{ExpiresAt: &later}, ""); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(2 * time.Second)
	if err := login(secret); err != nil {
		t.Errorf("after a new end: %v", err)
	}
	if err := b.clients.Change(acting(t), id, auth.ClientChange{ExpiresAt: &start}, ""); walletport.ReasonOf(err) != "client_invalid" {
		t.Errorf("an end in the past: %v", err)
	}
	if err := b.clients.Change(acting(t), id, auth.ClientChange{ExpiresAt: &time.Time{}}, ""); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(1000 * time.Hour)
	if err := login(secret); err != nil {
		t.Errorf("without an end: %v", err)
	}
	past := acme()
	past.ExpiresAt = start
	if _, _, err := b.clients.Create(acting(t), past, ""); walletport.ReasonOf(err) != "client_invalid" {
		t.Errorf("a new client that has ended: %v", err)
	}
}

func TestAClientIsChangedInPlace(t *testing.T) {
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{})
	id, secret := b.mustCreate(t, acme())
	actor := func() walletport.Actor {
		t.Helper()
		actor, err := a.AuthenticateBasic(t.Context(), id, secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		return actor
	}
	actor()
	change := auth.ClientChange{Issuers: []walletport.IssuerID{"globex"}, Scopes: []walletport.Scope{walletport.ScopeActivate}}
	if err := b.clients.Change(acting(t), id, change, ""); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(2 * time.Second)
	if got := actor(); got.May(walletport.ScopeProvision) || !got.May(walletport.ScopeActivate) || got.ActsFor("acme") || !got.ActsFor("globex") {
		t.Errorf("after the cache's time: %+v", got)
	}
	for name, bad := range map[string]auth.ClientChange{
		"no scopes": {Scopes: []walletport.Scope{}}, "no issuers": {Issuers: []walletport.IssuerID{}}, "an empty name": {Name: new(string)},
	} {
		if err := b.clients.Change(acting(t), id, bad, ""); walletport.ReasonOf(err) != "client_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	digest := strings.Repeat("AB", 32)
	if err := b.clients.Change(acting(t), id, auth.ClientChange{CertificateSHA256: &digest}, ""); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(2 * time.Second)
	_, err := a.AuthenticateBasic(t.Context(), id, secret, nil)
	wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonCertificate)
	if _, err := b.clients.Revoke(acting(t), id, ""); err != nil {
		t.Fatal(err)
	}
	wantReason(t, b.clients.Change(acting(t), id, change, ""), walletport.CodeConflict, auth.ReasonRevoked)
	_, err = b.clients.RotateSecret(acting(t), id, 0, "")
	wantReason(t, err, walletport.CodeConflict, auth.ReasonRevoked)
	wantReason(t, b.clients.Change(acting(t), "wpc_nobody", change, ""), walletport.CodeNotFound, "client_not_found")
}

// TestALeakedClientIsOutOnAllReplicas within the cache's time, 2 s, whatever it was
// about to do: each replica has a cache of its own.
func TestALeakedClientIsOutOnAllReplicas(t *testing.T) {
	b := newBench(t)
	id, secret := b.mustCreate(t, acme())
	previous := secret
	secret = b.mustRotate(t, id, time.Hour)
	replicas := []*auth.Authenticator{b.mustAuthenticator(t, auth.Config{}), b.mustAuthenticator(t, auth.Config{}), b.mustAuthenticator(t, auth.Config{ClientCacheTTL: -1})}
	each := func(want string, only ...int) {
		t.Helper()
		for i, a := range replicas {
			for _, s := range []string{secret, previous} {
				if _, err := a.AuthenticateBasic(t.Context(), id, s, nil); walletport.ReasonOf(err) != want && (len(only) == 0 || slices.Contains(only, i)) {
					t.Errorf("replica %d: %v, want %q", i, err, want)
				}
			}
		}
	}
	each("")
	if _, err := b.clients.Revoke(acting(t), id, ""); err != nil {
		t.Fatal(err)
	}
	each(auth.ReasonRevoked, 2) // which caches nothing
	b.clock.advance(2 * time.Second)
	each(auth.ReasonRevoked)
	if (auth.Config{ClientCacheTTL: time.Hour}).Validate() == nil {
		t.Error("a client may be cached for an hour")
	}
}

// TestActsOnClientsAreRecordedBeforeTheirEffect, and again with their outcome.
func TestActsOnClientsAreRecordedBeforeTheirEffect(t *testing.T) {
	b := newBench(t)
	wanted := acme()
	wanted.ExpiresAt = start.Add(time.Hour)
	id, _ := b.mustCreate(t, wanted)
	b.mustRotate(t, id, time.Minute)
	change := auth.ClientChange{Scopes: []walletport.Scope{walletport.ScopeCards, walletport.ScopeActivate}, Issuers: []walletport.IssuerID{"acme", "globex"}}
	if err := b.clients.Change(acting(t), id, change, "ops@bank.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.clients.Revoke(acting(t), id, "ops@bank.example"); err != nil {
		t.Fatal(err)
	}
	ends, overlap := start.Add(time.Hour).Format(time.RFC3339), start.Add(time.Minute).Format(time.RFC3339)
	var got, want []string
	for _, r := range b.trail.records {
		if r.ClientID != "operator" || r.RequestID != "op-1" || r.AuditUser != "ops@bank.example" || r.Action != walletport.ActionClientChange {
			t.Errorf("record %+v", r)
		}
		got = append(got, fmt.Sprint(r.Outcome, r.Details))
	}
	for _, act := range []string{
		"[{change create} {client ID} {ends ENDS} {issuers acme} {scopes provision}]",
		"[{change rotate_secret} {client ID} {ends ENDS} {issuers acme} {overlap_until OVERLAP} {scopes provision}]",
		"[{change change} {client ID} {ends ENDS} {issuers acme,globex} {overlap_until OVERLAP} {scopes cards,activate}]",
		"[{change revoke} {client ID} {ends ENDS} {issuers acme,globex} {overlap_until OVERLAP} {scopes cards,activate}]",
	} {
		act = strings.NewReplacer("ID", id, "ENDS", ends, "OVERLAP", overlap).Replace(act)
		want = append(want, walletport.OutcomeStarted+act, walletport.OutcomeOK+act)
	}
	if !slices.Equal(got, want) {
		t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	b.trail.err = errors.New("no room")
	if _, err := b.clients.RotateSecret(acting(t), id, 0, ""); err == nil {
		t.Error("a rotation that is not on record")
	}
}

// TestAChangeThatCannotBeRecordedIsNotMade: neither is there, and the trail says that the
// act was refused.
func TestAChangeThatCannotBeRecordedIsNotMade(t *testing.T) {
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{ClientCacheTTL: -1})
	id, secret := b.mustCreate(t, acme())
	b.trail.commitErr = walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "no room")
	change := auth.ClientChange{Scopes: []walletport.Scope{walletport.ScopeActivate}}
	for name, act := range map[string]func() error{
		"Create":       func() error { _, _, err := b.clients.Create(acting(t), acme(), ""); return err },
		"RotateSecret": func() error { _, err := b.clients.RotateSecret(acting(t), id, 0, ""); return err },
		"Change":       func() error { return b.clients.Change(acting(t), id, change, "") },
		"Revoke":       func() error { _, err := b.clients.Revoke(acting(t), id, ""); return err },
	} {
		before := len(b.trail.records)
		wantReason(t, act(), walletport.CodeUnavailable, "audit_unavailable")
		var outcomes []string
		for _, r := range b.trail.records[before:] {
			outcomes = append(outcomes, r.Outcome)
		}
		if want := []string{walletport.OutcomeStarted, "audit_unavailable"}; !slices.Equal(outcomes, want) {
			t.Errorf("%s left records with the outcomes %q, want %q", name, outcomes, want)
		}
	}
	actor, err := a.AuthenticateBasic(t.Context(), id, secret, nil)
	if err != nil || !actor.May(walletport.ScopeProvision) {
		t.Errorf("the client as it was: %+v, %v", actor, err)
	}
	if all, err := b.store.Clients.Clients(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d clients, %v, want one", len(all), err)
	}
}

// countedUses counts what is stored of last uses.
type countedUses struct {
	storage.Clients
	stored []map[string]time.Time
	err    error
}

func (c *countedUses) UseClients(_ context.Context, at map[string]time.Time) error {
	c.stored = append(c.stored, at)
	return c.err
}

func (c *countedUses) Client(context.Context, string) (storage.Client, error) {
	return storage.Client{ID: "wpc_a", SecretHash: sha256Of("secret")}, nil
}

func sha256Of(text string) []byte {
	digest := sha256.Sum256([]byte(text))
	return digest[:]
}

// TestTheLastUseIsStoredOnceAMinute, and not for each call.
func TestTheLastUseIsStoredOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &countedUses{}
		a, err := newAuthenticator(auth.Config{}, store, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		call := func(secret string) { _, _ = a.AuthenticateBasic(t.Context(), "wpc_a", secret, nil) }
		began := time.Now()
		for range 1000 {
			call("secret")
			call("wrong")
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(store.stored) != 1 || !store.stored[0]["wpc_a"].Equal(began.Truncate(time.Minute)) {
			t.Fatalf("stored %v", store.stored)
		}
		store.err = errors.New("away")
		call("secret")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if len(store.stored) != 3 {
			t.Errorf("a storing that failed is tried %d times in two minutes", len(store.stored)-1)
		}
		store.err = nil
		stop()
		if err := <-done; err != nil || len(store.stored) != 4 || !store.stored[3]["wpc_a"].Equal(began.Add(10*time.Minute).Truncate(time.Minute)) {
			t.Errorf("at the end: %v, stored %v", err, store.stored)
		}
	})
}
