package tokens

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// seenOf returns what was listed as the store takes it, in the scheme's order, with the
// words of the tokens that are asked for alone. Where these do not come the word of the list
// stands, or the row as it is, and they are asked for with the next list.
func (f *Flow) seenOf(ctx context.Context, q *question) ([]storage.SeenToken, error) {
	seen := make([]storage.SeenToken, 0, len(q.refs))
	places := make(map[walletport.TokenRef]int, len(q.refs))
	for i, ref := range q.refs {
		listed, err := f.seen(q.row(ref), q.card.CardSummary, q.listed[ref])
		if err != nil {
			return nil, err
		}
		seen, places[ref] = append(seen, listed), i
	}
	for _, told := range f.askEach(ctx, q, append(q.lacking(), q.vanished()...)) {
		if place, ok := places[told.Ref]; ok {
			seen[place] = told
			continue
		}
		seen = append(seen, told)
	}
	return seen, nil
}

// row returns what is stored of a token, or what is known of one that is new.
func (q *question) row(ref walletport.TokenRef) storage.Token {
	if row, ok := q.rows[ref]; ok {
		return row
	}
	return storage.Token{Ref: ref, Issuer: q.card.Issuer}
}

// lacking are the tokens that the scheme has more to say of: those that are new or changed,
// or whose details did not come before.
func (q *question) lacking() []walletport.TokenRef {
	return slices.DeleteFunc(slices.Clone(q.refs), func(ref walletport.TokenRef) bool {
		row, token := q.rows[ref], q.listed[ref].token
		return !token.Brief || hasDetails(&row) && row.Status == token.Status
	})
}

// hasDetails reports whether anything is stored that a brief word does not tell.
func hasDetails(row *storage.Token) bool {
	return row.Expiry != walletport.Expiry{} || row.Number.LastFour != "" || row.DeviceType != "" || row.DeviceName != ""
}

// vanished are the tokens that are stored for the card and that the scheme no longer lists
// with it, in the order of their ids.
func (q *question) vanished() []walletport.TokenRef {
	var gone []storage.Token
	for ref, row := range q.rows {
		if _, here := q.listed[ref]; !here && row.Status != walletport.TokenDeactivated {
			gone = append(gone, row)
		}
	}
	slices.SortFunc(gone, func(a, b storage.Token) int { return cmp.Compare(a.ID, b.ID) })
	refs := make([]walletport.TokenRef, len(gone))
	for i := range gone {
		refs[i] = gone[i].Ref
	}
	return refs
}

// maxAlone is how many tokens of a card are asked for at the same time.
const maxAlone = 4

// askEach asks for each of these tokens alone, and returns those that the scheme has told of,
// in that order. A card may have more of them than can be asked for in time: a part of it is
// left, so that what was told is stored, and the next list goes on from there. A panic goes on
// here, where it ends with the question and not with the process.
func (f *Flow) askEach(ctx context.Context, q *question, refs []walletport.TokenRef) []storage.SeenToken {
	if until, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(until)*4/5)
		defer cancel()
	}
	told := make([]storage.SeenToken, len(refs))
	places := make(chan struct{}, maxAlone)
	var group sync.WaitGroup
	var fault atomic.Pointer[string]
	for i, ref := range refs {
		if ctx.Err() != nil {
			break
		}
		places <- struct{}{}
		group.Go(func() {
			defer func() {
				if cause := recover(); cause != nil {
					text := fmt.Sprintf("%v, at:\n%s", cause, debug.Stack())
					fault.Store(&text)
				}
				<-places
			}()
			if seen, err := f.askOneOf(ctx, q, ref); err == nil {
				told[i] = seen
			}
		})
	}
	group.Wait()
	if text := fault.Load(); text != nil {
		panic(*text)
	}
	return slices.DeleteFunc(told, func(s storage.SeenToken) bool { return s.Source == "" })
}

// askOneOf asks for one token. Of one that the scheme has just listed and that it does not
// know alone, its list is right.
func (f *Flow) askOneOf(ctx context.Context, q *question, ref walletport.TokenRef) (storage.SeenToken, error) {
	a, err := f.askAlone(ctx, q.scheme, scheme.TokenInput{Access: q.access, By: q.by, Ref: ref})
	if err != nil {
		return storage.SeenToken{}, err
	}
	if listed, ok := q.listed[ref]; ok {
		if a.token == nil {
			return storage.SeenToken{}, scheme.ErrTokenNotFound()
		}
		a.token.Status = cmp.Or(a.token.Status, listed.token.Status)
		a.token.PANReference = cmp.Or(a.token.PANReference, listed.token.PANReference)
	}
	return f.seen(q.row(ref), q.card.CardSummary, a)
}
