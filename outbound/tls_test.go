package outbound_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/outbound"
)

func TestOnlyKnownRootsAreTrusted(t *testing.T) {
	b := newBench(t, func(http.ResponseWriter, *http.Request) { t.Error("a call came") })
	client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) { target.Roots = nil })
	_, err := get(t, client, b.server.URL)
	if err == nil || !strings.Contains(err.Error(), "unknown authority") || b.seen.last() != outbound.OutcomeTLS || !outbound.IsUnsent(err) {
		t.Errorf("error %v, outcome %q", err, b.seen.last())
	}
}

func TestMutualTLS(t *testing.T) {
	certificate := mustCertificate(t)
	b := &bench{clock: &clock{now: time.Unix(0, 0)}, seen: &seen{}}
	b.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	pool := x509.NewCertPool()
	pool.AddCert(certificate.Leaf)
	b.server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS13}
	b.server.StartTLS()
	defer b.server.Close()
	t.Run("with a certificate", func(t *testing.T) {
		client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) {
			target.Certificate = func() (*tls.Certificate, error) { return certificate, nil }
		})
		answer, err := get(t, client, b.server.URL)
		if err != nil || string(answer.Body) != "walletport at bank" {
			t.Errorf("answer %v, error %v", answer, err)
		}
	})
	t.Run("without one", func(t *testing.T) {
		if _, err := get(t, b.client(t, nil), b.server.URL); err == nil || b.seen.last() != outbound.OutcomeTLS {
			t.Errorf("error %v, outcome %q", err, b.seen.last())
		}
	})
	t.Run("elsewhere nobody sees it", func(t *testing.T) {
		from := newBench(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, b.server.URL, http.StatusFound) })
		client := from.client(t, func(_ *outbound.Clients, target *outbound.Target) {
			target.FollowElsewhere = true
			target.Certificate = func() (*tls.Certificate, error) { return certificate, nil }
		})
		if _, err := get(t, client, from.server.URL); err == nil || from.seen.last() != outbound.OutcomeTLS {
			t.Errorf("error %v, outcome %q", err, from.seen.last())
		}
	})
}

// TestARefusedHandshakeSentNothing: a target that does not take our certificate reads no
// request, in TLS 1.3 neither, where the request is written before it says so.
func TestARefusedHandshakeSentNothing(t *testing.T) {
	pool, expired := x509.NewCertPool(), mustCertificate(t)
	pool.AddCert(expired.Leaf)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b := &bench{clock: &clock{now: time.Unix(0, 0)}, seen: &seen{}}
		b.server = httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came") }))
		b.server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: version, MaxVersion: version, Time: func() time.Time { return time.Now().Add(2 * time.Hour) }}
		b.server.Config.ErrorLog = log.New(io.Discard, "", 0)
		b.server.StartTLS()
		defer b.server.Close()
		for offered, certificate := range map[string]*tls.Certificate{"none": {}, "a stranger's": mustCertificate(t), "one that is over": expired} {
			t.Run(tls.VersionName(version)+", "+offered, func(t *testing.T) {
				client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) {
					target.Certificate = func() (*tls.Certificate, error) { return certificate, nil }
				})
				_, err := client.Do(t.Context(), outbound.Request{Method: http.MethodPost, URL: b.server.URL, Body: []byte("a change")})
				if err == nil || b.seen.last() != outbound.OutcomeTLS || !outbound.IsUnsent(err) {
					t.Errorf("error %v, outcome %q, unsent %v", err, b.seen.last(), outbound.IsUnsent(err))
				}
			})
		}
	}
}

// mustCertificate makes a client certificate that signs itself.
func mustCertificate(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "walletport at bank"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
