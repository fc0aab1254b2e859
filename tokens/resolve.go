package tokens

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// ResolveKind is the job that finds out what became of a token's change. Its key is the
// token.
const ResolveKind jobs.Kind = "tokens.resolve"

// settlePause is how long a job waits that the scheme could not yet say enough to. Mostly it
// can after some seconds; what it does not say for long, as the state that a token is in has
// a name that is not known here, is asked for at the pace of failed attempts.
const (
	settlePause    = time.Second
	settleAttempts = 30
)

// maxSpared is for how long a scheme that asks to be left alone is not asked for a change.
const maxSpared = time.Minute

// maxResolvePause is how long a job waits at most after an attempt that failed. Attempts
// count also those that the scheme answered and that did not tell, and those that a kill
// ended: a longer pause would keep a token from being stopped for minutes after the scheme is
// back. What the scheme is spared while it is down is up to the breaker of its line.
const maxResolvePause = 15 * time.Second

// Works returns the background work of the flow. A job is not parked, however long a scheme
// is down: until it is done, its token cannot be changed.
func (f *Flow) Works() []jobs.Work {
	return []jobs.Work{{
		Kind: ResolveKind, Handler: jobs.HandlerFunc(f.resolve), Attempts: math.MaxInt32,
		Backoff: jobs.Exponential(time.Second, maxResolvePause), Timeout: 30 * time.Second,
	}}
}

// resolve asks the scheme what became of a change and closes it. Nothing is sent again.
func (f *Flow) resolve(ctx context.Context, job jobs.Job) error {
	row, err := f.Store.Token(ctx, walletport.TokenID(job.Key.ID))
	switch {
	case walletport.CodeOf(err) == walletport.CodeNotFound:
		return nil
	case err != nil:
		return err
	case row.Change.State != storage.ChangeUnknown: // it is closed
		return nil
	}
	judgement, err := f.judge(ctx, job, row)
	if err != nil {
		return soonAs(err)
	}
	switch judgement.Verdict {
	case scheme.WasDone:
		return f.close(ctx, job, row, storage.ChangeDone, judgement)
	case scheme.WasNotDone:
		return f.close(ctx, job, row, storage.ChangeNotDone, judgement)
	case scheme.AskLater, scheme.AskHistory:
	}
	unknown := errOutcomeUnknown(row.Change.ID)
	if job.Attempt > settleAttempts {
		return unknown
	}
	return jobs.After(settlePause, unknown)
}

// soonAs has the job tried again when the scheme said so, if it did, but after maxSpared.
func soonAs(err error) error {
	if said, ok := errors.AsType[*walletport.Error](err); ok && said.RetryAfter > 0 {
		return jobs.After(min(said.RetryAfter, maxSpared), err)
	}
	return err
}

// judged is what the scheme's words say of a change.
type judged struct {
	scheme.Judgement
	keys []string // ids of those that it was asked with
}

// judge asks for the token, and for its history where the token alone does not tell.
func (f *Flow) judge(ctx context.Context, job jobs.Job, row storage.Token) (judged, error) {
	s, err := f.schemeOf(row.Ref.Scheme)
	if err != nil {
		return judged{}, err
	}
	told, err := f.askToken(ctx, row, row.Change.By)
	if err != nil {
		return judged{}, err
	}
	evidence := scheme.Evidence{
		Action: row.Change.Action, By: row.Change.By, SentAt: sentAt(job, row, told.AskedAt), Now: told.AskedAt, Token: told.Token,
	}
	if evidence.Earlier, evidence.EarlierEnd, err = f.earlierChanges(ctx, row); err != nil {
		return judged{}, err
	}
	judgement, err := f.withHistory(ctx, s, row, evidence, s.Manager.Judge(evidence))
	return judged{judgement, told.Keys}, err
}

// sentAt returns when a change was sent, at the latest. Of one that would have been sent after
// now, because the clock was set back since, it is not known: it is as old as the pauses of
// its job are long, at least, so that it does not stay open until that moment comes again.
func sentAt(job jobs.Job, row storage.Token, now time.Time) time.Time {
	if row.Change.Since.After(now) {
		return now.Add(-time.Duration(job.Attempt-1) * settlePause)
	}
	return row.Change.Since
}

