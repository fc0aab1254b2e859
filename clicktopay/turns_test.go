package clicktopay_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
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

// TestWhichCallsAreGivenTheWay: those that somebody waits for, as long as they are answered, and
// at most half of the processors open answers.
func TestWhichCallsAreGivenTheWay(t *testing.T) {
	if got, most := clicktopay.NewTurns().Count(), max(1, runtime.GOMAXPROCS(0)/2); got != most {
		t.Errorf("%d turns, want %d", got, most)
	}
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	for channel, want := range map[storage.RequestChannel]int{clicktopay.ChannelAPI: 1, clicktopay.ChannelPortfolio: 0} {
		within := -1
		d.mustAccept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) {
			a.Channel = channel
			a.Admit = func(storage.Consumer) error { within = d.CallsNow(); return nil }
		}))
		if within != want || d.CallsNow() != 0 {
			t.Errorf("%s: %d calls while it is accepted, want %d, and %d afterwards", channel, within, want, d.CallsNow())
		}
	}
}
