package scheme

import "context"

// Line is the way to one interface of a scheme: it sends requests and hands answers to
// whoever reads them, within limits of its own. It is safe for concurrent use.
type Line interface {
	// Ask has a question answered. A question whose answer did not come, or said that the
	// scheme cannot answer now, is made and sent again while ctx and the line's limits
	// allow. The error is that of the last Read, or says why there is no answer.
	Ask(ctx context.Context, q Question) error
	// Send sends a command, at most once, and says what is known of it. Refused are those
	// too that the scheme has surely read nothing of.
	Send(ctx context.Context, c Command) Outcome
}

// Question is a Query whose Read keeps the result for whoever asks.
type Question = Query[struct{}]

// Ask returns the answer to a query.
func Ask[T any](ctx context.Context, line Line, q Query[T]) (T, error) {
	var result T
	err := line.Ask(ctx, Question{Name: q.Name, Request: q.Request, Read: func(a Answer) (_ struct{}, err error) {
		result, err = q.Read(a)
		return struct{}{}, err
	}})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}
