package clicktopaysim

import (
	"fmt"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

// cards reads the payment instruments of a write. Business rules that they break whatever is
// known of the consumer are kept apart, for they may be told late.
func (s *Service) cards(t texts, whole bool) (c register.Change, err error) {
	for i, raw := range t.list(memberCards, true, maxListed) {
		at := fmt.Sprintf("%s[%d]", memberCards, i)
		o, ok := t.readObject(at, raw)
		if !ok {
			continue
		}
		number := o.number()
		card, err := s.c.Register.Describe(sim.NewCardNumber(number))
		if err != nil {
			return c, err
		}
		card.Type = o.text(rule{name: "type", isRequired: true, max: 35, form: typeForm})
		if whole {
			o.describe(&card)
		}
		c.Broken = append(c.Broken, o.broken(card, s.isForeign(number), s.c.Now())...)
		if s.c.Declines != nil && s.c.Declines(sim.NewCardNumber(number)) {
			c.Declined = append(c.Declined, i)
		}
		c.Cards = append(c.Cards, card)
	}
	return c, nil
}

// isForeign reports whether a card number that was read is none of Visa's.
func (s *Service) isForeign(number string) bool {
	switch {
	case number == "":
		return false
	case !strings.HasPrefix(number, "4"):
		return true
	}
	return s.c.IsForeign != nil && s.c.IsForeign(sim.NewCardNumber(number))
}

// number reads the card number, which is never kept.
func (t texts) number() string {
	return t.text(rule{name: "accountNumber", isRequired: true, min: 13, max: 19, form: func(text string) sim.Kind {
		switch {
		case strings.ContainsRune(text, '*'):
			return numberMasked
		case !sim.IsDigits(text):
			return memberDigits
		case !sim.HasLuhnDigit(text):
			return numberCheckDigit
		}
		return sim.Kind{}
	}})
}

// describe reads what an issuer says of a card.
func (t texts) describe(card *register.Card) {
	card.NameOnCard = t.text(rule{name: "nameOnCard", isRequired: true, min: 1, max: 120})
	card.ExpirationDate = t.text(rule{name: "expirationDate", isRequired: true, min: 7, max: 7, form: expiryForm})
	card.CardType = t.text(rule{name: "cardType", max: 35})
	card.IssuerName = t.text(rule{name: "issuerName", max: 120})
	card.CurrencyCode = t.text(rule{name: "currencyCode", min: 3, max: 3, form: currencyForm})
	card.Status = register.Status(t.text(rule{name: "status", max: 35, form: cardStatusForm}))
	if card.Status == "" {
		card.Status = register.StatusActive
	}
	address, ok := t.within("billingAddress", true)
	if !ok {
		return
	}
	line := rule{min: 1, max: 64, form: addressForm}
	part := func(name string, isRequired bool, most int) string {
		k := line.of(name, isRequired)
		k.max = most
		return address.text(k)
	}
	card.BillingAddress = register.Address{
		AddressLine1: part("addressLine1", true, line.max), AddressLine2: part("addressLine2", false, line.max), AddressLine3: part("addressLine3", false, line.max),
		City: part("city", true, 32), State: part("state", false, 3), PostalCode: part("postalCode", false, 9),
		Country: address.text(rule{name: "country", isRequired: true, min: 3, max: 3, form: countryForm}),
	}
}

// fixed are members that Visa assigns.
var fixed = []string{"panReferenceID", "paymentAccountReference", "tokenDetails"}

// broken returns the business rules that a card breaks by itself.
func (t texts) broken(card register.Card, isForeign bool, now time.Time) (problems []register.Problem) {
	add := func(member, reason, message string) {
		problems = append(problems, register.Problem{Field: t.at + member, Reason: reason, Message: message})
	}
	if card.Type != "" && card.Type != "CARD" {
		add("type", reasonUnsupported, "Payment instrument not supported")
	}
	if isForeign {
		add("accountNumber", reasonNotVisa, "Not a Visa card")
	}
	if year, month, ok := strings.Cut(card.ExpirationDate, "-"); ok && !now.Before(sim.EndOfMonth(month, year[2:])) {
		add("expirationDate", reasonExpired, "Card expired")
	}
	for _, name := range fixed {
		if t.object.Has(name) {
			add(name, reasonFixed, "Field cannot be updated")
		}
	}
	return problems
}

func typeForm(text string) sim.Kind {
	switch text {
	case "CARD", "NON-VISA-CARD", "BANK_ACCOUNT":
		return sim.Kind{}
	}
	return typeUnknown
}

// expiryForm takes YYYY-MM of this century.
func expiryForm(text string) sim.Kind {
	year, month, _ := strings.Cut(text, "-")
	if len(year) != 4 || !sim.IsDigits(year) || year[:2] != "20" || !sim.IsMonth(month) {
		return expiryMalformed
	}
	return sim.Kind{}
}

func currencyForm(text string) sim.Kind {
	if isLetters(text, 3, 'A') || len(text) == 3 && sim.IsDigits(text) {
		return sim.Kind{}
	}
	return currencyMalformed
}

func cardStatusForm(text string) sim.Kind {
	switch register.Status(text) {
	case register.StatusActive, register.StatusInactive, register.StatusSuspended:
		return sim.Kind{}
	case register.StatusDeleted:
	}
	return statusUnknown
}

// forbidden are the characters that no member of an address has.
const forbidden = "[]{}:&$^!=;*#`<>\"”@"

func addressForm(text string) sim.Kind {
	switch {
	case strings.ContainsAny(text, forbidden):
		return addressCharacter
	case walletport.ContainsPAN(text):
		return addressNumber
	}
	return sim.Kind{}
}
