package storagetest

import (
	"errors"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testMade(t *testing.T, database NewDatabase) {
	withStore(t, database, "what a request has made goes to whoever takes its claim over", testMadeIsTakenOver)
	withStore(t, database, "what a request has made keeps the key that is given back", testMadeIsNotDropped)
	withStore(t, database, "nothing is made by a claim that does not stand", testMadeByNobody)
	withStore(t, database, "what is made is noted with all of its transaction, or not", testMadeInTransaction)
	t.Run("a claim is taken over before the commit of what it makes, or after it", func(t *testing.T) { testMadeAtOnce(t, database(t)) })
}

// noteMade notes what a claim makes, in a transaction of its own.
func noteMade(t testing.TB, s storage.Store, l storage.AnswerLease, id string) error {
	t.Helper()
	return s.Update(t.Context(), func(tx storage.Tx) error { return tx.NoteMade(l.AnswerClaim, id) })
}

// wantMade claims a key, and wants to be told what its request made before.
func wantMade(t testing.TB, s storage.Store, l storage.AnswerLease, made string) {
	t.Helper()
	wantEqual(t, "claim", must(s.ClaimAnswer(t.Context(), l))(t, "ClaimAnswer"), storage.AnswerState{IsClaimed: true, Made: made})
}

func testMadeIsTakenOver(t *testing.T, s storage.Store) {
	dead := lease(1, 1, 1, 5, 10, 0)
	mustLease(t, s, dead)
	noErr(t, "NoteMade", noteMade(t, s, dead, "first"))
	noErr(t, "NoteMade again", noteMade(t, s, dead, "second"))
	wantAnswer(t, s, lease(1, 1, 2, 10, 20, 0), 1, nil) // it runs
	wantAnswer(t, s, lease(1, 9, 2, 11, 20, 0), 1, nil) // another request does not get the key
	next := lease(1, 1, 2, 11, 20, 0)
	wantMade(t, s, next, "second")
	wantMade(t, s, lease(1, 1, 3, 21, 30, 0), "second") // and so does who takes over from that one
	mustKeep(t, s, lease(1, 1, 3, 21, 30, 0), anAnswer("last"), true)
	wantAnswer(t, s, lease(1, 1, 4, 50, 60, 0), 1, new(anAnswer("last")))
	mustLease(t, s, lease(1, 1, 4, 50, 60, 22)) // a day later it is another one
	mustLease(t, s, lease(1, 1, 5, 61, 70, 0))
}

func testMadeIsNotDropped(t *testing.T, s storage.Store) {
	first := lease(1, 1, 1, 5, 100, 0)
	mustLease(t, s, first)
	noErr(t, "NoteMade", noteMade(t, s, first, "first"))
	noErr(t, "DropAnswer of another's", s.DropAnswer(t.Context(), lease(1, 1, 2, 5, 10, 0).AnswerClaim))
	wantAnswer(t, s, lease(1, 1, 2, 6, 11, 0), 1, nil)
	noErr(t, "DropAnswer", s.DropAnswer(t.Context(), first.AnswerClaim))
	wantAnswer(t, s, lease(1, 9, 2, 6, 11, 0), 1, nil)
	wantMade(t, s, lease(1, 1, 2, 6, 11, 0), "first")
	wantAnswers(t, s, 1)
}

func testMadeByNobody(t *testing.T, s storage.Store) {
	wantInProgress := func(name string, l storage.AnswerLease) {
		if err := noteMade(t, s, l, "x"); walletport.CodeOf(err) != walletport.CodeConflict || walletport.ReasonOf(err) != "idempotency_in_progress" {
			t.Errorf("%s: %v", name, err)
		}
	}
	dead, answered := lease(1, 1, 1, 5, 10, 0), lease(2, 1, 1, 5, 10, 0)
	wantInProgress("without a claim", dead)
	mustLease(t, s, dead)
	wantInProgress("of another holder", lease(1, 1, 2, 5, 10, 0))
	mustLease(t, s, lease(1, 1, 2, 11, 20, 0))
	wantInProgress("taken over", dead)
	mustLease(t, s, answered)
	mustKeep(t, s, answered, anAnswer("first"), true)
	wantInProgress("answered", answered)
	mustLease(t, s, lease(1, 1, 3, 21, 30, 0))
	for id, code := range map[string]walletport.Code{"": walletport.CodeInternal, "zero \x00": walletport.CodeInvalid} {
		if err := noteMade(t, s, lease(1, 1, 3, 21, 30, 0), id); walletport.CodeOf(err) != code {
			t.Errorf("of the id %q: %v", id, err)
		}
	}
	mustLease(t, s, lease(1, 1, 4, 31, 40, 0))
}

func testMadeInTransaction(t *testing.T, s storage.Store) {
	claim, one := lease(1, 1, 1, 5, 10, 0), client("one")
	mustLease(t, s, claim)
	errRefused := errors.New("refused")
	for _, refusal := range []error{errRefused, nil} {
		err := s.Update(t.Context(), func(tx storage.Tx) error {
			return errors.Join(tx.NoteMade(claim.AnswerClaim, "first"), tx.AddClient(one), refusal)
		})
		if !errors.Is(err, refusal) {
			t.Errorf("Update: %v", err)
		}
		made := map[bool]string{true: "first", false: ""}[refusal == nil]
		claim = lease(1, 1, claim.Holder[0]+1, claim.Until.UnixMilli()+1, claim.Until.UnixMilli()+5, 0)
		wantMade(t, s, claim, made)
	}
	err := s.Update(t.Context(), func(tx storage.Tx) error {
		one.ID = "two"
		return errors.Join(tx.AddClient(one), tx.NoteMade(lease(1, 1, 1, 5, 10, 0).AnswerClaim, "late"))
	})
	if walletport.ReasonOf(err) != "idempotency_in_progress" {
		t.Errorf("Update of the one that was taken over: %v", err)
	}
	if clients := must(s.Clients(t.Context()))(t, "Clients"); len(clients) != 1 {
		t.Errorf("there are %d clients, want 1", len(clients))
	}
}

// testMadeAtOnce has claims taken over while their holders commit, on two replicas: what was
// made is known to whoever has the claim then, or it was not made.
func testMadeAtOnce(t *testing.T, open Open) {
	slow, next := open(t), open(t)
	for key := range byte(40) {
		dead := lease(key, 1, 1, 5, 10, 0)
		mustLease(t, slow, dead)
		var noted error
		var state storage.AnswerState
		wantNoErrors(t, each(2, func(i int) (err error) {
			if i == 0 {
				noted = noteMade(t, slow, dead, "made")
				return nil
			}
			state, err = next.ClaimAnswer(t.Context(), lease(key, 1, 2, 11, 20, 0))
			return err
		}))
		want := storage.AnswerState{IsClaimed: true}
		if noted == nil {
			want.Made = "made"
		} else if walletport.ReasonOf(noted) != "idempotency_in_progress" {
			t.Fatalf("NoteMade: %v", noted)
		}
		wantEqual(t, "claim", state, want)
	}
}
