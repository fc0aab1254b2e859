package clicktopay_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// playing is what the script says of a call.
func (p *played) playing(call string) play {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.counts[call]++
	if p.script == nil {
		return play{}
	}
	return p.script(call, p.counts[call])
}

// Ask implements scheme.Line.
func (p *played) Ask(ctx context.Context, q scheme.Question) error {
	how := p.playing(q.Name)
	if how.before != nil {
		how.before()
	}
	if how.held != nil {
		select {
		case <-how.held:
		case <-ctx.Done():
			return scheme.ErrNoAnswer()
		}
	}
	switch {
	case how.refused != nil:
		return again(how.refused)
	case how.lost || how.noAnswer || ctx.Err() != nil:
		return scheme.ErrUnavailable()
	}
	if _, err := q.Read(scheme.Answer{Status: p.tell(how.result)}); err != nil {
		return err
	}
	if how.after != nil {
		how.after()
	}
	return nil
}

// again is the same refusal with texts of its own: whoever gets one wipes them, and a script
// may be of several tests at once.
func again(refusal error) error {
	said, ok := errors.AsType[*walletport.Error](refusal)
	faults := scheme.FaultsOf(refusal)
	if !ok || faults == nil {
		return refusal
	}
	return said.WithCause(&scheme.Refusal{Faults: copied(faults)})
}

func copied(faults []scheme.Fault) []scheme.Fault {
	faults = slices.Clone(faults)
	for i, f := range faults {
		faults[i].Text = private(string(f.Text.Reveal()))
	}
	return faults
}

// tell keeps a result that is told in place of the true one, and returns its number; 0 is none.
func (p *played) tell(result *scheme.EnrolmentResult) int {
	if result == nil {
		return 0
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	told := *result
	told.Faults = copied(told.Faults)
	p.told = append(p.told, told)
	return len(p.told)
}

// Send implements scheme.Line.
func (p *played) Send(ctx context.Context, c scheme.Command) scheme.Outcome {
	how := p.playing(c.Name)
	request, err := c.Request(p.now(), rand.Reader)
	if err != nil {
		return scheme.Outcome{Effect: scheme.Refused, Err: err}
	}
	var m playedMessage
	if err := json.Unmarshal(request.Body, &m); err != nil {
		return scheme.Outcome{Effect: scheme.Refused, Err: err}
	}
	if how.before != nil {
		how.before()
	}
	if how.held != nil {
		select {
		case <-how.held:
		case <-ctx.Done():
			return scheme.Outcome{Err: scheme.ErrNoAnswer()}
		}
	}
	if how.refused != nil {
		p.note(m)
		return scheme.Outcome{Effect: scheme.Refused, Err: again(how.refused)}
	}
	if how.lost {
		p.note(m)
		return scheme.Outcome{Err: scheme.ErrNoAnswer()}
	}
	out := p.take(m, how.late)
	if how.after != nil {
		how.after()
	}
	if how.noAnswer || how.late {
		return scheme.Outcome{Err: scheme.ErrNoAnswer()}
	}
	if out.Effect == scheme.Done {
		return c.Read(scheme.Answer{Body: []byte(out.Reference)})
	}
	return out
}

// note is of a call that does nothing here.
func (p *played) note(m playedMessage) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.calls = append(p.calls, m.Call+" "+m.ID)
}

// take takes a request. One that is late is at work when somebody sends the next.
func (p *played) take(m playedMessage, late bool) scheme.Outcome {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.calls = append(p.calls, m.Call+" "+m.ID)
	p.arrive(m.ID)
	if p.isAtWork(m.ID) {
		p.met++
		return scheme.Outcome{Effect: scheme.Refused, Err: busy()}
	}
	r := &playedRequest{playedMessage: m, endsAt: p.now().Add(p.takes)}
	if late {
		r.endsAt = time.Unix(1<<40, 0)
		r.ended = true // nobody sees it before it comes in
		p.requests = append(p.requests, r)
		return scheme.Outcome{}
	}
	if faults := p.faultsOf(m); p.atOnce && len(faults) > 0 {
		return scheme.Outcome{Effect: scheme.Refused, Err: refusal(faults...)}
	}
	p.requests = append(p.requests, r)
	return scheme.Outcome{Effect: scheme.Done, Reference: fmt.Sprintf("trace %d", len(p.requests))}
}

// arrive does what was late.
func (p *played) arrive(id string) {
	for _, r := range p.requests {
		if r.ID == id && r.ended && r.endsAt.Equal(time.Unix(1<<40, 0)) {
			r.endsAt = time.Time{}
			p.apply(r.playedMessage)
		}
	}
}

func (p *played) setScript(script func(call string, nth int) play) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.script = script
}

// sent counts the requests for changes that came for a consumer.
func (p *played) sent(id string) (n int) { return p.count(&p.calls, id) }

// made counts those that were made.
func (p *played) made(id string) (n int) {
	p.truth(id) // so that all is done that may be
	return p.count(&p.applied, id)
}

func (p *played) count(all *[]string, id string) (n int) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, c := range *all {
		if strings.HasSuffix(c, " "+id) {
			n++
		}
	}
	return n
}

// truth is what there is of a consumer: "none", else whether they are active and the last four
// digits of their cards.
func (p *played) truth(id string) string {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.isAtWork(id)
	c := p.consumers[id]
	if c == nil {
		return "none"
	}
	var cards []string
	for number := range c.Cards {
		cards = append(cards, number[len(number)-4:])
	}
	slices.Sort(cards)
	state := "active"
	if c.Inactive {
		state = "inactive"
	}
	return strings.TrimSpace(state + " " + strings.Join(cards, " "))
}

// isChange reports whether a call is for a change.
func isChange(call string) bool { return call != "getData" && call != "requestStatus" }

// times has that happen to the first n calls of a kind.
func times(n int, is func(call string) bool, what play) func(string, int) play {
	return func(call string, nth int) play {
		if is(call) && nth <= n {
			return what
		}
		return play{}
	}
}

func once(is func(call string) bool, what play) func(string, int) play { return times(1, is, what) }

// asked counts the questions of a name.
func (p *played) asked(call string) int {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.counts[call]
}

// enrolElsewhere is what somebody else does: the consumer is enrolled, without a card of ours.
func (p *played) enrolElsewhere(id string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.consumers[id] = &playedConsumer{Cards: map[string]playedCard{}}
}

// leave ends a consumer's enrolment as the cardholder does at Visa's site.
func (p *played) leave(id string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	delete(p.consumers, id)
}

func (p *played) setDrops(drops bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.drops = drops
}

// last is the last call for a change.
func (p *played) last() string {
	p.lock.Lock()
	defer p.lock.Unlock()
	call, _, _ := strings.Cut(p.calls[len(p.calls)-1], " ")
	return call
}
