package tokens

import (
	"context"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// told is what a scheme said of one token, and what is stored since then.
type told struct {
	Row     storage.Token // as it stands after
	Token   *scheme.Token // its number is wiped; nil: the scheme knows no such token
	AskedAt time.Time     // when the question was sent, by the database's clock
	Keys    []string      // ids of those that it was asked with
}

// askToken is askSeen, and stores what was said.
func (f *Flow) askToken(ctx context.Context, row storage.Token, by walletport.AuditUser) (told, error) {
	t, seen, err := f.askSeen(ctx, row, by)
	if err != nil {
		return told{}, err
	}
	err = f.Store.Update(ctx, func(tx storage.Tx) error {
		_, err := tx.PutTokens([]storage.SeenToken{seen})
		return err
	})
	if err != nil {
		return told{}, err
	}
	t.Row, err = f.Store.Token(ctx, row.ID) // a change may have been quicker
	return t, err
}

// askSeen asks the scheme for one token alone, and returns what it says, also as the store
// takes it; told has no row. A token that the scheme does not know is DEACTIVATED. Errors are
// those of schemeOf and access, of the database, and of the scheme, as they are.
func (f *Flow) askSeen(ctx context.Context, row storage.Token, by walletport.AuditUser) (told, storage.SeenToken, error) {
	var none storage.SeenToken
	s, err := f.schemeOf(row.Ref.Scheme)
	if err != nil {
		return told{}, none, err
	}
	card, access, used, err := f.accessTo(ctx, s, row)
	if err != nil {
		return told{}, none, err
	}
	answer, err := f.askAlone(ctx, s, scheme.TokenInput{Access: access, By: by, Ref: row.Ref})
	if err != nil {
		return told{}, none, err
	}
	seen, err := f.seen(row, card, answer)
	if err != nil {
		return told{}, none, err
	}
	seen.CardID = 0 // stays as it is: the card may have gone while the scheme was asked
	return told{Token: answer.token, AskedAt: answer.askedAt, Keys: used}, seen, nil
}

// accessTo is access for the card of a token, and the card: the zero one if it has gone.
func (f *Flow) accessTo(ctx context.Context, s Scheme, row storage.Token) (walletport.CardSummary, scheme.Access, []string, error) {
	card, err := f.cardOf(ctx, row)
	if err != nil {
		return card, scheme.Access{}, nil, err
	}
	access, used, err := s.Keys.Select(f.Keys.Current(), row.Issuer, card.BIN, f.Clock())
	return card, access, used, err
}

// answer is a scheme's word of one token.
type answer struct {
	token   *scheme.Token // nil: the scheme knows no such token
	source  string        // the scheme's own name of the call
	askedAt time.Time     // when the question was sent, by the database's clock
}

// askAlone asks for one token. A question that is sent again, as its answer was lost, is
// as old as the first one.
func (f *Flow) askAlone(ctx context.Context, s Scheme, in scheme.TokenInput) (answer, error) {
	query, err := s.Manager.Token(in)
	if err != nil {
		return answer{}, err
	}
	at, err := f.now(ctx)
	if err != nil {
		return answer{}, err
	}
	token, err := scheme.Ask(ctx, s.Line, query)
	switch {
	case walletport.ReasonOf(err) == scheme.ErrTokenNotFound().Reason:
		return answer{source: query.Name, askedAt: at}, nil
	case err != nil:
		return answer{}, err
	}
	return answer{token: &token, source: query.Name, askedAt: at}, nil
}

// cardOf returns the card of a token, or the zero one: a token outlives its card.
func (f *Flow) cardOf(ctx context.Context, row storage.Token) (walletport.CardSummary, error) {
	if row.CardID == 0 {
		return walletport.CardSummary{}, nil
	}
	card, err := f.Vault.Find(ctx, row.CardID)
	if walletport.CodeOf(err) == walletport.CodeNotFound {
		return walletport.CardSummary{}, nil
	}
	return card.CardSummary, err
}
