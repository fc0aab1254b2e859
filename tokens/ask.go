package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// question is a question for the tokens of a card, and what was said to it.
type question struct {
	scheme Scheme
	card   storage.Card
	access scheme.Access
	by     walletport.AuditUser
	at     time.Time                             // when it was begun, by the database's clock
	rows   map[walletport.TokenRef]storage.Token // what is stored of the card

	refs   []walletport.TokenRef // that the scheme listed, in its order, each once
	listed map[walletport.TokenRef]answer
}

// askCard asks the scheme for the tokens of a card, stores what it says, and returns what is
// stored then, with the ids of the keys that it was asked with. It looks at the store first:
// another question may have ended since its caller looked.
func (f *Flow) askCard(ctx context.Context, s Scheme, card storage.Card, by walletport.AuditUser) (storage.TokenList, []string, error) {
	stored, err := f.Store.TokensOfCard(ctx, card.ID)
	if err != nil {
		return storage.TokenList{}, nil, err
	}
	if young, err := f.isYoung(ctx, stored.AsOf); young || err != nil {
		return stored, nil, err
	}
	used, err := f.askAnew(ctx, s, card, stored.Tokens, by)
	if err != nil {
		return storage.TokenList{}, used, err
	}
	list, err := f.Store.TokensOfCard(ctx, card.ID)
	return list, used, err
}

// askAnew asks the scheme for the tokens of a card and stores what it says.
func (f *Flow) askAnew(ctx context.Context, s Scheme, card storage.Card, stored []storage.Token, by walletport.AuditUser) (used []string, err error) {
	access, used, err := s.Keys.Select(f.Keys.Current(), card.Issuer, card.BIN, f.Clock())
	if err != nil {
		return nil, err
	}
	q := question{scheme: s, card: card, access: access, by: by, rows: make(map[walletport.TokenRef]storage.Token, len(stored))}
	for _, row := range stored {
		q.rows[row.Ref] = row
	}
	// All pages count as old as the first: what was changed while they came is not undone.
	if q.at, err = f.now(ctx); err != nil {
		return used, err
	}
	if err := f.askPages(ctx, &q); err != nil {
		return used, err
	}
	seen, err := f.seenOf(ctx, &q)
	if err != nil {
		return used, err
	}
	return used, f.putList(ctx, &q, seen)
}

// maxPages bounds the pages of one card: a scheme that has more goes round in a circle.
const maxPages = 500

// askPages asks for all pages. A token that moved to the next page while they came is on
// both, and the later word counts; one that moved to the page before is on none, and will be
// asked for alone.
func (f *Flow) askPages(ctx context.Context, q *question) error {
	q.listed = make(map[walletport.TokenRef]answer)
	after := ""
	for range maxPages {
		query, err := f.pageQuery(ctx, q, after)
		if err != nil {
			return err
		}
		page, err := scheme.Ask(ctx, q.scheme.Line, query)
		if err != nil {
			return err
		}
		for _, token := range page.Tokens {
			if _, twice := q.listed[token.Ref]; !twice {
				q.refs = append(q.refs, token.Ref)
			}
			q.listed[token.Ref] = answer{token: &token, source: query.Name, askedAt: q.at}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
	return scheme.ErrUnreadable().WithCause(errors.New("the pages of a card have no end"))
}

// pageQuery has the card open while the question is made, and not while it is under way.
func (f *Flow) pageQuery(ctx context.Context, q *question, after string) (query scheme.Query[scheme.TokenPage], err error) {
	in := scheme.CardTokensInput{Access: q.access, By: q.by, After: after, Now: f.Clock(), Rand: f.Rand}
	err = f.Vault.Borrow(ctx, q.card, func(card *walletport.Card) error {
		in.PAN = card.PAN
		var err error
		query, err = q.scheme.Manager.CardTokens(in)
		return err
	})
	return query, err
}

// putList stores the tokens of a card, and that these are all, in one commit.
func (f *Flow) putList(ctx context.Context, q *question, seen []storage.SeenToken) error {
	var puts []storage.TokenPut
	err := f.Store.Update(ctx, func(tx storage.Tx) error {
		if err := lockCard(tx, q.card.ID); err != nil {
			return err
		}
		var err error
		if puts, err = tx.PutTokens(seen); err != nil {
			return err
		}
		return tx.TokensListed(q.card.ID, q.at)
	})
	if err != nil {
		return err
	}
	for i, put := range puts {
		if put.What == storage.TokenOtherIssuer {
			f.Observer.Odd(q.card.Issuer, seen[i].Ref, OddOtherIssuer)
		}
	}
	return nil
}

var errStays = errors.New("the card stays as it is")

// lockCard keeps a card from being deleted or forgotten before the commit, so that nothing
// personal is stored of a card that has gone while the scheme was asked: card_not_found.
func lockCard(tx storage.Tx, id walletport.CardID) error {
	err := tx.UpdateCard(id, func(card storage.Card) (storage.Card, error) {
		if card.Status == walletport.CardForgotten {
			return card, walletport.ErrNoCard(id)
		}
		return card, errStays
	})
	if errors.Is(err, errStays) {
		return nil
	}
	return err
}
