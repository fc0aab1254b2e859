package file_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/keys/keystest"
)

// testdata/store_five_purposes.age was written by the release that knew five
// purposes, with keys made for it, under this passphrase.
const oldPassphrase = "a store of the first release"

func openOld(t testing.TB) (*file.Store, file.Config) {
	t.Helper()
	sealed, err := os.ReadFile("testdata/store_five_purposes.age")
	must(t, err)
	c := newConfig(t)
	c.Path = filepath.Join(t.TempDir(), "keystore.age")
	must(t, os.WriteFile(c.Path, sealed, 0o600))
	secret, err := file.Passphrase([]byte(oldPassphrase))
	must(t, err)
	c.Secret = secret.Cheap()
	return open(t, c), c
}

func TestOldStoreOpens(t *testing.T) {
	s, _ := openOld(t)
	type row struct {
		ID        keys.ID
		State     keys.State
		Algorithm string
	}
	var got []row
	for _, k := range s.Current().All() {
		got = append(got, row{k.ID, k.State, k.Algorithm})
	}
	if diff := cmp.Diff([]row{
		{"tav-signing-v1", keys.Active, "RSA-2048"},
		{"vault-kek-v1", keys.Active, "AES-256"},
		{"vault-index-v1", keys.Retired, "HMAC-SHA-256"},
		{"audit-checkpoint-v1", keys.Active, "Ed25519"},
		{"mdes-encryption-v1", keys.Active, "RSA-2048"},
		{"acme-vault-kek-v1", keys.Pending, "AES-256"},
	}, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	narrow := keyOf(t, s, "acme-vault-kek-v1")
	want := keys.Meta{
		ID: "acme-vault-kek-v1", Purpose: keys.VaultKEK, Issuer: "acme", BINs: []keys.BINRange{{Low: "520424", High: "520499"}},
		ValidFrom: now, ValidUntil: now.AddDate(3, 0, 0), Version: 1, State: keys.Pending, Algorithm: "AES-256",
		CheckValue: "D5C16861", Alias: "KUR-1", SchemeFingerprint: "abc", Sandbox: true,
	}
	if diff := cmp.Diff(want, narrow.Meta); diff != "" {
		t.Errorf("acme-vault-kek-v1 (-want +got):\n%s", diff)
	}
}

// What the old release sealed and digested with these keys.
func TestKeysOfAnOldStoreStillWork(t *testing.T) {
	s, _ := openOld(t)
	wrapped, err := hex.DecodeString("9590d7bbd304f75759d79a7b4ed7b1c67c7d174a7ae1dfd1a808a8a13a4db749a07ab257")
	must(t, err)
	if opened, err := keyOf(t, s, "vault-kek-v1").KEK.Unwrap(wrapped, []byte("ad")); err != nil || string(opened) != "data key" {
		t.Errorf("the KEK does not open: %v", err)
	}
	const digest = "0a7d23bccd50ce5b4fd41d5d452834b9dd1897be9952ff78d89ed9faac2b3aab"
	if got := hex.EncodeToString(keyOf(t, s, "vault-index-v1").MAC.Sum([]byte("5204247750001471"))); got != digest {
		t.Errorf("the index key digests to %s, want %s", got, digest)
	}
}

func TestOldStoreTakesTheNewPurposes(t *testing.T) {
	s, c := openOld(t)
	_, err := s.Activate(t.Context(), "vault-index-v1")
	must(t, err)
	mustGenerate(t, s, keys.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID, Activate: true})
	mustGenerate(t, s, keys.Spec{Purpose: keys.WSD, Alias: keystest.WSDKeySet, Activate: true})
	mustGenerate(t, s, keys.Spec{Purpose: keys.OPCSigning, Algorithm: "RSA-2048", Activate: true})
	for _, p := range []keys.Purpose{keys.MDESOAuth, keys.MDESCSEncryption, keys.MDESCSDecryption, keys.VTSAPI, keys.VTSSigning, keys.VTSVerification, keys.ClickToPayAPI, keys.ClickToPayLogin, keys.VTSEncryption, keys.VTSDecryption, keys.ClickToPayEncryption, keys.ClickToPayDecryption, keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS} {
		sample := keystest.SampleOf(t, p)
		sample.Spec.Activate = true
		_, err := s.Import(t.Context(), sample.Spec, sample.Data, nil)
		must(t, err)
	}
	_, err = s.Import(t.Context(), keys.Spec{Purpose: keys.OPCEncryption, Activate: true}, keystest.OpenPGPPublic(t, keystest.GoogleKey(t)), nil)
	must(t, err)
	keystest.Run(t, open(t, c), now)
}

// An old store names secret keys by a digest of their id, the same in every store.
func TestOldStoreShowsCheckValuesUnwritten(t *testing.T) {
	s, _ := openOld(t)
	index := keyOf(t, s, "vault-index-v1")
	want := fmt.Sprintf("%X", index.MAC.Sum([]byte("walletport key check value 1 vault-index"))[:4])
	if index.CheckValue != want || index.Fingerprint != "" {
		t.Errorf("check value %q, fingerprint %q; want %q and none", index.CheckValue, index.Fingerprint, want)
	}
	if kek := keyOf(t, s, "vault-kek-v1"); kek.CheckValue == keyOf(t, s, "acme-vault-kek-v1").CheckValue || kek.Fingerprint != "" {
		t.Errorf("vault-kek-v1 has check value %q, fingerprint %q", kek.CheckValue, kek.Fingerprint)
	}
}

func TestCheckValuesTellKeysApartAcrossStores(t *testing.T) {
	one, _ := newStore(t)
	other, _ := newStore(t)
	spec := keys.Spec{Purpose: keys.VaultKEK}
	if a, b := mustGenerate(t, one, spec), mustGenerate(t, other, spec); a.ID != b.ID || a.CheckValue == b.CheckValue {
		t.Errorf("%s and %s of two stores have check values %s and %s", a.ID, b.ID, a.CheckValue, b.CheckValue)
	}
	same := []byte(strings.Repeat("cd", 32))
	a, err := one.Import(t.Context(), spec, same, nil)
	must(t, err)
	spec.Issuer = "acme"
	b, err := other.Import(t.Context(), spec, same, nil)
	must(t, err)
	if a.CheckValue != b.CheckValue {
		t.Errorf("one key has check values %s and %s", a.CheckValue, b.CheckValue)
	}
}
