package tokens

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// Change changes a token at its scheme, in the three steps of the package comment. Who asks
// for the change that is under way waits for its outcome, and so does who has asked for it before
// by the same idempotency key, where it is not known that it was not done. Errors:
//
//   - CodeNotFound, token_not_found: also for a token of another issuer
//   - CodeConflict, token_transition_not_allowed, suspended_by_others and
//     token_change_in_progress; idempotency_in_progress, see act.NoteMade
//   - CodeInvalid and CodeForbidden, about texts with the card's number: see act.Call.FindCard
//   - CodeUnavailable, scheme_outcome_unknown: the outcome is not known after
//     Settings.ChangeTimeout; the message has the id of the change
//   - CodeUnavailable, scheme_not_configured, key_unavailable, audit_unavailable and
//     store_unavailable
//   - what the scheme refuses with, as it is; what Parts.Limit says
func (f *Flow) Change(ctx context.Context, r ChangeRequest) (Changed, error) {
	until := f.Clock().Add(f.Settings.ChangeTimeout)
	asked := request(walletport.ActionTokenChange(r.Action), r.AuditUser, r.Channel)
	asked.SetDetail(walletport.DetailTokenID, r.TokenID.String())
	asked.SetDetail(walletport.DetailReason, string(r.Reason))
	return act.Audited(ctx, f.Audit, asked, func(record *act.Record) (Changed, error) {
		c := &changing{flow: f, asked: r, record: record, until: until}
		return c.run(ctx)
	})
}

// maxReads is how often a change begins again because somebody else changed the row
// between its look and its commit.
const maxReads = 5

// changing is a Change under way.
type changing struct {
	flow   *Flow
	asked  ChangeRequest
	record *act.Record
	until  time.Time // when the caller is answered, whatever is known

	row    storage.Token
	card   walletport.CardSummary // zero: the token has none any more
	scheme Scheme

	change  storage.TokenChange // the intent; its Since is by the database's clock
	began   time.Time           // the same moment or an earlier one, by the flow's clock
	command scheme.Command
	looked  *storage.SeenToken // the scheme's word of the token after the change; nil: none came before the outcome
}

func (c *changing) run(ctx context.Context) (Changed, error) {
	if err := c.find(ctx); err != nil {
		return Changed{}, err
	}
	switch id, err := c.madeBefore(ctx); {
	case err != nil:
		return Changed{}, err
	case id != "":
		c.record.SetDetail(walletport.DetailChangeID, id)
		return c.wait(ctx, id, errors.New("the same call asked for it before"))
	}
	for range maxReads {
		if open := c.row.Change; open.State.IsOpen() {
			return c.join(ctx, open)
		}
		if err := c.allow(ctx); err != nil {
			return Changed{}, err
		}
		isOutdated, err := c.begin(ctx)
		switch {
		case err == nil:
			return c.send(ctx)
		case !isOutdated:
			return Changed{}, err
		}
		if c.row, err = c.flow.Store.Token(ctx, c.row.ID); err != nil {
			return Changed{}, err
		}
	}
	return Changed{}, storage.ErrTokenChangeInProgress(c.row.Change)
}

// find reads the row and the card, and says whether the caller may ask at all.
func (c *changing) find(ctx context.Context) (err error) {
	c.row, c.card, err = c.flow.findToken(ctx, c.record, c.asked.TokenID)
	if err != nil {
		return err
	}
	c.scheme, err = c.flow.schemeOf(c.row.Ref.Scheme)
	return err
}

// allow refuses what may not be done. A refusal is not made on an old word: then the scheme
// is asked first.
func (c *changing) allow(ctx context.Context) error {
	refusal := allowed(&c.row, c.asked.Action)
	if refusal == nil {
		return nil
	}
	isYoung, err := c.flow.isYoung(ctx, c.row.AsOf)
	if err != nil {
		return err
	}
	if isYoung {
		return refusal
	}
	asking, cancel := context.WithTimeout(ctx, c.left()/2) // the rest is for the change
	defer cancel()
	told, err := c.flow.askToken(asking, c.row, c.asked.AuditUser)
	if err != nil {
		return err
	}
	c.row, c.record.KeyVersions = told.Row, told.Keys
	return allowed(&c.row, c.asked.Action)
}

// left is how long the caller still waits.
func (c *changing) left() time.Duration { return c.until.Sub(c.flow.Clock()) }

// allowed refuses an action that the state of a token does not allow. The refusal says how
// the last change ended: who was told scheme_outcome_unknown and asks again is refused because
// the change was done after all, and knows it by its id.
func allowed(t *storage.Token, action walletport.TokenAction) error {
	if _, err := t.Status.After(action); err != nil {
		return withLastChange(err, &t.Change)
	}
	if action == walletport.TokenResume && isHeldByOthers(t.Holders) {
		return withLastChange(errSuspendedByOthers(t.Holders), &t.Change)
	}
	return nil
}

