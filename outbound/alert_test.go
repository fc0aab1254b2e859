package outbound_test

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport/outbound"
)

const accessDenied = 49 // an alert about handshakes, RFC 8446 section 6.2

// alertServer is a target that answers the requests of a connection with texts, and the
// one after them with an alert about a handshake that is long over. crypto/tls sends no such
// alert, so the server makes the record itself.
type alertServer struct {
	url     string
	version uint16
	texts   []string     // one for each request that is answered, from the status line on
	midBody bool         // the alert follows the last text at once
	read    atomic.Int32 // requests, whole
}

func (s *alertServer) start(t *testing.T, certificate tls.Certificate) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "https://" + listener.Addr().String()
	done := make(chan struct{})
	t.Cleanup(func() { _ = listener.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if err := s.serve(conn, certificate); err != nil {
				t.Error(err)
			}
		}
	}()
}

func (s *alertServer) serve(raw net.Conn, certificate tls.Certificate) error {
	defer func() { _ = raw.Close() }()
	var keyLog bytes.Buffer
	heard := &firstWritten{Conn: raw}
	conn := tls.Server(heard, &tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: s.version, MaxVersion: s.version, KeyLogWriter: &keyLog, SessionTicketsDisabled: true,
		CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	})
	if err := conn.Handshake(); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	for _, text := range s.texts {
		if err := s.readRequest(in); err != nil {
			return err
		}
		if _, err := io.WriteString(conn, text); err != nil {
			return err
		}
	}
	if !s.midBody {
		if err := s.readRequest(in); err != nil {
			return err
		}
	}
	record, err := alertRecord(conn.ConnectionState(), keyLog.String(), heard.first, uint64(len(s.texts)))
	if err != nil {
		return err
	}
	_, err = raw.Write(record)
	return err
}

func (s *alertServer) readRequest(in *bufio.Reader) error {
	r, err := http.ReadRequest(in)
	if err != nil {
		return err
	}
	if _, err = io.Copy(io.Discard, r.Body); err == nil {
		s.read.Add(1)
	}
	return err
}

// firstWritten keeps what is written first: the record with the ServerHello.
type firstWritten struct {
	net.Conn
	first []byte
}

func (c *firstWritten) Write(p []byte) (int, error) {
	if c.first == nil {
		c.first = bytes.Clone(p)
	}
	return c.Conn.Write(p)
}

// alertRecord is access_denied as the server's next record, after so many of application
// data, under AES-128-GCM.
func alertRecord(state tls.ConnectionState, keyLog string, hello []byte, records uint64) ([]byte, error) {
	alert := []byte{2, accessDenied}
	if state.Version == tls.VersionTLS13 { // RFC 8446 sections 5.2, 5.3 and 7.3
		_, secret := logged(keyLog, "SERVER_TRAFFIC_SECRET_0")
		key, err := expandLabel(secret, "key", 16)
		if err != nil {
			return nil, err
		}
		nonce, err := expandLabel(secret, "iv", 12)
		if err != nil {
			return nil, err
		}
		binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^records)
		header := []byte{23, 3, 3, 0, 2 + 1 + 16}
		return append(header, gcm(key).Seal(nil, nonce, append(alert, 21), header)...), nil
	}
	// RFC 5246 section 6.3 and RFC 5288: the number before the first record of data is Finished's
	clientRandom, master := logged(keyLog, "CLIENT_RANDOM")
	keys := keyBlock(master, hello[11:43], clientRandom) // client's key, server's key, client's IV, server's IV
	sequence := binary.BigEndian.AppendUint64(nil, records+1)
	sealed := gcm(keys[16:32]).Seal(nil, append(bytes.Clone(keys[36:40]), sequence...), alert, append(bytes.Clone(sequence), 21, 3, 3, 0, 2))
	return append(append([]byte{21, 3, 3, 0, byte(8 + len(sealed))}, sequence...), sealed...), nil
}

// logged returns the two values of a line of a key log.
func logged(keyLog, label string) (random, secret []byte) {
	for line := range strings.Lines(keyLog) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == label {
			random, _ = hex.DecodeString(words[1])
			secret, _ = hex.DecodeString(words[2])
		}
	}
	return random, secret
}

