package storage

import (
	"context"
	"time"

	"github.com/walletport/walletport"
)

// ConsumerKey names a consumer of Click to Pay: a customer, and the id (BID) by which the
// issuer enrols them.
type ConsumerKey struct {
	Customer walletport.CustomerID // of the customer's row, which is never deleted
	BID      string
}

// Consumer is what is known of a consumer of Click to Pay. There is a row from the first
// request on. The scheme is the source of truth: AsOf says how old this word of it is.
//
// Requests of a consumer are accepted under the lock of this row, so that what it says of
// the last one is true at the moment of the next.
type Consumer struct {
	ConsumerKey
	Issuer walletport.IssuerID
	Number string // the customer's

	IsEnrolled bool
	IsInactive bool           // the consumer's cards cannot be paid with
	Cards      []ConsumerCard // that are enrolled or are to be, were refused last, or were removed, in the order of their ids; each once
	AsOf       time.Time      // milliseconds, by the database's clock; zero is never

	Open int         // requests that are not completed
	Last LastRequest // the last one that was accepted
}

// ConsumerCard is a card of a consumer.
type ConsumerCard struct {
	ID    walletport.CardID
	State ConsumerCardState
	// Reason is why CardRefused, as the code of the first fault.
	Reason string
	Since  time.Time // milliseconds
}

// ConsumerCardState says how a card of a consumer stands.
type ConsumerCardState string

// The states. A card that nothing was ever asked for has none.
const (
	CardAsked    ConsumerCardState = "asked" // its enrolment was accepted and is not completed
	CardEnrolled ConsumerCardState = "enrolled"
	CardRefused  ConsumerCardState = "refused" // its last enrolment failed
	// CardRemoved was enrolled and is no longer: by a call that deleted it or its consumer, or
	// at the scheme. No portfolio enrols it again.
	CardRemoved ConsumerCardState = "removed"
)

// LastRequest is what a consumer's row keeps of the request that was accepted last.
type LastRequest struct {
	ID     string // "" is none
	Print  []byte // of the request; empty once it is completed
	IsOpen bool
}

// RequestState says how far a request has come.
type RequestState string

// The states, in their order.
const (
	RequestAccepted   RequestState = "accepted"
	RequestSent       RequestState = "sent"        // or about to be: nobody knows whether the scheme took it
	RequestInProgress RequestState = "in_progress" // the scheme took it
	RequestCompleted  RequestState = "completed"
)

// RequestResult is how a completed request ended.
type RequestResult string

// The results.
const (
	RequestSucceeded RequestResult = "SUCCESS"
	RequestFailed    RequestResult = "FAILED"
)

// RequestNo is the number of a request: the order in which requests were accepted, with gaps.
type RequestNo int64

// EnrolmentRequest is a change of Click to Pay that was accepted: it will be done, or the row
// says why not. It has ids only. What it says beyond what is stored of customer and card is
// personal, stands sealed, and is wiped when the request is completed.
type EnrolmentRequest struct {
	No     RequestNo // given by the engine
	ID     string    // ours, for whoever asked: a UUID of 36 characters
	Action walletport.ClickToPayAction
	ConsumerKey
	Issuer walletport.IssuerID
	Number string            // the customer's
	CardID walletport.CardID // 0 where the action is of no card

	// Print is an HMAC-SHA-256 over all that was asked, 32 bytes. It says whether two requests
	// are the same, and is wiped at completion.
	Print     []byte
	Overrides SealedOverrides

	State  RequestState
	Result RequestResult  // "" until it is completed
	Faults []RequestFault // of RequestFailed

	Reference string    // the scheme's id of the request ("trace id"); "" until it took it
	Sends     int       // how often it was sent, or about to be, but for the times that surely did nothing
	SentAt    time.Time // when it was sent first, of those times; zero is never
	AcceptAt  time.Time
	UpdatedAt time.Time // of State; of RequestSent, when it was sent last
	// EndedAt is when it was completed; zero until then. Times are milliseconds, by the
	// database's clock.
	EndedAt time.Time

	By      walletport.AuditUser
	Client  string // the API client; "" for others
	Channel RequestChannel
}

