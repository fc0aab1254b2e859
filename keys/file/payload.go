package file

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// What follows the header of an age file (age-encryption.org/v1, "Payload"): 16 random bytes, and
// the content in chunks of 64 KiB, each sealed by ChaCha20-Poly1305.
const (
	payloadNonceBytes = 16
	sealedChunkBytes  = 64<<10 + chacha20poly1305.Overhead
)

// openHeader returns what follows the header of an age file, and the key of it.
func openHeader(sealed []byte, identity age.Identity) (fileKey, payload []byte, err error) {
	header, err := age.ExtractHeader(bytes.NewReader(sealed))
	if err != nil {
		return nil, nil, err
	}
	payload, ok := bytes.CutPrefix(sealed, header)
	if !ok {
		return nil, nil, errors.New("its header is spelled in another way than age does")
	}
	fileKey, err = age.DecryptHeader(header, identity)
	return fileKey, payload, err
}

var errPayload = errors.New("what follows its header was changed or is cut")

// openPayload returns the content of an age file. The package age opens it as well, but leaves
// copies of every chunk, and of the private keys in it, in memory that nobody overwrites. Here the
// content is in what is returned alone, and the caller clears that.
func openPayload(fileKey, payload []byte) ([]byte, error) {
	if len(payload) < payloadNonceBytes+chacha20poly1305.Overhead {
		return nil, errPayload
	}
	key, err := hkdf.Key(sha256.New, fileKey, payload[:payloadNonceBytes], "payload", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	sealed := payload[payloadNonceBytes:]
	plain := make([]byte, 0, len(sealed)) // room for all of it: a buffer that grew would leave keys behind
	var nonce [chacha20poly1305.NonceSize]byte
	for number := uint64(0); len(sealed) > 0; number++ {
		chunk := sealed[:min(len(sealed), sealedChunkBytes)]
		sealed = sealed[len(chunk):]
		binary.BigEndian.PutUint64(nonce[3:11], number)
		if len(sealed) == 0 {
			nonce[11] = 1 // the last one
		}
		opened, err := aead.Open(plain, nonce[:], chunk, nil)
		if err != nil || number > 0 && len(opened) == len(plain) { // an empty chunk is the only one
			clear(plain)
			return nil, errPayload
		}
		plain = opened
	}
	return plain, nil
}
