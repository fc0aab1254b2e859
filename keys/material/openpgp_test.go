package material_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

// pgp makes an OpenPGP key as change says: by default RSA-2048 with an encryption
// subkey, made a day ago, without an end. To save time its RSA keys are keystest's.
func pgp(t testing.TB, change func(*packet.Config)) *openpgp.Entity {
	t.Helper()
	config := &packet.Config{Rand: rand.Reader, RSABits: 2048, DefaultHash: crypto.SHA384, Time: func() time.Time { return now.Add(-24 * time.Hour) }}
	config.RSAPrimes = slices.Concat(keystest.RSAKey(t).Primes, keystest.MDESKey(t).Primes)
	if change != nil {
		change(config)
	}
	e, err := openpgp.NewEntity("Google", "", "", config)
	must(t, err)
	return e
}

func at(when time.Time, lifetime time.Duration) func(*packet.Config) {
	return func(c *packet.Config) {
		c.Time, c.KeyLifetimeSecs = func() time.Time { return when }, uint32(lifetime/time.Second)
	}
}

// encryptingPrimary returns a public key whose primary key may encrypt and which has
// no subkey.
func encryptingPrimary(t testing.TB) []byte {
	t.Helper()
	e := withoutSubkey(pgp(t, nil))
	for _, identity := range e.Identities {
		identity.SelfSignature.FlagEncryptCommunications = true
		must(t, identity.SelfSignature.SignUserId(identity.UserId.Id, e.PrimaryKey, e.PrivateKey, nil))
	}
	return keystest.OpenPGPPublic(t, e)
}

// signedByMany returns a public key with more signatures of others than opaque cards
// can be made with.
func signedByMany(t testing.TB) []byte {
	t.Helper()
	e, other := pgp(t, nil), pgp(t, nil)
	config := &packet.Config{Time: func() time.Time { return now.Add(-time.Hour) }}
	for name, identity := range e.Identities {
		must(t, e.SignIdentity(name, other, config))
		theirs := identity.Signatures[len(identity.Signatures)-1]
		for range 300 {
			identity.Signatures = append(identity.Signatures, theirs)
		}
	}
	return keystest.OpenPGPPublic(t, e)
}

// revoke returns e's public key with a revocation of the whole key.
func revoke(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	must(t, e.RevokeKey(packet.KeySuperseded, "", &packet.Config{Time: func() time.Time { return now.Add(-time.Hour) }}))
	return keystest.OpenPGPPublic(t, e)
}

func revokeSubkey(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	must(t, e.RevokeSubkey(&e.Subkeys[0], packet.KeySuperseded, "", &packet.Config{Time: func() time.Time { return now.Add(-time.Hour) }}))
	return keystest.OpenPGPPublic(t, e)
}

// endSubkey lets the subkey end before the primary key.
func endSubkey(t testing.TB, e *openpgp.Entity, lifetime time.Duration) []byte {
	t.Helper()
	seconds := uint32(lifetime / time.Second)
	sub := &e.Subkeys[0]
	sub.Sig.KeyLifetimeSecs = &seconds
	must(t, sub.Sig.SignKey(sub.PublicKey, e.PrivateKey, &packet.Config{DefaultHash: crypto.SHA384}))
	return keystest.OpenPGPPublic(t, e)
}

func withoutSubkey(e *openpgp.Entity) *openpgp.Entity {
	bare := *e
	bare.Subkeys = nil
	return &bare
}

// flipped changes one byte, in the last self-signature.
func flipped(plain []byte) []byte {
	other := bytes.Clone(plain)
	other[len(other)-1] ^= 1
	return other
}

// version turns the version of the first packet's key: its header is a tag and a
// length of two bytes.
func version(plain []byte, v byte) []byte {
	other := bytes.Clone(plain)
	other[3] = v
	return other
}

