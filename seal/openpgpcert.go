package seal

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Limits of a certificate. Real ones have a few kB and at most a handful of
// subkeys; these bound the work that a foreign one can cause.
const (
	MaxOpenPGPCertificateBytes = 64 << 10
	maxOpenPGPSubkeys          = 32
)

// ErrOpenPGPTooLarge is a certificate beyond those limits.
var ErrOpenPGPTooLarge = errors.New("seal: an OpenPGP certificate has at most 64 kB and 32 subkeys")

// OpenPGPCertificate is a transferable public key (RFC 4880 section 11.1), read
// and verified once. It is immutable and safe for concurrent use.
//
// Which of its keys serves depends on the time: self-signatures follow each other,
// keys expire and are revoked. Between two such moments nothing changes, so that
// all answers are worked out when it is parsed, one a period, and using it costs
// neither a lock nor a signature check.
type OpenPGPCertificate struct {
	periods []openPGPPeriod // in the order of time
}

// openPGPPeriod holds from its beginning to that of the next.
type openPGPPeriod struct {
	from       time.Time
	encryption *packet.PublicKey   // the newest RSA encryption subkey, nil without one
	signing    []*packet.PublicKey // RSA keys that may sign: primary, subkeys
}

// ParseOpenPGPCertificate reads one certificate of at most 64 kB in binary form.
// It refuses what is no certificate, more than one, and one with secret keys in
// it. A certificate whose keys do not fit, such as one of version 6, is read; it
// is refused when it is used.
func ParseOpenPGPCertificate(binary []byte) (*OpenPGPCertificate, error) {
	if len(binary) > MaxOpenPGPCertificateBytes {
		return nil, ErrOpenPGPTooLarge
	}
	packets := packet.NewReader(bytes.NewReader(binary))
	entity, err := openpgp.ReadEntity(packets)
	if err != nil {
		return nil, fmt.Errorf("read OpenPGP certificate: %w", err)
	}
	if _, err := packets.Next(); !errors.Is(err, io.EOF) {
		return nil, errors.New("seal: something follows the OpenPGP certificate")
	}
	if len(entity.Subkeys) > maxOpenPGPSubkeys {
		return nil, ErrOpenPGPTooLarge
	}
	if hasSecret(entity) {
		return nil, errors.New("seal: the OpenPGP certificate has secret keys in it")
	}
	return &OpenPGPCertificate{periods: periodsOf(entity)}, nil
}

func hasSecret(e *openpgp.Entity) bool {
	return e.PrivateKey != nil || slices.ContainsFunc(e.Subkeys, func(s openpgp.Subkey) bool { return s.PrivateKey != nil })
}

// periodsOf works out the keys of each period. The order matters: the library
// remembers its verdict on a signature, and calls one bad for ever that had
// expired when it was first looked at.
func periodsOf(e *openpgp.Entity) []openPGPPeriod {
	var periods []openPGPPeriod
	for _, t := range changesOf(e) {
		periods = append(periods, openPGPPeriod{from: t, encryption: encryptionKeyAt(e, t), signing: signingKeysAt(e, t)})
	}
	return periods
}

// rsaSubkeysOnly passes over the encryption subkeys that are not for us: a message
// goes to algorithm 1 (RSA).
var rsaSubkeysOnly = map[packet.PublicKeyAlgorithm]bool{
	packet.PubKeyAlgoRSAEncryptOnly: true, packet.PubKeyAlgoElGamal: true, packet.PubKeyAlgoDSA: true,
	packet.PubKeyAlgoECDH: true, packet.PubKeyAlgoX25519: true, packet.PubKeyAlgoX448: true,
	packet.PubKeyAlgoMlkem768X25519: true, packet.PubKeyAlgoMlkem1024X448: true,
}

func encryptionKeyAt(e *openpgp.Entity, t time.Time) *packet.PublicKey {
	config := &packet.Config{MinRSABits: minRSABits, RejectPublicKeyAlgorithms: rsaSubkeysOnly}
	key, ok := e.EncryptionKey(t, config)
	// Without a subkey the library would take a primary key that may encrypt; Google
	// demands a subkey (application layer security, "Key generation").
	if !ok || key.PublicKey == e.PrimaryKey || !isRSA(key.PublicKey) {
		return nil
	}
	return key.PublicKey
}

func signingKeysAt(e *openpgp.Entity, t time.Time) []*packet.PublicKey {
	candidates := []*packet.PublicKey{e.PrimaryKey}
	for i := range e.Subkeys {
		candidates = append(candidates, e.Subkeys[i].PublicKey)
	}
	config := &packet.Config{MinRSABits: minRSABits}
	return slices.DeleteFunc(candidates, func(key *packet.PublicKey) bool {
		found, ok := e.SigningKeyById(t, key.KeyId, config)
		return !ok || found.PublicKey != key || !isRSA(key)
	})
}

// isRSA also refuses keys of other versions than 4: they sign and encrypt in
// packets that RFC 4880 does not know.
func isRSA(key *packet.PublicKey) bool {
	public, ok := key.PublicKey.(*rsa.PublicKey)
	return ok && key.Version == 4 && key.PubKeyAlgo == packet.PubKeyAlgoRSA && CheckRSA(public) == nil
}

