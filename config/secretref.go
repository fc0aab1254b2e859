package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/walletport/walletport/disk"
)

// SecretRef says where a secret is, never what it is: "file:PATH" or "env:NAME".
type SecretRef string

// maxSecretFileBytes bounds passphrases and passwords.
const maxSecretFileBytes = 64 << 10

var errNoReference = errors.New("a secret is given as file:PATH or env:NAME")

// validate refuses what is no reference; empty is none. The error repeats nothing
// of it: it may be the secret itself.
func (r SecretRef) validate(name string) error {
	kind, place, _ := strings.Cut(string(r), ":")
	if r == "" || (kind == "file" || kind == "env") && place != "" {
		return nil
	}
	return fmt.Errorf("%s: %w", name, errNoReference)
}

// relativeTo makes a relative file count from folder.
func (r SecretRef) relativeTo(folder string) SecretRef {
	path, isFile := strings.CutPrefix(string(r), "file:")
	if !isFile || path == "" || filepath.IsAbs(path) {
		return r
	}
	return SecretRef("file:" + filepath.Join(folder, path))
}

// Resolve reads the secret. One trailing line break is dropped. The error names
// the place and never the content.
func (r SecretRef) Resolve() ([]byte, error) {
	kind, place, _ := strings.Cut(string(r), ":")
	if place == "" {
		return nil, errNoReference
	}
	switch kind {
	case "file":
		text, err := disk.ReadArgument(place, maxSecretFileBytes)
		if err != nil {
			return nil, fmt.Errorf("read secret: %w", err)
		}
		return nonEmpty(bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")), string(r))
	case "env":
		return nonEmpty([]byte(os.Getenv(place)), string(r))
	}
	return nil, errNoReference
}

func nonEmpty(secret []byte, place string) ([]byte, error) {
	if len(secret) == 0 {
		return nil, fmt.Errorf("the secret at %s is empty", place)
	}
	return secret, nil
}
