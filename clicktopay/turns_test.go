package clicktopay_test

import (
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/scheme"
)

// TestAnswersAreOpenedInTurns: no more at a time than there are turns, of both kinds together.
func TestAnswersAreOpenedInTurns(t *testing.T) {
	const waiting = 5
	turns := clicktopay.NewTurns()
	began, goOn := make(chan struct{}, turns.Count()+waiting), make(chan struct{})
	open := func() { began <- struct{}{}; <-goOn }
	query := clicktopay.QueryIn(turns, scheme.Query[int]{Read: func(scheme.Answer) (int, error) { open(); return 7, nil }})
	command := turns.Command(scheme.Command{Read: func(scheme.Answer) scheme.Outcome { open(); return scheme.Outcome{Reference: "7"} }})
	var all sync.WaitGroup
	for n := range turns.Count() + waiting {
		all.Go(func() {
			if n%2 == 0 {
				if got := command.Read(scheme.Answer{}); got.Reference != "7" {
					t.Errorf("outcome %+v", got)
				}
				return
			}
			if got, err := query.Read(scheme.Answer{}); err != nil || got != 7 {
				t.Errorf("answer %d, %v", got, err)
			}
		})
	}
	for range turns.Count() {
		<-began
	}
	select {
	case <-began:
		t.Error("more are opened at a time than there are turns")
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	all.Wait()
}

// TestCallsGoBeforeAttempts: an answer is opened when the call is answered, or after a while.
func TestCallsGoBeforeAttempts(t *testing.T) {
	turns := clicktopay.NewTurns()
	opened := make(chan struct{})
	open := turns.Command(scheme.Command{Read: func(scheme.Answer) scheme.Outcome { close(opened); return scheme.Outcome{} }})

	answered := turns.Call()
	began := time.Now()
	go open.Read(scheme.Answer{})
	<-opened
	if waited := time.Since(began); waited < 10*time.Millisecond {
		t.Errorf("an answer was opened %s after a call began that is not answered", waited)
	}
	answered()

	again := make(chan struct{})
	open = turns.Command(scheme.Command{Read: func(scheme.Answer) scheme.Outcome { close(again); return scheme.Outcome{} }})
	go open.Read(scheme.Answer{})
	<-again // nobody is waited for any more
}
