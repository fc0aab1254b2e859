package file

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// Tags of the packets that hold keys (RFC 4880 section 4.3), and the only version
// that GnuPG 2.2 and Google's page know.
const (
	tagPrivateKey    = 5
	tagPublicKey     = 6
	tagPrivateSubkey = 7
	tagPublicSubkey  = 14

	openPGPVersion = 4
)

// The largest certificate that opaque cards are sealed with: a larger one would be
// refused at each call. Signatures of others, which nobody needs, make them large.
const (
	maxOpenPGPBytes   = 64 << 10
	maxOpenPGPSubkeys = 32
)

// openPGPKey is a parsed or generated OpenPGP key.
type openPGPKey struct {
	entity *openpgp.Entity
	public []byte // the packets as they came, when none of them holds a private half
}

// parseOpenPGP reads one transferable key, public or private (RFC 4880 sections
// 11.1 and 11.2), in ASCII armor or binary. Its self-signatures are verified.
func parseOpenPGP(data []byte) (material, error) {
	plain, err := dearmor(data)
	if err != nil {
		return material{}, err
	}
	private, err := checkPackets(plain)
	if err != nil {
		return material{}, err
	}
	entity, err := readEntity(plain)
	if err != nil {
		return material{}, errMalformed("the OpenPGP key is damaged, or a signature of its own does not verify")
	}
	key := &openPGPKey{entity: entity}
	if !private {
		key.public = bytes.Clone(plain)
	}
	return material{openPGP: key}, nil
}

func readEntity(plain []byte) (*openpgp.Entity, error) {
	return openpgp.ReadEntity(packet.NewReader(bytes.NewReader(plain)))
}

// dearmor returns the packets. Text has no byte with the high bit that every packet
// begins with.
func dearmor(data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(data) > 0 && data[0] >= 0x80 {
		return data, nil
	}
	if bytes.Count(data, []byte("-----BEGIN PGP ")) > 1 {
		return nil, errManyKeys()
	}
	block, err := armor.Decode(bytes.NewReader(data))
	if err != nil || block.Type != openpgp.PublicKeyType && block.Type != openpgp.PrivateKeyType {
		return nil, errMalformed("the file is no OpenPGP key, neither in ASCII armor nor binary")
	}
	plain, err := io.ReadAll(block.Body)
	if err != nil {
		return nil, errMalformed("the ASCII armor is damaged")
	}
	return plain, nil
}

// checkPackets proves that there is one key and that it has the version that
// everybody reads, before a parser decides what it understands. It reports whether
// there are private halves.
func checkPackets(plain []byte) (private bool, err error) {
	primaries := 0
	packets := packet.NewOpaqueReader(bytes.NewReader(plain))
	for {
		p, err := packets.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, errMalformed("the OpenPGP packets are damaged")
		}
		switch p.Tag {
		case tagPublicKey, tagPrivateKey:
			primaries++
		case tagPublicSubkey, tagPrivateSubkey:
		default:
			continue
		}
		private = private || p.Tag == tagPrivateKey || p.Tag == tagPrivateSubkey
		if len(p.Contents) == 0 || p.Contents[0] != openPGPVersion {
			return false, errUnfit("the OpenPGP key or a subkey is not of version 4 (RFC 4880), the only one that Google reads; GnuPG 2.2 makes such keys")
		}
	}
	switch primaries {
	case 0:
		return false, errMalformed("the OpenPGP packets hold no key")
	case 1:
		return private, nil
	}
	return false, errManyKeys()
}

func errManyKeys() error {
	return errMalformed("the file has more than one OpenPGP key: export only the one that is meant")
}

// fillOPCEncryption takes Google's public key. A private half has no business here:
// whoever holds it reads the cards that all issuers send.
func (m material) fillOPCEncryption(e *entry, now time.Time) error {
	if m.openPGP.public == nil {
		return errUnfit("an opc-encryption key is Google's OpenPGP public key, without a private key")
	}
	entity := m.openPGP.entity
	at, err := goodAt(entity, now)
	if err != nil {
		return err
	}
	key, ok := entity.EncryptionKey(at)
	if !ok || key.PublicKey == entity.PrimaryKey { // no card is sealed to a primary key
		return errNoEncryptionKey(entity, at)
	}
	e.OpenPGP = m.openPGP.public
	return e.fillOpenPGP(key, at)
}

func errNoEncryptionKey(entity *openpgp.Entity, at time.Time) error {
	for _, sub := range entity.Subkeys {
		if sub.Sig.FlagEncryptCommunications && sub.PublicKey.KeyExpired(sub.Sig, at) {
			return errExpired()
		}
	}
	return errUnfit("the OpenPGP key has no subkey that may encrypt and is not revoked")
}

