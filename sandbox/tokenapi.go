package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sim/vtssim/tokenapi"
)

// tokenAPIPath is where the simulated Visa has its token API, below the front door; what a
// request signs of its path, "vtis/v1/…", comes after it.
const tokenAPIPath = "/vts/api"

// The names by which the simulated Visa and the issuer know each other's keys.
const (
	tokenAPIKey         = "WALLETPORTSANDBOXTOKENAPIKEY0001"
	issuerSigningKeyID  = "SANDBOX-ISSUER-SIGNING"
	issuerReadingKeyID  = "SANDBOX-ISSUER-READING"
	visaSigningKeyID    = "SANDBOX-VISA-SIGNING"
	visaReadingKeyID    = "SANDBOX-VISA-READING"
	tokenAPISecretBytes = 30 // 40 characters, as Visa's
)

// tokenAPISecrets are what the simulated Visa and an issuer who calls it hold: the secret
// that requests are signed with, and of each direction of encryptedData both halves of the
// pairs, so that an outsider can play either side.
type tokenAPISecrets struct {
	BaseURL      string `json:"baseURL"`
	APIKey       string `json:"apiKey"`
	SharedSecret string `json:"sharedSecret"` // exactly this text is the key of the HMAC

	// To Visa: the issuer signs, and encrypts to Visa.
	SigningKeyID          string `json:"signingKeyId"`
	SigningPrivateKey     string `json:"signingPrivateKey"`
	SigningPublicKey      string `json:"signingPublicKey"`
	EncryptionKeyID       string `json:"encryptionKeyId"`
	EncryptionPrivateKey  string `json:"encryptionPrivateKey"`
	EncryptionCertificate string `json:"encryptionCertificate"`

	// From Visa: Visa signs, and encrypts to the issuer.
	VerificationKeyID       string `json:"verificationKeyId"`
	VerificationPrivateKey  string `json:"verificationPrivateKey"`
	VerificationCertificate string `json:"verificationCertificate"`
	DecryptionKeyID         string `json:"decryptionKeyId"`
	DecryptionPrivateKey    string `json:"decryptionPrivateKey"`
	DecryptionPublicKey     string `json:"decryptionPublicKey"`
}

// tokenAPIKeys are the secret and the four pairs.
type tokenAPIKeys struct {
	sharedSecret                 string // of requests
	issuerSigning, issuerReading *schemeKey
	visaSigning, visaReading     *schemeKey
}

// openTokenAPIKeys reads the keys in dir, or makes them: a folder of an older release has
// none.
func openTokenAPIKeys(dir string, clock func() time.Time) (k tokenAPIKeys, err error) {
	if k.sharedSecret, err = openSharedSecret(filepath.Join(dir, "vts-api-secret.txt")); err != nil {
		return k, err
	}
	for _, pair := range []struct {
		place      **schemeKey
		file, name string
		usage      x509.KeyUsage
	}{
		{&k.issuerSigning, "vts-issuer-signing-key.pem", "issuer's signatures for the simulated VTS", x509.KeyUsageDigitalSignature},
		{&k.issuerReading, "vts-issuer-reading-key.pem", "encryption of the simulated VTS to the issuer", x509.KeyUsageKeyEncipherment},
		{&k.visaSigning, "vts-signing-key.pem", "signatures of the simulated VTS", x509.KeyUsageDigitalSignature},
		{&k.visaReading, "vts-reading-key.pem", "encryption to the simulated VTS", x509.KeyUsageKeyEncipherment},
	} {
		if *pair.place, err = openPair(filepath.Join(dir, pair.file), "walletport sandbox: "+pair.name, pair.usage, clock); err != nil {
			return k, err
		}
	}
	return k, nil
}

