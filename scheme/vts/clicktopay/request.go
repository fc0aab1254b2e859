package clicktopay

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/seal"
)

// apiPath is the path of the API, without the leading slash.
const apiPath = "visaIdCredential/v1/"

// sender makes requests with one caller's keys.
type sender struct {
	m         *Messages
	access    scheme.Access
	visas     seal.Recipient
	requestID string
}

// RequestIDHeader has the id of a request, by which Visa's people find it.
const RequestIDHeader = "X-Correlation-Id"

// maxRequestID bounds X-Correlation-Id (inferred): a UUID has 36.
const maxRequestID = 64

// sender checks the keys. Those that open answers are not needed to send.
func (m *Messages) sender(access scheme.Access, requestID string) (*sender, error) {
	if !walletport.IsName(requestID, maxRequestID) {
		return nil, errors.New("click to pay: a request id has 1 to 64 letters, digits, '.', '_' and '-'")
	}
	visas, ok := access.Recipient.Public.(*rsa.PublicKey)
	if !ok || seal.CheckRSA(visas) != nil {
		return nil, errKey("the encryption key of Visa is no RSA key of 2048 bits or more")
	}
	if id := access.Recipient.KeyID; id == "" || !walletport.IsPrintable(id, `"\`) {
		return nil, errKey(`the encryption key of Visa has a key id (kid) of printable ASCII without '"' and '\'`)
	}
	if m.profile.CallerAuth == ByPayToken {
		if rule := m.profile.signature().SecretRule(access.Secret); rule != "" {
			return nil, errKey(rule)
		}
	}
	return &sender{m, access, seal.Recipient{Public: visas, OAEP: access.Recipient.OAEP}, requestID}, nil
}

// seal returns the body {"encData":"<compact JWE>"} around plain.
func (s *sender) seal(plain []byte, at time.Time, random io.Reader) ([]byte, error) {
	header := seal.OAEPHeader{KeyID: s.access.Recipient.KeyID, IssuedAt: at.UnixMilli(), IssuedAtForm: seal.IssuedAtNumber, KeyBits: s.m.profile.keyBits()}
	sealed, err := seal.SealOAEPJWE(random, header, s.visas, plain)
	if err != nil {
		return nil, walletport.Errorf(walletport.CodeUnavailable, "sealing_unavailable", "the message cannot be sealed for Visa at this moment").WithCause(err)
	}
	return append(append([]byte(`{"encData":"`), sealed...), `"}`...), nil
}

// fixed makes requests with the same body each time; nil is none.
func (s *sender) fixed(c call, below string, body []byte) func(time.Time, io.Reader) (scheme.Request, error) {
	return func(now time.Time, _ io.Reader) (scheme.Request, error) {
		return s.request(c, below, body, now), nil
	}
}

// anew makes requests whose body is sealed each time, so that two of one second have
// signatures of their own. plain is nobody's secret.
func (s *sender) anew(c call, plain []byte) func(time.Time, io.Reader) (scheme.Request, error) {
	return func(now time.Time, random io.Reader) (scheme.Request, error) {
		body, err := s.seal(plain, now, random)
		if err != nil {
			return scheme.Request{}, err
		}
		return s.request(c, "", body, now), nil
	}
}

// request signs a request, or names the caller whose connection is known by a certificate.
// keyId goes with questions without a body too (inferred): their answers are encrypted.
func (s *sender) request(c call, below string, body []byte, now time.Time) scheme.Request {
	path := apiPath + c.name + below
	header := map[string]string{"Accept": "application/json", "keyId": s.access.Recipient.KeyID, RequestIDHeader: s.requestID}
	if body != nil {
		header["Content-Type"] = "application/json"
	}
	r := scheme.Request{Method: c.method, URL: s.m.base + "/" + path, Header: header, Body: body}
	if s.m.profile.CallerAuth == ByPayToken {
		query, token := s.m.profile.signature().Sign(s.access.Secret, now, path, body)
		r.URL += "?" + query
		header[vts.PayTokenHeader] = token
		return r
	}
	if !s.access.Login.IsZero() {
		header["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString(s.access.Login.Reveal())
	}
	return r
}

func (p Profile) signature() vts.PaySignature {
	return vts.PaySignature{ResourcePath: p.ResourcePath, APIKeyName: p.APIKeyName}
}

// errKey is about a key that an operator must replace.
func errKey(rule string) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "key_unusable", "a key of Visa Click to Pay cannot be used; an operator must replace it: %s", rule)
}
