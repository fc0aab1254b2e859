package clicktopay

import (
	"context"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// resolve goes on with a request of which nobody knows whether the scheme took it: the answer
// did not come, or the process died. It is sent again only when the scheme is seen without
// the change, and after all that was sent could have taken effect.
//
// Requests of a customer are in one order, so what the scheme has is not of a later request
// of ours. It may be of somebody else who changed the same consumer: the present state
// decides then, as it would for whoever asks a moment later.
func (a *attempt) resolve(ctx context.Context) error {
	verdict, err := a.look(ctx, nil)
	if isNotMade, err := a.goBy(ctx, verdict, err); !isNotMade {
		return err
	}
	a.isNotDone = true
	now, err := a.flow.Store.Now(ctx)
	switch {
	case err != nil:
		return err
	case now.Sub(a.since()) > a.flow.Settings.GiveUp:
		return a.giveUp(ctx, nil)
	}
	return a.begin(ctx)
}

// goBy ends the attempt by what is known of the change: it was made, or nobody can tell yet.
// Where it was not made, the caller goes on.
func (a *attempt) goBy(ctx context.Context, verdict scheme.Verdict, err error) (isNotMade bool, _ error) {
	switch {
	case err != nil:
		return false, a.again(ctx, err)
	case verdict == scheme.WasDone:
		return false, a.succeedAsSeen(ctx)
	case verdict != scheme.WasNotDone:
		return false, a.again(ctx, jobs.ErrNotYet)
	}
	return true, nil
}

// judgeRepeat goes on with what was refused when it was sent again: that a card is there
// already, or gone, may say that the first try did it. Where the refusal alone does not tell,
// what the scheme has does.
func (a *attempt) judgeRepeat(ctx context.Context, refusal error) error {
	faults := scheme.FaultsOf(refusal)
	verdict, err := scheme.AskLater, error(nil)
	a.seen = nil // it was before the refusal
	if slices.ContainsFunc(faults, func(f scheme.Fault) bool { return f.Kind == scheme.FaultConsumerNotEnrolled }) {
		a.seen = &sight{}
	}
	if len(faults) > 0 {
		verdict, err = a.judge(ctx, scheme.EnrolmentEvidence{Repeat: faults})
	}
	if err == nil && verdict == scheme.AskLater {
		verdict, err = a.look(ctx, faults)
	}
	if isNotMade, err := a.goBy(ctx, verdict, err); !isNotMade {
		return err
	}
	return a.fail(ctx, refusal)
}

// look asks the scheme what is enrolled, and says what that means for the request. A scheme
// that is at work at the consumer is asked later.
func (a *attempt) look(ctx context.Context, repeat []scheme.Fault) (scheme.Verdict, error) {
	now, err := a.flow.Store.Now(ctx)
	if err != nil {
		return scheme.AskLater, err
	}
	has, err := a.enrolled(ctx)
	defer has.Wipe()
	switch {
	case walletport.ReasonOf(err) == scheme.ErrBusy().Reason:
		return scheme.AskLater, nil
	case err != nil:
		return scheme.AskLater, err
	}
	a.seen = &sight{has.IsEnrolled, has.Consumer.Inactive}
	return a.judge(ctx, scheme.EnrolmentEvidence{Now: now, Enrolled: &has, Repeat: repeat})
}

// judge has the scheme's room say what became of the request. What was sent last may take
// effect last, so the time that it is given counts from then.
func (a *attempt) judge(ctx context.Context, evidence scheme.EnrolmentEvidence) (verdict scheme.Verdict, _ error) {
	evidence.SentAt = a.row.UpdatedAt
	err := a.compose(ctx, func(e scheme.Enrolment) error {
		evidence.Enrolment = e
		verdict = a.scheme.Enroller.JudgeEnrolment(evidence)
		return nil
	})
	return verdict, err
}

func (a *attempt) enrolled(ctx context.Context) (none scheme.Enrolled, _ error) {
	query, used, err := a.flow.enrolled(a.scheme, a.row.Issuer, a.row.ID, a.consumer())
	a.keys = used
	if err != nil {
		return none, err
	}
	return scheme.Ask(ctx, a.scheme.Line, queryIn(a.flow.turns, query))
}

// giveUp ends a request that was tried, or asked for, for too long: last is why the last
// attempt ended it neither, nil where nothing did. What may have taken effect is looked for
// once more, and if that does not tell either, the request ends by saying so.
func (a *attempt) giveUp(ctx context.Context, last error) error {
	switch {
	case a.row.State == storage.RequestAccepted || a.isNotDone:
		return a.fail(ctx, errGivenUp(), last)
	case a.row.State == storage.RequestInProgress && a.scheme != nil:
		if verdict, err := a.look(ctx, nil); err == nil && verdict == scheme.WasDone {
			return a.succeedAsSeen(ctx)
		}
	case a.row.State == storage.RequestSent: // it was looked for in this attempt
	}
	return a.fail(ctx, errOutcomeUnknown(), last)
}
