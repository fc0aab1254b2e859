package auth

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/walletport/walletport"
)

const (
	maxTokenBytes = 8 << 10
	// maxTokenCache bounds how long a verified token is remembered. Verifying one
	// costs more than a hundred microseconds, as much as a tenth of a whole call.
	maxTokenCache = 5 * time.Minute
	// maxClientIDBytes bounds what a token may call its bearer.
	maxClientIDBytes = 128
)

// token is a verified token as authentication needs it.
type token struct {
	actor       walletport.Actor
	certificate string // base64url SHA-256 of the certificate it is bound to (RFC 8705 section 3.1), "" is not bound
	expiry      time.Time
}

// claims are what walletport reads of a token (RFC 7519, RFC 8693, RFC 8705).
type claims struct {
	Scope    string `json:"scope"`
	ClientID string `json:"client_id"`
	Azp      string `json:"azp"`
	Subject  string `json:"sub"`
	Confirm  struct {
		CertificateSHA256 string `json:"x5t#S256"`
	} `json:"cnf"`
}

// AuthenticateBearer returns the bearer of a token. cert is the verified
// certificate of the TLS connection, nil without one.
//
// Errors: CodeUnauthenticated with a reason of this package; CodeUnavailable,
// reason token_keys_unavailable, when the issuer's keys cannot be fetched.
func (a *Authenticator) AuthenticateBearer(ctx context.Context, raw string, cert *x509.Certificate) (walletport.Actor, error) {
	if a.requireCert && cert == nil {
		return walletport.Actor{}, errCertificate()
	}
	if raw == "" || len(raw) > maxTokenBytes {
		return walletport.Actor{}, errInvalid()
	}
	now := a.clock()
	digest := sha256.Sum256([]byte(raw))
	t, ok := a.tokens.get(digest, now)
	if !ok {
		var err error
		if t, err = a.verifyToken(ctx, raw, now); err != nil {
			return walletport.Actor{}, err
		}
		a.tokens.put(digest, t, earlier(t.expiry.Add(a.leeway), now.Add(maxTokenCache)))
	}
	if t.certificate != "" && !isThumbprint(cert, t.certificate) {
		return walletport.Actor{}, errCertificate()
	}
	return t.actor, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func isThumbprint(cert *x509.Certificate, thumbprint string) bool {
	if cert == nil {
		return false
	}
	digest := sha256.Sum256(cert.Raw)
	return base64.RawURLEncoding.EncodeToString(digest[:]) == thumbprint
}

// verifyToken reads who signed, and lets that issuer's verifier decide. Nothing
// of the token is believed before its signature is checked.
func (a *Authenticator) verifyToken(ctx context.Context, raw string, now time.Time) (*token, error) {
	unverified, err := jwt.ParseSigned(raw, allowedAlgorithms)
	if err != nil {
		return nil, errInvalid().WithCause(errors.New("not a signed token, or another algorithm"))
	}
	var claim jwt.Claims
	if err := unverified.UnsafeClaimsWithoutVerification(&claim); err != nil {
		return nil, errInvalid().WithCause(errors.New("no claims"))
	}
	issuer, ok := a.issuers[claim.Issuer]
	if !ok {
		return nil, errInvalid().WithCause(errors.New("no such token issuer is configured"))
	}
	return issuer.bearer(ctx, raw, now)
}

// bearer verifies a token and returns whom it names.
func (i *tokenIssuer) bearer(ctx context.Context, raw string, now time.Time) (*token, error) {
	verified, err := i.verify(ctx, raw, now)
	switch {
	case errors.Is(err, errTokenExpired):
		return nil, walletport.Errorf(walletport.CodeUnauthenticated, ReasonExpired, "the token has expired")
	case errors.Is(err, errKeysUnavailable):
		return nil, errTokenKeysUnavailable()
	case err != nil:
		return nil, errInvalid().WithCause(err)
	}
	var c claims
	if err := verified.Claims(&c); err != nil {
		return nil, errInvalid().WithCause(errors.New("a claim has the wrong type"))
	}
	id, err := c.clientID(i.issuer)
	if err != nil {
		return nil, err
	}
	issuers, err := i.cardIssuers(verified)
	if err != nil {
		return nil, err
	}
	return &token{
		actor:       walletport.Actor{ClientID: id, Issuers: issuers, Scopes: c.scopes()},
		certificate: c.Confirm.CertificateSHA256, expiry: verified.Expiry,
	}, nil
}

func errTokenKeysUnavailable() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "token_keys_unavailable", "the token issuer's keys cannot be fetched")
}

// clientID returns what the audit trail calls the caller: the client id, else the
// authorized party, else the subject, each with the token's issuer: two issuers may
// use one name, and no name of theirs may pass for one of ours. It must not hold
// what must not be stored.
func (c claims) clientID(issuer string) (string, error) {
	for _, id := range []string{c.ClientID, c.Azp, c.Subject} {
		if id == "" {
			continue
		}
		_, err := walletport.ParseAuditUser(id) // the rules for stored free text
		if err != nil || len(id) > maxClientIDBytes || strings.HasPrefix(id, clientIDPrefix) {
			return "", errInvalid().WithCause(errors.New("the token's client id cannot be recorded"))
		}
		return id + "@" + issuer, nil
	}
	return "", errInvalid().WithCause(errors.New("the token names no client"))
}

// scopes returns the scopes that walletport knows; others belong to others.
func (c claims) scopes() []walletport.Scope {
	var known []walletport.Scope
	for word := range strings.FieldsSeq(c.Scope) {
		if s, err := walletport.ParseScope(word); err == nil {
			known = append(known, s)
		}
	}
	return known
}

// cardIssuers returns for whom the bearer acts: what the claim says, within what
// the operator allows this token issuer.
func (i *tokenIssuer) cardIssuers(verified *oidc.IDToken) ([]walletport.IssuerID, error) {
	if i.claim == "" {
		return i.allowed, nil
	}
	var all map[string]json.RawMessage
	if err := verified.Claims(&all); err != nil {
		return nil, errInvalid().WithCause(errors.New("no claims"))
	}
	names, err := claimWords(all[i.claim])
	if err != nil {
		return nil, errInvalid().WithCause(errors.New("the claim of card issuers is no string and no list of strings"))
	}
	var granted []walletport.IssuerID
	for _, name := range names {
		if id := walletport.IssuerID(name); len(i.allowed) == 0 || slices.Contains(i.allowed, id) {
			granted = append(granted, id)
		}
	}
	return granted, nil
}

// claimWords reads a claim that is a list of strings or one string of words.
func claimWords(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, err
	}
	return strings.Fields(text), nil
}
