package clicktopay

import (
	"context"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// ask asks what became of a request that the scheme took.
func (a *attempt) ask(ctx context.Context) error {
	result, err := a.result(ctx)
	defer wipeFaults(result.Faults)
	switch {
	case walletport.CodeOf(err) == walletport.CodeNotFound:
		return a.unknownThere(ctx, err)
	case err != nil:
		return a.again(ctx, err)
	}
	switch result.State {
	case scheme.EnrolmentSucceeded:
		return a.succeed(ctx)
	case scheme.EnrolmentFailed:
		return a.failedThere(ctx, result.Faults)
	case scheme.EnrolmentUnclear:
		return a.unclear(ctx, result.Faults)
	case scheme.EnrolmentRuns:
	}
	return a.again(ctx, jobs.ErrNotYet)
}

func (a *attempt) result(ctx context.Context) (none scheme.EnrolmentResult, _ error) {
	with, err := a.access()
	if err != nil {
		return none, err
	}
	query, err := a.scheme.Enroller.EnrolmentResult(scheme.ResultInput{
		Access: with, RequestID: a.row.ID, ID: a.consumer(), Reference: a.row.Reference,
	})
	if err != nil {
		return none, err
	}
	return scheme.Ask(ctx, a.scheme.Line, queryIn(a.flow.turns, query))
}

// consumer names the request's consumer at the scheme.
func (a *attempt) consumer() scheme.ConsumerID {
	return scheme.ConsumerID{External: a.row.Number, OwnerBID: a.row.BID}
}

// failedThere is of a request that the scheme took, and then refused. Of what was sent twice the
// refusal may be because of the first time. Where it says nothing about the change it is the last
// word all the same, for the request has ended there: what the scheme has tells whether the first
// time made it.
func (a *attempt) failedThere(ctx context.Context, faults []scheme.Fault) error {
	switch {
	case a.row.Sends < 2:
		return a.fail(ctx, saidNo(faults))
	case slices.ContainsFunc(faults, scheme.Fault.SaysNothing):
		return a.unclear(ctx, faults)
	}
	return a.judgeRepeat(ctx, saidNo(faults))
}

// unclear is of a request that the scheme ended without saying how, or with words that
// disagree. What it has tells whether the change was made.
func (a *attempt) unclear(ctx context.Context, faults []scheme.Fault) error {
	verdict, err := a.look(ctx, nil)
	if isNotMade, err := a.goBy(ctx, verdict, err); !isNotMade {
		return err
	}
	if len(faults) > 0 {
		return a.fail(ctx, saidNo(faults))
	}
	return a.fail(ctx, errNotDone())
}

// unknownThere is of a request that the scheme took, and does not know by the id that it gave
// then. It may know it in a moment. If it does not, and neither has the change nor is at
// work when that should long have ended, the request is as good as lost on its way: its id is
// given up, and it is sent again as a lost one is.
func (a *attempt) unknownThere(ctx context.Context, unknown error) error {
	verdict, err := a.look(ctx, nil)
	if isNotMade, err := a.goBy(ctx, verdict, err); !isNotMade {
		return err
	}
	err = a.move(ctx, func(r *storage.EnrolmentRequest, _ time.Time) { // UpdatedAt is still when it was sent, or soon after
		r.State, r.Reference = storage.RequestSent, ""
	})
	if err != nil {
		return err
	}
	return jobs.After(minLook, unknown)
}

// saidNo returns the error of what a scheme said no with.
func saidNo(faults []scheme.Fault) error {
	return scheme.ErrRefused().WithCause(&scheme.Refusal{Faults: faults})
}

// wipeFaults overwrites what the scheme wrote, which is as private as what it was sent.
func wipeFaults(faults []scheme.Fault) {
	for _, f := range faults {
		f.Text.Wipe()
	}
}
