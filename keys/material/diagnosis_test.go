package material_test

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

// certificateFor makes a certificate of those key usages.
func certificateFor(t testing.TB, k *rsa.PrivateKey, usage x509.KeyUsage) []byte {
	t.Helper()
	template := &x509.Certificate{NotBefore: keystest.Year(2020), NotAfter: keystest.Year(2040), BasicConstraintsValid: true, KeyUsage: usage}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	must(t, err)
	return keystest.PEM("CERTIFICATE", der)
}

func requestDER(t testing.TB, k crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, k)
	must(t, err)
	return der
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "cases", name))
	must(t, err)
	return data
}

// diagnosis is one file that somebody brought, and the right word for it.
type diagnosis struct {
	name     string
	purpose  keys.Purpose
	data     []byte
	password string
	reason   string // "" is taken
	word     string
}

func TestEachFileIsTakenOrNamedAsWhatItIs(t *testing.T) {
	mdes, tav := keystest.MDESKey(t), keystest.RSAKey(t)
	certificate := certificatePEM(t, mdes, keystest.Year(2020), keystest.Year(2040))
	der := keystest.Certificate(t, mdes, keystest.Year(2020), keystest.Year(2040))
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	pair, err := pkcs12.Modern.Encode(mdes, parsed, nil, "changeit")
	must(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	sec1, err := x509.MarshalECPrivateKey(ec)
	must(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	private := keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, tav))
	google := keystest.Armored(t, openpgp.PublicKeyType, keystest.OpenPGPPublic(t, keystest.GoogleKey(t)))

	runDiagnoses(t, []diagnosis{
		{"PEM with a byte order mark", keys.MDESEncryption, sample(t, "mdes-02_bom.pem"), "", "", ""},
		{"PEM in UTF-16", keys.MDESEncryption, sample(t, "mdes-03_utf16.pem"), "", "", ""},
		{"PEM with line ends of Windows", keys.MDESEncryption, bytes.ReplaceAll(certificate, []byte("\n"), []byte("\r\n")), "", "", ""},
		{"PEM with line ends of old Macs", keys.MDESEncryption, bytes.ReplaceAll(certificate, []byte("\n"), []byte("\r")), "", "", ""},
		{"a PKCS#7 bundle", keys.MDESEncryption, sample(t, "mdes-14_pkcs7.p7b"), "", "", ""},
		{"a certificate that signs only", keys.MDESEncryption, sample(t, "mdes-22_ku_signonly.pem"), "", "key_unfit", "key usage does not allow encryption"},
		{"PKCS#12 with a certificate and no key", keys.MDESEncryption, sample(t, "mdes-30_p12_certonly.p12"), "changeit", "", ""},
		{"the same without its password", keys.MDESEncryption, sample(t, "mdes-30_p12_certonly.p12"), "", "key_encrypted", "--password-from"},
		{"the same with another password", keys.MDESEncryption, sample(t, "mdes-30_p12_certonly.p12"), "other", "key_encrypted", "does not open"},
		{"the same where a private key belongs", keys.TAVSigning, sample(t, "mdes-30_p12_certonly.p12"), "changeit", "key_unfit", "certificate and no private key"},
		{"PKCS#12 of a pair where a certificate belongs", keys.MDESEncryption, pair, "changeit", "key_unfit", "the file holds a private key"},
		{"PKCS#12 of a pair without its password", keys.TAVSigning, pair, "", "key_encrypted", "--password-from"},
		{"DER where PEM is usual", keys.MDESEncryption, der, "", "", ""},
		{"base64 of DER without the lines of PEM", keys.MDESEncryption, []byte(base64.StdEncoding.EncodeToString(der)), "", "", ""},
		{"PEM whose line breaks are written out", keys.MDESEncryption, bytes.ReplaceAll(certificate, []byte("\n"), []byte(`\n`)), "", "key_malformed", `written as \n`},
		{"PEM whose line breaks are lost", keys.MDESEncryption, bytes.ReplaceAll(certificate, []byte("\n"), []byte(" ")), "", "key_malformed", "line breaks are lost"},
		{"PEM without its last line", keys.MDESEncryption, certificate[:len(certificate)-30], "", "key_malformed", "PEM that is damaged"},
		{"PEM of something that is no certificate", keys.MDESEncryption, keystest.PEM("CERTIFICATE", []byte("x")), "", "key_malformed", "damaged: CERTIFICATE"},
		{"a certificate request", keys.MDESEncryption, keystest.PEM("CERTIFICATE REQUEST", requestDER(t, mdes)), "", "key_malformed", "certificate request"},
		{"a certificate request in DER", keys.MDESEncryption, requestDER(t, mdes), "", "key_malformed", "certificate request"},
		{"a private key where a certificate belongs", keys.MDESEncryption, private, "", "key_unfit", "the file holds a private key"},
		{"a certificate where a private key belongs", keys.TAVSigning, certificate, "", "key_unfit", "RSA certificate and no private key"},
		{"a public key where a private key belongs", keys.TAVSigning, keystest.PEM("PUBLIC KEY", keystest.SPKI(t, &tav.PublicKey)), "", "key_unfit", "RSA public key and no private key"},
		{"an elliptic key with its parameters", keys.TAVSigning, append(keystest.PEM("EC PARAMETERS", []byte{6, 8}), keystest.PEM("EC PRIVATE KEY", sec1)...), "", "key_unfit", "elliptic curve (P-256) private key"},
		{"an Ed25519 key where RSA belongs", keys.TAVSigning, keystest.PKCS8(t, ed), "", "key_unfit", "Ed25519 private key"},
		{"an RSA key for checkpoints", keys.AuditCheckpoint, private, "", "key_unfit", "RSA private key"},
		{"a short RSA key", keys.TAVSigning, keystest.PKCS8(t, short), "", "key_unfit", "this one has 1024"},
		{"an expired certificate", keys.MDESEncryption, certificatePEM(t, mdes, keystest.Year(2020), keystest.Year(2021)), "", "key_expired", "at 2021-01-01"},
		{"a certificate that is not for signatures", keys.TAVSigning, append(certificateFor(t, tav, x509.KeyUsageKeyEncipherment), private...), "", "key_unfit", "does not allow signatures"},
		{"a certificate that encrypts keys", keys.MDESEncryption, certificateFor(t, mdes, x509.KeyUsageKeyEncipherment), "", "", ""},
		{"a certificate that encrypts data", keys.MDESEncryption, certificateFor(t, mdes, x509.KeyUsageDataEncipherment|x509.KeyUsageDigitalSignature), "", "", ""},
		{"a chain, leaf first", keys.MDESEncryption, append(bytes.Clone(certificate), authorityPEM(t, tav)...), "", "", ""},
		{"a chain, leaf last", keys.MDESEncryption, append(authorityPEM(t, tav), certificate...), "", "", ""},
		{"two private keys", keys.TAVSigning, append(bytes.Clone(private), private...), "", "key_malformed", "more than one private key"},
		{"two certificates of nobody above", keys.MDESEncryption, append(bytes.Clone(certificate), certificatePEM(t, tav, keystest.Year(2020), keystest.Year(2040))...), "", "key_malformed", "which of the 2 certificates"},
		{"an encrypted private key", keys.TAVSigning, keystest.PEM("ENCRYPTED PRIVATE KEY", []byte("x")), "", "key_encrypted", "openssl pkey"},
		{"an OpenSSH private key", keys.TAVSigning, keystest.PEM("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")), "", "key_malformed", "ssh-keygen -p -m PKCS8"},
		{"an OpenSSH public key", keys.MDESEncryption, []byte("ssh-rsa AAAAB3NzaC1yc2E me@host\n"), "", "key_malformed", "ssh-keygen -e -m PKCS8"},
		{"a Java key store", keys.TAVSigning, []byte("\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00\x00\x01"), "", "key_malformed", "keytool -importkeystore"},
		{"a Java key store of the other kind", keys.TAVSigning, []byte("\xce\xce\xce\xce\x00\x00\x00\x02\x00\x00\x00\x01"), "", "key_malformed", "JCEKS"},
		{"a compressed file", keys.MDESEncryption, gzipped(t, certificate), "", "key_malformed", "gzip"},
		{"a web page", keys.MDESEncryption, []byte("<!DOCTYPE html><title>Login</title>"), "", "key_malformed", "HTML"},
		{"a JWK", keys.MDESEncryption, []byte(`{"kty":"RSA"}`), "", "key_malformed", "JWK"},
		{"an OpenPGP key where X.509 belongs", keys.MDESEncryption, google, "", "key_malformed", "an OpenPGP key"},
		{"an empty file", keys.MDESEncryption, []byte(" \n"), "", "key_malformed", "is empty"},

		{"an OpenPGP key in UTF-16", keys.OPCEncryption, utf16LE(google), "", "", ""},
		{"an X.509 certificate where OpenPGP belongs", keys.OPCEncryption, certificate, "", "key_malformed", "PEM of a certificate or key"},
		{"an armored private key where Google's belongs", keys.OPCEncryption, keystest.Armored(t, openpgp.PrivateKeyType, keystest.OpenPGPPrivate(t, keystest.OPCSigningKey(t))), "", "key_unfit", "gpg --export writes the public half"},
		{"a signature where a key belongs", keys.OPCEncryption, keystest.Armored(t, openpgp.SignatureType, keystest.OpenPGPPublic(t, keystest.GoogleKey(t))), "", "key_malformed", "message or signature"},
		{"a key that signs only", keys.OPCEncryption, keystest.OpenPGPPublic(t, withoutSubkey(pgp(t, nil))), "", "key_unfit", "no subkey"},
		{"a keybox of GnuPG", keys.OPCEncryption, []byte("\x00\x00\x00\x20\x01\x01\x00\x02KBXf\x00\x00\x00\x00"), "", "key_malformed", "gpg --export KEY"},
		{"a revoked key", keys.OPCEncryption, revoke(t, pgp(t, nil)), "", "key_unfit", "revoked"},
	})
}

