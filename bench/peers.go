package main

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/go-jose/go-jose/v4"
)

// goJose seals a ready-made text as a push payload. Its headers belong to the
// encrypter and iat is a header, so that each payload needs an encrypter.
func goJose(m material) (func() error, error) {
	key := sha256.Sum256([]byte(m.PushSecret))
	recipient := jose.Recipient{Algorithm: jose.A256GCMKW, Key: key[:], KeyID: m.PushKeyID}
	text := []byte(m.PushText)
	return func() error {
		headers := (&jose.EncrypterOptions{}).WithType("JOSE").
			WithHeader("channelSecurityContext", "SHARED_SECRET").
			WithHeader("iat", strconv.FormatInt(time.Now().Unix(), 10))
		encrypter, err := jose.NewEncrypter(jose.A256GCM, recipient, headers)
		if err != nil {
			return err
		}
		sealed, err := encrypter.Encrypt(text)
		if err != nil {
			return err
		}
		_, err = sealed.CompactSerialize()
		return err
	}, nil
}

// goCrypto signs and encrypts a ready-made text by the library's own high-level
// call, which gopenpgp wraps.
func goCrypto(m material) (func() error, error) {
	google, err := readOpenPGPKey(m.Google)
	if err != nil {
		return nil, err
	}
	issuer, err := readOpenPGPKey(m.Issuer)
	if err != nil {
		return nil, err
	}
	config := &packet.Config{DefaultCipher: packet.CipherAES256, DefaultHash: crypto.SHA384}
	return func() error {
		var message bytes.Buffer
		w, err := openpgp.Encrypt(&message, []*openpgp.Entity{google}, nil, []*openpgp.Entity{issuer}, nil, config)
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte(m.OpaqueCard)); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		base64.StdEncoding.EncodeToString(message.Bytes())
		return nil
	}, nil
}

// gnuPG starts gpg for each message, for it has no other way; its agent, which holds
// the key and signs, stays. Both run where this process is pinned.
func gnuPG(m material) (func() error, error) {
	for _, key := range [][]byte{m.Google, m.Issuer} {
		if _, err := gpg(key, "--import"); err != nil {
			return nil, err
		}
	}
	return func() error {
		message, err := gpg([]byte(m.OpaqueCard), "--sign", "--encrypt", "--local-user", "issuer@example.com", "--recipient", "google@example.com",
			"--digest-algo", "SHA384", "--compress-algo", "none", "--trust-model", "always")
		base64.StdEncoding.EncodeToString(message)
		return err
	}, nil
}

// gpg works in the home that GNUPGHOME names (see gnuPGHome).
func gpg(stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.Command("gpg", append([]string{"--batch", "--no-tty", "--quiet"}, args...)...)
	var complaint bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("gpg %s: %w: %s", strings.Join(args, " "), err, complaint.String())
	}
	return out, nil
}

// gnuPGHome makes an empty home for all runs of gpg below this process; the returned
// function ends its agent and removes it.
func gnuPGHome() (remove func(), err error) {
	home, err := os.MkdirTemp("/tmp", "gpg") // short: the path of the agent's socket has a limit
	if err != nil {
		return nil, err
	}
	return func() {
		_ = exec.Command("gpgconf", "--kill", "all").Run() // there may be no agent
		_ = os.RemoveAll(home)
	}, os.Setenv("GNUPGHOME", home)
}
