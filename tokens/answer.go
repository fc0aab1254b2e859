package tokens

import (
	"context"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// answer is the answer to a change that was done. A number that cannot be opened now is left
// out: it must not make the change look as if it had failed.
func (c *changing) answer(ctx context.Context, row storage.Token, id string) (Changed, error) {
	whole := seesNumbers(ctx)
	listed, err := c.flow.view(row, whole)
	if err != nil {
		listed, err = c.flow.view(row, false)
	}
	return Changed{Token: listed, ChangeID: id}, err
}

// lookWithin is how long an outcome waits for the scheme's word of a token that was resumed.
// A kill in that time leaves the change to the sweep and a job, as one before the answer does.
const lookWithin = 500 * time.Millisecond

// look asks for a token that was resumed before the outcome is stored: others may hold it
// too, so that it is not known without whether it can pay again, and no history is to say so.
// It returns nil for other outcomes, and where the scheme does not say in time.
func (c *changing) look(ctx context.Context, out scheme.Outcome, at time.Time) *storage.SeenToken {
	if out.Effect != scheme.Done || c.change.Action != walletport.TokenResume {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, min(lookWithin, c.flow.Settings.AskTimeout, c.left()/2))
	defer cancel()
	row := c.row
	row.Status, _ = made(row.Holders, c.change.Action) // if the scheme's word for it is not known here
	_, seen, err := c.flow.askSeen(asking, row, c.asked.AuditUser)
	if err != nil {
		return nil
	}
	if next := at.Add(time.Millisecond); seen.AsOf.Before(next) { // it was asked after the change, which the clocks need not show
		seen.AsOf = next
	}
	return &seen
}

// lookAgain returns the row after the change. Of a token that was resumed the scheme is asked
// once more where it was not quick enough for the outcome; if it does not say now either, what
// was known of the holders stands.
func (c *changing) lookAgain(ctx context.Context) storage.Token {
	if c.change.Action != walletport.TokenResume {
		return c.row
	}
	if c.looked != nil {
		if row, err := c.flow.Store.Token(ctx, c.row.ID); err == nil {
			return row
		}
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
	act.Pause(ctx, now.Truncate(time.Millisecond).Add(time.Millisecond).Sub(now))
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
