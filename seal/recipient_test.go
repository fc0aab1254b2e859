package seal_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"testing"

	"github.com/walletport/walletport/seal"
)

// engine is an OAEP that is not Go's.
type engine struct {
	key   *rsa.PublicKey
	fault error
	used  []crypto.Hash
}

func (e *engine) EncryptOAEP(hash crypto.Hash, message []byte) ([]byte, error) {
	e.used = append(e.used, hash)
	if e.fault != nil {
		return nil, e.fault
	}
	return rsa.EncryptOAEP(hash.New(), rand.Reader, e.key, message, nil)
}

// sealings are what encrypts a content key by OAEP, each with the hash that it asks for.
var sealings = map[string]struct {
	hash crypto.Hash
	seal func(to seal.Recipient) error
}{
	"an envelope with SHA-256": {crypto.SHA256, func(to seal.Recipient) error {
		_, err := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.CBC, KeyBits: 128}.Seal(rand.Reader, to, []byte("plain"), nil)
		return err
	}},
	"an envelope with SHA-512": {crypto.SHA512, func(to seal.Recipient) error {
		_, err := seal.Suite{KeyWrap: seal.OAEPSHA512, Mode: seal.CBC, KeyBits: 256}.Seal(rand.Reader, to, []byte("plain"), nil)
		return err
	}},
	"a JWE": {crypto.SHA256, func(to seal.Recipient) error {
		_, err := seal.SealOAEPJWE(rand.Reader, oaepHeader, to, []byte("plain"))
		return err
	}},
	"a signed JWE": {crypto.SHA256, func(to seal.Recipient) error {
		_, err := seal.SealSignedJWE(rand.Reader, signedHeader, to, signedJWEPairs().writer, []byte("plain"))
		return err
	}},
}

func TestTheRecipientsOAEPDoesTheWork(t *testing.T) {
	for name, c := range sealings {
		t.Run(name, func(t *testing.T) {
			e := &engine{key: &recipient().PublicKey}
			to := seal.Recipient{Public: e.key, OAEP: e}
			if err := c.seal(to); err != nil || len(e.used) != 1 || e.used[0] != c.hash {
				t.Errorf("it was asked for %v, error %v", e.used, err)
			}
			e.fault = errors.New("out of order")
			if err := c.seal(to); !errors.Is(err, e.fault) || !errors.Is(err, seal.ErrNotEncrypted) {
				t.Errorf("its failure is %v", err)
			}
		})
	}
}
