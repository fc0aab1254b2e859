package keystest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/walletport/walletport/keys"
)

// openPGPCreated is the creation time of the OpenPGP keys of this package, which
// never end.
var openPGPCreated = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

var (
	googleOnce     = sync.OnceValues(func() (*openpgp.Entity, error) { return newEntity("simulated Google") })
	opcSigningOnce = sync.OnceValues(func() (*openpgp.Entity, error) { return newEntity("acme walletport opc-signing") })
)

// newEntity makes an RSA primary key that signs and an RSA subkey that encrypts.
func newEntity(user string) (*openpgp.Entity, error) {
	return openpgp.NewEntity(user, "", "", &packet.Config{
		Rand: rand.Reader, Time: func() time.Time { return openPGPCreated },
		RSABits: 2048, DefaultHash: crypto.SHA384, DefaultCipher: packet.CipherAES256,
	})
}

// GoogleKey returns the private OpenPGP key whose certificate is every
// opc-encryption key of this process: it opens what was encrypted. It must not be
// changed.
func GoogleKey(t testing.TB) *openpgp.Entity {
	t.Helper()
	e, err := googleOnce()
	must(t, err)
	return e
}

// OPCSigningKey returns the private OpenPGP key behind every opc-signing key of
// this process; its primary key signs. It must not be changed.
func OPCSigningKey(t testing.TB) *openpgp.Entity {
	t.Helper()
	e, err := opcSigningOnce()
	must(t, err)
	return e
}

// setGoogle makes k the public half of GoogleKey.
func setGoogle(t testing.TB, k *keys.Key) {
	t.Helper()
	entity := GoogleKey(t)
	setPublic(t, k, entity.Subkeys[0].PublicKey.PublicKey)
	setOpenPGP(t, k, entity)
}

func setOPCSigning(t testing.TB, k *keys.Key) {
	t.Helper()
	entity := OPCSigningKey(t)
	private, ok := entity.PrivateKey.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("keystest: the OpenPGP key is a %T", entity.PrivateKey.PrivateKey)
	}
	setSigner(t, k, private)
	setOpenPGP(t, k, entity)
}

func setOpenPGP(t testing.TB, k *keys.Key, entity *openpgp.Entity) {
	t.Helper()
	var certificate bytes.Buffer
	must(t, entity.Serialize(&certificate))
	k.OpenPGP = &keys.OpenPGP{Certificate: certificate.Bytes(), Created: openPGPCreated}
}

// checkOpenPGP looks for k's public half in its certificate: under the name that a
// message gives it, which is made of key and creation time.
func checkOpenPGP(t testing.TB, k *keys.Key) {
	public, ok := k.Public.(*rsa.PublicKey)
	if !ok {
		t.Fatalf("public key is a %T", k.Public)
	}
	packets := packet.NewReader(bytes.NewReader(k.OpenPGP.Certificate))
	entity, err := openpgp.ReadEntity(packets)
	must(t, err)
	if _, err := packets.Next(); err == nil {
		t.Errorf("there is something behind the certificate")
	}
	found := []*packet.PublicKey{entity.PrimaryKey}
	private := entity.PrivateKey != nil
	for _, sub := range entity.Subkeys {
		found = append(found, sub.PublicKey)
		private = private || sub.PrivateKey != nil
	}
	if private {
		t.Errorf("the certificate holds a private half")
	}
	want := packet.NewRSAPublicKey(k.OpenPGP.Created, public).KeyId
	for _, f := range found {
		if f.KeyId == want {
			return
		}
	}
	t.Errorf("the certificate has no key %X", want)
}
