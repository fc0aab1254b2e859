package tokens

import (
	"context"
	"strconv"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// List returns the tokens of a card. The scheme is asked if it was not for longer than
// Settings.MaxAge. If it does not answer in time the stored ones are returned, as old; but a
// card whose tokens were never told has no list, for it would look like one without tokens:
// the error is the scheme's then, as it is. Other errors:
//
//   - those of act.Call.FindCard, such as CodeNotFound, card_not_found
//   - CodeUnavailable: scheme_not_configured, store_unavailable, audit_unavailable, and those
//     of Numbers for a caller who may see whole numbers
func (f *Flow) List(ctx context.Context, req ListRequest) (List, error) {
	asked := request(walletport.ActionTokensList, req.AuditUser, req.Channel)
	asked.CardID = req.CardID
	return act.OnCard(ctx, &f.acts, asked, func(c *act.Call) (List, error) {
		if err := c.FindCard(ctx); err != nil {
			return List{}, err
		}
		s, err := f.schemeOf(c.Card.Scheme)
		if err != nil {
			return List{}, err
		}
		known, source, err := f.tokensOf(ctx, c, s, req.AuditUser)
		reason := ""
		switch {
		case source == SourceOld:
			reason = walletport.ReasonOf(err)
			f.Observer.Unanswered(c.Card.Scheme, reason)
		case err != nil:
			return List{}, err
		}
		f.Observer.Listed(c.Card.Scheme, source)
		tokens, shown, err := f.viewAll(ctx, known.Tokens)
		if shown > 0 {
			c.SetDetail(walletport.DetailNumbers, strconv.Itoa(shown))
		}
		return List{Tokens: tokens, AsOf: known.AsOf, IsOld: source == SourceOld, OldReason: reason}, err
	})
}

// tokensOf returns the tokens of the call's card and where they are from. With SourceOld the
// error is why the scheme's word is not newer.
func (f *Flow) tokensOf(ctx context.Context, c *act.Call, s Scheme, by walletport.AuditUser) (storage.TokenList, string, error) {
	known, err := f.Store.TokensOfCard(ctx, c.Card.ID)
	if err != nil {
		return known, "", err
	}
	if young, err := f.isYoung(ctx, known.AsOf); young || err != nil {
		return known, SourceStore, err
	}
	card := c.Card
	told, err := f.flights.join(ctx, card.ID, f.Settings.AskTimeout, func(ctx context.Context) (storage.TokenList, []string, error) {
		return f.askCard(ctx, s, card, by)
	}, f.Observer.AskingFailed)
	if err == nil {
		c.UsedKeys(told.keys)
		err = told.err
	}
	switch {
	case err == nil:
		return told.list, SourceScheme, nil
	case known.AsOf.IsZero() || ctx.Err() != nil || !isOfTheScheme(err):
		return known, "", err
	}
	return known, SourceOld, err
}

// isOfTheScheme reports whether the stored tokens may be shown in the place of the scheme's
// word: not for a fault of ours, nor where the card has gone meanwhile.
func isOfTheScheme(err error) bool {
	code := walletport.CodeOf(err)
	return code != walletport.CodeInternal && code != walletport.CodeNotFound
}

// isYoung reports whether a word of a scheme is younger than Settings.MaxAge. One of a moment
// that is yet to come is not: the clock was set back since, and nobody knows when it was said.
func (f *Flow) isYoung(ctx context.Context, asOf time.Time) (bool, error) {
	if asOf.IsZero() {
		return false, nil
	}
	now, err := f.clock.now(ctx, f.Clock, f.now)
	age := now.Sub(asOf)
	return age < f.Settings.MaxAge && age >= -storage.MaxWordDelay, err
}

// viewAll is view of all, for the caller of ctx, and says how many numbers it shows whole.
func (f *Flow) viewAll(ctx context.Context, rows []storage.Token) (all []Listed, shown int, err error) {
	whole := seesNumbers(ctx)
	all = make([]Listed, len(rows))
	for i := range rows {
		if all[i], err = f.view(rows[i], whole); err != nil {
			return nil, 0, err
		}
		if !all[i].Number.IsZero() {
			shown++
		}
	}
	return all, shown, nil
}
