package auth

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/walletport/walletport"
)

// TokenIssuer is one authority whose Bearer tokens are taken.
type TokenIssuer struct {
	Issuer       string                `koanf:"issuer"`        // the token's iss claim, exactly; the audit trail names bearers CLIENT@ISSUER
	Audience     string                `koanf:"audience"`      // must be in the token's aud claim
	JWKSURL      string                `koanf:"jwks_url"`      // https URL of the issuer's keys (http on loopback only); this or jwks_file
	JWKSFile     string                `koanf:"jwks_file"`     // file with the issuer's keys, a JWK set (RFC 7517)
	JWKS         []byte                `koanf:"-"`             // the keys themselves, for a program that makes them
	Algorithms   []string              `koanf:"algorithms"`    // of ES256, RS256, PS256, EdDSA; empty takes all four
	IssuersClaim string                `koanf:"issuers_claim"` // claim that lists the card issuers the bearer acts for; empty: all of issuers
	Issuers      []walletport.IssuerID `koanf:"issuers"`       // card issuers that tokens may act for; empty trusts the claim
}

func (t TokenIssuer) authority() authority {
	return authority{
		issuer: t.Issuer, audience: t.Audience, jwksURL: t.JWKSURL, jwksFile: t.JWKSFile, jwks: t.JWKS, algorithms: t.Algorithms,
	}
}

func (t TokenIssuer) validate() error {
	faults := t.authority().faults()
	if t.IssuersClaim == "" && len(t.Issuers) == 0 {
		faults = append(faults, "issuers or issuers_claim is required, else tokens act for nobody")
	}
	faults = append(faults, issuerFaults(t.Issuers)...)
	return joinFaults(fmt.Sprintf("token issuer %q", t.Issuer), faults)
}

// issuerFaults says what is wrong with a list of card issuers.
func issuerFaults(issuers []walletport.IssuerID) []string {
	for _, id := range issuers {
		if _, err := walletport.ParseIssuerID(string(id)); err != nil {
			return []string{"issuers are letters, digits, '.', '_' and '-', 1 to 64 of them"}
		}
	}
	return nil
}

func joinFaults(of string, faults []string) error {
	errs := make([]error, 0, len(faults))
	for _, fault := range faults {
		errs = append(errs, fmt.Errorf("auth: %s: %s", of, fault))
	}
	return errors.Join(errs...)
}

// tokenIssuer verifies the Bearer tokens of one authority.
type tokenIssuer struct {
	*verifier
	claim   string
	allowed []walletport.IssuerID
}

func newTokenIssuer(t TokenIssuer, transport http.RoundTripper, clock func() time.Time, leeway time.Duration) (*tokenIssuer, error) {
	v, err := t.authority().verifier(transport, clock, leeway)
	if err != nil {
		return nil, fmt.Errorf("auth: token issuer %q: %w", t.Issuer, err)
	}
	return &tokenIssuer{verifier: v, claim: t.IssuersClaim, allowed: t.Issuers}, nil
}
