package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/server"
)

// ringSource is a catalogue that a test changes.
type ringSource struct{ atomic.Pointer[keys.Ring] }

func (s *ringSource) Current() *keys.Ring { return s.Load() }

// TestANewClientCertificateCountsForNewConnections: a scheme that asks for one gets that
// of the newest key that serves, from the key's signer alone; a connection that is kept
// keeps its own.
func TestANewClientCertificateCountsForNewConnections(t *testing.T) {
	for _, purpose := range []keys.Purpose{keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS} {
		t.Run(string(purpose), func(t *testing.T) {
			far := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Bye") != "" {
					w.Header().Set("Connection", "close")
				}
				for _, c := range r.TLS.PeerCertificates {
					_, _ = io.WriteString(w, c.NotAfter.UTC().Format("2006 "))
				}
			}))
			far.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
			far.StartTLS()
			defer far.Close()
			source := &ringSource{}
			source.Store(keys.NewRing(nil))
			roots := x509.NewCertPool()
			roots.AddCert(far.Certificate())
			client, err := outbound.Clients{Clock: time.Now}.To(outbound.Target{
				Name: "scheme", URL: far.URL, Roots: roots, Certificate: server.ClientCertificate(source, purpose, time.Now),
			})
			must(t, err)
			ask := func(bye string) (string, error) {
				answer, err := client.Do(t.Context(), outbound.Request{Method: http.MethodPost, URL: far.URL, Header: http.Header{"Bye": {bye}}})
				if err != nil {
					return "", err
				}
				return string(answer.Body), nil
			}
			if _, err := ask(""); err == nil || outbound.OutcomeOf(err) != outbound.OutcomeTLS {
				t.Errorf("without a key: %v", err)
			}
			old, renewed := keystest.Key(t, keys.Meta{Purpose: purpose}), keystest.Key(t, keys.Meta{Purpose: purpose, Version: 2})
			renewed.Certificate, err = x509.ParseCertificate(keystest.Certificate(t, keystest.SchemeKey(t, purpose), keystest.Year(2020), keystest.Year(2050)))
			must(t, err)
			renewed.Chain = []*x509.Certificate{old.Certificate}
			ended := *old
			ended.ValidUntil = time.Now()
			source.Store(keys.NewRing([]*keys.Key{&ended}))
			if _, err := ask(""); err == nil || outbound.OutcomeOf(err) != outbound.OutcomeTLS {
				t.Errorf("with a key that is over: %v", err)
			}
			source.Store(keys.NewRing([]*keys.Key{old}))
			for i, want := range []string{"2040 ", "2040 ", "2050 2040 "} {
				bye := ""
				if i == 1 {
					source.Store(keys.NewRing([]*keys.Key{old, renewed}))
					bye = "now"
				}
				if got, err := ask(bye); err != nil || got != want {
					t.Errorf("call %d came with %q, want %q (%v)", i+1, got, want, err)
				}
			}
		})
	}
}
