// Package auth is the flow that says who is calling: an API client by id and
// secret (HTTP Basic), or the bearer of a token that a configured issuer signed
// (JWT, RFC 7519), each optionally bound to a TLS client certificate. It answers
// with a walletport.Actor. It knows no HTTP and decides no business question.
package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// The reasons of CodeUnauthenticated. The last four are given only to a caller who proved
// a secret or a signature, so that nobody else learns anything from them; where every
// caller needs a certificate, that it is missing is said to everybody.
const (
	ReasonMissing     = "credentials_missing"  // neither Basic nor Bearer
	ReasonInvalid     = "credentials_invalid"  // unknown id, wrong secret, or no good token
	ReasonExpired     = "token_expired"        // a genuine token, too old
	ReasonRevoked     = "client_revoked"       // the right secret of a revoked client
	ReasonEnded       = "client_expired"       // the right secret of a client whose end has come
	ReasonCertificate = "certificate_required" // no TLS client certificate
	ReasonMismatch    = "certificate_mismatch" // another TLS client certificate than the client or token is bound to
)

// Config is what an operator may choose. The zero value authenticates API clients.
type Config struct {
	ClientCacheTTL           time.Duration `setting:"client_cache_ttl"`           // how long a client read from the database is trusted, and so how long a revoked one still gets in; 0 is 2s, at most 5m, negative is not at all
	RequireClientCertificate bool          `setting:"require_client_certificate"` // refuse every call without a verified TLS client certificate
	Leeway                   time.Duration `setting:"leeway"`                     // tolerated difference to a token issuer's clock; 0 is 30s, at most 60s
	KeyRefresh               time.Duration `setting:"key_refresh"`                // how old keys behind a jwks_url get before they are fetched again; an answer's cache headers may say sooner, not later; 0 is 5m, 30s to 30m
	JWKSPublicOnly           bool          `setting:"jwks_public_only"`           // fetch keys from public addresses only, whatever a jwks_url's host resolves to; not for an identity provider inside the network
	TokenIssuers             []TokenIssuer `setting:"token_issuers"`              // who may sign Bearer tokens; none refuses them all
	StepUp                   []StepUpRule  `setting:"step_up"`                    // card issuers that want proof of strong cardholder authentication. An older form of issuers.NAME.step_up; an issuer stands in one of them
	StepUpOfOthers           StepUpDemand  `setting:"-"`                          // what the issuers ask that stand in no rule
}

const (
	defaultClientCacheTTL = 2 * time.Second
	maxClientCacheTTL     = 5 * time.Minute
	defaultLeeway         = 30 * time.Second
	maxLeeway             = 60 * time.Second
	defaultKeyRefresh     = 5 * time.Minute
	minKeyRefresh         = 30 * time.Second
	maxKeyRefresh         = maxKeyAge / 2
)

// Validate reports everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	if c.ClientCacheTTL > maxClientCacheTTL {
		errs = append(errs, errors.New("client_cache_ttl: at most 5m, for so long a revoked client gets in"))
	}
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		errs = append(errs, errors.New("leeway: 0 (which is 30s) to 60s"))
	}
	if c.KeyRefresh != 0 && (c.KeyRefresh < minKeyRefresh || c.KeyRefresh > maxKeyRefresh) {
		errs = append(errs, errors.New("key_refresh: 30s to 30m, or 0, which is 5m"))
	}
	seen := make(map[string]bool)
	for i, t := range c.TokenIssuers {
		place := fmt.Sprintf("token_issuers[%d]", i)
		errs = append(errs, joinFaults(place, t.faults()))
		if seen[t.Issuer] {
			errs = append(errs, fmt.Errorf("%s: another one has the issuer %s", place, t.Issuer))
		}
		seen[t.Issuer] = true
	}
	return errors.Join(append(errs, validateRules(c.StepUp), joinFaults("step_up of others", c.StepUpOfOthers.faults()))...)
}

// WithDefaults returns c with what is in force for fields that are zero.
func (c Config) WithDefaults() Config {
	c.ClientCacheTTL = cmp.Or(c.ClientCacheTTL, defaultClientCacheTTL)
	c.Leeway = cmp.Or(c.Leeway, defaultLeeway)
	c.KeyRefresh = cmp.Or(c.KeyRefresh, defaultKeyRefresh)
	c.StepUp = slices.Clone(c.StepUp)
	for i := range c.StepUp {
		c.StepUp[i] = c.StepUp[i].WithDefaults()
	}
	return c
}

// ClientStore is what authentication needs of the database.
type ClientStore interface {
	// Client returns one client, revoked or not, or CodeNotFound.
	Client(ctx context.Context, id string) (storage.Client, error)
	// UseClients sets the last use of clients where it is earlier.
	UseClients(ctx context.Context, at map[string]time.Time) error
}

// Authenticator says who is calling. It is safe for concurrent use.
type Authenticator struct {
	store       ClientStore
	clock       func() time.Time
	requireCert bool
	clientTTL   time.Duration
	leeway      time.Duration
	issuers     map[string]*tokenIssuer
	clients     cache[string, *client]
	tokens      cache[[sha256.Size]byte, *token]
	uses        uses
}