// SealedOverrides is what a request says beyond what is stored, sealed as a customer is.
type SealedOverrides struct {
	Sealed     []byte // empty: it says nothing
	WrappedKey []byte // the data key under the KEK
	KEK        string // id of the key that wrapped it
}

// RequestFault is one thing that was wrong with a request. A text that is longer than
// MaxOutsideText, or holds a card number, is not kept (CodeInternal).
type RequestFault struct {
	Field   string // the place, as whoever asked names it, else as the scheme does; may be empty
	Reason  string // the scheme's code ("VIDC-7000"), or a reason of ours
	Message string // ours: nothing of what was sent
}

// RequestChannel says where a request came from.
type RequestChannel string

// The channels.
const (
	RequestOfAPI       RequestChannel = "api"
	RequestOfCommand   RequestChannel = "command"
	RequestOfPortfolio RequestChannel = "portfolio" // one of a whole portfolio
)

// OptOut says that a customer wants no Click to Pay: no portfolio enrols them again until it
// is withdrawn. It is of a customer's number, whether there is such a customer or not.
type OptOut struct {
	walletport.CustomerKey
	By walletport.AuditUser
	At time.Time // milliseconds
}

// Enrolments keeps the consumers of Click to Pay and the requests that change them. They are
// changed by EnrolmentsTx. Look-up cost does not depend on how many there are.
type Enrolments interface {
	SealedRequests

	// Consumer returns one consumer, or CodeNotFound, reason consumer_not_found.
	Consumer(ctx context.Context, key ConsumerKey) (Consumer, error)
	// ConsumersOf returns the consumers of customers, in the order of customer and BID: the
	// cost of one look-up.
	ConsumersOf(ctx context.Context, customers []walletport.CustomerID) ([]Consumer, error)
	// ConsumersAfter returns up to limit consumers of the issuer with keys above after, in the
	// order of customer and BID.
	ConsumersAfter(ctx context.Context, issuer walletport.IssuerID, after ConsumerKey, limit int) ([]Consumer, error)

	// EnrolmentRequest returns one request by its ID, or CodeNotFound, reason
	// enrolment_request_not_found.
	EnrolmentRequest(ctx context.Context, id string) (EnrolmentRequest, error)
	// EnrolmentRequestByNo is EnrolmentRequest by the number of the row.
	EnrolmentRequestByNo(ctx context.Context, no RequestNo) (EnrolmentRequest, error)
	// EnrolmentRequestsBefore returns up to limit requests that f takes with numbers below
	// before (0 is the newest), the newest first. Where f takes few of an issuer, or of those
	// that are open, the others of them are passed over.
	EnrolmentRequestsBefore(ctx context.Context, f RequestFilter, before RequestNo, limit int) ([]EnrolmentRequest, error)
	// OpenEnrolmentRequests counts the requests that are not completed, by state, and says how
	// long ago the first of each was accepted. Of more than jobs.MaxCounted it is those with
	// the lowest numbers that count.
	OpenEnrolmentRequests(ctx context.Context) (map[RequestState]OpenRequests, error)
	// DeleteEnrolmentRequests deletes up to limit requests that were completed before then, in
	// the order in which they were accepted, and returns how many it deleted.
	DeleteEnrolmentRequests(ctx context.Context, before time.Time, limit int) (int, error)

	// OptOuts returns those of the customers that are opted out, in any order.
	OptOuts(ctx context.Context, issuer walletport.IssuerID, numbers []string) ([]OptOut, error)
	// OptOutsAfter returns up to limit of an issuer with numbers above after, in their order.
	OptOutsAfter(ctx context.Context, issuer walletport.IssuerID, after string, limit int) ([]OptOut, error)
}

