package file

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/disk"
)

// Secret is what seals a key store: a passphrase or the content of a key file.
// It prints as "[secret]". The zero Secret is refused.
type Secret struct{ of *secretText }

type secretText struct {
	text       string
	workFactor int    // scrypt's log2(N)
	kind       string // "passphrase" or "key file", for errors
}

// The work factors of scrypt, log2(N) with r = 8: memory is 1 KiB times N.
//
// A passphrase has little entropy, so each guess has to be costly: 2^18 takes 256 MiB
// and most of a second. A key file has 256 random bits: nobody guesses them, however
// cheap a guess is, so 2^10 (1 MiB, a few milliseconds) serves. It is not lower only
// to stay within what age's own tools write.
const (
	passphraseWorkFactor = 18
	keyFileWorkFactor    = 10
	// maxWorkFactor bounds what a forged header can make this process spend before
	// it notices: 1 GiB.
	maxWorkFactor = 20
)

// MinPassphraseBytes is the length that a passphrase must have.
const MinPassphraseBytes = 12

// Passphrase makes a Secret of a passphrase of at least 12 bytes. Each opening
// takes 256 MiB for most of a second; a key file does not.
func Passphrase(text []byte) (Secret, error) {
	if len(text) < MinPassphraseBytes {
		return Secret{}, walletport.Errorf(walletport.CodeInvalid, "keystore_secret", "the passphrase must have at least %d bytes", MinPassphraseBytes)
	}
	return Secret{&secretText{text: string(text), workFactor: passphraseWorkFactor, kind: "passphrase"}}, nil
}

// keyFileBytes is the entropy of a key file, which holds it in standard base64.
const keyFileBytes = 32

// KeyFile makes a Secret of the key file at path: 32 random bytes in standard
// base64 on one line, unreadable for others.
func KeyFile(path string) (Secret, error) {
	content, err := readPrivateFile(path, "key file")
	if err != nil {
		return Secret{}, err
	}
	defer clear(content)
	raw, err := base64.StdEncoding.DecodeString(string(content)) // it passes over line breaks
	if err != nil || len(raw) != keyFileBytes {
		return Secret{}, walletport.Errorf(walletport.CodeInvalid, "keystore_secret", "the key file must hold 32 random bytes in base64 (openssl rand -base64 32)")
	}
	defer clear(raw)
	return Secret{&secretText{text: base64.StdEncoding.EncodeToString(raw), workFactor: keyFileWorkFactor, kind: "key file"}}, nil
}

// CreateKeyFile writes a new key file, which belongs to whom its folder belongs to
// (see disk.Create). It never replaces a file. A reason of its errors is file_owner.
func CreateKeyFile(path string) error {
	raw := make([]byte, keyFileBytes)
	defer clear(raw)
	if _, err := io.ReadFull(rand.Reader, raw); err != nil {
		return fmt.Errorf("random bytes: %w", err)
	}
	f, err := disk.Create(path, disk.Secret)
	if walletport.ReasonOf(err) == disk.ReasonOwner {
		return err
	}
	if err == nil {
		_, err = f.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
		err = disk.CloseDurably(f, err)
	}
	if err != nil {
		return errUnavailable("the key file cannot be made", err)
	}
	return nil
}

// Format writes a mask for every verb.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "[secret]") }

func (s Secret) recipient() (*age.ScryptRecipient, error) {
	if s.of == nil {
		return nil, errNoSecret()
	}
	r, err := age.NewScryptRecipient(s.of.text)
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(s.of.workFactor)
	return r, nil
}

func (s Secret) identity() (*age.ScryptIdentity, error) {
	if s.of == nil {
		return nil, errNoSecret()
	}
	i, err := age.NewScryptIdentity(s.of.text)
	if err != nil {
		return nil, err
	}
	i.SetMaxWorkFactor(maxWorkFactor)
	return i, nil
}

func errNoSecret() error {
	return walletport.Errorf(walletport.CodeInvalid, "keystore_secret", "the key store needs a passphrase or a key file")
}
