package auth_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

// TestTokensOfUsualProviders has claim sets as the providers document them, for
// machine clients and for apps with a user; docs/clients.md shows the settings.
func TestTokensOfUsualProviders(t *testing.T) {
	exp, iat := start.Unix()+3600, start.Unix()
	for _, c := range []struct {
		name     string
		settings auth.TokenIssuer
		claims   tokenClaims
		client   string
	}{
		{"Entra ID version 2, an app with a user", auth.TokenIssuer{Audience: "6e74172b-be56-4843-9ff4-e66a39bb12e3"}, tokenClaims{
			"aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3", "azp": "88a35d4f-0000-4a2b-9c3d-ffffffffaaaa", "azpacr": "1", "name": "Ada",
			"oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "scp": "provision activate", "sub": "HKZpfaHyWadeOouYlitjrI", "tid": "fa15d692", "ver": "2.0", "nbf": iat,
		}, "88a35d4f-0000-4a2b-9c3d-ffffffffaaaa"},
		{"Entra ID version 1, a machine client with app roles", auth.TokenIssuer{Audience: "api://walletport", ScopeClaims: []string{"scp", "roles"}}, tokenClaims{
			"aud": "api://walletport", "appid": "6731de76-14a6-49ae-97bc-6eba6914391e", "appidacr": "1", "idtyp": "app",
			"oid": "1b6fa0d2", "roles": []string{"provision", "activate"}, "sub": "1b6fa0d2", "ver": "1.0", "nbf": iat,
		}, "6731de76-14a6-49ae-97bc-6eba6914391e"},
		{"Auth0, a machine client", auth.TokenIssuer{Audience: "https://walletport.bank.example"}, tokenClaims{
			"sub": "a1B2c3@clients", "aud": "https://walletport.bank.example", "azp": "a1B2c3", "scope": "provision activate", "gty": "client-credentials",
		}, "a1B2c3"},
		{"Auth0, permissions of a user", auth.TokenIssuer{Audience: "https://walletport.bank.example", ScopeClaims: []string{"permissions"}, ScopePrefix: "walletport:"}, tokenClaims{
			"sub": "auth0|507f", "aud": []string{"https://walletport.bank.example", "https://bank.eu.auth0.com/userinfo"}, "azp": "a1B2c3",
			"scope": "openid profile", "permissions": []string{"walletport:provision", "walletport:activate", "cards"},
		}, "a1B2c3"},
		{"Okta, a machine client", auth.TokenIssuer{Audience: "api://walletport"}, tokenClaims{
			"ver": 1, "jti": "AT.0mP4", "aud": "api://walletport", "cid": "0oabv6kx4qq6h1U5l0h7", "scp": []string{"provision", "activate"}, "sub": "0oabv6kx4qq6h1U5l0h7",
		}, "0oabv6kx4qq6h1U5l0h7"},
		{"Okta, a user of an app", auth.TokenIssuer{Audience: "api://walletport"}, tokenClaims{
			"ver": 1, "aud": "api://walletport", "cid": "0oabv6kx4qq6h1U5l0h7", "uid": "00u1", "scp": []string{"openid", "provision", "activate"}, "sub": "ada@bank.example",
		}, "0oabv6kx4qq6h1U5l0h7"},
		{"Keycloak, realm roles", auth.TokenIssuer{Audience: "walletport", ScopeClaims: []string{"realm_access.roles"}}, tokenClaims{
			"aud": []string{"walletport", "account"}, "azp": "mobile-back-end", "typ": "Bearer", "acr": "1", "scope": "email profile", "sub": "f1d0",
			"realm_access": map[string]any{"roles": []string{"offline_access", "provision", "activate"}}, "preferred_username": "service-account-mobile-back-end",
		}, "mobile-back-end"},
		{"Keycloak, client roles of a client with a dot in its name", auth.TokenIssuer{Audience: "walletport", ScopeClaims: []string{"resource_access.wallet.port.roles"}}, tokenClaims{
			"aud": "walletport", "azp": "mobile-back-end", "sub": "f1d0",
			"resource_access": map[string]any{"wallet.port": map[string]any{"roles": []string{"provision", "activate"}}, "account": map[string]any{"roles": []string{"cards"}}},
		}, "mobile-back-end"},
		{"Cognito, a machine client: no aud", auth.TokenIssuer{Audience: "1example23456789", Audiences: []string{"2example23456789"}, AudienceClaim: "client_id", ScopePrefix: "walletport/"}, tokenClaims{
			"sub": "2example23456789", "token_use": "access", "scope": "walletport/provision walletport/activate other/cards", "auth_time": iat, "version": 2, "client_id": "2example23456789",
		}, "2example23456789"},
		{"PingOne, a machine client", auth.TokenIssuer{Audience: "https://walletport.bank.example"}, tokenClaims{
			"client_id": "bd3aaf43", "aud": []string{"https://walletport.bank.example"}, "env": "abfba8f6", "org": "97ba44f2", "scope": "provision activate", "p1.rid": "bd3aaf43",
		}, "bd3aaf43"},
		{"PingFederate, scope as a list", auth.TokenIssuer{Audience: "walletport"}, tokenClaims{
			"client_id": "mobile-back-end", "aud": "walletport", "scope": []string{"provision", "activate"},
		}, "mobile-back-end"},
		{"a claim that is a URL", auth.TokenIssuer{Audience: "walletport", ScopeClaims: []string{"https://bank.example/scopes"}, ClientClaims: []string{"https://bank.example/app"}}, tokenClaims{
			"aud": "walletport", "https://bank.example/scopes": "provision activate", "https://bank.example/app": "app-7", "client_id": "another",
		}, "app-7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := mustECKey(t)
			c.settings.Issuer, c.settings.JWKS, c.settings.Issuers = tokenIssuer, mustJWKS(t, &key.PublicKey), []walletport.IssuerID{"acme"}
			a := newBench(t).mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{c.settings}})
			actor, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, key, c.claims.with("iss", tokenIssuer).with("exp", exp).with("iat", iat)), nil)
			if err != nil {
				t.Fatal(err, errors.Unwrap(err))
			}
			if want := []walletport.Scope{walletport.ScopeProvision, walletport.ScopeActivate}; !slices.Equal(actor.Scopes, want) || actor.ClientID != c.client+"@"+tokenIssuer || actor.Lack != "" {
				t.Errorf("actor %+v, want %s with %v", actor, c.client, want)
			}
		})
	}
}

