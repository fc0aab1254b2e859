package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
	source      *keySource // where the issuer's keys are
	keys        *keySet    // the keys that it was verified with
}

// stands reports whether the issuer's keys are still those that the token was
// verified with.
func (t *token) stands(now time.Time) bool { return t.source.usable(now) == t.keys }

// AuthenticateBearer returns the bearer of a token. cert is the verified
// certificate of the TLS connection, nil without one.
//
// Errors: CodeUnauthenticated with a reason of this package; CodeUnavailable,
// reason token_keys_unavailable, when the issuer's keys cannot be read. The cause
// names the claim that was missing or wrong.
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
	if !ok || !t.stands(now) {
		var err error
		if t, err = a.verifyToken(ctx, raw, now); err != nil {
			return walletport.Actor{}, err
		}
		a.tokens.put(digest, t, earlier(t.expiry.Add(a.leeway), now.Add(maxTokenCache)))
	}
	if t.certificate != "" && !isThumbprint(cert, t.certificate) {
		return walletport.Actor{}, errNotBound(cert)
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
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(digest[:])), []byte(thumbprint)) == 1
}

// verifyToken reads who signed, and lets that issuer's verifier decide. Nothing
// else of the token is believed before its signature is checked.
func (a *Authenticator) verifyToken(ctx context.Context, raw string, now time.Time) (*token, error) {
	unverified, err := parseToken(raw)
	if err != nil {
		return nil, errInvalid().WithCause(err)
	}
	name, err := unverified.claims.text("iss")
	if err != nil {
		return nil, errInvalid().WithCause(err)
	}
	issuer, ok := a.issuers[name]
	if !ok {
		return nil, errInvalid().WithCause(errClaim("iss", "is no token issuer of the configuration"))
	}
	return issuer.bearer(ctx, unverified, now)
}

// bearer verifies a token and returns whom it names.
func (i *tokenIssuer) bearer(ctx context.Context, t *signedToken, now time.Time) (*token, error) {
	verified, err := i.verify(ctx, t, now)
	switch {
	case errors.Is(err, errTokenExpired):
		return nil, walletport.Errorf(walletport.CodeUnauthenticated, ReasonExpired, "the token has expired")
	case errors.Is(err, errKeysUnavailable):
		return nil, errTokenKeysUnavailable(err)
	case err != nil:
		return nil, errInvalid().WithCause(err)
	}
	bearer := &token{expiry: verified.expiry, source: i.keys, keys: verified.keys}
	if bearer.certificate, err = verified.claims.confirmation(); err != nil {
		return nil, errInvalid().WithCause(err)
	}
	if bearer.actor, err = i.actor(verified.claims); err != nil {
		return nil, errInvalid().WithCause(err)
	}
	return bearer, nil
}

func errTokenKeysUnavailable(cause error) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "token_keys_unavailable", "the token issuer's keys cannot be read").WithCause(cause)
}

// actor returns whom verified claims name, and what they let them do.
func (i *tokenIssuer) actor(c claims) (walletport.Actor, error) {
	id, err := i.clientID(c)
	if err != nil {
		return walletport.Actor{}, err
	}
	scopes, lackOfScopes, err := i.scopes(c)
	if err != nil {
		return walletport.Actor{}, err
	}
	issuers, lackOfIssuers, err := i.cardIssuers(c)
	if err != nil {
		return walletport.Actor{}, err
	}
	lack := strings.Trim(lackOfScopes+"; "+lackOfIssuers, "; ")
	return walletport.Actor{ClientID: id, Issuers: issuers, Scopes: scopes, Lack: lack}, nil
}

// defaultClientClaims name a token's client: as RFC 9068 and most providers call it,
// OpenID Connect's authorized party, Entra ID's before version 2, Okta's, and the
// subject.
var defaultClientClaims = []string{"client_id", "azp", "appid", "cid", "sub"}

// clientID returns what the audit trail calls the caller: the first claim that is
// there, with the token's issuer: two issuers may use one name, and no name of theirs
// may pass for one of ours. It must not hold what must not be stored.
func (i *tokenIssuer) clientID(c claims) (string, error) {
	for _, name := range i.clientClaims {
		id, err := c.text(name)
		if errors.Is(err, errClaimMissing) || err == nil && id == "" {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = walletport.ParseAuditUser(id) // the rules for stored free text
		if err != nil || len(id) > maxClientIDBytes || strings.HasPrefix(id, clientIDPrefix) {
			return "", errClaim(name, "cannot be recorded as the client's name")
		}
		return id + "@" + i.issuer, nil
	}
	return "", fmt.Errorf("no claim of %s names the client", strings.Join(i.clientClaims, ", "))
}

// defaultScopeClaims hold a token's scopes: as RFC 8693 calls them, and as Entra ID
// and Okta do.
var defaultScopeClaims = []string{"scope", "scp"}

// scopes returns the scopes that walletport knows; others belong to others. lack says
// why there is none.
func (i *tokenIssuer) scopes(c claims) (known []walletport.Scope, lack string, err error) {
	there := false
	for _, name := range i.scopeClaims {
		words, err := c.words(name)
		if errors.Is(err, errClaimMissing) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		there = true
		for _, word := range words {
			rest, ours := strings.CutPrefix(word, i.scopePrefix)
			if s, err := walletport.ParseScope(rest); ours && err == nil && !slices.Contains(known, s) {
				known = append(known, s)
			}
		}
	}
	where := "claim " + strings.Join(i.scopeClaims, ", ")
	switch {
	case len(known) > 0:
		return known, "", nil
	case !there:
		return nil, where + " is missing: the token has no scope", nil
	case i.scopePrefix != "":
		return nil, where + " has no scope of walletport's behind the configured prefix", nil
	}
	return nil, where + " has no scope of walletport's", nil
}

// cardIssuers returns for whom the bearer acts: what the claim says, within what
// the operator allows this token issuer. lack says why there is none.
func (i *tokenIssuer) cardIssuers(c claims) (granted []walletport.IssuerID, lack string, err error) {
	if i.issuersClaim == "" {
		return i.allowed, "", nil
	}
	names, err := c.words(i.issuersClaim)
	if errors.Is(err, errClaimMissing) {
		return nil, err.Error() + ": the token acts for no card issuer", nil
	}
	if err != nil {
		return nil, "", err
	}
	for _, name := range names {
		if id := walletport.IssuerID(name); len(i.allowed) == 0 || slices.Contains(i.allowed, id) {
			granted = append(granted, id)
		}
	}
	if len(granted) == 0 {
		lack = errClaim(i.issuersClaim, "names no card issuer that the configuration allows").Error()
	}
	return granted, lack, nil
}
