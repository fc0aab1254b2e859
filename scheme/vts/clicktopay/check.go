package clicktopay

import (
	"errors"
	"fmt"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// CheckEnrolment returns every fault at once. It needs no key.
func (m *Messages) CheckEnrolment(e scheme.Enrolment, now time.Time) error {
	if _, ok := changes[e.Action]; !ok {
		return errors.New("click to pay: there is no such action")
	}
	c := checker{profile: m.profile, faults: checkID(e.ID)}
	switch e.Action {
	case scheme.EnrolConsumer:
		c.consumer(e.Consumer)
		c.cards(e, now)
	case scheme.ReplaceConsumer:
		c.consumer(e.Consumer)
	case scheme.EnrolCards, scheme.ReplaceCards, scheme.DeleteCards:
		c.cards(e, now)
	case scheme.DeleteConsumer:
	}
	if len(c.faults) == 0 {
		return nil
	}
	return errData(c.faults)
}

// errData names all faults; the first one in the message too.
func errData(faults []walletport.Field) *walletport.Error {
	err := walletport.ErrField("enrolment_data_invalid", faults[0].Name, faults[0].Reason)
	err.Fields = faults
	return err
}

// ofConsumer goes before the name of a consumer's member, as Visa's own refusals have it.
const ofConsumer = "consumerInformation."

// checkID is about the pair that names a consumer. Characters: inferred.
func checkID(id scheme.ConsumerID) (faults []walletport.Field) {
	if id.External == "" || len(id.External) > maxExternalID || !walletport.IsPrintable(id.External, ` "\`) || walletport.IsPAN(id.External) {
		faults = append(faults, walletport.Field{Name: ofConsumer + "externalConsumerID", Reason: `has 1 to 100 printable ASCII characters, no space, '"' or '\', and is no card number`})
	}
	if id.OwnerBID == "" || len(id.OwnerBID) > maxBID || !walletport.IsAlnum(id.OwnerBID, "") {
		faults = append(faults, walletport.Field{Name: ofConsumer + "externalConsumerIDOwnerBID", Reason: "has 1 to 8 letters and digits"})
	}
	return faults
}

type checker struct {
	profile Profile
	faults  []walletport.Field
}

func (c *checker) fault(field, broken string) {
	if broken != "" {
		c.faults = append(c.faults, walletport.Field{Name: field, Reason: broken})
	}
}

// text holds a member to its rule. The place of the record it stands in goes before its name.
func (c *checker) text(place, name string, text []byte) {
	c.fault(place+name, rules[name].fault(c.profile, text))
}

func (c *checker) consumer(p scheme.Consumer) {
	c.text(ofConsumer, "firstName", p.FirstName.Reveal())
	c.text(ofConsumer, "middleName", p.MiddleName.Reveal())
	c.text(ofConsumer, "lastName", p.LastName.Reveal())
	if len(p.Emails)+len(p.Phones) == 0 { // PSP: name plus e-mail or phone
		c.fault(ofConsumer+"emails", "must have an address, unless there is a telephone number")
	}
	c.list("emails", p.Emails, maxEmails)
	c.list("phones", p.Phones, maxPhones)
	c.text(ofConsumer, "locale", []byte(p.Locale))
	c.text(ofConsumer, "countryCode", []byte(p.Country))
	if p.Consent == nil {
		return
	}
	c.text(ofConsumer, "consent.version", []byte(p.Consent.Version))
	c.text(ofConsumer, "consent.presenter", []byte(p.Consent.Presenter))
	if year := p.Consent.At.UTC().Year(); p.Consent.At.IsZero() || year < 1900 || year > 9999 {
		c.fault(ofConsumer+"consent.timeOfConsent", "is needed, in four digits of a year")
	}
}

func (c *checker) list(name string, texts []walletport.Private, limit int) {
	if len(texts) > limit {
		c.fault(ofConsumer+name, fmt.Sprintf("are at most %d", limit))
		return
	}
	r := rules[name]
	r.required = true // what is there is not empty
	for i, text := range texts {
		c.fault(fmt.Sprintf("%s%s[%d]", ofConsumer, name, i), r.fault(c.profile, text.Reveal()))
	}
}

func (c *checker) cards(e scheme.Enrolment, now time.Time) {
	limit := maxCards
	if e.Action == scheme.DeleteCards && c.profile.DeletedCards == CardsObject {
		limit = 1
	}
	if len(e.Cards) == 0 || len(e.Cards) > limit {
		c.fault("paymentInstruments", fmt.Sprintf("are 1 to %d", limit))
		return
	}
	for i, card := range e.Cards {
		place := fmt.Sprintf("paymentInstruments[%d].", i)
		c.number(place, e.Cards, i)
		if e.Action != scheme.DeleteCards {
			c.card(place, card, now)
		}
	}
}

func (c *checker) number(place string, cards []scheme.ConsumerCard, i int) {
	pan := cards[i].PAN
	brand, err := pan.Scheme()
	broken := ""
	switch {
	case err != nil || brand != walletport.Visa || len(pan.Reveal()) < minNumber:
		broken = "is the number of a Visa card"
	default:
		for _, other := range cards[:i] {
			if other.PAN.Equal(pan) {
				broken = "stands twice"
			}
		}
	}
	c.fault(place+"accountNumber", broken)
}

func (c *checker) card(place string, card scheme.ConsumerCard, now time.Time) {
	c.text(place, "nameOnCard", card.Name.Reveal())
	switch rule := card.Expiry.Rule(); {
	case rule != "":
		c.fault(place+"expirationDate", "is a month, and a year from 2000 to 2099")
	case card.Expiry.ExpiredAt(now): // VIDC-2003
		c.fault(place+"expirationDate", "has passed")
	}
	a := card.Address
	for _, member := range []struct {
		name string
		text walletport.Private
	}{
		{"addressLine1", a.Line1},
		{"addressLine2", a.Line2},
		{"addressLine3", a.Line3},
		{"city", a.City},
		{"state", a.State},
		{"postalCode", a.PostalCode},
	} {
		c.text(place, "billingAddress."+member.name, member.text.Reveal())
	}
	c.text(place, "billingAddress.country", []byte(a.Country))
}
