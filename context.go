package walletport

import "context"

type contextKey int

const (
	requestKey contextKey = iota
	actorKey
	claimKey
)

// Request is what the door knows of a call and every record of it needs.
type Request struct {
	ID string // X-Request-Id, accepted or made
	// SpareID takes the place of an ID of the caller that turns out to hold a card
	// number; "" when the ID was made here.
	SpareID    string
	RemoteAddr string // host only
	// StepUp is the caller's proof that the cardholder was strongly authenticated, as
	// it came; zero without one.
	StepUp Assertion
	// Details are of every record of the call, such as who sits at an operator's console.
	Details AuditDetails
}

// WithRequest returns a context that carries r.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey, r)
}

// RequestFrom returns the request of ctx, or the zero Request.
func RequestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey).(Request)
	return r
}

// WithActor returns a context that carries the authenticated caller.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey, a)
}

// ActorFrom returns the caller of ctx, or the zero Actor, which may do nothing.
func ActorFrom(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey).(Actor)
	return a
}

// WithAnswerClaim returns a context of a request that has its idempotency key claimed.
func WithAnswerClaim(ctx context.Context, c AnswerClaim) context.Context {
	return context.WithValue(ctx, claimKey, c)
}

// AnswerClaimFrom returns the claim of the request of ctx; false of one without a key.
func AnswerClaimFrom(ctx context.Context) (AnswerClaim, bool) {
	c, isClaimed := ctx.Value(claimKey).(AnswerClaim)
	return c, isClaimed
}
