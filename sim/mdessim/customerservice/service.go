package customerservice

import (
	"crypto"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// SchemeName is what faults call this scheme.
const SchemeName = "mdes"

// Config is what the API needs. All fields but Seed and ErrorStatus are required.
type Config struct {
	Vault *tokenvault.Vault
	// Clients and Keys are asked once per request, so that a rotation takes effect.
	Clients func() []Client
	Keys    func() []Key
	Faults  *faults.Library // made with Calls
	Rand    io.Reader       // crypto/rand.Reader outside of tests
	Now     func() time.Time
	// Seed chooses how answers are spelled; 0 writes strings and UTC only.
	Seed uint64
	// ErrorStatus is the HTTP status of the application's errors, which is not documented:
	// 400 if it is 0; a search that finds nothing has 200.
	ErrorStatus int
}

// Client is an issuer that may call.
type Client struct {
	ConsumerKey string
	Public      crypto.PublicKey // *rsa.PublicKey; others never verify
}

// Key is a pair that issuers encrypt to.
type Key struct {
	Decrypter   crypto.Decrypter  // RSA
	Certificate *x509.Certificate // named by the SHA-1 of its DER
}

// Service is the API. It is safe for concurrent use.
type Service struct {
	c       Config
	nonces  *nonces
	answers atomic.Uint64 // how many were given
}

// New checks the configuration. Its error is CodeInternal, reason config_incomplete.
func New(c Config) (*Service, error) {
	missing := ""
	switch {
	case c.Vault == nil:
		missing = "Vault"
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
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated Customer Service API needs %s", missing)
	}
	if c.ErrorStatus == 0 {
		c.ErrorStatus = http.StatusBadRequest
	}
	return &Service{c: c, nonces: newNonces()}, nil
}

// call is one of the API's: its path below the version, the member that wraps request and
// answer ("Search" for SearchRequest and SearchResponse), and what does it.
type call struct {
	path, wrapper string
	do            func(*Service, *request) (any, *refusal)
}

var calls = []call{
	{"/search", "Search", (*Service).search},
	{"/token/activate", "TokenActivate", (*Service).activate},
	{"/token/suspend", "TokenSuspend", (*Service).suspend},
	{"/token/unsuspend", "TokenUnsuspend", (*Service).unsuspend},
	{"/token/delete", "TokenDelete", (*Service).delete},
	{"/token/statushistory", "TokenStatusHistory", (*Service).statusHistory},
	{"/token/comments", "TokenComments", (*Service).comments},
	{"/token/activationmethods", "TokenActivationMethods", (*Service).activationMethods},
	{"/token/resendactivationcode", "TokenResendActivationCode", (*Service).resend},
	{"/tokenrequestorsearch", "TokenRequestorSearch", (*Service).requestorSearch},
}

// name is the scheme's word for a call, the last part of its path.
func (c call) name() string { return c.path[strings.LastIndexByte(c.path, '/')+1:] }

// Calls returns the names of the calls that faults can be asked for.
func Calls() []string {
	names := make([]string, len(calls))
	for i, c := range calls {
		names[i] = c.name()
	}
	return names
}

// versionPath is the {id} of every path.
const versionPath = "/v2"

func callOf(r *http.Request) (call, bool) {
	for _, c := range calls {
		if strings.HasSuffix(r.URL.Path, versionPath+c.path) {
			return c, true
		}
	}
	return call{}, false
}

// Handler answers below any path: what counts is how the path ends.
func (s *Service) Handler() http.Handler {
	return s.c.Faults.Around(faults.Scheme{
		Name: SchemeName,
		CallOf: func(r *http.Request) string {
			if c, ok := callOf(r); ok {
				return c.name()
			}
			return ""
		},
		Refuse: refuseAtGateway,
	}, http.HandlerFunc(s.serve))
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	c, ok := callOf(r)
	switch {
	case !ok:
		writeErrors(w, http.StatusNotFound, gatewayError("RESOURCE_UNKNOWN", "Unknown resource."))
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		writeErrors(w, http.StatusMethodNotAllowed, gatewayError("METHOD_NOT_ALLOWED", "Method not allowed."))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, sim.MaxBodyBytes))
	if err != nil {
		writeErrors(w, http.StatusRequestEntityTooLarge, gatewayError("REQUEST_TOO_LARGE", "The request could not be read."))
		return
	}
	if denial := s.authenticate(r, body); denial != nil {
		writeErrors(w, http.StatusUnauthorized, *denial)
		return
	}
	in, refused := s.read(r.Context(), c, body)
	var answer any
	if refused == nil {
		answer, refused = c.do(s, in)
	}
	if refused != nil {
		writeErrors(w, refused.statusOf(s.c.ErrorStatus), refused.fault)
		return
	}
	sim.WriteJSON(w, http.StatusOK, map[string]any{c.wrapper + "Response": answer})
}
