package e2e_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// serveCard is the card that every production server of these tests holds: a
// published test number that is no sample card of the sandbox.
const (
	serveCardID  = 7001
	serveCards   = "cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product\n7001,1,2223000048400011,12,2031,ADA LOVELACE,mc-debit\n"
	serveIssuer  = "acme"
	serveWallets = `wallet_providers:
  - {id: acme-wallet, display_name: Acme, token_requestor_id: "50199900001", scheme: MASTERCARD}
`
)

// production is what an operator prepares for serve: a folder with configuration
// and keys, a database with a card, a client.
type production struct {
	dir    string
	client credentials
	env    []string // further environment variables of its servers
}

// keyStore is an operator's key store, made by the first test that asks: it is
// the dear part.
var keyStore struct {
	sync.Mutex
	store, key string
}

// mustKeyStore puts a copy of the key store into dir.
func mustKeyStore(t *testing.T, dir string) {
	t.Helper()
	keyStore.Lock()
	defer keyStore.Unlock()
	if keyStore.store == "" {
		made := mustMakeKeyStore(t)
		keyStore.store, keyStore.key = mustRead(t, filepath.Join(made, "keystore.age")), mustRead(t, filepath.Join(made, "keystore.key"))
	}
	mustWrite(t, filepath.Join(dir, "keystore.age"), keyStore.store)
	mustWrite(t, filepath.Join(dir, "keystore.key"), keyStore.key)
}

func mustMakeKeyStore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	certificate := filepath.Join(dir, "mdes.pem")
	mustWrite(t, filepath.Join(dir, "walletport.yaml"), "keys: {file: keystore.age, key_file: keystore.key}\n")
	mustWrite(t, certificate, mustMDESCertificate(t))
	at := location{"--config", filepath.Join(dir, "walletport.yaml")}
	mustRun(t, "", at.with("keys", "init")...)
	mustRun(t, "", at.with("migrate")...)
	for _, purpose := range []string{"vault-kek", "vault-index", "audit-checkpoint", "tav-signing"} {
		mustRun(t, "", at.with("keys", "generate", purpose, "--activate")...)
	}
	mustRun(t, "", at.with("keys", "import", "mdes-encryption", certificate, "--activate")...)
	return dir
}

// mustProduction prepares a server on a database ("" is SQLite) with further
// lines of configuration.
func mustProduction(t *testing.T, databaseURL, config string) *production {
	t.Helper()
	if databaseURL == "" {
		databaseURL = "sqlite:walletport.db"
	}
	p := &production{dir: t.TempDir()}
	p.mustConfigure(t, fmt.Sprintf("database: {url: %q}\nkeys: {file: keystore.age, key_file: keystore.key}\n", databaseURL)+serveWallets+config)
	mustKeyStore(t, p.dir)
	mustRun(t, "", p.at().with("migrate")...)
	mustRun(t, serveCards, p.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
	p.client = p.mustClient(t, "provision")
	return p
}

func (p *production) configPath() string { return filepath.Join(p.dir, "walletport.yaml") }
func (p *production) at() location       { return location{"--config", p.configPath()} }

func (p *production) mustConfigure(t *testing.T, config string) {
	t.Helper()
	mustWrite(t, p.configPath(), config)
}

// mustClient creates an API client with one scope.
func (p *production) mustClient(t *testing.T, scope string, flags ...string) credentials {
	t.Helper()
	out := mustRun(t, "", append(p.at().with("clients", "create", "--name", "e2e", "--issuer", serveIssuer, "--scope", scope, "--json"), flags...)...)
	var made credentials
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.Password == "" {
		t.Fatalf("clients create printed %v", err)
	}
	return made
}

// server is a running serve.
type server struct {
	*process
	caller
}

// plainHTTP listens on a free port of the loopback interface.
const plainHTTP = "127.0.0.1:0"

// mustServe starts a server of the production and waits until it serves.
func (p *production) mustServe(t *testing.T) *server {
	t.Helper()
	s := &server{process: mustStart(t, slices.Concat([]string{"WALLETPORT_HTTP__LISTEN=" + plainHTTP}, noLimits, p.env), "serve", "--config", p.configPath())}
	s.caller = newCaller(s.mustURL(t)+"/wallet", p.client)
	return s
}

// mustURL waits for the line of the log that says where the server is.
func (p *process) mustURL(t *testing.T) string { return p.mustURLOf(t, "serving") }

// mustURLOf waits for a line of the log with a url.
func (p *process) mustURLOf(t *testing.T, message string) string {
	t.Helper()
	url := ""
	eventually(t, "the server says where it serves", func() bool {
		if p.hasExited() {
			t.Fatalf("the server ended with code %d:\n%s", p.cmd.ProcessState.ExitCode(), p.out.tail())
		}
		lines := bufio.NewScanner(strings.NewReader(p.out.String()))
		for lines.Scan() {
			var line struct{ Msg, URL string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == message {
				url = line.URL
			}
		}
		return url != ""
	})
	return url
}

// keyPair is a certificate with its key.
type keyPair struct {
	certificate            *x509.Certificate
	certificatePEM, keyPEM string
	key                    *ecdsa.PrivateKey
}

// mustKeyPair makes a certificate for the loopback interface, signed by parent or
// by itself, as it stands after the changes.
func mustKeyPair(t *testing.T, name string, parent *keyPair, changes ...func(*x509.Certificate)) *keyPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := certificateTemplate(name)
	template.IsCA, template.BasicConstraintsValid = parent == nil, true
	for _, change := range changes {
		change(template)
	}
	signer, signerKey := template, key
	if parent != nil {
		signer, signerKey = parent.certificate, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &keyPair{certificate, pemText("CERTIFICATE", der), pemText("PRIVATE KEY", pkcs8), key}
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func certificateTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

// mustMDESCertificate returns the certificate of a new RSA key, as Mastercard
// would send it.
func mustMDESCertificate(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := certificateTemplate("MDES")
	template.KeyUsage = x509.KeyUsageKeyEncipherment
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pemText("CERTIFICATE", der)
}

// mustPEM reads a P-256 key.
func mustPEM(t *testing.T, text string) *ecdsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatal("not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("not a P-256 key")
	}
	return key
}
