package mdessim_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim"
)

// keyRing holds keys made anew for each run: no private key is kept in testdata.
type keyRing struct {
	mdes, otherMDES *rsa.PrivateKey
	tav, otherTAV   *rsa.PrivateKey
	certificate     *x509.Certificate // of mdes
	sha1Cert        string
}

var testKeys = sync.OnceValue(func() keyRing {
	k := keyRing{mdes: newRSA(), otherMDES: newRSA(), tav: newRSA(), otherTAV: newRSA()}
	k.certificate, k.sha1Cert = newCertificate(k.mdes)
	return k
})

func newRSA() *rsa.PrivateKey {
	return must(rsa.GenerateKey(rand.Reader, 2048))
}

// newCertificate returns a self-signed certificate and its SHA-1. One in some
// hundreds of fingerprints reads like a PAN, and reports shorten those: such a
// certificate is made again, so that all runs see the same text.
func newCertificate(key *rsa.PrivateKey) (certificate *x509.Certificate, sha1Hex string) {
	template := &x509.Certificate{
		SerialNumber: new(big.Int),
		Subject:      pkix.Name{CommonName: "MDES simulator test"},
		NotBefore:    testNow.AddDate(-1, 0, 0),
		NotAfter:     testNow.AddDate(9, 0, 0),
	}
	for sha1Hex == "" || sim.HidesNumber(sha1Hex) {
		template.SerialNumber.Add(template.SerialNumber, big.NewInt(1))
		der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
		certificate = must(x509.ParseCertificate(der))
		sha1Hex = hex.EncodeToString(sha1Of(der))
	}
	return certificate, sha1Hex
}

func simKeys() mdessim.Keys {
	k := testKeys()
	return mdessim.Keys{
		Encryption: []mdessim.EncryptionKey{{Decrypter: k.mdes, Certificate: k.certificate}},
		TAV:        []mdessim.TAVKey{{Public: k.tav.Public()}},
		Now:        at(testNow),
	}
}

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

// recordedKey opens one wrapped key by OAEP SHA-256, as its owner once did, and
// nothing else: it stands for a private key that is not kept here.
type recordedKey struct{ wrapped, key []byte }

func (recordedKey) Public() crypto.PublicKey { return nil } // unknown: fingerprints are configured instead

func (r recordedKey) Decrypt(_ io.Reader, wrapped []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	oaep, ok := opts.(*rsa.OAEPOptions)
	if !ok || oaep.Hash != crypto.SHA256 || oaep.MGFHash != crypto.SHA256 || len(oaep.Label) != 0 || !bytes.Equal(wrapped, r.wrapped) {
		return nil, errors.New("not what was recorded")
	}
	return bytes.Clone(r.key), nil
}

// publishedKeys returns a file of a folder with Mastercard's published test keys,
// which are not copied here.
func publishedKeys(t *testing.T, file string) []byte {
	t.Helper()
	dir := os.Getenv("MDES_VECTOR_KEYS")
	if dir == "" {
		t.Skip("set MDES_VECTOR_KEYS to a folder with test_key_pkcs8-2048.der and test_certificate-2048.pem (Mastercard/client-encryption-java) and digital-enablement-sandbox-decryption-key.key (Mastercard/mastercard-api-client-tutorial)")
	}
	content, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func mustPublishedKey(t *testing.T, file string) *rsa.PrivateKey {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(publishedKeys(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}
