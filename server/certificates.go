package server

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/disk"
)

// certificateStore serves the certificate of two files and asks clients for theirs,
// and follows the files' changes: neither a renewal nor a withdrawal needs a restart.
// Broken new files keep the old ones.
type certificateStore struct {
	files   config.TLS
	log     *slog.Logger
	current atomic.Pointer[certificates]
}

// certificates is what the files held when they were read. It never changes.
type certificates struct {
	pair   tls.Certificate
	roots  *x509.CertPool // of clients; nil asks for none
	digest [sha256.Size]byte
	// rootsDigest tells whether connections from before may go on.
	rootsDigest [sha256.Size]byte
	config      *tls.Config
}

func openCertificateStore(ctx context.Context, files config.TLS, log *slog.Logger) (*certificateStore, error) {
	s := &certificateStore{files: files, log: log}
	if err := s.Reload(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload implements reloader. Files that are as they were change nothing.
func (s *certificateStore) Reload(context.Context) error {
	read, err := s.read()
	if err != nil {
		return err
	}
	before := s.current.Load()
	if before != nil && before.digest == read.digest {
		return nil
	}
	s.current.Store(read)
	if before != nil {
		s.log.Info("certificates reloaded", "not_after", read.pair.Leaf.NotAfter, "client_roots_changed", before.rootsDigest != read.rootsDigest)
	}
	return nil
}

// read returns every fault, each by its setting.
func (s *certificateStore) read() (*certificates, error) {
	certificate, certificateErr := readTLSFile("certificate_file", s.files.CertificateFile)
	key, keyErr := readTLSFile("key_file", s.files.KeyFile)
	defer clear(key)
	c := &certificates{}
	var pairErr, rootsErr error
	if certificateErr == nil && keyErr == nil {
		if c.pair, pairErr = tls.X509KeyPair(certificate, key); pairErr != nil {
			pairErr = fmt.Errorf("http.tls.certificate_file, http.tls.key_file: %w", pairErr)
		}
	}
	var roots []byte
	if s.files.ClientCAFile != "" {
		roots, rootsErr = readTLSFile("client_ca_file", s.files.ClientCAFile)
		c.roots = x509.NewCertPool()
		if rootsErr == nil && !c.roots.AppendCertsFromPEM(roots) {
			rootsErr = fmt.Errorf("http.tls.client_ca_file: no certificate in %s", s.files.ClientCAFile)
		}
	}
	if err := errors.Join(certificateErr, keyErr, pairErr, rootsErr); err != nil {
		return nil, err
	}
	c.rootsDigest = sha256.Sum256(roots)
	whole := sha256.New()
	for _, part := range [][]byte{certificate, key, roots} {
		digest := sha256.Sum256(part)
		whole.Write(digest[:])
	}
	whole.Sum(c.digest[:0])
	c.config = s.handshake(c)
	return c, nil
}

func readTLSFile(setting, path string) ([]byte, error) {
	text, err := disk.Read(path, maxCertificateFileBytes)
	if err != nil {
		return nil, fmt.Errorf("http.tls.%s: %w", setting, err)
	}
	return text, nil
}

// handshake returns the TLS settings of connections that begin now: 1.2 or later,
// Go's own choice of suites and curves. Go verifies the certificate of a resumed session
// against these roots, so nobody resumes one of a client whose root was taken away.
func (s *certificateStore) handshake(c *certificates) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c.pair}, NextProtos: []string{"h2", "http/1.1"}}
	if c.roots == nil {
		return config
	}
	config.ClientCAs, config.ClientAuth = c.roots, tls.VerifyClientCertIfGiven
	if s.files.RequireClient {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config
}

// serverConfig returns the TLS settings of the listener.
func (s *certificateStore) serverConfig() *tls.Config {
	config := s.current.Load().config.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.current.Load().config, nil }
	return config
}

// rootsKey is the context key of the client roots that were in force when a
// connection began.
type rootsKey struct{}

// guard makes server turn away calls over connections of clients whose root has been
// taken away since. A new connection asks them for a certificate again.
func (s *certificateStore) guard(server *http.Server) {
	if s.files.ClientCAFile == "" {
		return
	}
	server.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, rootsKey{}, s.current.Load().rootsDigest)
	}
	next := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := s.current.Load()
		if before, ok := r.Context().Value(rootsKey{}).([sha256.Size]byte); ok && before != now.rootsDigest && !now.trusts(r.TLS) {
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusMisdirectedRequest) // RFC 9110 section 15.5.20: may be repeated over another connection
			return
		}
		next.ServeHTTP(w, r)
	})
}

// trusts reports whether the client's certificate, if there is one, still has a root.
func (c *certificates) trusts(state *tls.ConnectionState) bool {
	if state == nil || len(state.PeerCertificates) == 0 {
		return true
	}
	options := x509.VerifyOptions{Roots: c.roots, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, intermediate := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(intermediate)
	}
	_, err := state.PeerCertificates[0].Verify(options)
	return err == nil
}
