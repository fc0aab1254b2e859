package keystest

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/walletport/walletport/keys"
)

// This file writes keys in the forms in which people bring them.

// PEM wraps DER.
func PEM(blockType string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})
}

// Year returns the first moment of a year.
func Year(n int) time.Time { return time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC) }

// Certificate returns the DER of a self-signed certificate, without a key usage.
func Certificate(t testing.TB, k *rsa.PrivateKey, from, until time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{NotBefore: from, NotAfter: until, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	must(t, err)
	return der
}

// PKCS8 returns the DER of a private key (RFC 5958).
func PKCS8(t testing.TB, private crypto.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	return der
}

// SPKI returns the DER of a public key's SubjectPublicKeyInfo.
func SPKI(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	must(t, err)
	return der
}

// OpenPGPPublic returns the transferable public key, binary.
func OpenPGPPublic(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, e.Serialize(&b))
	return b.Bytes()
}

// OpenPGPPrivate returns the transferable secret key, binary.
func OpenPGPPrivate(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, e.SerializePrivateWithoutSigning(&b, nil))
	return b.Bytes()
}

// Armored returns the ASCII armor of packets.
func Armored(t testing.TB, blockType string, packets []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, blockType, nil)
	must(t, err)
	_, err = w.Write(packets)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

// Sample is a key in a form that every custodian imports.
type Sample struct {
	Spec   keys.Spec
	Data   []byte
	Secret []byte // what must never be shown; nil of public keys
}

// Samples returns a key of each purpose, in the order of keys.Purposes. Secrets of our own
// are fresh, Visa's are those of VTSSecret and WSDSecret, RSA keys those of this package.
func Samples(t testing.TB) []Sample {
	t.Helper()
	all := make([]Sample, 0, len(keys.Purposes()))
	for _, p := range keys.Purposes() {
		all = append(all, SampleOf(t, p))
	}
	return all
}

// These are other secrets than VTSSecret: no custodian takes one twice.
const (
	apiSecret        = "example-api-secret-0123456789abcdefghijk"
	clickToPaySecret = "example-other-secret-0123456789abcdefghi"
	password         = "example-password-0123456789abcdefghijklm"
)

// SampleOf returns the sample of a purpose.
func SampleOf(t testing.TB, p keys.Purpose) Sample {
	t.Helper()
	s := Sample{Spec: keys.Spec{Purpose: p}}
	switch p {
	case keys.MDESEncryption:
		s.Data = Certificate(t, MDESKey(t), Year(2020), Year(2040))
	case keys.TAVSigning:
		s.Data, s.Secret = PEM("PRIVATE KEY", PKCS8(t, RSAKey(t))), RSAKey(t).D.Bytes()
	case keys.MDESCSEncryption:
		s.Data = Certificate(t, SchemeKey(t, p), Year(2020), Year(2040))
	case keys.MDESOAuth, keys.MDESCSDecryption:
		s.Data, s.Secret = PEM("PRIVATE KEY", PKCS8(t, SchemeKey(t, p))), SchemeKey(t, p).D.Bytes()
		if p == keys.MDESOAuth {
			s.Spec.Alias = ConsumerKey
		}
	case keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS:
		s.Data = append(PEM("PRIVATE KEY", PKCS8(t, SchemeKey(t, p))), PEM("CERTIFICATE", Certificate(t, SchemeKey(t, p), Year(2020), Year(2040)))...)
		s.Secret = SchemeKey(t, p).D.Bytes()
	case keys.VTSVerification, keys.VTSEncryption, keys.ClickToPayEncryption:
		s.Spec.Alias, s.Data = "kid-"+string(p), Certificate(t, SchemeKey(t, p), Year(2020), Year(2040))
	case keys.VTSSigning, keys.VTSDecryption, keys.ClickToPayDecryption:
		s.Spec.Alias = "kid-" + string(p)
		s.Data, s.Secret = PEM("PRIVATE KEY", PKCS8(t, SchemeKey(t, p))), SchemeKey(t, p).D.Bytes()
	case keys.VTSAPI:
		s.Spec.Alias, s.Data, s.Secret = VTSAPIKey, []byte(apiSecret+"\n"), []byte(apiSecret)
	case keys.ClickToPayAPI:
		s.Spec.Alias, s.Data, s.Secret = VTSAPIKey, []byte(clickToPaySecret+"\n"), []byte(clickToPaySecret)
	case keys.ClickToPayLogin:
		s.Spec.Alias, s.Data, s.Secret = ClickToPayUser, []byte(password+"\n"), []byte(password)
	case keys.OPCEncryption:
		s.Data = OpenPGPPublic(t, GoogleKey(t))
	case keys.OPCSigning:
		private, ok := OPCSigningKey(t).PrivateKey.PrivateKey.(*rsa.PrivateKey)
		if !ok {
			t.Fatal("keystest: the OpenPGP key is not RSA")
		}
		s.Data, s.Secret = OpenPGPPrivate(t, OPCSigningKey(t)), private.D.Bytes()
	case keys.AuditCheckpoint:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		s.Data, s.Secret = PEM("PRIVATE KEY", PKCS8(t, private)), private.Seed()
	case keys.VTSPush:
		s.Spec.Alias, s.Data, s.Secret = VTSKeyID, []byte(VTSSecret+"\n"), []byte(VTSSecret)
	case keys.WSD:
		raw, err := hex.DecodeString(WSDSecret)
		must(t, err)
		s.Spec.Alias, s.Data, s.Secret = WSDKeySet, []byte(WSDSecret), raw
	case keys.VaultKEK, keys.VaultIndex:
		s.Secret = secret(t)
		s.Data = []byte(hex.EncodeToString(s.Secret))
	default:
		t.Fatalf("keystest: no sample of purpose %q", p)
	}
	return s
}

// Shows reports whether text holds a secret of 8 bytes or more in a form that a print
// would give it: as it is, hex, a list of numbers, one large number, or base64 of
// something that holds it.
func Shows(text string, secret []byte) bool {
	forms := []string{
		string(secret), strings.Trim(fmt.Sprintf("%d", secret), "[]"), new(big.Int).SetBytes(secret).String(),
		hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret)),
	}
	for shift := range 3 {
		part := secret[shift : shift+(len(secret)-shift)/3*3]
		forms = append(forms, base64.StdEncoding.EncodeToString(part), base64.URLEncoding.EncodeToString(part))
	}
	text = strings.ReplaceAll(text, "\n", "")
	return slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) })
}

// pkcs12Of returns a pair with a certificate from 2020 to 2040 under a password.
func pkcs12Of(t testing.TB, k *rsa.PrivateKey, password string) []byte {
	t.Helper()
	certificate, err := x509.ParseCertificate(Certificate(t, k, Year(2020), Year(2040)))
	must(t, err)
	data, err := pkcs12.Modern.Encode(k, certificate, nil, password)
	must(t, err)
	return data
}
