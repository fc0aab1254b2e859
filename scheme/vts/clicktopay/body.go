package clicktopay

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

const (
	product     = "CLICK_TO_PAY"
	productCode = "PRODUCT_CODE" // type of intent
	cardType    = "CARD"         // the only type that Click to Pay takes (VICA)
)

// body is a message that grows by whole members. It writes what CheckEnrolment has passed:
// no text needs more of an escape than two characters do.
type body []byte

// room is never less than what changeBody writes: a body that grew would leave card numbers
// and personal data behind.
func (p Profile) room(e scheme.Enrolment) int {
	const framing, ofCard = 1024, 512 // names, punctuation, numbers, dates, ids and words
	size := framing + 2*(len(p.ProductMember)+len(e.ID.External)+len(e.ID.OwnerBID))
	c := e.Consumer
	if c.Consent != nil {
		size += 2 * (len(c.Consent.Version) + len(c.Consent.Presenter))
	}
	texts := []walletport.Private{c.FirstName, c.MiddleName, c.LastName}
	texts = append(append(texts, c.Emails...), c.Phones...)
	for _, card := range e.Cards {
		size += ofCard
		a := card.Address
		texts = append(texts, card.Name, a.Line1, a.Line2, a.Line3, a.City, a.State, a.PostalCode)
	}
	for _, text := range texts {
		size += 2*len(text.Reveal()) + len(`"",`)
	}
	return size
}

// changeBody is the message of a change, which the caller wipes. The order of members is
// that of Visa's samples; JSON leaves it free.
func (p Profile) changeBody(e scheme.Enrolment) []byte {
	b := body(make([]byte, 0, p.room(e)))
	b = b.product(p)
	b = b.id(e.ID)
	if e.Action == scheme.EnrolConsumer || e.Action == scheme.ReplaceConsumer {
		b = b.consumer(e.Consumer)
	}
	if e.Action == scheme.ReplaceConsumer { // without it an inactive consumer might become active
		status := p.ActiveStatus
		if e.Consumer.Inactive {
			status = p.InactiveStatus
		}
		b = b.text("status", status)
	}
	b = append(b, '}')
	if e.Action != scheme.ReplaceConsumer && e.Action != scheme.DeleteConsumer {
		b = b.cards(p, e)
	}
	return append(b, '}')
}

// idBody is the message of a question about a consumer.
func (p Profile) idBody(id scheme.ConsumerID) []byte {
	return append(body(nil).product(p).id(id), `}}`...)
}

func (b body) product(p Profile) body {
	if p.ProductForm == Intent {
		return append(b, `{"intent":{"type":"`+productCode+`","value":"`+product+`"}`...)
	}
	return append(b, `{"products":[{"`+p.ProductMember+`":"`+product+`"}]`...)
}

// id leaves the consumer open.
func (b body) id(id scheme.ConsumerID) body {
	b = append(b, `,"consumerInformation":{"externalConsumerID":"`...)
	b = vts.AppendEscaped(b, []byte(id.External))
	return append(b, `"`...).text("externalConsumerIDOwnerBID", id.OwnerBID)
}

func (b body) consumer(c scheme.Consumer) body {
	b = b.private("firstName", c.FirstName).private("middleName", c.MiddleName).private("lastName", c.LastName)
	b = b.list("phones", c.Phones).list("emails", c.Emails)
	b = b.text("locale", c.Locale).text("countryCode", c.Country)
	if c.Consent == nil {
		return b
	}
	b = append(b, `,"consent":{"version":"`...)
	b = append(vts.AppendEscaped(b, []byte(c.Consent.Version)), '"')
	b = b.text("presenter", c.Consent.Presenter)
	return append(b.text("timeOfConsent", c.Consent.At.UTC().Format(consentTime)), '}')
}

// consentTime is how a time is written (inferred).
const consentTime = "2006-01-02T15:04:05.000Z"

func (b body) cards(p Profile, e scheme.Enrolment) body {
	isObject := e.Action == scheme.DeleteCards && p.DeletedCards == CardsObject
	b = append(b, `,"paymentInstruments":`...)
	if !isObject {
		b = append(b, '[')
	}
	for i, card := range e.Cards {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"type":"`+cardType+`","accountNumber":"`...)
		b = append(append(b, card.PAN.Reveal()...), '"')
		if e.Action != scheme.DeleteCards {
			b = b.private("nameOnCard", card.Name)
			b = b.text("expirationDate", card.Expiry.YYYY()+"-"+card.Expiry.MM())
			b = b.address(card.Address)
		}
		b = append(b, '}')
	}
	if !isObject {
		b = append(b, ']')
	}
	return b
}

func (b body) address(a scheme.Address) body {
	b = append(b, `,"billingAddress":{"addressLine1":"`...)
	b = append(vts.AppendEscaped(b, a.Line1.Reveal()), '"')
	b = b.private("addressLine2", a.Line2).private("addressLine3", a.Line3)
	b = b.private("city", a.City).private("postalCode", a.PostalCode).private("state", a.State)
	return append(b.text("country", a.Country), '}')
}

// text writes a member; an empty one is left out.
func (b body) text(name, value string) body { return b.member(name, []byte(value)) }

func (b body) private(name string, value walletport.Private) body {
	return b.member(name, value.Reveal())
}

func (b body) member(name string, value []byte) body {
	if len(value) == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":"`...)
	return append(vts.AppendEscaped(b, value), '"')
}

// list writes an array; an empty one too, for the record is whole.
func (b body) list(name string, values []walletport.Private) body {
	b = append(append(append(b, `,"`...), name...), `":[`...)
	for i, value := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(vts.AppendEscaped(append(b, '"'), value.Reveal()), '"')
	}
	return append(b, ']')
}
