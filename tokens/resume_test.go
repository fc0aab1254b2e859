package tokens_test

import (
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/storage"
)

// TestTheHistoryOfAResume never says that a token can pay which the scheme says cannot: it is
// asked before the outcome is stored. What it says too late is stored after.
func TestTheHistoryOfAResume(t *testing.T) {
	for _, c := range []struct {
		name  string
		truth []walletport.Holder
		slow  bool
		want  []string
		to    string // of the record
	}{
		{"of a token that nobody else holds", []walletport.Holder{issuer}, false, []string{"asked SUSPENDED>ACTIVE", "done SUSPENDED>ACTIVE"}, "ACTIVE"},
		{"of a token that the cardholder holds too", []walletport.Holder{issuer, cardholder}, false,
			[]string{"asked SUSPENDED>ACTIVE", "done SUSPENDED>SUSPENDED", "holders >CARDHOLDER"}, "SUSPENDED"},
		{"at a scheme that does not say at first", []walletport.Holder{issuer, cardholder}, true,
			[]string{"asked SUSPENDED>ACTIVE", "done SUSPENDED>ACTIVE", "status ACTIVE>SUSPENDED", "holders >CARDHOLDER"}, "ACTIVE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				d := newDesk(t, database, newFakeScheme())
				id := d.add(t, "DW", time.Minute, walletport.TokenSuspended, issuer)
				d.scheme.put("DW", walletport.TokenSuspended, slices.Clone(c.truth)...)
				asked := 0
				d.scheme.setTrouble(func(call string) trouble {
					if call == "search" {
						asked++
					}
					return trouble{noAnswer: c.slow && asked == 1 && call == "search"}
				})
				got, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenResume))
				must(t, err)
				d.mustAgree(t, id)
				if row := d.row(t, id); got.Token.Status != row.Status {
					t.Errorf("the answer is %s, the row %s", got.Token.Status, row.Status)
				}
				if history := d.history(t, id)[1:]; !slices.Equal(history, c.want) {
					t.Errorf("the history is %q", history)
				}
				records := d.records(t, id)
				if end := records[len(records)-1]; end.Outcome != "ok" || end.Details.Get(walletport.DetailTo) != c.to {
					t.Errorf("the record is %+v", end)
				}
			})
		})
	}
}

// TestKilledInTheLookAfterAResume: the scheme has done it, the row does not say so yet.
func TestKilledInTheLookAfterAResume(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newFakeScheme()
		dying := newDesk(t, database, s)
		id := dying.add(t, "DW", time.Minute, walletport.TokenSuspended, issuer)
		s.put("DW", walletport.TokenSuspended, issuer, cardholder)
		s.setTrouble(func(call string) trouble {
			if call == "search" {
				return trouble{before: die}
			}
			return trouble{}
		})
		if changeUntilDeath(t, dying, id, walletport.TokenResume) {
			t.Fatal("the change outlives the kill")
		}
		if change := dying.row(t, id).Change; change.State != storage.ChangeAsked {
			t.Errorf("the change is %s", change.State)
		}
		s.setTrouble(nil)
		heir := newDesk(t, database, s)
		heir.clock.ahead.Store(int64(9 * time.Second))
		if found, err := heir.Sweep(t.Context()); err != nil || found != 1 {
			t.Errorf("the sweep finds %d, %v", found, err)
		}
		heir.work(t).next(t)
		heir.mustAgree(t, id)
		if got := outcomesOf(heir.records(t, id)); !slices.Equal(got, []string{"resume started", "resume scheme_outcome_unknown by sweep", "resume ok by job"}) || s.sent("DW") != 1 {
			t.Errorf("the records are %q, %d sent", got, s.sent("DW"))
		}
	})
}
