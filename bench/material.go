package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/sim/applesim"
)

// material is what a run works with, the other sides' keys among it. It is made
// once; every measured process, ours or a peer's, reads it as JSON on standard
// input, so that all do the same work with the same keys.
type material struct {
	MDES              keyPair  `json:"mdes"` // Mastercard's encryption key and the issuer's TAV key in one
	PushKeyID         string   `json:"pushKeyId"`
	PushSecret        string   `json:"pushSecret"`
	PushText          string   `json:"pushText"` // content of a push payload, which peers need not write
	WSDKeySet         string   `json:"wsdKeySet"`
	WSDKey            string   `json:"wsdKey"` // hex of 16 bytes
	AppleRoot         string   `json:"appleRoot"`
	AppleCertificates []string `json:"appleCertificates"` // base64: leaf, sub-CA
	NonceSignature    string   `json:"nonceSignature"`    // hex of 64 bytes, about as long as Apple's
	Google            []byte   `json:"google"`            // OpenPGP private key, RSA-3072
	Issuer            []byte   `json:"issuer"`            // the same
	OpaqueCard        string   `json:"opaqueCard"`        // content of an opaque card, which peers need not write
}

const (
	mastercardNumber = "5123456789012346"
	visaNumber       = "4111111111111111"
	sessionID        = "3d1f7b52-8a2e-4c6d-9b10-6a5f0f5d2c77"
)

// walletClient is what a wallet said of itself.
var walletClient = scheme.Client{
	TokenRequestorID: "40010075001", AppID: "com.example.bank",
	DeviceID: "deviceHardwareId00000001", WalletAccountID: "walletAccount00000000001",
}

func newMaterial() (m material, err error) {
	if m.MDES, err = newKeyPair("bench"); err != nil {
		return m, err
	}
	apple, err := applesim.NewAuthority(rand.Reader, time.Now())
	if err != nil {
		return m, err
	}
	chain, err := apple.PEM()
	if err != nil {
		return m, err
	}
	m.AppleRoot, m.AppleCertificates = chain.RootCertificate, apple.Certificates()
	if m.Google, err = newOpenPGPKey("google"); err != nil {
		return m, err
	}
	if m.Issuer, err = newOpenPGPKey("issuer"); err != nil {
		return m, err
	}
	m.PushKeyID, m.PushSecret = "BENCH"+strings.Repeat("0", 44), randomHex(20)
	m.WSDKeySet, m.WSDKey = "401200.1", randomHex(keys.TDEABytes)
	m.NonceSignature = randomHex(64)
	m.PushText = fmt.Sprintf(`{"accountNumber":%q,"name":"TEST CARDHOLDER","expirationDate":{"month":"12","year":"2031"},"provider":{`+
		`"intent":"PUSH_PROV_MOBILE","clientWalletProvider":%q,"clientWalletAccountID":%q,"clientDeviceID":%q,"clientAppID":%q,"isIDnV":"true"}}`,
		visaNumber, walletClient.TokenRequestorID, walletClient.WalletAccountID, walletClient.DeviceID, walletClient.AppID)
	m.OpaqueCard = fmt.Sprintf(`{"protocolHeader":{"version":1},"validationContext":{"serverSessionId":%q},`+
		`"paymentCard":{"accountNumber":%q,"expiryMonth":"12","expiryYear":"31"}}`, sessionID, mastercardNumber)
	return m, nil
}

// randomHex returns n random bytes in lower-case hex.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// keyPair is an RSA-2048 pair with a self-signed certificate, both PEM.
type keyPair struct {
	Certificate string `json:"certificate"`
	PrivateKey  string `json:"privateKey"` // PKCS#8
}

func newKeyPair(commonName string) (keyPair, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return keyPair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(365 * 24 * time.Hour),
		DNSNames:     []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return keyPair{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{
		Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		PrivateKey:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
	}, nil
}

// read returns a pair as custody would give it out.
func (p keyPair) read() (crypto.Signer, *x509.Certificate, error) {
	pair, err := tls.X509KeyPair([]byte(p.Certificate), []byte(p.PrivateKey))
	if err != nil {
		return nil, nil, err
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, nil, errors.New("the key does not sign")
	}
	return signer, pair.Leaf, nil
}

// newOpenPGPKey makes an RSA-3072 key that signs, with an encryption subkey.
func newOpenPGPKey(name string) ([]byte, error) {
	entity, err := openpgp.NewEntity(name, "", name+"@example.com", &packet.Config{
		Algorithm: packet.PubKeyAlgoRSA, RSABits: 3072, KeyLifetimeSecs: 365 * 24 * 3600,
	})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = entity.SerializePrivateWithoutSigning(&out, nil)
	return out.Bytes(), err
}

func readOpenPGPKey(binary []byte) (*openpgp.Entity, error) {
	return openpgp.ReadEntity(packet.NewReader(bytes.NewReader(binary)))
}

// openPGPSigner returns a key as its custodian would give it out.
func openPGPSigner(e *openpgp.Entity) (crypto.Signer, error) {
	private, ok := e.PrivateKey.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("an OpenPGP key of type %T", e.PrivateKey.PrivateKey)
	}
	return private, nil
}

// openPGPCertificate returns the public half, binary.
func openPGPCertificate(e *openpgp.Entity) ([]byte, error) {
	var out bytes.Buffer
	err := e.Serialize(&out)
	return out.Bytes(), err
}
