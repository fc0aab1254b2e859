package clicktopay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts/clicktopay"
)

// played is Visa as a test plays it, and the line to it: it keeps consumers and their cards,
// takes a request and does it when it is asked for the next time, if its work has ended then.
// What is wrong with data, and what became of a lost request, the real messages say.
type played struct {
	*clicktopay.Messages
	ahead atomic.Int64 // how far all clocks are set ahead

	lock      sync.Mutex
	consumers map[string]*playedConsumer // by number and BID
	requests  []*playedRequest           // in the order in which they came; the trace id is the place
	calls     []string                   // what came here, as "enrol_consumer 5001"
	applied   []string                   // changes that were made, as calls are written
	met       int                        // requests that found another of their consumer at work
	takes     time.Duration              // how long the work at a request takes
	atOnce    bool                       // a request that cannot be done is refused at once, and not in its result
	drops     bool                       // what it takes it does not do
	declined  map[string]bool            // card numbers that get no token
	foreign   map[string]bool            // card numbers that Visa says are none of its
	script    func(call string, nth int) play
	counts    map[string]int
	told      []scheme.EnrolmentResult
}

type playedConsumer struct {
	playedPerson
	Cards map[string]playedCard // by number
}

type playedPerson struct {
	First, Middle, Last, Locale, Country string
	Emails, Phones                       []string
	Inactive                             bool
}

type playedCard struct {
	Name, Line1, Line2, Line3, City, State, PostalCode, Country string
	Expiry                                                      walletport.Expiry
}

// playedMessage is what a request says, in the form of this file.
type playedMessage struct {
	Call    string
	ID      string
	Person  playedPerson
	Numbers []string
	Cards   map[string]playedCard
}

type playedRequest struct {
	playedMessage
	endsAt time.Time
	ended  bool
	faults []scheme.Fault
}

// play is what happens to a call on its way.
type play struct {
	before, after func()                  // it is reached; it has done what was asked
	lost          bool                    // it is never reached, and nobody knows
	late          bool                    // lost, but it comes in right before the next one
	noAnswer      bool                    // it did it, and its answer never came
	refused       error                   // it says no
	result        *scheme.EnrolmentResult // of a question for a result: the answer
	held          <-chan struct{}         // it does not answer before
}

// settled is how long a request may take effect after it was sent.
const settled = time.Minute

func (p *played) now() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }

// forget forgets what came and was done, and not what is enrolled.
func (p *played) forget() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.calls, p.applied, p.met, p.counts = nil, nil, 0, map[string]int{}
}

func newPlayed(t testing.TB) *played {
	t.Helper()
	profile := clicktopay.DefaultProfile()
	profile.SettleAfter = settled
	messages, err := clicktopay.New(clicktopay.Config{BaseURL: "https://visa.example", Profile: profile})
	must(t, err)
	return &played{
		Messages: messages, consumers: map[string]*playedConsumer{}, declined: map[string]bool{}, foreign: map[string]bool{},
		counts: map[string]int{},
	}
}

func fault(kind scheme.FaultKind, code string) scheme.Fault {
	return scheme.Fault{Kind: kind, Code: code, Message: "visa says " + code, Text: private("wrote " + deskCanary)}
}

func faultOfNumber(kind scheme.FaultKind, code string) scheme.Fault {
	f := fault(kind, code)
	f.Field = "paymentInstruments[0].accountNumber"
	return f
}

func refusal(faults ...scheme.Fault) error {
	return scheme.ErrRefused().WithCause(&scheme.Refusal{Faults: faults})
}

func busy() error {
	return scheme.ErrBusy().WithCause(&scheme.Refusal{Faults: []scheme.Fault{fault(scheme.FaultBusy, "VIDC-3000")}})
}

// ChangeEnrolment implements scheme.Enroller.
func (p *played) ChangeEnrolment(in scheme.EnrolmentInput) (scheme.Command, error) {
	if err := p.CheckEnrolment(in.Enrolment, in.Now); err != nil {
		return scheme.Command{}, err
	}
	e := in.Enrolment
	m := playedMessage{Call: string(e.Action), ID: idOf(e.ID), Cards: map[string]playedCard{}, Person: personOf(e.Consumer)}
	for _, c := range e.Cards {
		number := string(c.PAN.Reveal())
		m.Numbers = append(m.Numbers, number)
		a := c.Address
		m.Cards[number] = playedCard{
			text(c.Name), text(a.Line1), text(a.Line2), text(a.Line3), text(a.City), text(a.State), text(a.PostalCode), a.Country, c.Expiry,
		}
	}
	return scheme.Command{Name: m.Call, Request: asking(m), Read: func(a scheme.Answer) scheme.Outcome {
		return scheme.Outcome{Effect: scheme.Done, Reference: string(a.Body)}
	}}, nil
}

func idOf(id scheme.ConsumerID) string { return id.External + "/" + id.OwnerBID }

func text(p walletport.Private) string { return string(p.Reveal()) }

func texts(ps []walletport.Private) (all []string) {
	for _, p := range ps {
		all = append(all, text(p))
	}
	return all
}

func personOf(c scheme.Consumer) playedPerson {
	return playedPerson{
		text(c.FirstName), text(c.MiddleName), text(c.LastName), c.Locale, c.Country, texts(c.Emails), texts(c.Phones), c.Inactive,
	}
}

func asking(m playedMessage) func(time.Time, io.Reader) (scheme.Request, error) {
	body, err := json.Marshal(m)
	return func(time.Time, io.Reader) (scheme.Request, error) { return scheme.Request{Body: body}, err }
}

