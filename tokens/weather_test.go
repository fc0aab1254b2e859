package tokens_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// TestAllWeathers has callers on two replicas change tokens at random, while others change
// them at the scheme, requests and answers get lost and processes are killed. In the end no
// change is open, each row is as the scheme has its token, no command came without an intent,
// and each intent has its record and its end.
func TestAllWeathers(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newWeather(t, seed)
			for range 60 {
				w.step(t)
			}
			w.clear(t)
		})
	}
}

// weather is a story of chance that can be told again.
type weather struct {
	chance   *rand.Rand
	scheme   *fakeScheme
	ahead    atomic.Int64 // of all clocks; it only grows
	replicas []*desk
	ids      map[string]walletport.TokenID
}

func newWeather(t *testing.T, seed uint64) *weather {
	t.Helper()
	w := &weather{chance: rand.New(rand.NewPCG(seed, 13)), scheme: newFakeScheme(), ids: map[string]walletport.TokenID{}}
	w.scheme.now = func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	database := acttest.Database(t)
	for range 2 {
		w.replicas = append(w.replicas, newDesk(t, database, w.scheme, func(p *tokens.Parts) {
			p.Clock = w.scheme.now
			p.Settings = tokens.Settings{ChangeTimeout: 80 * time.Millisecond, MaxAge: time.Nanosecond}
		}))
	}
	for i := range 4 {
		reference := fmt.Sprint("DW-", i)
		w.ids[reference] = w.replicas[0].add(t, reference, time.Minute, walletport.TokenInactive)
	}
	w.replicas[0].work(t)
	return w
}

// step is three callers at once, after something has happened to the world.
func (w *weather) step(t *testing.T) {
	t.Helper()
	reference := fmt.Sprint("DW-", w.chance.IntN(len(w.ids)))
	w.othersAct(reference)
	w.setTroubles()
	if w.chance.IntN(4) == 0 {
		w.later(t)
	}
	actions := walletport.TokenActions()[:3] // deactivated ones would end the story
	done := make(chan struct{}, 3)
	for i := range cap(done) {
		action := actions[w.chance.IntN(len(actions))]
		go func() {
			defer func() { done <- struct{}{} }() // also of one that is killed
			_, _ = w.replicas[i%2].Change(acttest.AsBank(context.WithoutCancel(t.Context())), ask(w.ids[reference], action))
		}()
	}
	for range cap(done) {
		select {
		case <-done:
		case <-time.After(hangs):
			t.Fatal("a change does not end")
		}
	}
}

// othersAct has the cardholder suspend or resume a token.
func (w *weather) othersAct(reference string) {
	w.scheme.lock.Lock()
	defer w.scheme.lock.Unlock()
	token := w.scheme.tokens[reference]
	holds := slices.Index(token.Holders, cardholder)
	switch {
	case w.chance.IntN(3) > 0 || token.Status == walletport.TokenInactive:
	case holds < 0:
		token.Status, token.Holders = walletport.TokenSuspended, append(token.Holders, cardholder)
	default:
		if token.Holders = slices.Delete(token.Holders, holds, holds+1); len(token.Holders) == 0 {
			token.Status = active
		}
	}
}

// setTroubles chooses what goes wrong from now on: more often than not, nothing.
func (w *weather) setTroubles() {
	troubles := []trouble{{lost: true}, {noAnswer: true}, {before: die}, {after: die}}
	var how trouble
	if n := w.chance.IntN(2 * len(troubles)); n < len(troubles) {
		how = troubles[n]
	}
	w.scheme.setTrouble(onCommand(how))
	for _, d := range w.replicas {
		var before, after func(int) error
		switch commit := int64(w.chance.IntN(2) + 1); w.chance.IntN(8) {
		case 0:
			before = dieOnce(commit)
		case 1:
			after = dieOnce(commit)
		}
		d.trail.lock.Lock()
		d.trail.before, d.trail.after = before, after
		d.trail.lock.Unlock()
	}
}

// dieOnce kills the goroutine of the nth commit from now on.
func dieOnce(n int64) func(int) error {
	var commits atomic.Int64
	return func(int) error {
		if commits.Add(1) == n {
			die()
		}
		return nil
	}
}

// later lets so much time pass that an interrupted change is taken for one.
func (w *weather) later(t *testing.T) {
	t.Helper()
	w.ahead.Add(int64(9 * time.Second))
	for _, d := range w.replicas {
		d.clock.ahead.Store(w.ahead.Load())
		d.trail.lock.Lock()
		d.trail.before, d.trail.after = nil, nil
		d.trail.lock.Unlock()
	}
	for _, d := range w.replicas {
		_, err := d.Sweep(t.Context())
		must(t, err)
	}
}

// clear ends the bad weather and looks at what it left.
func (w *weather) clear(t *testing.T) {
	t.Helper()
	w.scheme.setTrouble(nil)
	w.later(t)
	d := w.replicas[0]
	gaveUp := time.After(hangs)
	for open := 1; open > 0; {
		rows, err := d.store.TokensInChange(t.Context(), 0, 10)
		must(t, err)
		depth, err := d.store.JobDepth(t.Context(), tokens.ResolveKind)
		must(t, err)
		open = len(rows) + depth.Waiting
		select {
		case <-gaveUp:
			t.Fatalf("%d changes stay open, %+v", len(rows), depth)
		case <-time.After(20 * time.Millisecond):
		}
	}
	w.later(t)
	for reference, id := range w.ids {
		_, err := d.Show(acttest.AsBank(t.Context()), tokens.ShowRequest{TokenID: id, AuditUser: user, Channel: storage.ChannelAPI, History: 1})
		must(t, err)
		d.mustAgree(t, id)
		w.mustBeRecorded(t, reference)
	}
}

// mustBeRecorded compares what was intended, recorded and sent for a token.
func (w *weather) mustBeRecorded(t *testing.T, reference string) {
	t.Helper()
	d, id := w.replicas[0], w.ids[reference]
	started, ended := map[string]int{}, map[string]int{}
	for _, r := range d.records(t, id) {
		change := r.Details.Get(walletport.DetailChangeID)
		if r.Outcome == walletport.OutcomeStarted {
			started[change]++
		} else if r.Outcome != "scheme_outcome_unknown" {
			ended[change]++
		}
	}
	asked, closed, done := 0, 0, 0
	for _, e := range d.history(t, id) {
		switch what, _, _ := strings.Cut(e, " "); what {
		case "asked":
			asked++
		case "done":
			done++
			closed++
		case "not_done":
			closed++
		}
	}
	if asked == 0 || asked != closed || len(started) != asked {
		t.Errorf("%s: %d changes were intended, %d closed, %d are in the trail", reference, asked, closed, len(started))
	}
	for change, n := range started {
		if n != 1 || ended[change] == 0 {
			t.Errorf("%s: change %s has %d first records, and %d of its end", reference, change, n, ended[change])
		}
	}
	if n := len(w.scheme.tokens[reference].History); n != done {
		t.Errorf("%s: the scheme did %d changes, and %d are known as done", reference, n, done)
	}
	if n := w.scheme.sent(reference); n > asked {
		t.Errorf("%s: %d commands came for %d intents", reference, n, asked)
	}
}
