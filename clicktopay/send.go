package clicktopay

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// sendWithin is how long after its intent a request is sent at the latest. A process that was
// held up for longer has lost the lease, and somebody else may be at the request.
const sendWithin = 2 * time.Second

// errLate is why nothing was sent.
var errLate = errors.New("the intent became durable too late, so nothing was sent")

// send tells the scheme of the change, once. That it is about to be told is durable before.
func (a *attempt) send(ctx context.Context) error {
	command, err := a.command(ctx)
	if err != nil {
		return a.again(ctx, err)
	}
	before, began := a.row, a.flow.Clock()
	if err := a.move(ctx, intend); err != nil {
		return err
	}
	out := a.tell(ctx, command, began)
	switch out.Effect {
	case scheme.Done:
		return a.taken(ctx, out.Reference)
	case scheme.Refused:
		return a.refused(ctx, before, out)
	case scheme.Unknown:
	}
	return jobs.After(minLook, cmp.Or(out.Err, error(scheme.ErrNoAnswer()))) // the change may just be made
}

// intend says that the request is about to be sent. SentAt is of the first time whose outcome
// is not known.
func intend(r *storage.EnrolmentRequest, at time.Time) {
	r.State, r.Reference, r.UpdatedAt = storage.RequestSent, "", at
	r.Sends++
	if r.SentAt.IsZero() {
		r.SentAt = at
	}
}

// command makes the command, of what is stored at this moment.
func (a *attempt) command(ctx context.Context) (command scheme.Command, err error) {
	with, err := a.access()
	if err != nil {
		return command, err
	}
	if err := a.admitCard(ctx); err != nil {
		return command, unmade{err}
	}
	f := a.flow
	err = a.compose(ctx, func(e scheme.Enrolment) error {
		var err error
		command, err = a.scheme.Enroller.ChangeEnrolment(scheme.EnrolmentInput{
			Access: with, RequestID: a.row.ID, Enrolment: e, Now: f.Clock(), Rand: f.Rand,
		})
		return err
	})
	return command, err
}

// admitCard asks whether the card may still be at the scheme: the request may have waited for
// a day, and the card may have been blocked since it was accepted.
func (a *attempt) admitCard(ctx context.Context) error {
	if !messages[a.row.Action].hasWholeCard {
		return nil
	}
	card, err := a.flow.Vault.Find(ctx, a.row.CardID)
	if err != nil {
		return err
	}
	return card.CheckTokenizable(a.flow.Clock())
}

// access selects the keys. They are of the issuer's account at the scheme, and not of a card:
// a request and the questions about it have the same.
func (a *attempt) access() (scheme.Access, error) {
	with, used, err := a.scheme.Keys.Select(a.flow.Keys.Current(), a.row.Issuer, "", a.flow.Clock())
	a.keys = used
	return with, err
}

// unmakeable ends a request that cannot be made any more. What was sent before may have been
// done, unless the scheme was seen without it.
func (a *attempt) unmakeable(ctx context.Context, why error) error {
	if a.row.State != storage.RequestAccepted && !a.isNotDone {
		return a.fail(ctx, errOutcomeUnknown(), why)
	}
	return a.fail(ctx, why)
}

// tell sends the command.
func (a *attempt) tell(ctx context.Context, command scheme.Command, began time.Time) scheme.Outcome {
	if ctx.Err() != nil || a.flow.Clock().Sub(began) > sendWithin {
		return scheme.Outcome{Effect: scheme.Refused, Err: storage.ErrUnavailable(ctx, errLate)}
	}
	out := a.scheme.Line.Send(ctx, a.flow.turns.command(command))
	if out.Err == nil && out.Effect == scheme.Refused {
		out.Err = scheme.ErrRefused()
	}
	if said, ok := errors.AsType[*walletport.Error](out.Err); ok && out.RetryAfter > 0 {
		out.Err = said.WithRetryAfter(out.RetryAfter)
	}
	return out
}

// taken keeps the id that the scheme gave the request, and asks what became of it.
func (a *attempt) taken(ctx context.Context, reference string) error {
	err := keep(ctx, func(ctx context.Context) error {
		return a.move(ctx, func(r *storage.EnrolmentRequest, at time.Time) {
			r.State, r.Reference, r.UpdatedAt = storage.RequestInProgress, reference, at
		})
	})
	if err != nil {
		return err
	}
	a.isNotDone = false
	if !act.Pause(ctx, firstQuestion) {
		return ctx.Err()
	}
	return a.ask(ctx)
}

// refused is of a request that was not done by this send. before is the row without it.
//
// A refusal of what was sent before and got lost may say that the first try did it. One that
// may be none later leaves the row as if nothing had been sent now.
func (a *attempt) refused(ctx context.Context, before storage.EnrolmentRequest, out scheme.Outcome) error {
	defer wipeFaults(scheme.FaultsOf(out.Err))
	switch {
	case isPassing(out.Err):
		err := keep(ctx, func(ctx context.Context) error {
			return a.move(ctx, func(r *storage.EnrolmentRequest, _ time.Time) {
				r.State, r.Sends, r.SentAt, r.UpdatedAt = before.State, before.Sends, before.SentAt, before.UpdatedAt
			})
		})
		if err != nil {
			return err
		}
		return a.again(ctx, out.Err)
	case before.Sends > 0:
		a.row.UpdatedAt = before.UpdatedAt // what was sent last that may have taken effect
		return a.judgeRepeat(ctx, out.Err)
	}
	return a.fail(ctx, out.Err)
}

// isPassing reports whether a request that was refused may be sent again later.
func isPassing(refusal error) bool {
	code := walletport.CodeOf(refusal)
	return code == walletport.CodeUnavailable || code == walletport.CodeRateLimited
}
