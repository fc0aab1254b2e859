package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/wallet/applepay"
)

// root is an authority of client certificates.
type root struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func mustRoot(t *testing.T, name string) root {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return root{certificate, key}
}

func (r root) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.certificate.Raw})
}

// mustIssue returns a client's certificate.
func (r root) mustIssue(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, r.certificate, &key.PublicKey, r.key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestARootOfClientsThatIsTakenAway: new connections, resumed sessions and
// connections that are open end with it; the clients of other roots go on.
func TestARootOfClientsThatIsTakenAway(t *testing.T) {
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		for name2, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
			t.Run(name+" "+name2, func(t *testing.T) { testRootTakenAway(t, version, http2) })
		}
	}
}

func testRootTakenAway(t *testing.T, version uint16, http2 bool) {
	files := newFiles(t)
	writePair(t, files, "server", 0)
	files.ClientCAFile, files.RequireClient = filepath.Join(t.TempDir(), "roots.pem"), true
	leaving, staying := mustRoot(t, "leaving"), mustRoot(t, "staying")
	must(t, os.WriteFile(files.ClientCAFile, append(leaving.pem(), staying.pem()...), 0o600))
	store, err := openCertificateStore(t.Context(), files, slog.New(slog.DiscardHandler))
	must(t, err)
	url := mustServe(t, store)

	client := func(r root) (*http.Client, func(resumed bool) (int, error)) {
		certificate := r.mustIssue(t)
		transport := &http.Transport{ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, Certificates: []tls.Certificate{certificate}, ClientSessionCache: tls.NewLRUClientSessionCache(4), MaxVersion: version,
		}}
		c := &http.Client{Transport: transport, Timeout: 10 * time.Second}
		t.Cleanup(transport.CloseIdleConnections)
		return c, func(resumed bool) (int, error) {
			answer, err := c.Get(url)
			if err != nil {
				return 0, err
			}
			defer answer.Body.Close()
			_, err = io.Copy(io.Discard, answer.Body)
			if answer.TLS.DidResume != resumed || answer.ProtoMajor == 2 != http2 {
				t.Errorf("resumed %v, %s", answer.TLS.DidResume, answer.Proto)
			}
			return answer.StatusCode, err
		}
	}
	firstClient, first := client(leaving)
	_, second := client(staying)
	for _, call := range []func(bool) (int, error){first, second} {
		if status, err := call(false); err != nil || status != http.StatusOK {
			t.Fatalf("%d, %v", status, err)
		}
	}
	firstClient.CloseIdleConnections()
	if status, err := first(true); err != nil || status != http.StatusOK {
		t.Fatalf("a resumed session: %d, %v", status, err)
	}

	must(t, os.WriteFile(files.ClientCAFile, staying.pem(), 0o600))
	must(t, store.Reload(t.Context()))
	if status, err := first(true); err != nil || status != http.StatusMisdirectedRequest {
		t.Errorf("the open connection answers %d, %v; want 421", status, err)
	}
	firstClient.CloseIdleConnections()
	if status, err := first(true); err == nil {
		t.Errorf("a new connection with an old session answers %d", status)
	}
	if status, err := second(false); err != nil || status != http.StatusOK {
		t.Errorf("the client of the other root: %d, %v", status, err)
	}
}

// mustServe answers 200 to every call until the test ends.
func mustServe(t *testing.T, store *certificateStore) string {
	t.Helper()
	server := &http.Server{ReadHeaderTimeout: time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	store.guard(server)
	l, err := listen(t.Context(), "127.0.0.1:0", server, store.serverConfig())
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.serve(ctx, time.Second) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Log(err)
		}
	})
	return l.url()
}

func TestAppleRootsAreReadAgain(t *testing.T) {
	first, second := mustRoot(t, "first"), mustRoot(t, "second")
	settings := config.ApplePay{Format: applepay.DefaultConfig()}
	settings.RootFiles = []string{filepath.Join(t.TempDir(), "roots.pem")}
	must(t, os.WriteFile(settings.RootFiles[0], first.pem(), 0o600))
	encoder, err := openAppleEncoder(settings)
	must(t, err)
	before := encoder.current.Load()
	must(t, encoder.Reload(t.Context()))
	if encoder.current.Load() != before {
		t.Error("roots that did not change made another encoder")
	}
	must(t, os.WriteFile(settings.RootFiles[0], []byte("half a"), 0o600))
	if err := encoder.Reload(t.Context()); err == nil || encoder.current.Load() != before {
		t.Errorf("a broken file: %v", err)
	}
	must(t, os.WriteFile(settings.RootFiles[0], second.pem(), 0o600))
	must(t, encoder.Reload(t.Context()))
	if got := encoder.current.Load(); got == before || !got.roots[0].Equal(second.certificate) {
		t.Error("the new root is not taken")
	}
}