// Secrets, of which no error may show a part.
func TestEachSecretIsTakenOrNamedAsWhatItIs(t *testing.T) {
	const wsd = keystest.WSDSecret
	raw, err := hex.DecodeString(wsd)
	must(t, err)
	kek := strings.Repeat("0123456789abcdef", 4)
	rawKEK, err := hex.DecodeString(kek)
	must(t, err)
	const push = keystest.VTSSecret
	runDiagnoses(t, []diagnosis{
		{"a shared secret with a blank behind it", keys.VTSPush, sample(t, "vts-push-04_trailing_space"), "", "key_malformed", "blanks or line breaks"},
		{"a shared secret in quotation marks", keys.VTSPush, sample(t, "vts-push-06_quotes"), "", "key_malformed", "quotation marks"},
		{"a shared secret of a file of variables", keys.VTSPush, sample(t, "vts-push-10_dotenv"), "", "key_malformed", "a name (NAME=)"},
		{"an exported one", keys.VTSPush, []byte("export SECRET='" + push + "'"), "", "key_malformed", "a name (NAME=)"},
		{"one of YAML", keys.VTSPush, []byte("secret: " + push), "", "key_malformed", "a name (NAME=)"},
		{"one of JSON's lines", keys.VTSPush, []byte(push + ","), "", "key_malformed", "a comma"},
		{"one with a tab before it", keys.VTSPush, []byte("\t" + push), "", "key_malformed", "blanks or line breaks"},
		{"one with two line ends", keys.VTSPush, []byte(push + "\n\n"), "", "key_malformed", "blanks or line breaks"},
		{"one in UTF-16", keys.VTSPush, utf16LE([]byte(push)), "", "key_malformed", "UTF-16"},
		{"one with a byte order mark", keys.VTSPush, []byte("\ufeff" + push), "", "key_malformed", "byte order mark"},
		{"one that ends as base64 does", keys.VTSPush, []byte("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3OA=="), "", "", ""},
		{"one with a line end of Windows", keys.VTSPush, []byte(push + "\r\n"), "", "", ""},
		{"a short shared secret", keys.ClickToPayAPI, []byte("Kx7!pq"), "", "key_malformed", "the shared secret is one line of 16 to 256"},
		{"a short password", keys.ClickToPayLogin, []byte("Kx7!pq\n"), "", "", ""},
		{"no password", keys.ClickToPayLogin, []byte("\n"), "", "key_malformed", "the password is one line of 1 to 256"},
		{"a password in quotation marks", keys.ClickToPayLogin, []byte("'Kx7!pq'"), "", "key_malformed", "the password has quotation marks"},

		{"a WSD key in hex with blanks", keys.WSD, []byte("01234567 89ABCDEF FEDCBA98 76543210\n"), "", "", ""},
		{"with colons and 0x", keys.WSD, []byte("0x01:23:45:67:89:AB:CD:EF:FE:DC:BA:98:76:54:32:10"), "", "", ""},
		{"with a byte order mark", keys.WSD, []byte("\ufeff" + wsd), "", "", ""},
		{"in UTF-16", keys.WSD, utf16LE([]byte(wsd + "\r\n")), "", "", ""},
		{"in base64 of URLs without padding", keys.WSD, []byte(base64.RawURLEncoding.EncodeToString(raw)), "", "", ""},
		{"raw", keys.WSD, raw, "", "key_malformed", "raw bytes"},
		{"half of it", keys.WSD, []byte(wsd[:16]), "", "key_malformed", "single DES"},
		{"three keys whose third is the first", keys.WSD, []byte(wsd + wsd[:16]), "", "key_malformed", "last 16 repeat the first"},
		{"three keys", keys.WSD, []byte(wsd + "1111111111111111"), "", "key_malformed", "three-key TDEA"},
		{"a digit too few", keys.WSD, []byte(wsd[:30]), "", "key_malformed", "has 30 hex digits"},
		{"equal halves", keys.WSD, []byte(wsd[:16] + wsd[:16]), "", "key_unfit", "single DES"},
		{"a mistyped digit", keys.WSD, []byte("0123456789ABCDEFFEDCBA9876543211"), "", "key_unfit", "parity"},
		{"no parity at all", keys.WSD, []byte("00224466AA99FF55EECCBB9900553311"), "", "", ""},
		{"base64 of hex", keys.WSD, []byte(base64.StdEncoding.EncodeToString([]byte(wsd))), "", "key_malformed", "base64 of 32 hex digits"},
		{"hex of base64", keys.WSD, []byte(hex.EncodeToString([]byte(base64.StdEncoding.EncodeToString(raw)))), "", "key_malformed", "hex of base64"},
		{"in quotation marks", keys.WSD, []byte(`"` + wsd + `"`), "", "key_malformed", "quotation marks"},
		{"with a name", keys.WSD, []byte("WSD_KEY=" + wsd), "", "key_malformed", "a name (NAME=)"},
		{"a KEK in base64", keys.VaultKEK, []byte(base64.StdEncoding.EncodeToString(rawKEK)), "", "", ""},
		{"a KEK of 16 bytes", keys.VaultKEK, []byte(kek[:32]), "", "key_malformed", "has 32 hex digits"},
		{"a KEK of 16 bytes in base64", keys.VaultKEK, []byte(base64.StdEncoding.EncodeToString(raw)), "", "key_malformed", "has 16 bytes in base64"},
		{"PEM for a KEK", keys.VaultKEK, keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, keystest.RSAKey(t))), "", "key_malformed", "PEM of a certificate or key"},
	})
}

