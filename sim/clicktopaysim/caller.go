package clicktopaysim

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
)

// The codes of a caller who is not let in. What mutual TLS is refused with is seen in
// Visa's support threads.
const (
	expiredOrUsed  = "9121"
	mismatch       = "9159"
	unknownKey     = "9201" // of another environment, or not for x-pay-token
	badCertificate = "9209"
)

// authenticate finds the issuer of a request: by its certificate if that is somebody's, else
// by an x-pay-token.
func (s *Service) authenticate(in *request) *refusal {
	isStranger := faults.Take(in.http.Context(), faults.WrongSignature)
	query, name := in.http.URL.Query(), certificateName(in.http)
	isKeyed := query.Has("apiKey") || query.Has("apikey") || in.http.Header.Get("X-Pay-Token") != ""
	isNamed := func(c Client) bool { return c.Certificate != "" && c.Certificate == name }
	wantsName := func(c Client) bool { return c.Certificate != "" }
	switch clients := s.c.Clients(); {
	case slices.ContainsFunc(clients, isNamed) && !isStranger:
		return s.byCertificate(in, slices.DeleteFunc(slices.Clone(clients), func(c Client) bool { return !isNamed(c) }), isKeyed)
	case isKeyed || !slices.ContainsFunc(clients, wantsName):
		return s.byPayToken(in, isStranger)
	case name == "":
		in.Fail(checkCaller, certificateMissing, "the connection has no client certificate")
	default:
		in.Fail(checkCaller, certificateUnknown, "the client certificate is of nobody here")
	}
	return denied(badCertificate)
}

// certificateName is the subject's common name of the client certificate.
func certificateName(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	return r.TLS.PeerCertificates[0].Subject.CommonName
}

// byCertificate takes the entries of a certificate that Basic authentication fits.
func (s *Service) byCertificate(in *request, named []Client, isKeyed bool) *refusal {
	user, password, hasBasic := in.http.BasicAuth()
	fitting := slices.DeleteFunc(named, func(c Client) bool {
		return c.User != "" && (!isSame(c.User, user) || !isSame(c.Password, password))
	})
	switch {
	case len(fitting) > 0:
	case hasBasic:
		in.Fail(checkCaller, basicWrong, "Basic authentication has another user or password")
		return denied(badCertificate)
	default:
		in.Fail(checkCaller, basicMissing, "there is no Basic authentication beside the certificate")
		return denied(badCertificate)
	}
	if isKeyed {
		in.Fail(checkCaller, callerTwice, "there are a client certificate and an API key or x-pay-token")
	}
	in.clients = fitting
	in.Pass(checkCaller, "by client certificate, serial number %x", in.http.TLS.PeerCertificates[0].SerialNumber)
	return nil
}

func isSame(want, got string) bool {
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(got))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// clientsOf returns the entries of an API key; it is named apiKey or apikey.
func (s *Service) clientsOf(query url.Values) (clients []Client) {
	names := append(slices.Clone(query["apiKey"]), query["apikey"]...)
	if len(names) != 1 {
		return nil
	}
	for _, c := range s.c.Clients() {
		if c.APIKey == names[0] && len(c.Secret) > 0 {
			clients = append(clients, c)
		}
	}
	return clients
}

// byPayToken takes the entries of the API key, if an x-pay-token is of one of them.
func (s *Service) byPayToken(in *request, isStranger bool) *refusal {
	query := in.http.URL.Query()
	clients := s.clientsOf(query)
	if len(clients) == 0 {
		switch n := len(query["apiKey"]) + len(query["apikey"]); n {
		case 0:
			in.Fail(checkCaller, apiKeyMissing, "the URL has no apiKey")
		case 1:
			in.Fail(checkCaller, apiKeyUnknown, "nobody here has this apiKey")
		default:
			in.Fail(checkCaller, apiKeyTwice, "the URL has %d API keys", n)
		}
		return denied(unknownKey)
	}
	given := in.http.Header.Values("X-Pay-Token")
	if len(given) != 1 {
		in.Fail(checkCaller, payTokenMissing, "there are %d headers x-pay-token", len(given))
		return denied(mismatch)
	}
	p, kind := readPayToken(given[0])
	if kind != (sim.Kind{}) {
		in.Fail(checkCaller, kind, "the x-pay-token is not xv2:seconds:hash")
		return denied(mismatch)
	}
	if isStranger {
		in.Fail(checkCaller, payTokenHash, "the hash is taken for another one: a fault that was asked for")
		return denied(mismatch)
	}
	if kind := s.misfit(in, clients, p); kind != (sim.Kind{}) {
		in.Fail(checkCaller, kind, "the hash is another one")
		return denied(mismatch)
	}
	if kind := s.useUp(p); kind != (sim.Kind{}) {
		in.Fail(checkCaller, kind, "the x-pay-token is not good now")
		return denied(expiredOrUsed)
	}
	in.clients = clients
	in.Pass(checkCaller, "by x-pay-token")
	return nil
}
