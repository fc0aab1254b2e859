package material

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// opcSigningBits are the sizes that a generated opc-signing key may have. Google
// asks for RSA of 2048 bits or more (reference device-wallets.md 2.3).
var opcSigningBits = map[string]int{"": 3072, "RSA-3072": 3072, "RSA-2048": 2048, "RSA-4096": 4096}

// Google takes keys that expire in one year, at most two (device-wallets.md 2.3).
const (
	opcSigningYears    = 1
	maxOPCSigningYears = 2
)

// generateOPCSigning makes an OpenPGP key as GnuPG's default is and Google asks: an
// RSA primary key that certifies and signs, and an RSA subkey that encrypts, both
// ending together, bound with SHA-384.
//
// The private half of the subkey is not kept. Google wants the subkey in what it
// is given, but the protocol has no message to the issuer; what nobody holds
// cannot leak.
func generateOPCSigning(spec keys.Spec, now time.Time) (material, error) {
	bits, ok := opcSigningBits[spec.Algorithm]
	if !ok {
		return material{}, errUnfit("an opc-signing key is RSA-3072, RSA-2048 or RSA-4096")
	}
	created := now.UTC().Truncate(time.Second)
	until := spec.ValidUntil
	if until.IsZero() {
		until = created.AddDate(opcSigningYears, 0, 0)
	}
	switch {
	case until.Before(created.Add(time.Second)):
		return material{}, errExpired()
	case until.After(created.AddDate(maxOPCSigningYears, 0, 0)):
		return material{}, errUnfit("Google takes an opc-signing key for two years at most")
	}
	lifetime := uint32(until.Sub(created) / time.Second)
	config := &packet.Config{
		Rand: rand.Reader, Time: func() time.Time { return created }, KeyLifetimeSecs: lifetime,
		RSABits: bits, DefaultHash: crypto.SHA384, DefaultCipher: packet.CipherAES256,
	}
	entity, err := openpgp.NewEntity(opcSigningUser(spec.Issuer), "", "", config)
	if err != nil {
		return material{}, err
	}
	// NewEntity leaves the subkey without an end of its own.
	sub := &entity.Subkeys[0]
	sub.Sig.KeyLifetimeSecs = &lifetime
	if err := sub.Sig.SignKey(sub.PublicKey, entity.PrivateKey, config); err != nil {
		return material{}, err
	}
	var private bytes.Buffer
	if err := entity.SerializePrivateWithoutSigning(&private, config); err != nil {
		return material{}, err
	}
	defer clear(private.Bytes())
	return parseOpenPGP(private.Bytes())
}

// opcSigningUser is the user id under which Google lists the key.
func opcSigningUser(issuer walletport.IssuerID) string {
	if issuer == "" {
		return "walletport opc-signing"
	}
	return string(issuer) + " walletport opc-signing"
}