// openSharedSecret reads the secret at path, or makes and writes it.
func openSharedSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, tokenAPISecretBytes)
		if _, err := io.ReadFull(rand.Reader, random); err != nil {
			return "", fmt.Errorf("secret of the simulated Visa: %w", err)
		}
		secret := base64.RawURLEncoding.EncodeToString(random)
		return secret, writeFileAtomically(path, []byte(secret+"\n"))
	}
	if err != nil {
		return "", fmt.Errorf("secret of the simulated Visa: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (k tokenAPIKeys) secrets(sandboxURL string) (s tokenAPISecrets, err error) {
	s = tokenAPISecrets{
		BaseURL: sandboxURL + tokenAPIPath, APIKey: tokenAPIKey, SharedSecret: k.sharedSecret,
		SigningKeyID: issuerSigningKeyID, SigningPrivateKey: string(k.issuerSigning.privatePEM),
		EncryptionKeyID: visaReadingKeyID, EncryptionPrivateKey: string(k.visaReading.privatePEM), EncryptionCertificate: string(k.visaReading.certificatePEM),
		VerificationKeyID: visaSigningKeyID, VerificationPrivateKey: string(k.visaSigning.privatePEM), VerificationCertificate: string(k.visaSigning.certificatePEM),
		DecryptionKeyID: issuerReadingKeyID, DecryptionPrivateKey: string(k.issuerReading.privatePEM),
	}
	if s.SigningPublicKey, err = publicPEM(k.issuerSigning); err != nil {
		return s, err
	}
	s.DecryptionPublicKey, err = publicPEM(k.issuerReading)
	return s, err
}

func publicPEM(pair *schemeKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(&pair.private.PublicKey)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}

// share puts what calls the API into the issuer's key store, where it is not there yet.
func (k tokenAPIKeys) share(ctx context.Context, custody keys.Custodian) error {
	var errs []error
	for _, each := range []struct {
		purpose keys.Purpose
		alias   string
		data    []byte
	}{
		{keys.VTSAPI, tokenAPIKey, []byte(k.sharedSecret)},
		{keys.VTSSigning, issuerSigningKeyID, k.issuerSigning.privatePEM},
		{keys.VTSEncryption, visaReadingKeyID, k.visaReading.certificatePEM},
		{keys.VTSVerification, visaSigningKeyID, k.visaSigning.certificatePEM},
		{keys.VTSDecryption, issuerReadingKeyID, k.issuerReading.privatePEM},
	} {
		spec := keys.Spec{Purpose: each.purpose, Alias: each.alias, Activate: true, Sandbox: true}
		errs = append(errs, importOnce(ctx, custody, spec, each.data))
	}
	return errors.Join(errs...)
}

// mountVTS adds the token API, and what others do to its tokens.
func (o *otherSide) mountVTS(mux *http.ServeMux, issuer keys.Source) error {
	own := o.keys.tokenAPI
	service, err := tokenapi.New(tokenapi.Config{
		Vault:  o.vts.Vault(),
		Faults: o.faults,
		Keys: func() tokenapi.Keys {
			return tokenapi.Keys{
				Decrypters:  []tokenapi.Decrypter{{KeyID: visaReadingKeyID, Key: own.visaReading.private}},
				SignerKeyID: visaSigningKeyID, Signer: own.visaSigning.private,
			}
		},
		Clients: func() []tokenapi.Client { return own.clients(issuer.Current(), o.clock()) },
		Rand:    rand.Reader, Now: o.clock, Seed: spellingSeed,
	})
	if err != nil {
		return err
	}
	mux.Handle(tokenAPIPath+"/", service.Handler())
	mux.Handle("/vts/tokens/{ref}", tokenapi.Acts(o.vts.Vault()))
	return nil
}

// clients are the issuer with the pairs that it has now: Visa verifies by each signing key
// that was published, and encrypts to the newest key that is active.
func (k tokenAPIKeys) clients(ring *keys.Ring, now time.Time) (known []tokenapi.Client) {
	var reader tokenapi.PublicKey
	if key, err := ring.Select(keys.VTSDecryption, Issuer, "", now); err == nil {
		reader = publishedKey(key)
	}
	for _, key := range publishedKeys(ring, keys.VTSSigning) {
		known = append(known, tokenapi.Client{APIKey: tokenAPIKey, Secret: []byte(k.sharedSecret), Signer: publishedKey(key), Recipient: reader})
	}
	return known
}

func publishedKey(key *keys.Key) tokenapi.PublicKey {
	public, _ := key.Public.(*rsa.PublicKey) // the purposes have no other
	return tokenapi.PublicKey{KeyID: key.Alias, Key: public}
}
