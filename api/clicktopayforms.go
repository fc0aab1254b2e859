package api

import (
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/clicktopay"
)

// maxCustomerDigits is the length of the longest customer number that a path may have: the
// documents call it a biginteger.
const maxCustomerDigits = 19

// parseCustomer checks the customer number of a path. What is none is answered as one that
// nobody has.
func parseCustomer(text string) (string, error) {
	if len(text) > maxCustomerDigits || !walletport.IsDigits(text) || walletport.IsPAN(text) {
		return "", walletport.ErrCustomerNotFound()
	}
	return text, nil
}

// customerAndUser checks what calls on a customer name.
func customerAndUser(customer, auditUser string) (string, walletport.AuditUser, error) {
	user, err := walletport.ParseAuditUser(auditUser)
	if err != nil {
		return "", "", err
	}
	if customer, err = parseCustomer(customer); err != nil {
		return "", "", err
	}
	return customer, user, nil
}

// onlyCard reads the list of the call that enrols a customer, which has one card. The door
// makes strings of numbers.
func onlyCard(ids []string) (walletport.CardID, *walletport.Error) {
	if len(ids) != 1 {
		return 0, errCardID("card_id_count", "must be a list of exactly one card's id")
	}
	id, err := strconv.ParseInt(ids[0], 10, 64)
	switch {
	case err != nil:
		return 0, errCardID("card_id_malformed", cardIDRule)
	case walletport.CardID(id).IsPAN():
		return 0, errCardIDIsPAN()
	}
	return walletport.CardID(id), nil
}

// overridesOf returns texts that can be wiped. Those of the generated decoder cannot.
func overridesOf(o oas.OptClickToPayOverrides) clicktopay.Overrides {
	return clicktopay.Overrides{Emails: privateList(o.Value.Emails), Phones: privateList(o.Value.Phones)}
}

func cardOverridesOf(o oas.OptClickToPayCardOverrides) clicktopay.CardOverrides {
	private := func(text oas.OptString) *walletport.Private {
		if !text.Set {
			return nil
		}
		p := walletport.NewPrivate(text.Value)
		return &p
	}
	a := o.Value
	return clicktopay.CardOverrides{
		Line1: private(a.AddressLine1), Line2: private(a.AddressLine2), Line3: private(a.AddressLine3),
		City: private(a.City), State: private(a.State), PostalCode: private(a.PostalCode), Country: private(a.Country),
	}
}

// profileOf is a profile as the specification has it: what the scheme does not have is absent.
func profileOf(p *clicktopay.Profile) oas.ClickToPayCustomer {
	c := p.Consumer
	answer := oas.ClickToPayCustomer{
		CustomerInformation: oas.NewOptClickToPayCustomerInformation(oas.ClickToPayCustomerInformation{
			Email: shownList(c.Emails), Phone: shownList(c.Phones), Locale: known(c.Locale),
			FirstName: shown(c.FirstName), MiddleName: shown(c.MiddleName), LastName: shown(c.LastName),
			CountryCode: known(c.Country), Status: known(c.Status),
		}),
		PaymentInstruments: make([]oas.ClickToPayPaymentInstrument, len(p.Cards)), // not nil, which is absent
	}
	for i, card := range p.Cards {
		answer.PaymentInstruments[i] = instrumentOf(card)
	}
	return answer
}

func instrumentOf(card clicktopay.ProfileCard) oas.ClickToPayPaymentInstrument {
	instrument := oas.ClickToPayPaymentInstrument{Status: known(card.Status), NameOnCard: shown(card.Name)}
	if card.CardID != 0 {
		instrument.CardId = oas.NewOptString(card.CardID.String())
	}
	token := oas.ClickToPayTokenDetails{TokenReferenceID: known(card.Token.Reference), TokenRequestorID: known(card.Token.Requestor)}
	if token != (oas.ClickToPayTokenDetails{}) {
		instrument.TokenDetails = oas.NewOptClickToPayTokenDetails(token)
	}
	a := card.Address
	address := oas.ClickToPayAddress{
		AddressLine1: shown(a.Line1), AddressLine2: shown(a.Line2), AddressLine3: shown(a.Line3),
		City: shown(a.City), State: shown(a.State), PostalCode: shown(a.PostalCode), Country: shown(a.Country),
	}
	if address != (oas.ClickToPayAddress{}) {
		instrument.BillingAddress = oas.NewOptClickToPayAddress(address)
	}
	return instrument
}

// statusOf is a status as the specification has it. What is accepted, sent, or at work at the
// scheme is all in progress.
func statusOf(s clicktopay.Status) oas.ClickToPayStatus {
	result := s.Request.Result
	if result == "" {
		return oas.ClickToPayStatus{Status: oas.ClickToPayStatusStatusINPROGRESS}
	}
	details := oas.ClickToPayStatusDetails{Status: string(result)}
	for _, f := range s.Request.Faults {
		details.ErrorDetails = append(details.ErrorDetails, oas.ClickToPayErrorDetail{Field: known(f.Field), Reason: f.Reason, Message: f.Message})
	}
	return oas.ClickToPayStatus{Status: oas.ClickToPayStatusStatusCOMPLETED, Details: oas.NewOptClickToPayStatusDetails(details)}
}
