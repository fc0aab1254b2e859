package file_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/keys/keystest"
)

// Sealed catalogues that a right secret opens, but that make no sense.
func TestOpenRefusesCataloguesItDoesNotUnderstand(t *testing.T) {
	secret32 := bytes.Repeat([]byte{1}, 32)
	kek := func(change func(*file.Entry)) file.Catalogue {
		e := &file.Entry{ID: "vault-kek-v1", Purpose: keys.VaultKEK, Version: 1, State: keys.Active, Secret: secret32}
		change(e)
		return file.Catalogue{Format: 1, Keys: []*file.Entry{e}}
	}
	pair := func(purpose keys.Purpose) file.Catalogue {
		return kek(func(e *file.Entry) {
			e.Purpose, e.Secret = purpose, nil
			e.Public = spkiDER(t, &keystest.MDESKey(t).PublicKey)
			e.Private = pkcs8DER(t, keystest.RSAKey(t))
		})
	}
	opc := func(change func(*file.Entry)) file.Catalogue {
		c := kek(func(e *file.Entry) {
			e.Purpose, e.Secret = keys.OPCEncryption, nil
			e.Public = spkiDER(t, keystest.GoogleKey(t).Subkeys[0].PublicKey.PublicKey)
			e.OpenPGP = publicOf(t, keystest.GoogleKey(t))
		})
		change(c.Keys[0])
		return c
	}
	for _, c := range []struct {
		name   string
		in     file.Catalogue
		reason string
	}{
		{"a good one opens", kek(func(*file.Entry) {}), ""},
		{"another format", file.Catalogue{Format: 2}, "keystore_damaged"},
		{"an unknown purpose", kek(func(e *file.Entry) { e.Purpose = "tap-to-pay" }), "keystore_damaged"},
		{"an unknown state", kek(func(e *file.Entry) { e.State = "lost" }), "keystore_damaged"},
		{"a short secret", kek(func(e *file.Entry) { e.Secret = secret32[:16] }), "keystore_damaged"},
		{"a bad BIN range", kek(func(e *file.Entry) { e.BINs = []string{"1"} }), "keystore_damaged"},
		{"a signing key without its public half", kek(func(e *file.Entry) { e.Purpose = keys.TAVSigning }), "keystore_damaged"},
		{"a private key of another public key", pair(keys.TAVSigning), "keystore_damaged"},
		{"a damaged private key", func() file.Catalogue {
			c := pair(keys.TAVSigning)
			c.Keys[0].Private = []byte{1, 2, 3}
			return c
		}(), "keystore_damaged"},
		{"a damaged certificate", func() file.Catalogue {
			c := pair(keys.MDESEncryption)
			c.Keys[0].Certificate = []byte{1, 2, 3}
			return c
		}(), "keystore_damaged"},
		{"a good OpenPGP certificate opens", opc(func(*file.Entry) {}), ""},
		{"a damaged OpenPGP certificate", opc(func(e *file.Entry) { e.OpenPGP = e.OpenPGP[:100] }), "keystore_damaged"},
		{"an OpenPGP certificate of another key", opc(func(e *file.Entry) { e.OpenPGP = publicOf(t, keystest.OPCSigningKey(t)) }), "keystore_damaged"},
		{"an opc key without its public half", opc(func(e *file.Entry) { e.Public = nil }), "keystore_damaged"},
		{"an opc-signing key without its private half", opc(func(e *file.Entry) { e.Purpose = keys.OPCSigning }), "keystore_damaged"},
		{"an empty shared secret", kek(func(e *file.Entry) { e.Purpose, e.Secret = keys.VTSPush, nil }), "keystore_damaged"},
		{"a WSD key of 32 bytes", kek(func(e *file.Entry) { e.Purpose = keys.WSD }), "keystore_damaged"},
		{"an id that stands twice", func() file.Catalogue {
			c := kek(func(*file.Entry) {})
			c.Keys = append(c.Keys, c.Keys[0])
			return c
		}(), "keystore_damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := newConfig(t)
			sealed, err := file.Seal(config.Secret, c.in)
			must(t, err)
			must(t, os.WriteFile(config.Path, sealed, 0o600))
			_, err = file.Open(config)
			wantReason(t, err, c.reason)
		})
	}
}
