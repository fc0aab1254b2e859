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
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// authority is who signs, and for whom: what the issuers of Bearer tokens and of
// step-up proofs have in common.
type authority struct {
	issuer, audience  string
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
	fault(a.audience == "", "audience is required")
	fault(sources != 1, "give either jwks_url or jwks_file")
	fault(a.jwksURL != "" && !isSafeURL(a.jwksURL), "jwks_url must be https, or http on loopback")
	for _, alg := range a.algorithms {
		fault(!slices.Contains(allowedAlgorithms, jose.SignatureAlgorithm(alg)), "algorithms are of ES256, RS256, PS256, EdDSA")
	}
	return faults
}

// isIssuerName keeps "@" out, so that CLIENT@ISSUER has one reading.
func isIssuerName(text string) bool {
	return text != "" && len(text) <= maxIssuerBytes &&
		!strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '@' })
}

func isSafeURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// verifier verifies what one authority signed for us.
type verifier struct {
	signatures *oidc.IDTokenVerifier
	issuer     string
	audience   string
	leeway     time.Duration
}

func (a authority) verifier(transport http.RoundTripper, clock func() time.Time, leeway time.Duration) (*verifier, error) {
	keys, err := a.keySet(transport, clock)
	if err != nil {
		return nil, err
	}
	algorithms := a.algorithms
	if len(algorithms) == 0 {
		for _, alg := range allowedAlgorithms {
			algorithms = append(algorithms, string(alg))
		}
	}
	return &verifier{
		issuer: a.issuer, audience: a.audience, leeway: leeway,
		signatures: oidc.NewVerifier(a.issuer, keys, &oidc.Config{
			SupportedSigningAlgs: algorithms,
			SkipClientIDCheck:    true, // verify checks the audience, to say which check failed
			SkipExpiryCheck:      true, // and the times, with our leeway
		}),
	}, nil
}

func (a authority) keySet(transport http.RoundTripper, clock func() time.Time) (oidc.KeySet, error) {
	if a.jwksURL != "" {
		return newRemoteKeys(a.jwksURL, transport, clock), nil
	}
	text := a.jwks
	if a.jwksFile != "" {
		var err error
		if text, err = os.ReadFile(a.jwksFile); err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
	}
	keys, err := parseKeys(text)
	if err == nil && len(keys) == 0 {
		err = errors.New("the JWK set is empty")
	}
	return keys, err // an operator's own file is all good, or refused
}

// What verify tells apart. Every other error means that the token is not good, for
// a reason that its bearer need not know.
var (
	errTokenExpired    = errors.New("the token has expired")
	errKeysUnavailable = errors.New("the keys cannot be fetched")
)

// verify returns a token that the authority signed for us and that is valid now.
// Its errors do not repeat the token.
func (v *verifier) verify(ctx context.Context, raw string, now time.Time) (*oidc.IDToken, error) {
	ctx, outage := watchOutage(ctx)
	verified, err := v.signatures.Verify(ctx, raw)
	if *outage {
		return nil, errKeysUnavailable
	}
	if err != nil {
		return nil, errors.New("signature or issuer is wrong") // the library's text repeats the token
	}
	if !slices.Contains(verified.Audience, v.audience) {
		return nil, errors.New("the token is for another audience")
	}
	return verified, v.checkTimes(verified, now)
}

func (v *verifier) checkTimes(verified *oidc.IDToken, now time.Time) error {
	var claims struct {
		NotBefore *jwt.NumericDate `json:"nbf"`
	}
	if err := verified.Claims(&claims); err != nil {
		return errors.New("a claim has the wrong type")
	}
	switch {
	case verified.Expiry.IsZero():
		return errors.New("the token never expires")
	case verified.Expiry.Before(now.Add(-v.leeway)):
		return errTokenExpired
	case claims.NotBefore != nil && claims.NotBefore.Time().After(now.Add(v.leeway)):
		return errors.New("the token is not valid yet")
	}
	return nil
}

type outageKey struct{}

// watchOutage returns a context through which remoteKeys reports that an issuer's
// keys could not be fetched: the library flattens that error to text.
func watchOutage(ctx context.Context) (context.Context, *bool) {
	outage := new(bool)
	return context.WithValue(ctx, outageKey{}, outage), outage
}
