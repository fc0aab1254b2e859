package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
)

// operation is what the gate and the audit trail need to know of a call of the
// specification beyond what is generated.
type operation struct {
	route  string
	scope  walletport.Scope // the specification's x-required-scope
	action walletport.Action
}

// operationTable has a row for each call of the specification.
var operationTable = map[oas.OperationName]operation{
	oas.ProvisionIssuerwalletOperation: {
		route:  "/v1/{cardId}/provision/issuerwallet/{walletProvider}",
		scope:  walletport.ScopeProvision,
		action: walletport.ActionProvisionIssuerWallet,
	},
}

// gate lets a call in: first who, then how often, then whether they may, and only
// then what they sent. A stranger learns nothing of the rest.
type gate struct{ door *Door }

// HandleBasicAuth lets in an API client.
func (g gate) HandleBasicAuth(ctx context.Context, _ oas.OperationName, t oas.BasicAuth) (context.Context, error) {
	c := callFrom(ctx)
	if err := oneCredential(c.r); err != nil {
		return nil, err
	}
	actor, err := g.door.Authenticator.AuthenticateBasic(ctx, t.Username, t.Password, clientCertificate(c.r))
	if err != nil {
		return nil, err
	}
	return g.enter(ctx, c, actor)
}

// HandleBearerAuth lets in the bearer of a token.
func (g gate) HandleBearerAuth(ctx context.Context, _ oas.OperationName, t oas.BearerAuth) (context.Context, error) {
	c := callFrom(ctx)
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
func oneCredential(r *http.Request) error {
	if len(r.Header["Authorization"]) > 1 {
		return errCredentialsInvalid()
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
	if err := refuseBody(c.r); err != nil {
		return nil, err
	}
	return walletport.WithActor(ctx, actor), nil
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

// refuseBody refuses a body where the call takes none: whoever sends one expects
// it to matter. Its content is not kept.
func refuseBody(r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	n, err := io.Copy(io.Discard, r.Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errBodyTooLarge()
	}
	if err != nil || n > 0 {
		return invalid("body_unexpected", "the call takes no body")
	}
	return nil
}
