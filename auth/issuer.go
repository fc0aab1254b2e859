package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport"
)

// TokenIssuer is one authority whose Bearer tokens are taken.
type TokenIssuer struct {
	Issuer       string                `koanf:"issuer"`        // the token's iss claim, exactly
	Audience     string                `koanf:"audience"`      // must be in the token's aud claim
	JWKSURL      string                `koanf:"jwks_url"`      // https URL of the issuer's keys (http on loopback only); this or jwks_file
	JWKSFile     string                `koanf:"jwks_file"`     // file with the issuer's keys, a JWK set (RFC 7517)
	JWKS         []byte                `koanf:"-"`             // the keys themselves, for a program that makes them
	Algorithms   []string              `koanf:"algorithms"`    // of ES256, RS256, PS256, EdDSA; empty takes all four
	IssuersClaim string                `koanf:"issuers_claim"` // claim that lists the card issuers the bearer acts for; empty: all of issuers
	Issuers      []walletport.IssuerID `koanf:"issuers"`       // card issuers that tokens may act for; empty trusts the claim
}

// allowedAlgorithms are asymmetric only, each with one way to verify.
var allowedAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

func (t TokenIssuer) validate() error {
	var errs []error
	fault := func(wrong bool, text string) {
		if wrong {
			errs = append(errs, fmt.Errorf("auth: token issuer %q: %s", t.Issuer, text))
		}
	}
	sources := 0
	for _, given := range []bool{t.JWKSURL != "", t.JWKSFile != "", len(t.JWKS) > 0} {
		if given {
			sources++
		}
	}
	fault(t.Issuer == "", "issuer is required")
	fault(t.Audience == "", "audience is required")
	fault(sources != 1, "give either jwks_url or jwks_file")
	fault(t.JWKSURL != "" && !isSafeURL(t.JWKSURL), "jwks_url must be https, or http on loopback")
	fault(t.IssuersClaim == "" && len(t.Issuers) == 0, "issuers or issuers_claim is required, else tokens act for nobody")
	for _, alg := range t.Algorithms {
		fault(!slices.Contains(allowedAlgorithms, jose.SignatureAlgorithm(alg)), "algorithms are of ES256, RS256, PS256, EdDSA")
	}
	return errors.Join(errs...)
}

func isSafeURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// tokenIssuer verifies the tokens of one authority.
type tokenIssuer struct {
	verifier *oidc.IDTokenVerifier
	audience string
	claim    string
	allowed  []walletport.IssuerID
}

func newTokenIssuer(t TokenIssuer, transport http.RoundTripper, clock func() time.Time, leeway time.Duration) (*tokenIssuer, error) {
	keys, err := keySet(t, transport, clock)
	if err != nil {
		return nil, fmt.Errorf("auth: token issuer %q: %w", t.Issuer, err)
	}
	algorithms := t.Algorithms
	if len(algorithms) == 0 {
		for _, alg := range allowedAlgorithms {
			algorithms = append(algorithms, string(alg))
		}
	}
	return &tokenIssuer{
		audience: t.Audience, claim: t.IssuersClaim, allowed: t.Issuers,
		verifier: oidc.NewVerifier(t.Issuer, keys, &oidc.Config{
			SupportedSigningAlgs: algorithms,
			SkipClientIDCheck:    true, // verify checks the audience, to say which check failed
			// The library knows no leeway for exp; a clock that is slow by it is the same.
			Now: func() time.Time { return clock().Add(-leeway) },
		}),
	}, nil
}

func keySet(t TokenIssuer, transport http.RoundTripper, clock func() time.Time) (oidc.KeySet, error) {
	if t.JWKSURL != "" {
		return newRemoteKeys(t.JWKSURL, transport, clock), nil
	}
	text := t.JWKS
	if t.JWKSFile != "" {
		var err error
		if text, err = os.ReadFile(t.JWKSFile); err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
	}
	keys, err := parseKeys(text)
	if err == nil && len(keys) == 0 {
		err = errors.New("the JWK set is empty")
	}
	return keys, err // an operator's own file is all good, or refused
}

type outageKey struct{}

// watchOutage returns a context through which remoteKeys reports that an issuer's
// keys could not be fetched: the library flattens that error to text.
func watchOutage(ctx context.Context) (context.Context, *bool) {
	outage := new(bool)
	return context.WithValue(ctx, outageKey{}, outage), outage
}
