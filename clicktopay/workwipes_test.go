package clicktopay_test

import (
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/scheme"
)

// witness is Visa as it is played. It keeps each personal text that it was handed, or handed out.
type witness struct {
	*played
	lock sync.Mutex
	kept map[string][]walletport.Private // by what they were of
}

func (w *witness) keep(of string, texts ...walletport.Private) {
	w.lock.Lock()
	defer w.lock.Unlock()
	for _, text := range texts {
		if !text.IsZero() {
			w.kept[of] = append(w.kept[of], text)
		}
	}
}

func (w *witness) keepAddress(of string, a scheme.Address) {
	w.keep(of, a.Line1, a.Line2, a.Line3, a.City, a.State, a.PostalCode)
}

func (w *witness) keepConsumer(of string, c scheme.Consumer) {
	w.keep(of, c.FirstName, c.MiddleName, c.LastName)
	w.keep(of, c.Emails...)
	w.keep(of, c.Phones...)
}

func (w *witness) keepEnrolment(of string, e scheme.Enrolment) {
	w.keepConsumer(of, e.Consumer)
	for _, card := range e.Cards {
		w.keep(of, card.Name)
		w.keepAddress(of, card.Address)
	}
}

func (w *witness) keepEnrolled(of string, e scheme.Enrolled) {
	w.keepConsumer(of, e.Consumer)
	for _, card := range e.Cards {
		w.keep(of, card.Name)
		w.keepAddress(of, card.Address)
	}
}

// CheckEnrolment implements scheme.Enroller.
func (w *witness) CheckEnrolment(e scheme.Enrolment, now time.Time) error {
	w.keepEnrolment("what is checked", e)
	return w.played.CheckEnrolment(e, now)
}

// ChangeEnrolment implements scheme.Enroller.
func (w *witness) ChangeEnrolment(in scheme.EnrolmentInput) (scheme.Command, error) {
	w.keepEnrolment("what is sent", in.Enrolment)
	return w.played.ChangeEnrolment(in)
}

// JudgeEnrolment implements scheme.Enroller.
func (w *witness) JudgeEnrolment(e scheme.EnrolmentEvidence) scheme.Verdict {
	w.keepEnrolment("what is compared", e.Enrolment)
	return w.played.JudgeEnrolment(e)
}

// Enrolled implements scheme.Enroller.
func (w *witness) Enrolled(in scheme.ConsumerInput) (scheme.Query[scheme.Enrolled], error) {
	q, err := w.played.Enrolled(in)
	read := q.Read
	q.Read = func(a scheme.Answer) (scheme.Enrolled, error) {
		has, err := read(a)
		w.keepEnrolled("what is enrolled", has)
		return has, err
	}
	return q, err
}

// EnrolmentResult implements scheme.Enroller.
func (w *witness) EnrolmentResult(in scheme.ResultInput) (scheme.Query[scheme.EnrolmentResult], error) {
	q, err := w.played.EnrolmentResult(in)
	read := q.Read
	q.Read = func(a scheme.Answer) (scheme.EnrolmentResult, error) {
		result, err := read(a)
		for _, f := range result.Faults {
			w.keep("what is refused", f.Text)
		}
		return result, err
	}
	return q, err
}

// TestNothingPersonalIsLeftInMemory: when a request has ended, all that was lent and answered is
// wiped, with the name that was made for a card without one.
func TestNothingPersonalIsLeftInMemory(t *testing.T) {
	s := newSite(t, acttest.Database(t), newPlayed(t))
	s.prepare(t, walletport.EnrolCard) // so that there is somebody to be shown
	w := &witness{played: s.visa, kept: map[string][]walletport.Private{}}
	s.Visa.Enroller = w
	s.putCard(t, s.second, secondNumber, func(c *walletport.Card) { c.CustomerID, c.CardholderName = s.customer, walletport.Private{} })
	s.visa.declined[secondNumber] = true
	s.visa.setScript(once(isChange, play{lost: true}))
	wished := s.wish(walletport.EnrolCard, s.second)
	wished.CardOverrides.City = at("Elsewhere " + deskCanary)
	id := s.asks(t, wished)
	s.drive(t, 10*time.Second)
	s.mustEnd(t, id, "FAILED VIDC-7000 card.pan")
	for _, of := range []string{"what is checked", "what is sent", "what is compared", "what is enrolled", "what is refused"} {
		if len(w.kept[of]) == 0 {
			t.Errorf("nothing was seen of %s", of)
		}
		for _, text := range w.kept[of] {
			if !text.IsZero() {
				t.Errorf("of %s there is %q", of, text.Reveal())
			}
		}
	}
}
