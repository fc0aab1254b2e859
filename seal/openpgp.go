package seal

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// OpenPGP signs and encrypts a message for readers that know RFC 4880 only:
//
//	public-key encrypted session key, version 3, RSA
//	symmetrically encrypted integrity protected data, version 1 (MDC), AES-256
//	    one-pass signature, version 3
//	    literal data, binary, without name and date
//	    signature, version 4, of a binary document, RSA
//
// without compression. The packets of RFC 9580 (version 6, AEAD) are never used:
// GnuPG 2.2 does not read them.
type OpenPGP struct {
	Hash  crypto.Hash // of the signature: SHA256, SHA384 or SHA512
	Armor bool        // ASCII armor with a checksum (RFC 4880 section 6) instead of binary
}

// OpenPGPMessage is what one message is made of.
type OpenPGPMessage struct {
	To        *OpenPGPCertificate
	From      OpenPGPSigner
	Time      time.Time // of the signature, to the second; the keys must be good then
	Plaintext []byte
}

// OpenPGPSigner is an RSA key and the certificate that tells who holds it.
type OpenPGPSigner struct {
	Key         crypto.Signer // of the primary key or of a signing subkey
	Certificate *OpenPGPCertificate
}

// The errors of OpenPGP.Seal that tell whose key is at fault.
var (
	ErrRecipientUnfit   = errors.New("seal: the certificate has no RSA encryption subkey of 2048 to 8192 bits and version 4")
	ErrRecipientExpired = errors.New("seal: the encryption subkey has expired, is revoked or is not valid yet")
	ErrSignerUnfit      = errors.New("seal: the certificate does not let this key sign at this time, or it is not RSA of 2048 to 8192 bits and version 4")
	ErrNotSigned        = errors.New("seal: the key's custodian did not sign")
)

const openPGPSessionBytes = 32 // AES-256

// Validate reports why nothing can be sealed, or nil.
func (o OpenPGP) Validate() error {
	if o.Hash != crypto.SHA256 && o.Hash != crypto.SHA384 && o.Hash != crypto.SHA512 {
		return errors.New("seal: an OpenPGP signature has SHA-256, SHA-384 or SHA-512")
	}
	return nil
}

// Seal signs the plaintext, then encrypts it together with the signature. random
// is crypto/rand.Reader outside of tests; it gives the session key first, then the
// padding of its encryption, then the data's 16 random bytes. Seal keeps nothing
// of m, and the plaintext is the caller's to wipe; no buffer that held it is left to
// the garbage collector.
func (o OpenPGP) Seal(random io.Reader, m OpenPGPMessage) ([]byte, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	to, err := m.To.encryptionKey(m.Time)
	if err != nil {
		return nil, err
	}
	by, err := m.From.Certificate.signingKey(m.From.Key, m.Time)
	if err != nil {
		return nil, err
	}
	config := &packet.Config{
		Rand: random,
		Time: func() time.Time { return m.Time },
		// No random notation in the signature: it guards elliptic curve signers.
		NonDeterministicSignaturesViaNotation: new(false),
	}
	signature, err := o.sign(config, by, m)
	if err != nil {
		return nil, err
	}
	message, err := encryptOpenPGP(config, to, signature, m.Plaintext)
	if err != nil || !o.Armor {
		return message, err
	}
	return armored(message)
}

func (o OpenPGP) sign(config *packet.Config, by *packet.PublicKey, m OpenPGPMessage) (*packet.Signature, error) {
	signature := &packet.Signature{
		Version:      by.Version,
		SigType:      packet.SigTypeBinary,
		PubKeyAlgo:   by.PubKeyAlgo,
		Hash:         o.Hash,
		CreationTime: m.Time,
		IssuerKeyId:  &by.KeyId,
	}
	h := o.Hash.New()
	defer overwrite(h)
	h.Write(m.Plaintext)
	// Built by hand, as packet.NewSignerPrivateKey panics on the signers of an HSM
	// (go-crypto 1.5.2). The certificate's own packet brings creation time and
	// fingerprint.
	custodian := &custodySigner{Signer: m.From.Key}
	if err := signature.Sign(h, &packet.PrivateKey{PublicKey: *by, PrivateKey: custodian}, config); err != nil {
		return nil, fmt.Errorf("sign OpenPGP message: %w", err)
	}
	if custodian.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSigned, custodian.err)
	}
	return signature, nil
}

