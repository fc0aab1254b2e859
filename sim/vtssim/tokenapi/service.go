package tokenapi

import (
	"context"
	"crypto"
	"crypto/rsa"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// SchemeName is what faults call this scheme.
const SchemeName = "vts"

// Config is what the API needs. All fields from Seed on may be left out.
type Config struct {
	Vault *tokenvault.Vault
	// Clients and Keys are asked once per request, so that a rotation takes effect.
	Clients func() []Client
	Keys    func() Keys
	Faults  *faults.Library // made with Calls
	Rand    io.Reader       // crypto/rand.Reader outside of tests
	Now     func() time.Time
	// Seed chooses how answers are spelled; 0 chooses the first spelling of each.
	Seed uint64
	// RefuseUnknownCard answers 404 to a question for a card without tokens, instead of an
	// empty list; which of them Visa does is not published.
	RefuseUnknownCard bool
	// TakesActivate takes the operation type ACTIVATE too, which one processor passes.
	TakesActivate bool
}

// Client is an issuer that may call. Several clients of one API key are one issuer while
// its secret or its keys are renewed.
type Client struct {
	APIKey string
	Secret []byte // of x-pay-token: the UTF-8 bytes of the text as issued
	// Signer verifies what the issuer signs, Recipient is what answers are encrypted to.
	Signer, Recipient PublicKey
}

// PublicKey is a key of an issuer.
type PublicKey struct {
	KeyID string // kid
	Key   *rsa.PublicKey
}

// Keys is what Visa holds.
type Keys struct {
	Decrypters []Decrypter // that issuers encrypt to
	// Signer signs answers; RSA of 2048 bits or more.
	SignerKeyID string
	Signer      crypto.Signer
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
	answers atomic.Uint64 // how many were given
	// stranger is a key that nobody has, for faults.
	stranger func() (*rsa.PrivateKey, error)
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
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated token API needs %s", missing)
	}
	s := &Service{c: c, used: sim.NewSpent(lifetime)}
	s.stranger = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(c.Rand, minRSABits) })
	return s, nil
}

// The calls, in the words that faults have for them.
const (
	callList      = "retrieveTokenInfo"
	callDetails   = "details"
	callLifecycle = "lifecycle"
)

// Calls returns the names of the calls that faults can be asked for.
func Calls() []string { return []string{callList, callDetails, callLifecycle} }

// request is one that was let in.
type request struct {
	ctx                  context.Context
	http                 *http.Request
	body                 []byte
	clients              []Client // the entries of its API key
	requestor, reference string   // of a call on one token
}

// call is one of the API's.
type call struct {
	name, method string
	do           func(*Service, request) (any, *refusal)
}

var calls = map[string]call{
	callList:      {callList, http.MethodPost, (*Service).list},
	callDetails:   {callDetails, http.MethodGet, (*Service).details},
	callLifecycle: {callLifecycle, http.MethodPost, (*Service).lifecycle},
}

// pathStart is where the signed part of a path begins: the API answers below any path, as
// behind a proxy that takes its own off.
const pathStart = "vtis/v1/"

// resourcePath returns the path from pathStart on, as it was sent; "" if it has none.
func resourcePath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if i := strings.Index(path, "/"+pathStart); i >= 0 {
		return path[i+1:]
	}
	return ""
}

// callOf reads a path: which call it is, and of which token.
func callOf(r *http.Request) (c call, requestor, reference string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(resourcePath(r), pathStart), "/")
	switch {
	case len(parts) == 2 && parts[0] == "pan" && parts[1] == callList:
		return calls[callList], "", "", true
	case len(parts) != 5 || parts[0] != "tokenRequestors" || parts[2] != "tokens":
		return call{}, "", "", false
	}
	c, ok = calls[parts[4]]
	return c, parts[1], parts[3], ok && c.name != callList
}

// Handler answers below any path: what counts is how the path ends, from "vtis/v1/" on.
func (s *Service) Handler() http.Handler {
	return s.c.Faults.Around(faults.Scheme{
		Name: SchemeName,
		CallOf: func(r *http.Request) string {
			c, _, _, _ := callOf(r)
			return c.name
		},
		Refuse: refuseAtGateway,
	}, http.HandlerFunc(s.serve))
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	c, requestor, reference, ok := callOf(r)
	switch {
	case !ok:
		write(w, refusal{http.StatusNotFound, "invalidRequest", "The resource is unknown", "path"})
		return
	case r.Method != c.method:
		w.Header().Set("Allow", c.method)
		write(w, refusal{http.StatusMethodNotAllowed, "invalidRequest", "The method is not allowed", "method"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, sim.MaxBodyBytes))
	if err != nil {
		write(w, refusal{http.StatusRequestEntityTooLarge, "invalidRequest", "The request could not be read", "body"})
		return
	}
	clients, denied := s.authenticate(r, c, body)
	if denied != nil {
		deny(w, *denied)
		return
	}
	answer, refused := c.do(s, request{r.Context(), r, body, clients, requestor, reference})
	switch {
	case refused != nil:
		write(w, *refused)
	case answer == nil: // a change is answered by its status alone
		w.WriteHeader(http.StatusOK)
	default:
		sim.WriteJSON(w, http.StatusOK, answer)
	}
}