func runDiagnoses(t *testing.T, all []diagnosis) {
	t.Helper()
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			alias := map[keys.Purpose]string{
				keys.VTSPush: keystest.VTSKeyID, keys.WSD: keystest.WSDKeySet, keys.ClickToPayAPI: keystest.VTSAPIKey, keys.ClickToPayLogin: keystest.ClickToPayUser,
			}[c.purpose]
			k, err := read(keys.Spec{Purpose: c.purpose, Alias: alias, Activate: true}, c.data, c.password)
			wantReason(t, err, c.reason)
			if c.reason == "" {
				if !k.ServesAt(k.ValidFrom) {
					t.Error("the imported key does not serve")
				}
				return
			}
			text := err.Error()
			if !strings.Contains(text, c.word) {
				t.Errorf("the error does not say %q: %s", c.word, text)
			}
			for _, secret := range []string{keystest.VTSSecret[8:20], keystest.WSDSecret[8:24], "J2rof", "59416", "MII"} {
				if strings.Contains(text, secret) {
					t.Errorf("the error shows a part of the file: %s", text)
				}
			}
		})
	}
}

func utf16LE(text []byte) []byte {
	wide := []byte{0xff, 0xfe}
	for _, b := range text {
		wide = append(wide, b, 0)
	}
	return wide
}

// What looks wrong may be right: Visa's secret may begin as a name does.
func TestAnOperatorMayInsist(t *testing.T) {
	for _, c := range []struct {
		name    string
		purpose keys.Purpose
		data    []byte
	}{
		{"on a shared secret that looks like a variable", keys.VTSPush, sample(t, "vts-push-10_dotenv")},
		{"on a WSD key of odd parity but for one byte", keys.WSD, []byte("0123456789ABCDEFFEDCBA9876543211")},
		{"on a certificate that signs only", keys.MDESEncryption, sample(t, "mdes-22_ku_signonly.pem")},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(keys.Spec{Purpose: c.purpose, Alias: "401200.1", AsIs: true}, c.data, "")
			must(t, err)
		})
	}
}
