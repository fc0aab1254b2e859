package material_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/keys/material"
)

func TestImport(t *testing.T) {
	tav, mdes := keystest.RSAKey(t), keystest.MDESKey(t)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	sec1, err := x509.MarshalECPrivateKey(ec)
	must(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	certificate := keystest.Certificate(t, tav, keystest.Year(2020), keystest.Year(2040))
	parsed, err := x509.ParseCertificate(certificate)
	must(t, err)
	p12, err := pkcs12.Modern.Encode(tav, parsed, nil, "secret")
	must(t, err)
	trustStore, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{parsed}, "secret")
	must(t, err)
	inconsistent := keystest.PEM("RSA PRIVATE KEY", mixedPKCS1(t, tav, mdes))
	secret := strings.Repeat("ab", 32)

	for _, c := range []struct {
		name     string
		purpose  keys.Purpose
		data     []byte
		password string
		reason   string
	}{
		{"PKCS #1 PEM", keys.TAVSigning, keystest.PEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(tav)), "", ""},
		{"PKCS #8 PEM", keys.TAVSigning, keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, tav)), "", ""},
		{"PKCS #8 DER", keys.TAVSigning, keystest.PKCS8(t, tav), "", ""},
		{"PKCS #1 DER", keys.TAVSigning, x509.MarshalPKCS1PrivateKey(tav), "", ""},
		{"private key with its certificate", keys.TAVSigning, append(keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, tav)), keystest.PEM("CERTIFICATE", certificate)...), "", ""},
		{"private key with its chain", keys.TAVSigning, bytes.Join([][]byte{authorityPEM(t, mdes), keystest.PEM("CERTIFICATE", certificate), keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, tav))}, nil), "", ""},
		{"PKCS #12", keys.TAVSigning, p12, "secret", ""},
		{"PKCS #12 with a wrong password", keys.TAVSigning, p12, "wrong", "key_encrypted"},
		{"a truncated PKCS #12", keys.TAVSigning, p12[:len(p12)/2], "secret", "key_malformed"},
		{"private key with another's certificate", keys.TAVSigning, append(keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, tav)), certificatePEM(t, mdes, keystest.Year(2020), keystest.Year(2040))...), "", "key_unfit"},
		{"private key with nobody's chain", keys.TAVSigning, bytes.Join([][]byte{keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, tav)), authorityPEM(t, mdes), certificatePEM(t, mdes, keystest.Year(2020), keystest.Year(2040))}, nil), "", "key_malformed"},
		{"two private keys", keys.TAVSigning, append(keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, tav)), keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, mdes))...), "", "key_malformed"},
		{"a public key for signing", keys.TAVSigning, keystest.PEM("PUBLIC KEY", keystest.SPKI(t, &tav.PublicKey)), "", "key_unfit"},
		{"an elliptic key for signing", keys.TAVSigning, keystest.PEM("EC PRIVATE KEY", sec1), "", "key_unfit"},
		{"an Ed25519 key for signing TAVs", keys.TAVSigning, keystest.PKCS8(t, ed), "", "key_unfit"},
		{"a short RSA key", keys.TAVSigning, keystest.PKCS8(t, short), "", "key_unfit"},
		{"an inconsistent RSA key", keys.TAVSigning, inconsistent, "", "key_malformed"},
		{"an encrypted PKCS #8 key", keys.TAVSigning, keystest.PEM("ENCRYPTED PRIVATE KEY", []byte("x")), "", "key_encrypted"},
		{"an encrypted OpenSSL key", keys.TAVSigning, []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "", "key_encrypted"},
		{"a block of another type", keys.TAVSigning, keystest.PEM("DH PARAMETERS", []byte("x")), "", "key_malformed"},
		{"a damaged block", keys.TAVSigning, keystest.PEM("PRIVATE KEY", []byte("x")), "", "key_malformed"},
		{"an expired certificate with its key", keys.TAVSigning, append(keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, tav)), certificatePEM(t, tav, keystest.Year(2020), keystest.Year(2021))...), "", "key_expired"},

		{"Mastercard's certificate", keys.MDESEncryption, certificatePEM(t, mdes, keystest.Year(2020), keystest.Year(2040)), "", ""},
		{"Mastercard's certificate in DER", keys.MDESEncryption, keystest.Certificate(t, mdes, keystest.Year(2020), keystest.Year(2040)), "", ""},
		{"Mastercard's certificate with its authority", keys.MDESEncryption, append(authorityPEM(t, tav), certificatePEM(t, mdes, keystest.Year(2020), keystest.Year(2040))...), "", ""},
		{"Mastercard's public key", keys.MDESEncryption, keystest.PEM("PUBLIC KEY", keystest.SPKI(t, &mdes.PublicKey)), "", ""},
		{"Mastercard's PKCS #1 public key", keys.MDESEncryption, keystest.PEM("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&mdes.PublicKey)), "", ""},
		{"a trust store", keys.MDESEncryption, trustStore, "secret", ""},
		{"certificate and public key that differ", keys.MDESEncryption, append(certificatePEM(t, mdes, keystest.Year(2020), keystest.Year(2040)), keystest.PEM("PUBLIC KEY", keystest.SPKI(t, &tav.PublicKey))...), "", "key_unfit"},
		{"two certificates", keys.MDESEncryption, append(certificatePEM(t, mdes, keystest.Year(2020), keystest.Year(2040)), certificatePEM(t, tav, keystest.Year(2020), keystest.Year(2040))...), "", "key_malformed"},
		{"a private key where Mastercard's belongs", keys.MDESEncryption, keystest.PKCS8(t, mdes), "", "key_unfit"},
		{"an elliptic public key", keys.MDESEncryption, keystest.SPKI(t, &ec.PublicKey), "", "key_unfit"},
		{"a short public key", keys.MDESEncryption, keystest.SPKI(t, &short.PublicKey), "", "key_unfit"},
		{"an expired certificate", keys.MDESEncryption, certificatePEM(t, mdes, keystest.Year(2020), keystest.Year(2021)), "", "key_expired"},
		{"garbage", keys.MDESEncryption, []byte("garbage"), "", "key_malformed"},
		{"nothing", keys.MDESEncryption, nil, "", "key_malformed"},

		{"a KEK in hex", keys.VaultKEK, []byte(secret + "\n"), "", ""},
		{"a KEK in base64", keys.VaultKEK, []byte("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="), "", ""},
		{"an index key in hex", keys.VaultIndex, []byte(secret), "", ""},
		{"raw bytes", keys.VaultKEK, []byte(secret[:32]), "", "key_malformed"},
		{"a 128-bit key", keys.VaultKEK, []byte(secret[:32]), "", "key_malformed"},
		{"an RSA key for a KEK", keys.VaultKEK, keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, tav)), "", "key_malformed"},

		{"a shared secret", keys.VTSPush, []byte(keystest.VTSSecret), "", ""},
		{"a shared secret with an editor's line break", keys.VTSPush, []byte(keystest.VTSSecret + "\n"), "", ""},
		{"a shared secret of 16 characters", keys.VTSPush, []byte(secret[:16]), "", ""},
		{"a shared secret of 15 characters", keys.VTSPush, []byte(secret[:15] + "\n"), "", "key_malformed"},
		{"a shared secret of 257 characters", keys.VTSPush, bytes.Repeat([]byte("s"), 257), "", "key_malformed"},
		{"a shared secret of two lines", keys.VTSPush, []byte(keystest.VTSSecret + "\n\n"), "", "key_malformed"},
		{"a shared secret with a byte order mark", keys.VTSPush, []byte("\ufeff" + keystest.VTSSecret), "", "key_malformed"},
		{"a WSD key in hex", keys.WSD, []byte(keystest.WSDSecret + "\r\n"), "", ""},
		{"a WSD key in base64", keys.WSD, []byte("ASNFZ4mrze/+3LqYdlQyEA=="), "", ""},
		{"a WSD key of one DES key twice", keys.WSD, []byte("0123456789ABCDEF0123456789ABCDEF"), "", "key_unfit"},
		{"the same with other parity bits", keys.WSD, []byte("0123456789ABCDEF0022446688AACCEE"), "", "key_unfit"},
		{"a WSD key of three halves", keys.WSD, []byte(keystest.WSDSecret + "0123456789ABCDEF"), "", "key_malformed"},

		{"an Ed25519 checkpoint key", keys.AuditCheckpoint, keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, ed)), "", ""},
		{"an RSA checkpoint key", keys.AuditCheckpoint, keystest.PKCS8(t, tav), "", "key_unfit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := read(keys.Spec{Purpose: c.purpose, Alias: "401200.1", Activate: true}, c.data, c.password)
			wantReason(t, err, c.reason)
			if c.reason == "" && !k.ServesAt(now) {
				t.Error("the imported key does not serve")
			}
		})
	}
}

