//go:build ignore

// Command material makes what the installation of make.sh gets from others: keys and
// certificates of Mastercard, of Google, of Apple's chain, of an identity provider and
// of a TLS client. All of it is made up, and valid from 2020 to the end of 2099.
//
//	go run material.go make DIR            writes the files
//	go run material.go token KEY CLAIMS    prints a JWT of the JSON object CLAIMS, now
package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func main() {
	log.SetFlags(0)
	switch {
	case len(os.Args) == 3 && os.Args[1] == "make":
		makeAll(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "token":
		os.Stdout.WriteString(token(os.Args[2], os.Args[3]))
	default:
		log.Fatal("usage: material make DIR | material token KEY CLAIMS")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// signed is a certificate with its key.
type signed struct {
	*x509.Certificate
	key crypto.Signer
}

func issue(template x509.Certificate, key crypto.Signer, parent signed) signed {
	template.SerialNumber = must(rand.Int(rand.Reader, big.NewInt(1<<62)))
	template.BasicConstraintsValid = true
	template.NotBefore = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	template.NotAfter = time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)
	if parent.key == nil {
		parent = signed{&template, key}
	}
	der := must(x509.CreateCertificate(rand.Reader, &template, parent.Certificate, key.Public(), parent.key))
	return signed{must(x509.ParseCertificate(der)), key}
}

func ec() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func write(dir, name, text string) {
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		log.Fatal(err)
	}
}

func writePair(dir, name string, s signed) {
	write(dir, name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Raw})))
	write(dir, name+"-key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(s.key))})))
}

func named(name string, t x509.Certificate) x509.Certificate {
	t.Subject = pkix.Name{CommonName: name + " of a test"}
	return t
}

func makeAll(dir string) {
	mdes := must(rsa.GenerateKey(rand.Reader, 2048))
	writePair(dir, "mdes", issue(named("MDES", x509.Certificate{KeyUsage: x509.KeyUsageKeyEncipherment}), mdes, signed{}))
	loopback := x509.Certificate{
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	writePair(dir, "tls", issue(named("server", loopback), ec(), signed{}))
	writePair(dir, "client", issue(named("client", loopback), ec(), signed{}))
	makeApple(dir)
	makeIdentityProvider(dir)
	makeGoogle(dir)
}

// makeApple makes a chain with Apple's extensions: of the leaf, critical, and of the
// authority above it.
func makeApple(dir string) {
	usage := x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	extension := func(last []int, critical bool) []pkix.Extension {
		return []pkix.Extension{{Id: append(asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6}, last...), Critical: critical, Value: []byte{5, 0}}}
	}
	root := issue(named("Root", x509.Certificate{IsCA: true, KeyUsage: usage}), ec(), signed{})
	sub := issue(named("Sub-CA", x509.Certificate{IsCA: true, KeyUsage: usage, ExtraExtensions: extension([]int{2, 15}, false)}), ec(), root)
	leaf := issue(named("ecc-crypto-services-encipherment", x509.Certificate{
		KeyUsage:        x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement,
		ExtraExtensions: extension([]int{39}, true),
	}), ec(), sub)
	writePair(dir, "apple-root", root)
	writePair(dir, "apple-sub", sub)
	writePair(dir, "apple-leaf", leaf)
	for _, name := range []string{"apple-root-key.pem", "apple-sub-key.pem"} { // nobody signs more
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			log.Fatal(err)
		}
	}
}

func makeIdentityProvider(dir string) {
	key := ec()
	point := must(key.PublicKey.Bytes())
	url := base64.RawURLEncoding.EncodeToString
	write(dir, "id.jwks", string(must(json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "id-1", "x": url(point[1:33]), "y": url(point[33:]),
	}}}))))
	write(dir, "id-key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})))
}

// token signs claims with ES256; iat, auth_time and exp are those of now.
func token(keyFile, claims string) string {
	block, _ := pem.Decode(must(os.ReadFile(keyFile)))
	key := must(x509.ParsePKCS8PrivateKey(block.Bytes)).(*ecdsa.PrivateKey)
	var given map[string]any
	if err := json.Unmarshal([]byte(claims), &given); err != nil {
		log.Fatal(err)
	}
	now := time.Now()
	all := map[string]any{"iat": now.Unix(), "auth_time": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(all, given)
	url := base64.RawURLEncoding.EncodeToString
	text := url([]byte(`{"alg":"ES256","kid":"id-1","typ":"JWT"}`)) + "." + url(must(json.Marshal(all)))
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		log.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + url(signature)
}

func makeGoogle(dir string) {
	born := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	e := must(openpgp.NewEntity("Google", "", "opc@wallet.example", &packet.Config{
		Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, Time: func() time.Time { return born },
	}))
	armored := func(kind string, serialize func(*bytes.Buffer) error) string {
		var raw, out bytes.Buffer
		if err := serialize(&raw); err != nil {
			log.Fatal(err)
		}
		w := must(armor.Encode(&out, kind, nil))
		must(w.Write(raw.Bytes()))
		if err := w.Close(); err != nil {
			log.Fatal(err)
		}
		return out.String()
	}
	write(dir, "opc-key.asc", armored(openpgp.PrivateKeyType, func(b *bytes.Buffer) error { return e.SerializePrivate(b, nil) }))
	write(dir, "opc.asc", armored(openpgp.PublicKeyType, func(b *bytes.Buffer) error { return e.Serialize(b) }))
}