// SealedRequests goes through the requests that have something sealed, for the vault.
type SealedRequests interface {
	// EnrolmentRequestsWrappedBy returns up to limit requests whose overrides' data key is
	// wrapped by kek, with numbers above after, in their order: the work list of a re-wrap.
	EnrolmentRequestsWrappedBy(ctx context.Context, kek string, after RequestNo, limit int) ([]EnrolmentRequest, error)
	// SealedEnrolmentRequestsAfter returns up to limit requests that have something sealed, of
	// the issuer ("" for all), with numbers above after, in their order.
	SealedEnrolmentRequestsAfter(ctx context.Context, issuer walletport.IssuerID, after RequestNo, limit int) ([]EnrolmentRequest, error)
	// EnrolmentRequestKEKs returns the ids of the keys that wrap data keys of requests.
	EnrolmentRequestKEKs(ctx context.Context) ([]string, error)
	// RewrapEnrolmentRequests replaces wrapped keys in one transaction, each only where the
	// stored wrapped key still equals Old, and returns how many it replaced.
	RewrapEnrolmentRequests(ctx context.Context, changes []RequestRewrapping) (int, error)
}

// RequestFilter says which requests are meant. A zero field takes all.
type RequestFilter struct {
	Issuer   walletport.IssuerID
	Customer walletport.CustomerID
	State    RequestState
	Result   RequestResult
	IsOpen   bool // those that are not completed
}

// OpenRequests counts requests of a state.
type OpenRequests struct {
	Count  int
	Oldest time.Duration // since the first of them was accepted; 0 if there is none
}

// EnrolmentsTx changes consumers and requests.
type EnrolmentsTx interface {
	// UpdateConsumer stores what change makes of a consumer, under the lock of its row. One
	// that there is none of yet is given to change with its key, issuer and number alone; who
	// is the second to make it waits for the first. The key, issuer and number stay as they
	// are. An error of change is returned as it is and changes nothing.
	UpdateConsumer(key ConsumerKey, customer walletport.CustomerKey, change func(old Consumer) (Consumer, error)) error
	// AddEnrolmentRequest inserts a request that is not completed, whatever its No is, and
	// returns the number that it got. Numbers of one consumer rise in the order of the commits,
	// because its row is locked: UpdateConsumer goes before.
	AddEnrolmentRequest(r EnrolmentRequest) (RequestNo, error)
	// UpdateEnrolmentRequest stores what change makes of a request, under the lock of its row.
	// What was asked, by whom, and AcceptAt stay as they are; Print and Overrides may only be
	// wiped. One that is completed has neither any more, whatever change leaves of them, and to
	// open it again is CodeInternal. An error of change is returned as it is and changes
	// nothing. An unknown number is CodeNotFound, reason enrolment_request_not_found.
	UpdateEnrolmentRequest(no RequestNo, change func(old EnrolmentRequest) (EnrolmentRequest, error)) error
	// PutOptOut stores an opt-out, unless the customer has one, and reports whether it is new.
	PutOptOut(o OptOut) (isNew bool, err error)
	// DeleteOptOut withdraws one, and reports whether there was one.
	DeleteOptOut(key walletport.CustomerKey) (found bool, err error)
}

// ErrEnrolmentRequestNotFound returns the answer for a request that there is none of, or
// that is not for this caller; they must not be told apart.
func ErrEnrolmentRequestNotFound() *walletport.Error {
	return walletport.Errorf(walletport.CodeNotFound, "enrolment_request_not_found", "there is no request of that id, or it is no longer kept")
}

// ErrConsumerNotFound returns the answer for a consumer that no request was ever accepted for.
func ErrConsumerNotFound() *walletport.Error {
	return walletport.Errorf(walletport.CodeNotFound, "consumer_not_found", "nothing was ever asked for this customer")
}
