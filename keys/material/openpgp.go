package material

import (
	"bytes"
	"cmp"
	"crypto/rsa"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/seal"
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

// openPGPKey is a parsed or generated OpenPGP key.
type openPGPKey struct {
	entity *openpgp.Entity
	public []byte // the packets as they came, when none of them holds a private half
}

// parseOpenPGP reads one transferable key, public or private (RFC 4880 sections
// 11.1 and 11.2), in ASCII armor or binary. Whether it serves is not judged here: see
// judge.
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
		return material{}, errMalformed("the OpenPGP key is damaged")
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
	if len(data) > 0 && data[0] >= 0x80 {
		return data, nil
	}
	if bytes.Count(data, []byte("-----BEGIN PGP ")) > 1 {
		return nil, errManyKeys()
	}
	block, err := armor.Decode(bytes.NewReader(data))
	switch {
	case err == nil && block.Type != openpgp.PublicKeyType && block.Type != openpgp.PrivateKeyType:
		return nil, errMalformed("the file is an OpenPGP message or signature, not a key")
	case err != nil && bytes.Contains(data, []byte("-----BEGIN PGP ")):
		return nil, errMalformed("the ASCII armor is damaged")
	case err != nil:
		return nil, errUnread(data, "the file is no OpenPGP key, neither in ASCII armor nor binary")
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

// judge reads a certificate as those who seal with it do. What it refuses would be
// refused at each call, and what it takes serves.
func judge(certificate []byte) (*seal.OpenPGPCertificate, error) {
	judged, err := seal.ParseOpenPGPCertificate(certificate)
	switch {
	case errors.Is(err, seal.ErrOpenPGPTooLarge):
		return nil, errUnfit("an OpenPGP certificate has at most 64 kB and 32 subkeys (gpg --export-options export-minimal leaves out the signatures of others)")
	case err != nil:
		return nil, errMalformed("the OpenPGP key is damaged, or something follows it")
	}
	return judged, nil
}

// fillOPCEncryption takes Google's public key. A private half has no business here:
// whoever holds it reads the cards that all issuers send.
func (m material) fillOPCEncryption(k *Key, now time.Time) error {
	if m.openPGP.public == nil {
		return errUnfit("an opc-encryption key is Google's OpenPGP public key, without a private key; the file holds a private key (gpg --export writes the public half)")
	}
	certificate, err := judge(m.openPGP.public)
	if err != nil {
		return err
	}
	serving, err := certificate.EncryptionFrom(now)
	if err != nil {
		return whyNotEncryption(m.openPGP.entity, err, now)
	}
	k.OpenPGP = m.openPGP.public
	k.narrow(serving.From, serving.Until)
	return k.setPublic(serving.Public)
}

// whyNotEncryption finds words for a certificate that nothing is sealed to.
func whyNotEncryption(entity *openpgp.Entity, refusal error, now time.Time) error {
	if err := whyNot(entity, now); err != nil {
		return err
	}
	subkeys, revoked := 0, 0
	for i := range entity.Subkeys {
		sub := &entity.Subkeys[i]
		binding, err := sub.LatestValidBindingSignature(time.Time{}, nil)
		if err != nil {
			return errMalformed("a subkey of the OpenPGP key is damaged, or its signature does not verify")
		}
		if !binding.FlagEncryptCommunications && !binding.FlagEncryptStorage {
			continue
		}
		subkeys++
		if sub.Revoked(binding, now) {
			revoked++
		}
	}
	switch {
	case subkeys == 0 && len(entity.Subkeys) > 0:
		return errUnfit("the OpenPGP key signs only: it has no subkey that may encrypt")
	case subkeys == 0:
		return errUnfit("the OpenPGP key has no subkey, and no card is sealed to a primary key")
	case subkeys == revoked:
		return errUnfit("the OpenPGP key has no subkey that may encrypt and is not revoked")
	case errors.Is(refusal, seal.ErrRecipientExpired):
		return errExpired()
	}
	return errUnfit("the OpenPGP key has no RSA encryption subkey of 2048 to 8192 bits, which Google asks for")
}

// whyNot finds words for a key of which nothing serves.
func whyNot(entity *openpgp.Entity, now time.Time) error {
	signature, err := entity.PrimarySelfSignature(time.Time{}, nil)
	switch {
	case entity.Revoked(now):
		return errUnfit("the OpenPGP key is revoked")
	case err != nil:
		return errMalformed("the OpenPGP key is damaged: it has no signature of its own that verifies")
	case entity.PrimaryKey.KeyExpired(signature, now) || signature.SigExpired(now):
		return errExpired()
	}
	return nil
}

// fillOPCSigning takes the issuer's signing key. Of all private halves in the file
// only that one is kept: nobody encrypts to the issuer.
func (m material) fillOPCSigning(k *Key, now time.Time) error {
	entity := m.openPGP.entity
	var text bytes.Buffer
	if err := entity.Serialize(&text); err != nil {
		return errMalformed("the OpenPGP key is damaged")
	}
	certificate, err := judge(text.Bytes())
	if err != nil {
		return err
	}
	private, serving, err := signingHalf(entity, certificate, now)
	if err != nil {
		return err
	}
	if err := checkRSAPrivate(private); err != nil {
		return err
	}
	if err := (material{private: private}).fillPair(k); err != nil {
		return err
	}
	k.OpenPGP = text.Bytes()
	k.narrow(serving.From, serving.Until)
	return nil
}

// signingHalf returns the newest key that may sign and whose private half is there,
// subkeys first, as GnuPG chooses.
func signingHalf(entity *openpgp.Entity, certificate *seal.OpenPGPCertificate, now time.Time) (*rsa.PrivateKey, seal.OpenPGPServing, error) {
	var refusal error
	halves := []*packet.PrivateKey{entity.PrivateKey}
	publics := []*packet.PublicKey{entity.PrimaryKey}
	for i := range entity.Subkeys {
		halves, publics = append(halves, entity.Subkeys[i].PrivateKey), append(publics, entity.Subkeys[i].PublicKey)
	}
	for i, half := range slices.Backward(halves) {
		public, ok := publics[i].PublicKey.(*rsa.PublicKey)
		if !ok {
			continue
		}
		serving, err := certificate.SigningFrom(public, now)
		if err != nil {
			continue
		}
		private, err := openHalf(half)
		if err == nil {
			return private, serving, nil
		}
		refusal = cmp.Or(refusal, err)
	}
	return nil, seal.OpenPGPServing{}, cmp.Or(refusal, whyNotSigning(entity, now))
}

// openHalf returns the private half as it lies in the file.
func openHalf(half *packet.PrivateKey) (*rsa.PrivateKey, error) {
	switch {
	case half == nil, half.Dummy():
		return nil, errUnfit("the file lacks the private half of the signing key (gpg --export-secret-keys writes it)")
	case half.Encrypted:
		return nil, walletport.Errorf(walletport.CodeInvalid, "key_encrypted",
			"the OpenPGP private key is under a passphrase; take it off in a copy of the keyring (gpg --edit-key KEY passwd), then gpg --export-secret-keys KEY into the import's standard input")
	}
	private, ok := half.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		return nil, errUnfit("an opc-signing key is an OpenPGP RSA key")
	}
	return private, nil
}

func whyNotSigning(entity *openpgp.Entity, now time.Time) error {
	if err := whyNot(entity, now); err != nil {
		return err
	}
	return errUnfit("the OpenPGP key has no RSA key or subkey of 2048 to 8192 bits that may sign now")
}