func expandLabel(secret []byte, label string, size int) ([]byte, error) {
	label = "tls13 " + label
	info := append([]byte{0, byte(size), byte(len(label))}, label...)
	return hkdf.Expand(sha256.New, secret, string(append(info, 0)), size)
}

// keyBlock returns 64 bytes of P_SHA256.
func keyBlock(master, serverRandom, clientRandom []byte) []byte {
	mac := func(parts ...[]byte) []byte {
		h := hmac.New(sha256.New, master)
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	seed := bytes.Join([][]byte{[]byte("key expansion"), serverRandom, clientRandom}, nil)
	one := mac(seed)
	return append(mac(one, seed), mac(mac(one), seed)...)
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// TestAnAlertAfterTheHandshakeIsNoRefusal: a target that has read of a request may have
// carried it out, whatever alert it sends then, so the change must not be sent as if it
// never was. Only as the first thing that comes over a new connection of TLS 1.3 is such an
// alert the refusal of the handshake.
func TestAnAlertAfterTheHandshakeIsNoRefusal(t *testing.T) {
	const ok, begun = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
	for _, c := range []struct {
		name    string
		server  *alertServer
		calls   int // of which the last fails
		unknown bool
	}{
		{"on a new connection", &alertServer{version: tls.VersionTLS13}, 1, false},
		{"on a new connection of TLS 1.2", &alertServer{version: tls.VersionTLS12}, 1, true},
		{"on a kept connection", &alertServer{version: tls.VersionTLS13, texts: []string{ok}}, 2, true},
		{"while the body is read", &alertServer{version: tls.VersionTLS13, texts: []string{begun}, midBody: true}, 1, true},
		{"after an interim answer", &alertServer{version: tls.VersionTLS13, texts: []string{"HTTP/1.1 103 Early Hints\r\n\r\n"}, midBody: true}, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			lender := httptest.NewTLSServer(nil) // of its certificate
			defer lender.Close()
			b := &bench{server: lender, clock: &clock{now: time.Unix(0, 0)}, seen: &seen{}}
			c.server.start(t, lender.TLS.Certificates[0])
			client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) { target.URL = c.server.url })
			var err error
			for range c.calls {
				if err != nil {
					t.Fatal(err)
				}
				_, err = client.Do(t.Context(), outbound.Request{Method: http.MethodPost, URL: c.server.url, Body: []byte("a change")})
			}
			if err == nil || !strings.Contains(err.Error(), "access denied") || b.seen.last() != outbound.OutcomeTLS {
				t.Fatalf("error %v, outcome %q: not the alert", err, b.seen.last())
			}
			if outbound.IsUnsent(err) == c.unknown {
				t.Errorf("unsent %v after %d requests were read: %v", outbound.IsUnsent(err), c.server.read.Load(), err)
			}
		})
	}
}

// TestARefusalOfALaterConnection: the connection that a redirect led to, or over which net/http
// repeated a read, was refused, but the target had read the request that came before.
func TestARefusalOfALaterConnection(t *testing.T) {
	for _, c := range []struct{ name, path string }{{"after a redirect", "/redirect"}, {"when a read is repeated", "/break"}} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{clock: &clock{now: time.Unix(0, 0)}, seen: &seen{}}
			b.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/redirect":
					w.Header().Set("Connection", "close")
					http.Redirect(w, r, "/", http.StatusFound)
				case "/break":
					panic(http.ErrAbortHandler)
				}
			}))
			var connections atomic.Int32
			b.server.TLS = &tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				if connections.Add(1) == 1 {
					return nil, nil //nolint:nilnil // as it stands
				}
				return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: b.server.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert}, nil
			}}
			b.server.Config.ErrorLog = log.New(io.Discard, "", 0)
			b.server.StartTLS()
			defer b.server.Close()
			client := b.client(t, nil)
			if _, err := get(t, client, b.server.URL); err != nil {
				t.Fatal(err)
			}
			_, err := get(t, client, b.server.URL+c.path)
			if err == nil || !strings.Contains(err.Error(), "certificate required") || connections.Load() != 2 || outbound.IsUnsent(err) {
				t.Errorf("error %v after %d connections, unsent %v", err, connections.Load(), outbound.IsUnsent(err))
			}
		})
	}
}