// overwrite pushes zeros through a hash, for its state keeps the last bytes that it
// was given, and Reset leaves them there.
func overwrite(h hash.Hash) {
	zeros := make([]byte, h.BlockSize())
	h.Reset()
	h.Write(zeros[1:]) // less than a block, which is copied
	h.Write(zeros[:1])
}

// custodySigner keeps the error of a custodian, which packet.Signature.Sign drops
// (go-crypto 1.5.2).
type custodySigner struct {
	crypto.Signer
	err error
}

func (s *custodySigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := s.Signer.Sign(random, digest, opts)
	s.err = err
	return signature, err
}

func encryptOpenPGP(config *packet.Config, to *packet.PublicKey, signature *packet.Signature, plaintext []byte) ([]byte, error) {
	session := make([]byte, openPGPSessionBytes)
	defer clear(session)
	if _, err := io.ReadFull(config.Rand, session); err != nil {
		return nil, fmt.Errorf("draw session key: %w", err)
	}
	var message bytes.Buffer
	const noAEAD = false
	if err := packet.SerializeEncryptedKeyAEAD(&message, to, packet.CipherAES256, noAEAD, session, config); err != nil {
		return nil, fmt.Errorf("encrypt session key: %w", err)
	}
	data, err := packet.SerializeSymmetricallyEncrypted(&message, packet.CipherAES256, noAEAD, packet.CipherSuite{}, session, config)
	if err != nil {
		return nil, fmt.Errorf("begin encrypted data: %w", err)
	}
	if err := writeSigned(data, signature, plaintext); err != nil {
		return nil, fmt.Errorf("write encrypted data: %w", err)
	}
	if err := data.Close(); err != nil { // appends the MDC
		return nil, fmt.Errorf("end encrypted data: %w", err)
	}
	return message.Bytes(), nil
}

// writeSigned writes a one-pass signed message (RFC 4880 section 11.3).
func writeSigned(w io.Writer, signature *packet.Signature, plaintext []byte) error {
	announced := &packet.OnePassSignature{
		Version:    3,
		SigType:    signature.SigType,
		Hash:       signature.Hash,
		PubKeyAlgo: signature.PubKeyAlgo,
		KeyId:      *signature.IssuerKeyId,
		IsLast:     true,
	}
	if err := announced.Serialize(w); err != nil {
		return err
	}
	if _, err := w.Write(literalHeader(len(plaintext))); err != nil {
		return err
	}
	if _, err := w.Write(plaintext); err != nil {
		return err
	}
	return signature.Serialize(w)
}

// literalHeader begins a literal packet of binary data without a file name and date
// (RFC 4880 sections 4.2.2 and 5.9). The library's writer makes the same bytes, and
// keeps a copy of the plaintext until it knows the length.
func literalHeader(plaintextBytes int) []byte {
	const newFormat, literalTag = 0xc0, 11
	content := []byte{'b', 0, 0, 0, 0, 0}
	header := []byte{newFormat | literalTag}
	switch n := plaintextBytes + len(content); {
	case n < 192:
		header = append(header, byte(n))
	case n < 8384:
		header = append(header, byte((n-192)>>8)+192, byte(n-192))
	default:
		header = binary.BigEndian.AppendUint32(append(header, 255), uint32(n))
	}
	return append(header, content...)
}

func armored(message []byte) ([]byte, error) {
	var text bytes.Buffer
	const withChecksum = true
	w, err := armor.EncodeWithChecksumOption(&text, "PGP MESSAGE", nil, withChecksum)
	if err != nil {
		return nil, fmt.Errorf("begin armor: %w", err)
	}
	if _, err := w.Write(message); err != nil {
		return nil, fmt.Errorf("write armor: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("end armor: %w", err)
	}
	return text.Bytes(), nil
}
