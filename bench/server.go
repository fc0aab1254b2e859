package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
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

// benchCards is how many cards the measured server holds.
const benchCards = 10_000

// setup prepares a production server the way an operator would: with the
// program's own commands, in a folder of its own.
type setup struct {
	program string // the built binary
	dir     string
	address string
	tls     *keyPair
	client  struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
}

// newSetup configures a server on the database, with keys, cards and a client.
func newSetup(program, dir, databaseURL string) (*setup, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &setup{program: program, dir: dir, address: address}
	if s.tls, err = newKeyPair("localhost"); err != nil {
		return nil, err
	}
	mdes, err := newKeyPair("simulated MDES")
	if err != nil {
		return nil, err
	}
	cards, err := cardFile(benchCards)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		"walletport.yaml": []byte(configText(address, databaseURL)),
		"tls.pem":         s.tls.certificatePEM,
		"tls-key.pem":     s.tls.privatePEM,
		"pepk.pem":        mdes.certificatePEM,
		"cards.csv":       cards,
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	for _, args := range [][]string{
		{"keys", "init"},
		{"keys", "generate", "vault-kek", "--activate"},
		{"keys", "generate", "vault-index", "--activate"},
		{"keys", "generate", "audit-checkpoint", "--activate"},
		{"keys", "generate", "tav-signing", "--activate"},
		{"keys", "import", "mdes-encryption", filepath.Join(dir, "pepk.pem"), "--activate"},
		{"cards", "import", filepath.Join(dir, "cards.csv"), "--issuer", "bench"},
	} {
		if _, err := s.command(args...); err != nil {
			return nil, err
		}
	}
	out, err := s.command("clients", "create", "--name", "bench", "--issuer", "bench", "--scope", "provision", "--json")
	if err != nil {
		return nil, err
	}
	return s, json.Unmarshal(out, &s.client)
}

func configText(address, databaseURL string) string {
	return fmt.Sprintf(`http:
  listen: %s
  tls: {certificate_file: tls.pem, key_file: tls-key.pem}
database: {url: %q}
keys: {file: keystore.age, key_file: keystore.key}
api: {no_access_log: true, limits: {requests_per_second: -1, requests_per_minute: -1}}
wallet_providers:
  - {id: bench-wallet, display_name: Bench, token_requestor_id: "50199900001", scheme: MASTERCARD}
`, address, databaseURL)
}

// cardFile makes CSV rows with made-up numbers of the range 22210000….
func cardFile(n int) ([]byte, error) {
	var csv bytes.Buffer
	csv.WriteString("cardId,pan,expiryMonth,expiryYear,cardholderName\n")
	for i := range n {
		fmt.Fprintf(&csv, "%d,%s,12,2031,TEST CARDHOLDER\n", i+1, withCheckDigit(fmt.Sprintf("222100%09d", i)))
	}
	return csv.Bytes(), nil
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
	cmd := exec.Command(s.program, append(args, "--config", filepath.Join(s.dir, "walletport.yaml"))...)
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
	*target
	cmd *exec.Cmd
}

// start runs the server on its core and waits until it is ready.
func (s *setup) start(ctx context.Context) (*running, error) {
	cmd := pinned(serverCore, s.program, "serve", "--config", filepath.Join(s.dir, "walletport.yaml"))
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	log, err := os.Create(filepath.Join(s.dir, "serve.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.tls.certificate)
	r := &running{cmd: cmd, target: &target{
		username: s.client.Username, password: s.client.Password,
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS13},
			MaxIdleConnsPerHost: 512,
		}},
	}}
	for i := range benchCards {
		r.urls = append(r.urls, fmt.Sprintf("https://%s/wallet/v1/%d/provision/issuerwallet/bench-wallet?auditUser=bench", s.address, i+1))
	}
	return r, r.waitReady(ctx, "https://"+s.address+"/readyz")
}

func (r *running) waitReady(ctx context.Context, url string) error {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
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
	return errors.Join(errors.New("the server did not become ready"), r.stop())
}

func (r *running) stop() error {
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return r.cmd.Wait()
}

// callRates is what one database gives: medians over the rounds.
type callRates struct {
	perSecond      float64 // closed loop
	perCPUSecond   float64 // of the server process
	ofGoRSA        float64 // perCPUSecond against Go's RSA alone, measured in the same round
	ofOpenSSL      float64 // perCPUSecond against OpenSSL's RSA alone, measured in the same round
	p50, p99, p999 time.Duration
}

// measureCalls runs rounds of: Go's RSA alone, OpenSSL's RSA alone, the call in a
// closed loop, all on the server's core. The speed of a core drifts from minute to
// minute, so shares are taken within a round. Then an open loop at half of the
// throughput gives latencies.
func measureCalls(ctx context.Context, r *running, rounds, seconds int) (callRates, error) {
	if _, err := closedLoop(ctx, r.target, loadWorkers, 2*time.Second); err != nil { // warm connections and caches
		return callRates{}, err
	}
	var all []callRates
	for range rounds {
		round, err := measureRound(ctx, r, time.Duration(seconds)*time.Second/time.Duration(rounds))
		if err != nil {
			return callRates{}, err
		}
		all = append(all, round)
	}
	rates := callRates{
		perSecond:    medianOf(all, func(c callRates) float64 { return c.perSecond }),
		perCPUSecond: medianOf(all, func(c callRates) float64 { return c.perCPUSecond }),
		ofGoRSA:      medianOf(all, func(c callRates) float64 { return c.ofGoRSA }),
		ofOpenSSL:    medianOf(all, func(c callRates) float64 { return c.ofOpenSSL }),
	}
	latencies, err := openLoop(ctx, r.target, rates.perSecond/2, time.Duration(seconds)*time.Second)
	if err != nil {
		return callRates{}, err
	}
	rates.p50, rates.p99, rates.p999 = quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(latencies, 0.999)
	return rates, nil
}

// loadWorkers is how many calls the closed loop keeps under way.
const loadWorkers = 32

func measureRound(ctx context.Context, r *running, span time.Duration) (callRates, error) {
	goRSA, err := selfRate("rsa", 1)
	if err != nil {
		return callRates{}, err
	}
	openssl, err := opensslRate(1)
	if err != nil {
		return callRates{}, err
	}
	before, err := cpuTime(r.cmd.Process.Pid)
	if err != nil {
		return callRates{}, err
	}
	start := time.Now()
	done, err := closedLoop(ctx, r.target, loadWorkers, span)
	if err != nil {
		return callRates{}, err
	}
	took := time.Since(start)
	after, err := cpuTime(r.cmd.Process.Pid)
	if err != nil {
		return callRates{}, err
	}
	perCPUSecond := float64(done) / (after - before).Seconds()
	return callRates{
		perSecond: float64(done) / took.Seconds(), perCPUSecond: perCPUSecond,
		ofGoRSA: perCPUSecond / goRSA, ofOpenSSL: perCPUSecond / openssl,
	}, nil
}

func medianOf(rounds []callRates, figure func(callRates) float64) float64 {
	var values []float64
	for _, r := range rounds {
		values = append(values, figure(r))
	}
	return median(values)
}
