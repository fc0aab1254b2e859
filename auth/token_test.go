package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

const tokenIssuer = "https://login.bank.example"

type tokenClaims map[string]any

func goodClaims() tokenClaims {
	return tokenClaims{
		"iss": tokenIssuer, "aud": "walletport", "client_id": "mobile-back-end", "sub": "someone",
		"exp": start.Add(time.Hour).Unix(), "iat": start.Unix(), "scope": "provision openid cards",
		"card_issuers": []string{"acme", "other"},
	}
}

func (c tokenClaims) with(name string, value any) tokenClaims {
	changed := maps.Clone(c)
	changed[name] = value
	if value == nil {
		delete(changed, name)
	}
	return changed
}

func mustSign(t testing.TB, alg jose.SignatureAlgorithm, key any, c tokenClaims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(c)
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

func mustJWKS(t testing.TB, public ...crypto.PublicKey) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, p := range public {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: p, KeyID: "k1"})
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func mustECKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func issuerConfig(jwks []byte) auth.TokenIssuer {
	return auth.TokenIssuer{Issuer: tokenIssuer, Audience: "walletport", JWKS: jwks, IssuersClaim: "card_issuers", Issuers: []walletport.IssuerID{"acme", "third"}}
}

func TestAuthenticateBearer(t *testing.T) {
	key, stranger := mustECKey(t), mustECKey(t)
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(mustJWKS(t, &key.PublicKey))}})

	t.Run("a good token gives its bearer, within what the operator allows", func(t *testing.T) {
		actor, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, key, goodClaims()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if actor.ClientID != "mobile-back-end@"+tokenIssuer || len(actor.Issuers) != 1 || !actor.ActsFor("acme") || len(actor.Scopes) != 2 || !actor.May(walletport.ScopeProvision) {
			t.Errorf("actor %+v", actor)
		}
	})
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+tokenIssuer+`"}`)) + "."
	good := mustSign(t, jose.ES256, key, goodClaims())
	parts := strings.Split(good, ".")
	forged := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+tokenIssuer+`","aud":"walletport","client_id":"x","exp":9999999999}`)) + "." + parts[2]
	for _, c := range []struct{ name, token, reason string }{
		{"an empty token", "", auth.ReasonInvalid},
		{"no token at all", "abc", auth.ReasonInvalid},
		{"an endless token", strings.Repeat("a", 1<<20), auth.ReasonInvalid},
		{"an unsigned token", unsigned, auth.ReasonInvalid},
		{"changed claims under an old signature", forged, auth.ReasonInvalid},
		{"another key", mustSign(t, jose.ES256, stranger, goodClaims()), auth.ReasonInvalid},
		{"a shared-secret algorithm", mustSign(t, jose.HS256, []byte(strings.Repeat("k", 32)), goodClaims()), auth.ReasonInvalid},
		{"another issuer", mustSign(t, jose.ES256, key, goodClaims().with("iss", "https://evil.example")), auth.ReasonInvalid},
		{"another audience", mustSign(t, jose.ES256, key, goodClaims().with("aud", "shop")), auth.ReasonInvalid},
		{"no audience", mustSign(t, jose.ES256, key, goodClaims().with("aud", nil)), auth.ReasonInvalid},
		{"an expired token", mustSign(t, jose.ES256, key, goodClaims().with("exp", start.Add(-31*time.Second).Unix())), auth.ReasonExpired},
		{"a token without expiry", mustSign(t, jose.ES256, key, goodClaims().with("exp", nil)), auth.ReasonInvalid},
		{"a token of tomorrow", mustSign(t, jose.ES256, key, goodClaims().with("nbf", start.Add(31*time.Second).Unix())), auth.ReasonInvalid},
		{"no client", mustSign(t, jose.ES256, key, goodClaims().with("client_id", nil).with("sub", nil)), auth.ReasonInvalid},
		{"a PAN for a client", mustSign(t, jose.ES256, key, goodClaims().with("client_id", "5204247750001471")), auth.ReasonInvalid},
		{"a PAN in a disguise for a client", mustSign(t, jose.ES256, key, goodClaims().with("client_id", "5555 - 5555 - 5555 - 4444")), auth.ReasonInvalid},
		{"a client that looks like one of ours", mustSign(t, jose.ES256, key, goodClaims().with("client_id", "wpc_abc")), auth.ReasonInvalid},
		{"a scope that is a number", mustSign(t, jose.ES256, key, goodClaims().with("scope", 7)), auth.ReasonInvalid},
		{"card issuers that are a number", mustSign(t, jose.ES256, key, goodClaims().with("card_issuers", 7)), auth.ReasonInvalid},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			actor, err := a.AuthenticateBearer(t.Context(), c.token, nil)
			wantReason(t, err, walletport.CodeUnauthenticated, c.reason)
			if actor.ClientID != "" {
				t.Errorf("a refusal gave %+v", actor)
			}
			if err != nil && strings.Contains(err.Error(), "5204247750001471") {
				t.Errorf("the error repeats the token")
			}
		})
	}
	for _, c := range []struct {
		name   string
		claims tokenClaims
	}{
		{"an expiry within the leeway", goodClaims().with("exp", start.Add(-30*time.Second).Unix())},
		{"a start within the leeway", goodClaims().with("nbf", start.Add(30*time.Second).Unix())},
		{"several audiences", goodClaims().with("aud", []string{"shop", "walletport"})},
		{"an authorized party for a client id", goodClaims().with("client_id", nil).with("azp", "app")},
		{"a UUID whose digits read like a PAN", goodClaims().with("client_id", "831fb558-d0b4-4566-8285-38049c915104")},
		{"a subject of 24 digits", goodClaims().with("client_id", "103547991597142817347123")},
		{"a subject for a client id", goodClaims().with("client_id", nil)},
		{"card issuers in one string", goodClaims().with("card_issuers", "acme third")},
	} {
		t.Run(c.name+" is taken", func(t *testing.T) {
			if _, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, key, c.claims), nil); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("without the claim a bearer acts for nobody", func(t *testing.T) {
		actor, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, key, goodClaims().with("card_issuers", nil)), nil)
		if err != nil || len(actor.Issuers) != 0 {
			t.Errorf("actor %+v, %v", actor, err)
		}
	})
}

