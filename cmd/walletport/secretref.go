package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// secretRef says where a secret is, never what it is: "file:PATH" or "env:NAME".
type secretRef string

// resolve reads the secret. One trailing line break is dropped. The error names
// the place and never the content.
func (r secretRef) resolve() ([]byte, error) {
	kind, place, ok := strings.Cut(string(r), ":")
	if !ok || place == "" {
		return nil, fmt.Errorf("a secret is given as file:PATH or env:NAME")
	}
	switch kind {
	case "file":
		text, err := os.ReadFile(place)
		if err != nil {
			return nil, fmt.Errorf("read secret: %w", err)
		}
		return nonEmpty(bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")), string(r))
	case "env":
		return nonEmpty([]byte(os.Getenv(place)), string(r))
	}
	return nil, fmt.Errorf("a secret is given as file:PATH or env:NAME, not %q", kind+":")
}

func nonEmpty(secret []byte, place string) ([]byte, error) {
	if len(secret) == 0 {
		return nil, fmt.Errorf("the secret at %s is empty", place)
	}
	return secret, nil
}
