package e2e_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestServeRefuses lists what production must not start with.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		env     []string
		prepare func(t *testing.T, p *production)
		want    string // in what it prints
	}{
		{name: "plain HTTP on every address", env: []string{"WALLETPORT_HTTP__LISTEN=0.0.0.0:0"}, want: "not loopback"},
		{name: "plain HTTP on an outside address", env: []string{"WALLETPORT_HTTP__LISTEN=192.0.2.1:8080"}, want: "not loopback"},
		{name: "a sandbox's keys", prepare: useSandboxKeys, want: "is a sandbox's"},
		{name: "a setting that does not exist", env: []string{"WALLETPORT_HTTP__LISTN=127.0.0.1:0"}, want: "listn"},
		{name: "a certificate that is not there", env: []string{"WALLETPORT_HTTP__TLS__CERTIFICATE_FILE=none.pem", "WALLETPORT_HTTP__TLS__KEY_FILE=none.pem"}, want: "none.pem"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := mustProduction(t, "", "")
			if c.prepare != nil {
				c.prepare(t, p)
			}
			s := mustStart(t, append([]string{"WALLETPORT_HTTP__LISTEN=" + plainHTTP}, c.env...), "serve", "--config", p.configPath())
			if code := s.mustExit(t); code != 1 || !strings.Contains(s.out.String(), c.want) {
				t.Errorf("exit code %d, printed %s; want 1 and a word of %q", code, s.out.tail(), c.want)
			}
			if strings.Contains(s.out.String(), `"serving"`) {
				t.Error("it served first")
			}
		})
	}
}

// useSandboxKeys puts the keys and the database of a sandbox in the place of the
// operator's own.
func useSandboxKeys(t *testing.T, p *production) {
	t.Helper()
	box := mustSandbox(t, t.TempDir(), "")
	box.mustStop(t)
	for _, name := range []string{"keystore.age", "keystore.key", "walletport.db"} {
		mustWrite(t, filepath.Join(p.dir, name), mustRead(t, filepath.Join(box.dir, name)))
	}
}

// tlsFiles is the configuration of a TLS listener beside the production's files.
const tlsFiles = "http: {tls: {certificate_file: tls.pem, key_file: tls-key.pem}}\n"

func (p *production) mustWritePair(t *testing.T, pair *keyPair) {
	t.Helper()
	mustWrite(t, filepath.Join(p.dir, "tls-key.pem"), pair.keyPEM)
	mustWrite(t, filepath.Join(p.dir, "tls.pem"), pair.certificatePEM)
}

// over returns a caller over TLS that trusts the roots and presents a certificate.
func (c caller) over(presents *keyPair, trusts ...*keyPair) caller {
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	for _, root := range trusts {
		config.RootCAs.AddCert(root.certificate)
	}
	if presents != nil {
		config.Certificates = []tls.Certificate{{Certificate: [][]byte{presents.certificate.Raw}, PrivateKey: presents.key}}
	}
	c.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	return c
}

// TestCertificateIsRenewedWithoutRestart replaces the files, first by a pair that
// does not fit together, as when only one file has arrived yet.
func TestCertificateIsRenewedWithoutRestart(t *testing.T) {
	t.Parallel()
	before, after := mustKeyPair(t, "before", nil), mustKeyPair(t, "after", nil)
	p := mustProduction(t, "", tlsFiles)
	p.mustWritePair(t, before)
	s := p.mustServe(t)
	c := s.over(nil, before)
	if a := c.provision(serveCardID, wallet, "before"); a.status != http.StatusOK || a.header.Get("Strict-Transport-Security") == "" {
		t.Fatalf("over TLS: %v", a)
	}
	if a := s.provision(serveCardID, wallet, "untrusted"); a.err == nil {
		t.Fatalf("a caller without the root was served: %v", a)
	}
	mustWrite(t, filepath.Join(p.dir, "tls-key.pem"), after.keyPEM)
	if a := c.provision(serveCardID, wallet, "half"); a.status != http.StatusOK {
		t.Errorf("with half a pair on disk: %v", a)
	}
	mustWrite(t, filepath.Join(p.dir, "tls.pem"), after.certificatePEM)
	renewed := s.over(nil, after)
	eventually(t, "the new certificate is served", func() bool { return renewed.get("/healthz").status == http.StatusOK })
	if a := renewed.provision(serveCardID, wallet, "after"); a.status != http.StatusOK {
		t.Errorf("with the new certificate: %v", a)
	}
	s.mustStop(t)
}

// TestClientCertificates wants a certificate of every caller, and of a bound
// client its own.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	pair, roots, strangers := mustKeyPair(t, "server", nil), mustKeyPair(t, "clients", nil), mustKeyPair(t, "strangers", nil)
	own, other, foreign := mustKeyPair(t, "own", roots), mustKeyPair(t, "other", roots), mustKeyPair(t, "foreign", strangers)
	p := mustProduction(t, "", "http: {tls: {certificate_file: tls.pem, key_file: tls-key.pem, client_ca_file: roots.pem, require_client: true}}\n")
	p.mustWritePair(t, pair)
	mustWrite(t, filepath.Join(p.dir, "roots.pem"), roots.certificatePEM)
	digest := sha256.Sum256(own.certificate.Raw)
	bound := p.mustClient(t, "provision", "--certificate", hex.EncodeToString(digest[:]))
	s := p.mustServe(t)
	for _, c := range []struct {
		name     string
		client   credentials
		presents *keyPair
		status   int // 0 is no connection
		code     string
	}{
		{"a bound client with its certificate", bound, own, 200, "ok"},
		{"a bound client with another good certificate", bound, other, 401, "certificate_mismatch"},
		{"a free client with any good certificate", p.client, other, 200, "ok"},
		{"a certificate of strangers", p.client, foreign, 0, ""},
		{"no certificate", p.client, nil, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newCaller(s.base, c.client).over(c.presents, pair).provision(serveCardID, wallet, requestIDOf(c.name))
			if (a.err != nil) != (c.status == 0) || a.status != c.status || a.err == nil && a.code() != c.code {
				t.Errorf("answer %v, want %d %s", a, c.status, c.code)
			}
		})
	}
	found := mustExport(t, p.at()).byID["a-bound-client-with-another-good-certificate"]
	if len(found) != 1 || found[0].Outcome != "certificate_mismatch" {
		t.Errorf("recorded %+v", found)
	}
	s.mustStop(t)
}