// TestBearersAreNamedWithTheirIssuer: the audit trail must tell apart the clients of
// two issuers, ours, and the operator.
func TestBearersAreNamedWithTheirIssuer(t *testing.T) {
	key := mustECKey(t)
	b := newBench(t)
	first, second := issuerConfig(mustJWKS(t, &key.PublicKey)), issuerConfig(mustJWKS(t, &key.PublicKey))
	second.Issuer = "https://partner.example"
	a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{first, second}})
	for _, issuer := range []string{first.Issuer, second.Issuer} {
		for _, client := range []string{"operator", "x@" + first.Issuer} {
			actor, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, key, goodClaims().with("iss", issuer).with("client_id", client)), nil)
			if want := client + "@" + issuer; err != nil || actor.ClientID != want {
				t.Errorf("client %q, want %q; %v", actor.ClientID, want, err)
			}
		}
	}
}

func TestTokenAlgorithms(t *testing.T) {
	ec := mustECKey(t)
	edPublic, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	jwks := mustJWKS(t, &ec.PublicKey, edPublic, &rsaKey.PublicKey)
	b := newBench(t)
	all := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(jwks)}})
	narrow := issuerConfig(jwks)
	narrow.Algorithms, narrow.IssuersClaim = []string{"PS256"}, ""
	onlyPS := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{narrow}})
	for _, c := range []struct {
		alg jose.SignatureAlgorithm
		key any
	}{{jose.ES256, ec}, {jose.EdDSA, ed}, {jose.RS256, rsaKey}, {jose.PS256, rsaKey}} {
		t.Run(string(c.alg), func(t *testing.T) {
			raw := mustSign(t, c.alg, c.key, goodClaims())
			if _, err := all.AuthenticateBearer(t.Context(), raw, nil); err != nil {
				t.Error(err)
			}
			actor, err := onlyPS.AuthenticateBearer(t.Context(), raw, nil)
			if c.alg != jose.PS256 {
				wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
			} else if err != nil || !actor.ActsFor("third") {
				t.Errorf("actor %+v, %v", actor, err)
			}
		})
	}
}

func TestTokenCacheEndsWithTheToken(t *testing.T) {
	key := mustECKey(t)
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{Leeway: time.Second, TokenIssuers: []auth.TokenIssuer{issuerConfig(mustJWKS(t, &key.PublicKey))}})
	raw := mustSign(t, jose.ES256, key, goodClaims().with("exp", start.Add(time.Minute).Unix()))
	for _, step := range []struct {
		after time.Duration
		ok    bool
	}{{0, true}, {59 * time.Second, true}, {1999 * time.Millisecond, true}, {2 * time.Millisecond, false}} {
		b.clock.advance(step.after)
		_, err := a.AuthenticateBearer(t.Context(), raw, nil)
		if step.ok && err != nil {
			t.Errorf("at %s: %v", b.clock.Now(), err)
		}
		if !step.ok {
			wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonExpired)
		}
	}
}

