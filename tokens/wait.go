package tokens

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// How often the row is read by who waits for its change.
const (
	firstPoll = 10 * time.Millisecond
	maxPoll   = 200 * time.Millisecond
)

// join waits for the outcome of the change that is under way, if it is the one that is
// asked for.
func (c *changing) join(ctx context.Context, open storage.TokenChange) (Changed, error) {
	if open.Action != c.asked.Action {
		return Changed{}, storage.ErrTokenChangeInProgress(open)
	}
	c.record.SetDetail(walletport.DetailChangeID, open.ID)
	if err := act.NoteJoined(ctx, c.flow.Store, open.ID); err != nil {
		return Changed{}, err
	}
	return c.wait(ctx, open.ID, fmt.Errorf("another call asked for it, and it is %s %s", open.State, open.Outcome))
}

// madeBefore returns the id of the change that the same call made or joined before, at a server
// that died or did not learn what became of it; "" for none, and for one that was not done: it
// can be made now.
func (c *changing) madeBefore(ctx context.Context) (string, error) {
	id := act.MadeBefore(ctx)
	if id == "" {
		return "", nil
	}
	state, _, err := c.flow.endOf(ctx, c.row, id)
	if state == storage.ChangeNotDone {
		id = ""
	}
	return id, err
}

// wait reads the row until the change is closed, as long as the caller waits. Why its outcome
// is not known is for the log.
func (c *changing) wait(ctx context.Context, id string, why error) (Changed, error) {
	waiting, cancel := context.WithTimeout(ctx, c.left())
	defer cancel()
	for interval := firstPoll; act.Pause(waiting, interval); interval = min(2*interval, maxPoll) {
		row, err := c.flow.Store.Token(waiting, c.row.ID)
		if err != nil {
			continue
		}
		state, reason, err := c.flow.endOf(waiting, row, id)
		switch {
		case err != nil || state.IsOpen():
			continue
		case state == storage.ChangeDone:
			return c.answer(ctx, row, id)
		}
		return Changed{}, errNotDone(&row, c.asked.Action, reason)
	}
	return Changed{}, errOutcomeUnknown(id).WithCause(why)
}

// endOf says how far a change has come, and why it was not done. One whose place another
// change has taken is closed, and in the history.
func (f *Flow) endOf(ctx context.Context, row storage.Token, id string) (storage.ChangeState, string, error) {
	if row.Change.ID == id {
		return row.Change.State, row.Change.Outcome, nil
	}
	entries, err := f.Store.TokenHistory(ctx, row.ID, 0, lastEntries)
	if err != nil {
		return "", "", err
	}
	for _, e := range entries {
		if state := storage.ChangeState(e.What); e.ChangeID == id && !state.IsOpen() {
			return state, e.Answer, nil
		}
	}
	return storage.ChangeUnknown, "", nil
}

// lastEntries is how much of a token's history is looked at: more than what happens to a
// token while somebody waits.
const lastEntries = 200

// ReasonOutcomeUnknown is the reason of a change whose outcome nobody knows yet.
const ReasonOutcomeUnknown = "scheme_outcome_unknown"

func errOutcomeUnknown(id string) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, ReasonOutcomeUnknown,
		"the scheme has not said what became of change %s; it is being found out, so look at the token before you ask again", id)
}

// errNotDone is what those are told who waited for a change that was not done: what the
// one was told who had it sent.
func errNotDone(row *storage.Token, action walletport.TokenAction, reason string) error {
	if isOfState(reason) {
		return refusedByState(row, action)
	}
	return scheme.RefusalOf(reason)
}

func isHeldByOthers(holders []walletport.Holder) bool {
	return len(holders) > 0 && !slices.Contains(holders, walletport.HolderIssuer)
}

func errSuspendedByOthers(holders []walletport.Holder) *walletport.Error {
	names := make([]string, len(holders))
	for i, h := range holders {
		names[i] = string(h)
	}
	return walletport.Errorf(walletport.CodeConflict, "suspended_by_others",
		"the issuer does not hold the token suspended; only who does can resume it: %s", strings.Join(names, ", "))
}
