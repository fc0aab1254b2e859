package clicktopay

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// Read returns what the scheme has of a customer. It waits up to Settings.ReadWait for
// changes of that consumer that were accepted before, and for those of others, during which
// the scheme says nothing. Whoever asked wipes the answer. Errors:
//
//   - CodeConflict, clicktopay_busy: a change still runs, with RetryAfter
//   - CodeNotFound, customer_not_enrolled
//   - CodeUnavailable: scheme_not_configured, key_unavailable, store_unavailable and
//     audit_unavailable
//   - those of finding, and of the scheme as they are
func (f *Flow) Read(ctx context.Context, r ReadRequest) (*Profile, error) {
	until := f.Clock().Add(f.Settings.ReadWait)
	var profile *Profile
	asked := request(walletport.ActionClickToPayRead, r.AuditUser, r.Channel)
	_, err := act.Audited(ctx, f.Audit, asked, func(record *act.Record) (_ struct{}, err error) {
		g := reading{finding: finding{flow: f, record: record}, until: until}
		profile, err = g.run(ctx, r)
		return struct{}{}, err
	})
	if err != nil && profile != nil { // it was read, and there is no record of it
		profile.Wipe()
		profile = nil
	}
	return profile, err
}

// reading is a Read under way.
type reading struct {
	finding
	until time.Time // when who is waited for has had long enough
}

func (g *reading) run(ctx context.Context, r ReadRequest) (*Profile, error) {
	s, err := g.flow.scheme()
	if err != nil {
		return nil, err
	}
	if err := g.find(ctx, wanted{customer: r.Customer, bid: r.BID}); err != nil {
		return nil, err
	}
	consumer, err := g.waitForChanges(ctx)
	if err != nil {
		return nil, err
	}
	enrolled, err := g.ask(ctx, s)
	if err != nil {
		return nil, err
	}
	if !enrolled.IsEnrolled {
		return nil, walletport.Errorf(walletport.CodeNotFound, "customer_not_enrolled", "the scheme has no such customer enrolled with this BID")
	}
	cards, err := g.flow.cardsOf(ctx, consumer)
	if err != nil {
		enrolled.Wipe()
		return nil, err
	}
	return profileOf(enrolled, cards), nil
}

// How often the row is read by who waits for a change, or the scheme is asked again.
const (
	firstPoll = 25 * time.Millisecond
	maxPoll   = 250 * time.Millisecond
)

// busyFor is how long those come again later who have waited in vain.
const busyFor = 2 * time.Second

func errBusy() *walletport.Error {
	return walletport.Errorf(walletport.CodeConflict, "clicktopay_busy", "a change of this customer is not completed yet; try again later").WithRetryAfter(busyFor)
}

// waitForChanges returns the consumer once nothing of it is open.
func (g *reading) waitForChanges(ctx context.Context) (storage.Consumer, error) {
	key := storage.ConsumerKey{Customer: g.customer.ID, BID: g.bid}
	for interval := firstPoll; ; interval = min(2*interval, maxPoll) {
		consumer, err := g.flow.Store.Consumer(ctx, key)
		switch {
		case walletport.CodeOf(err) == walletport.CodeNotFound: // whom others may have enrolled
			return storage.Consumer{ConsumerKey: key, Issuer: g.issuer, Number: g.customer.Number}, nil
		case err != nil || consumer.Open == 0:
			return consumer, err
		}
		if err := g.pause(ctx, interval); err != nil {
			return consumer, err
		}
	}
}

// pause waits, unless the time is up.
func (g *reading) pause(ctx context.Context, interval time.Duration) error {
	left := g.until.Sub(g.flow.Clock())
	if left <= 0 {
		return errBusy()
	}
	if !act.Pause(ctx, min(interval, left)) {
		return ctx.Err()
	}
	return nil
}

