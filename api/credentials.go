package api

import (
	"context"
	"crypto/x509"
	"net/http"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/door"
)

// Verifier checks credentials. cert is the verified certificate of the TLS connection,
// nil without one. Refusals are CodeUnauthenticated.
type Verifier interface {
	AuthenticateBasic(ctx context.Context, id, secret string, cert *x509.Certificate) (walletport.Actor, error)
	AuthenticateBearer(ctx context.Context, token string, cert *x509.Certificate) (walletport.Actor, error)
}

// Authenticator reads the Authorization header for a door: HTTP Basic (RFC 7617) and
// Bearer (RFC 6750).
type Authenticator struct{ verifier Verifier }

// NewAuthenticator returns an authenticator whose credentials v verifies.
func NewAuthenticator(v Verifier) Authenticator { return Authenticator{v} }

// Authenticate returns the API client or the bearer of a token that calls.
func (a Authenticator) Authenticate(r *http.Request) (door.Caller, error) {
	var caller door.Caller
	headers := r.Header["Authorization"]
	id, secret, isBasic := r.BasicAuth()
	_, claimsBasic := credentialsOf(headers, "Basic")
	token, isBearer := credentialsOf(headers, "Bearer")
	switch {
	case isBasic:
		caller.Claimed = "Basic " + id
	case claimsBasic:
	case isBearer:
		caller.Claimed = "Bearer " + token
	default:
		return caller, errCredentialsMissing(headers)
	}
	if len(headers) > 1 { // two readers might take different ones for the caller
		return caller, errCredentialsInvalid("there are several Authorization headers: send one")
	}
	var err error
	switch {
	case isBasic:
		caller.Actor, err = a.verifier.AuthenticateBasic(r.Context(), id, secret, door.ClientCertificate(r))
		if reason := walletport.ReasonOf(err); reason == auth.ReasonRevoked || reason == auth.ReasonEnded {
			caller.Gone = id
		}
	case claimsBasic:
		err = errCredentialsInvalid("the Basic credentials are not base64 of id, colon and secret")
	default:
		caller.Actor, err = a.verifier.AuthenticateBearer(r.Context(), token, door.ClientCertificate(r))
		// Anybody can name a token issuer whose keys are away, and each such call is a
		// line of ERROR in the log.
		caller.Provoked = walletport.ReasonOf(err) == "token_keys_unavailable"
	}
	return caller, err
}

// credentialsOf returns what follows the name of an authentication scheme in the first
// header that begins with it.
func credentialsOf(headers []string, scheme string) (credentials string, ok bool) {
	for _, header := range headers {
		if name, rest, found := strings.Cut(header, " "); found && strings.EqualFold(name, scheme) {
			return rest, true
		}
	}
	return "", false
}

// Challenges returns the WWW-Authenticate headers (RFC 7617 section 2, RFC 6750 section 3).
func (a Authenticator) Challenges(code string) []string {
	bearer := `Bearer realm="walletport"`
	if code == "token_expired" || code == "credentials_invalid" {
		bearer += `, error="invalid_token"`
	}
	return []string{`Basic realm="walletport", charset="UTF-8"`, bearer}
}

func errCredentialsMissing(headers []string) *walletport.Error {
	if len(headers) > 0 {
		return walletport.Errorf(walletport.CodeUnauthenticated, "credentials_missing", "the Authorization header is neither Basic nor Bearer, followed by a space and the credentials")
	}
	return walletport.Errorf(walletport.CodeUnauthenticated, "credentials_missing", "the call needs Basic or Bearer credentials in an Authorization header")
}

func errCredentialsInvalid(message string) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnauthenticated, "credentials_invalid", "%s", message)
}

// admitted is asked by the generated server about callers. The door has let them in, and
// so this takes who the door knows, and nobody else.
type admitted struct{}

// HandleBasicAuth takes a caller that the door has let in.
func (a admitted) HandleBasicAuth(ctx context.Context, _ oas.OperationName, _ oas.BasicAuth) (context.Context, error) {
	return a.take(ctx)
}

// HandleBearerAuth takes a caller that the door has let in.
func (a admitted) HandleBearerAuth(ctx context.Context, _ oas.OperationName, _ oas.BearerAuth) (context.Context, error) {
	return a.take(ctx)
}

func (admitted) take(ctx context.Context) (context.Context, error) {
	if walletport.ActorFrom(ctx).ClientID == "" {
		return nil, errCredentialsMissing(nil)
	}
	return ctx, nil
}
