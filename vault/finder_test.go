package vault_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/gather"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// table is an engine that says what it was asked, one statement at a time.
type table struct {
	storage.Cards // for what the Finder does not call
	took          time.Duration
	fault         any
	err           error

	lock  sync.Mutex
	asked [][]walletport.CardID
}

const lastCard = 1000

func (s *table) Card(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	cards, err := s.CardsByID(ctx, []walletport.CardID{id})
	if err == nil && len(cards) == 0 {
		err = walletport.ErrCardNotFound()
	}
	if err != nil {
		return storage.Card{}, err
	}
	return cards[0], nil
}

func (s *table) CardsByID(ctx context.Context, ids []walletport.CardID) ([]storage.Card, error) {
	s.lock.Lock()
	s.asked = append(s.asked, ids)
	s.lock.Unlock()
	select {
	case <-time.After(s.took):
	case <-ctx.Done():
		return nil, storage.ErrUnavailable(ctx, ctx.Err())
	}
	if s.fault != nil {
		panic(s.fault)
	}
	var cards []storage.Card
	for _, id := range ids {
		if id <= lastCard {
			cards = append(cards, storage.Card{CardSummary: walletport.CardSummary{ID: id}})
		}
	}
	return cards, s.err
}

// sizes are the numbers of cards of each statement.
func (s *table) sizes() []int {
	s.lock.Lock()
	defer s.lock.Unlock()
	var sizes []int
	for _, ids := range s.asked {
		sizes = append(sizes, len(ids))
	}
	return sizes
}

// finding runs a story with a Finder on synctest's clock.
func finding(t *testing.T, s *table, story func(t *testing.T, f *vault.Finder, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		f := vault.NewFinder(s)
		ctx, stop := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		ran.Go(func() { must(t, f.Run(ctx)) })
		story(t, f, stop)
		stop()
		ran.Wait()
	})
}

func TestLookUpsThatWaitTogetherAreReadTogether(t *testing.T) {
	s := &table{took: time.Millisecond}
	finding(t, s, func(t *testing.T, f *vault.Finder, _ func()) {
		var all sync.WaitGroup
		for id := range walletport.CardID(200) {
			all.Go(func() {
				if id > 1 {
					time.Sleep(time.Microsecond) // while both readers are busy
				}
				card, err := f.Find(t.Context(), id)
				if err != nil || card.ID != id {
					t.Errorf("Find(%d) = %d, %v", id, card.ID, err)
				}
			})
		}
		all.Wait()
	})
	largest, total := 0, 0
	for _, size := range s.sizes() {
		largest, total = max(largest, size), total+size
	}
	if largest != 64 || total != 200 || len(s.sizes()) > 7 {
		t.Errorf("statements of %v cards, want 200 in few statements of at most 64", s.sizes())
	}
}

func TestALookUpAloneIsReadAtOnce(t *testing.T) {
	s := &table{took: time.Millisecond}
	finding(t, s, func(t *testing.T, f *vault.Finder, _ func()) {
		for id := range walletport.CardID(5) {
			before := time.Now()
			if _, err := f.Find(t.Context(), id); err != nil {
				t.Error(err)
			}
			if took := time.Since(before); took != s.took {
				t.Errorf("it took %v, want the statement's %v", took, s.took)
			}
		}
	})
	if len(s.sizes()) != 5 {
		t.Errorf("statements of %v cards, want 5 of one", s.sizes())
	}
}

// together looks up cards at one moment, so that one statement reads all but the
// first ones, and returns the errors in the order of ids.
func together(t *testing.T, f *vault.Finder, ids ...walletport.CardID) []error {
	t.Helper()
	errs := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { _, errs[i] = f.Find(t.Context(), id) })
	}
	all.Wait()
	return errs
}

func TestEachLookUpGetsItsOwnAnswer(t *testing.T) {
	s := &table{took: time.Millisecond}
	finding(t, s, func(t *testing.T, f *vault.Finder, _ func()) {
		for i, err := range together(t, f, 1, lastCard+1, 2, 2, lastCard+2, 3) {
			missing := i == 1 || i == 4
			if missing != (walletport.ReasonOf(err) == "card_not_found") || !missing && err != nil {
				t.Errorf("look-up %d: %v", i, err)
			}
		}
	})
}

