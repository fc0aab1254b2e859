package tokens

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// request is what an act of this room asks the trail for. A command acts for all issuers.
func request(action walletport.Action, by walletport.AuditUser, channel storage.TokenChannel) act.Request {
	return act.Request{Action: action, AuditUser: by, AnyIssuer: channel == storage.ChannelCommand}
}

// findToken returns the row of the token that an act is about and its card, which is the
// zero one where the token has none any more. A token of an issuer that the record's act is
// not for is CodeNotFound, token_not_found, as one that does not exist. Other errors are those of act.Record.FoundCard, of Parts.Limit, and
// CodeUnavailable.
func (f *Flow) findToken(ctx context.Context, record *act.Record, id walletport.TokenID) (storage.Token, walletport.CardSummary, error) {
	var none walletport.CardSummary
	row, err := f.Store.Token(ctx, id)
	if err != nil {
		return row, none, err
	}
	record.Issuer, record.Scheme = row.Issuer, row.Ref.Scheme
	if !record.ActsFor(ctx, row.Issuer) {
		return storage.Token{}, none, walletport.ErrTokenNotFound() // after as much work as without a row
	}
	card, err := f.cardOf(ctx, row)
	if err != nil {
		return row, none, err
	}
	var textErr error
	if card.ID != 0 {
		textErr = record.FoundCard(card)
	}
	if f.Limit != nil {
		if err := f.Limit(row.Issuer); err != nil {
			return row, card, err
		}
	}
	return row, card, textErr
}
