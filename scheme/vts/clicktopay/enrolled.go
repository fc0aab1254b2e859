package clicktopay

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// itemJSON is what getData says of one product.
type itemJSON struct {
	productJSON
	Status   word             `json:"status"`
	Consumer *consumerJSON    `json:"consumerInformation"`
	Cards    []instrumentJSON `json:"paymentInstruments"`
}

type instrumentJSON struct {
	AccountNumber  digits  `json:"accountNumber"` // masked; how is inferred
	NameOnCard     private `json:"nameOnCard"`
	ExpirationDate word    `json:"expirationDate"`
	Address        struct {
		Line1      private `json:"addressLine1"`
		Line2      private `json:"addressLine2"`
		Line3      private `json:"addressLine3"`
		City       private `json:"city"`
		State      private `json:"state"`
		PostalCode private `json:"postalCode"`
		Country    word    `json:"country"`
	} `json:"billingAddress"`
	Status       word `json:"status"`
	PANReference word `json:"panReferenceID"`
	AccountRef   word `json:"paymentAccountReference"`
	Token        struct {
		Reference word `json:"tokenReferenceID"`
		Requestor word `json:"tokenRequestorID"`
	} `json:"tokenDetails"`
}

// digits are the first and the last digits of a number, which is masked, or is not and
// should be: the whole of it is kept nowhere.
type digits struct{ first, last string }

const lastFour = 4

// UnmarshalJSON takes a string.
func (d *digits) UnmarshalJSON(data []byte) error {
	text := bytes.Trim(data, `"`)
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	rest := bytes.TrimLeftFunc(text, isDigit)
	end := text[len(bytes.TrimRightFunc(text, isDigit)):]
	*d = digits{}
	if data[0] != '"' || len(end) < lastFour {
		return nil
	}
	d.last = string(end[len(end)-lastFour:])
	most := 8 // what may be kept in clear beside the last four; see walletport.PAN.BIN
	if len(text) < 16 {
		most = 6
	}
	if first := text[:len(text)-len(rest)]; len(text) >= minNumber {
		d.first = string(first[:min(len(first), most)])
	}
	return nil
}

// readEnrolled reads an answer to getData. That HTTP is 200 says nothing of the items.
func (m *Messages) readEnrolled(in scheme.ConsumerInput, a scheme.Answer) (none scheme.Enrolled, _ error) {
	said, f := read[struct {
		Data *[]json.RawMessage `json:"data"`
	}](in.Access, a)
	switch {
	case f != nil && has(f, scheme.FaultConsumerNotEnrolled):
		return none, nil
	case f != nil:
		return none, f.Err
	case said.Data == nil:
		return none, vts.Unread(a, "it has no data").Err
	}
	defer wipe(*said.Data)
	var ours *itemJSON
	for i, text := range *said.Data {
		var item itemJSON
		if json.Unmarshal(text, &item) != nil {
			return none, vts.Unread(a, fmt.Sprintf("item %d of it has another form", i+1)).Err
		}
		if item.isOther() {
			continue
		}
		if ours != nil {
			return none, vts.Unread(a, "it has two items about Click to Pay").Err
		}
		if faults := faultsOf(text); len(faults) > 0 {
			f := refused(a, faults)
			if !has(f, scheme.FaultConsumerNotEnrolled) {
				return none, f.Err
			}
			item.Consumer = nil
		} else if item.Consumer == nil || item.Status == "FAILED" || !item.Consumer.isOf(in.ID) {
			return none, vts.Unread(a, fmt.Sprintf("item %d of it is not about the consumer, or failed without a word", i+1)).Err
		}
		ours = &item
	}
	if ours == nil || ours.Consumer == nil { // inferred: an empty list is a consumer who is not enrolled
		return none, nil
	}
	return m.enrolled(a, *ours)
}

// enrolled returns what an item says. A card without a number that can be told is a fault
// of the answer: what it is about would be missing.
func (m *Messages) enrolled(a scheme.Answer, item itemJSON) (scheme.Enrolled, error) {
	c := item.Consumer
	e := scheme.Enrolled{IsEnrolled: true, Status: shown(c.Status), Consumer: scheme.Consumer{
		FirstName: c.FirstName.Private, MiddleName: c.MiddleName.Private, LastName: c.LastName.Private,
		Emails: unwrapped(c.Emails), Phones: unwrapped(c.Phones),
		Locale: shown(c.Locale), Country: shown(c.Country), Inactive: string(c.Status) == m.profile.InactiveStatus,
	}}
	for i, card := range item.Cards {
		if card.AccountNumber.last == "" {
			e.Wipe()
			return scheme.Enrolled{}, vts.Unread(a, fmt.Sprintf("card %d of it has no accountNumber that can be told", i+1)).Err
		}
		e.Cards = append(e.Cards, card.card())
	}
	return e, nil
}

// wipe overwrites copies of what an answer said.
func wipe(texts []json.RawMessage) {
	for _, text := range texts {
		clear(text)
	}
}

func unwrapped(texts []private) (plain []walletport.Private) {
	for _, text := range texts {
		if !text.IsZero() {
			plain = append(plain, text.Private)
		}
	}
	return plain
}

// The statuses of a card that can be paid with, and of one that was deleted and is still shown
// (MQ).
const (
	cardActive  = "ACTIVE"
	cardDeleted = "DELETED"
)

func (i instrumentJSON) card() scheme.EnrolledCard {
	c := scheme.EnrolledCard{
		FirstDigits: i.AccountNumber.first, LastFour: i.AccountNumber.last,
		Name: i.NameOnCard.Private, Expiry: expiry(i.ExpirationDate),
		Address: scheme.Address{
			Line1: i.Address.Line1.Private, Line2: i.Address.Line2.Private, Line3: i.Address.Line3.Private,
			City: i.Address.City.Private, State: i.Address.State.Private, PostalCode: i.Address.PostalCode.Private,
			Country: shown(i.Address.Country),
		},
		Status: shown(i.Status), Inactive: i.Status != cardActive, Deleted: i.Status == cardDeleted, PANReference: shown(i.PANReference), AccountRef: shown(i.AccountRef),
	}
	token := walletport.TokenRef{Scheme: walletport.Visa, Requestor: string(i.Token.Requestor), Reference: string(i.Token.Reference)}
	if token.Rule() == "" {
		c.Token = token
	}
	return c
}

// expiry reads "2030-01"; what is no month is none.
func expiry(w word) walletport.Expiry {
	if len(w) != len("2030-01") || w[4] != '-' {
		return walletport.Expiry{}
	}
	e, err := walletport.ParseExpiry(string(w[5:]), string(w[:4]))
	if err != nil {
		return walletport.Expiry{}
	}
	return e
}
