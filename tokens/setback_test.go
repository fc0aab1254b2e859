package tokens_test

import (
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// TestAListAfterTheClockWasSetBack is of the scheme's word of now, not of the one that was
// stored under a moment that is yet to come.
func TestAListAfterTheClockWasSetBack(t *testing.T) {
	b := openBank(t)
	b.later(time.Hour)
	b.has(token("ref-a"))
	b.mustList(t)
	b.later(-time.Hour)
	b.has(token("ref-a", suspended(walletport.HolderIssuer)), token("ref-b"))
	for range 2 { // the second is from the store, whose moments are those of now again
		list := b.mustList(t)
		if len(list.Tokens) != 2 || list.Tokens[0].Status != walletport.TokenSuspended || list.IsOld {
			t.Errorf("the list is %+v", list)
		}
		b.has()
	}
}

// TestAChangeAfterTheClockWasSetBack is stored as it was done.
func TestAChangeAfterTheClockWasSetBack(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		d := newDesk(t, database, newFakeScheme())
		d.clock.ahead.Store(int64(time.Hour))
		id := d.add(t, "DW-1", time.Second, active)
		d.clock.ahead.Store(0)
		changed, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
		must(t, err)
		if changed.Token.Status != walletport.TokenSuspended {
			t.Errorf("the answer is %+v", changed)
		}
		d.mustAgree(t, id)
	})
}

// TestAnInterruptedChangeAfterTheClockWasSetBack is found, and closed, as any other.
func TestAnInterruptedChangeAfterTheClockWasSetBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		after trouble
		state storage.ChangeState
	}{
		{"done", trouble{after: die}, storage.ChangeDone},
		{"not done", trouble{before: die}, storage.ChangeNotDone},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				d := newDesk(t, database, newFakeScheme(), func(p *tokens.Parts) {
					s := p.Schemes[walletport.Mastercard]
					s.Manager = fakeManager{byState: true, settle: 500 * time.Millisecond}
					p.Schemes = map[walletport.SchemeID]tokens.Scheme{walletport.Mastercard: s}
				})
				d.clock.ahead.Store(int64(time.Hour))
				id := d.add(t, "DW-1", time.Second, active)
				d.scheme.setTrouble(onCommand(c.after))
				if changeUntilDeath(t, d, id, walletport.TokenSuspend) {
					t.Fatal("the change outlives the kill")
				}
				d.scheme.setTrouble(nil)
				d.clock.ahead.Store(0)
				if found, err := d.Sweep(t.Context()); err != nil || found != 1 {
					t.Fatalf("the sweep finds %d, %v", found, err)
				}
				for ends := d.work(t); ; {
					if end := ends.next(t); end.err == nil {
						break
					}
				}
				d.mustAgree(t, id)
				if state := d.row(t, id).Change.State; state != c.state {
					t.Errorf("the change is %s, want %s", state, c.state)
				}
			})
		})
	}
}
