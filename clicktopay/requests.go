package clicktopay

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// The channels of requests.
const (
	ChannelAPI       = storage.RequestOfAPI
	ChannelCommand   = storage.RequestOfCommand
	ChannelPortfolio = storage.RequestOfPortfolio
)

// Asked is a change that somebody asks for. Who asks through the API must be bound to the
// issuer of the BID; a command acts for all.
type Asked struct {
	Action walletport.ClickToPayAction
	// Customer is the customer's number. EnrolCard, UpdateCard and DeleteCard leave it empty:
	// it is that of the card.
	Customer string
	CardID   walletport.CardID // of actions that are of a card, else 0
	// BID may be empty with ActivateCustomer and DeactivateCustomer only: then it is the one
	// that the customer is enrolled with.
	BID           string
	Overrides     Overrides     // of EnrolCustomer and UpdateCustomer
	CardOverrides CardOverrides // of EnrolCustomer, EnrolCard and UpdateCard
	AuditUser     walletport.AuditUser
	Channel       storage.RequestChannel
	// Admit refuses the request by how its consumer stands at that moment, under the lock of
	// the row; nil refuses nothing. Its error is returned as it is. It may be called again.
	Admit func(storage.Consumer) error
}

// Overrides take the place of what is stored of a customer, in this request alone. A list
// that is nil overrides nothing. The flow wipes them.
type Overrides struct {
	Emails, Phones []walletport.Private
}

// CardOverrides take the place of members of the stored address, in this request alone. nil
// overrides nothing. The flow wipes them.
type CardOverrides struct {
	Line1, Line2, Line3, City, State, PostalCode, Country *walletport.Private
}

// Accepted is a request that was accepted.
type Accepted struct {
	ID string // a UUID of 36 characters, to ask for the status with
	// IsJoined: the same was asked for before, and it is that request's.
	IsJoined bool
}

// ReadRequest asks what is enrolled of a customer.
type ReadRequest struct {
	Customer  string
	BID       string // may be empty as of Asked
	AuditUser walletport.AuditUser
	Channel   storage.RequestChannel
}

// StatusRequest asks how far a request has come.
type StatusRequest struct {
	ID        string
	AuditUser walletport.AuditUser
	Channel   storage.RequestChannel
}

// Status says how far a request has come.
type Status struct {
	Request storage.EnrolmentRequest // without print and overrides
}

// Profile is what the scheme has of a customer. Whoever asked wipes it by Wipe.
type Profile struct {
	Consumer ProfileConsumer
	Cards    []ProfileCard
}

// ProfileConsumer is a customer as the scheme shows them.
type ProfileConsumer struct {
	FirstName, MiddleName, LastName walletport.Private
	Emails, Phones                  []walletport.Private
	Locale, Country                 string
	Status                          string // the scheme's own word
}

// ProfileCard is a card as the scheme shows it.
type ProfileCard struct {
	CardID  walletport.CardID // 0: none of the customer's cards here is that one
	Token   walletport.TokenRef
	Status  string // the scheme's own word
	Name    walletport.Private
	Address walletport.Address
}

// Wipe overwrites the personal data.
func (p *Profile) Wipe() {
	c := &p.Consumer
	for _, text := range []walletport.Private{c.FirstName, c.MiddleName, c.LastName} {
		text.Wipe()
	}
	for _, texts := range [][]walletport.Private{c.Emails, c.Phones} {
		for _, text := range texts {
			text.Wipe()
		}
	}
	for _, card := range p.Cards {
		card.Name.Wipe()
		a := card.Address
		for _, text := range []walletport.Private{a.Line1, a.Line2, a.Line3, a.City, a.State, a.PostalCode, a.Country} {
			text.Wipe()
		}
	}
}
