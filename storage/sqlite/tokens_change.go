package sqlite

import (
	"database/sql"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// PutTokens implements storage.TokensTx. The transaction holds the write lock, so nothing
// changes between looking and writing.
func (t *transaction) PutTokens(seen []storage.SeenToken) ([]storage.TokenPut, error) {
	if err := storage.CheckSeen(seen); err != nil {
		return nil, err
	}
	puts := make([]storage.TokenPut, len(seen))
	for i := range seen {
		put, err := t.putToken(seen[i])
		if err != nil {
			return nil, t.failed(err)
		}
		puts[i] = put
	}
	return puts, nil
}

func (t *transaction) putToken(seen storage.SeenToken) (storage.TokenPut, error) {
	row, err := t.q.GetTokenByRef(uncancelled(t.ctx), refParams(seen.Ref))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return t.addToken(seen)
	case err != nil:
		return storage.TokenPut{}, err
	}
	old, err := tokenFrom(&row)
	if err != nil {
		return storage.TokenPut{}, err
	}
	next, entries, what := storage.SeeToken(old, seen)
	put := storage.TokenPut{ID: old.ID, What: what}
	if what != storage.TokenChanged && what != storage.TokenConfirmed {
		return put, nil
	}
	if err := t.writeToken(&next); err != nil {
		return storage.TokenPut{}, err
	}
	return put, t.writeHistory(entries)
}

func (t *transaction) addToken(seen storage.SeenToken) (storage.TokenPut, error) {
	token, entry := storage.FirstSight(seen)
	p, err := insertTokenParams(&token)
	if err != nil {
		return storage.TokenPut{}, err
	}
	id, err := t.q.InsertToken(uncancelled(t.ctx), p)
	if err != nil {
		return storage.TokenPut{}, err
	}
	entry.Token = walletport.TokenID(id)
	return storage.TokenPut{ID: entry.Token, What: storage.TokenAdded}, t.writeHistory([]storage.TokenHistoryEntry{entry})
}

func (t *transaction) writeToken(token *storage.Token) error {
	p, err := updateTokenParams(token)
	if err != nil {
		return err
	}
	return t.q.UpdateToken(uncancelled(t.ctx), p)
}

func (t *transaction) writeHistory(entries []storage.TokenHistoryEntry) error {
	for i := range entries {
		if err := t.q.AddTokenHistory(uncancelled(t.ctx), historyParams(&entries[i])); err != nil {
			return err
		}
	}
	return nil
}

// TokensListed implements storage.TokensTx.
func (t *transaction) TokensListed(card walletport.CardID, asOf time.Time) error {
	if err := t.q.SetTokenList(uncancelled(t.ctx), listParams(card, asOf)); err != nil {
		return t.failed(err)
	}
	return nil
}

// UpdateToken implements storage.TokensTx.
func (t *transaction) UpdateToken(id walletport.TokenID, change func(storage.Token) (storage.Token, error)) error {
	row, err := t.q.GetToken(uncancelled(t.ctx), int64(id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return walletport.ErrTokenNotFound()
	case err != nil:
		return t.failed(err)
	}
	old, err := tokenFrom(&row)
	if err != nil {
		return t.failed(err)
	}
	token, err := storage.ChangeToken(old, change)
	if err != nil {
		return err
	}
	if err := t.writeToken(&token); err != nil {
		return t.failed(err)
	}
	return nil
}

// AddTokenHistory implements storage.TokensTx.
func (t *transaction) AddTokenHistory(entries ...storage.TokenHistoryEntry) error {
	if err := storage.CheckTokenHistory(entries); err != nil {
		return err
	}
	for i := range entries {
		_, err := t.q.GetToken(uncancelled(t.ctx), int64(entries[i].Token))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return walletport.ErrTokenNotFound()
		case err != nil:
			return t.failed(err)
		}
	}
	if err := t.writeHistory(entries); err != nil {
		return t.failed(err)
	}
	return nil
}

// detachTokens takes a card from its tokens, see storage.Token.
func (t *transaction) detachTokens(card walletport.CardID) error {
	if err := t.q.DetachTokens(uncancelled(t.ctx), int64(card)); err != nil {
		return t.failed(err)
	}
	if err := t.q.UnsetTokenList(uncancelled(t.ctx), int64(card)); err != nil {
		return t.failed(err)
	}
	return nil
}