// changesOf lists the moments, in order, at which another key may serve: when
// keys and signatures are made, and one second after they expire, for the last
// second still counts.
func changesOf(e *openpgp.Entity) []time.Time {
	var changes []time.Time
	note := func(made time.Time, lifetime *uint32) {
		changes = append(changes, made)
		if lifetime != nil && *lifetime != 0 {
			changes = append(changes, made.Add(time.Duration(*lifetime)*time.Second+time.Second))
		}
	}
	noteAll := func(key *packet.PublicKey, signatures []*packet.VerifiableSignature) {
		note(key.CreationTime, nil)
		for _, s := range signatures {
			note(s.Packet.CreationTime, s.Packet.SigLifetimeSecs)
			note(key.CreationTime, s.Packet.KeyLifetimeSecs)
			if embedded := s.Packet.EmbeddedSignature; embedded != nil {
				note(embedded.CreationTime, embedded.SigLifetimeSecs)
			}
		}
	}
	noteAll(e.PrimaryKey, slices.Concat(e.Revocations, e.DirectSignatures))
	for _, identity := range e.Identities {
		noteAll(e.PrimaryKey, slices.Concat(identity.SelfCertifications, identity.Revocations))
	}
	for _, subkey := range e.Subkeys {
		noteAll(subkey.PublicKey, slices.Concat(subkey.Bindings, subkey.Revocations))
	}
	slices.SortFunc(changes, time.Time.Compare)
	return slices.CompactFunc(changes, time.Time.Equal)
}

// OpenPGPServing says which key of a certificate serves, and how long.
type OpenPGPServing struct {
	Public  *rsa.PublicKey
	Created time.Time // of the key packet: with Public it makes the key's fingerprint
	From    time.Time
	Until   time.Time // the first moment that may have no such key; zero never comes
}

// EncryptionFrom returns the subkey that messages are encrypted to at t, or else at
// the first later moment that has one. Until it ends or another takes over without a
// gap, Seal finds a recipient. The error is ErrRecipientExpired or ErrRecipientUnfit.
func (c *OpenPGPCertificate) EncryptionFrom(t time.Time) (OpenPGPServing, error) {
	serves := func(p openPGPPeriod) *packet.PublicKey { return p.encryption }
	found, ok := c.servingFrom(t, serves)
	if !ok {
		_, err := c.encryptionKey(t)
		return OpenPGPServing{}, err
	}
	return found, nil
}

// SigningFrom tells of the key of the certificate that public is, if it may sign at
// t, or else at the first later moment that it may. The error is ErrSignerUnfit.
func (c *OpenPGPCertificate) SigningFrom(public *rsa.PublicKey, t time.Time) (OpenPGPServing, error) {
	found, ok := c.servingFrom(t, func(p openPGPPeriod) *packet.PublicKey {
		for _, key := range p.signing {
			if public.Equal(key.PublicKey) {
				return key
			}
		}
		return nil
	})
	if !ok {
		return OpenPGPServing{}, ErrSignerUnfit
	}
	return found, nil
}

// servingFrom finds the first period from t on in which a key serves, and its end. A
// period that ends because a key expires begins a second late, for the last second
// still counts; Until leaves that second out.
func (c *OpenPGPCertificate) servingFrom(t time.Time, serves func(openPGPPeriod) *packet.PublicKey) (OpenPGPServing, bool) {
	var found OpenPGPServing
	for i, p := range c.periods {
		over := i+1 < len(c.periods) && !t.Before(c.periods[i+1].from)
		key := serves(p)
		switch {
		case over:
		case key == nil && found.Public == nil:
		case key == nil:
			found.Until = p.from.Add(-time.Second)
			return found, true
		case found.Public == nil:
			found.Public, _ = key.PublicKey.(*rsa.PublicKey) // isRSA saw to it
			found.Created, found.From = key.CreationTime.UTC(), later(t, p.from)
		}
	}
	return found, found.Public != nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// at returns the period that t lies in.
func (c *OpenPGPCertificate) at(t time.Time) openPGPPeriod {
	for _, p := range slices.Backward(c.periods) {
		if !t.Before(p.from) {
			return p
		}
	}
	return openPGPPeriod{}
}

// encryptionKey returns the subkey to encrypt to at t. The error is
// ErrRecipientExpired where another time has one, else ErrRecipientUnfit.
func (c *OpenPGPCertificate) encryptionKey(t time.Time) (*packet.PublicKey, error) {
	if key := c.at(t).encryption; key != nil {
		return key, nil
	}
	if slices.ContainsFunc(c.periods, func(p openPGPPeriod) bool { return p.encryption != nil }) {
		return nil, ErrRecipientExpired
	}
	return nil, ErrRecipientUnfit
}

// signingKey returns the key of the certificate that signer is the secret half
// of, if it may sign at t; else ErrSignerUnfit.
func (c *OpenPGPCertificate) signingKey(signer crypto.Signer, t time.Time) (*packet.PublicKey, error) {
	if signer == nil {
		return nil, ErrSignerUnfit
	}
	public, ok := signer.Public().(*rsa.PublicKey)
	if !ok {
		return nil, ErrSignerUnfit
	}
	for _, key := range c.at(t).signing {
		if public.Equal(key.PublicKey) {
			return key, nil
		}
	}
	return nil, ErrSignerUnfit
}
