// Package keystest gives tests keys, and proves that a custodian keeps the
// contract of package keys.
package keystest

import (
	"cmp"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// Ring returns a catalogue in memory with a fresh key for each of metas, or, when
// there are none, one active key of every purpose for every issuer. See Key.
func Ring(t testing.TB, metas ...keys.Meta) *keys.Ring {
	t.Helper()
	if len(metas) == 0 {
		for _, p := range keys.Purposes() {
			metas = append(metas, keys.Meta{Purpose: p})
		}
	}
	all := make([]*keys.Key, 0, len(metas))
	for _, m := range metas {
		all = append(all, Key(t, m))
	}
	return keys.NewRing(all)
}

// Visa's secrets of this package are those of the vectors V1, A1 to A3 and X1 to X3 in
// reference visa.md section 9, so that what they make compares with the vectors.
const (
	// VTSSecret is the shared secret's text behind every vts-push, vts-api and clicktopay-api key.
	VTSSecret = "example-shared-secret-0123456789abcdefgh"
	// VTSKeyID is the alias (kid) of a vts-push key that has no other.
	VTSKeyID = "TESTKEYID00000000000000000000000000000000000000001"
	// VTSAPIKey is the alias of a vts-api or clicktopay-api key that has no other.
	VTSAPIKey = "TESTAPIKEY0000000000000000000000000000000000000001"
	// ClickToPayUser is the alias of a clicktopay-login that has no other.
	ClickToPayUser = "TESTUSER00000000000000000000000000000000000000001"
	// WSDSecret is the hex of the key behind every wsd key.
	WSDSecret = "0123456789ABCDEFFEDCBA9876543210"
	// WSDKeySet is the alias of a wsd key that has no other.
	WSDKeySet = "401200.1"
)

// ConsumerKey is the alias of an mdes-oauth key that has no other, in the form of
// Mastercard's developer portal.
const ConsumerKey = "TESTCONSUMER-abcdefghijklmnopqrstuvwxyz_01234567!4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c0000000000000000"

// Key returns a key with fresh material for m.Purpose. What m leaves empty is
// filled in: version 1, active, valid from 2020 without an end, marked as sandbox
// no more than m says. RSA material is not fresh: it is RSAKey, MDESKey, SchemeKey, GoogleKey
// or OPCSigningKey. Nor are Visa's keys, which are those of VTSSecret and WSDSecret under
// their names.
func Key(t testing.TB, m keys.Meta) *keys.Key {
	t.Helper()
	if m.Version == 0 {
		m.Version = 1
	}
	if m.ID == "" {
		m.ID = keys.NewID(m.Purpose, m.Issuer, m.Version)
	}
	if m.State == "" {
		m.State = keys.Active
	}
	if m.ValidFrom.IsZero() {
		m.ValidFrom = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	k := &keys.Key{Meta: m}
	switch m.Purpose {
	case keys.MDESCSEncryption:
		setPublic(t, k, &SchemeKey(t, m.Purpose).PublicKey)
	case keys.MDESOAuth:
		setSigner(t, k, SchemeKey(t, m.Purpose))
		k.Alias = cmp.Or(k.Alias, ConsumerKey)
	case keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS:
		setSigner(t, k, SchemeKey(t, m.Purpose))
		var err error
		k.Certificate, err = x509.ParseCertificate(Certificate(t, SchemeKey(t, m.Purpose), Year(2020), Year(2040)))
		must(t, err)
	case keys.MDESCSDecryption:
		setDecrypter(t, k)
	case keys.VTSVerification, keys.VTSEncryption, keys.ClickToPayEncryption:
		setPublic(t, k, &SchemeKey(t, m.Purpose).PublicKey)
		k.Alias = cmp.Or(k.Alias, "kid-"+string(m.Purpose))
	case keys.VTSSigning:
		setSigner(t, k, SchemeKey(t, m.Purpose))
		k.Alias = cmp.Or(k.Alias, "kid-"+string(m.Purpose))
	case keys.VTSDecryption, keys.ClickToPayDecryption:
		setDecrypter(t, k)
		k.Alias = cmp.Or(k.Alias, "kid-"+string(m.Purpose))
	case keys.ClickToPayLogin:
		k.Alias = cmp.Or(k.Alias, ClickToPayUser)
		k.Login = walletport.NewPrivate(k.Alias + ":" + password)
		setCheckValue(t, k, []byte(password))
		k.Algorithm = "password"
	case keys.VTSAPI, keys.ClickToPayAPI:
		var err error
		k.MAC, err = keys.NewSharedSecretMAC([]byte(VTSSecret))
		must(t, err)
		setCheckValue(t, k, []byte(VTSSecret))
		k.Alias = cmp.Or(k.Alias, VTSAPIKey)
		k.Algorithm = "HMAC-SHA-256"
	case keys.MDESEncryption:
		setPublic(t, k, &MDESKey(t).PublicKey)
	case keys.TAVSigning:
		setSigner(t, k, RSAKey(t))
	case keys.AuditCheckpoint:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		setSigner(t, k, private)
	case keys.OPCEncryption:
		setGoogle(t, k)
	case keys.OPCSigning:
		setOPCSigning(t, k)
	case keys.VTSPush:
		var err error
		k.KEK, err = keys.NewSharedSecretKEK([]byte(VTSSecret))
		must(t, err)
		setCheckValue(t, k, []byte(VTSSecret))
		k.Alias = cmp.Or(k.Alias, VTSKeyID)
		k.Algorithm = "AES-256"
	case keys.WSD:
		secret, err := hex.DecodeString(WSDSecret)
		must(t, err)
		k.TDEA, err = keys.NewTDEA(secret)
		must(t, err)
		setCheckValue(t, k, secret)
		k.Alias = cmp.Or(k.Alias, WSDKeySet)
		k.Algorithm = "2TDEA"
	case keys.VaultKEK:
		random := secret(t)
		var err error
		k.KEK, err = keys.NewKEK(random)
		must(t, err)
		setCheckValue(t, k, random)
		k.Algorithm = "AES-256"
	case keys.VaultIndex:
		random := secret(t)
		var err error
		k.MAC, err = keys.NewMAC(random)
		must(t, err)
		setCheckValue(t, k, random)
		k.Algorithm = "HMAC-SHA-256"
	default:
		t.Fatalf("keystest: no material for purpose %q", m.Purpose)
	}
	return k
}

func setCheckValue(t testing.TB, k *keys.Key, secret []byte) {
	t.Helper()
	var err error
	k.CheckValue, err = keys.CheckValueOf(k.Purpose, secret)
	must(t, err)
}

func setSigner(t testing.TB, k *keys.Key, private crypto.Signer) {
	t.Helper()
	signer, err := keys.NewSigner(private)
	must(t, err)
	k.Signer = signer
	setPublic(t, k, signer.Public())
}

func setDecrypter(t testing.TB, k *keys.Key) {
	t.Helper()
	var err error
	k.Decrypter, err = keys.NewDecrypter(SchemeKey(t, k.Purpose))
	must(t, err)
	setPublic(t, k, k.Decrypter.Public())
}

func setPublic(t testing.TB, k *keys.Key, public crypto.PublicKey) {
	t.Helper()
	fingerprint, err := keys.FingerprintOf(public)
	must(t, err)
	k.Public, k.Algorithm, k.Fingerprint = public, keys.AlgorithmOf(public), fingerprint
}

func secret(t testing.TB) []byte {
	t.Helper()
	s := make([]byte, keys.SecretBytes)
	_, err := rand.Read(s)
	must(t, err)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// RSA keys take long to make, so a test process has one of each purpose.
var (
	rsaOnce  = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	mdesOnce = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
)

// schemeOnce has a key for each purpose of the RSA pairs of the schemes' APIs: no custodian
// takes a pair twice.
var schemeOnce = func() map[keys.Purpose]func() (*rsa.PrivateKey, error) {
	once := map[keys.Purpose]func() (*rsa.PrivateKey, error){}
	for _, p := range []keys.Purpose{keys.MDESOAuth, keys.MDESCSEncryption, keys.MDESCSDecryption, keys.VTSSigning, keys.VTSVerification, keys.VTSEncryption, keys.VTSDecryption, keys.ClickToPayEncryption, keys.ClickToPayDecryption, keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS} {
		once[p] = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	}
	return once
}()

// SchemeKey returns the private key behind every key of this process with that purpose, an
// RSA pair of a scheme's API. Of a scheme's it opens and signs as the scheme does.
func SchemeKey(t testing.TB, p keys.Purpose) *rsa.PrivateKey {
	t.Helper()
	once, ok := schemeOnce[p]
	if !ok {
		t.Fatalf("keystest: no RSA pair of purpose %q", p)
	}
	k, err := once()
	must(t, err)
	return k
}

// RSAKey returns the private key behind every tav-signing key of this process.
func RSAKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsaOnce()
	must(t, err)
	return k
}

// MDESKey returns the private key whose public half is every mdes-encryption key
// of this process: it opens what was sealed.
func MDESKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := mdesOnce()
	must(t, err)
	return k
}

// Source is a keys.Source whose catalogue a test replaces.
type Source struct{ ring atomic.Pointer[keys.Ring] }

// NewSource returns a source that gives ring.
func NewSource(ring *keys.Ring) *Source {
	s := &Source{}
	s.Replace(ring)
	return s
}

// Current implements keys.Source.
func (s *Source) Current() *keys.Ring { return s.ring.Load() }

// Replace makes ring current.
func (s *Source) Replace(ring *keys.Ring) { s.ring.Store(ring) }
