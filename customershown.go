package walletport

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// ShownCustomer is what is shown of a customer: masks that tell people apart who know the
// customer, and nobody else. Its JSON is what commands print.
type ShownCustomer struct {
	CustomerID  string       `json:"customerId"`
	Issuer      string       `json:"issuer"`
	IsForgotten bool         `json:"forgotten"` // all that follows is empty then
	FirstName   string       `json:"firstName"` // its first letter and stars, as the other names
	MiddleName  string       `json:"middleName"`
	LastName    string       `json:"lastName"`
	Emails      []string     `json:"emails"` // first letters and stars: "a***@e***"
	Phones      []string     `json:"phones"` // stars and the last two digits
	Locale      string       `json:"locale"`
	Country     string       `json:"country"`
	Address     ShownAddress `json:"address"`
	Consent     ShownConsent `json:"consent"`
	AppIDs      []string     `json:"appIds"`
}

// ShownAddress is what is shown of an address: the country in clear, and of the rest
// whether it is there.
type ShownAddress struct {
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	Line3      string `json:"line3"`
	City       string `json:"city"`
	State      string `json:"state"`
	PostalCode string `json:"postalCode"`
	Country    string `json:"country"`
}

// ShownConsent is what is shown of a consent, which is all of it.
type ShownConsent struct {
	Version   string `json:"version"`
	Presenter string `json:"presenter"`
	At        string `json:"at"` // RFC 3339, UTC
}

// Shown returns what is shown of the customer.
func (c *Customer) Shown() ShownCustomer {
	whole := func(p Private) string { return string(p.Reveal()) }
	a := &c.Address
	shown := ShownCustomer{
		CustomerID: c.Number, Issuer: string(c.Issuer), IsForgotten: c.IsForgotten,
		FirstName: initialOf(c.FirstName.Reveal()), MiddleName: initialOf(c.MiddleName.Reveal()), LastName: initialOf(c.LastName.Reveal()),
		Emails: shownEach(c.Emails, maskEmail), Phones: shownEach(c.Phones, maskPhone),
		Locale: whole(c.Locale), Country: whole(c.Country),
		Address: ShownAddress{
			Line1: present(a.Line1), Line2: present(a.Line2), Line3: present(a.Line3), City: present(a.City),
			State: present(a.State), PostalCode: present(a.PostalCode), Country: whole(a.Country),
		},
		Consent: ShownConsent{Version: whole(c.Consent.Version), Presenter: whole(c.Consent.Presenter)},
		AppIDs:  shownEach(c.AppIDs, initialOf),
	}
	if !c.Consent.At.IsZero() {
		shown.Consent.At = c.Consent.At.UTC().Format(time.RFC3339)
	}
	return shown
}

// stars do not tell how long a text is.
const stars = "***"

func present(p Private) string {
	if p.IsZero() {
		return ""
	}
	return stars
}

func initialOf(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	_, size := utf8.DecodeRune(text)
	if size == len(text) { // it would be the whole
		return stars
	}
	return string(text[:size]) + stars
}

func maskEmail(text []byte) string {
	local, domain, _ := bytes.Cut(text, []byte("@"))
	return initialOf(local) + "@" + initialOf(domain)
}

func maskPhone(text []byte) string {
	if len(text) < minPhoneDigits {
		return stars
	}
	return stars + string(text[len(text)-2:])
}

func shownEach(values []Private, mask func([]byte) string) []string {
	shown := make([]string, len(values))
	for i, value := range values {
		shown[i] = mask(value.Reveal())
	}
	return shown
}
