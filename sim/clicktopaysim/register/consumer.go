package register

import (
	"encoding/json"
	"slices"
)

// Name is what a consumer is known by: the issuer's own id, of one Visa business id.
type Name struct {
	ExternalConsumerID string `json:"externalConsumerID"`
	OwnerBID           string `json:"externalConsumerIDOwnerBID"`
}

// Status is that of a consumer or of a card.
type Status string

// The statuses. Of a consumer's only StatusActive is published.
const (
	StatusActive    Status = "ACTIVE"
	StatusInactive  Status = "INACTIVE"
	StatusSuspended Status = "SUSPENDED" // of cards only
	StatusDeleted   Status = "DELETED"   // of cards only
)

// Person is what an issuer says of a consumer. A manage call replaces all of it.
type Person struct {
	FirstName           string            `json:"firstName,omitempty"`
	MiddleName          string            `json:"middleName,omitempty"`
	LastName            string            `json:"lastName,omitempty"`
	Phones              []string          `json:"phones,omitempty"`
	Emails              []string          `json:"emails,omitempty"`
	Locale              string            `json:"locale,omitempty"`
	CountryCode         string            `json:"countryCode,omitempty"` // alpha-3
	Consent             json.RawMessage   `json:"consent,omitempty"`
	NationalIdentifiers []json.RawMessage `json:"nationalIdentifiers,omitempty"`
	Status              Status            `json:"status,omitempty"`
}

// Card is an enrolled payment instrument.
type Card struct {
	Type                    string  `json:"type"`
	CardType                string  `json:"cardType,omitempty"`
	IssuerName              string  `json:"issuerName,omitempty"`
	CurrencyCode            string  `json:"currencyCode,omitempty"`
	AccountNumber           string  `json:"accountNumber"` // masked
	NameOnCard              string  `json:"nameOnCard,omitempty"`
	ExpirationDate          string  `json:"expirationDate,omitempty"` // YYYY-MM
	PANReferenceID          string  `json:"panReferenceID"`           // the same for every consumer who has the card
	PaymentAccountReference string  `json:"paymentAccountReference,omitempty"`
	Status                  Status  `json:"status,omitempty"`
	TokenDetails            *Token  `json:"tokenDetails,omitempty"`
	BillingAddress          Address `json:"billingAddress,omitzero"`
}

// Token is the token that Click to Pay pays with.
type Token struct {
	TokenReferenceID string `json:"tokenReferenceID"`
	TokenRequestorID string `json:"tokenRequestorID"`
}

// Address is a card's billing address.
type Address struct {
	AddressLine1 string `json:"addressLine1,omitempty"`
	AddressLine2 string `json:"addressLine2,omitempty"`
	AddressLine3 string `json:"addressLine3,omitempty"`
	City         string `json:"city,omitempty"`
	State        string `json:"state,omitempty"`
	PostalCode   string `json:"postalCode,omitempty"`
	Country      string `json:"country,omitempty"` // alpha-3
}

// Consumer is one version of what is known of a consumer.
type Consumer struct {
	Name
	Person *Person `json:"person,omitempty"` // nil: not enrolled
	Cards  []Card  `json:"cards,omitempty"`  // deleted ones too, as long as the consumer is enrolled
	// Running is the request that was accepted and has not ended.
	Running *Request `json:"running,omitempty"`
	// IsHeld says that another writer has the consumer's lock.
	IsHeld bool `json:"isHeld,omitempty"`
	Next   Next `json:"next,omitzero"`
}

// Next is what the next request of a consumer meets.
type Next struct {
	Fate   Fate `json:"fate,omitempty"`
	Stalls bool `json:"stalls,omitempty"`
}

// card returns the place of an enrolled card, -1 of one that is not.
func (c Consumer) card(reference string) int {
	return slices.IndexFunc(c.Cards, func(k Card) bool { return k.PANReferenceID == reference && k.Status != StatusDeleted })
}

// Enrolled returns the cards that are not deleted.
func (c Consumer) Enrolled() []Card {
	return slices.DeleteFunc(slices.Clone(c.Cards), func(k Card) bool { return k.Status == StatusDeleted })
}
