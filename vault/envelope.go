package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// envelope is what is sealed under a data key of its own, as a row has it:
//
//	Sealed     = version of the row (1 byte) ‖ AES-256-GCM(data key, plaintext)
//	WrappedKey = KEK.Wrap(data key)
//
// GCM is cipher.NewGCMWithRandomNonce: nonce (12) ‖ ciphertext ‖ tag (16). A data
// key seals once, so that its nonce cannot repeat.
//
// Associated data is a sequence of fields, each behind its length in 4 bytes, so
// that no two sequences give the same bytes:
//
//	of Sealed:     the kind's tag and the version, what names the row
//	of WrappedKey: the kind's other tag, what names the row, id of the KEK
//
// The tags keep an envelope of one kind from passing for one of another. The KEK's id is
// bound to the wrapped key alone, for a rotation replaces the wrapped key and leaves what is
// sealed. Binding it keeps an attacker from naming another key version than the one that
// wrapped.
type envelope struct {
	Sealed, WrappedKey []byte
	KEK                string
}

// isEmpty reports whether nothing of an envelope is there.
func (e envelope) isEmpty() bool { return len(e.Sealed)+len(e.WrappedKey)+len(e.KEK) == 0 }

const dataKeyBytes = 32

// reasonNoKey is the reason where the key that is needed is not in the key store.
const reasonNoKey = "key_unavailable"

// sealedKind is a kind of envelopes.
type sealedKind struct {
	name        string            // "card"
	fault       *walletport.Error // of those that were not written as they stand
	tag, keyTag string            // of Sealed, before the version; of WrappedKey
}

// binding binds an envelope to its row.
type binding struct {
	*sealedKind

	card walletport.CardID // for operators; 0 for what is no card
	row  []byte            // the fields that name the row
}

// bind binds an envelope to a row that texts name.
func (k *sealedKind) bind(texts ...string) binding {
	b := binding{sealedKind: k}
	for _, text := range texts {
		b.row = appendField(b.row, text)
	}
	return b
}

func (b binding) data(version byte) []byte {
	return append(appendTag(nil, b.tag, version), b.row...)
}

func (b binding) keyData(kek keys.ID) []byte {
	return appendField(append(appendField(nil, b.keyTag), b.row...), string(kek))
}

// seal seals plain under a fresh data key, which kek wraps.
func (b binding) seal(kek *keys.Key, version byte, plain []byte) (envelope, error) {
	var dataKey [dataKeyBytes]byte
	defer clear(dataKey[:])
	if _, err := io.ReadFull(rand.Reader, dataKey[:]); err != nil {
		return envelope{}, fmt.Errorf("seal %s: %w", b.name, err)
	}
	aead, err := newAEAD(dataKey[:])
	if err != nil {
		return envelope{}, fmt.Errorf("seal %s: %w", b.name, err)
	}
	sealed := make([]byte, 1, 1+len(plain)+aead.Overhead())
	sealed[0] = version
	sealed = aead.Seal(sealed, nil, plain, b.data(version)) //nolint:gosec // G407: this AEAD takes no nonce, it draws one
	wrapped, err := kek.KEK.Wrap(dataKey[:], b.keyData(kek.ID))
	if err != nil {
		return envelope{}, fmt.Errorf("seal %s: %w", b.name, err)
	}
	return envelope{Sealed: sealed, WrappedKey: wrapped, KEK: string(kek.ID)}, nil
}

// open returns what seal sealed for the same row, of any version up to newest. The caller
// wipes it. The error is CodeUnavailable, reason key_unavailable, or CodeInternal with the
// reason of the kind.
func (b binding) open(ring *keys.Ring, e envelope, newest byte) ([]byte, error) {
	if version := versionOf(e.Sealed); version == 0 || version > newest {
		return nil, b.damaged(e.KEK, "the sealed "+b.name+" has a version that this program does not know")
	}
	kek, ok := ring.ByID(keys.ID(e.KEK))
	if !ok || kek.KEK == nil {
		return nil, walletport.Errorf(walletport.CodeUnavailable, reasonNoKey, "the key that seals this %s is not in the key store", b.name)
	}
	dataKey, err := kek.KEK.Unwrap(e.WrappedKey, b.keyData(kek.ID))
	if err != nil {
		return nil, b.damaged(e.KEK, "the data key does not unwrap")
	}
	defer clear(dataKey)
	aead, err := newAEAD(dataKey)
	if err != nil || len(dataKey) != dataKeyBytes {
		return nil, b.damaged(e.KEK, "the data key is malformed")
	}
	plain, err := aead.Open(nil, nil, e.Sealed[1:], b.data(e.Sealed[0]))
	if err != nil {
		return nil, b.damaged(e.KEK, "the sealed "+b.name+" does not open")
	}
	return plain, nil
}

// rewrap moves a wrapped data key from old to target.
func (b binding) rewrap(wrapped []byte, old, target *keys.Key) ([]byte, error) {
	dataKey, err := b.unwrap(wrapped, old)
	if err != nil {
		return nil, err
	}
	defer clear(dataKey)
	return target.KEK.Wrap(dataKey, b.keyData(target.ID))
}

// unwrap returns a data key, which the caller wipes. It fails if kek was destroyed.
func (b binding) unwrap(wrapped []byte, kek *keys.Key) ([]byte, error) {
	if kek.KEK == nil {
		return nil, fmt.Errorf("the key %s was destroyed", kek.ID)
	}
	return kek.KEK.Unwrap(wrapped, b.keyData(kek.ID))
}

// damaged is the error of a row that was not written as it stands: what tells operators why.
func (b binding) damaged(kek, what string) error {
	label := b.name
	if b.card != 0 {
		label += " " + b.card.String()
	}
	return b.fault.WithCause(fmt.Errorf("%s under %s: %s", label, kek, what))
}

// versionOf returns the version of sealed bytes, 0 if there are none. It is to be believed
// once they have opened.
func versionOf(sealed []byte) byte {
	if len(sealed) == 0 {
		return 0
	}
	return sealed[0]
}

// isZeros reports whether padding is what every kind pads its plaintext with.
func isZeros(padding []byte) bool { return len(bytes.TrimLeft(padding, "\x00")) == 0 }

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
