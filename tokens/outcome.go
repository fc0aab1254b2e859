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
	c.looked = c.look(live, out, at)
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
	err := c.commitOutcome(ctx, out, at, false)
	for walletport.CodeOf(err) == walletport.CodeUnavailable && act.Pause(ctx, commitPause) {
		err = c.commitOutcome(ctx, out, at, true)
	}
	return err
}

// commitOutcome makes the outcome durable in one attempt.
func (c *changing) commitOutcome(ctx context.Context, out scheme.Outcome, at time.Time, isRepeated bool) error {
	isKept := false
	if isRepeated {
		var err error
		if isKept, err = c.isKept(ctx, stateAfter(out.Effect)); err != nil {
			return err
		}
	}
	return c.record.Commit(ctx, c.flow.Audit, func(tx storage.Tx, record *act.Record) error {
		if isKept {
			return act.ErrCommitted
		}
		return c.conclude(tx, record, out, at, isRepeated)
	})
}

// isKept reports whether an attempt has made the outcome durable whose answer was lost. The
// history tells it also where another change has taken this one's place on the row since.
// What a job found out is an entry of its own.
func (c *changing) isKept(ctx context.Context, state storage.ChangeState) (bool, error) {
	entries, err := c.flow.Store.TokenHistory(ctx, c.row.ID, 0, lastEntries)
	return slices.ContainsFunc(entries, func(e storage.TokenHistoryEntry) bool {
		return e.ChangeID == c.change.ID && e.What == storage.TokenEvent(state) && e.Channel != storage.ChannelJob
	}), err
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
		if isRepeated && isOurs && old.Change.State != storage.ChangeAsked { // the attempt before has come through after all
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
	if c.looked != nil {
		_, err = tx.PutTokens([]storage.SeenToken{*c.looked})
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

// done returns a token as the change has made it, in the state that the scheme told after it.
func (c *changing) done(t storage.Token, at time.Time) storage.Token {
	before := t.Status
	t.Status, t.Holders = made(t.Holders, c.change.Action)
	if c.looked != nil {
		t.Status = c.looked.Status
	}
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

// enqueue has a job find out what became of a token's change.
func enqueue(tx storage.Tx, id walletport.TokenID) error {
	_, err := tx.EnqueueJob(jobs.Request{Kind: ResolveKind, Key: jobs.Key{Of: "token", ID: int64(id)}})
	return err
}
