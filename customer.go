package walletport

import (
	"slices"
	"strconv"
	"time"
)

// CustomerKey names a customer: a number is an issuer's own.
type CustomerKey struct {
	Issuer IssuerID
	Number string // as CardSummary.CustomerID has it
}

// CustomerID is the number that walletport gives a customer's row. Numbers rise, with gaps,
// in the order in which customers came; that of a forgotten one stays.
type CustomerID int64

// String returns the decimal form.
func (id CustomerID) String() string { return strconv.FormatInt(int64(id), 10) }

// CustomerSummary is what is known of a customer without opening the row: nothing that is
// personal.
type CustomerSummary struct {
	ID CustomerID // 0 before it is stored
	CustomerKey
	IsForgotten bool // the personal data was erased: nothing but this summary is left
}

// Customer is a customer in clear. It exists only inside a borrow from the vault and is
// wiped afterwards. Whatever prints one prints masks. Every field may be empty: which of
// them are needed depends on what for.
type Customer struct {
	CustomerSummary
	FirstName, MiddleName, LastName Private
	Emails                          []Private
	Phones                          []Private // digits, the country's code first, no "+"
	Locale                          Private   // "en" or "en_US"
	Country                         Private   // ISO 3166-1 alpha-3
	Address                         Address
	Consent                         Consent
	AppIDs                          []Private // of the issuer's apps in which the customer has signed in
}

// Address is where bills go.
type Address struct {
	Line1, Line2, Line3, City, State, PostalCode Private
	Country                                      Private // ISO 3166-1 alpha-3
}

// Consent says to what a customer agreed, and when. The zero Consent is none.
type Consent struct {
	Version   Private   // of the text that was agreed to
	Presenter Private   // who showed it
	At        time.Time // milliseconds, UTC
}

// CustomerField is one field of a customer that somebody can give. Errors, files and audit
// records name it by its String.
type CustomerField int

// The fields. Faults of a customer are named in this order.
const (
	CustomerFirstName CustomerField = iota
	CustomerMiddleName
	CustomerLastName
	CustomerEmails
	CustomerPhones
	CustomerLocale
	CustomerCountry
	CustomerLine1
	CustomerLine2
	CustomerLine3
	CustomerCity
	CustomerState
	CustomerPostalCode
	CustomerAddressCountry
	CustomerConsentVersion
	CustomerConsentPresenter
	CustomerConsentTime
	CustomerAppIDs
	CustomerFieldCount
)

var customerFieldNames = [CustomerFieldCount]string{
	"firstName", "middleName", "lastName", "emails", "phones", "locale", "country",
	"addressLine1", "addressLine2", "addressLine3", "city", "state", "postalCode", "addressCountry",
	"consentVersion", "consentPresenter", "consentTime", "appIds",
}

// String returns the name.
func (f CustomerField) String() string { return customerFieldNames[f] }

// CustomerFieldOf returns the field of that name.
func CustomerFieldOf[T string | []byte](name T) (CustomerField, bool) {
	for f := range CustomerFieldCount {
		if string(name) == customerFieldNames[f] {
			return f, true
		}
	}
	return 0, false
}

// IsList reports whether the field may have several values.
func (f CustomerField) IsList() bool {
	return f == CustomerEmails || f == CustomerPhones || f == CustomerAppIDs
}

// text is where a field with one text stands; nil for all others.
func (c *Customer) text(f CustomerField) *Private {
	switch f {
	case CustomerFirstName:
		return &c.FirstName
	case CustomerMiddleName:
		return &c.MiddleName
	case CustomerLastName:
		return &c.LastName
	case CustomerLocale:
		return &c.Locale
	case CustomerCountry:
		return &c.Country
	case CustomerLine1:
		return &c.Address.Line1
	case CustomerLine2:
		return &c.Address.Line2
	case CustomerLine3:
		return &c.Address.Line3
	case CustomerCity:
		return &c.Address.City
	case CustomerState:
		return &c.Address.State
	case CustomerPostalCode:
		return &c.Address.PostalCode
	case CustomerAddressCountry:
		return &c.Address.Country
	case CustomerConsentVersion:
		return &c.Consent.Version
	case CustomerConsentPresenter:
		return &c.Consent.Presenter
	case CustomerEmails, CustomerPhones, CustomerAppIDs, CustomerConsentTime, CustomerFieldCount:
	}
	return nil
}

// list is where a field with several texts stands; nil for all others.
func (c *Customer) list(f CustomerField) *[]Private {
	switch f { //nolint:exhaustive // text has the others
	case CustomerEmails:
		return &c.Emails
	case CustomerPhones:
		return &c.Phones
	case CustomerAppIDs:
		return &c.AppIDs
	}
	return nil
}

// Values returns the texts of a field, which share their bytes with c: none of an empty
// one. The consent's time is in milliseconds since 1970, in decimal.
func (c *Customer) Values(f CustomerField) []Private {
	if f == CustomerConsentTime {
		if c.Consent.At.IsZero() {
			return nil
		}
		return []Private{NewPrivate(strconv.FormatInt(c.Consent.At.UnixMilli(), 10))}
	}
	if list := c.list(f); list != nil {
		return slices.Clone(*list)
	}
	if text := c.text(f); !text.IsZero() {
		return []Private{*text}
	}
	return nil
}

// SetValues gives a field other texts, as Values returns them; no texts empty it. It
// reports false, and changes nothing, for several texts of a field that has one, and for a
// time that is none. Bytes that the field had are not wiped.
func (c *Customer) SetValues(f CustomerField, values []Private) bool {
	if list := c.list(f); list != nil {
		*list = slices.Clone(values)
		return true
	}
	var value Private
	switch len(values) {
	case 0:
	case 1:
		value = values[0]
	default:
		return false
	}
	if f != CustomerConsentTime {
		*c.text(f) = value
		return true
	}
	if value.IsZero() {
		c.Consent.At = time.Time{}
		return true
	}
	ms, err := strconv.ParseInt(string(value.Reveal()), 10, 64)
	if err != nil {
		return false
	}
	c.Consent.At = time.UnixMilli(ms).UTC()
	return true
}

// Wipe overwrites the personal data. The summary stays.
func (c *Customer) Wipe() {
	for f := range CustomerFieldCount {
		for _, value := range c.Values(f) {
			value.Wipe()
		}
	}
	*c = Customer{CustomerSummary: c.CustomerSummary}
}

// ErrCustomerNotFound returns the answer for a customer that does not exist, was forgotten,
// or is not for this caller; they must not be told apart.
func ErrCustomerNotFound() *Error {
	return Errorf(CodeNotFound, "customer_not_found", "there is no customer of that number")
}