// TestTheLogNamesTheClaim that was missing or wrong, and never its value.
func TestTheLogNamesTheClaim(t *testing.T) {
	key := mustECKey(t)
	b := newBench(t)
	config := issuerConfig(mustJWKS(t, &key.PublicKey))
	config.ScopePrefix = "walletport/"
	a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{config}})
	good := goodClaims().with("scope", "walletport/provision")
	for _, c := range []struct {
		name   string
		claims tokenClaims
		says   string
	}{
		{"no iss", good.with("iss", nil), "claim iss is missing"},
		{"another iss", good.with("iss", "SECRET"), "claim iss is no token issuer of the configuration"},
		{"no aud", good.with("aud", nil), "claim aud is missing"},
		{"another aud", good.with("aud", []string{"SECRET"}), "claim aud has no audience that is configured"},
		{"an aud that is a number", good.with("aud", 7), "claim aud is no list of strings"},
		{"no exp", good.with("exp", nil), "claim exp is missing"},
		{"an exp that is text", good.with("exp", "1764000000"), "claim exp is no number"},
		{"an exp beyond all times", good.with("exp", 1e300), "claim exp is no time"},
		{"an nbf in the future", good.with("nbf", start.Unix()+3600), "claim nbf is in the future"},
		{"an nbf that is a list", good.with("nbf", []int{1}), "claim nbf is no number"},
		{"no client", good.with("client_id", nil).with("sub", nil), "no claim of client_id, azp, appid, cid, sub names the client"},
		{"a client that cannot be kept", good.with("client_id", "SECRET\n"), "claim client_id cannot be recorded"},
		{"a scope that is a number", good.with("scope", 7), "claim scope is no list of strings"},
		{"a scp of numbers", good.with("scp", []int{7}), "claim scp is a list of something else than strings"},
		{"card issuers that are an object", good.with("card_issuers", map[string]any{}), "claim card_issuers is no list of strings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, key, c.claims), nil)
			wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
			if cause := fmt.Sprint(errors.Unwrap(err)); !strings.Contains(cause, c.says) || strings.Contains(cause, "SECRET") {
				t.Errorf("the cause is %q, want one that says %q", cause, c.says)
			}
		})
	}
	for _, c := range []struct {
		name   string
		claims tokenClaims
		says   string
	}{
		{"no scope", good.with("scope", nil), "claim scope, scp is missing: the token has no scope"},
		{"scopes without the prefix", good.with("scope", "provision cards"), "claim scope, scp has no scope of walletport's behind the configured prefix"},
		{"no card issuers", good.with("card_issuers", nil), "claim card_issuers is missing: the token acts for no card issuer"},
		{"card issuers that are not allowed", good.with("card_issuers", "other"), "claim card_issuers names no card issuer that the configuration allows"},
	} {
		t.Run(c.name+" lets a bearer in who may do nothing", func(t *testing.T) {
			actor, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, key, c.claims), nil)
			if err != nil || actor.Lack != c.says || len(actor.Scopes) > 0 && len(actor.Issuers) > 0 {
				t.Errorf("actor %+v, %v", actor, err)
			}
		})
	}
}

