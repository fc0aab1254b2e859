package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/walletport/walletport"
)

// benchCards is how many cards of each scheme the measured server holds.
const benchCards = 10_000

// benchIssuer has them all.
const benchIssuer = "bench"

// benchProduct is what they are of, and singleProduct what those are of that no portfolio has.
const (
	benchProduct  = "debit"
	singleProduct = "single"
)

// cardCounts is how many cards of each scheme a server holds, Mastercard's first. The last of
// them are single ones.
type cardCounts struct{ mastercard, visa, single int }

// callCards are those of the calls of httpCalls.
var callCards = cardCounts{mastercard: benchCards, visa: benchCards}

func (c cardCounts) sum() int { return c.mastercard + c.visa }

// schemeOf returns the scheme of the card at an index.
func (c cardCounts) schemeOf(card int) walletport.SchemeID {
	if card < c.mastercard {
		return walletport.Mastercard
	}
	return walletport.Visa
}

// productOf returns the product of the card at an index.
func (c cardCounts) productOf(card int) string {
	if card < c.sum()-c.single {
		return benchProduct
	}
	return singleProduct
}

// first returns the index of a scheme's first card.
func (c cardCounts) first(scheme walletport.SchemeID) int {
	if scheme == walletport.Visa {
		return c.mastercard
	}
	return 0
}

// numberPrefixes begin the made-up card numbers.
var numberPrefixes = map[walletport.SchemeID]string{walletport.Mastercard: "222100", walletport.Visa: "411111"}

// setup prepares a production server the way an operator would: with the
// program's own commands, in a folder of its own.
type setup struct {
	program   string // the built binary
	dir       string
	cards     cardCounts
	addresses [maxReplicas]string // each with a configuration file of its own
	tls       keyPair
	client    struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
}

// maxReplicas is how many servers of a setup can run at once.
const maxReplicas = 4

// newSetup configures servers on the database, with keys, cards and a client; more is
// added to the configuration.
func newSetup(program, dir, databaseURL string, m material, cards cardCounts, more string) (s *setup, err error) {
	s = &setup{program: program, dir: dir}
	if s.tls, err = newKeyPair("localhost"); err != nil {
		return nil, err
	}
	google, err := readOpenPGPKey(m.Google)
	if err != nil {
		return nil, err
	}
	googleCertificate, err := openPGPCertificate(google)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		"tls.pem":        []byte(s.tls.Certificate),
		"tls-key.pem":    []byte(s.tls.PrivateKey),
		"pepk.pem":       []byte(m.MDES.Certificate),
		"push.txt":       []byte(m.PushSecret),
		"wsd.hex":        []byte(m.WSDKey),
		"google.pgp":     googleCertificate,
		"apple-root.pem": []byte(m.AppleRoot),
	}
	for n := range s.addresses {
		if s.addresses[n], err = freeAddress(); err != nil {
			return nil, err
		}
		files[configName(n)] = []byte(configText(s.addresses[n], databaseURL, more))
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	for _, args := range [][]string{
		{"keys", "init"},
		{"migrate"},
		{"keys", "generate", "vault-kek", "--activate"},
		{"keys", "generate", "vault-index", "--activate"},
		{"keys", "generate", "audit-checkpoint", "--activate"},
		{"keys", "generate", "tav-signing", "--activate"},
		{"keys", "generate", "opc-signing", "--activate"},
		{"keys", "import", "mdes-encryption", s.path("pepk.pem"), "--activate"},
		{"keys", "import", "vts-push", s.path("push.txt"), "--alias", m.PushKeyID, "--activate"},
		{"keys", "import", "wsd", s.path("wsd.hex"), "--alias", m.WSDKeySet, "--activate"},
		{"keys", "import", "opc-encryption", s.path("google.pgp"), "--activate"},
	} {
		if _, err := s.command(args...); err != nil {
			return nil, err
		}
	}
	if err := s.addCards(cards); err != nil {
		return nil, err
	}
	out, err := s.command("clients", "create", "--name", "bench", "--issuer", benchIssuer,
		"--scope", "provision,activate,tokens:read,tokens:write,clicktopay", "--json")
	if err != nil {
		return nil, err
	}
	return s, json.Unmarshal(out, &s.client)
}

func (s *setup) path(name string) string { return filepath.Join(s.dir, name) }

// configName and logName are files of a replica.
func configName(replica int) string { return fmt.Sprintf("walletport-%d.yaml", replica) }
func logName(replica int) string    { return fmt.Sprintf("serve-%d.log", replica) }

