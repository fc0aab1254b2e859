package file_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/walletport/walletport"
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
			e.Public = keystest.SPKI(t, &keystest.MDESKey(t).PublicKey)
			e.Private = keystest.PKCS8(t, keystest.RSAKey(t))
		})
	}
	opc := func(change func(*file.Entry)) file.Catalogue {
		c := kek(func(e *file.Entry) {
			e.Purpose, e.Secret = keys.OPCEncryption, nil
			e.Public = keystest.SPKI(t, keystest.GoogleKey(t).Subkeys[0].PublicKey.PublicKey)
			e.OpenPGP = keystest.OpenPGPPublic(t, keystest.GoogleKey(t))
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
		{"a destroyed key opens", kek(func(e *file.Entry) { e.State, e.Secret, e.CheckValue = keys.Destroyed, nil, "01020304" }), ""},
		{"a destroyed key whose secret is there", kek(func(e *file.Entry) { e.State = keys.Destroyed }), "keystore_damaged"},
		{"a destroyed pair whose private half is there", func() file.Catalogue {
			c := pair(keys.TAVSigning)
			c.Keys[0].State = keys.Destroyed
			return c
		}(), "keystore_damaged"},
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
		{"an OpenPGP certificate of another key", opc(func(e *file.Entry) { e.OpenPGP = keystest.OpenPGPPublic(t, keystest.OPCSigningKey(t)) }), "keystore_damaged"},
		{"an opc key without its public half", opc(func(e *file.Entry) { e.Public = nil }), "keystore_damaged"},
		{"an opc-signing key without its private half", opc(func(e *file.Entry) { e.Purpose = keys.OPCSigning }), "keystore_damaged"},
		{"an empty shared secret", kek(func(e *file.Entry) { e.Purpose, e.Secret = keys.VTSPush, nil }), "keystore_damaged"},
		{"a WSD key of 32 bytes", kek(func(e *file.Entry) { e.Purpose = keys.WSD }), "keystore_damaged"},
		{"an id that stands twice", func() file.Catalogue {
			c := kek(func(*file.Entry) {})
			c.Keys = append(c.Keys, c.Keys[0])
			return c
		}(), "keystore_damaged"},
		{"a list with null in it", func() file.Catalogue {
			c := kek(func(*file.Entry) {})
			c.Keys = append(c.Keys, nil)
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

// TestJSONThatIsNotOursIsRefused: a member that means something to another version would get lost.
func TestJSONThatIsNotOursIsRefused(t *testing.T) {
	const key = `{"id":"vault-kek-v1","purpose":"vault-kek","version":1,"state":"active","validFrom":"2026-11-24T12:00:00Z","algorithm":"AES-256","fingerprint":"","secret":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="%s}`
	for name, c := range map[string]struct {
		plain   string
		refused bool
	}{
		"ours":                            {`{"format":1,"keys":[` + fmt.Sprintf(key, "") + `]}`, false},
		"spaces around":                   {" \n" + `{"format":1,"keys":[]}` + "\n ", false},
		"a member of the catalogue":       {`{"format":1,"keys":[],"more":{}}`, true},
		"a member of a key":               {`{"format":1,"keys":[` + fmt.Sprintf(key, `,"more":null`) + `]}`, true},
		"a member spelled in another way": {`{"format":1,"keys":[` + fmt.Sprintf(key, `,"Sandbox":true`) + `]}`, true},
		"more behind it":                  {`{"format":1,"keys":[]}{}`, true},
		"cut":                             {`{"format":1,"keys":[` + fmt.Sprintf(key, ""), true},
		"a secret that is no base64":      {`{"format":1,"keys":[null,` + fmt.Sprintf(key, `,"private":"?"`) + `]}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			want := ""
			if c.refused {
				want = "keystore_damaged"
			}
			wantReason(t, file.OpenPlain([]byte(c.plain)), want)
		})
	}
}

// FuzzCatalogue reads JSON as if the right secret had opened it: a bug of another
// version must end in an error, not in a panic of every replica.
func FuzzCatalogue(f *testing.F) {
	s, c := newStore(f)
	fill(f, s)
	whole, err := file.Unseal(c)
	must(f, err)
	f.Add(whole)
	for _, seed := range []string{
		`{"format":1,"keys":[]}`, `{"format":1,"keys":[null]}`, `{"format":1,"keys":null}`, `{"format":1}`, `null`, `[]`, `{"format":2,"keys":[]}`,
		`{"format":1,"keys":[{"id":"wsd-v1","purpose":"wsd","state":"active","secret":null}]}`,
		`{"format":1,"keys":[{"id":"opc-encryption-v1","purpose":"opc-encryption","state":"active","public":"","openpgp":"mQ=="}]}`,
		`{"format":1,"keys":[{"id":"wsd-v1","purpose":"wsd","state":"destroyed","checkValue":"08D7B4"}]}`,
		`{"format":1,"keys":[{"purpose":"vault-kek","bins":[""],"validFrom":"0001-01-01T00:00:00Z"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		if err := file.OpenPlain(plain); err != nil && walletport.ReasonOf(err) != "keystore_damaged" {
			t.Errorf("reason %q: %v", walletport.ReasonOf(err), err)
		}
	})
}
