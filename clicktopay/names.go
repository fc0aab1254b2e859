package clicktopay

import (
	"errors"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// customerNames are the scheme's names of members of a consumer that are not ours, by ours.
var customerNames = map[string]string{
	"countryCode": "country", "consent.version": "consentVersion", "consent.presenter": "consentPresenter", "consent.timeOfConsent": "consentTime",
}

// nameOf returns the name that whoever asked has for a member that the scheme names:
// "overrides.emails[1]" and "cardOverrides.city" where the request overrides it, else the
// place where it is stored. What the scheme has another name for keeps that one.
func (o *overrides) nameOf(member string) string {
	if rest, ok := strings.CutPrefix(member, "consumerInformation."); ok {
		return o.nameOfCustomer(rest)
	}
	if place, rest, ok := strings.Cut(member, "]."); ok && strings.HasPrefix(place, "paymentInstruments[") {
		return o.nameOfCard(rest)
	}
	return member
}

func (o *overrides) nameOfCustomer(member string) string {
	switch list, _, _ := strings.Cut(member, "["); {
	case member == "externalConsumerID":
		return "customerId"
	case member == "externalConsumerIDOwnerBID":
		return "customerBID"
	case list == "emails" && o.customer.Emails != nil, list == "phones" && o.customer.Phones != nil:
		return "overrides." + member
	}
	if ours, ok := customerNames[member]; ok {
		member = ours
	}
	return "customer." + member
}

func (o *overrides) nameOfCard(member string) string {
	switch member {
	case "accountNumber":
		return "card.pan"
	case "nameOnCard":
		return "card.cardholderName"
	case "expirationDate":
		return "card.expiry"
	}
	rest, ok := strings.CutPrefix(member, "billingAddress.")
	if !ok {
		return "card." + member
	}
	if o.isOverridden(rest) {
		return "cardOverrides." + rest
	}
	return "customer.address." + rest
}

// addressNames are the members of an address as the API has them, in the order of
// CardOverrides.members. The scheme has the same.
var addressNames = [...]string{"addressLine1", "addressLine2", "addressLine3", "city", "state", "postalCode", "country"}

func (o *overrides) isOverridden(name string) bool {
	for i, member := range o.card.members() {
		if addressNames[i] == name {
			return *member != nil
		}
	}
	return false
}

// inCallersWords returns the faults that a scheme's room found in what is to be sent, by the
// names of whoever asked, with what to do about those that are of stored data. Other errors
// are returned as they are.
func (o *overrides) inCallersWords(r *storage.EnrolmentRequest, err error) error {
	found, ok := errors.AsType[*walletport.Error](err)
	if !ok || found.Code != walletport.CodeInvalid || len(found.Fields) == 0 {
		return err
	}
	fields := make([]walletport.Field, len(found.Fields))
	for i, f := range found.Fields {
		name := o.nameOf(f.Name)
		fields[i] = walletport.Field{Name: name, Reason: f.Reason + remedy(r, name)}
	}
	named := walletport.ErrField("enrolment_data_invalid", fields[0].Name, fields[0].Reason)
	named.Fields = fields
	return named
}

// remedy says what to do about a fault of stored data; nothing of all else. Only who calls
// the API can send overrides.
func remedy(r *storage.EnrolmentRequest, name string) string {
	what, member, _ := strings.Cut(name, ".")
	if what != "customer" && what != "card" {
		return ""
	}
	text := ": import the " + what + " anew"
	if r.Channel != ChannelAPI {
		return text
	}
	list, _, _ := strings.Cut(member, "[")
	ofAddress, isOfAddress := strings.CutPrefix(member, "address.")
	switch may := messages[r.Action]; {
	case isOfAddress && may.overridesCard:
		text += ", or send cardOverrides." + ofAddress
	case (list == "emails" || list == "phones") && may.overridesCustomer:
		text += ", or send overrides." + list
	}
	return text
}
