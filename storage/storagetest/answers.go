package storagetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// lease makes the claim of a request on a key, at a moment and until another one, where what
// was claimed before a third no longer counts. Moments are in milliseconds as for at.
func lease(key, request, holder byte, ms, until, since int64) storage.AnswerLease {
	return storage.AnswerLease{
		AnswerClaim: walletport.AnswerClaim{Key: [32]byte{key}, Request: [32]byte{request}, Holder: [16]byte{holder}},
		At:          at(ms), Until: at(until), Since: at(since),
	}
}

// anAnswer has bytes that are no text.
func anAnswer(name string) walletport.KeptAnswer {
	return walletport.KeptAnswer{Status: 409, ContentType: "application/problem+json", Body: []byte("\x00\xff" + name), Outcome: "refused", RequestID: name}
}

func testAnswers(t *testing.T, database NewDatabase) {
	withStore(t, database, "a key is claimed once, and answered once", testAnswerOnce)
	withStore(t, database, "an answer no longer counts after a time, nor does a claim", testAnswerOfOld)
	withStore(t, database, "a claim that is not answered is taken over by the same request", testAnswerTakenOver)
	withStore(t, database, "a claim can be given back", testAnswerDropped)
	withStore(t, database, "old answers are forgotten, the oldest first", testForgetAnswers)
	withStore(t, database, "what nobody can keep is refused", testAnswerRefused)
	t.Run("an answer outlives the one who kept it", func(t *testing.T) {
		open := database(t)
		s := open(t)
		mustLease(t, s, lease(1, 1, 1, 5, 10, 0))
		mustKeep(t, s, lease(1, 1, 1, 5, 10, 0), anAnswer("one"), true)
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		wantAnswer(t, open(t), lease(1, 1, 2, 50, 60, 0), 1, new(anAnswer("one")))
	})
	testMade(t, database)
	t.Run("one of many callers on three replicas claims a key", func(t *testing.T) { testConcurrentLeases(t, database(t)) })
}

func testAnswerOnce(t *testing.T, s storage.Store) {
	first := lease(1, 1, 1, 5, 10, 0)
	mustLease(t, s, first)
	wantAnswer(t, s, lease(1, 1, 2, 6, 11, 0), 1, nil) // the same request
	wantAnswer(t, s, lease(1, 9, 2, 6, 11, 0), 1, nil) // another one
	mustLease(t, s, lease(2, 1, 2, 6, 11, 0))          // another key
	mustKeep(t, s, lease(1, 1, 7, 5, 10, 0), anAnswer("of nobody"), false)
	mustKeep(t, s, first, anAnswer("first"), true)
	mustKeep(t, s, first, anAnswer("first"), true) // as after a lost answer
	for _, ms := range []int64{7, 10, 11, 1000} {  // the end of the lease is of nothing now
		wantAnswer(t, s, lease(1, 1, 3, ms, ms+5, 0), 1, new(anAnswer("first")))
		wantAnswer(t, s, lease(1, 9, 3, ms, ms+5, 0), 1, new(anAnswer("first")))
	}
	noErr(t, "DropAnswer", s.DropAnswer(t.Context(), first.AnswerClaim)) // it is answered
	wantAnswer(t, s, lease(1, 1, 3, 20, 25, 5), 1, new(anAnswer("first")))
	empty := walletport.KeptAnswer{Status: 204, Outcome: walletport.OutcomeOK, RequestID: "r"}
	mustKeep(t, s, lease(2, 1, 2, 6, 11, 0), empty, true)
	wantAnswer(t, s, lease(2, 1, 3, 7, 11, 0), 1, &empty)
}

func testAnswerOfOld(t *testing.T, s storage.Store) {
	for key, isAnswered := range []bool{false, true} {
		key := byte(key)
		first := lease(key, 1, 1, 5, 100, 0)
		mustLease(t, s, first)
		if isAnswered {
			mustKeep(t, s, first, anAnswer("first"), true)
		}
		mustLease(t, s, lease(key, 9, 2, 30, 35, 6)) // another request
		wantAnswer(t, s, lease(key, 1, 3, 31, 36, 30), 9, nil)
		mustKeep(t, s, first, anAnswer("too late"), false)
		wantAnswer(t, s, lease(key, 9, 3, 31, 36, 30), 9, nil)
	}
	wantAnswers(t, s, 2)
}

func testAnswerTakenOver(t *testing.T, s storage.Store) {
	dead := lease(1, 1, 1, 5, 10, 0)
	mustLease(t, s, dead)
	wantAnswer(t, s, lease(1, 1, 2, 10, 20, 0), 1, nil) // to the millisecond
	wantAnswer(t, s, lease(1, 9, 2, 11, 20, 0), 1, nil) // another request does not get the key
	next := lease(1, 1, 2, 11, 20, 0)
	mustLease(t, s, next)
	wantAnswer(t, s, lease(1, 1, 3, 20, 30, 0), 1, nil)
	mustKeep(t, s, dead, anAnswer("of the dead"), false)
	noErr(t, "DropAnswer", s.DropAnswer(t.Context(), dead.AnswerClaim)) // it does not stand any more
	wantAnswer(t, s, lease(1, 1, 3, 20, 30, 0), 1, nil)
	mustKeep(t, s, next, anAnswer("next"), true)
	wantAnswer(t, s, lease(1, 1, 3, 50, 60, 0), 1, new(anAnswer("next")))
	wantAnswers(t, s, 1)
}

