// Package customerfile knows how files of customers are spelled: their columns, and what
// people and spreadsheets write in the place of a value. It does not know what a customer is.
package customerfile

import (
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault/rowfile"
)

// Places of the columns before those of the fields.
const (
	Number = iota // the issuer's number of the customer: the key
	Issuer
	firstField
)

// Place returns the place of a field's column.
func Place(f walletport.CustomerField) int { return firstField + int(f) }

// others are what people call the fields, as rowfile.PlainName has it.
var others = [walletport.CustomerFieldCount][]string{
	walletport.CustomerFirstName:        {"first", "givenname", "forename"},
	walletport.CustomerMiddleName:       {"middle", "middleinitial", "secondname"},
	walletport.CustomerLastName:         {"last", "surname", "familyname"},
	walletport.CustomerEmails:           {"email", "emailaddress", "emailaddresses", "mail"},
	walletport.CustomerPhones:           {"phone", "phonenumber", "phonenumbers", "mobile", "mobilenumber", "mobilephone", "telephone", "msisdn"},
	walletport.CustomerLocale:           {"language", "lang"},
	walletport.CustomerCountry:          {"countrycode"},
	walletport.CustomerLine1:            {"addressline", "line1", "address1", "street", "streetaddress"},
	walletport.CustomerLine2:            {"line2", "address2"},
	walletport.CustomerLine3:            {"line3", "address3"},
	walletport.CustomerCity:             {"town", "addresscity"},
	walletport.CustomerState:            {"province", "region", "addressstate"},
	walletport.CustomerPostalCode:       {"zip", "zipcode", "postcode", "postal"},
	walletport.CustomerAddressCountry:   {"addresscountrycode", "billingcountry"},
	walletport.CustomerConsentVersion:   {"termsversion"},
	walletport.CustomerConsentPresenter: {"presenter"},
	walletport.CustomerConsentTime:      {"consentdate", "consentdatetime", "consentat"},
	walletport.CustomerAppIDs:           {"appid", "applicationid", "applicationids", "apps"},
}

// Schema is that of files of customers.
var Schema = newSchema()

func newSchema() *rowfile.Schema {
	columns := []rowfile.Column{
		{Name: "customerId", IsRequired: true, Others: []string{"id", "customer", "customernumber", "customerno", "customerref", "clientid"}},
		{Name: "issuer", IsRequired: true, Others: []string{"issuerid", "bank"}},
	}
	for f := range walletport.CustomerFieldCount {
		columns = append(columns, rowfile.Column{Name: f.String(), IsList: f.IsList(), Others: others[f]})
	}
	joined := map[string]rowfile.Joined{}
	for holds, names := range map[rowfile.Joined][]string{
		{Holds: "a whole name", Write: "firstName, middleName and lastName"}:                                          {"name", "fullname", "customername"},
		{Holds: "a whole address", Write: "addressLine1 to addressLine3, city, state, postalCode and addressCountry"}: {"address", "billingaddress", "fulladdress"},
		{Holds: "a whole consent", Write: "consentVersion, consentPresenter and consentTime"}:                         {"consent", "consents"},
	} {
		for _, name := range names {
			joined[name] = holds
		}
	}
	return rowfile.NewSchema("customer", "customers", columns, joined, checkHeader)
}

// checkHeader refuses a file that could not say anything of a customer.
func checkHeader(s *rowfile.Schema, header []int) string {
	switch {
	case !slices.Contains(header, Number):
		return "the header lacks customerId"
	case !slices.ContainsFunc(header, func(place int) bool { return place >= firstField }):
		return "the header names nothing that a customer could be given: add others of " + s.List()
	}
	return ""
}

// ValueRule says what a spreadsheet or another program made of a value of a field; "" for one
// that may be one.
func ValueRule(f walletport.CustomerField, text []byte) string {
	if f == walletport.CustomerPhones { // digits alone: no good one looks rounded
		return rowfile.SpoiledRule(text)
	}
	return rowfile.EncodingRule(text)
}

// ParseTime reads the time of a consent (RFC 3339), or returns why it is none.
func ParseTime(text []byte) (time.Time, string) {
	var at time.Time
	if err := at.UnmarshalText(text); err != nil {
		return time.Time{}, "must be a time with its zone, such as 2026-11-30T09:12:04Z or 2026-11-30T10:12:04+01:00"
	}
	return at, ""
}
