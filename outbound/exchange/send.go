package exchange

import (
	"context"

	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/scheme"
)

// Send sends a command in at most one HTTP request. What the scheme has surely read nothing of
// is Refused with CodeUnavailable or CodeRateLimited, or with the error of the Command's
// Request. Without an answer it is Unknown, reason scheme_no_answer, or
// scheme_answer_unreadable where there was more than can be read. What the scheme refused for
// a signature that it had before is not sent again either: see scheme.ErrSignatureSpent.
func (l *Line) Send(ctx context.Context, c scheme.Command) scheme.Outcome {
	a, id, unsent, err := l.call(ctx, sending{name: c.Name, form: c.Request})
	if err != nil {
		effect := scheme.Unknown
		if unsent {
			effect = scheme.Refused
		}
		return scheme.Outcome{Effect: effect, Err: named(err, c.Name, id), RetryAfter: outbound.RetryAfter(err)}
	}
	o := c.Read(a)
	o.Err = named(o.Err, c.Name, id)
	return o
}
