package clicktopay_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// way is one that a request may go to its end.
type way struct {
	name    string
	actions []walletport.ClickToPayAction
	script  func(call string, nth int) play // nil: Visa does what it is asked for
	takes   time.Duration
	// refused: the customer is enrolled already, which Visa says at once or in the result.
	refused, atOnce bool
	steps           []string // that the way is named for
	sends           int
}

// ways are all but those that are given up. All go on with killStep between two attempts.
func ways() []way {
	actions := func(all ...walletport.ClickToPayAction) []walletport.ClickToPayAction { return all }
	some := actions(walletport.EnrolCustomer, walletport.UpdateCard, walletport.DeleteCustomer)
	enrol := some[:1]
	return []way{
		{name: "done", actions: walletport.ClickToPayActions(), steps: []string{"before requestStatus", "after requestStatus"}, sends: 1},
		{name: "done, with its answer lost", actions: some, script: once(isChange, play{noAnswer: true}), steps: []string{"before getData", "after getData"}, sends: 1},
		{name: "lost, and sent again", actions: actions(walletport.EnrolCard, walletport.DeleteCustomer), script: once(isChange, play{lost: true}), steps: []string{"before getData", "after getData"}, sends: 2},
		{name: "lost, and refused when it is sent again", actions: enrol, refused: true, atOnce: true, script: once(isChange, play{lost: true}), steps: []string{"before getData"}, sends: 2},
		{name: "busy at first", actions: actions(walletport.UpdateCustomer), script: once(isChange, play{refused: busy()}), sends: 2},
		{name: "refused at once", actions: enrol, refused: true, atOnce: true, sends: 1},
		{name: "refused in the result", actions: enrol, refused: true, steps: []string{"after requestStatus"}, sends: 1},
		{name: "at work for some time", actions: actions(walletport.DeleteCard), takes: 50 * time.Second, steps: []string{"after requestStatus"}, sends: 1},
		{name: "without a result that can be read", actions: enrol, script: once(func(call string) bool { return call == "requestStatus" }, play{refused: scheme.ErrUnavailable()}),
			steps: []string{"after requestStatus"}, sends: 1},
		{name: "with a trace id that is forgotten", actions: enrol, script: once(func(call string) bool { return call == "requestStatus" }, play{refused: scheme.ErrRequestNotFound()}),
			steps: []string{"after getData"}, sends: 1},
		{name: "ended without details", actions: enrol, script: once(func(call string) bool { return call == "requestStatus" }, play{result: &scheme.EnrolmentResult{State: scheme.EnrolmentUnclear}}),
			steps: []string{"after getData"}, sends: 1},
	}
}

// killStep is how far the clock goes on after an attempt that did not end its request.
const killStep = 35 * time.Second

// watch has every point of the replica told: each commit, before and after, and each call of
// Visa, before it arrives and after it was done. nil ends that.
func (s *site) watch(at point, script func(call string, nth int) play) {
	s.db.at, s.last.at = at, at
	if at == nil {
		s.visa.setScript(nil)
		return
	}
	s.visa.setScript(func(call string, nth int) (how play) {
		if script != nil {
			how = script(call, nth)
		}
		how.before, how.after = func() { at("before " + call) }, func() { at("after " + call) }
		return how
	})
}

// TestAKillBetweenAnyTwoSteps kills the process at each point that a request comes through on its
// way, and another replica goes on: the change is made once, or not at all where it is refused,
// and the request says so.
func TestAKillBetweenAnyTwoSteps(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		victim := newSite(t, database, newPlayed(t))
		heir := victim.another(t, database)
		for _, w := range ways() {
			for _, action := range w.actions {
				points := w.points(t, victim, action)
				for n, where := range points {
					t.Run(fmt.Sprintf("%s, %s, %d: %s", action, w.name, n, where), func(t *testing.T) { w.killAt(t, victim, heir, action, n, where) })
				}
			}
		}
	})
}