func TestImportOpenPGP(t *testing.T) {
	day := 24 * time.Hour
	google, signing := keystest.GoogleKey(t), keystest.OPCSigningKey(t)
	public, private := keystest.OpenPGPPublic(t, google), keystest.OpenPGPPrivate(t, signing)
	ed25519 := pgp(t, func(c *packet.Config) { c.Algorithm = packet.PubKeyAlgoEdDSA })
	short := pgp(t, func(c *packet.Config) { c.RSABits, c.RSAPrimes = 1024, nil })
	future := pgp(t, at(now.Add(day), 0))
	locked := pgp(t, nil)
	must(t, locked.EncryptPrivateKeys([]byte("passphrase"), nil))

	for _, c := range []struct {
		name    string
		purpose keys.Purpose
		data    []byte
		reason  string
	}{
		{"Google's key, binary", keys.OPCEncryption, public, ""},
		{"Google's key in armor", keys.OPCEncryption, keystest.Armored(t, openpgp.PublicKeyType, public), ""},
		{"armor from a mail, with an editor's mark and line ends", keys.OPCEncryption, bytes.ReplaceAll(append([]byte("\ufeffDear issuer,\n\n"), keystest.Armored(t, openpgp.PublicKeyType, public)...), []byte("\n"), []byte("\r\n")), ""},
		{"Google's private key", keys.OPCEncryption, keystest.OpenPGPPrivate(t, google), "key_unfit"},
		{"two keys", keys.OPCEncryption, append(bytes.Clone(public), keystest.OpenPGPPublic(t, signing)...), "key_malformed"},
		{"two keys in armor", keys.OPCEncryption, append(keystest.Armored(t, openpgp.PublicKeyType, public), keystest.Armored(t, openpgp.PublicKeyType, keystest.OpenPGPPublic(t, signing))...), "key_malformed"},
		{"an armored message", keys.OPCEncryption, keystest.Armored(t, "PGP MESSAGE", public), "key_malformed"},
		{"damaged armor", keys.OPCEncryption, bytes.Replace(keystest.Armored(t, openpgp.PublicKeyType, public), []byte("\n\n"), []byte("\n\n$$$$"), 1), "key_malformed"},
		{"a key without its last byte", keys.OPCEncryption, public[:len(public)-1], "key_malformed"},
		{"a key whose binding does not verify", keys.OPCEncryption, flipped(public), "key_malformed"},
		{"a key of version 3", keys.OPCEncryption, version(public, 3), "key_unfit"},
		{"a key of version 5", keys.OPCEncryption, version(public, 5), "key_unfit"},
		{"a key of version 6", keys.OPCEncryption, keystest.OpenPGPPublic(t, pgp(t, func(c *packet.Config) { c.V6Keys, c.Algorithm = true, packet.PubKeyAlgoRSA })), "key_unfit"},
		{"a packet that is no key", keys.OPCEncryption, []byte{0xcb, 0x01, 0x00}, "key_malformed"},
		{"a key without a subkey that encrypts", keys.OPCEncryption, keystest.OpenPGPPublic(t, withoutSubkey(google)), "key_unfit"},
		{"a key whose primary key alone encrypts", keys.OPCEncryption, encryptingPrimary(t), "key_unfit"},
		{"a key of more than 64 kB", keys.OPCEncryption, signedByMany(t), "key_unfit"},
		{"an elliptic key", keys.OPCEncryption, keystest.OpenPGPPublic(t, ed25519), "key_unfit"},
		{"a short RSA key", keys.OPCEncryption, keystest.OpenPGPPublic(t, short), "key_unfit"},
		{"a key that has ended", keys.OPCEncryption, keystest.OpenPGPPublic(t, pgp(t, at(now.Add(-2*day), day))), "key_expired"},
		{"a key whose subkey has ended", keys.OPCEncryption, endSubkey(t, pgp(t, at(now.Add(-2*day), 0)), day), "key_expired"},
		{"a revoked key", keys.OPCEncryption, revoke(t, pgp(t, nil)), "key_unfit"},
		{"a key whose subkey is revoked", keys.OPCEncryption, revokeSubkey(t, pgp(t, nil)), "key_unfit"},
		{"an X.509 certificate", keys.OPCEncryption, certificatePEM(t, keystest.MDESKey(t), keystest.Year(2020), keystest.Year(2040)), "key_malformed"},
		{"nothing", keys.OPCEncryption, nil, "key_malformed"},

		{"a signing key, binary", keys.OPCSigning, private, ""},
		{"a signing key in armor", keys.OPCSigning, keystest.Armored(t, openpgp.PrivateKeyType, private), ""},
		{"a signing key without a subkey", keys.OPCSigning, keystest.OpenPGPPrivate(t, withoutSubkey(signing)), ""},
		{"a signing key under a passphrase", keys.OPCSigning, keystest.OpenPGPPrivate(t, locked), "key_encrypted"},
		{"the public half of a signing key", keys.OPCSigning, keystest.OpenPGPPublic(t, signing), "key_unfit"},
		{"an elliptic signing key", keys.OPCSigning, keystest.OpenPGPPrivate(t, ed25519), "key_unfit"},
		{"a short signing key", keys.OPCSigning, keystest.OpenPGPPrivate(t, short), "key_unfit"},
		{"a signing key that has ended", keys.OPCSigning, keystest.OpenPGPPrivate(t, pgp(t, at(now.Add(-2*day), day))), "key_expired"},
		{"a PKCS #8 key", keys.OPCSigning, keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, keystest.RSAKey(t))), "key_malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := read(keys.Spec{Purpose: c.purpose, Activate: true}, c.data, "")
			wantReason(t, err, c.reason)
			if c.reason != "" {
				return
			}
			if !k.ServesAt(now) {
				t.Fatal("the imported key does not serve")
			}
			want := map[keys.Purpose]*packet.PublicKey{keys.OPCEncryption: google.Subkeys[0].PublicKey, keys.OPCSigning: signing.PrimaryKey}[c.purpose]
			if got := packet.NewRSAPublicKey(k.OpenPGP.Created, k.Public.(*rsa.PublicKey)); got.KeyId != want.KeyId {
				t.Errorf("key %X serves, want %X", got.KeyId, want.KeyId)
			}
			whole := map[keys.Purpose][]byte{keys.OPCEncryption: public, keys.OPCSigning: keystest.OpenPGPPublic(t, signing)}[c.purpose]
			if !bytes.HasPrefix(whole, k.OpenPGP.Certificate) || k.Purpose == keys.OPCEncryption && !bytes.Equal(whole, k.OpenPGP.Certificate) {
				t.Errorf("the certificate is another than the one given")
			}
		})
	}

	t.Run("the refusal of a revoked key says so", func(t *testing.T) {
		_, err := read(keys.Spec{Purpose: keys.OPCEncryption}, revoke(t, pgp(t, nil)), "")
		if err == nil || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("it says %v", err)
		}
	})
	t.Run("a key of tomorrow serves from tomorrow", func(t *testing.T) {
		m, err := read(keys.Spec{Purpose: keys.OPCEncryption, Activate: true}, keystest.OpenPGPPublic(t, future), "")
		must(t, err)
		if !m.ValidFrom.Equal(now.Add(day)) {
			t.Errorf("valid from %v", m.ValidFrom)
		}
	})
}

