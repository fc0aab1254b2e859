package tokens

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// These bound a change, counted from its intent. All of it is over before a sweep takes the
// change for interrupted.
const (
	sendWithin    = 2 * time.Second // later it is not sent any more
	answerWithin  = 4 * time.Second
	outcomeWithin = 7 * time.Second
	lostAfter     = 8 * time.Second
)

// worthSending is the least time for a scheme's answer that is worth sending a change for; of
// a caller who waits for less than 2 s, it is a tenth of that.
const worthSending = 200 * time.Millisecond

// commitPause is how long a commit of an outcome that failed waits before it is made again.
const commitPause = 200 * time.Millisecond

// send sends the command and makes its outcome durable, also when the caller leaves: the
// change is under way.
func (c *changing) send(ctx context.Context) (Changed, error) {
	live, cancel := context.WithTimeout(context.WithoutCancel(ctx), outcomeWithin-c.elapsed())
	defer cancel()
	out := c.ask(live)
	at := c.change.Since.Add(c.elapsed())
	if err := c.keepOutcome(live, out, at); err != nil {
		return Changed{}, errOutcomeUnknown(c.change.ID).WithCause(err)
	}
	c.flow.Observer.Changed(c.row.Ref.Scheme, c.change.Action, string(stateAfter(out.Effect)))
	switch out.Effect {
	case scheme.Done:
		return c.answer(ctx, c.lookAgain(ctx), c.change.ID)
	case scheme.Refused:
		return Changed{}, c.refusal(ctx, out.Err)
	case scheme.Unknown:
	}
	return c.wait(ctx, c.change.ID, out.Err)
}

// elapsed is how long ago the intent was, at most.
func (c *changing) elapsed() time.Duration { return c.flow.Clock().Sub(c.began) }

// ask has the scheme do it, once. A process that was held up between the intent and here
// sends nothing: the change may be taken for interrupted before the answer comes. Nor does
// one with so little of the caller's time left that no answer would come within it: nobody
// would know what became of the change, where it can as well be asked for again.
func (c *changing) ask(ctx context.Context) scheme.Outcome {
	limit := min(answerWithin-c.elapsed(), c.left()*9/10) // the caller is still to be answered
	if c.elapsed() > sendWithin || limit < min(worthSending, c.flow.Settings.ChangeTimeout/10) {
		late := errors.New("the intent became durable too late, so nothing was sent")
		return scheme.Outcome{Effect: scheme.Refused, Err: storage.ErrUnavailable(ctx, late)}
	}
	sending, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out := c.scheme.Line.Send(sending, c.command)
	if out.Effect == scheme.Refused && out.Err == nil {
		out.Err = scheme.ErrRefused()
	}
	if refusal, ok := errors.AsType[*walletport.Error](out.Err); ok && out.RetryAfter > 0 {
		out.Err = refusal.WithRetryAfter(out.RetryAfter)
	}
	return out
}

// stateAfter is what becomes of a change.
func stateAfter(e scheme.Effect) storage.ChangeState {
	switch e {
	case scheme.Done:
		return storage.ChangeDone
	case scheme.Refused:
		return storage.ChangeNotDone
	case scheme.Unknown:
	}
	return storage.ChangeUnknown
}