func TestABrokenDatabaseIsEverybodysAnswer(t *testing.T) {
	s := &table{err: storage.ErrUnavailable(t.Context(), errors.New("gone"))}
	finding(t, s, func(t *testing.T, f *vault.Finder, _ func()) {
		for i, err := range together(t, f, 1, 2, 3, 4, 5) {
			if walletport.ReasonOf(err) != "store_unavailable" {
				t.Errorf("look-up %d: %v, want store_unavailable", i, err)
			}
		}
	})
}

// A panic must reach the callers, whose door answers 500, and not the process.
func TestAPanicGoesOnInItsCallers(t *testing.T) {
	s := &table{fault: "a bug"}
	finding(t, s, func(t *testing.T, f *vault.Finder, _ func()) {
		for range 3 { // the Finder goes on
			var all sync.WaitGroup
			for id := range walletport.CardID(4) {
				all.Go(func() {
					defer func() {
						if fault, ok := recover().(*gather.Fault); !ok || fault.Value != s.fault {
							t.Error("the panic was swallowed")
						}
					}()
					_, err := f.Find(t.Context(), id)
					t.Errorf("Find = %v", err)
				})
			}
			all.Wait()
		}
	})
}

func TestACallerMayLeave(t *testing.T) {
	s := &table{took: time.Second}
	finding(t, s, func(t *testing.T, f *vault.Finder, _ func()) {
		var other sync.WaitGroup
		other.Go(func() {
			if _, err := f.Find(t.Context(), 2); err != nil {
				t.Errorf("who stays gets its card: %v", err)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		before := time.Now()
		_, err := f.Find(ctx, 1)
		if walletport.CodeOf(err) != walletport.CodeUnavailable || time.Since(before) != time.Millisecond {
			t.Errorf("after %v: %v", time.Since(before), err)
		}
		other.Wait()
	})
}

func TestAStatementThatHangsIsGivenUpAndHoldsUpNoOther(t *testing.T) {
	s := &table{took: time.Hour}
	finding(t, s, func(t *testing.T, f *vault.Finder, _ func()) {
		var all sync.WaitGroup
		for id := range walletport.CardID(2) {
			all.Go(func() {
				time.Sleep(time.Duration(id) * time.Millisecond)
				before := time.Now()
				_, err := f.Find(t.Context(), id)
				if walletport.ReasonOf(err) != "store_unavailable" || time.Since(before) != 5*time.Second {
					t.Errorf("card %d after %v: %v", id, time.Since(before), err)
				}
			})
		}
		all.Wait()
	})
}

func TestAFinderThatHasEndedRefuses(t *testing.T) {
	s := &table{took: time.Hour}
	finding(t, s, func(t *testing.T, f *vault.Finder, stop func()) {
		time.AfterFunc(time.Second, stop)
		for _, when := range []string{"under way", "after the end"} {
			_, err := f.Find(t.Context(), 1)
			if walletport.ReasonOf(err) != "store_unavailable" {
				t.Errorf("%s: %v", when, err)
			}
		}
	})
}

// Real engines, many callers, cards that come and go.
func TestFinderOnEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		const count = 50
		for id := range walletport.CardID(count) {
			r.mustPut(t, newCard(t, 1+id, testPAN))
		}
		f := vault.NewFinder(r.cards)
		ctx, stop := context.WithCancel(t.Context())
		var ran, callers sync.WaitGroup
		ran.Go(func() { must(t, f.Run(ctx)) })
		for caller := range 16 {
			callers.Go(func() {
				for i := range 40 {
					id := 1 + walletport.CardID((7*i+caller)%(count+10))
					row, err := f.Find(t.Context(), id)
					if id > count {
						if walletport.ReasonOf(err) != "card_not_found" {
							t.Errorf("card %d: %v", id, err)
						}
						continue
					}
					if err != nil || row.ID != id {
						t.Errorf("card %d: found %d, %v", id, row.ID, err)
						continue
					}
					if err := r.Borrow(t.Context(), row, func(*walletport.Card) error { return nil }); err != nil {
						t.Errorf("card %d does not open: %v", id, err)
					}
				}
			})
		}
		callers.Wait()
		stop()
		ran.Wait()
	})
}
