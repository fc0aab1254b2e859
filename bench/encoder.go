package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/issuerwallet"
)

// keyPair is an RSA-2048 pair with a self-signed certificate: Mastercard's
// encryption key and the issuer's TAV key in one, for measuring only.
type keyPair struct {
	private        *rsa.PrivateKey
	certificate    *x509.Certificate
	certificatePEM []byte
	privatePEM     []byte
}

func newKeyPair(commonName string) (*keyPair, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(365 * 24 * time.Hour),
		DNSNames:     []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return &keyPair{
		private: private, certificate: certificate,
		certificatePEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		privatePEM:     pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}, nil
}

// encoderRates are jobs a second on one core; a job is encrypt + TAV.
type encoderRates struct {
	Walletport float64 // the encoder
	GoRSA      float64 // one signature and one OAEP wrap with Go's RSA, nothing else
	Npm        float64 // mastercard-client-encryption and node:crypto's signature
	OpenSSL    float64 // one private and one public operation, nothing else
}

// measureEncoders runs each side in turn, rounds times, and returns medians.
func measureEncoders(rounds, seconds int) (encoderRates, error) {
	pair, err := newKeyPair("bench")
	if err != nil {
		return encoderRates{}, err
	}
	var ours, goRSA, npm, openssl []float64
	for range rounds {
		for _, side := range []struct {
			into *[]float64
			rate func() (float64, error)
		}{
			{&ours, func() (float64, error) { return selfRate("encoder", seconds) }},
			{&goRSA, func() (float64, error) { return selfRate("rsa", seconds) }},
			{&npm, func() (float64, error) { return npmRate(pair, seconds) }},
			{&openssl, func() (float64, error) { return opensslRate(seconds) }},
		} {
			rate, err := side.rate()
			if err != nil {
				return encoderRates{}, err
			}
			*side.into = append(*side.into, rate)
		}
	}
	return encoderRates{median(ours), median(goRSA), median(npm), median(openssl)}, nil
}

// selfRate starts this program again, pinned, to measure one thing (see child).
func selfRate(what string, seconds int) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := pinned(serverCore, self, "-child", what, "-seconds", strconv.Itoa(seconds))
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("measure %s: %w", what, err)
	}
	return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
}

// child measures one thing in this process and prints jobs a second.
func child(what string, seconds int) error {
	pair, err := newKeyPair("bench")
	if err != nil {
		return err
	}
	job, err := jobOf(what, pair)
	if err != nil {
		return err
	}
	start, jobs := time.Now(), 0
	for time.Since(start) < time.Duration(seconds)*time.Second {
		if err := job(); err != nil {
			return err
		}
		jobs++
	}
	_, err = fmt.Fprintln(os.Stdout, float64(jobs)/time.Since(start).Seconds())
	return err
}

func jobOf(what string, pair *keyPair) (func() error, error) {
	if what == "rsa" {
		digest, key := sha256.Sum256([]byte("TAV")), make([]byte, 16)
		return func() error {
			if _, err := rsa.SignPKCS1v15(rand.Reader, pair.private, crypto.SHA256, digest[:]); err != nil {
				return err
			}
			_, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &pair.private.PublicKey, key, nil)
			return err
		}, nil
	}
	sealer, err := mdes.NewSealer(mdes.DefaultProfile())
	if err != nil {
		return nil, err
	}
	encoder, err := issuerwallet.New(issuerwallet.Config{})
	if err != nil {
		return nil, err
	}
	card, err := benchCard()
	if err != nil {
		return nil, err
	}
	return func() error {
		sealed, err := sealer.SealCard(scheme.SealInput{
			Card: card, Recipient: scheme.Recipient{Public: &pair.private.PublicKey, Certificate: pair.certificate},
			Signer: scheme.Signer{Key: pair.private}, Now: time.Now(), Rand: rand.Reader,
		})
		if err != nil {
			return err
		}
		_, err = encoder.Encode(wallet.Input{Sealed: sealed})
		return err
	}, nil
}

func benchCard() (*walletport.Card, error) {
	pan, err := walletport.ParsePAN("5123456789012346")
	if err != nil {
		return nil, err
	}
	expiry, err := walletport.ParseExpiry("12", "2031")
	if err != nil {
		return nil, err
	}
	return &walletport.Card{
		CardSummary:    walletport.CardSummary{ID: 1, Issuer: "bench", Scheme: walletport.Mastercard, Expiry: expiry},
		PAN:            pan,
		CardholderName: walletport.NewPrivate("TEST CARDHOLDER"),
	}, nil
}

func npmRate(pair *keyPair, seconds int) (float64, error) {
	input, err := json.Marshal(map[string]string{"certificate": string(pair.certificatePEM), "privateKey": string(pair.privatePEM)})
	if err != nil {
		return 0, err
	}
	cmd := pinned(serverCore, "node", "oracle/rate.js", strconv.Itoa(seconds))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("measure npm mastercard-client-encryption: %w", err)
	}
	return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
}

// opensslRate returns 1 / (time of a signature + time of a verification): what
// OpenSSL allows for one private and one public operation of RSA-2048.
func opensslRate(seconds int) (float64, error) {
	cmd := pinned(serverCore, "openssl", "speed", "-seconds", strconv.Itoa(seconds), "rsa2048")
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("openssl speed: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 7 || fields[0] != "rsa" || fields[1] != "2048" {
			continue
		}
		sign, signErr := strconv.ParseFloat(fields[5], 64)
		verify, verifyErr := strconv.ParseFloat(fields[6], 64)
		if signErr == nil && verifyErr == nil && sign > 0 && verify > 0 {
			return 1 / (1/sign + 1/verify), nil
		}
	}
	return 0, fmt.Errorf("openssl speed: no rsa 2048 line in its output")
}

// haveProgram reports whether the program is on the PATH.
func haveProgram(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}
