package clicktopay

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Config is what Messages are made of. A configuration file names its fields by their tags.
type Config struct {
	// BaseURL is where the API is: https://sandbox.api.visa.com, https://cert.api.visa.com or
	// https://api.visa.com. A path of its own, of a proxy that takes it away again, is not signed.
	BaseURL string  `setting:"url"`
	Profile Profile `setting:"profile"`
}

// Validate returns every problem but those of the Profile, joined, or nil. The texts name
// fields as a configuration file does.
func (c Config) Validate() error { return scheme.CheckBaseURL(c.BaseURL) }

// Messages makes requests of Visa's ID and Credential API and reads the answers. It is
// immutable and safe for concurrent use. A request costs one RSA operation with Visa's
// public key and an HMAC, and an answer one with the issuer's private key.
type Messages struct {
	base    string
	profile Profile
}

var _ scheme.Enroller = (*Messages)(nil)

// New checks the configuration.
func New(c Config) (*Messages, error) {
	if err := errors.Join(c.Validate(), c.Profile.Validate()); err != nil {
		return nil, fmt.Errorf("click to pay: %w", err)
	}
	return &Messages{base: strings.TrimSuffix(c.BaseURL, "/"), profile: c.Profile}, nil
}

// Scheme returns walletport.Visa.
func (m *Messages) Scheme() walletport.SchemeID { return walletport.Visa }

// call is one of the API's.
type call struct{ method, name string }

var (
	getData       = call{"POST", "getData"}
	requestStatus = call{"GET", "requestStatus"}
)

var changes = map[scheme.EnrolmentAction]call{
	scheme.EnrolConsumer:   {"POST", "enrollData"},
	scheme.EnrolCards:      {"POST", "enrollPaymentInstruments"},
	scheme.ReplaceConsumer: {"PUT", "manageConsumerInformation"},
	scheme.ReplaceCards:    {"PUT", "managePaymentInstruments"},
	scheme.DeleteConsumer:  {"POST", "deleteConsumerInformation"},
	scheme.DeleteCards:     {"POST", "deletePaymentInstruments"},
}

// ChangeEnrolment makes the request of a change. That managePaymentInstruments replaces the
// cards that it names and leaves the others is inferred.
func (m *Messages) ChangeEnrolment(in scheme.EnrolmentInput) (scheme.Command, error) {
	if in.Now.IsZero() || in.Rand == nil {
		return scheme.Command{}, errors.New("click to pay: EnrolmentInput needs Now and Rand")
	}
	if err := m.CheckEnrolment(in.Enrolment, in.Now); err != nil {
		return scheme.Command{}, err
	}
	s, err := m.sender(in.Access, in.RequestID)
	if err != nil {
		return scheme.Command{}, err
	}
	plain := m.profile.changeBody(in.Enrolment)
	defer func() { clear(plain[:cap(plain)]) }()
	body, err := s.seal(plain, in.Now, in.Rand)
	if err != nil {
		return scheme.Command{}, err
	}
	c, access := changes[in.Enrolment.Action], in.Access // and no more of in, which has card numbers
	return scheme.Command{Name: c.name, Request: s.fixed(c, "", body), Read: func(a scheme.Answer) scheme.Outcome {
		return readTaken(access, a)
	}}, nil
}

// Enrolled asks by getData. While a change of that consumer runs Visa refuses (VIDC-3000).
func (m *Messages) Enrolled(in scheme.ConsumerInput) (scheme.Query[scheme.Enrolled], error) {
	var none scheme.Query[scheme.Enrolled]
	if faults := checkID(in.ID); len(faults) > 0 {
		return none, errData(faults)
	}
	s, err := m.sender(in.Access, in.RequestID)
	if err != nil {
		return none, err
	}
	plain := m.profile.idBody(in.ID)
	return scheme.Query[scheme.Enrolled]{Name: getData.name, Request: s.anew(getData, plain), Read: func(a scheme.Answer) (scheme.Enrolled, error) {
		return m.readEnrolled(in, a)
	}}, nil
}

// EnrolmentResult asks by requestStatus. Reference is Visa's trace id.
func (m *Messages) EnrolmentResult(in scheme.ResultInput) (scheme.Query[scheme.EnrolmentResult], error) {
	var none scheme.Query[scheme.EnrolmentResult]
	if !isTraceID(in.Reference) {
		return none, walletport.Errorf(walletport.CodeInvalid, "trace_id_malformed", "a trace id of Visa's has 1 to 36 visible characters")
	}
	s, err := m.sender(in.Access, in.RequestID)
	if err != nil {
		return none, err
	}
	return scheme.Query[scheme.EnrolmentResult]{Name: requestStatus.name, Request: s.fixed(requestStatus, "/"+url.PathEscape(in.Reference), nil), Read: func(a scheme.Answer) (scheme.EnrolmentResult, error) {
		return readResult(in, a)
	}}, nil
}

// maxTraceID is the length of the longest trace id (VICA). That it is a UUID is not said,
// and MQ's is none.
const maxTraceID = 36

// isTraceID takes what can stand in a path as it is. A card number cannot.
func isTraceID(id string) bool {
	return id != "" && len(id) <= maxTraceID && walletport.IsPrintable(id, " ") && strings.Trim(id, ".") != "" && !walletport.IsPAN(id)
}