// addCards imports the cards that are not there yet of so many, as an operator would.
func (s *setup) addCards(cards cardCounts) error {
	path := s.path("cards.csv")
	if err := writeFile(path, func(w io.Writer) error { return writeCards(w, cards, s.cards.sum()) }); err != nil {
		return err
	}
	defer os.Remove(path) // that of millions is large
	if _, err := s.command("cards", "import", path, "--issuer", benchIssuer); err != nil {
		return err
	}
	s.cards = cards
	return nil
}

// writeCards writes CSV rows of the cards from an index on. Each card is of a customer of its own,
// whose number is the card's.
func writeCards(w io.Writer, cards cardCounts, from int) error {
	fmt.Fprintln(w, "cardId,pan,expiryMonth,expiryYear,cardholderName,customerId,product")
	for i := from; i < cards.sum(); i++ {
		scheme := cards.schemeOf(i)
		if _, err := fmt.Fprintf(w, "%d,%s,12,2031,TEST CARDHOLDER,%d,%s\n", 1+i, numberOf(scheme, i-cards.first(scheme)), 1+i, cards.productOf(i)); err != nil {
			return err
		}
	}
	return nil
}

// writeFile makes a file that may be too large to be held in memory.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush(), f.Close())
}

// numberOf returns the made-up number of the nth card of a scheme.
func numberOf(scheme walletport.SchemeID, n int) string {
	return withCheckDigit(fmt.Sprintf("%s%09d", numberPrefixes[scheme], n))
}

// withCheckDigit appends the digit that makes ParsePAN take the number.
func withCheckDigit(digits string) string {
	for d := '0'; d <= '9'; d++ {
		if _, err := walletport.ParsePAN(digits + string(d)); err == nil {
			return digits + string(d)
		}
	}
	return digits
}

func (s *setup) command(args ...string) ([]byte, error) {
	cmd := exec.Command(s.program, append(args, "--config", s.path(configName(0)))...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("walletport %s: %w: %s", strings.Join(args[:2], " "), err, stderr.String())
	}
	return out, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// running is a started server.
type running struct {
	url                string
	username, password string
	client             *http.Client
	cmd                *exec.Cmd
	log                string // the file of what it says
}

// start runs a server on its core and waits until it is ready.
func (s *setup) start(ctx context.Context, replica int) (*running, error) {
	cmd := pinned(serverCore, s.program, "serve", "--config", s.path(configName(replica)))
	log, err := os.Create(s.path(logName(replica)))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(s.tls.Certificate))
	r := &running{
		url: "https://" + s.addresses[replica], username: s.client.Username, password: s.client.Password, cmd: cmd, log: log.Name(),
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS13},
			MaxIdleConnsPerHost: connections,
			MaxConnsPerHost:     connections,
		}},
	}
	if err := r.waitReady(ctx); err != nil {
		return nil, r.stop(err)
	}
	return r, nil
}

func (r *running) waitReady(ctx context.Context) error {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := r.client.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the server did not become ready")
}

// onServers has so many replicas measured, which run meanwhile.
func (s *setup) onServers(ctx context.Context, replicas int, measure func([]*running) error) error {
	var servers []*running
	for n := range replicas {
		r, err := s.start(ctx, n)
		if err != nil {
			return stopAll(servers, err)
		}
		servers = append(servers, r)
	}
	return stopAll(servers, measure(servers))
}

// stopAll is as stop, of several.
func stopAll(servers []*running, failed error) error {
	for _, r := range servers {
		failed = r.stop(failed)
	}
	return failed
}

// stopWithin is how long a server may take to end once it was told to.
const stopWithin = time.Minute

// stop ends the server as an operator would. It returns why a measurement failed, which is nil of
// one that did not, and why the server did not end as it should: with what it said last.
func (r *running) stop(failed error) error {
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // how one ended that is no longer there, Wait says
	kill := time.AfterFunc(stopWithin, func() { _ = r.cmd.Process.Kill() })
	defer kill.Stop()
	if err := r.cmd.Wait(); err != nil {
		failed = errors.Join(failed, fmt.Errorf("stop the server: %w", err))
	}
	if failed == nil {
		return nil
	}
	return fmt.Errorf("%w; the server said:\n%s", failed, r.said())
}

// said is the end of what the server wrote into its log.
func (r *running) said() []byte {
	log, _ := os.ReadFile(r.log) // it may say nothing
	return log[max(0, len(log)-2000):]
}
