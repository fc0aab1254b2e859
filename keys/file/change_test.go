package file_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/keys/keystest"
)

func TestGenerate(t *testing.T) {
	s, _ := newStore(t)
	for _, c := range []struct {
		name      string
		spec      file.Spec
		id        keys.ID // "" when refused
		algorithm string
		reason    string
	}{
		{"a signing key", file.Spec{Purpose: keys.TAVSigning}, "tav-signing-v1", "RSA-2048", ""},
		{"versions count up", file.Spec{Purpose: keys.TAVSigning, Algorithm: "RSA-3072"}, "tav-signing-v2", "RSA-3072", ""},
		{"and within the issuer", file.Spec{Purpose: keys.TAVSigning, Issuer: "acme"}, "acme-tav-signing-v1", "RSA-2048", ""},
		{"a KEK", file.Spec{Purpose: keys.VaultKEK, Algorithm: "AES-256"}, "vault-kek-v1", "AES-256", ""},
		{"an index key", file.Spec{Purpose: keys.VaultIndex}, "vault-index-v1", "HMAC-SHA-256", ""},
		{"a checkpoint key", file.Spec{Purpose: keys.AuditCheckpoint}, "audit-checkpoint-v1", "Ed25519", ""},
		{"a shared secret for Visa's push payloads", file.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID}, "vts-push-v1", "AES-256", ""},
		{"a WSD key", file.Spec{Purpose: keys.WSD, Issuer: "acme", Alias: "401200.1"}, "acme-wsd-v1", "2TDEA", ""},
		{"a shared secret without its key id is refused", file.Spec{Purpose: keys.VTSPush}, "", "", "key_alias"},
		{"a shared secret with a long key id is refused", file.Spec{Purpose: keys.VTSPush, Alias: strings.Repeat("k", 65)}, "", "", "key_alias"},
		{"a shared secret with a key id that JSON would escape is refused", file.Spec{Purpose: keys.VTSPush, Alias: `k"1`}, "", "", "key_alias"},
		{"a WSD key without its key set is refused", file.Spec{Purpose: keys.WSD}, "", "", "key_alias"},
		{"a key set of seven digits is refused", file.Spec{Purpose: keys.WSD, Alias: "4012000.1"}, "", "", "key_alias"},
		{"a key set without an index is refused", file.Spec{Purpose: keys.WSD, Alias: "401200"}, "", "", "key_alias"},
		{"a key set with more behind it is refused", file.Spec{Purpose: keys.WSD, Alias: "401200.1-"}, "", "", "key_alias"},
		{"a WSD key of three halves is refused", file.Spec{Purpose: keys.WSD, Alias: "401200.1", Algorithm: "3TDEA"}, "", "", "key_unfit"},
		{"an OpenPGP signing key", file.Spec{Purpose: keys.OPCSigning}, "opc-signing-v1", "RSA-3072", ""},
		{"a shorter one", file.Spec{Purpose: keys.OPCSigning, Algorithm: "RSA-2048", Issuer: "acme", ValidUntil: now.AddDate(2, 0, 0)}, "acme-opc-signing-v1", "RSA-2048", ""},
		{"a short OpenPGP key is refused", file.Spec{Purpose: keys.OPCSigning, Algorithm: "RSA-1024"}, "", "", "key_unfit"},
		{"an OpenPGP key for longer than Google takes it is refused", file.Spec{Purpose: keys.OPCSigning, ValidUntil: now.AddDate(2, 0, 1)}, "", "", "key_unfit"},
		{"an OpenPGP key that has ended is refused", file.Spec{Purpose: keys.OPCSigning, ValidUntil: now}, "", "", "key_expired"},
		{"Google's key is refused", file.Spec{Purpose: keys.OPCEncryption}, "", "", "key_unfit"},
		{"a short RSA key is refused", file.Spec{Purpose: keys.TAVSigning, Algorithm: "RSA-1024"}, "", "", "key_unfit"},
		{"another algorithm is refused", file.Spec{Purpose: keys.VaultKEK, Algorithm: "AES-128"}, "", "", "key_unfit"},
		{"Mastercard's key is refused", file.Spec{Purpose: keys.MDESEncryption}, "", "", "key_unfit"},
		{"an unknown purpose is refused", file.Spec{Purpose: "tap-to-pay"}, "", "", "key_purpose"},
		{"a malformed issuer is refused", file.Spec{Purpose: keys.VaultKEK, Issuer: "a/b"}, "", "", "issuer_malformed"},
		{"a malformed BIN range is refused", file.Spec{Purpose: keys.VaultKEK, BINs: []keys.BINRange{{Low: "5"}}}, "", "", "bin_range"},
		{"an alias with a space is refused", file.Spec{Purpose: keys.VaultKEK, Alias: "a b"}, "", "", "key_alias"},
		{"an alias that is a card number is refused", file.Spec{Purpose: keys.VaultKEK, Alias: "5204-2477--5000-1471"}, "", "", "key_alias"},
		{"a long scheme fingerprint is refused", file.Spec{Purpose: keys.VaultKEK, SchemeFingerprint: strings.Repeat("a", 65)}, "", "", "key_alias"},
		{"a key that has ended is refused", file.Spec{Purpose: keys.VaultKEK, ValidUntil: now.Add(-time.Hour)}, "", "", "key_expired"},
		{"an end before the begin is refused", file.Spec{Purpose: keys.VaultKEK, ValidFrom: now.Add(2 * time.Hour), ValidUntil: now.Add(time.Hour)}, "", "", "key_expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(s.Current().All())
			m, err := s.Generate(c.spec)
			wantReason(t, err, c.reason)
			if c.reason != "" {
				if len(s.Current().All()) != before {
					t.Errorf("a refused key was added")
				}
				return
			}
			if m.ID != c.id || m.Algorithm != c.algorithm || m.State != keys.Pending || !m.ValidFrom.Equal(now) {
				t.Errorf("Generate = %+v", m)
			}
		})
	}
}

