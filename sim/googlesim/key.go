package googlesim

import (
	"bytes"
	"crypto"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/walletport/walletport"
)

const (
	keyBits     = 2048                     // the least that Google takes: a sandbox should start at once
	keyLifetime = 2 * 365 * 24 * time.Hour // Google asks for one year, at most two
	keyName     = "walletport sandbox, not Google"
	keyComment  = "for tests only"
)

// Key is Google's key pair for opaque payment cards: an RSA primary key that signs,
// with an RSA subkey that issuers encrypt to.
type Key struct{ entity *openpgp.Entity }

// NewKey makes a key of 2048 bits that expires after two years; its name says that it
// is a sandbox's. Its error is CodeInternal, reason random.
func NewKey(rand io.Reader, now time.Time) (*Key, error) {
	entity, err := openpgp.NewEntity(keyName, keyComment, "", &packet.Config{
		Rand: rand, Time: func() time.Time { return now }, Algorithm: packet.PubKeyAlgoRSA, RSABits: keyBits,
		KeyLifetimeSecs: uint32(keyLifetime / time.Second), DefaultHash: crypto.SHA384, DefaultCipher: packet.CipherAES256,
	})
	if err != nil {
		return nil, walletport.Errorf(walletport.CodeInternal, "random", "the key could not be made").WithCause(err)
	}
	return &Key{entity}, nil
}

// ParseKey reads an armored private key without a passphrase. Its error is
// CodeInvalid, reason google_key.
func ParseKey(armored string) (*Key, error) {
	list, err := ParseCertificates(armored)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 || len(list.DecryptionKeys()) == 0 {
		return nil, badKey(fmt.Errorf("%d keys, %d of them for decryption", len(list), len(list.DecryptionKeys())))
	}
	return &Key{list[0]}, nil
}

// Private returns the key, armored.
func (k *Key) Private() (string, error) {
	return k.write(openpgp.PrivateKeyType, func(w io.Writer) error { return k.entity.SerializePrivateWithoutSigning(w, nil) })
}

// Public returns the certificate that issuers encrypt to, armored.
func (k *Key) Public() (string, error) {
	return k.write(openpgp.PublicKeyType, k.entity.Serialize)
}

func (k *Key) write(kind string, serialize func(io.Writer) error) (string, error) {
	var out bytes.Buffer
	w, err := armor.Encode(&out, kind, nil)
	if err != nil {
		return "", badKey(err)
	}
	if err := serialize(w); err != nil {
		return "", badKey(err)
	}
	if err := w.Close(); err != nil {
		return "", badKey(err)
	}
	return out.String() + "\n", nil
}

// ParseCertificates reads armored OpenPGP keys: those of issuers, for Keys.Issuers.
// Its error is CodeInvalid, reason google_key.
func ParseCertificates(armored string) (openpgp.EntityList, error) {
	list, err := openpgp.ReadArmoredKeyRing(bytes.NewReader([]byte(armored)))
	if err != nil {
		return nil, badKey(err)
	}
	return list, nil
}

func badKey(err error) error {
	return walletport.Errorf(walletport.CodeInvalid, "google_key", "the text is no OpenPGP key of the right kind").WithCause(err)
}