// TestConfirmationClaims (RFC 7800): a token that is bound to what we cannot check
// would be anybody's.
func TestConfirmationClaims(t *testing.T) {
	key := mustECKey(t)
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(mustJWKS(t, &key.PublicKey))}})
	cert := &x509.Certificate{Raw: []byte("mine")}
	digest := sha256.Sum256(cert.Raw)
	thumbprint := base64.RawURLEncoding.EncodeToString(digest[:])
	for _, c := range []struct {
		name string
		cnf  any
	}{
		{"a DPoP key (RFC 9449)", map[string]any{"jkt": thumbprint}},
		{"a key", map[string]any{"jwk": map[string]any{"kty": "EC"}}},
		{"an encrypted key", map[string]any{"jwe": "e.e.e.e.e"}},
		{"a key's id", map[string]any{"kid": "k"}},
		{"a key's address", map[string]any{"jku": "https://bank.example/k"}},
		{"a SHA-1 thumbprint", map[string]any{"x5t": thumbprint}},
		{"a certificate and a DPoP key", map[string]any{"x5t#S256": thumbprint, "jkt": thumbprint}},
		{"a member in other letters", map[string]any{"X5T#s256": thumbprint}},
		{"an empty thumbprint", map[string]any{"x5t#S256": ""}},
		{"a thumbprint that is a list", map[string]any{"x5t#S256": []string{thumbprint}}},
		{"nothing", map[string]any{}},
		{"a text", thumbprint},
		{"a list", []any{map[string]any{"x5t#S256": thumbprint}}},
	} {
		t.Run("a token that is bound to "+c.name+" is refused", func(t *testing.T) {
			_, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, key, goodClaims().with("cnf", c.cnf)), cert)
			wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
			if cause := fmt.Sprint(errors.Unwrap(err)); !strings.Contains(cause, "claim cnf") {
				t.Errorf("the cause is %q", cause)
			}
		})
	}
	t.Run("a proof that is bound to a key is refused", func(t *testing.T) {
		gate := mustGate(t, stepUpRule("eba-sca", mustJWKS(t, &key.PublicKey)))
		claims := goodProof().with("cnf", map[string]any{"x5t#S256": thumbprint})
		_, err := gate.CheckStepUp(withProof(t.Context(), mustSign(t, jose.ES256, key, claims)), subject())
		wantReason(t, err, walletport.CodeForbidden, auth.ReasonStepUpInvalid)
	})
}
