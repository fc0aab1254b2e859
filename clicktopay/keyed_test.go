package clicktopay_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/idempotency"
)

// keyLease is how long an idempotency key is held by a call that is not answered.
const keyLease = 25 * time.Second

// withKey returns the context of a call of acme's client that has claimed an idempotency key.
func (d *desk) withKey(t testing.TB, key byte) context.Context {
	t.Helper()
	claim := walletport.AnswerClaim{Key: [32]byte{key}, Request: [32]byte{key}}
	first, err := idempotency.New(d.clock, idempotency.Config{Rand: rand.Reader}).Claim(t.Context(), &claim, keyLease)
	must(t, err)
	if first != nil {
		t.Fatalf("the key has the answer %+v", first)
	}
	return walletport.WithAnswerClaim(acttest.AsBank(t.Context()), claim)
}

// wait sets the clock of the database ahead.
func (d *desk) wait(by time.Duration) { d.clock.ahead.Add(int64(by)) }

// TestAKeyMakesOneRequestThoughItsServerDied between the commit and the keeping of its answer:
// whatever became of the request, who calls again with the key is given it.
func TestAKeyMakesOneRequestThoughItsServerDied(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, d *desk, id string){
		"nothing":                      func(*testing.T, *desk, string) {},
		"it is completed":              func(t *testing.T, d *desk, id string) { d.complete(t, id) },
		"it is completed, and deleted": func(t *testing.T, d *desk, id string) { d.complete(t, id); d.deleteRequests(t) },
		"its card is closed": func(t *testing.T, d *desk, id string) {
			d.complete(t, id)
			d.putCard(t, deskCard, deskPAN, func(c *walletport.Card) { c.Status = walletport.CardClosed })
		},
		"something else is asked for, and the same again": func(t *testing.T, d *desk, id string) {
			d.complete(t, id)
			d.complete(t, d.mustAccept(t, asked(walletport.DeleteCard)).ID)
			d.complete(t, d.mustAccept(t, asked(walletport.UpdateCard)).ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				dying := newDesk(t, database, visaOf(newRulebook(t), nil))
				first, err := dying.Accept(dying.withKey(t, 1), asked(walletport.UpdateCard))
				must(t, err)
				meanwhile(t, dying, first.ID)
				heir := newDesk(t, database, visaOf(newRulebook(t), nil))
				kept, records := heir.kept(t), len(heir.records(t))
				for range 2 { // the first of them dies too
					heir.wait(keyLease + time.Second)
					again, err := heir.Accept(heir.withKey(t, 1), asked(walletport.UpdateCard))
					must(t, err)
					if again.ID != first.ID || !again.IsJoined {
						t.Errorf("%+v, and the first was %+v", again, first)
					}
				}
				if now := heir.kept(t); now != kept {
					t.Errorf("before: %s\nafter: %s", kept, now)
				}
				for _, r := range heir.records(t)[records:] {
					if r.Outcome != walletport.OutcomeOK || r.Details.Get(walletport.DetailRequest) != first.ID || r.CardID != deskCard {
						t.Errorf("recorded %+v", r)
					}
				}
				heir.wait(idempotency.Retention + time.Second)
				next, err := heir.Accept(heir.withKey(t, 1), asked(walletport.DeactivateCustomer))
				must(t, err)
				if next.ID == first.ID || next.IsJoined {
					t.Errorf("a day later the key gives %+v", next)
				}
			})
		})
	}
}

// deleteRequests has the sweep delete what is completed, as if it were old.
func (d *desk) deleteRequests(t *testing.T) {
	t.Helper()
	_, err := d.store.DeleteEnrolmentRequests(t.Context(), time.Now().Add(time.Hour), 100)
	must(t, err)
}

// TestAKeyThatWasTakenOverMakesNothingMore: a server that was held up until its lease was over
// must not do what another one does.
func TestAKeyThatWasTakenOverMakesNothingMore(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		slow, heir := newDesk(t, database, visaOf(newRulebook(t), nil)), newDesk(t, database, visaOf(newRulebook(t), nil))
		late := slow.withKey(t, 1)
		heir.wait(keyLease + time.Second)
		accepted, err := heir.Accept(heir.withKey(t, 1), asked(walletport.UpdateCard))
		must(t, err)
		heir.complete(t, accepted.ID)
		kept := heir.kept(t)
		_, err = slow.Accept(late, asked(walletport.UpdateCard))
		mustReason(t, err, "idempotency_in_progress")
		if now := heir.kept(t); now != kept {
			t.Errorf("before: %s\nafter: %s", kept, now)
		}
	})
}

// TestAKeyThatJoinedStaysWithWhatItJoined, though its server died and the request was completed.
func TestAKeyThatJoinedStaysWithWhatItJoined(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		d := newDesk(t, database, visaOf(newRulebook(t), nil))
		first := d.mustAccept(t, asked(walletport.UpdateCard))
		joined, err := d.Accept(d.withKey(t, 1), asked(walletport.UpdateCard))
		must(t, err)
		d.complete(t, first.ID)
		d.wait(keyLease + time.Second)
		again, err := d.Accept(d.withKey(t, 1), asked(walletport.UpdateCard))
		must(t, err)
		if joined.ID != first.ID || again.ID != first.ID || len(d.requests(t)) != 1 {
			t.Errorf("%+v, then %+v, and the first was %+v", joined, again, first)
		}
	})
}

// TestAKeyWhoseCommitWasNotAnsweredIsTheSameRequest: the caller was told audit_unavailable, and
// asks again when all is done.
func TestAKeyWhoseCommitWasNotAnsweredIsTheSameRequest(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		d := newDesk(t, database, visaOf(newRulebook(t), nil))
		d.trail.after = func(int) error {
			return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the database is gone")
		}
		ctx := d.withKey(t, 1)
		_, err := d.Accept(ctx, asked(walletport.UpdateCard))
		mustReason(t, err, "audit_unavailable")
		d.trail.after = nil
		claim, _ := walletport.AnswerClaimFrom(ctx)
		must(t, idempotency.New(d.clock, idempotency.Config{}).Drop(t.Context(), claim))
		id := d.requests(t)[0].ID
		d.complete(t, id)
		again, err := d.Accept(d.withKey(t, 1), asked(walletport.UpdateCard)) // at once
		must(t, err)
		if again.ID != id || len(d.requests(t)) != 1 {
			t.Errorf("%+v, want %s", again, id)
		}
	})
}
