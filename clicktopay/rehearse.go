package clicktopay

import (
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
)

// Rehearse tries, for each issuer of the list that has a BID, whether a customer can be
// enrolled: it goes through keys and message with a customer and a card that nobody has.
// Nothing is sent, looked up or recorded.
func (f *Flow) Rehearse(issuers []walletport.IssuerID) []walletport.Rehearsal {
	if f.Visa == nil {
		return nil
	}
	var all []walletport.Rehearsal
	for _, issuer := range issuers {
		bids := f.BIDs[issuer]
		if len(bids) == 0 {
			continue
		}
		err := keys.Rehearse(f.Keys.Current(), f.Visa.Keys.Purposes(), issuer, walletport.Visa, f.Clock(), func(card *walletport.Card) error {
			return f.tryEnrolling(bids[0], card)
		})
		all = append(all, walletport.Rehearsal{Offer: "Click to Pay of " + string(walletport.Visa) + " cards", Issuer: issuer, Err: err})
	}
	return all
}

// rehearsed is the id of a customer and of a request that are never sent.
const rehearsed = "00000000-0000-4000-8000-000000000000"

func (f *Flow) tryEnrolling(bid string, card *walletport.Card) error {
	now := f.Clock()
	access, _, err := f.Visa.Keys.Select(f.Keys.Current(), card.Issuer, card.BIN, now)
	if err != nil {
		return err
	}
	e := madeUp(bid, card, now)
	if err := f.Visa.Enroller.CheckEnrolment(e, now); err != nil {
		return err
	}
	command, err := f.Visa.Enroller.ChangeEnrolment(scheme.EnrolmentInput{Access: access, RequestID: rehearsed, Enrolment: e, Now: now, Rand: f.Rand})
	if err != nil {
		return err
	}
	_, err = command.Request(now, f.Rand)
	return err
}

// madeUp is the enrolment of a customer whom nobody knows.
func madeUp(bid string, card *walletport.Card, now time.Time) scheme.Enrolment {
	customer := madeUpCustomer(now)
	return scheme.Enrolment{
		Action: scheme.EnrolConsumer, ID: scheme.ConsumerID{External: rehearsed, OwnerBID: bid},
		Consumer: consumerSent(&customer, overrides{}), Cards: []scheme.ConsumerCard{cardSent(card, &customer, overrides{})},
	}
}

// madeUpCustomer is a customer whom nobody knows, with all that an enrolment needs.
func madeUpCustomer(now time.Time) walletport.Customer {
	text := walletport.NewPrivate[string]
	return walletport.Customer{
		FirstName: text("Made"), LastName: text("Up"), Country: text("USA"),
		Emails: []walletport.Private{text("made.up@example.com")}, Phones: []walletport.Private{text("12025550100")},
		Address: walletport.Address{Line1: text("1 Main Street"), City: text("Springfield"), Country: text("USA")},
		Consent: walletport.Consent{Version: text("1"), Presenter: text("walletport"), At: now},
	}
}
