package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport/disk"
)

// tlsConfig is the server's own certificate, and who may connect.
type tlsConfig struct {
	CertificateFile string `koanf:"certificate_file"` // PEM, leaf first; empty serves plain HTTP (loopback only)
	KeyFile         string `koanf:"key_file"`         // PEM private key of the certificate
	ClientCAFile    string `koanf:"client_ca_file"`   // PEM roots of client certificates; empty asks for none
	RequireClient   bool   `koanf:"require_client"`   // refuse connections without a client certificate
}

func (c tlsConfig) enabled() bool { return c.CertificateFile != "" || c.KeyFile != "" }

func (c tlsConfig) validate() error {
	switch {
	case c.enabled() && (c.CertificateFile == "" || c.KeyFile == ""):
		return errors.New("http.tls: certificate_file and key_file go together")
	case c.ClientCAFile != "" && !c.enabled():
		return errors.New("http.tls: client_ca_file needs certificate_file and key_file")
	case c.RequireClient && c.ClientCAFile == "":
		return errors.New("http.tls: require_client needs client_ca_file")
	}
	return nil
}

// certificateReloadInterval is how soon a renewed certificate is served.
const certificateReloadInterval = 10 * time.Second

// certificateStore serves the certificate of two files and follows their changes:
// a renewal needs no restart. A broken new pair keeps the old one.
type certificateStore struct {
	files   tlsConfig
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate]
	stamp   string
}

func openCertificateStore(files tlsConfig, log *slog.Logger) (*certificateStore, error) {
	s := &certificateStore{files: files, log: log}
	if err := s.reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// run follows the files until ctx ends.
func (s *certificateStore) run(ctx context.Context) error {
	tick := time.NewTicker(certificateReloadInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.reload(); err != nil {
				s.log.Error("certificate not reloaded, the old one stays", "err", err)
			}
		}
	}
}

// reload reads the files if they changed since the last good read.
func (s *certificateStore) reload() error {
	stamp, err := fileStamp(s.files.CertificateFile, s.files.KeyFile)
	if err != nil {
		return err
	}
	if stamp == s.stamp {
		return nil
	}
	pair, err := readCertificatePair(s.files)
	if err != nil {
		return fmt.Errorf("load certificate: %w", err)
	}
	if s.stamp != "" {
		s.log.Info("certificate reloaded", "not_after", pair.Leaf.NotAfter)
	}
	s.current.Store(&pair)
	s.stamp = stamp
	return nil
}

func readCertificatePair(files tlsConfig) (tls.Certificate, error) {
	chain, err := disk.Read(files.CertificateFile, maxCertificateFileBytes)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := disk.Read(files.KeyFile, maxCertificateFileBytes)
	if err != nil {
		return tls.Certificate{}, err
	}
	defer clear(key)
	return tls.X509KeyPair(chain, key)
}

func fileStamp(paths ...string) (string, error) {
	stamp := ""
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return "", fmt.Errorf("certificate file: %w", err)
		}
		stamp += fmt.Sprintf("%d/%d;", info.ModTime().UnixNano(), info.Size())
	}
	return stamp, nil
}

// serverConfig returns the TLS settings of the listener: 1.2 or later, Go's own
// choice of suites and curves.
func (s *certificateStore) serverConfig() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.current.Load(), nil
		},
	}
	if s.files.ClientCAFile == "" {
		return config, nil
	}
	roots, err := disk.Read(s.files.ClientCAFile, maxCertificateFileBytes)
	if err != nil {
		return nil, fmt.Errorf("client roots: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(roots) {
		return nil, fmt.Errorf("client roots: no certificate in %s", s.files.ClientCAFile)
	}
	config.ClientAuth = tls.VerifyClientCertIfGiven
	if s.files.RequireClient {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}