// withHistory judges again, by the token's history too, where that is needed. It is for a
// change that was done and whose id is not known, too: a later one might be taken for it. But
// that it was done, no fault of the history takes back.
func (f *Flow) withHistory(ctx context.Context, s Scheme, row storage.Token, e scheme.Evidence, first scheme.Judgement) (scheme.Judgement, error) {
	historian, hasHistory := s.Manager.(scheme.TokenHistorian)
	isNeeded := first.Verdict == scheme.AskHistory
	isNameless := first.Verdict == scheme.WasDone && first.Reference == ""
	switch {
	case isNeeded && !hasHistory:
		return first, errors.New("a scheme without a history of its tokens wants it asked for")
	case !isNeeded && (!isNameless || !hasHistory):
		return first, nil
	}
	var err error
	if e.History, err = f.askHistory(ctx, s, historian, row); err == nil {
		e.HasHistory = true
		return s.Manager.Judge(e), nil
	}
	if isNeeded {
		return first, err
	}
	return first, nil
}

// earlierChanges returns the changes of a token before the one that is open, as
// scheme.Evidence has them. Of one whose outcome came twice, as a job was quicker than the
// answer, both are told.
func (f *Flow) earlierChanges(ctx context.Context, row storage.Token) (earlier []scheme.EarlierChange, before time.Time, _ error) {
	entries, err := f.Store.TokenHistory(ctx, row.ID, 0, lastEntries)
	if err != nil {
		return nil, before, err
	}
	for _, e := range entries {
		// What a job found not done was judged so; what an answer says was not done, was not.
		isJudged := e.What == storage.TokenChangeNotDone && e.Channel == storage.ChannelJob
		if e.ChangeID != row.Change.ID && (e.What == storage.TokenChangeDone || isJudged) {
			earlier = append(earlier, scheme.EarlierChange{Action: e.Action, Reference: e.Reference, EndedAt: e.At})
		}
	}
	if len(entries) == lastEntries { // there may be more
		before = entries[len(entries)-1].At
	}
	return earlier, before, nil
}

func (f *Flow) askHistory(ctx context.Context, s Scheme, historian scheme.TokenHistorian, row storage.Token) ([]scheme.TokenEvent, error) {
	_, access, _, err := f.accessTo(ctx, s, row)
	if err != nil {
		return nil, err
	}
	query, err := historian.TokenHistory(scheme.TokenInput{Access: access, By: row.Change.By, Ref: row.Ref})
	if err != nil {
		return nil, err
	}
	return scheme.Ask(ctx, s.Line, query)
}

// errOvertaken is of a change that is no longer as it was read: there is nothing left to do.
var errOvertaken = errors.New("the change has moved on")

// close closes a change and its job, in one commit with its record. How the token is, its
// row has from the scheme already.
func (f *Flow) close(ctx context.Context, job jobs.Job, row storage.Token, state storage.ChangeState, found judged) error {
	at, err := f.now(ctx)
	if err != nil {
		return err
	}
	change := row.Change
	reason := ""
	if state == storage.ChangeNotDone {
		reason = scheme.ErrUnavailable().Reason
	}
	err = f.commitFor(ctx, row, foundByJob, func(tx storage.Tx, record *act.Record) error {
		entry := entryOf(row.ID, change, state, at)
		entry.Channel, entry.Reference, entry.Answer = storage.ChannelJob, cleaner{}.text(found.Reference), reason
		err := tx.UpdateToken(row.ID, func(old storage.Token) (storage.Token, error) {
			if old.Change.ID != change.ID || old.Change.State != storage.ChangeUnknown {
				return old, errOvertaken
			}
			old.Change.State, old.Change.Outcome = state, reason
			entry.To = string(old.Status)
			return old, nil
		})
		if err != nil {
			return err
		}
		record.Outcome, record.KeyVersions = reason, found.keys
		record.SetDetail(walletport.DetailTo, entry.To)
		if err := tx.AddTokenHistory(entry); err != nil {
			return err
		}
		return tx.FinishJob(job)
	})
	switch {
	case errors.Is(err, errOvertaken):
		return nil
	case err == nil:
		f.Observer.Changed(row.Ref.Scheme, change.Action, string(state))
	}
	return err
}

// What a record names as found_by.
const (
	foundByJob   = "job"
	foundBySweep = "sweep"
)

// commitFor makes a change of a row and the record of it one commit, on behalf of who asked
// for the token's change and no longer can.
func (f *Flow) commitFor(ctx context.Context, row storage.Token, by string, change func(storage.Tx, *act.Record) error) error {
	c := row.Change
	asked := act.Request{Action: walletport.ActionTokenChange(c.Action), AuditUser: c.By, CardID: row.CardID}
	asked.Issuer, asked.Scheme = row.Issuer, row.Ref.Scheme
	asked.SetDetail(walletport.DetailTokenID, row.ID.String())
	asked.SetDetail(walletport.DetailChangeID, c.ID)
	asked.SetDetail(walletport.DetailReason, string(c.Reason))
	asked.SetDetail(walletport.DetailFoundBy, by)
	return act.Commit(walletport.WithActor(ctx, walletport.Actor{ClientID: c.Client}), f.Audit, asked, change)
}
