package sandbox

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

// The sandbox signs its own bearer tokens, as an issuer's identity provider would.
const (
	tokenIssuerName = "https://tokens.sandbox.walletport.example"
	tokenAudience   = "walletport-sandbox"
	tokenLifetime   = 30 * 24 * time.Hour
	tokenKeyID      = "sandbox-1"
)

// tokenIssuer makes bearer tokens that the sandbox trusts.
type tokenIssuer struct {
	signer jose.Signer
	jwks   []byte
}

func openTokenIssuer(path string) (*tokenIssuer, error) {
	key, err := openTokenIssuerKey(path)
	if err != nil {
		return nil, err
	}
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{publicJWK(key)}})
	if err != nil {
		return nil, fmt.Errorf("token issuer: %w", err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: tokenKeyID}}, nil)
	if err != nil {
		return nil, fmt.Errorf("token issuer: %w", err)
	}
	return &tokenIssuer{signer: signer, jwks: jwks}, nil
}

func publicJWK(key *ecdsa.PrivateKey) jose.JSONWebKey {
	return jose.JSONWebKey{Key: &key.PublicKey, KeyID: tokenKeyID, Algorithm: string(jose.ES256), Use: "sig"}
}

// trust is the configuration that lets these tokens in.
func (t *tokenIssuer) trust() auth.TokenIssuer {
	return auth.TokenIssuer{
		Issuer: tokenIssuerName, Audience: tokenAudience, JWKS: t.jwks,
		Algorithms: []string{string(jose.ES256)}, Issuers: []walletport.IssuerID{Issuer},
	}
}

// mint returns a token for the first issuer that may do everything.
func (t *tokenIssuer) mint(at time.Time) (string, error) {
	token, err := jwt.Signed(t.signer).
		Claims(jwt.Claims{
			Issuer: tokenIssuerName, Audience: jwt.Audience{tokenAudience}, Subject: "sandbox-app",
			IssuedAt: jwt.NewNumericDate(at), NotBefore: jwt.NewNumericDate(at), Expiry: jwt.NewNumericDate(at.Add(tokenLifetime)),
		}).
		Claims(map[string]any{"client_id": "sandbox-app", "scope": "provision activate tokens:read tokens:write tokens:number clicktopay cards audit:read"}).
		Serialize()
	if err != nil {
		return "", fmt.Errorf("bearer token: %w", err)
	}
	return token, nil
}

var (
	allScopes = []walletport.Scope{
		walletport.ScopeProvision, walletport.ScopeActivate, walletport.ScopeTokensRead, walletport.ScopeTokensWrite,
		walletport.ScopeClickToPay, walletport.ScopeCards, walletport.ScopeAuditRead,
	}
	readScopes = []walletport.Scope{walletport.ScopeTokensRead, walletport.ScopeAuditRead}
)

// credentials keeps those of an earlier start that still work, and makes the rest.
func (b *Sandbox) credentials(ctx context.Context, previous Credentials, tokens *tokenIssuer) (Credentials, error) {
	bearer, err := tokens.mint(b.o.Clock())
	if err != nil {
		return Credentials{}, err
	}
	made := Credentials{Bearer: bearer}
	for _, c := range []struct {
		name   string
		issuer walletport.IssuerID
		scopes []walletport.Scope
		old    basic
		place  *basic
	}{
		{"sandbox application", Issuer, allScopes, previous.Basic, &made.Basic},
		{"sandbox reader", Issuer, readScopes, previous.ReadOnly, &made.ReadOnly},
		{"other issuer's application", otherIssuer, allScopes, previous.OtherIssuer, &made.OtherIssuer},
	} {
		if _, err := b.Authenticator.AuthenticateBasic(ctx, c.old.Username, c.old.Password, nil); err == nil {
			*c.place = c.old
			continue
		}
		id, secret, err := b.Clients().Create(b.o.AsOperator(ctx), auth.NewClient{Name: c.name, Issuers: []walletport.IssuerID{c.issuer}, Scopes: c.scopes}, b.o.Operator)
		if err != nil {
			return made, fmt.Errorf("sandbox client: %w", err)
		}
		*c.place = basic{Username: id, Password: secret}
	}
	return made, nil
}