// ask asks the scheme what is enrolled. The caller wipes the answer.
func (g *reading) ask(ctx context.Context, s *Scheme) (scheme.Enrolled, error) {
	for interval := firstPoll; ; interval = min(2*interval, maxPoll) {
		enrolled, err := g.askOnce(ctx, s)
		if walletport.ReasonOf(err) != scheme.ErrBusy().Reason {
			return enrolled, err
		}
		if err := g.pause(ctx, interval); err != nil {
			return enrolled, err
		}
	}
}

func (g *reading) askOnce(ctx context.Context, s *Scheme) (none scheme.Enrolled, err error) {
	id, err := newID(g.flow.Rand)
	if err != nil {
		return none, err
	}
	g.record.SetDetail(walletport.DetailRequest, id)
	query, used, err := g.flow.enrolled(s, g.issuer, id, scheme.ConsumerID{External: g.customer.Number, OwnerBID: g.bid})
	g.record.KeyVersions = used
	if err != nil {
		return none, err
	}
	return scheme.Ask(ctx, s.Line, query)
}

// enrolled makes the question for what is enrolled of a consumer, and names the keys that it
// is asked with. requestID is ours, for whoever looks for the question in the scheme's log.
func (f *Flow) enrolled(s *Scheme, issuer walletport.IssuerID, requestID string, id scheme.ConsumerID) (query scheme.Query[scheme.Enrolled], used []string, err error) {
	access, used, err := s.Keys.Select(f.Keys.Current(), issuer, "", f.Clock())
	if err != nil {
		return query, nil, err
	}
	query, err = s.Enroller.Enrolled(scheme.ConsumerInput{Access: access, RequestID: requestID, ID: id})
	return query, used, err
}

// cardsOf returns the cards here that a consumer may have at the scheme: those whose
// enrolment was asked for and that were not removed since, as far as they are still the
// customer's.
func (f *Flow) cardsOf(ctx context.Context, c storage.Consumer) ([]storage.Card, error) {
	var ids []walletport.CardID
	for _, card := range c.Cards {
		if card.State != storage.CardRemoved {
			ids = append(ids, card.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	cards, err := f.Store.CardsByID(ctx, ids)
	return slices.DeleteFunc(cards, func(card storage.Card) bool {
		return card.Issuer != c.Issuer || card.CustomerID != c.Number || card.Status == walletport.CardForgotten
	}), err
}

// profileOf is what the scheme said, in the caller's words. It shares its texts with e.
func profileOf(e scheme.Enrolled, cards []storage.Card) *Profile {
	c := e.Consumer
	profile := &Profile{Consumer: ProfileConsumer{
		FirstName: c.FirstName, MiddleName: c.MiddleName, LastName: c.LastName, Emails: c.Emails, Phones: c.Phones,
		Locale: c.Locale, Country: c.Country, Status: e.Status,
	}}
	for _, card := range e.Cards {
		a := card.Address
		profile.Cards = append(profile.Cards, ProfileCard{
			CardID: cardIDOf(card, cards), Token: card.Token, Status: card.Status, Name: card.Name,
			Address: walletport.Address{
				Line1: a.Line1, Line2: a.Line2, Line3: a.Line3, City: a.City, State: a.State, PostalCode: a.PostalCode,
				Country: walletport.NewPrivate(a.Country),
			},
		})
	}
	return profile
}

// cardIDOf returns the card that the scheme shows, as far as the digits that it shows tell it
// from others: 0 where none of the cards has them, or several do.
func cardIDOf(shown scheme.EnrolledCard, cards []storage.Card) walletport.CardID {
	fits := slices.DeleteFunc(slices.Clone(cards), func(c storage.Card) bool {
		isBIN := strings.HasPrefix(c.BIN, shown.FirstDigits) || strings.HasPrefix(shown.FirstDigits, c.BIN)
		return c.LastFour != shown.LastFour || !isBIN
	})
	if len(fits) > 1 {
		fits = slices.DeleteFunc(fits, func(c storage.Card) bool { return c.Expiry != shown.Expiry })
	}
	if len(fits) != 1 {
		return 0
	}
	return fits[0].ID
}
