package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sim/vtssim"
)

// The names that Visa would have given the sandbox's secrets.
const (
	pushKeyID = "SANDBOXPUSHKEY00000000000000000000000000000000001" // 49 characters, as Visa's
	wsdKeySet = "401200.1"
)

// vtsSecrets are what the simulated Visa shares with the issuer. The key store gives
// no secret out again, so that the other side keeps its own copy.
type vtsSecrets struct {
	PushKeyID        string `json:"pushKeyId"`
	PushSharedSecret string `json:"pushSharedSecret"` // exactly this text is hashed
	WSDKeySet        string `json:"wsdKeySet"`
	WSDKey           string `json:"wsdKey"` // hex of 16 bytes
}

// openVTSSecrets reads the secrets at path, or makes and writes them.
func openVTSSecrets(path string) (vtsSecrets, error) {
	var s vtsSecrets
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if s, err = makeVTSSecrets(); err != nil {
			return s, fmt.Errorf("simulated VTS secrets: %w", err)
		}
		if text, err = json.MarshalIndent(s, "", "  "); err == nil {
			err = writeFileAtomically(path, append(text, '\n'))
		}
	}
	if err != nil {
		return s, fmt.Errorf("simulated VTS secrets: %w", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("simulated VTS secrets %s: %w", path, err)
	}
	return s, nil
}

func makeVTSSecrets() (vtsSecrets, error) {
	random := make([]byte, 30+keys.TDEABytes)
	if _, err := io.ReadFull(rand.Reader, random); err != nil {
		return vtsSecrets{}, err
	}
	return vtsSecrets{
		PushKeyID: pushKeyID, PushSharedSecret: base64.RawURLEncoding.EncodeToString(random[:30]),
		WSDKeySet: wsdKeySet, WSDKey: hex.EncodeToString(random[30:]),
	}, nil
}

// share puts the secrets into the issuer's key store, where they are not there yet.
func (s vtsSecrets) share(ctx context.Context, custody keys.Custodian) error {
	push := keys.Spec{Purpose: keys.VTSPush, Alias: s.PushKeyID, Activate: true, Sandbox: true}
	wsd := keys.Spec{Purpose: keys.WSD, Alias: s.WSDKeySet, Activate: true, Sandbox: true, AsIs: true} // random bytes: one in 500 looks mistyped
	return errors.Join(importOnce(ctx, custody, push, []byte(s.PushSharedSecret)), importOnce(ctx, custody, wsd, []byte(s.WSDKey)))
}

// keys is what the simulated Visa opens payloads with.
func (s vtsSecrets) keys() (vtssim.Keys, error) {
	wsd, err := hex.DecodeString(s.WSDKey)
	return vtssim.Keys{
		Push:   map[string][]byte{s.PushKeyID: []byte(s.PushSharedSecret)},
		WSD:    map[string][]byte{s.WSDKeySet: wsd},
		MaxAge: visaMaxAge,
	}, err
}

// visaMaxAge is how long the simulated Visa takes a payload after its iat. Visa
// publishes no window; this is what Mastercard suggests for its own payloads.
const visaMaxAge = 30 * time.Minute

// importOnce imports a key unless the store has one of its purpose.
func importOnce(ctx context.Context, custody keys.Custodian, spec keys.Spec, data []byte) error {
	if hasPurpose(custody, spec.Purpose) {
		return nil
	}
	if _, err := custody.Import(ctx, spec, data, nil); err != nil {
		return fmt.Errorf("sandbox key %s: %w", spec.Purpose, err)
	}
	return nil
}

func generateOnce(ctx context.Context, custody keys.Custodian, spec keys.Spec) error {
	if hasPurpose(custody, spec.Purpose) {
		return nil
	}
	if _, err := custody.Generate(ctx, spec); err != nil {
		return fmt.Errorf("sandbox key %s: %w", spec.Purpose, err)
	}
	return nil
}

func hasPurpose(source keys.Source, purpose keys.Purpose) bool {
	for _, k := range source.Current().All() {
		if k.Purpose == purpose {
			return true
		}
	}
	return false
}
