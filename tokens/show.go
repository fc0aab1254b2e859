package tokens

import (
	"context"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// Show returns all that is known of a token. The scheme is asked for it if what is stored is
// older than Settings.MaxAge; if it does not answer in time, what is stored is shown, as old.
// Errors are those of List, but for a token: CodeNotFound, token_not_found, for one that does
// not exist or is not the caller's, and none of the scheme, as a token that is stored was told
// by it once.
func (f *Flow) Show(ctx context.Context, req ShowRequest) (Shown, error) {
	asked := request(walletport.ActionTokensRead, req.AuditUser, req.Channel)
	asked.SetDetail(walletport.DetailTokenID, req.TokenID.String())
	asked.Time = f.Clock()
	return act.Audited(ctx, f.Audit, asked, func(record *act.Record) (Shown, error) {
		row, _, err := f.findToken(ctx, record, req.TokenID)
		if err != nil {
			return Shown{}, err
		}
		if _, err := f.schemeOf(row.Ref.Scheme); err != nil {
			return Shown{}, err
		}
		row, oldReason, err := f.refreshed(ctx, record, row, req.AuditUser)
		if err != nil {
			return Shown{}, err
		}
		return f.shown(ctx, row, oldReason, req.History)
	})
}

// refreshed returns the row as the scheme has it now, or, as old, as it is stored, with the
// reason why it is not newer.
func (f *Flow) refreshed(ctx context.Context, record *act.Record, row storage.Token, by walletport.AuditUser) (_ storage.Token, oldReason string, err error) {
	young, err := f.isYoung(ctx, row.AsOf)
	if young || err != nil {
		return row, "", err
	}
	asking, cancel := context.WithTimeout(ctx, f.Settings.AskTimeout)
	defer cancel()
	told, err := f.askToken(asking, row, by)
	switch {
	case err == nil:
		record.KeyVersions = told.Keys
		return told.Row, "", nil
	case ctx.Err() != nil || !isOfTheScheme(err):
		return row, "", err
	}
	reason := walletport.ReasonOf(err)
	f.Observer.Unanswered(row.Ref.Scheme, reason)
	return row, reason, nil
}

func (f *Flow) shown(ctx context.Context, row storage.Token, oldReason string, entries int) (Shown, error) {
	history, err := f.Store.TokenHistory(ctx, row.ID, 0, entries)
	if err != nil {
		return Shown{}, err
	}
	listed, err := f.view(row, seesNumbers(ctx))
	row.Number.Sealed, row.Number.WrappedKey, row.Number.KEK = nil, nil, ""
	return Shown{
		Token: row, Listed: listed, Allowed: allowedNow(&row), IsOld: oldReason != "", OldReason: oldReason, History: history,
	}, err
}

// allowedNow returns what may be done to a token now.
func allowedNow(row *storage.Token) []walletport.TokenAction {
	if row.Change.State.IsOpen() {
		return nil
	}
	return slices.DeleteFunc(row.Status.Actions(), func(a walletport.TokenAction) bool { return allowed(row, a) != nil })
}
