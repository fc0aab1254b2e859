package material_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/seal"
)

// withEllipticSubkey adds a newer encryption subkey that no message goes to.
func withEllipticSubkey(t testing.TB) *openpgp.Entity {
	t.Helper()
	e := pgp(t, nil)
	must(t, e.AddEncryptionSubkey(&packet.Config{Rand: rand.Reader, Algorithm: packet.PubKeyAlgoEdDSA, DefaultHash: crypto.SHA384, Time: func() time.Time { return now.Add(-time.Hour) }}))
	return e
}

// withSubkeyFrom adds an RSA encryption subkey that begins later.
func withSubkeyFrom(t testing.TB, e *openpgp.Entity, begin time.Time) *openpgp.Entity {
	t.Helper()
	must(t, e.AddEncryptionSubkey(&packet.Config{Rand: rand.Reader, RSABits: 2048, DefaultHash: crypto.SHA384, Time: func() time.Time { return begin }}))
	return e
}

// sealsTo reports whether sealing takes a certificate as recipient at a time.
func sealsTo(t testing.TB, certificate []byte, when time.Time) bool {
	t.Helper()
	to, err := seal.ParseOpenPGPCertificate(certificate)
	if err != nil {
		return false
	}
	signing := keystest.OPCSigningKey(t)
	from, err := seal.ParseOpenPGPCertificate(keystest.OpenPGPPublic(t, signing))
	must(t, err)
	private, ok := signing.PrivateKey.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		t.Fatal("the signing key is not RSA")
	}
	_, err = seal.OpenPGP{Hash: crypto.SHA384}.Seal(rand.Reader, seal.OpenPGPMessage{
		To: to, From: seal.OpenPGPSigner{Key: private, Certificate: from}, Time: when, Plaintext: []byte("card"),
	})
	return err == nil
}

// An import that judged otherwise would refuse a good key, such as one with a newer
// elliptic subkey that sealing passes over, or take one that every call refuses.
func TestImportTakesACertificateIfAndOnlyIfSealingDoes(t *testing.T) {
	day := 24 * time.Hour
	rsaEncryptOnly := pgp(t, nil)
	rsaEncryptOnly.Subkeys[0].PublicKey.PubKeyAlgo = packet.PubKeyAlgoRSAEncryptOnly // an old algorithm, which files still have
	must(t, rsaEncryptOnly.Subkeys[0].Sig.SignKey(rsaEncryptOnly.Subkeys[0].PublicKey, rsaEncryptOnly.PrivateKey, &packet.Config{DefaultHash: crypto.SHA384}))
	for _, c := range []struct {
		name        string
		certificate []byte
		taken       bool
	}{
		{"an RSA key", keystest.OpenPGPPublic(t, pgp(t, nil)), true},
		{"a newer elliptic subkey beside the RSA one", keystest.OpenPGPPublic(t, withEllipticSubkey(t)), true},
		{"a subkey that follows another without a gap", keystest.OpenPGPPublic(t, withSubkeyFrom(t, pgp(t, at(now.Add(-day), 0)), now.Add(day))), true},
		{"a key that begins tomorrow", keystest.OpenPGPPublic(t, pgp(t, at(now.Add(day), 0))), true},
		{"a key that ends tomorrow", keystest.OpenPGPPublic(t, pgp(t, at(now.Add(-day), 2*day))), true},
		{"a subkey that ends before its key", endSubkey(t, pgp(t, at(now.Add(-day), 9*day)), 2*day), true},
		{"an RSA subkey that may only encrypt by its algorithm", keystest.OpenPGPPublic(t, rsaEncryptOnly), false},
		{"a revoked key", revoke(t, pgp(t, nil)), false},
		{"a revoked subkey", revokeSubkey(t, pgp(t, nil)), false},
		{"a key that has ended", keystest.OpenPGPPublic(t, pgp(t, at(now.Add(-2*day), day))), false},
		{"a key that signs only", keystest.OpenPGPPublic(t, withoutSubkey(pgp(t, nil))), false},
		{"an elliptic key", keystest.OpenPGPPublic(t, pgp(t, func(c *packet.Config) { c.Algorithm = packet.PubKeyAlgoEdDSA })), false},
		{"a key with a literal packet behind it", append(keystest.OpenPGPPublic(t, pgp(t, nil)), 0xcb, 0x07, 'b', 0, 0, 0, 0, 0, 'x'), false},
		{"a damaged key", flipped(keystest.OpenPGPPublic(t, pgp(t, nil))), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := read(keys.Spec{Purpose: keys.OPCEncryption, Activate: true}, c.certificate, "")
			if (err == nil) != c.taken {
				t.Fatalf("Read: %v, want taken %v", err, c.taken)
			}
			if !c.taken {
				if sealsTo(t, c.certificate, now) {
					t.Errorf("sealing takes what the import refuses: %v", err)
				}
				return
			}
			if !bytes.Equal(k.OpenPGP.Certificate, c.certificate) {
				t.Errorf("the certificate is another than the one given")
			}
			moments := []time.Time{k.ValidFrom, k.ValidFrom.Add(time.Hour)}
			if !k.ValidUntil.IsZero() {
				moments = append(moments, k.ValidUntil.Add(-time.Second))
				if sealsTo(t, c.certificate, k.ValidUntil.Add(2*time.Second)) {
					t.Errorf("the key ends at %v, and sealing takes it afterwards", k.ValidUntil)
				}
			}
			for _, when := range moments {
				if !sealsTo(t, c.certificate, when) {
					t.Errorf("the key serves at %v, and sealing refuses it then", when)
				}
			}
		})
	}
}

// The newest signing subkey may be kept elsewhere: the one that is in the file serves.
func TestImportTakesTheSigningHalfThatIsThere(t *testing.T) {
	e := pgp(t, nil)
	must(t, e.AddSigningSubkey(&packet.Config{Rand: rand.Reader, RSABits: 2048, DefaultHash: crypto.SHA384, Time: func() time.Time { return now.Add(-time.Hour) }}))
	subkey := e.Subkeys[len(e.Subkeys)-1].PublicKey
	k, err := read(keys.Spec{Purpose: keys.OPCSigning, Activate: true}, keystest.OpenPGPPrivate(t, e), "")
	must(t, err)
	if got := packet.NewRSAPublicKey(k.OpenPGP.Created, k.Public.(*rsa.PublicKey)).KeyId; got != subkey.KeyId {
		t.Errorf("key %X signs, want the subkey %X", got, subkey.KeyId)
	}
	certificate, err := seal.ParseOpenPGPCertificate(k.OpenPGP.Certificate)
	must(t, err)
	to, err := seal.ParseOpenPGPCertificate(keystest.OpenPGPPublic(t, keystest.GoogleKey(t)))
	must(t, err)
	_, err = seal.OpenPGP{Hash: crypto.SHA384}.Seal(rand.Reader, seal.OpenPGPMessage{
		To: to, From: seal.OpenPGPSigner{Key: k.Signer, Certificate: certificate}, Time: now, Plaintext: []byte("card"),
	})
	if err != nil {
		t.Errorf("it does not sign: %v", err)
	}
}
