package tokens_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/tokens"
)

// TestAgesAreOfTheDatabase: a replica whose own clock is wrong neither takes old words for
// young ones nor young ones for old.
func TestAgesAreOfTheDatabase(t *testing.T) {
	for _, wrong := range []time.Duration{-time.Hour, time.Hour} {
		t.Run(wrong.String(), func(t *testing.T) {
			b := openBank(t)
			b.has(token("ref-a"))
			b.mustList(t)
			replica := b.with(t, func(p *tokens.Parts) { p.Clock = func() time.Time { return b.tick().Add(wrong) } })
			for _, wait := range []time.Duration{0, 4 * time.Second, time.Second, 4 * time.Second, time.Hour} {
				b.later(wait)
				replica.mustList(t)
			}
			if want := []string{"search", "search", "search"}; !slices.Equal(b.questions(), want) {
				t.Errorf("asked other than %v", want)
			}
		})
	}
}

// TestAClockThatIsSet is noticed: how far it is off is measured again.
func TestAClockThatIsSet(t *testing.T) {
	b := openBank(t)
	var wrong time.Duration
	replica := b.with(t, func(p *tokens.Parts) { p.Clock = func() time.Time { return b.tick().Add(wrong) } })
	replica.mustList(t)
	replica.mustList(t)
	for _, wrong = range []time.Duration{-time.Hour, time.Minute, -time.Minute} {
		b.later(40 * time.Second)
		b.questions()
		if list := replica.mustList(t); list.IsOld || len(b.questions()) != 1 {
			t.Errorf("set by %s: %+v", wrong, list)
		}
	}
}

// TestListWithoutTheDatabaseClock has no age to judge by.
func TestListWithoutTheDatabaseClock(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	b.mustList(t)
	away := walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "away")
	blind := b.with(t, func(p *tokens.Parts) { p.Store = clockless{p.Store, away} })
	if list, err := blind.list(t, bankCard); !errors.Is(err, away) || list.Tokens != nil {
		t.Errorf("list %+v, %v", list, err)
	}
}

// clockless is a database that does not tell the time.
type clockless struct {
	tokens.Store
	err error
}

func (c clockless) Now(context.Context) (time.Time, error) { return time.Time{}, c.err }