// fillOPCSigning takes the issuer's signing key. Of all private halves in the file
// only that one is kept: nobody encrypts to the issuer.
func (m material) fillOPCSigning(e *entry, now time.Time) error {
	entity := m.openPGP.entity
	at, err := goodAt(entity, now)
	if err != nil {
		return err
	}
	key, ok := entity.SigningKey(at)
	switch {
	case !ok:
		return errUnfit("the OpenPGP key has no key or subkey that may sign now")
	case key.PrivateKey == nil, key.PrivateKey.Dummy():
		return errUnfit("the file lacks the private half of the signing key (gpg --export-secret-keys writes it)")
	case key.PrivateKey.Encrypted:
		return walletport.Errorf(walletport.CodeInvalid, "key_encrypted",
			"the OpenPGP private key is under a passphrase; take it off in a copy of the keyring (gpg --edit-key KEY passwd), then gpg --export-secret-keys KEY into the import's standard input")
	}
	private, ok := key.PrivateKey.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		return errUnfit("an opc-signing key is an OpenPGP RSA key")
	}
	if err := checkRSAPrivate(private); err != nil {
		return err
	}
	if err := (material{private: private}).fillPair(e); err != nil {
		return err
	}
	var certificate bytes.Buffer
	if err := entity.Serialize(&certificate); err != nil {
		return fmt.Errorf("OpenPGP certificate: %w", err)
	}
	e.OpenPGP = certificate.Bytes()
	return e.fillOpenPGP(key, at)
}

// goodAt returns now, or the moment that the key begins when that is later, and
// refuses a key that is revoked or has ended.
func goodAt(entity *openpgp.Entity, now time.Time) (time.Time, error) {
	signature, identity := entity.PrimarySelfSignature()
	if signature == nil {
		return now, errMalformed("the OpenPGP key has no signature of its own on a user id")
	}
	for _, begin := range []time.Time{entity.PrimaryKey.CreationTime, signature.CreationTime} {
		if begin.After(now) {
			now = begin
		}
	}
	if entity.Revoked(now) || identity != nil && identity.Revoked(now) {
		return now, errUnfit("the OpenPGP key is revoked")
	}
	if entity.PrimaryKey.KeyExpired(signature, now) || signature.SigExpired(now) {
		return now, errExpired()
	}
	return now, nil
}

// fillOpenPGP takes what the certificate says about key: its public half, and the
// validity, to which that of e is cut.
func (e *entry) fillOpenPGP(key openpgp.Key, from time.Time) error {
	if len(e.OpenPGP) > maxOpenPGPBytes || len(key.Entity.Subkeys) > maxOpenPGPSubkeys {
		return errUnfit("an OpenPGP certificate has at most 64 kB and 32 subkeys (gpg --export-options export-minimal leaves out the signatures of others)")
	}
	public, ok := key.PublicKey.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errUnfit("the OpenPGP key that is to be used is not RSA, which Google asks for")
	}
	if err := checkRSAPublic(public); err != nil {
		return err
	}
	signature, _ := key.Entity.PrimarySelfSignature()
	e.narrow(from, openPGPEnd(key.Entity.PrimaryKey, signature))
	e.narrow(from, openPGPEnd(key.PublicKey, key.SelfSignature))
	return e.fillPublic(public)
}

// openPGPEnd returns when a key or the signature that carries it ends, whichever is
// first; zero is never.
func openPGPEnd(key *packet.PublicKey, signature *packet.Signature) time.Time {
	keyEnd := after(key.CreationTime, signature.KeyLifetimeSecs)
	signatureEnd := after(signature.CreationTime, signature.SigLifetimeSecs)
	if keyEnd.IsZero() || !signatureEnd.IsZero() && signatureEnd.Before(keyEnd) {
		return signatureEnd
	}
	return keyEnd
}

// after adds a lifetime in seconds, for which nil and 0 mean without end.
func after(begin time.Time, lifetime *uint32) time.Time {
	if lifetime == nil || *lifetime == 0 {
		return time.Time{}
	}
	return begin.Add(time.Duration(*lifetime) * time.Second)
}

// addOpenPGP gives k its certificate, and finds k's public half in it.
func (e *entry) addOpenPGP(k *keys.Key) error {
	entity, err := readEntity(e.OpenPGP)
	if err != nil {
		return errors.New("its OpenPGP certificate does not parse")
	}
	candidates := []*packet.PublicKey{entity.PrimaryKey}
	for _, sub := range entity.Subkeys {
		candidates = append(candidates, sub.PublicKey)
	}
	for _, c := range candidates {
		if samePublic(k.Public, c.PublicKey) {
			k.OpenPGP = &keys.OpenPGP{Certificate: e.OpenPGP, Created: c.CreationTime.UTC()}
			return nil
		}
	}
	return errors.New("its public key is not in its OpenPGP certificate")
}

// armorCertificate returns the ASCII armor in which operators send certificates.
func armorCertificate(certificate []byte) ([]byte, error) {
	var text bytes.Buffer
	w, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
	if err != nil {
		return nil, fmt.Errorf("armor: %w", err)
	}
	_, err = w.Write(certificate)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("armor: %w", err)
	}
	return append(text.Bytes(), '\n'), nil
}
