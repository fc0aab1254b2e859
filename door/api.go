package door

import (
	"net/http"
	"net/url"

	"github.com/walletport/walletport"
)

// API is the calls that a door leads to, and what the door has to be told of them.
// BasePath, Match and Handler are required.
type API struct {
	BasePath string // the calls live below it: "/wallet"
	// Match finds the call that a request asks for, and the arguments of its path, as
	// they are before they are decoded. It returns nil where path and method are no call.
	Match func(*http.Request) (*Operation, []string)
	// Handler answers everything below BasePath. Before it gets a call that Match knows,
	// the door has let the call in: the request's context has the Actor and the Request,
	// and its body was checked. It gets the others as they came, to refuse them. It tells
	// Call.Refuse of every error.
	Handler http.Handler
	// Prepare checks what the calls have in common beside their bodies, after the caller
	// is known to be allowed to call, and adds to what flows learn of the request.
	Prepare func(*http.Request, *walletport.Request) error
	// NoSuchPath explains that there is nothing at a path. It must repeat nothing of it.
	NoSuchPath func(*url.URL) error
	// Discreet reports whether the caller must not see that something is there that was
	// found. Then the answer shows the request id that the caller gave, even where log and
	// trail have another, because the caller's holds a card number.
	Discreet func(error) bool
	Codes    []CodeDoc         // what the calls answer with beside the door's own codes
	Notices  map[string]string // by code: refusals that an operator should see without an access log, and the log's message
	// Specification is an OpenAPI document in YAML. It is served as /openapi.json, and
	// /docs shows it; nil serves neither.
	Specification []byte
	ServerURLs    []string // take the place of the specification's servers; none keeps them
}

// Operation is what a door must know of a call.
type Operation struct {
	Route   string              // in log, metrics and spans: the path as the specification writes it
	Scope   walletport.Scope    // that the caller must hold
	Action  walletport.Action   // in the audit record of a refusal; "" records none
	Wallet  walletport.Wallet   // that the call is about; "" where there is none, or see Call.SetWallet
	Body    *Body               // nil takes none
	Once    *Once               // nil does not look at an Idempotency-Key
	Headers map[string][]string // of every answer of the call, by canonical name
	// Describe fills in what the audit record of a refused call says of its subject: the
	// record has Time, RequestID, ClientID, Action, Outcome, RemoteAddress and Wallet.
	// The arguments are those of Match, and nobody has checked anything. May be nil.
	Describe func(r *http.Request, arguments []string, record *walletport.AuditRecord)
}

// Authenticator says who is calling. It is safe for concurrent use.
type Authenticator interface {
	// Authenticate returns the caller of a request. An error that anybody can cause, with no
	// credentials of ours, is CodeUnauthenticated or has Caller.Provoked; a failure of ours
	// is neither. The Caller that comes with an error says what is known so far.
	Authenticate(r *http.Request) (Caller, error)
	// Challenges returns the WWW-Authenticate headers (RFC 9110 section 11.6.1) of a
	// refusal with status 401 and that code.
	Challenges(code string) []string
}

// Caller is who calls, as far as authentication has found out.
type Caller struct {
	Actor walletport.Actor // counts only without an error
	// Claimed is the name or the credential that the caller came with, true or not:
	// failures are counted under it. It is not kept. "" without one.
	Claimed string
	// Gone is the id of a client that proved who it is, but is refused because it is
	// revoked, or its end has come.
	Gone string
	// Provoked says that anybody can cause the refusal, with no credentials of ours, though
	// it is not CodeUnauthenticated. It is limited and counted as those that are.
	Provoked bool
}
