package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sim/mdessim/customerservice"
)

// customerServicePath is where the simulated MDES has its Customer Service API, below the
// front door; the version of the API comes after it.
const customerServicePath = "/mdes/csapi"

// customerServiceSecrets are what the simulated MDES shares with an issuer who calls it:
// the pair that requests are signed with, and the one that fields are encrypted to.
type customerServiceSecrets struct {
	BaseURL               string `json:"baseURL"`
	ConsumerKey           string `json:"consumerKey"`
	SigningPrivateKey     string `json:"signingPrivateKey"`
	EncryptionPrivateKey  string `json:"encryptionPrivateKey"`
	EncryptionCertificate string `json:"encryptionCertificate"`
}

// customerServiceKeys are the two pairs.
type customerServiceKeys struct{ signing, encryption *schemeKey }

// openCustomerServiceKeys reads the pairs in dir, or makes them.
func openCustomerServiceKeys(dir string, clock func() time.Time) (k customerServiceKeys, err error) {
	if k.signing, err = openPair(filepath.Join(dir, "mdes-oauth-key.pem"), "walletport sandbox: requests to the simulated MDES", x509.KeyUsageDigitalSignature, clock); err != nil {
		return k, err
	}
	k.encryption, err = openPair(filepath.Join(dir, "mdes-cs-key.pem"), "walletport sandbox: simulated MDES Customer Service encryption", x509.KeyUsageKeyEncipherment, clock)
	return k, err
}

func (k customerServiceKeys) secrets(sandboxURL string) customerServiceSecrets {
	return customerServiceSecrets{
		BaseURL:               sandboxURL + customerServicePath,
		ConsumerKey:           consumerKeyOf(k.signing),
		SigningPrivateKey:     string(k.signing.privatePEM),
		EncryptionPrivateKey:  string(k.encryption.privatePEM),
		EncryptionCertificate: string(k.encryption.certificatePEM),
	}
}

// consumerKeyOf names a pair as Mastercard's developer portal would: 48 characters, "!",
// and 48 more. The first part is shown in lists, so that no run of digits is in it.
func consumerKeyOf(pair *schemeKey) string {
	sum := sha512.Sum512(x509.MarshalPKCS1PublicKey(&pair.private.PublicKey))
	text := hex.EncodeToString(sum[:])
	letters := strings.Map(func(c rune) rune {
		if c <= '9' {
			return 'g' + c - '0'
		}
		return c
	}, text[:29])
	return "walletport-sandbox-" + letters + "!" + text[len(text)-48:]
}

// share puts what calls the API into the issuer's key store, where it is not there yet.
func (k customerServiceKeys) share(ctx context.Context, custody keys.Custodian) error {
	signing := keys.Spec{Purpose: keys.MDESOAuth, Alias: consumerKeyOf(k.signing), Activate: true, Sandbox: true}
	encryption := keys.Spec{Purpose: keys.MDESCSEncryption, Activate: true, Sandbox: true}
	return errors.Join(importOnce(ctx, custody, signing, k.signing.privatePEM), importOnce(ctx, custody, encryption, k.encryption.certificatePEM))
}

// spellingSeed has answers spelled in every way that the API's documentation has.
const spellingSeed = 1

// mountMDES adds the API, and what others do to its tokens. Issuers sign with the keys that
// they have at the moment of each call.
func (o *otherSide) mountMDES(mux *http.ServeMux, issuer keys.Source) error {
	service, err := customerservice.New(customerservice.Config{
		Vault:  o.mdes.Vault(),
		Faults: o.faults,
		Keys: func() []customerservice.Key {
			own := o.keys.customerService.encryption
			return []customerservice.Key{{Decrypter: own.private, Certificate: own.certificate}}
		},
		Clients: func() (known []customerservice.Client) {
			for _, k := range publishedKeys(issuer.Current(), keys.MDESOAuth) {
				known = append(known, customerservice.Client{ConsumerKey: k.Alias, Public: k.Public})
			}
			return known
		},
		Rand: rand.Reader, Now: o.clock, Seed: spellingSeed,
	})
	if err != nil {
		return err
	}
	mux.Handle(customerServicePath+"/", service.Handler())
	mux.Handle("/mdes/tokens/{ref}", customerservice.Acts(o.mdes.Vault()))
	return nil
}
