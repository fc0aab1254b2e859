// Package api is the public API: it converts a request, calls one method of a flow, and
// converts back. It decides no business question. The specification is openapi.yaml; oas
// is generated from it; operations.go is the table of the calls. What the calls have in
// common with those of other doors, such as limits and problem documents, is door's.
//
// What a caller sent is untrusted text: it reaches no log line, metric, span or
// error, and the audit trail only after it was parsed.
package api

import (
	"context"
	_ "embed" // for the specification
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/door"
)

// Config is what an operator may choose. The zero value is a good one.
type Config struct {
	Limits      door.Limits `setting:"limits"`
	ServerURLs  []string    `setting:"server_urls"`   // base URLs of the API, as the served specification names them; empty is /wallet on this server
	NoAccessLog bool        `setting:"no_access_log"` // log failures of ours only, not a line for each request
}

// Validate reports everything that is wrong with c.
func (c Config) Validate() error {
	errs := prefixed("limits.", c.Limits.Validate())
	for i, text := range c.ServerURLs {
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, fmt.Errorf("server_urls[%d]: an http or https URL without credentials, such as https://wallet.bank.example/wallet", i))
		}
	}
	return errors.Join(errs...)
}

// WithDefaults returns c with what is in force for fields that are zero.
func (c Config) WithDefaults() Config {
	c.Limits = c.Limits.WithDefaults()
	return c
}

// prefixed returns the problems that err joins, each with the name of its section.
func prefixed(section string, err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var errs []error
	for _, problem := range joined.Unwrap() {
		errs = append(errs, fmt.Errorf("%s%w", section, problem))
	}
	return errs
}

// basePath is where the calls of the specification live.
const basePath = "/wallet"

//go:embed openapi.yaml
var specification []byte

// New returns the API over the flows, for a door. Its callers are those of
// NewAuthenticator.
func New(f Flows, serverURLs []string) (door.API, error) {
	if err := f.check(); err != nil {
		return door.API{}, err
	}
	table, err := newTable(operations)
	if err != nil {
		return door.API{}, err
	}
	r := &router{table: table}
	if r.server, err = r.newServer(f); err != nil {
		return door.API{}, err
	}
	return door.API{
		BasePath: basePath, Match: r.match, Handler: r.server, Prepare: prepare, NoSuchPath: r.errNoSuchPath,
		Discreet: looksUnknown, Codes: codeDocs, Notices: notices, Specification: specification, ServerURLs: serverURLs,
	}, nil
}

// notices are the refusals of a client that was thought to be gone.
var notices = map[string]string{
	auth.ReasonRevoked: "a revoked client was refused",
	auth.ReasonEnded:   "a client whose end has come was refused",
}

// looksUnknown reports whether the caller must not see that the card, token, customer or
// request is there.
func looksUnknown(err error) bool {
	switch walletport.ReasonOf(err) {
	case "card_not_found", "card_id_contains_pan", "token_not_found", "customer_not_found", "enrolment_request_not_found":
		return true
	}
	return false
}

// router knows the paths of the specification.
type router struct {
	server *oas.Server
	table  map[oas.OperationName]*door.Operation
}

func (r *router) newServer(f Flows) (*oas.Server, error) {
	return oas.NewServer(calls{f}, admitted{},
		oas.WithPathPrefix(basePath),
		oas.WithErrorHandler(func(ctx context.Context, _ http.ResponseWriter, request *http.Request, err error) {
			door.CallFrom(ctx).Refuse(explain(request, err))
		}),
		oas.WithNotFound(func(_ http.ResponseWriter, request *http.Request) {
			door.CallFrom(request.Context()).Refuse(r.errNoSuchPath(request.URL))
		}),
		oas.WithMethodNotAllowed(func(_ http.ResponseWriter, request *http.Request, allowed string) {
			door.CallFrom(request.Context()).Refuse(door.ErrMethod(allowed))
		}),
	)
}

// match finds the call of the specification ahead of the generated router.
func (r *router) match(request *http.Request) (*door.Operation, []string) {
	route, ok := r.server.FindPath(request.Method, request.URL)
	if !ok {
		return nil, nil
	}
	return r.table[route.Name()], route.Args()
}
