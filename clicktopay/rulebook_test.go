package clicktopay_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	visa "github.com/walletport/walletport/scheme/vts/clicktopay"
)

// rulebook is Visa for whoever sends nothing: its own rules decide what may be sent, what was
// held to them is kept, and a test says what is enrolled.
type rulebook struct {
	*visa.Messages

	lock     sync.Mutex
	checked  []string // what was held to the rules, as told writes it
	asked    []string // who was asked for, as "5001/123456"
	enrolled func(nth int) (scheme.Enrolled, error)
}

func newRulebook(t testing.TB) *rulebook {
	t.Helper()
	messages, err := visa.New(visa.Config{BaseURL: "https://visa.example", Profile: visa.DefaultProfile()})
	must(t, err)
	return &rulebook{Messages: messages}
}

// CheckEnrolment implements scheme.Enroller.
func (r *rulebook) CheckEnrolment(e scheme.Enrolment, now time.Time) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.checked = append(r.checked, told(e))
	return r.Messages.CheckEnrolment(e, now)
}

// last is what was held to the rules last.
func (r *rulebook) last() string {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.checked[len(r.checked)-1]
}

// told is all that an enrolment says.
func told(e scheme.Enrolment) string {
	c := e.Consumer
	parts := []string{
		string(e.Action), e.ID.External + "/" + e.ID.OwnerBID, joined(c.FirstName, c.MiddleName, c.LastName), joined(c.Emails...), joined(c.Phones...),
		c.Locale, c.Country, map[bool]string{true: "inactive"}[c.Inactive],
	}
	if c.Consent != nil {
		parts = append(parts, fmt.Sprintf("%s by %s at %d", c.Consent.Version, c.Consent.Presenter, c.Consent.At.UnixMilli()))
	}
	for _, card := range e.Cards {
		a := card.Address
		parts = append(parts, string(card.PAN.Reveal()), joined(card.Name), strings.Trim(card.Expiry.MM()+"/"+card.Expiry.YYYY(), "/0"),
			joined(a.Line1, a.Line2, a.Line3, a.City, a.State, a.PostalCode), a.Country)
	}
	return strings.TrimRight(strings.Join(parts, "|"), "|")
}

func joined(texts ...walletport.Private) string {
	all := make([]string, 0, len(texts))
	for _, text := range texts {
		if !text.IsZero() {
			all = append(all, string(text.Reveal()))
		}
	}
	return strings.Join(all, ",")
}

// Enrolled implements scheme.Enroller.
func (r *rulebook) Enrolled(in scheme.ConsumerInput) (scheme.Query[scheme.Enrolled], error) {
	return scheme.Query[scheme.Enrolled]{
		Name:    "getData",
		Request: func(time.Time, io.Reader) (scheme.Request, error) { return scheme.Request{}, nil },
		Read: func(scheme.Answer) (scheme.Enrolled, error) {
			r.lock.Lock()
			r.asked = append(r.asked, in.ID.External+"/"+in.ID.OwnerBID)
			nth, enrolled := len(r.asked), r.enrolled
			r.lock.Unlock()
			return enrolled(nth)
		},
	}, nil
}

// Ask implements scheme.Line: it has the question answered at once.
func (r *rulebook) Ask(ctx context.Context, q scheme.Question) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := q.Request(time.Now(), nil); err != nil {
		return err
	}
	_, err := q.Read(scheme.Answer{Status: 200})
	return err
}

// Send implements scheme.Line. Nothing that a test of this room's front does may come to it.
func (r *rulebook) Send(context.Context, scheme.Command) scheme.Outcome {
	panic("something was sent")
}
