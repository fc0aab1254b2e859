package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
)

// The RSA operations that a job may hold.
const (
	sign2048 = iota
	public2048
	sign3072
	public3072
	rsaOperations
)

// rsaWork counts the operations of one job; rsaCosts is the seconds that each takes.
type (
	rsaWork  [rsaOperations]float64
	rsaCosts [rsaOperations]float64
)

// What jobs hold.
var (
	noRSA    = rsaWork{}
	tavWork  = rsaWork{sign2048: 1}
	pushWork = rsaWork{sign2048: 1, public2048: 1} // TAV and encrypted card
	opcWork  = rsaWork{sign3072: 1, public3072: 1}
)

func (w rsaWork) plus(other rsaWork) rsaWork {
	for i := range w {
		w[i] += other[i]
	}
	return w
}

// String says what is counted, for a row of its own.
func (w rsaWork) String() string {
	names := [rsaOperations]string{"signature of 2048 bits", "encryption of 2048 bits", "signature of 3072 bits", "encryption of 3072 bits"}
	var parts []string
	for i, n := range w {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%.0f %s", n, names[i]))
		}
	}
	return strings.Join(parts, ", ")
}

// rate is how many jobs a second the operations alone would allow.
func (c rsaCosts) rate(w rsaWork) float64 {
	var seconds float64
	for i := range w {
		seconds += w[i] * c[i]
	}
	return 1 / seconds
}

// goRSALimit is how many jobs with this work Go's RSA allows the server's core a
// second, if they hold nothing else.
func goRSALimit(m material, work rsaWork, seconds int) (rate float64, err error) {
	err = measureSelf(m, "rsa "+fmt.Sprint([rsaOperations]float64(work)), seconds, &rate)
	return rate, err
}

// goRSARate measures this process; work is as goRSALimit prints it.
func goRSARate(m material, work string, span time.Duration) (float64, error) {
	var times rsaWork
	if _, err := fmt.Sscanf(work, "[%f %f %f %f]", &times[0], &times[1], &times[2], &times[3]); err != nil {
		return 0, fmt.Errorf("rsa work %q: %w", work, err)
	}
	operations, err := rsaOperationsOf(m)
	if err != nil {
		return 0, err
	}
	return perSecond(func() error {
		for operation, job := range operations {
			for range int(times[operation]) {
				if err := job(); err != nil {
					return err
				}
			}
		}
		return nil
	}, span)
}

func rsaOperationsOf(m material) (operations [rsaOperations]func() error, err error) {
	short, _, err := m.MDES.read()
	if err != nil {
		return operations, err
	}
	entity, err := readOpenPGPKey(m.Issuer)
	if err != nil {
		return operations, err
	}
	long, err := openPGPSigner(entity)
	if err != nil {
		return operations, err
	}
	return [rsaOperations]func() error{
		sign2048: signing(short), public2048: encrypting(short),
		sign3072: signing(long), public3072: encrypting(long),
	}, nil
}

func signing(key crypto.Signer) func() error {
	digest := sha256.Sum256([]byte("TAV"))
	return func() error {
		_, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		return err
	}
}

// encrypting is a public operation; what surrounds it, OAEP or PKCS #1 v1.5, is small.
func encrypting(key crypto.Signer) func() error {
	message := make([]byte, 32)
	return func() error {
		public, ok := key.Public().(*rsa.PublicKey)
		if !ok {
			return errors.New("the key is not RSA")
		}
		_, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, message, nil)
		return err
	}
}

// byEngine returns an RSA key as an engine signs with it and encrypts to it.
func byEngine(choice config.RSAChoice, key crypto.Signer) (crypto.Signer, keys.OAEP, error) {
	engine, _, err := server.RSAEngine(choice)
	if err != nil {
		return nil, nil, err
	}
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		return nil, nil, errors.New("the key is not RSA")
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	private, err := engine.Private(der)
	if err != nil {
		return nil, nil, err
	}
	signer, signerErr := keys.NewSigner(private)
	oaep, err := engine.OAEP(public)
	return signer, oaep, errors.Join(signerErr, err)
}

// openSSLCosts reads what openssl speed prints: a private and a public operation of
// each length, `seconds` for each.
func openSSLCosts(seconds int) (costs rsaCosts, err error) {
	out, err := pinned(serverCore, "openssl", "speed", "-seconds", strconv.Itoa(seconds), "rsa2048", "rsa3072").Output()
	if err != nil {
		return costs, fmt.Errorf("openssl speed: %w", err)
	}
	for _, length := range []struct {
		bits         string
		sign, public int
	}{{"2048", sign2048, public2048}, {"3072", sign3072, public3072}} {
		sign, verify, err := openSSLRates(string(out), length.bits)
		if err != nil {
			return costs, err
		}
		costs[length.sign], costs[length.public] = 1/sign, 1/verify
	}
	return costs, nil
}

// openSSLRates finds the line "rsa 2048 bits", then times, then as many rates: of
// signing and verifying, and since OpenSSL 3.2 of encrypting and decrypting.
func openSSLRates(out, bits string) (sign, verify float64, err error) {
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 7 || fields[0] != "rsa" || fields[1] != bits {
			continue
		}
		rates := fields[3+(len(fields)-3)/2:]
		sign, signErr := strconv.ParseFloat(rates[0], 64)
		verify, verifyErr := strconv.ParseFloat(rates[1], 64)
		if signErr == nil && verifyErr == nil && sign > 0 && verify > 0 {
			return sign, verify, nil
		}
	}
	return 0, 0, fmt.Errorf("openssl speed: no line of rsa %s in its output", bits)
}
