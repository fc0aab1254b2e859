package scheme

import (
	"io"
	"time"

	"github.com/walletport/walletport"
)

// Enroller enrols consumers and their cards with a scheme for paying on the internet (Click
// to Pay), changes and deletes what is enrolled, and reads it. It makes requests and reads
// answers and sends nothing. Implementations are immutable and safe for concurrent use.
//
// Errors of its methods, before anything was sent, are CodeInvalid and CodeUnavailable with
// reasons key_unusable and sealing_unavailable. What the scheme said no to is among the
// FaultsOf an error.
type Enroller interface {
	// Scheme names the scheme whose cards are enrolled.
	Scheme() walletport.SchemeID
	// CheckEnrolment returns every fault of a change that can be known before it is sent, as
	// the Fields of a CodeInvalid with reason enrolment_data_invalid. They are named as
	// the scheme's own refusals name them: "consumerInformation.emails[1]",
	// "paymentInstruments[0].billingAddress.city".
	CheckEnrolment(e Enrolment, now time.Time) error
	// ChangeEnrolment asks for a change that CheckEnrolment found no fault in. Personal data
	// and card numbers are sealed before it returns, so that they need not outlive the call.
	//
	// Its command is Done when the scheme took the request, not when the change was made:
	// Reference is what EnrolmentResult asks with.
	ChangeEnrolment(in EnrolmentInput) (Command, error)
	// EnrolmentResult asks what became of a request that the scheme took. A request that the
	// scheme does not know is CodeNotFound, reason request_not_at_scheme.
	EnrolmentResult(in ResultInput) (Query[EnrolmentResult], error)
	// Enrolled asks what is enrolled of a consumer. While a change of that consumer runs the
	// error is CodeUnavailable, reason scheme_busy.
	Enrolled(in ConsumerInput) (Query[Enrolled], error)
	// FaultKind returns what a code of the scheme's means (Fault.Code); FaultUnknown of any
	// other text.
	FaultKind(code string) FaultKind
	// JudgeEnrolment says what became of a change whose outcome is unknown, from what the
	// scheme has said since. It asks nobody.
	JudgeEnrolment(e EnrolmentEvidence) Verdict
}

// EnrolmentAction is what a change does.
type EnrolmentAction string

// The actions.
const (
	EnrolConsumer   EnrolmentAction = "enrol_consumer" // who is not enrolled, with cards
	EnrolCards      EnrolmentAction = "enrol_cards"    // of a consumer who is
	ReplaceConsumer EnrolmentAction = "replace_consumer"
	ReplaceCards    EnrolmentAction = "replace_cards"
	DeleteConsumer  EnrolmentAction = "delete_consumer" // and all cards of theirs
	DeleteCards     EnrolmentAction = "delete_cards"
)

// EnrolmentActions returns all actions.
func EnrolmentActions() []EnrolmentAction {
	return []EnrolmentAction{EnrolConsumer, EnrolCards, ReplaceConsumer, ReplaceCards, DeleteConsumer, DeleteCards}
}

// ConsumerID names a consumer at the scheme: both parts together are unique there.
type ConsumerID struct {
	External string // the issuer's customer number
	OwnerBID string // the issuer's id at the scheme; of Visa the Visa Business Identifier
}

// Enrolment is a change, with all that it says. What is replaced is replaced as a whole:
// what a record leaves out is erased at the scheme.
type Enrolment struct {
	Action   EnrolmentAction
	ID       ConsumerID
	Consumer Consumer       // of EnrolConsumer and ReplaceConsumer
	Cards    []ConsumerCard // of EnrolConsumer and those that end in Cards
}

// Consumer is what a scheme is told of a person. Whoever made it wipes it.
type Consumer struct {
	FirstName  walletport.Private
	MiddleName walletport.Private // may be empty
	LastName   walletport.Private
	Emails     []walletport.Private
	Phones     []walletport.Private // digits, the country's code first, no "+"
	Locale     string               // "en_US", or empty
	Country    string               // ISO 3166-1 alpha-3
	Consent    *Consent             // nil: none is known
	// Inactive: the consumer's cards cannot be paid with. An enrolment does not say it.
	Inactive bool
}

// Consent says that a person agreed to the enrolment.
type Consent struct {
	Version   string // of the text that was agreed to
	Presenter string // who showed it
	At        time.Time
}

