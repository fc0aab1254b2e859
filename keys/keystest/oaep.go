package keystest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"testing"

	"github.com/walletport/walletport/keys"
)

// checkOAEP proves that whoever has the private half opens what is encrypted to a key, with
// each hash. Of a key that is none of this package nobody here has it.
func checkOAEP(t testing.TB, k *keys.Key) {
	public, isRSA := k.Public.(*rsa.PublicKey)
	if !isRSA || !k.Purpose.IsSealedTo() {
		t.Fatalf("%s, which is a %T, has an OAEP", k.ID, k.Public)
	}
	owner := ownerOf(t, k)
	message := []byte("a content key of thirty-two byte")
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		sealed, err := k.OAEP.EncryptOAEP(hash, message)
		must(t, err)
		again, err := k.OAEP.EncryptOAEP(hash, message)
		must(t, err)
		if len(sealed) != public.Size() || bytes.Equal(sealed, again) {
			t.Errorf("%v: OAEP of %s gives %d bytes, or the same twice", hash, k.ID, len(sealed))
		}
		if owner == nil {
			continue
		}
		if opened, err := owner.Decrypt(nil, sealed, &rsa.OAEPOptions{Hash: hash}); err != nil || !bytes.Equal(opened, message) {
			t.Errorf("%v: the owner of %s does not open what is encrypted to it: %v", hash, k.ID, err)
		}
	}
	if _, err := k.OAEP.EncryptOAEP(crypto.SHA256, make([]byte, public.Size())); err == nil {
		t.Errorf("OAEP of %s encrypts more than there is room for", k.ID)
	}
}

// ownerOf returns the private half of a key of this package that is sealed to, nil of others.
func ownerOf(t testing.TB, k *keys.Key) *rsa.PrivateKey {
	owner := MDESKey(t)
	if k.Purpose != keys.MDESEncryption {
		owner = SchemeKey(t, k.Purpose)
	}
	if !owner.PublicKey.Equal(k.Public) {
		return nil
	}
	return owner
}
