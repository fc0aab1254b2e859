package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/outbound"
)

// authority is who signs, and for whom: what the issuers of Bearer tokens and of
// step-up proofs have in common.
type authority struct {
	issuer            string
	audiences         []string // one of them must be there
	audienceClaim     string   // where; "" is aud
	jwksURL, jwksFile string
	jwks              []byte
	algorithms        []string
}

// allowedAlgorithms are asymmetric only, each with one way to verify.
var allowedAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

// maxIssuerBytes leaves room for a client id beside it in an audit record.
const maxIssuerBytes = 128

// faults says everything that is wrong with the configuration of a.
func (a authority) faults() []string {
	var faults []string
	fault := func(wrong bool, text string) {
		if wrong {
			faults = append(faults, text)
		}
	}
	sources := 0
	for _, given := range []bool{a.jwksURL != "", a.jwksFile != "", len(a.jwks) > 0} {
		if given {
			sources++
		}
	}
	fault(!isIssuerName(a.issuer), "issuer is required: 1 to 128 printable ASCII characters without spaces and @")
	fault(len(a.audiences) == 0 || slices.Contains(a.audiences, ""), "audience is required")
	fault(sources != 1, "give either jwks_url or jwks_file")
	fault(a.jwksURL != "" && !outbound.IsSafeURL(a.jwksURL), "jwks_url must be https, or http on loopback")
	for _, alg := range a.algorithms {
		fault(!slices.Contains(allowedAlgorithms, jose.SignatureAlgorithm(alg)), "algorithms are of ES256, RS256, PS256, EdDSA")
	}
	return faults
}

// isIssuerName keeps "@" out, so that CLIENT@ISSUER has one reading.
func isIssuerName(text string) bool {
	return text != "" && len(text) <= maxIssuerBytes && walletport.IsPrintable(text, " @")
}

// verifier verifies what one authority signed for us.
type verifier struct {
	authority
	keys   *keySource
	leeway time.Duration
}

func (t *Trust) verifier(a authority, leeway time.Duration) (*verifier, error) {
	keys, err := t.keysOf(a)
	if err != nil {
		return nil, err
	}
	if len(a.algorithms) == 0 {
		for _, alg := range allowedAlgorithms {
			a.algorithms = append(a.algorithms, string(alg))
		}
	}
	return &verifier{authority: a, keys: keys, leeway: leeway}, nil
}

// What verify tells apart. Every other error means that the token is not good, for
// a reason that its bearer need not know.
var (
	errTokenExpired    = errors.New("the token has expired")
	errKeysUnavailable = errors.New("the keys cannot be read")
)

// unavailableKeys is errKeysUnavailable with its cause.
func unavailableKeys(cause error) error {
	return fmt.Errorf("%w: %w", errKeysUnavailable, cause)
}

// signedToken is a JWT whose signature nobody has checked yet.
type signedToken struct {
	signed *jose.JSONWebSignature
	claims claims
}

// parseToken reads a JWT in compact form. Its errors do not repeat the token. No
// header is critical to us (RFC 7515 section 4.1.11), so a token that says so of one
// is refused, and so is a payload that is not base64url (RFC 7797).
func parseToken(raw string) (*signedToken, error) {
	signed, err := jose.ParseSignedCompact(raw, allowedAlgorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, errors.New("not a signed token, or another algorithm")
	}
	headers := signed.Signatures[0].Header.ExtraHeaders
	for _, name := range []jose.HeaderKey{"crit", "b64"} {
		if _, there := headers[name]; there {
			return nil, fmt.Errorf("header %s is not supported", name)
		}
	}
	claims, err := parseClaims(signed.UnsafePayloadWithoutVerification())
	if err != nil {
		return nil, err
	}
	return &signedToken{signed: signed, claims: claims}, nil
}

// verified is a token that an authority signed for us, and the keys it had then.
type verified struct {
	claims claims
	expiry time.Time
	keys   *keySet
}

// verify returns a token that the authority signed for us and that is valid now.
// Its errors name the claim that is missing or wrong, and repeat nothing of it.
func (v *verifier) verify(ctx context.Context, t *signedToken, now time.Time) (*verified, error) {
	if !slices.Contains(v.algorithms, t.signed.Signatures[0].Header.Algorithm) {
		return nil, errors.New("the token's algorithm is not among algorithms")
	}
	switch issuer, err := t.claims.text("iss"); {
	case err != nil:
		return nil, err
	case issuer != v.issuer:
		return nil, errClaim("iss", "is another issuer")
	}
	keys, err := v.keys.verify(ctx, t.signed)
	if err != nil {
		return nil, err
	}
	if err := v.checkAudience(t.claims); err != nil {
		return nil, err
	}
	expiry, err := v.checkTimes(t.claims, now)
	return &verified{claims: t.claims, expiry: expiry, keys: keys}, err
}

func (v *verifier) checkAudience(c claims) error {
	name := cmp.Or(v.audienceClaim, "aud")
	values, err := c.list(name)
	switch {
	case err != nil:
		return err
	case !slices.ContainsFunc(values, func(value string) bool { return slices.Contains(v.audiences, value) }):
		return errClaim(name, "has no audience that is configured")
	}
	return nil
}

func (v *verifier) checkTimes(c claims, now time.Time) (expiry time.Time, err error) {
	if expiry, err = c.time("exp"); err != nil {
		return expiry, err
	}
	notBefore, err := c.time("nbf")
	switch {
	case err != nil && !errors.Is(err, errClaimMissing):
		return expiry, err
	case expiry.Before(now.Add(-v.leeway)):
		return expiry, errTokenExpired
	case err == nil && notBefore.After(now.Add(v.leeway)):
		return expiry, errClaim("nbf", "is in the future")
	}
	return expiry, nil
}
