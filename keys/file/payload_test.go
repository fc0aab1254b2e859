package file_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/walletport/walletport/keys/file"
)

const (
	chunkBytes       = 64 << 10 // of an age file
	sealedChunkBytes = chunkBytes + 16
)

// sealedOf seals random bytes, and says where the first chunk begins.
func sealedOf(t *testing.T, n int) (secret file.Secret, plain, sealed []byte, first int) {
	t.Helper()
	secret = newConfig(t).Secret
	plain = make([]byte, n)
	_, _ = rand.Read(plain)
	sealed, err := file.SealPlain(secret, plain)
	must(t, err)
	header, err := age.ExtractHeader(bytes.NewReader(sealed))
	must(t, err)
	return secret, plain, sealed, len(header) + 16
}

// TestTheContentIsThatOfAge, for each number of chunks and each way to end one.
func TestTheContentIsThatOfAge(t *testing.T) {
	for _, n := range []int{0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes, 3*chunkBytes + 77} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			secret, plain, sealed, _ := sealedOf(t, n)
			if opened, err := file.OpenSealed(secret, sealed); err != nil || !bytes.Equal(opened, plain) {
				t.Errorf("it opens to %d bytes, error %v", len(opened), err)
			}
		})
	}
}

func TestContentThatWasChangedDoesNotOpen(t *testing.T) {
	secret, _, sealed, first := sealedOf(t, 2*chunkBytes+500)
	second, third := first+sealedChunkBytes, first+2*sealedChunkBytes
	for name, changed := range map[string][]byte{
		"nothing":             sealed[:first-16],
		"no chunk":            sealed[:first],
		"half a tag":          sealed[:first+8],
		"a chunk that is cut": sealed[:second-1],
		"one chunk of three":  sealed[:second],
		"two chunks of three": sealed[:third],
		"the end is cut":      sealed[:len(sealed)-1],
		"more at the end":     append(bytes.Clone(sealed), 0),
		"a chunk more":        slices.Concat(sealed, sealed[third:]),
		"the order":           slices.Concat(sealed[:first], sealed[second:third], sealed[first:second], sealed[third:]),
		"the first is gone":   slices.Concat(sealed[:first], sealed[second:]),
		"another nonce":       changedAt(sealed, first-1),
		"a byte of the first": changedAt(sealed, first),
		"a byte of the last":  changedAt(sealed, len(sealed)-20),
	} {
		t.Run(name, func(t *testing.T) {
			if opened, err := file.OpenSealed(secret, changed); err == nil || opened != nil {
				t.Errorf("it opens to %d bytes", len(opened))
			}
		})
	}
}

// TestAnEmptyChunkBehindAFullOneDoesNotOpen: age takes one content in one form alone.
func TestAnEmptyChunkBehindAFullOneDoesNotOpen(t *testing.T) {
	secret, plain, sealed, first := sealedOf(t, chunkBytes)
	fileKey, payload, err := file.OpenHeader(secret, sealed)
	must(t, err)
	key, err := hkdf.Key(sha256.New, fileKey, payload[:16], "payload", chacha20poly1305.KeySize)
	must(t, err)
	aead, err := chacha20poly1305.New(key)
	must(t, err)
	nonceOf := func(number, last byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number, last} }
	head := sealed[:first]
	whole := slices.Concat(head, aead.Seal(nil, nonceOf(0, 1), plain, nil))
	if !bytes.Equal(whole, sealed) {
		t.Fatal("the test does not seal as age does")
	}
	more := slices.Concat(head, aead.Seal(nil, nonceOf(0, 0), plain, nil), aead.Seal(nil, nonceOf(1, 1), nil, nil))
	if opened, err := file.OpenSealed(secret, more); err == nil || opened != nil {
		t.Errorf("it opens to %d bytes", len(opened))
	}
}

func changedAt(sealed []byte, i int) []byte {
	changed := bytes.Clone(sealed)
	changed[i] ^= 1
	return changed
}