// Enrolled implements scheme.Enroller.
func (p *played) Enrolled(in scheme.ConsumerInput) (scheme.Query[scheme.Enrolled], error) {
	id := idOf(in.ID)
	return scheme.Query[scheme.Enrolled]{Name: "getData", Request: asking(playedMessage{Call: "getData", ID: id}), Read: func(scheme.Answer) (scheme.Enrolled, error) {
		p.lock.Lock()
		defer p.lock.Unlock()
		if p.isAtWork(id) {
			return scheme.Enrolled{}, busy()
		}
		return p.show(id), nil
	}}, nil
}

// EnrolmentResult implements scheme.Enroller.
func (p *played) EnrolmentResult(in scheme.ResultInput) (scheme.Query[scheme.EnrolmentResult], error) {
	return scheme.Query[scheme.EnrolmentResult]{Name: "requestStatus", Request: asking(playedMessage{Call: "requestStatus", ID: idOf(in.ID)}), Read: func(a scheme.Answer) (scheme.EnrolmentResult, error) {
		p.lock.Lock()
		defer p.lock.Unlock()
		p.isAtWork(idOf(in.ID))
		if a.Status > 0 {
			return p.told[a.Status-1], nil
		}
		var nth int
		if _, err := fmt.Sscanf(in.Reference, "trace %d", &nth); err != nil || nth > len(p.requests) {
			return scheme.EnrolmentResult{}, scheme.ErrRequestNotFound()
		}
		switch r := p.requests[nth-1]; {
		case p.isAtWork(r.ID) && !r.ended:
			return scheme.EnrolmentResult{State: scheme.EnrolmentRuns}, nil
		case len(r.faults) > 0:
			return scheme.EnrolmentResult{State: scheme.EnrolmentFailed, Faults: copied(r.faults)}, nil
		}
		return scheme.EnrolmentResult{State: scheme.EnrolmentSucceeded}, nil
	}}, nil
}

// isAtWork reports whether a request of the consumer runs, and ends those that are done.
func (p *played) isAtWork(id string) (is bool) {
	for _, r := range p.requests {
		if r.ID != id || r.ended {
			continue
		}
		if p.now().Before(r.endsAt) {
			is = true
			continue
		}
		r.ended = true
		if r.faults = p.faultsOf(r.playedMessage); len(r.faults) == 0 && !p.drops {
			p.apply(r.playedMessage)
		}
	}
	return is
}

// faultsOf is why a request cannot be done.
func (p *played) faultsOf(m playedMessage) (faults []scheme.Fault) {
	c := p.consumers[m.ID]
	switch {
	case m.Call == "enrol_consumer" && c != nil:
		return []scheme.Fault{fault(scheme.FaultConsumerEnrolled, "VIDC-2000")}
	case m.Call != "enrol_consumer" && c == nil:
		return []scheme.Fault{fault(scheme.FaultConsumerNotEnrolled, "VIDC-2001")}
	}
	for _, number := range m.Numbers {
		isThere := false
		if c != nil {
			_, isThere = c.Cards[number]
		}
		switch {
		case m.Call == "enrol_cards" && isThere:
			faults = append(faults, fault(scheme.FaultCardEnrolled, "VIDC-2004"))
		case (m.Call == "replace_cards" || m.Call == "delete_cards") && !isThere:
			faults = append(faults, fault(scheme.FaultCardNotEnrolled, "VIDC-2005"))
		case p.foreign[number]:
			faults = append(faults, faultOfNumber(scheme.FaultCardForeign, "VIDC-2006"))
		case p.declined[number]:
			faults = append(faults, faultOfNumber(scheme.FaultDeclined, "VIDC-7000"))
		}
	}
	return faults
}

func (p *played) apply(m playedMessage) {
	p.applied = append(p.applied, m.Call+" "+m.ID)
	switch m.Call {
	case "enrol_consumer":
		p.consumers[m.ID] = &playedConsumer{playedPerson: m.Person, Cards: m.Cards}
	case "enrol_cards", "replace_cards":
		maps.Copy(p.consumers[m.ID].Cards, m.Cards)
	case "replace_consumer":
		p.consumers[m.ID].playedPerson = m.Person
	case "delete_cards":
		for _, number := range m.Numbers {
			delete(p.consumers[m.ID].Cards, number)
		}
	case "delete_consumer":
		delete(p.consumers, m.ID)
	}
}

// show is what getData says.
func (p *played) show(id string) scheme.Enrolled {
	c := p.consumers[id]
	if c == nil {
		return scheme.Enrolled{}
	}
	has := scheme.Enrolled{IsEnrolled: true, Status: "ACTIVE", Consumer: scheme.Consumer{
		FirstName: private(c.First), MiddleName: private(c.Middle), LastName: private(c.Last),
		Locale: c.Locale, Country: c.Country, Emails: privates(c.Emails...), Phones: privates(c.Phones...), Inactive: c.Inactive,
	}}
	if c.Inactive {
		has.Status = "INACTIVE"
	}
	for number, card := range c.Cards {
		has.Cards = append(has.Cards, scheme.EnrolledCard{
			FirstDigits: number[:6], LastFour: number[len(number)-4:], Name: private(card.Name), Expiry: card.Expiry, Status: "ACTIVE",
			Address: scheme.Address{
				Line1: private(card.Line1), Line2: private(card.Line2), Line3: private(card.Line3),
				City: private(card.City), State: private(card.State), PostalCode: private(card.PostalCode),
				Country: card.Country,
			},
		})
	}
	return has
}
