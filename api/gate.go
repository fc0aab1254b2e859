package api

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
)

// Authenticator says who is calling. cert is the verified certificate of the TLS
// connection, nil without one. Refusals are CodeUnauthenticated.
type Authenticator interface {
	AuthenticateBasic(ctx context.Context, id, secret string, cert *x509.Certificate) (walletport.Actor, error)
	AuthenticateBearer(ctx context.Context, token string, cert *x509.Certificate) (walletport.Actor, error)
}

// gate lets a call in: first who, then how often, then whether they may, and only
// then what they sent. A stranger learns nothing of the rest.
type gate struct{ door *Door }

// HandleBasicAuth lets in an API client.
func (g gate) HandleBasicAuth(ctx context.Context, _ oas.OperationName, t oas.BasicAuth) (context.Context, error) {
	c := callFrom(ctx)
	c.claimed = sha256.Sum256([]byte("Basic " + t.Username))
	if err := oneCredential(c.r); err != nil {
		return nil, err
	}
	actor, err := g.door.Authenticator.AuthenticateBasic(ctx, t.Username, t.Password, clientCertificate(c.r))
	if err != nil {
		c.noteGone(t.Username, err)
		return nil, err
	}
	return g.enter(ctx, c, actor)
}

// HandleBearerAuth lets in the bearer of a token.
func (g gate) HandleBearerAuth(ctx context.Context, _ oas.OperationName, t oas.BearerAuth) (context.Context, error) {
	c := callFrom(ctx)
	c.claimed = sha256.Sum256([]byte("Bearer " + t.Token))
	if err := oneCredential(c.r); err != nil {
		return nil, err
	}
	actor, err := g.door.Authenticator.AuthenticateBearer(ctx, t.Token, clientCertificate(c.r))
	if err != nil {
		return nil, err
	}
	return g.enter(ctx, c, actor)
}

// oneCredential refuses several Authorization headers: two readers might take
// different ones for the caller.
func oneCredential(r *http.Request) *walletport.Error {
	if len(r.Header["Authorization"]) > 1 {
		return errCredentialsInvalid("there are several Authorization headers: send one")
	}
	return nil
}

func (g gate) enter(ctx context.Context, c *call, actor walletport.Actor) (context.Context, error) {
	c.actor = actor
	if wait, over := g.door.limits.client(c, actor.ClientID); over {
		return nil, errRateLimited(wait)
	}
	if !actor.May(c.op.scope) {
		return nil, walletport.Errorf(walletport.CodeForbidden, "scope_missing", "the call needs the scope %s", c.op.scope)
	}
	if !acceptsJSON(c.r.Header["Accept"]) {
		return nil, errNotAcceptable()
	}
	proof, err := stepUp(c.r.Header)
	if err != nil {
		return nil, err
	}
	if _, err := readQuery(c.r.URL.RawQuery); err != nil {
		return nil, err
	}
	if err := readBody(c.r, c.op.body); err != nil {
		return nil, err
	}
	c.request.StepUp = proof
	return walletport.WithActor(walletport.WithRequest(ctx, c.request), actor), nil
}

// acceptsJSON reports whether an Accept header (RFC 9110 section 12.5.1) allows
// application/json. The most specific range decides; a broken one counts for nothing.
func acceptsJSON(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	allowed, decided := false, 0
	for _, header := range accept {
		for item := range strings.SplitSeq(header, ",") {
			specific, quality := rangeForJSON(item)
			if specific > decided {
				decided, allowed = specific, quality > 0
			} else if specific > 0 && specific == decided {
				allowed = allowed || quality > 0
			}
		}
	}
	return allowed
}

// rangeForJSON says how closely a media range fits application/json, 0 is not at
// all, and its quality.
func rangeForJSON(item string) (specific int, quality float64) {
	kind, parameters, err := mime.ParseMediaType(item)
	if err != nil {
		return 0, 0
	}
	quality = 1
	if text, ok := parameters["q"]; ok {
		if quality, err = strconv.ParseFloat(text, 64); err != nil {
			return 0, 0
		}
	}
	switch kind {
	case "application/json":
		return 3, quality
	case "application/*":
		return 2, quality
	case "*/*":
		return 1, quality
	}
	return 0, 0
}
