package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

// The names by which the simulated Visa and the issuer of Click to Pay know each other's
// keys, and the issuer's Visa business id.
const (
	clickToPayAPIKey     = "WALLETPORTSANDBOXCLICKTOPAYKEY01"
	clickToPayIssuersKey = "SANDBOX-ISSUER-MLE"
	clickToPayVisasKey   = "SANDBOX-VISA-MLE"
	clickToPayBID        = "123456"
	clickToPayTLSName    = "SANDBOX-ISSUER-TLS"
)

// clickToPayForeign begins the numbers of cards that look like Visa's, and that the simulated
// Visa says are none.
const clickToPayForeign = "49999999"

// clickToPayRuns is how long the simulated Visa takes for a request that it has accepted:
// whoever asks at once sees it in progress, and a demonstration does not wait.
const clickToPayRuns = 50 * time.Millisecond

// clickToPaySecrets are what the simulated Visa and an issuer who calls its Click to Pay
// hold: the secret that requests are signed with, and both halves of the pairs of message
// level encryption, so that an outsider can play either side.
type clickToPaySecrets struct {
	BaseURL      string `json:"baseURL"`
	APIKey       string `json:"apiKey"`
	SharedSecret string `json:"sharedSecret"` // exactly this text is the key of the HMAC
	BID          string `json:"bid"`          // externalConsumerIDOwnerBID

	// CertificateName is the common name of the client certificate that lets the issuer in
	// without a signature, where the sandbox asks for one.
	CertificateName string `json:"certificateName"`

	// To Visa.
	EncryptionKeyID       string `json:"encryptionKeyId"`
	EncryptionPrivateKey  string `json:"encryptionPrivateKey"`
	EncryptionCertificate string `json:"encryptionCertificate"`

	// From Visa.
	DecryptionKeyID      string `json:"decryptionKeyId"`
	DecryptionPrivateKey string `json:"decryptionPrivateKey"`
	DecryptionPublicKey  string `json:"decryptionPublicKey"`
}

// clickToPayKeys are the secret and the two pairs.
type clickToPayKeys struct {
	sharedSecret  string // of requests
	issuer, visas *schemeKey
}

// openClickToPayKeys reads the keys in dir, or makes them: a folder of an older release has
// none.
func openClickToPayKeys(dir string, clock func() time.Time) (k clickToPayKeys, err error) {
	if k.sharedSecret, err = openSharedSecret(filepath.Join(dir, "clicktopay-api-secret.txt")); err != nil {
		return k, err
	}
	const usage = x509.KeyUsageKeyEncipherment
	if k.issuer, err = openPair(filepath.Join(dir, "clicktopay-issuer-key.pem"), "walletport sandbox: encryption of the simulated Click to Pay to the issuer", usage, clock); err != nil {
		return k, err
	}
	k.visas, err = openPair(filepath.Join(dir, "clicktopay-key.pem"), "walletport sandbox: encryption to the simulated Click to Pay", usage, clock)
	return k, err
}

func (k clickToPayKeys) secrets(baseURL string) (s clickToPaySecrets, err error) {
	s = clickToPaySecrets{
		BaseURL: baseURL, APIKey: clickToPayAPIKey, SharedSecret: k.sharedSecret, BID: clickToPayBID, CertificateName: clickToPayTLSName,
		EncryptionKeyID: clickToPayVisasKey, EncryptionPrivateKey: string(k.visas.privatePEM), EncryptionCertificate: string(k.visas.certificatePEM),
		DecryptionKeyID: clickToPayIssuersKey, DecryptionPrivateKey: string(k.issuer.privatePEM),
	}
	s.DecryptionPublicKey, err = publicPEM(k.issuer)
	return s, err
}

// share puts what calls Click to Pay into the issuer's key store, where it is not there yet.
func (k clickToPayKeys) share(ctx context.Context, custody keys.Custodian) error {
	spec := func(purpose keys.Purpose, alias string) keys.Spec {
		return keys.Spec{Purpose: purpose, Alias: alias, Activate: true, Sandbox: true}
	}
	return errors.Join(
		importOnce(ctx, custody, spec(keys.ClickToPayAPI, clickToPayAPIKey), []byte(k.sharedSecret)),
		importOnce(ctx, custody, spec(keys.ClickToPayEncryption, clickToPayVisasKey), k.visas.certificatePEM),
		importOnce(ctx, custody, spec(keys.ClickToPayDecryption, clickToPayIssuersKey), k.issuer.privatePEM))
}

// openClickToPay opens what the simulated Visa keeps of consumers.
func openClickToPay(dir string, clock func() time.Time) (*register.Register, error) {
	return register.Open(register.Config{
		Dir: filepath.Join(dir, "clicktopay"), Rand: rand.Reader, Now: clock,
		Delay: func(register.Call) time.Duration { return clickToPayRuns },
	})
}

// mountClickToPay makes the API, which has a listener of its own as at another host, and adds to
// the front door what others do to its consumers, and what it says of the requests that it met.
// asksForCertificates: its listener verifies those of clients.
func (o *otherSide) mountClickToPay(mux *http.ServeMux, issuer keys.Source, asksForCertificates bool) (err error) {
	own := o.keys.clickToPay
	clients := func() []clicktopaysim.Client {
		client := own.client(issuer.Current(), o.clock())
		if asksForCertificates {
			client.Certificate = clickToPayTLSName
		}
		return []clicktopaysim.Client{client}
	}
	o.clickToPayAPI, err = clicktopaysim.New(clicktopaysim.Config{
		Register: o.clickToPay,
		Clients:  clients,
		Keys: func() []clicktopaysim.Decrypter {
			return []clicktopaysim.Decrypter{{KeyID: clickToPayVisasKey, Key: own.visas.private}}
		},
		IsForeign: func(n sim.CardNumber) bool { return strings.HasPrefix(n.Clear(), clickToPayForeign) },
		Faults:    o.faults, Rand: rand.Reader, Now: o.clock,
	})
	if err != nil {
		return err
	}
	mux.Handle("/clicktopay/reports", o.clickToPayAPI.Reports())
	mux.Handle("/clicktopay/consumers", clicktopaysim.Acts(o.clickToPay))
	mux.Handle("/clicktopay/consumers/{bid}/{id}", clicktopaysim.Acts(o.clickToPay))
	return nil
}

// client is the issuer: Visa encrypts to its newest pair that is active, and without one to
// that of the folder.
func (k clickToPayKeys) client(ring *keys.Ring, now time.Time) clicktopaysim.Client {
	to := clicktopaysim.PublicKey{KeyID: clickToPayIssuersKey, Key: &k.issuer.private.PublicKey}
	if key, err := ring.Select(keys.ClickToPayDecryption, Issuer, "", now); err == nil {
		public, _ := key.Public.(*rsa.PublicKey) // the purpose has no other
		to = clicktopaysim.PublicKey{KeyID: key.Alias, Key: public}
	}
	return clicktopaysim.Client{APIKey: clickToPayAPIKey, Secret: []byte(k.sharedSecret), BIDs: []string{clickToPayBID}, Recipient: to}
}
