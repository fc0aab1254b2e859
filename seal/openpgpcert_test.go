package seal_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/walletport/walletport/seal"
)

// eternalSigner signs at any time of these tests.
func eternalSigner(t testing.TB) seal.OpenPGPSigner {
	e := eternalRecipient()
	return seal.OpenPGPSigner{Key: hsmOf(t, e.PrivateKey), Certificate: mustParsePGP(t, publicPGP(t, e))}
}

func with(change func(*packet.Config)) *packet.Config {
	config := pgpConfig()
	change(config)
	return config
}

func configAt(at time.Time) *packet.Config {
	return with(func(c *packet.Config) { c.Time = func() time.Time { return at } })
}

// reread returns a copy of e that can be changed, with its secret keys.
func reread(t testing.TB, e *openpgp.Entity) *openpgp.Entity {
	t.Helper()
	list, err := openpgp.ReadKeyRing(bytes.NewReader(secretPGP(t, e)))
	if err != nil || len(list) != 1 {
		t.Fatalf("read back: %v", err)
	}
	return list[0]
}

func TestOpenPGPRecipients(t *testing.T) {
	revoked := pgpNow.Add(-time.Hour)
	subkeyRevoked := func(reason packet.ReasonForRevocation) *openpgp.Entity {
		e := reread(t, pgpRecipient())
		if err := e.Subkeys[0].Revoke(reason, "test", configAt(revoked)); err != nil {
			t.Fatal(err)
		}
		return e
	}
	keyRevoked := reread(t, pgpRecipient())
	if err := keyRevoked.Revoke(packet.KeySuperseded, "test", configAt(revoked)); err != nil {
		t.Fatal(err)
	}
	noSubkey := reread(t, pgpRecipient())
	noSubkey.Subkeys = nil
	signOnly := reread(t, noSubkey)
	if err := signOnly.AddSigningSubkey(pgpConfig()); err != nil {
		t.Fatal(err)
	}
	stolen := reread(t, pgpRecipient()) // the subkey of somebody else
	stolen.Subkeys = pgpSigner().Subkeys
	primaryEncrypts := reread(t, noSubkey)
	for _, identity := range primaryEncrypts.Identities {
		identity.SelfCertifications[0].Packet.FlagEncryptCommunications = true
		if err := identity.ReSign(pgpConfig()); err != nil {
			t.Fatal(err)
		}
	}
	curve := with(func(c *packet.Config) { c.Algorithm = packet.PubKeyAlgoEdDSA })
	mixed := reread(t, pgpRecipient())
	if err := mixed.AddEncryptionSubkey(with(func(c *packet.Config) {
		c.Algorithm, c.Time = packet.PubKeyAlgoEdDSA, func() time.Time { return pgpMade.Add(time.Hour) }
	})); err != nil {
		t.Fatal(err)
	}
	expiry := pgpMade.Add(pgpYear * time.Second)
	for _, c := range []struct {
		name string
		to   *openpgp.Entity
		at   time.Time
		want error
	}{
		{"RSA-2048 is taken", pgpRecipient(), pgpNow, nil},
		{"in its first second", pgpRecipient(), pgpMade, nil},
		{"in its last second", pgpRecipient(), expiry, nil},
		{"but not after it", pgpRecipient(), expiry.Add(time.Second), seal.ErrRecipientExpired},
		{"and not before the first", pgpRecipient(), pgpMade.Add(-time.Second), seal.ErrRecipientExpired},
		{"a replaced subkey is not taken", subkeyRevoked(packet.KeySuperseded), pgpNow, seal.ErrRecipientExpired},
		{"but was before", subkeyRevoked(packet.KeySuperseded), revoked.Add(-time.Second), nil},
		{"a compromised subkey never was", subkeyRevoked(packet.KeyCompromised), revoked.Add(-time.Second), seal.ErrRecipientUnfit},
		{"a replaced key is not taken", keyRevoked, pgpNow, seal.ErrRecipientExpired},
		{"no subkey", noSubkey, pgpNow, seal.ErrRecipientUnfit},
		{"a primary key that may encrypt", primaryEncrypts, pgpNow, seal.ErrRecipientUnfit},
		{"a subkey that only signs", signOnly, pgpNow, seal.ErrRecipientUnfit},
		{"a subkey bound by another key", stolen, pgpNow, seal.ErrRecipientUnfit},
		{"RSA-1024", newPGPKey("Weak", with(func(c *packet.Config) { c.RSABits = 1024 })), pgpNow, seal.ErrRecipientUnfit},
		{"elliptic curves", newPGPKey("Curve", curve), pgpNow, seal.ErrRecipientUnfit},
		{"an RSA subkey beside a newer curve", mixed, pgpNow, nil},
		{"version 6", newPGPKey("V6", with(func(c *packet.Config) { c.V6Keys = true })), pgpNow, seal.ErrRecipientUnfit},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := pgpMessage(t, "a card")
			m.To, m.From, m.Time = mustParsePGP(t, publicPGP(t, c.to)), eternalSigner(t), c.at
			_, err := (seal.OpenPGP{Hash: crypto.SHA384}).Seal(rand.Reader, m)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

// keyIDOf is the key that a message is encrypted to: the session key packet has
// 3 bytes of header and 1 of version before it.
func keyIDOf(message []byte) []byte { return message[4:12] }

// Rotation within a certificate: the newer subkey serves from the moment it is
// made, the older one again once the newer has been revoked.
func TestOpenPGPSubkeysFollowEachOther(t *testing.T) {
	e := reread(t, pgpRecipient())
	second, end := pgpMade.Add(24*time.Hour), pgpMade.Add(48*time.Hour)
	if err := e.AddEncryptionSubkey(configAt(second)); err != nil {
		t.Fatal(err)
	}
	if err := e.Subkeys[1].Revoke(packet.KeySuperseded, "test", configAt(end)); err != nil {
		t.Fatal(err)
	}
	certificate := mustParsePGP(t, publicPGP(t, e))
	for _, c := range []struct {
		at     time.Time
		subkey int
	}{{pgpMade, 0}, {second.Add(-time.Second), 0}, {second, 1}, {end.Add(-time.Second), 1}, {end, 0}, {pgpNow, 0}} {
		m := pgpMessage(t, "a card")
		m.To, m.Time = certificate, c.at
		message := mustSealPGP(t, seal.OpenPGP{Hash: crypto.SHA384}, m)
		if !bytes.Equal(keyIDOf(message), e.Subkeys[c.subkey].PublicKey.Fingerprint[12:]) {
			t.Errorf("at %v the message is not for subkey %d", c.at, c.subkey)
		}
	}
}

func TestParseOpenPGPCertificateRefuses(t *testing.T) {
	good := publicPGP(t, pgpRecipient())
	noUser := reread(t, pgpRecipient())
	clear(noUser.Identities)
	for name, binary := range map[string][]byte{
		"nothing":               nil,
		"text":                  []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----"),
		"half a certificate":    good[:len(good)/2],
		"a byte too many":       append(bytes.Clone(good), 0),
		"two certificates":      append(bytes.Clone(good), publicPGP(t, pgpSigner())...),
		"secret keys":           secretPGP(t, pgpRecipient()),
		"no user":               publicPGP(t, noUser),
		"64 kB and a byte more": append(bytes.Clone(good), make([]byte, seal.MaxOpenPGPCertificateBytes)...),
	} {
		t.Run(name, func(t *testing.T) {
			if c, err := seal.ParseOpenPGPCertificate(binary); err == nil || c != nil {
				t.Errorf("it is taken")
			}
		})
	}
}

func FuzzParseOpenPGPCertificate(f *testing.F) {
	f.Add(publicPGP(f, pgpRecipient()))
	f.Add(publicPGP(f, newPGPKey("Curve", with(func(c *packet.Config) { c.Algorithm = packet.PubKeyAlgoEdDSA }))))
	f.Add(publicPGP(f, newPGPKey("V6", with(func(c *packet.Config) { c.V6Keys = true }))))
	f.Add(secretPGP(f, pgpSigner()))
	f.Add([]byte("-----BEGIN PGP PUBLIC KEY BLOCK-----"))
	f.Fuzz(func(t *testing.T, binary []byte) {
		c, err := seal.ParseOpenPGPCertificate(binary)
		if (c == nil) == (err == nil) {
			t.Fatal("neither a certificate nor an error, or both")
		}
		if err != nil {
			return
		}
		m := pgpMessage(t, "a card")
		m.To = c
		_, err = (seal.OpenPGP{Hash: crypto.SHA384}).Seal(rand.Reader, m)
		if err != nil && !errors.Is(err, seal.ErrRecipientUnfit) && !errors.Is(err, seal.ErrRecipientExpired) {
			t.Errorf("Seal: %v", err)
		}
	})
}