func year(n int) time.Time { return time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC) }

func certificateDER(t testing.TB, k *rsa.PrivateKey, from, until time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{NotBefore: from, NotAfter: until, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	must(t, err)
	return der
}

func certificatePEM(t testing.TB, k *rsa.PrivateKey, from, until time.Time) []byte {
	t.Helper()
	return asPEM("CERTIFICATE", certificateDER(t, k, from, until))
}

func authorityPEM(t testing.TB, k *rsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{NotBefore: year(2020), NotAfter: year(2040), BasicConstraintsValid: true, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	must(t, err)
	return asPEM("CERTIFICATE", der)
}

func asPEM(blockType string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})
}

func pkcs8DER(t testing.TB, k any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(k)
	must(t, err)
	return der
}

func spkiDER(t testing.TB, k any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k)
	must(t, err)
	return der
}

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
	certificate := certificateDER(t, tav, year(2020), year(2040))
	parsed, err := x509.ParseCertificate(certificate)
	must(t, err)
	p12, err := pkcs12.Modern.Encode(tav, parsed, nil, "secret")
	must(t, err)
	trustStore, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{parsed}, "secret")
	must(t, err)
	inconsistent := asPEM("RSA PRIVATE KEY", mixedPKCS1(t, tav, mdes))
	secret := strings.Repeat("ab", 32)

	for _, c := range []struct {
		name     string
		purpose  keys.Purpose
		data     []byte
		password string
		reason   string
	}{
		{"PKCS #1 PEM", keys.TAVSigning, asPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(tav)), "", ""},
		{"PKCS #8 PEM", keys.TAVSigning, asPEM("PRIVATE KEY", pkcs8DER(t, tav)), "", ""},
		{"PKCS #8 DER", keys.TAVSigning, pkcs8DER(t, tav), "", ""},
		{"PKCS #1 DER", keys.TAVSigning, x509.MarshalPKCS1PrivateKey(tav), "", ""},
		{"private key with its certificate", keys.TAVSigning, append(asPEM("PRIVATE KEY", pkcs8DER(t, tav)), asPEM("CERTIFICATE", certificate)...), "", ""},
		{"private key with its chain", keys.TAVSigning, bytes.Join([][]byte{authorityPEM(t, mdes), asPEM("CERTIFICATE", certificate), asPEM("PRIVATE KEY", pkcs8DER(t, tav))}, nil), "", ""},
		{"PKCS #12", keys.TAVSigning, p12, "secret", ""},
		{"PKCS #12 with a wrong password", keys.TAVSigning, p12, "wrong", "key_encrypted"},
		{"a truncated PKCS #12", keys.TAVSigning, p12[:len(p12)/2], "secret", "key_malformed"},
		{"private key with another's certificate", keys.TAVSigning, append(asPEM("PRIVATE KEY", pkcs8DER(t, tav)), certificatePEM(t, mdes, year(2020), year(2040))...), "", "key_unfit"},
		{"private key with nobody's chain", keys.TAVSigning, bytes.Join([][]byte{asPEM("PRIVATE KEY", pkcs8DER(t, tav)), authorityPEM(t, mdes), certificatePEM(t, mdes, year(2020), year(2040))}, nil), "", "key_malformed"},
		{"two private keys", keys.TAVSigning, append(asPEM("PRIVATE KEY", pkcs8DER(t, tav)), asPEM("PRIVATE KEY", pkcs8DER(t, mdes))...), "", "key_malformed"},
		{"a public key for signing", keys.TAVSigning, asPEM("PUBLIC KEY", spkiDER(t, &tav.PublicKey)), "", "key_unfit"},
		{"an elliptic key for signing", keys.TAVSigning, asPEM("EC PRIVATE KEY", sec1), "", "key_unfit"},
		{"an Ed25519 key for signing TAVs", keys.TAVSigning, pkcs8DER(t, ed), "", "key_unfit"},
		{"a short RSA key", keys.TAVSigning, pkcs8DER(t, short), "", "key_unfit"},
		{"an inconsistent RSA key", keys.TAVSigning, inconsistent, "", "key_malformed"},
		{"an encrypted PKCS #8 key", keys.TAVSigning, asPEM("ENCRYPTED PRIVATE KEY", []byte("x")), "", "key_encrypted"},
		{"an encrypted OpenSSL key", keys.TAVSigning, []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "", "key_encrypted"},
		{"a block of another type", keys.TAVSigning, asPEM("DH PARAMETERS", []byte("x")), "", "key_malformed"},
		{"a damaged block", keys.TAVSigning, asPEM("PRIVATE KEY", []byte("x")), "", "key_malformed"},
		{"an expired certificate with its key", keys.TAVSigning, append(asPEM("PRIVATE KEY", pkcs8DER(t, tav)), certificatePEM(t, tav, year(2020), year(2021))...), "", "key_expired"},

		{"Mastercard's certificate", keys.MDESEncryption, certificatePEM(t, mdes, year(2020), year(2040)), "", ""},
		{"Mastercard's certificate in DER", keys.MDESEncryption, certificateDER(t, mdes, year(2020), year(2040)), "", ""},
		{"Mastercard's certificate with its authority", keys.MDESEncryption, append(authorityPEM(t, tav), certificatePEM(t, mdes, year(2020), year(2040))...), "", ""},
		{"Mastercard's public key", keys.MDESEncryption, asPEM("PUBLIC KEY", spkiDER(t, &mdes.PublicKey)), "", ""},
		{"Mastercard's PKCS #1 public key", keys.MDESEncryption, asPEM("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&mdes.PublicKey)), "", ""},
		{"a trust store", keys.MDESEncryption, trustStore, "secret", ""},
		{"certificate and public key that differ", keys.MDESEncryption, append(certificatePEM(t, mdes, year(2020), year(2040)), asPEM("PUBLIC KEY", spkiDER(t, &tav.PublicKey))...), "", "key_unfit"},
		{"two certificates", keys.MDESEncryption, append(certificatePEM(t, mdes, year(2020), year(2040)), certificatePEM(t, tav, year(2020), year(2040))...), "", "key_malformed"},
		{"a private key where Mastercard's belongs", keys.MDESEncryption, pkcs8DER(t, mdes), "", "key_unfit"},
		{"an elliptic public key", keys.MDESEncryption, spkiDER(t, &ec.PublicKey), "", "key_unfit"},
		{"a short public key", keys.MDESEncryption, spkiDER(t, &short.PublicKey), "", "key_unfit"},
		{"an expired certificate", keys.MDESEncryption, certificatePEM(t, mdes, year(2020), year(2021)), "", "key_expired"},
		{"garbage", keys.MDESEncryption, []byte("garbage"), "", "key_malformed"},
		{"nothing", keys.MDESEncryption, nil, "", "key_malformed"},

		{"a KEK in hex", keys.VaultKEK, []byte(secret + "\n"), "", ""},
		{"a KEK in base64", keys.VaultKEK, []byte("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="), "", ""},
		{"an index key in hex", keys.VaultIndex, []byte(secret), "", ""},
		{"raw bytes", keys.VaultKEK, []byte(secret[:32]), "", "key_malformed"},
		{"a 128-bit key", keys.VaultKEK, []byte(secret[:32]), "", "key_malformed"},
		{"an RSA key for a KEK", keys.VaultKEK, asPEM("PRIVATE KEY", pkcs8DER(t, tav)), "", "key_malformed"},

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

		{"an Ed25519 checkpoint key", keys.AuditCheckpoint, asPEM("PRIVATE KEY", pkcs8DER(t, ed)), "", ""},
		{"an RSA checkpoint key", keys.AuditCheckpoint, pkcs8DER(t, tav), "", "key_unfit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := newStore(t)
			m, err := s.Import(file.Spec{Purpose: c.purpose, Alias: "401200.1", Activate: true}, c.data, []byte(c.password))
			wantReason(t, err, c.reason)
			if c.reason != "" {
				return
			}
			if k, err := s.Current().Select(c.purpose, "", "", now); err != nil || k.ID != m.ID {
				t.Errorf("the imported key does not serve: %v", err)
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
	data := certificatePEM(t, keystest.MDESKey(t), year(2025), year(2027))
	end := year(2027).Add(time.Second)
	for _, c := range []struct {
		name                string
		from, until         time.Time
		wantFrom, wantUntil time.Time
	}{
		{"without other wishes", time.Time{}, time.Time{}, now, end},
		{"a wish cannot widen it", year(2024), year(2030), year(2025), end},
		{"a wish can narrow it", year(2025).AddDate(0, 3, 0), year(2026).AddDate(0, 11, 0), year(2025).AddDate(0, 3, 0), year(2026).AddDate(0, 11, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := newStore(t)
			m, err := s.Import(file.Spec{Purpose: keys.MDESEncryption, ValidFrom: c.from, ValidUntil: c.until}, data, nil)
			must(t, err)
			if !m.ValidFrom.Equal(c.wantFrom) || !m.ValidUntil.Equal(c.wantUntil) {
				t.Errorf("valid %v to %v, want %v to %v", m.ValidFrom, m.ValidUntil, c.wantFrom, c.wantUntil)
			}
		})
	}
}

func TestAKeyComesInOnce(t *testing.T) {
	s, _ := newStore(t)
	mdes, pair := keystest.MDESKey(t), pkcs8DER(t, keystest.RSAKey(t))
	certificate := certificateDER(t, mdes, year(2020), year(2040))
	secret := []byte(hex.EncodeToString(bytes.Repeat([]byte{3}, 32)))
	google := pgp(t, func(c *packet.Config) { c.RSAPrimes = nil })
	for _, c := range []struct {
		name   string
		spec   file.Spec
		data   []byte
		reason string
	}{
		{"a signing key", file.Spec{Purpose: keys.TAVSigning}, pair, ""},
		{"the same again", file.Spec{Purpose: keys.TAVSigning}, pair, "key_exists"},
		{"the same for an issuer", file.Spec{Purpose: keys.TAVSigning, Issuer: "acme"}, pair, "key_exists"},
		{"our own public key as Mastercard's", file.Spec{Purpose: keys.MDESEncryption}, spkiDER(t, &keystest.RSAKey(t).PublicKey), "key_exists"},
		{"Mastercard's certificate", file.Spec{Purpose: keys.MDESEncryption}, certificate, ""},
		{"the same again", file.Spec{Purpose: keys.MDESEncryption}, certificate, "key_exists"},
		{"the same for an issuer", file.Spec{Purpose: keys.MDESEncryption, Issuer: "acme"}, certificate, ""},
		{"renewed for the same key", file.Spec{Purpose: keys.MDESEncryption}, certificateDER(t, mdes, year(2021), year(2041)), ""},
		{"Google's certificate", file.Spec{Purpose: keys.OPCEncryption}, publicOf(t, google), ""},
		{"the same again", file.Spec{Purpose: keys.OPCEncryption}, armored(t, openpgp.PublicKeyType, publicOf(t, google)), "key_exists"},
		{"the same for an issuer", file.Spec{Purpose: keys.OPCEncryption, Issuer: "acme"}, publicOf(t, google), ""},
		{"renewed for the same key", file.Spec{Purpose: keys.OPCEncryption}, endSubkey(t, google, 48*time.Hour), ""},
		{"the key that signs TAVs as OpenPGP key", file.Spec{Purpose: keys.OPCSigning}, privateOf(t, pgp(t, nil)), "key_exists"},
		{"an OpenPGP signing key", file.Spec{Purpose: keys.OPCSigning}, privateOf(t, keystest.OPCSigningKey(t)), ""},
		{"the same again", file.Spec{Purpose: keys.OPCSigning, Issuer: "acme"}, privateOf(t, keystest.OPCSigningKey(t)), "key_exists"},
		{"a KEK", file.Spec{Purpose: keys.VaultKEK}, secret, ""},
		{"the KEK as index key", file.Spec{Purpose: keys.VaultIndex}, secret, "key_exists"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Import(c.spec, c.data, nil)
			wantReason(t, err, c.reason)
		})
	}
}

func TestActivateAndRetire(t *testing.T) {
	s, c := newStore(t)
	selected := func() keys.ID {
		k, err := open(t, c).Current().Select(keys.VaultKEK, "acme", "520424", now)
		if err != nil {
			return ""
		}
		return k.ID
	}
	first := mustGenerate(t, s, file.Spec{Purpose: keys.VaultKEK})
	if selected() != "" {
		t.Fatal("a pending key serves")
	}
	must(t, s.Activate(first.ID))
	wantReason(t, s.Retire(first.ID), "key_needed")
	if selected() != first.ID {
		t.Fatal("the refused retirement took the key away")
	}

	second := mustGenerate(t, s, file.Spec{Purpose: keys.VaultKEK, Activate: true})
	if selected() != second.ID {
		t.Fatal("the newest active key does not serve")
	}
	must(t, s.Retire(first.ID))
	if k, ok := s.Current().ByID(first.ID); !ok || k.State != keys.Retired || k.KEK == nil {
		t.Fatal("a retired key no longer opens")
	}
	must(t, s.Activate(first.ID))
	must(t, s.Retire(second.ID))
	if selected() != first.ID {
		t.Fatal("a retired key cannot come back")
	}
	must(t, s.RetireNeeded(first.ID))
	if selected() != "" {
		t.Fatal("the forced retirement did nothing")
	}
	for _, err := range []error{s.Activate("none"), s.Retire("none"), s.RetireNeeded("none")} {
		wantReason(t, err, "key_not_found")
	}
}

func TestRetireLooksForASubstitute(t *testing.T) {
	bins := []keys.BINRange{{Low: "520424", High: "520499"}}
	for _, c := range []struct {
		name           string
		retired, other file.Spec
		reason         string
	}{
		{"a key for all replaces an issuer's", file.Spec{Issuer: "acme"}, file.Spec{}, ""},
		{"an issuer's key does not replace one for all", file.Spec{}, file.Spec{Issuer: "acme"}, "key_needed"},
		{"another issuer's key does not replace it", file.Spec{Issuer: "acme"}, file.Spec{Issuer: "globex"}, "key_needed"},
		{"a key with BINs does not replace one without", file.Spec{}, file.Spec{BINs: bins}, "key_needed"},
		{"a key without BINs replaces one with", file.Spec{BINs: bins}, file.Spec{}, ""},
		{"a key of the same BINs", file.Spec{BINs: bins}, file.Spec{BINs: bins}, ""},
		{"a key that is not valid yet", file.Spec{}, file.Spec{ValidFrom: now.Add(time.Hour)}, "key_needed"},
		{"a key that serves nobody yet needs no substitute", file.Spec{ValidFrom: now.Add(time.Hour)}, file.Spec{ValidFrom: now.Add(time.Hour)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := newStore(t)
			c.retired.Purpose, c.other.Purpose = keys.VaultKEK, keys.VaultKEK
			c.retired.Activate, c.other.Activate = true, true
			id := mustGenerate(t, s, c.retired).ID
			mustGenerate(t, s, c.other)
			wantReason(t, s.Retire(id), c.reason)
		})
	}
}

func TestActivateRefusesAKeyThatHasEnded(t *testing.T) {
	c := newConfig(t)
	clock := now
	c.Clock = func() time.Time { return clock }
	s, err := file.Create(c)
	must(t, err)
	id := mustGenerate(t, s, file.Spec{Purpose: keys.VaultKEK, ValidUntil: now.Add(time.Hour)}).ID
	clock = now.Add(time.Hour)
	wantReason(t, s.Activate(id), "key_expired")
}

func TestExportPublicGivesNoPrivateKey(t *testing.T) {
	s, _ := newStore(t)
	fill(t, s)
	for id, blockType := range map[keys.ID]string{
		"tav-signing-v1": "PUBLIC KEY", "audit-checkpoint-v1": "PUBLIC KEY", "mdes-encryption-v1": "CERTIFICATE",
	} {
		exported, err := s.ExportPublic(id)
		must(t, err)
		block, rest := pem.Decode(exported)
		if block == nil || block.Type != blockType || len(rest) != 0 {
			t.Fatalf("%s exports %q", id, exported)
		}
		k, _ := s.Current().ByID(id)
		want := spkiDER(t, k.Public)
		if blockType == "CERTIFICATE" {
			want = k.Certificate.Raw
		}
		if !bytes.Equal(block.Bytes, want) {
			t.Errorf("%s exports other bytes", id)
		}
	}
	_, err := s.ExportPublic("vault-kek-v1")
	wantReason(t, err, "key_unfit")
	_, err = s.ExportPublic("none")
	if walletport.CodeOf(err) != walletport.CodeNotFound {
		t.Errorf("code %q", walletport.CodeOf(err))
	}
}

func FuzzParseMaterial(f *testing.F) {
	tav := keystest.RSAKey(f)
	f.Add(string(keys.TAVSigning), asPEM("PRIVATE KEY", pkcs8DER(f, tav)), []byte(nil))
	f.Add(string(keys.MDESEncryption), certificatePEM(f, tav, year(2020), year(2040)), []byte(nil))
	f.Add(string(keys.VaultKEK), []byte(strings.Repeat("ab", 32)), []byte(nil))
	f.Add(string(keys.MDESEncryption), []byte{0x30, 0x80}, []byte("secret"))
	f.Add(string(keys.VTSPush), []byte(keystest.VTSSecret+"\n"), []byte(nil))
	f.Add(string(keys.WSD), []byte(keystest.WSDSecret), []byte(nil))
	f.Add(string(keys.OPCEncryption), publicOf(f, keystest.GoogleKey(f)), []byte(nil))
	f.Add(string(keys.OPCEncryption), armored(f, openpgp.PublicKeyType, publicOf(f, keystest.GoogleKey(f))), []byte(nil))
	f.Add(string(keys.OPCSigning), privateOf(f, keystest.OPCSigningKey(f)), []byte(nil))
	f.Fuzz(func(t *testing.T, purpose string, data, password []byte) {
		err := file.ParseAndFit(keys.Purpose(purpose), data, password, now)
		if err != nil && walletport.CodeOf(err) != walletport.CodeInvalid {
			t.Errorf("code %q", walletport.CodeOf(err))
		}
	})
}