func TestTokenBoundToACertificate(t *testing.T) {
	key := mustECKey(t)
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(mustJWKS(t, &key.PublicKey))}})
	mine := &x509.Certificate{Raw: []byte("mine")}
	digest := sha256.Sum256(mine.Raw)
	raw := mustSign(t, jose.ES256, key, goodClaims().with("cnf", map[string]string{"x5t#S256": base64.RawURLEncoding.EncodeToString(digest[:])}))
	if _, err := a.AuthenticateBearer(t.Context(), raw, mine); err != nil {
		t.Error(err)
	}
	_, err := a.AuthenticateBearer(t.Context(), raw, nil)
	wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonCertificate)
	_, err = a.AuthenticateBearer(t.Context(), raw, &x509.Certificate{Raw: []byte("another")})
	wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonMismatch)
}

func TestKeysInAFile(t *testing.T) {
	key := mustECKey(t)
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, mustJWKS(t, &key.PublicKey), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	config := issuerConfig(nil)
	config.JWKSFile = path
	a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{config}})
	if _, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, key, goodClaims()), nil); err != nil {
		t.Error(err)
	}
}

func TestTokenIssuerConfiguration(t *testing.T) {
	ec := mustECKey(t)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	for _, c := range []struct {
		name   string
		change func(*auth.TokenIssuer)
	}{
		{"no issuer", func(i *auth.TokenIssuer) { i.Issuer = "" }},
		{"an issuer that could end a client's name", func(i *auth.TokenIssuer) { i.Issuer = "a@b" }},
		{"an issuer with a space", func(i *auth.TokenIssuer) { i.Issuer = "a b" }},
		{"an issuer without end", func(i *auth.TokenIssuer) { i.Issuer = strings.Repeat("a", 129) }},
		{"a malformed card issuer", func(i *auth.TokenIssuer) { i.Issuers = []walletport.IssuerID{"a b"} }},
		{"no audience", func(i *auth.TokenIssuer) { i.Audience = "" }},
		{"no keys", func(i *auth.TokenIssuer) { i.JWKS = nil }},
		{"keys twice", func(i *auth.TokenIssuer) { i.JWKSURL = "https://x.example/jwks" }},
		{"keys over plain HTTP", func(i *auth.TokenIssuer) { i.JWKS, i.JWKSURL = nil, "http://x.example/jwks" }},
		{"a relative URL", func(i *auth.TokenIssuer) { i.JWKS, i.JWKSURL = nil, "/jwks" }},
		{"a file that is not there", func(i *auth.TokenIssuer) { i.JWKS, i.JWKSFile = nil, "no-such-file" }},
		{"a shared-secret algorithm", func(i *auth.TokenIssuer) { i.Algorithms = []string{"HS256"} }},
		{"tokens for nobody", func(i *auth.TokenIssuer) { i.Issuers, i.IssuersClaim = nil, "" }},
		{"no JSON", func(i *auth.TokenIssuer) { i.JWKS = []byte("x") }},
		{"an empty set", func(i *auth.TokenIssuer) { i.JWKS = []byte(`{"keys":[]}`) }},
		{"a private key", func(i *auth.TokenIssuer) { i.JWKS = mustJWKS(t, ec) }},
		{"a short RSA key", func(i *auth.TokenIssuer) { i.JWKS = mustJWKS(t, &short.PublicKey) }},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			config := issuerConfig(mustJWKS(t, &ec.PublicKey))
			c.change(&config)
			if _, err := newAuthenticator(auth.Config{TokenIssuers: []auth.TokenIssuer{config}}, b.store, b.clock.Now); err == nil {
				t.Error("it was taken")
			}
		})
	}
	t.Run("the same issuer twice is refused", func(t *testing.T) {
		i := issuerConfig(mustJWKS(t, &ec.PublicKey))
		if _, err := newAuthenticator(auth.Config{TokenIssuers: []auth.TokenIssuer{i, i}}, b.store, b.clock.Now); err == nil {
			t.Error("it was taken")
		}
	})
}

func FuzzAuthenticateBearer(f *testing.F) {
	key := mustECKey(f)
	b := newBench(f)
	a := b.mustAuthenticator(f, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(mustJWKS(f, &key.PublicKey))}})
	f.Add(mustSign(f, jose.ES256, mustECKey(f), goodClaims()))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := a.AuthenticateBearer(t.Context(), raw, nil); walletport.CodeOf(err) != walletport.CodeUnauthenticated {
			t.Errorf("a made-up token gives %v", err)
		}
	})
}

func BenchmarkAuthenticateBearer(b *testing.B) {
	key := mustECKey(b)
	bench := newBench(b)
	a, err := newAuthenticator(auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(mustJWKS(b, &key.PublicKey))}}, bench.store, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	raw := mustSign(b, jose.ES256, key, goodClaims().with("exp", time.Now().Add(time.Hour).Unix()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.AuthenticateBearer(b.Context(), raw, nil); err != nil {
			b.Fatal(err)
		}
	}
}