// mixedPKCS1 encodes a private key whose primes are another key's.
func mixedPKCS1(t testing.TB, a, b *rsa.PrivateKey) []byte {
	t.Helper()
	mixed := *a
	mixed.Primes = b.Primes
	mixed.Precomputed = b.Precomputed
	return x509.MarshalPKCS1PrivateKey(&mixed)
}

func TestValidityComesFromTheCertificate(t *testing.T) {
	data := certificatePEM(t, keystest.MDESKey(t), keystest.Year(2025), keystest.Year(2027))
	end := keystest.Year(2027).Add(time.Second)
	for _, c := range []struct {
		name                string
		from, until         time.Time
		wantFrom, wantUntil time.Time
	}{
		{"without other wishes", time.Time{}, time.Time{}, now, end},
		{"a wish cannot widen it", keystest.Year(2024), keystest.Year(2030), keystest.Year(2025), end},
		{"a wish can narrow it", keystest.Year(2025).AddDate(0, 3, 0), keystest.Year(2026).AddDate(0, 11, 0), keystest.Year(2025).AddDate(0, 3, 0), keystest.Year(2026).AddDate(0, 11, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := read(keys.Spec{Purpose: keys.MDESEncryption, ValidFrom: c.from, ValidUntil: c.until}, data, "")
			must(t, err)
			if !m.ValidFrom.Equal(c.wantFrom) || !m.ValidUntil.Equal(c.wantUntil) {
				t.Errorf("valid %v to %v, want %v to %v", m.ValidFrom, m.ValidUntil, c.wantFrom, c.wantUntil)
			}
		})
	}
}

