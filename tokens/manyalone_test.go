package tokens_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/tokens"
)

// slowAlone is a scheme that takes a while to tell of one token.
type slowAlone struct{ *book }

func (s slowAlone) Ask(ctx context.Context, q scheme.Question) error {
	if q.Name == "details" {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return scheme.ErrUnavailable().WithCause(ctx.Err())
		}
	}
	return s.book.Ask(ctx, q)
}

// TestMoreTokensThanCanBeAskedForInTime are listed at once, and their details come with the
// lists that follow; so is it with those that are listed no more.
func TestMoreTokensThanCanBeAskedForInTime(t *testing.T) {
	t.Parallel()
	b := openBank(t, func(p *tokens.Parts) {
		s := p.Schemes[walletport.Mastercard]
		s.Line = slowAlone{s.Line.(*book)}
		p.Schemes = map[walletport.SchemeID]tokens.Scheme{walletport.Mastercard: s}
		p.Settings.AskTimeout = 10 * time.Second
	})
	b.BoundFlights(time.Second)
	const many = 44 // of 40 the answers would come in time
	var brief []scheme.Token
	b.details = map[string]scheme.Token{}
	for i := range many {
		whole := token(fmt.Sprintf("ref-%02d", i))
		b.details[whole.Ref.Reference] = whole
		brief = append(brief, scheme.Token{Ref: whole.Ref, Status: whole.Status, Brief: true})
	}
	b.has(brief...)
	b.untilAll(t, many, func(i int) bool { return b.row(t, brief[i].Ref.Reference).DeviceName != "" })

	b.details = nil
	b.has()
	b.untilAll(t, many, func(i int) bool {
		return b.row(t, brief[i].Ref.Reference).Status == walletport.TokenDeactivated
	})
}

// untilAll lists the card's tokens until something is so of each, which is not with the
// first list.
func (b *bank) untilAll(t *testing.T, many int, isSo func(i int) bool) {
	t.Helper()
	for lists := 1; lists < 100; lists++ {
		if list := b.mustList(t); len(list.Tokens) != many {
			t.Fatalf("%d tokens are listed", len(list.Tokens))
		}
		b.later(time.Minute)
		now := 0
		for i := range many {
			if isSo(i) {
				now++
			}
		}
		if now == many {
			if lists == 1 {
				t.Error("all came in time, so nothing was shown")
			}
			return
		}
	}
	t.Fatal("it is never so of all")
}