// client is an API client as authentication needs it, made once per look-up.
type client struct {
	secretHash    [sha256.Size]byte
	previousHash  [sha256.Size]byte // of the secret before
	previousUntil time.Time         // that it works
	certificate   string            // hex SHA-256, "" is not bound
	revoked       bool
	expires       time.Time // zero never ends
	actor         walletport.Actor
	use           *use // nil until it was let in
}

// New checks c and returns an Authenticator over store. trust was opened with c too.
func New(c Config, store ClientStore, clock func() time.Time, trust *Trust) (*Authenticator, error) {
	if store == nil || clock == nil || trust == nil {
		return nil, errors.New("auth: store, clock and trust are required")
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	a := &Authenticator{
		store: store, clock: clock, requireCert: c.RequireClientCertificate,
		clientTTL: cmp.Or(c.ClientCacheTTL, defaultClientCacheTTL), leeway: cmp.Or(c.Leeway, defaultLeeway),
		issuers: make(map[string]*tokenIssuer, len(c.TokenIssuers)),
	}
	for _, t := range c.TokenIssuers {
		issuer, err := newTokenIssuer(t, trust, a.leeway)
		if err != nil {
			return nil, err
		}
		a.issuers[t.Issuer] = issuer
	}
	return a, nil
}

// maxSecretBytes bounds what is hashed for a caller who is not known yet.
const maxSecretBytes = 256

// AuthenticateBasic returns the client of that id and secret. cert is the verified
// certificate of the TLS connection, nil without one.
//
// An unknown id and a wrong secret give the same error after the same work: one
// read of the database, one hash, one comparison. Errors: CodeUnauthenticated
// with a reason above, CodeUnavailable when the database does not answer.
func (a *Authenticator) AuthenticateBasic(ctx context.Context, id, secret string, cert *x509.Certificate) (walletport.Actor, error) {
	if a.requireCert && cert == nil {
		return walletport.Actor{}, errCertificate()
	}
	if len(id) > maxSecretBytes || len(secret) > maxSecretBytes {
		return walletport.Actor{}, errInvalid()
	}
	presented, now := sha256.Sum256([]byte(secret)), a.clock()
	c, ok := a.clients.get(id, now)
	if !ok || !c.hasSecret(presented, now) {
		// A cached client whose secret does not fit is read again, so that a wrong
		// secret costs what an unknown id costs.
		var err error
		if c, err = a.readClient(ctx, id); err != nil {
			return walletport.Actor{}, err
		}
		if !c.hasSecret(presented, now) {
			return walletport.Actor{}, errInvalid()
		}
		c.use = a.uses.of(id)
		a.clients.put(id, c, a.clock().Add(a.clientTTL))
	}
	if err := c.admit(cert, now); err != nil {
		return walletport.Actor{}, err
	}
	c.use.note(now)
	return c.actor, nil
}

// readClient returns the client, or one that no secret fits when there is none.
func (a *Authenticator) readClient(ctx context.Context, id string) (*client, error) {
	row, err := a.store.Client(ctx, id)
	if walletport.CodeOf(err) == walletport.CodeNotFound {
		return &client{}, nil
	}
	if err != nil {
		return nil, err
	}
	c := &client{
		certificate: row.CertificateSHA256, revoked: !row.RevokedAt.IsZero(), expires: row.ExpiresAt, previousUntil: row.PreviousUntil,
		actor: walletport.Actor{ClientID: row.ID, Issuers: row.Issuers, Scopes: row.Scopes},
	}
	copy(c.secretHash[:], row.SecretHash)
	copy(c.previousHash[:], row.PreviousHash)
	return c, nil
}

// hasSecret compares with both secrets in any case, so that the time tells nothing.
func (c *client) hasSecret(hash [sha256.Size]byte, now time.Time) bool {
	current := subtle.ConstantTimeCompare(c.secretHash[:], hash[:]) == 1
	previous := subtle.ConstantTimeCompare(c.previousHash[:], hash[:]) == 1
	return current || previous && now.Before(c.previousUntil)
}

// admit checks what only the holder of the right secret may learn.
func (c *client) admit(cert *x509.Certificate, now time.Time) error {
	switch {
	case c.revoked:
		return walletport.Errorf(walletport.CodeUnauthenticated, ReasonRevoked, "the client has been revoked")
	case !c.expires.IsZero() && !now.Before(c.expires):
		return walletport.Errorf(walletport.CodeUnauthenticated, ReasonEnded, "the client's end has come")
	case c.certificate != "" && !isCertificate(cert, c.certificate):
		return errNotBound(cert)
	}
	return nil
}

// isCertificate reports whether cert is the one with that hex SHA-256 digest.
func isCertificate(cert *x509.Certificate, hexDigest string) bool {
	if cert == nil {
		return false
	}
	digest := sha256.Sum256(cert.Raw)
	return strings.EqualFold(hex.EncodeToString(digest[:]), hexDigest)
}

func errInvalid() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnauthenticated, ReasonInvalid, "the credentials are not valid")
}

// errNotBound is the answer for a certificate that is not the one that was asked for.
func errNotBound(cert *x509.Certificate) *walletport.Error {
	if cert == nil {
		return errCertificate()
	}
	return walletport.Errorf(walletport.CodeUnauthenticated, ReasonMismatch, "the TLS certificate of the connection is not the one that the client is bound to")
}

func errCertificate() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnauthenticated, ReasonCertificate, "the call needs the client's TLS certificate")
}