func authorityPEM(t testing.TB, k *rsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{NotBefore: keystest.Year(2020), NotAfter: keystest.Year(2040), BasicConstraintsValid: true, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	must(t, err)
	return keystest.PEM("CERTIFICATE", der)
}

func FuzzParseMaterial(f *testing.F) {
	tav := keystest.RSAKey(f)
	f.Add(string(keys.TAVSigning), keystest.PEM("PRIVATE KEY", keystest.PKCS8(f, tav)), []byte(nil))
	f.Add(string(keys.MDESEncryption), certificatePEM(f, tav, keystest.Year(2020), keystest.Year(2040)), []byte(nil))
	f.Add(string(keys.VaultKEK), []byte(strings.Repeat("ab", 32)), []byte(nil))
	f.Add(string(keys.MDESEncryption), []byte{0x30, 0x80}, []byte("secret"))
	f.Add(string(keys.VTSPush), []byte(keystest.VTSSecret+"\n"), []byte(nil))
	f.Add(string(keys.WSD), []byte(keystest.WSDSecret), []byte(nil))
	f.Add(string(keys.OPCEncryption), keystest.OpenPGPPublic(f, keystest.GoogleKey(f)), []byte(nil))
	f.Add(string(keys.OPCEncryption), keystest.Armored(f, openpgp.PublicKeyType, keystest.OpenPGPPublic(f, keystest.GoogleKey(f))), []byte(nil))
	f.Add(string(keys.OPCSigning), keystest.OpenPGPPrivate(f, keystest.OPCSigningKey(f)), []byte(nil))
	f.Fuzz(func(t *testing.T, purpose string, data, password []byte) {
		_, err := read(keys.Spec{Purpose: keys.Purpose(purpose), Alias: "401200.1"}, data, string(password))
		if err != nil && walletport.CodeOf(err) != walletport.CodeInvalid {
			t.Errorf("code %q", walletport.CodeOf(err))
		}
	})
}

func TestExportPublicGivesNoPrivateKey(t *testing.T) {
	der := keystest.Certificate(t, keystest.MDESKey(t), keystest.Year(2020), keystest.Year(2040))
	_, checkpoint, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	for _, c := range []struct {
		name      string
		purpose   keys.Purpose
		data      []byte
		blockType string
		want      []byte
	}{
		{"an RSA pair", keys.TAVSigning, keystest.PKCS8(t, keystest.RSAKey(t)), "PUBLIC KEY", keystest.SPKI(t, &keystest.RSAKey(t).PublicKey)},
		{"an Ed25519 pair", keys.AuditCheckpoint, keystest.PKCS8(t, checkpoint), "PUBLIC KEY", keystest.SPKI(t, checkpoint.Public())},
		{"a certificate", keys.MDESEncryption, der, "CERTIFICATE", der},
		{"a lone public key", keys.MDESEncryption, keystest.SPKI(t, &keystest.MDESKey(t).PublicKey), "PUBLIC KEY", keystest.SPKI(t, &keystest.MDESKey(t).PublicKey)},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := read(keys.Spec{Purpose: c.purpose}, c.data, "")
			must(t, err)
			exported, err := material.ExportPublic(k)
			must(t, err)
			block, rest := pem.Decode(exported)
			if block == nil || block.Type != c.blockType || len(rest) != 0 || !bytes.Equal(block.Bytes, c.want) {
				t.Errorf("it exports %q", exported)
			}
		})
	}
	_, err = material.ExportPublic(keystest.Key(t, keys.Meta{Purpose: keys.VaultKEK}))
	wantReason(t, err, "key_unfit")
}
