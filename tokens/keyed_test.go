package tokens_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/idempotency"
	"github.com/walletport/walletport/scheme"
)

// keyLease is how long an idempotency key is held by a call that is not answered.
const keyLease = 25 * time.Second

// withKey returns the context of a call that has claimed an idempotency key for a request on a
// token.
func (d *desk) withKey(t testing.TB, key byte, id walletport.TokenID) context.Context {
	t.Helper()
	claim := walletport.AnswerClaim{Key: [32]byte{key, byte(id)}, Request: [32]byte{key, byte(id)}}
	first, err := idempotency.New(d.clock, idempotency.Config{Rand: rand.Reader}).Claim(t.Context(), &claim, keyLease)
	must(t, err)
	if first != nil {
		t.Fatalf("the key has the answer %+v", first)
	}
	return walletport.WithAnswerClaim(acttest.AsBank(t.Context()), claim)
}

// outlive sets the database's clock so far ahead of another replica's that its lease is over.
func (d *desk) outlive(other *desk) {
	d.clock.ahead.Store(other.clock.ahead.Load() + int64(keyLease+time.Second))
}

// mustChange asks for a change without a key.
func (d *desk) mustChange(t testing.TB, id walletport.TokenID, action walletport.TokenAction) {
	t.Helper()
	_, err := d.Change(acttest.AsBank(t.Context()), ask(id, action))
	must(t, err)
}

// TestAKeyMakesOneChangeThoughItsServerDied after the change was done, or before: who calls
// again with the key is told of that change, and another one since is not undone.
func TestAKeyMakesOneChangeThoughItsServerDied(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		t.Run("when it was done, and undone since", func(t *testing.T) {
			s := newFakeScheme()
			dying, heir := newDesk(t, database, s), newDesk(t, database, s)
			id := dying.add(t, "KEY-1", time.Minute, active)
			first, err := dying.Change(dying.withKey(t, 1, id), ask(id, walletport.TokenSuspend))
			must(t, err)
			dying.mustChange(t, id, walletport.TokenResume)
			for range 2 { // the first of them dies too
				heir.outlive(heir)
				again, err := heir.Change(heir.withKey(t, 1, id), ask(id, walletport.TokenSuspend))
				must(t, err)
				if again.ChangeID != first.ChangeID || again.Token.Status != active {
					t.Errorf("%+v, and the first was %+v", again, first)
				}
			}
			if s.sent("KEY-1") != 2 || s.truth("KEY-1") != "ACTIVE []" {
				t.Errorf("%d commands were sent, and the scheme has %s", s.sent("KEY-1"), s.truth("KEY-1"))
			}
		})
		t.Run("sent, without an answer", func(t *testing.T) {
			s := newFakeScheme()
			dying, heir := newDesk(t, database, s), newDesk(t, database, s)
			id := dying.add(t, "KEY-2", time.Minute, active)
			s.setTrouble(onCommand(trouble{after: die}))
			ctx := dying.withKey(t, 2, id)
			if dying.changeUntilDeath(t, ctx, id, walletport.TokenSuspend) {
				t.Fatal("the change outlives the kill")
			}
			s.setTrouble(nil)
			heir.outlive(dying)
			heir.work(t)
			again := heir.withKey(t, 2, id)
			if found, err := heir.Sweep(t.Context()); err != nil || found != 1 {
				t.Errorf("the sweep finds %d, %v", found, err)
			}
			got, err := heir.Change(again, ask(id, walletport.TokenSuspend))
			must(t, err)
			if got.ChangeID != heir.row(t, id).Change.ID || s.sent("KEY-2") != 1 {
				t.Errorf("%+v, %d commands were sent", got, s.sent("KEY-2"))
			}
			heir.mustAgree(t, id)
		})
	})
}

// TestAKeyWhoseChangeWasNotDoneCanMakeIt: nothing is done twice.
func TestAKeyWhoseChangeWasNotDoneCanMakeIt(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		d := newDesk(t, database, newFakeScheme())
		id := d.add(t, "KEY", time.Minute, active)
		d.scheme.setTrouble(onCommand(trouble{isRefused: scheme.ErrRateLimited()}))
		_, err := d.Change(d.withKey(t, 1, id), ask(id, walletport.TokenSuspend))
		mustReason(t, err, "scheme_rate_limited")
		d.scheme.setTrouble(nil)
		for range 2 {
			d.outlive(d)
			_, err = d.Change(d.withKey(t, 1, id), ask(id, walletport.TokenSuspend))
			must(t, err)
		}
		if d.scheme.sent("KEY") != 1 {
			t.Errorf("%d commands were sent", d.scheme.sent("KEY"))
		}
		d.mustAgree(t, id)
	})
}

// TestAKeyThatWasTakenOverChangesNothing: a server that was held up until its lease was over
// must not do what another one does.
func TestAKeyThatWasTakenOverChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newFakeScheme()
		slow, heir := newDesk(t, database, s), newDesk(t, database, s)
		id := slow.add(t, "KEY", time.Minute, active)
		late := slow.withKey(t, 1, id)
		heir.outlive(slow)
		_, err := heir.Change(heir.withKey(t, 1, id), ask(id, walletport.TokenSuspend))
		must(t, err)
		heir.mustChange(t, id, walletport.TokenResume)
		_, err = slow.Change(late, ask(id, walletport.TokenSuspend))
		mustReason(t, err, "idempotency_in_progress")
		if got := s.truth("KEY"); got != "ACTIVE []" || s.sent("KEY") != 2 {
			t.Errorf("the scheme has %s after %d commands", got, s.sent("KEY"))
		}
		last := slow.records(t, id)[4]
		if last.Outcome != "idempotency_in_progress" || last.Details.Get(walletport.DetailChangeID) != "" {
			t.Errorf("recorded %+v", last)
		}
	})
}

// TestAKeyThatJoinedStaysWithWhatItJoined, though its server died and the change was undone.
func TestAKeyThatJoinedStaysWithWhatItJoined(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		d := newDesk(t, database, newFakeScheme())
		id := d.add(t, "KEY", time.Minute, active)
		began, goOn := make(chan struct{}), make(chan struct{})
		d.scheme.setTrouble(onCommand(trouble{before: func() { close(began); <-goOn }}))
		first := make(chan error)
		go func() {
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			first <- err
		}()
		<-began
		d.scheme.setTrouble(nil)
		found := d.clock.reads.Load() + 1 // the read by which the second finds the token; then it waits
		d.clock.read = func(n int64) {
			if n == found+1 {
				close(goOn)
			}
		}
		joined := make(chan error)
		ctx := d.withKey(t, 1, id)
		go func() {
			_, err := d.Change(ctx, ask(id, walletport.TokenSuspend))
			joined <- err
		}()
		must(t, <-first)
		must(t, <-joined)
		d.mustChange(t, id, walletport.TokenResume)
		d.outlive(d)
		again, err := d.Change(d.withKey(t, 1, id), ask(id, walletport.TokenSuspend))
		must(t, err)
		if again.Token.Status != active || d.scheme.sent("KEY") != 2 {
			t.Errorf("%+v after %d commands: %q", again, d.scheme.sent("KEY"), d.history(t, id))
		}
	})
}
