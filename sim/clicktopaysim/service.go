package clicktopaysim

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
	"github.com/walletport/walletport/sim/faults"
)

// SchemeName is what faults call this scheme.
const SchemeName = "clicktopay"

// Config is what the API needs. All fields from Latency on may be left out.
type Config struct {
	Register *register.Register
	// Clients and Keys are asked once per request, so that a rotation takes effect.
	Clients func() []Client
	Keys    func() []Decrypter // Visa's, that issuers encrypt to
	Faults  *faults.Library    // made with Calls
	Rand    io.Reader          // crypto/rand.Reader outside of tests
	Now     func() time.Time
	// Latency is how long each answer takes; how long a request runs is the register's.
	Latency time.Duration
	// Declines says which cards get no token: VIDC-7000 in the status.
	Declines func(sim.CardNumber) bool
	// IsForeign says which cards are none of Visa's although their numbers begin with 4, as those
	// of a range that was given back: VIDC-2006.
	IsForeign func(sim.CardNumber) bool
	// ActiveStatus and InactiveStatus are the words for a consumer whose cards can be paid with,
	// and for one whose cannot; "" are ACTIVE and INACTIVE.
	ActiveStatus, InactiveStatus string
	// ProductMember names the product in an object of products; "" is productCode.
	ProductMember string
	// WantsIntent says that the older form, intent, is the configured one.
	WantsIntent bool
	// SignsContext says that an x-pay-token signs visaIdCredential/v1/…, and not v1/….
	SignsContext bool
	// WantsConsent refuses an enrolment without consent.
	WantsConsent bool
	// UnsupportedBIDs are those that the product is not switched on for: 422.
	UnsupportedBIDs []string
	// ClearRefusals answers refusals without encryption.
	ClearRefusals bool
	// HidesEarlyDetails leaves the details out until a request has ended.
	HidesEarlyDetails bool
	// ShowsDeleted shows deleted cards too, with the status DELETED.
	ShowsDeleted bool
}

// Client is an issuer that may call: by APIKey and Secret, or by Certificate. Several
// clients of one API key or certificate are one issuer while it renews something; answers
// are encrypted to the last of them.
type Client struct {
	APIKey string
	Secret []byte // of x-pay-token: the UTF-8 bytes of the text as issued
	// Certificate is the common name of the client certificate's subject, whose chain the
	// listener has verified. With it go User and Password of Basic authentication; no User
	// is no Basic authentication.
	Certificate, User, Password string
	BIDs                        []string // the Visa business ids that are the issuer's
	Recipient                   PublicKey
}

// PublicKey is the key of an issuer that answers are encrypted to.
type PublicKey struct {
	KeyID string // kid
	Key   *rsa.PublicKey
}

// Decrypter is an RSA key that opens what is encrypted to it.
type Decrypter struct {
	KeyID string
	Key   crypto.Decrypter
}

// Service is the API. It is safe for concurrent use.
type Service struct {
	c       Config
	used    *sim.Spent
	reports reports
	// stranger is a key that nobody has, for faults.
	stranger func() (*rsa.PrivateKey, error)
}

// New checks the configuration. Its error is CodeInternal, reason config_incomplete.
func New(c Config) (*Service, error) {
	missing := ""
	switch {
	case c.Register == nil:
		missing = "Register"
	case c.Clients == nil:
		missing = "Clients"
	case c.Keys == nil:
		missing = "Keys"
	case c.Faults == nil:
		missing = "Faults"
	case c.Rand == nil:
		missing = "Rand"
	case c.Now == nil:
		missing = "Now"
	}
	if missing != "" {
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated Click to Pay needs %s", missing)
	}
	if c.ProductMember == "" {
		c.ProductMember = "productCode"
	}
	c.ActiveStatus = cmp.Or(c.ActiveStatus, string(register.StatusActive))
	c.InactiveStatus = cmp.Or(c.InactiveStatus, string(register.StatusInactive))
	s := &Service{c: c, used: sim.NewSpent(lifetime)}
	s.stranger = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(c.Rand, minRSABits) })
	return s, nil
}

const (
	callGetData = "getData"
	callStatus  = "requestStatus"
)

// call is one of the API's, by the words that faults have for them.
type call struct {
	name, method string
	do           func(*Service, *request) (status int, answer any, f *refusal)
}

var calls = map[string]call{
	string(register.Enrol):          {string(register.Enrol), http.MethodPost, (*Service).write},
	string(register.AddCards):       {string(register.AddCards), http.MethodPost, (*Service).write},
	string(register.Replace):        {string(register.Replace), http.MethodPut, (*Service).write},
	string(register.ReplaceCards):   {string(register.ReplaceCards), http.MethodPut, (*Service).write},
	string(register.DeleteConsumer): {string(register.DeleteConsumer), http.MethodPost, (*Service).write},
	string(register.DeleteCards):    {string(register.DeleteCards), http.MethodPost, (*Service).write},
	callGetData:                     {callGetData, http.MethodPost, (*Service).getData},
	callStatus:                      {callStatus, http.MethodGet, (*Service).status},
}

// otherProduct is the form of enrollData that adds a product to a consumer.
var otherProduct = call{string(register.Enrol), http.MethodPut, func(*Service, *request) (int, any, *refusal) {
	return 0, nil, unsupported
}}

// Calls returns the names of the calls that faults can be asked for.
func Calls() (names []string) {
	for name := range calls {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// The API answers below any path, as behind a proxy that takes its own off.
const (
	pathContext = "visaIdCredential/"
	pathStart   = pathContext + "v1/"
)

// resourcePath returns the path from pathStart on, as it was sent; "" if it has none.
func resourcePath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if i := strings.Index(path, "/"+pathStart); i >= 0 {
		return path[i+1:]
	}
	return ""
}

// callOf reads a path: which call it is, and its last part.
func callOf(r *http.Request) (c call, last string, ok bool) {
	name, last, hasLast := strings.Cut(strings.TrimPrefix(resourcePath(r), pathStart), "/")
	c, ok = calls[name]
	switch {
	case !ok || hasLast && (last == "" || strings.Contains(last, "/")):
		return call{}, "", false
	case name == string(register.Enrol) && hasLast:
		return otherProduct, last, true
	}
	return c, last, hasLast == (name == callStatus)
}

// Handler answers below any path: what counts is how the path ends, from
// "visaIdCredential/v1/" on.
func (s *Service) Handler() http.Handler {
	return s.c.Faults.Around(faults.Scheme{
		Name: SchemeName,
		CallOf: func(r *http.Request) string {
			c, _, _ := callOf(r)
			return c.name
		},
		Refuse: refuseAtGateway,
	}, http.HandlerFunc(s.serve))
}