func testAnswerDropped(t *testing.T, s storage.Store) {
	first := lease(1, 1, 1, 5, 10, 0)
	mustLease(t, s, first)
	noErr(t, "DropAnswer of another's", s.DropAnswer(t.Context(), lease(1, 1, 2, 5, 10, 0).AnswerClaim))
	wantAnswer(t, s, lease(1, 1, 2, 6, 11, 0), 1, nil)
	noErr(t, "DropAnswer", s.DropAnswer(t.Context(), first.AnswerClaim))
	noErr(t, "DropAnswer again", s.DropAnswer(t.Context(), first.AnswerClaim))
	mustKeep(t, s, first, anAnswer("first"), false)
	mustLease(t, s, lease(1, 9, 2, 6, 11, 0)) // even another request
}

func testForgetAnswers(t *testing.T, s storage.Store) {
	for i, key := range []byte{3, 1, 2, 5, 4} { // claimed at 0, 10, 20, 30, 40
		mustLease(t, s, lease(key, 1, 1, int64(10*i), 1000, 0))
	}
	for _, f := range []struct {
		before int64
		limit  int
		want   int
	}{{0, 10, 0}, {40, 0, 0}, {40, -1, 0}, {40, 3, 3}, {40, 3, 1}, {40, 3, 0}} {
		wantEqual(t, "forgotten", must(s.ForgetAnswers(t.Context(), at(f.before), f.limit))(t, "ForgetAnswers"), f.want)
		wantAnswer(t, s, lease(4, 1, 2, 50, 60, 0), 1, nil)
	}
	for _, key := range []byte{3, 1, 2, 5} {
		mustLease(t, s, lease(key, 9, 2, 50, 60, 0))
	}
}

func testAnswerRefused(t *testing.T, s storage.Store) {
	claim := lease(1, 1, 1, 5, 10, 0)
	mustLease(t, s, claim)
	for _, c := range []struct {
		name   string
		change func(*walletport.KeptAnswer)
		code   walletport.Code
	}{
		{"a request id with a zero", func(a *walletport.KeptAnswer) { a.RequestID = "zero \x00" }, walletport.CodeInvalid},
		{"a content type that is not UTF-8", func(a *walletport.KeptAnswer) { a.ContentType = "broken \xff" }, walletport.CodeInvalid},
		{"an outcome with a zero", func(a *walletport.KeptAnswer) { a.Outcome = "\x00" }, walletport.CodeInvalid},
		{"no status", func(a *walletport.KeptAnswer) { a.Status = 0 }, walletport.CodeInternal},
	} {
		answer := anAnswer("x")
		c.change(&answer)
		_, err := s.KeepAnswer(t.Context(), claim.AnswerClaim, answer)
		if walletport.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, wrong := range []storage.AnswerLease{lease(2, 1, 1, 5, 4, 0), lease(2, 1, 1, 5, 10, 6)} {
		if _, err := s.ClaimAnswer(t.Context(), wrong); walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("a claim that does not count is taken: %v", err)
		}
	}
	wantAnswer(t, s, lease(1, 1, 2, 6, 11, 0), 1, nil)
	wantAnswers(t, s, 1)
}

// testConcurrentLeases has many callers claim one key, first a new one, then one whose time
// is over, then one that no longer counts.
func testConcurrentLeases(t *testing.T, open Open) {
	const callers = 24
	replicas := []storage.Store{open(t), open(t), open(t)}
	for _, round := range []struct{ ms, since int64 }{{0, 0}, {1000, 0}, {2000, 1900}} {
		counts := make([]int, callers)
		wantNoErrors(t, each(callers, func(i int) error {
			state, err := replicas[i%len(replicas)].ClaimAnswer(t.Context(), lease(1, 1, byte(i), round.ms+int64(i), round.ms+100, round.since))
			if err == nil && state.IsClaimed {
				counts[i]++
			}
			return err
		}))
		wantEqual(t, fmt.Sprintf("callers who claimed it at %d", round.ms), sum(counts), 1)
	}
}

func mustLease(t testing.TB, s storage.Store, l storage.AnswerLease) {
	t.Helper()
	wantEqual(t, "claim", must(s.ClaimAnswer(t.Context(), l))(t, "ClaimAnswer"), storage.AnswerState{IsClaimed: true})
}

// wantAnswer tries to claim a key, which something else has.
func wantAnswer(t testing.TB, s storage.Store, l storage.AnswerLease, request byte, answer *walletport.KeptAnswer) {
	t.Helper()
	got := must(s.ClaimAnswer(t.Context(), l))(t, "ClaimAnswer")
	wantEqual(t, "claim", got, storage.AnswerState{Request: [32]byte{request}, Answer: answer})
}

func mustKeep(t testing.TB, s storage.Store, l storage.AnswerLease, a walletport.KeptAnswer, want bool) {
	t.Helper()
	wantEqual(t, "kept", must(s.KeepAnswer(t.Context(), l.AnswerClaim, a))(t, "KeepAnswer"), want)
}

// wantAnswers counts the keys, and forgets them.
func wantAnswers(t testing.TB, s storage.Store, want int) {
	t.Helper()
	wantEqual(t, "keys", must(s.ForgetAnswers(t.Context(), at(time.Hour.Milliseconds()), 1000))(t, "ForgetAnswers"), want)
}

func noErr(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