// ConsumerCard is a card of a consumer. DeleteCards takes the number alone.
type ConsumerCard struct {
	PAN     walletport.PAN
	Name    walletport.Private // on the card
	Expiry  walletport.Expiry
	Address Address
}

// Address is where bills of a card go.
type Address struct {
	Line1, Line2, Line3, City, State, PostalCode walletport.Private
	Country                                      string // ISO 3166-1 alpha-3
}

// EnrolmentInput is everything that a request for a change depends on.
type EnrolmentInput struct {
	Access    Access
	RequestID string // ours, for whoever has to find it in the scheme's log: a UUID
	Enrolment Enrolment
	Now       time.Time
	Rand      io.Reader
}

// ConsumerInput is everything that a question about a consumer depends on.
type ConsumerInput struct {
	Access    Access
	RequestID string
	ID        ConsumerID
}

// ResultInput is everything that a question about a request depends on.
type ResultInput struct {
	Access    Access
	RequestID string
	ID        ConsumerID // whose request it was
	Reference string     // see Outcome
}

// EnrolmentState is how far a request has come that the scheme took.
type EnrolmentState string

// The states. EnrolmentUnclear is of an answer that says neither: that the scheme ended the
// work is no success. What is enrolled tells.
const (
	EnrolmentRuns      EnrolmentState = "runs"
	EnrolmentSucceeded EnrolmentState = "succeeded"
	EnrolmentFailed    EnrolmentState = "failed"
	EnrolmentUnclear   EnrolmentState = "unclear"
)

// EnrolmentResult is what became of a request.
type EnrolmentResult struct {
	State  EnrolmentState
	Faults []Fault // of EnrolmentFailed, and of EnrolmentUnclear where there are any
}

// Enrolled is what is enrolled of a consumer. Whoever asked wipes it.
type Enrolled struct {
	IsEnrolled bool // false: the scheme does not know the consumer, and all else is zero
	// Consumer is what the scheme has. Its Consent is nil, whatever the scheme says of one.
	Consumer Consumer
	Status   string // the scheme's own word; empty where it is none that can be shown
	Cards    []EnrolledCard
}

// EnrolledCard is a card as the scheme shows it, without its number.
type EnrolledCard struct {
	FirstDigits  string // of its number; may be empty
	LastFour     string
	Name         walletport.Private
	Expiry       walletport.Expiry
	Address      Address
	Status       string // as of Enrolled
	Inactive     bool   // it cannot be paid with
	Deleted      bool   // it is shown, and is not enrolled any more
	PANReference string
	AccountRef   string              // payment account reference
	Token        walletport.TokenRef // zero: there is none, or it is none that can be
}

// Wipe overwrites the personal data.
func (e Enrolled) Wipe() {
	e.Consumer.Wipe()
	for _, c := range e.Cards {
		c.Name.Wipe()
		c.Address.Wipe()
	}
}

// Wipe overwrites personal data and card numbers.
func (e Enrolment) Wipe() {
	e.Consumer.Wipe()
	for _, c := range e.Cards {
		c.PAN.Wipe()
		c.Name.Wipe()
		c.Address.Wipe()
	}
}

// Wipe overwrites names, e-mail addresses and telephone numbers.
func (c Consumer) Wipe() {
	for _, text := range []walletport.Private{c.FirstName, c.MiddleName, c.LastName} {
		text.Wipe()
	}
	for _, texts := range [][]walletport.Private{c.Emails, c.Phones} {
		for _, text := range texts {
			text.Wipe()
		}
	}
}

// Wipe overwrites the address, but for the country.
func (a Address) Wipe() {
	for _, text := range []walletport.Private{a.Line1, a.Line2, a.Line3, a.City, a.State, a.PostalCode} {
		text.Wipe()
	}
}

// EnrolmentEvidence is what is known of a change whose outcome is not.
type EnrolmentEvidence struct {
	Enrolment Enrolment
	SentAt    time.Time // when it was sent first
	Now       time.Time // when the scheme was asked last
	// Enrolled is the scheme's answer after all that was sent; nil: it was not asked.
	Enrolled *Enrolled
	// Repeat is what the scheme said no with when the change was sent again: that a card is
	// enrolled already says that the first try did it. Empty: it was sent once.
	Repeat []Fault
}
