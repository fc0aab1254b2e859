package material

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
)

// lookalike is a kind of file that people bring for a key, and what they should do.
type lookalike struct {
	is   func(data []byte) bool
	what string
}

func begins(with string) func([]byte) bool {
	return func(data []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(data, " \t\n"), []byte(with)) }
}

func holds(text string) func([]byte) bool {
	return func(data []byte) bool { return bytes.Contains(data, []byte(text)) }
}

// Sentences that stand in two places.
const (
	isRequest       = "a certificate request (CSR): import the certificate that the authority issued for it"
	isOpenSSH       = "an OpenSSH private key: ssh-keygen -p -m PKCS8 -f COPY turns a copy of it into PEM"
	isOpenPGP       = "an OpenPGP key, which only the opc purposes take"
	isOpenPGPSecret = "an OpenPGP private key, which only opc-signing takes"
)

// lookalikes are asked in order: what says most of a file comes first.
var lookalikes = []lookalike{
	{func(d []byte) bool { return len(bytes.TrimSpace(d)) == 0 }, "empty"},
	{holds("-----BEGIN PGP PUBLIC KEY BLOCK"), isOpenPGP},
	{holds("-----BEGIN PGP PRIVATE KEY BLOCK"), isOpenPGPSecret},
	{holds("-----BEGIN PGP "), "an OpenPGP message or signature, not a key"},
	{holds("-----BEGIN OPENSSH PRIVATE KEY"), isOpenSSH},
	{begins("ssh-"), "an OpenSSH public key: ssh-keygen -e -m PKCS8 -f FILE writes it as PEM"},
	{begins("ecdsa-sha2-"), "an OpenSSH public key of an elliptic curve: RSA is needed"},
	{holds("---- BEGIN SSH2 PUBLIC KEY"), "an SSH2 public key: ssh-keygen -i -f FILE and then ssh-keygen -e -m PKCS8 write it as PEM"},
	{begins("PuTTY-User-Key-File"), "a PuTTY key: PuTTYgen exports it as an OpenSSH key, which ssh-keygen -p -m PKCS8 turns into PEM"},
	{begins("age-encryption.org/"), "an age file, perhaps a key store: it is opened by its own command"},
	{begins("-----BEGIN AGE ENCRYPTED FILE"), "an age file: decrypt it on the way in (age -d FILE, into the import's standard input)"},
	{begins("\xfe\xed\xfe\xed"), "a Java key store (JKS): keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12 makes PKCS#12 of it"},
	{begins("\xce\xce\xce\xce"), "a Java key store (JCEKS): keytool -importkeystore -srcstoretype JCEKS -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12 makes PKCS#12 of it"},
	{begins("\x1f\x8b"), "compressed (gzip): unpack it first"},
	{begins("PK\x03\x04"), "an archive (zip): unpack it first"},
	{begins("<"), "HTML or XML, perhaps the page of a portal that wanted a login"},
	{begins("{"), "JSON; of a JWK ask for PEM"},
	{func(d []byte) bool { block, _ := pem.Decode(d); return block != nil }, "PEM of a certificate or key, which this purpose does not take"},
	{func(d []byte) bool { return holds("-----BEGIN ")(d) && holds(`\n`)(d) }, "PEM whose line breaks are written as \\n, as in JSON or a variable: turn them into line breaks (printf '%b')"},
	{func(d []byte) bool {
		return holds("-----BEGIN ")(d) && bytes.Count(bytes.TrimSpace(d), []byte("\n")) < 2
	}, "PEM whose line breaks are lost: the lines with BEGIN and END stand alone"},
	{holds("-----BEGIN "), "PEM that is damaged: a line is missing, or holds something else than base64"},
	{func(d []byte) bool { _, err := x509.ParseCertificateRequest(d); return err == nil }, isRequest},
	{func(d []byte) bool { return len(d) > 12 && string(d[8:12]) == "KBXf" }, "a keybox of GnuPG: gpg --export KEY writes the key"},
}

// whatIs names a file that was not read as a key, as the end of a sentence; ok is
// false when nothing is known of it. It shows nothing of what the file holds.
func whatIs(data []byte) (what string, ok bool) {
	for _, l := range lookalikes {
		if l.is(data) {
			return l.what, true
		}
	}
	return "", false
}

// errUnread is the error for a file that no reading fits.
func errUnread(data []byte, otherwise string) error {
	if what, ok := whatIs(data); ok {
		return errMalformed("the file is " + what)
	}
	return errMalformed(otherwise)
}

// otherBlocks are PEM blocks that hold no key.
var otherBlocks = map[string]string{
	"CERTIFICATE REQUEST":     "the file is " + isRequest,
	"NEW CERTIFICATE REQUEST": "the file is " + isRequest,
	"OPENSSH PRIVATE KEY":     "the file is " + isOpenSSH,
	"X509 CRL":                "the file is a list of revoked certificates (CRL), not a key",
	"DH PARAMETERS":           "the file holds parameters, not a key",
	"DSA PRIVATE KEY":         "the file holds a DSA key: RSA is needed",
}

// bareBase64 decodes DER that somebody sent as base64 without the lines of PEM.
func bareBase64(data []byte) ([]byte, bool) {
	compact := bytes.Join(bytes.Fields(data), nil)
	const sequence = 'M' // base64 of DER's first byte, 0x30, begins so
	if len(compact) < 64 || compact[0] != sequence {
		return nil, false
	}
	der, err := base64.StdEncoding.AppendDecode(nil, compact)
	return der, err == nil
}