// begin has a request accepted of a customer of its own.
func (w *way) begin(t *testing.T, at *site, action walletport.ClickToPayAction) (s *site, id string) {
	t.Helper()
	s = at.ofAnother(t)
	s.visa.atOnce, s.visa.takes = false, 0
	asked := s.wished(action)
	if s.prepare(t, action); w.refused {
		s.prepare(t, walletport.EnrolCard)
		asked = s.wish(walletport.EnrolCustomer, s.second)
	}
	s.visa.forget()
	s.visa.atOnce, s.visa.takes = w.atOnce, w.takes
	return s, s.asks(t, asked)
}

// ofAnother is the same replica, with a customer of their own.
func (s *site) ofAnother(t *testing.T) *site {
	t.Helper()
	other, n := *s, siteCustomers.Add(1)
	other.customer, other.first, other.second = strconv.FormatInt(6000+n, 10), walletport.CardID(100*n), walletport.CardID(100*n+1)
	other.stock(t)
	return &other
}

// points leads a request to its end, and returns what it comes through.
func (w *way) points(t *testing.T, at *site, action walletport.ClickToPayAction) (points []string) {
	t.Helper()
	s, id := w.begin(t, at, action)
	s.watch(func(where string) { points = append(points, where) }, w.script)
	defer s.watch(nil, nil)
	s.drive(t, killStep)
	w.mustEnd(t, s, id, action)
	want := append([]string{"before a commit", "after a commit", "before " + s.visa.last(), "before the last commit", "after the last commit"}, w.steps...)
	for _, where := range want {
		if !slices.Contains(points, where) {
			t.Errorf("%s, %s comes through %q, and not %q", action, w.name, points, where)
		}
	}
	if sent := s.visa.sent(s.id()); sent != w.sends {
		t.Errorf("%s, %s: sent %d times, want %d", action, w.name, sent, w.sends)
	}
	return points
}

// mustEnd fails unless a request ended as its way does.
func (w *way) mustEnd(t *testing.T, s *site, id string, action walletport.ClickToPayAction) {
	t.Helper()
	outcome, made, truth := "SUCCESS", 1, afterwards[action]
	if w.refused {
		outcome, made, truth = "FAILED VIDC-2000", 0, "active 1111"
	}
	s.mustEnd(t, id, outcome)
	s.mustAgree(t)
	if s.visa.made(s.id()) != made || s.visa.truth(s.id()) != truth {
		t.Errorf("made %d times, want %d; Visa has %q, want %q", s.visa.made(s.id()), made, s.visa.truth(s.id()), truth)
	}
	if s.visa.met > 0 {
		t.Errorf("%d requests met another one of their consumer", s.visa.met)
	}
}

func (w *way) killAt(t *testing.T, at, heir *site, action walletport.ClickToPayAction, n int, where string) {
	s, id := w.begin(t, at, action)
	left := n
	s.watch(func(string) {
		if left--; left < 0 {
			panic(killed{})
		}
	}, w.script)
	err := s.attempt(t)
	for ; err != nil && !errors.Is(err, errKilled) && !errors.Is(err, errNoJob); err = s.attempt(t) {
		s.visa.ahead.Add(int64(killStep))
	}
	s.watch(nil, nil)
	if !errors.Is(err, errKilled) {
		t.Fatalf("the attempt that was to be killed: %v", err)
	}
	next := *heir
	next.customer, next.first, next.second = s.customer, s.first, s.second
	next.drive(t, killStep)
	w.mustEnd(t, &next, id, action)
	most := w.sends
	if w.refused || where == "after a commit" || strings.HasPrefix(where, "before ") && isChange(strings.TrimPrefix(where, "before ")) {
		most++ // the intent is durable, and Visa does not have the change
	}
	if sent := s.visa.sent(s.id()); sent > most {
		t.Errorf("sent %d times, want %d at most", sent, most)
	}
}
