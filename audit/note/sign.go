package note

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	sumnote "golang.org/x/mod/sumdb/note"
)

// Sign returns the checkpoint as a note signed with an Ed25519 key, whose name is the
// origin. The key may sign other things too: no text begins with a zero byte, and all
// that package audit signs does.
func Sign(c Checkpoint, key crypto.Signer) (string, error) {
	if key == nil {
		return "", errors.New("the key is here with its public half alone, which signs nothing")
	}
	verifier, err := LogKey(c.Origin, key.Public())
	if err != nil {
		return "", err
	}
	text, err := sumnote.Sign(&sumnote.Note{Text: c.text()}, signer{verifier, key})
	if err != nil {
		return "", fmt.Errorf("sign the note of %d records: %w", c.Size, err)
	}
	return string(text), nil
}

// signer is a custodian's key as notes are signed with it.
type signer struct {
	verifier sumnote.Verifier
	key      crypto.Signer
}

var _ sumnote.Signer = signer{}

func (s signer) Name() string    { return s.verifier.Name() }
func (s signer) KeyHash() uint32 { return s.verifier.KeyHash() }

// Sign signs the message itself: Ed25519 hashes it, which crypto.Signer spells as a zero
// hash.
func (s signer) Sign(text []byte) ([]byte, error) {
	return s.key.Sign(rand.Reader, text, crypto.Hash(0))
}

// LogKey returns the verifier of what a log of that name signs with an Ed25519 key.
func LogKey(name string, public crypto.PublicKey) (sumnote.Verifier, error) {
	text, err := EncodeLogKey(name, public)
	if err != nil {
		return nil, err
	}
	return sumnote.NewVerifier(text)
}

// EncodeLogKey returns a log's name and key as programs for notes take them (vkey):
// name+id+base64.
func EncodeLogKey(name string, public crypto.PublicKey) (string, error) {
	key, ok := public.(ed25519.PublicKey)
	if !ok || len(key) != ed25519.PublicKeySize {
		return "", errors.New("the key is no Ed25519 key")
	}
	if !ValidName(name) {
		return "", malformed("the name %.60q has a space or a plus sign, or is empty", name)
	}
	return sumnote.NewEd25519VerifierKey(name, key)
}

// ParseLogKey reads what EncodeLogKey returned.
func ParseLogKey(text string) (name string, public ed25519.PublicKey, err error) {
	v, err := sumnote.NewVerifier(text)
	if err != nil {
		return "", nil, malformed("a log's key is name+id+base64: %v", err)
	}
	parts := strings.SplitN(text, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return "", nil, malformed("a log's key is name+id+base64: %v", err)
	}
	return v.Name(), raw[1:], nil // behind the algorithm
}

// ValidName reports whether a log or a witness can have that name.
func ValidName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.ContainsRune(name, '+') && strings.IndexFunc(name, notInName) < 0
}

func notInName(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
