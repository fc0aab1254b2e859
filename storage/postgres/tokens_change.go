package postgres

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// PutTokens implements storage.TokensTx. Whatever the number of tokens is, it costs a few
// round trips: their rows are locked, then written, then those that are not there are
// inserted. Of two transactions that insert one row the second waits for the end of the
// first, does not insert it, and begins again with that token.
func (t *transaction) PutTokens(seen []storage.SeenToken) ([]storage.TokenPut, error) {
	if err := storage.CheckSeen(seen); err != nil {
		return nil, err
	}
	p := tokenPuts{t: t, seen: seen, puts: make([]storage.TokenPut, len(seen)), left: make([]int, len(seen))}
	for i := range seen {
		p.left[i] = i
	}
	// Two transactions insert in the same order, so that they do not wait for each other.
	slices.SortFunc(p.left, func(a, b int) int { return cmp.Compare(seen[a].Ref.Reference, seen[b].Ref.Reference) })
	for len(p.left) > 0 {
		if err := p.put(); err != nil {
			return nil, t.failed(err)
		}
	}
	return p.puts, nil
}

// tokenPuts are the tokens of one PutTokens.
type tokenPuts struct {
	t    *transaction
	seen []storage.SeenToken
	puts []storage.TokenPut
	left []int // indexes of those that are yet to be put
}

// put puts what is left, but for rows that another transaction inserts meanwhile.
func (p *tokenPuts) put() error {
	known, err := p.lock()
	if err != nil {
		return err
	}
	var absent []int
	var changed []storage.Token
	var entries []storage.TokenHistoryEntry
	for _, i := range p.left {
		old, ok := known[p.seen[i].Ref]
		if !ok {
			absent = append(absent, i)
			continue
		}
		next, news, what := storage.SeeToken(old, p.seen[i])
		p.puts[i] = storage.TokenPut{ID: old.ID, What: what}
		if what == storage.TokenChanged || what == storage.TokenConfirmed {
			changed, entries = append(changed, next), append(entries, news...)
		}
	}
	if err := p.t.writeTokens(changed...); err != nil {
		return err
	}
	added, err := p.insert(absent)
	if err != nil {
		return err
	}
	return p.t.writeHistory(append(entries, added...))
}

// lock returns the rows of what is left, locked.
func (p *tokenPuts) lock() (map[walletport.TokenRef]storage.Token, error) {
	references := column(p.left, func(i int) string { return p.seen[i].Ref.Reference })
	rows, err := p.t.q.LockTokensByReference(p.t.ctx, references)
	if err != nil {
		return nil, err
	}
	tokens, err := tokensFrom(rows)
	if err != nil {
		return nil, err
	}
	known := make(map[walletport.TokenRef]storage.Token, len(tokens))
	for _, token := range tokens {
		known[token.Ref] = token
	}
	return known, nil
}

// insert inserts the tokens of these indexes and leaves those that now are there. It
// returns the entries of those that it inserted.
func (p *tokenPuts) insert(absent []int) (entries []storage.TokenHistoryEntry, err error) {
	p.left = nil
	rows := make([]pgdb.InsertTokensParams, len(absent))
	first := make([]storage.TokenHistoryEntry, len(absent))
	for n, i := range absent {
		var token storage.Token
		token, first[n] = storage.FirstSight(p.seen[i])
		if rows[n], err = insertTokenParams(&token); err != nil {
			return nil, err
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	p.t.q.InsertTokens(p.t.ctx, rows).QueryRow(func(n int, id int64, rowErr error) {
		switch {
		case errors.Is(rowErr, pgx.ErrNoRows):
			p.left = append(p.left, absent[n])
		case rowErr != nil:
			err = cmp.Or(err, rowErr)
		default:
			first[n].Token = walletport.TokenID(id)
			p.puts[absent[n]] = storage.TokenPut{ID: first[n].Token, What: storage.TokenAdded}
			entries = append(entries, first[n])
		}
	})
	return entries, err
}

func (t *transaction) writeTokens(tokens ...storage.Token) (err error) {
	rows := make([]pgdb.UpdateTokensParams, len(tokens))
	for i := range tokens {
		if rows[i], err = updateTokenParams(&tokens[i]); err != nil {
			return err
		}
	}
	if len(rows) > 0 {
		t.q.UpdateTokens(t.ctx, rows).Exec(func(_ int, rowErr error) { err = cmp.Or(err, rowErr) })
	}
	return err
}

func (t *transaction) writeHistory(entries []storage.TokenHistoryEntry) (err error) {
	if len(entries) > 0 {
		rows := column(entries, func(e storage.TokenHistoryEntry) pgdb.AddTokenHistoryParams { return historyParams(&e) })
		t.q.AddTokenHistory(t.ctx, rows).Exec(func(_ int, rowErr error) { err = cmp.Or(err, rowErr) })
	}
	return err
}

// TokensListed implements storage.TokensTx.
func (t *transaction) TokensListed(card walletport.CardID, asOf time.Time) error {
	if err := t.q.SetTokenList(t.ctx, listParams(card, asOf)); err != nil {
		return t.failed(err)
	}
	return nil
}

// UpdateToken implements storage.TokensTx.
func (t *transaction) UpdateToken(id walletport.TokenID, change func(storage.Token) (storage.Token, error)) error {
	row, err := t.q.GetTokenForUpdate(t.ctx, int64(id))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
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
	t.changedTokens = append(t.changedTokens, int64(id))
	if err := t.writeTokens(token); err != nil {
		return t.failed(err)
	}
	if err := t.noteChange(old.Change.State, token.Change.State, id); err != nil {
		return t.failed(err)
	}
	return nil
}

// noteChange keeps the list of tokens with an open change.
func (t *transaction) noteChange(was, is storage.ChangeState, id walletport.TokenID) error {
	switch {
	case is.IsOpen() && !was.IsOpen():
		return t.q.OpenTokenChange(t.ctx, int64(id))
	case was.IsOpen() && !is.IsOpen():
		return t.q.CloseTokenChange(t.ctx, int64(id))
	}
	return nil
}

// AddTokenHistory implements storage.TokensTx. Tokens that the transaction has changed are
// there, and locked.
func (t *transaction) AddTokenHistory(entries ...storage.TokenHistoryEntry) error {
	if err := storage.CheckTokenHistory(entries); err != nil {
		return err
	}
	ids := column(entries, func(e storage.TokenHistoryEntry) int64 { return int64(e.Token) })
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id int64) bool { return slices.Contains(t.changedTokens, id) })
	if err := t.lockTokens(ids); err != nil {
		return err
	}
	if err := t.writeHistory(entries); err != nil {
		return t.failed(err)
	}
	return nil
}

func (t *transaction) lockTokens(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	there, err := t.q.LockTokens(t.ctx, ids)
	switch {
	case err != nil:
		return t.failed(err)
	case len(there) < len(ids):
		return walletport.ErrTokenNotFound()
	}
	return nil
}

// detachTokens takes a card from its tokens, see storage.Token.
func (t *transaction) detachTokens(card walletport.CardID) error {
	if err := t.q.DetachTokens(t.ctx, int64(card)); err != nil {
		return t.failed(err)
	}
	if err := t.q.UnsetTokenList(t.ctx, int64(card)); err != nil {
		return t.failed(err)
	}
	return nil
}