func withLastChange(err error, last *storage.TokenChange) error {
	refusal, ok := errors.AsType[*walletport.Error](err)
	ended := map[storage.ChangeState]string{storage.ChangeDone: "is done", storage.ChangeNotDone: "was not done"}[last.State]
	if !ok || ended == "" {
		return err
	}
	told := *refusal
	told.Message = fmt.Sprintf("%s; the last change, %s %s, %s", refusal.Message, last.Action, last.ID, ended)
	return &told
}

// begin makes the intent durable. isOutdated says that it was not, for the row is no longer
// as it was read.
func (c *changing) begin(ctx context.Context) (isOutdated bool, err error) {
	f := c.flow
	if err := c.prepare(ctx); err != nil {
		return false, err
	}
	err = c.record.Commit(ctx, f.Audit, func(tx storage.Tx, record *act.Record) error {
		isOutdated = false
		if err := act.NoteMade(ctx, tx, c.change.ID); err != nil {
			return err
		}
		record.Outcome = walletport.OutcomeStarted
		record.SetDetail(walletport.DetailChangeID, c.change.ID)
		asked := entryOf(c.row.ID, c.change, storage.ChangeAsked, c.change.Since)
		err := tx.UpdateToken(c.row.ID, func(old storage.Token) (storage.Token, error) {
			if err := allowed(&old, c.change.Action); err != nil {
				isOutdated = true
				return old, err
			}
			wanted, _ := old.Status.After(c.change.Action) // it is allowed
			asked.From, asked.To = string(old.Status), string(wanted)
			isOutdated = old.Change.State.IsOpen()
			old.Change = c.change
			return old, nil
		})
		if err != nil {
			return err
		}
		record.SetDetail(walletport.DetailFrom, asked.From)
		record.SetDetail(walletport.DetailTo, asked.To)
		return tx.AddTokenHistory(asked)
	})
	if isOutdated = isOutdated && err != nil; isOutdated { // the record is of what follows
		c.record.Outcome, c.record.KeyVersions = "", nil
		for _, detail := range []walletport.DetailName{walletport.DetailChangeID, walletport.DetailFrom, walletport.DetailTo} {
			c.record.SetDetail(detail, "")
		}
	}
	return isOutdated, err
}

// prepare makes the command, and the intent of it.
func (c *changing) prepare(ctx context.Context) error {
	f := c.flow
	access, used, err := c.scheme.Keys.Select(f.Keys.Current(), c.row.Issuer, c.card.BIN, f.Clock())
	if err != nil {
		return err
	}
	c.record.KeyVersions = used
	c.command, err = c.scheme.Manager.ChangeToken(scheme.ChangeInput{
		Access: access, By: c.asked.AuditUser, Ref: c.row.Ref, Action: c.asked.Action, Reason: c.asked.Reason,
	})
	if err != nil {
		return err
	}
	id, err := newChangeID(f.Rand)
	if err != nil {
		return err
	}
	c.began = f.Clock() // before the database's: so a moment that is counted from it is not too early
	since, err := f.now(ctx)
	if err != nil {
		return err
	}
	c.change = storage.TokenChange{
		ID: id, Action: c.asked.Action, State: storage.ChangeAsked, Reason: c.asked.Reason, By: c.asked.AuditUser,
		Client: clientOf(ctx, c.asked.Channel), Channel: c.asked.Channel, Since: since,
	}
	return nil
}

// clientOf names the API client of a call, for the token's row.
func clientOf(ctx context.Context, channel storage.TokenChannel) string {
	id := walletport.ActorFrom(ctx).ClientID
	switch {
	case channel != storage.ChannelAPI:
		return ""
	case walletport.ContainsPAN(id):
		return walletport.RedactedNumber
	}
	return id
}

// changeIDBytes is how much of chance an id has: two never meet.
const changeIDBytes = 12

// newChangeID returns 24 letters from a to p: among digits, a card number might be found.
func newChangeID(random io.Reader) (string, error) {
	var chance [changeIDBytes]byte
	if _, err := io.ReadFull(random, chance[:]); err != nil {
		return "", fmt.Errorf("no id for a change of a token: %w", err)
	}
	id := make([]byte, 0, 2*changeIDBytes)
	for _, b := range chance {
		id = append(id, 'a'+b>>4, 'a'+b&15)
	}
	return string(id), nil
}

// entryOf begins an entry of a change in its token's history.
func entryOf(id walletport.TokenID, change storage.TokenChange, state storage.ChangeState, at time.Time) storage.TokenHistoryEntry {
	return storage.TokenHistoryEntry{
		Token: id, At: at, What: storage.TokenEvent(state), By: string(change.By), Channel: change.Channel,
		Reason: change.Reason, ChangeID: change.ID, Action: change.Action,
	}
}
