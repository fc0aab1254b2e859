package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/walletport/walletport/config"
)

// writePair writes a fresh certificate of that name with its key, dated later than
// what stood there.
func writePair(t *testing.T, files config.TLS, name string, age time.Duration) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	writeAged(t, files.CertificateFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), age)
	writeAged(t, files.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), age)
}

func writeAged(t *testing.T, path string, content []byte, age time.Duration) {
	t.Helper()
	must(t, os.WriteFile(path, content, 0o600))
	at := time.Now().Add(-age)
	must(t, os.Chtimes(path, at, at))
}

func newFiles(t *testing.T) config.TLS {
	dir := t.TempDir()
	return config.TLS{CertificateFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
}

func served(t *testing.T, s *certificateStore) string {
	t.Helper()
	config, err := s.serverConfig().GetConfigForClient(nil)
	must(t, err)
	return config.Certificates[0].Leaf.Subject.CommonName
}

func TestRenewedCertificateIsServedWithoutARestart(t *testing.T) {
	files := newFiles(t)
	writePair(t, files, "first", 3*time.Hour)
	s, err := openCertificateStore(t.Context(), files, slog.New(slog.DiscardHandler))
	must(t, err)
	if got := served(t, s); got != "first" {
		t.Fatalf("served %q", got)
	}
	writePair(t, files, "second", 2*time.Hour)
	must(t, s.Reload(t.Context()))
	if got := served(t, s); got != "second" {
		t.Errorf("served %q after the renewal", got)
	}

	for name, damage := range map[string]func(){
		"a certificate that is none": func() { writeAged(t, files.CertificateFile, []byte("half a"), time.Hour) },
		"the key of another certificate": func() {
			cert := mustRead(t, files.CertificateFile)
			writePair(t, files, "third", time.Hour)
			writeAged(t, files.CertificateFile, cert, time.Minute)
		},
		"a key file that is gone": func() { must(t, os.Remove(files.KeyFile)) },
	} {
		damage()
		if err := s.Reload(t.Context()); err == nil {
			t.Errorf("%s is taken", name)
		}
		if got := served(t, s); got != "second" {
			t.Errorf("%s: served %q, the old pair should stay", name, got)
		}
	}
	writePair(t, files, "fourth", 0)
	must(t, s.Reload(t.Context()))
	if got := served(t, s); got != "fourth" {
		t.Errorf("served %q once the files are good again", got)
	}
}

func TestUnchangedFilesAreNotReadAgain(t *testing.T) {
	files := newFiles(t)
	writePair(t, files, "first", time.Hour)
	s, err := openCertificateStore(t.Context(), files, slog.New(slog.DiscardHandler))
	must(t, err)
	before := s.current.Load()
	must(t, s.Reload(t.Context()))
	if s.current.Load() != before {
		t.Errorf("unchanged files were loaded anew")
	}
}

func TestServerDoesNotStartWithoutItsCertificate(t *testing.T) {
	if _, err := openCertificateStore(t.Context(), newFiles(t), slog.New(slog.DiscardHandler)); err == nil {
		t.Errorf("files that are not there are taken")
	}
}

func TestClientCertificates(t *testing.T) {
	files := newFiles(t)
	writePair(t, files, "server", 0)
	open := func(change func(*config.TLS)) (*tls.Config, error) {
		f := files
		change(&f)
		s, err := openCertificateStore(t.Context(), f, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		return s.serverConfig(), nil
	}
	for _, c := range []struct {
		name   string
		change func(*config.TLS)
		want   tls.ClientAuthType
	}{
		{"none are asked for", func(*config.TLS) {}, tls.NoClientCert},
		{"roots let clients choose", func(f *config.TLS) { f.ClientCAFile = files.CertificateFile }, tls.VerifyClientCertIfGiven},
		{"a demand is a demand", func(f *config.TLS) { f.ClientCAFile, f.RequireClient = files.CertificateFile, true }, tls.RequireAndVerifyClientCert},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, err := open(c.change)
			must(t, err)
			if config.ClientAuth != c.want || config.MinVersion != tls.VersionTLS12 {
				t.Errorf("client auth %v, least version %x", config.ClientAuth, config.MinVersion)
			}
		})
	}
	for name, content := range map[string][]byte{"no certificate in the roots": []byte("x"), "no roots file": nil} {
		path := filepath.Join(t.TempDir(), "roots.pem")
		if content != nil {
			must(t, os.WriteFile(path, content, 0o600))
		}
		if _, err := open(func(f *config.TLS) { f.ClientCAFile = path }); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return bytes.Clone(content)
}