func TestValidityComesFromTheOpenPGPKey(t *testing.T) {
	day := 24 * time.Hour
	made := now.Add(-day)
	yearOfKey := func() *openpgp.Entity { return pgp(t, at(made, 365*day)) }
	for _, c := range []struct {
		name    string
		purpose keys.Purpose
		data    []byte
		wish    time.Time
		until   time.Time
	}{
		{"without an end", keys.OPCEncryption, keystest.OpenPGPPublic(t, pgp(t, nil)), time.Time{}, time.Time{}},
		{"with the primary key", keys.OPCEncryption, keystest.OpenPGPPublic(t, yearOfKey()), time.Time{}, made.Add(365 * day)},
		{"with the subkey that encrypts", keys.OPCEncryption, endSubkey(t, yearOfKey(), 30*day), time.Time{}, made.Add(30 * day)},
		{"with a signing key whose other subkey ends before", keys.OPCSigning, func() []byte {
			e := yearOfKey()
			endSubkey(t, e, 30*day)
			return keystest.OpenPGPPrivate(t, e)
		}(), time.Time{}, made.Add(365 * day)},
		{"a wish cannot widen it", keys.OPCEncryption, keystest.OpenPGPPublic(t, yearOfKey()), now.Add(999 * day), made.Add(365 * day)},
		{"a wish can narrow it", keys.OPCEncryption, keystest.OpenPGPPublic(t, yearOfKey()), now.Add(day), now.Add(day)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := read(keys.Spec{Purpose: c.purpose, ValidUntil: c.wish}, c.data, "")
			must(t, err)
			if !m.ValidFrom.Equal(now) || !m.ValidUntil.Equal(c.until) {
				t.Errorf("valid %v to %v, want %v to %v", m.ValidFrom, m.ValidUntil, now, c.until)
			}
		})
	}
}

// FuzzParseOpenPGP goes deeper into what Read takes for the opc purposes than
// FuzzParseMaterial, whose purpose is fuzzed too.
func FuzzParseOpenPGP(f *testing.F) {
	google, signing := keystest.GoogleKey(f), keystest.OPCSigningKey(f)
	f.Add(keystest.OpenPGPPublic(f, google))
	f.Add(keystest.Armored(f, openpgp.PublicKeyType, keystest.OpenPGPPublic(f, google)))
	f.Add(keystest.OpenPGPPrivate(f, signing))
	f.Add(keystest.Armored(f, openpgp.PrivateKeyType, keystest.OpenPGPPrivate(f, signing)))
	f.Add(keystest.OpenPGPPublic(f, pgp(f, func(c *packet.Config) { c.V6Keys, c.Algorithm = true, packet.PubKeyAlgoEd25519 })))
	f.Add(revoke(f, pgp(f, nil)))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range []keys.Purpose{keys.OPCEncryption, keys.OPCSigning} {
			_, err := read(keys.Spec{Purpose: p}, data, "")
			if err != nil && walletport.CodeOf(err) != walletport.CodeInvalid {
				t.Errorf("code %q: %v", walletport.CodeOf(err), err)
			}
		}
	})
}