// keepOutcome makes the outcome durable. A commit that fails is made again while ctx allows.
func (c *changing) keepOutcome(ctx context.Context, out scheme.Outcome, at time.Time) error {
	for attempt := 1; ; attempt++ {
		err := c.record.Commit(ctx, c.flow.Audit, func(tx storage.Tx, record *act.Record) error {
			return c.conclude(tx, record, out, at, attempt > 1)
		})
		switch {
		case err == nil:
			return nil
		case walletport.CodeOf(err) != walletport.CodeUnavailable || !pause(ctx, commitPause):
			return err
		}
	}
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// conclude writes the outcome: on the row, in the history and the record, and a job where
// nobody knows it. Of a change that was closed meanwhile, because this process was held up,
// the row keeps what was found out: the outcome is in the history and the record, and the
// next look at the scheme tells how the token is.
func (c *changing) conclude(tx storage.Tx, record *act.Record, out scheme.Outcome, at time.Time, isRepeated bool) error {
	state := stateAfter(out.Effect)
	entry := entryOf(c.row.ID, c.change, state, at)
	entry.Reference = c.reference(out.Reference)
	wasAsked := false
	err := tx.UpdateToken(c.row.ID, func(old storage.Token) (storage.Token, error) {
		isOurs := old.Change.ID == c.change.ID
		if isRepeated && isOurs && old.Change.State != storage.ChangeAsked {
			return old, act.ErrCommitted
		}
		entry.From = string(old.Status)
		wasAsked = isOurs && old.Change.State == storage.ChangeAsked
		if isOurs && old.Change.State.IsOpen() {
			old.Change.State, old.Change.Outcome = state, reasonOf(out)
			if state == storage.ChangeDone && (!at.Before(old.AsOf) || storage.IsNewerWord(at, old.AsOf)) { // else the row has a newer word
				old = c.done(old, at)
			}
		}
		entry.To = string(old.Status)
		c.row = old
		return old, nil
	})
	if err != nil {
		return err
	}
	record.Outcome = cmp.Or(reasonOf(out), walletport.OutcomeOK)
	if state == storage.ChangeDone {
		record.SetDetail(walletport.DetailTo, entry.To)
	}
	if state == storage.ChangeUnknown {
		record.Outcome = ReasonOutcomeUnknown
	}
	entry.Answer = reasonOf(out)
	if err := tx.AddTokenHistory(entry); err != nil {
		return err
	}
	if state == storage.ChangeUnknown && wasAsked {
		return enqueue(tx, c.row.ID)
	}
	return nil
}

// reasonOf says why a change was not done, or why nobody knows; "" of one that was done.
func reasonOf(out scheme.Outcome) string {
	switch {
	case out.Effect == scheme.Done:
		return ""
	case out.Err == nil:
		return ReasonOutcomeUnknown
	}
	return walletport.ReasonOf(out.Err)
}

// reference is the scheme's id of the change as a row can keep it.
func (c *changing) reference(text string) string { return cleaner{card: c.card}.text(text) }

// done returns a token as the change has made it.
func (c *changing) done(t storage.Token, at time.Time) storage.Token {
	before := t.Status
	t.Status, t.Holders = made(t.Holders, c.change.Action)
	if t.Status != before {
		t.StatusSince = at
	}
	t.AsOf, t.Source = at, c.command.Name
	return t
}

// made is the state that an action leads to, and who holds a token suspended after it.
func made(holders []walletport.Holder, action walletport.TokenAction) (walletport.TokenStatus, []walletport.Holder) {
	others := slices.DeleteFunc(slices.Clone(holders), func(h walletport.Holder) bool { return h == walletport.HolderIssuer })
	switch action {
	case walletport.TokenSuspend:
		return walletport.TokenSuspended, append(others, walletport.HolderIssuer)
	case walletport.TokenDeactivate:
		return walletport.TokenDeactivated, nil
	case walletport.TokenResume:
		if len(others) > 0 {
			return walletport.TokenSuspended, others
		}
	case walletport.TokenActivate:
	}
	return walletport.TokenActive, nil
}

// answer is the answer to a change that was done. A number that cannot be opened now is left
// out: it must not make the change look as if it had failed.
func (c *changing) answer(ctx context.Context, row storage.Token, id string) (Changed, error) {
	whole := walletport.ActorFrom(ctx).May(walletport.ScopeTokensNumber)
	listed, err := c.flow.view(row, whole)
	if err != nil {
		listed, err = c.flow.view(row, false)
	}
	return Changed{Token: listed, ChangeID: id}, err
}

// lookAgain returns the row after the change. Who else holds a token that was resumed, the
// scheme is asked; if it does not say, what was known of the holders stands.
func (c *changing) lookAgain(ctx context.Context) storage.Token {
	if c.change.Action != walletport.TokenResume {
		return c.row
	}
	if told, err := c.askBriefly(ctx); err == nil {
		return told.Row
	}
	return c.row
}

// askBriefly asks for the token, for as long as a list and the caller would wait. It begins
// in the next millisecond: a word of the same one as the outcome would count as no newer.
func (c *changing) askBriefly(ctx context.Context) (told, error) {
	now := c.change.Since.Add(c.elapsed())
	pause(ctx, now.Truncate(time.Millisecond).Add(time.Millisecond).Sub(now))
	asking, cancel := context.WithTimeout(ctx, min(c.flow.Settings.AskTimeout, c.left()))
	defer cancel()
	return c.flow.askToken(asking, c.row, c.asked.AuditUser)
}

// refusal is the answer to a change that the scheme refused. Where it was for the token's
// state, the token is not as it was thought to be, and is asked for.
func (c *changing) refusal(ctx context.Context, err error) error {
	if !isOfState(walletport.ReasonOf(err)) {
		return err
	}
	if told, askErr := c.askBriefly(ctx); askErr == nil {
		c.row = told.Row
	}
	return refusedByState(&c.row, c.asked.Action)
}

// isOfState reports whether a scheme refuses for this reason because of the token's state.
func isOfState(reason string) bool {
	return reason == scheme.ErrStatusRefused().Reason || reason == scheme.ErrTokenNotFound().Reason
}

// refusedByState is the answer where a scheme refused for the token's state.
func refusedByState(t *storage.Token, action walletport.TokenAction) error {
	if err := allowed(t, action); err != nil {
		return err
	}
	return walletport.Errorf(walletport.CodeConflict, "token_transition_not_allowed",
		"the scheme refused: the state of the token there does not allow it; here it is known as %s", t.Status)
}

// enqueue has a job find out what became of a token's change.
func enqueue(tx storage.Tx, id walletport.TokenID) error {
	_, err := tx.EnqueueJob(jobs.Request{Kind: ResolveKind, Key: jobs.Key{Of: "token", ID: int64(id)}})
	return err
}
