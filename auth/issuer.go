package auth

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// TokenIssuer is one authority whose Bearer tokens are taken.
type TokenIssuer struct {
	Issuer        string                `setting:"issuer"`         // the token's iss claim, exactly; the audit trail names bearers CLIENT@ISSUER
	Audience      string                `setting:"audience"`       // must be in the token's aud claim
	Audiences     []string              `setting:"audiences"`      // further values that serve as audience
	AudienceClaim string                `setting:"audience_claim"` // claim that has the audience; empty is aud. Amazon Cognito's access tokens have client_id alone
	JWKSURL       string                `setting:"jwks_url"`       // https URL of the issuer's keys (http on loopback only); this or jwks_file
	JWKSFile      string                `setting:"jwks_file"`      // file with the issuer's keys, a JWK set (RFC 7517)
	JWKS          []byte                `setting:"-"`              // the keys themselves, for a program that makes them
	Algorithms    []string              `setting:"algorithms"`     // of ES256, RS256, PS256, EdDSA; empty takes all four
	ClientClaims  []string              `setting:"client_claims"`  // claims of which the first that is there names the client; empty is client_id, azp, appid, cid, sub
	ScopeClaims   []string              `setting:"scope_claims"`   // claims that list what the bearer may do, as a list or as words with spaces between; empty is scope and scp. Others: roles, permissions, realm_access.roles
	ScopePrefix   string                `setting:"scope_prefix"`   // what stands before walletport's scopes there, such as api://walletport/; other words do not count then
	IssuersClaim  string                `setting:"issuers_claim"`  // claim that lists the card issuers the bearer acts for; empty: all of issuers
	Issuers       []walletport.IssuerID `setting:"issuers"`        // card issuers that tokens may act for; empty trusts the claim
}

func (t TokenIssuer) authority() authority {
	return authority{
		issuer: t.Issuer, audiences: t.audiences(), audienceClaim: t.AudienceClaim,
		jwksURL: t.JWKSURL, jwksFile: t.JWKSFile, jwks: t.JWKS, algorithms: t.Algorithms,
	}
}

func (t TokenIssuer) audiences() []string {
	if t.Audience == "" {
		return t.Audiences
	}
	return append([]string{t.Audience}, t.Audiences...)
}

func (t TokenIssuer) faults() []string {
	faults := t.authority().faults()
	if t.IssuersClaim == "" && len(t.Issuers) == 0 {
		faults = append(faults, "issuers or issuers_claim is required, else tokens act for nobody")
	}
	for _, name := range slices.Concat(t.ClientClaims, t.ScopeClaims, []string{cmp.Or(t.AudienceClaim, "aud"), cmp.Or(t.IssuersClaim, "issuers")}) {
		if !isClaimName(name) {
			faults = append(faults, "names of claims are 1 to 128 printable ASCII characters without spaces")
			break
		}
	}
	return append(faults, issuerFaults(t.Issuers)...)
}

// issuerFaults says what is wrong with a list of card issuers.
func issuerFaults(issuers []walletport.IssuerID) []string {
	var faults []string
	for i, id := range issuers {
		if _, err := walletport.ParseIssuerID(string(id)); err != nil {
			faults = append(faults, fmt.Sprintf("issuers[%d]: letters, digits, '.', '_' and '-', 1 to 64 of them", i))
		}
	}
	return faults
}

// joinFaults puts the place of an entry before each of its faults.
func joinFaults(place string, faults []string) error {
	errs := make([]error, 0, len(faults))
	for _, fault := range faults {
		errs = append(errs, fmt.Errorf("%s: %s", place, fault))
	}
	return errors.Join(errs...)
}

// isClaimName keeps log lines that name claims readable.
func isClaimName(text string) bool {
	return text != "" && len(text) <= maxIssuerBytes && walletport.IsPrintable(text, " ")
}

// tokenIssuer verifies the Bearer tokens of one authority.
type tokenIssuer struct {
	*verifier
	clientClaims, scopeClaims []string
	scopePrefix               string
	issuersClaim              string
	allowed                   []walletport.IssuerID
}

func newTokenIssuer(t TokenIssuer, trust *Trust, leeway time.Duration) (*tokenIssuer, error) {
	v, err := trust.verifier(t.authority(), leeway)
	if err != nil {
		return nil, fmt.Errorf("auth: token issuer %q: %w", t.Issuer, err)
	}
	made := &tokenIssuer{
		verifier: v, clientClaims: t.ClientClaims, scopeClaims: t.ScopeClaims, scopePrefix: t.ScopePrefix,
		issuersClaim: t.IssuersClaim, allowed: t.Issuers,
	}
	if len(made.clientClaims) == 0 {
		made.clientClaims = defaultClientClaims
	}
	if len(made.scopeClaims) == 0 {
		made.scopeClaims = defaultScopeClaims
	}
	return made, nil
}
