package vault_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

const (
	requestID   = "0b9f3c52-6f1e-4a5e-9d55-3f2f0a1c7e10"
	overrideSay = `{"emails":["asa.king@lovelace.example"],"city":"Malmö"}`
)

func (r rig) mustSealOverrides(t testing.TB, issuer walletport.IssuerID, id, content string) storage.SealedOverrides {
	t.Helper()
	sealed, err := r.SealOverrides(issuer, id, []byte(content))
	must(t, err)
	return sealed
}

// wantOverrides wants what a request says to open to content.
func (r rig) wantOverrides(t testing.TB, issuer walletport.IssuerID, id string, sealed storage.SealedOverrides, content string) {
	t.Helper()
	opened, err := r.OpenOverrides(issuer, id, sealed)
	must(t, err)
	if string(opened) != content {
		t.Errorf("what a request says opens to %d other bytes", len(opened))
	}
}

func TestOverridesOpenForTheirRequest(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct{ bytes, sealedTo int }{{1, 541}, {508, 541}, {509, 1053}, {70_000, 1 + 12 + 137*512 + 16}} {
		content := strings.Repeat("a", c.bytes)
		sealed := r.mustSealOverrides(t, "acme", requestID, content)
		r.wantOverrides(t, "acme", requestID, sealed, content)
		if len(sealed.Sealed) != c.sealedTo || sealed.Sealed[0] != 1 || len(sealed.WrappedKey) != 60 || sealed.KEK != "vault-kek-v1" {
			t.Errorf("%d bytes are sealed in %d, version %d, under %s", c.bytes, len(sealed.Sealed), sealed.Sealed[0], sealed.KEK)
		}
		if again := r.mustSealOverrides(t, "acme", requestID, content); bytes.Equal(again.Sealed, sealed.Sealed) || bytes.Equal(again.WrappedKey, sealed.WrappedKey) {
			t.Errorf("sealed twice to the same bytes")
		}
	}
}

func TestARequestThatSaysNothingHasNothingSealed(t *testing.T) {
	r := newRig(t)
	r.keys.Replace(keys.NewRing(nil))
	sealed := r.mustSealOverrides(t, "acme", requestID, "")
	if len(sealed.Sealed)+len(sealed.WrappedKey)+len(sealed.KEK) > 0 {
		t.Errorf("%+v", sealed)
	}
	r.wantOverrides(t, "acme", requestID, sealed, "")
}

func TestOverridesAreSealedByTheKeyOfTheirIssuer(t *testing.T) {
	r := newRig(t)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 3, BINs: []keys.BINRange{{Low: "520424", High: "520424"}}})
	own := r.add(t, keys.Meta{Purpose: keys.VaultKEK, Issuer: "globex"})
	if sealed := r.mustSealOverrides(t, "globex", requestID, overrideSay); sealed.KEK != string(own.ID) {
		t.Errorf("globex: sealed under %s", sealed.KEK)
	}
	if sealed := r.mustSealOverrides(t, "acme", requestID, overrideSay); sealed.KEK != "vault-kek-v1" {
		t.Errorf("acme: sealed under %s", sealed.KEK)
	}
	r.setState("vault-kek-v1", keys.Retired)
	r.setState("vault-index-v1", keys.Retired)
	_, err := r.SealOverrides("acme", requestID, []byte(overrideSay))
	wantReason(t, err, "key_unavailable")
	_, err = r.OverridesPrint("acme", []byte(overrideSay))
	wantReason(t, err, "key_unavailable")
}

// frozenOverrides were sealed by another program, in another language, by the layout that
// docs/cards.md has.
type frozenOverrides struct {
	KEK, Index []byte
	Rows       []struct {
		Issuer         walletport.IssuerID
		ID             string
		Content, Print []byte
		Overrides      storage.SealedOverrides
	}
}

func mustReadOverrides(t testing.TB) (frozenOverrides, rig) {
	t.Helper()
	text, err := os.ReadFile("testdata/overrides/version1.json")
	must(t, err)
	var frozen frozenOverrides
	must(t, json.Unmarshal(text, &frozen))
	return frozen, frozenRig(t, frozen.KEK, frozen.Index)
}

func TestFrozenOverridesOpen(t *testing.T) {
	frozen, r := mustReadOverrides(t)
	if len(frozen.Rows) != 3 || string(frozen.Rows[0].Content) != overrideSay {
		t.Fatalf("%d rows", len(frozen.Rows))
	}
	for i, row := range frozen.Rows {
		r.wantOverrides(t, row.Issuer, row.ID, row.Overrides, string(row.Content))
		print, err := r.OverridesPrint(row.Issuer, row.Content)
		must(t, err)
		if !bytes.Equal(print, row.Print) {
			t.Errorf("row %d has another print", i)
		}
	}
}

// TestOverridesAreLaidOutAsDocumented opens some by AES-GCM alone.
func TestOverridesAreLaidOutAsDocumented(t *testing.T) {
	frozen, r := mustReadOverrides(t)
	bound := func(fields ...string) (bound []byte) {
		for _, text := range fields {
			bound = append(binary.BigEndian.AppendUint32(bound, uint32(len(text))), text...)
		}
		return bound
	}
	fresh := r.mustSealOverrides(t, "acme", requestID, overrideSay)
	want := append(binary.BigEndian.AppendUint32(nil, uint32(len(overrideSay))), overrideSay...)
	want = append(want, make([]byte, 512-len(want))...)
	for i, sealed := range []storage.SealedOverrides{frozen.Rows[0].Overrides, fresh} {
		dataKey := mustOpenGCM(t, frozen.KEK, sealed.WrappedKey, bound("walletport overrides data key v1", "acme", requestID, "vault-kek-v1"))
		plain := mustOpenGCM(t, dataKey, sealed.Sealed[1:], bound("walletport overrides v1", "acme", requestID))
		if sealed.Sealed[0] != 1 || !bytes.Equal(plain, want) {
			t.Errorf("row %d is laid out in another way", i)
		}
	}
	mac := hmac.New(sha256.New, frozen.Index)
	mac.Write(bound("walletport overrides print v1", "acme", overrideSay))
	print, err := r.OverridesPrint("acme", []byte(overrideSay))
	must(t, err)
	if !bytes.Equal(print, mac.Sum(nil)) {
		t.Errorf("the print is another")
	}
}

func TestNoOverridesPassForOthers(t *testing.T) {
	r := newRig(t)
	mine := r.mustSealOverrides(t, "acme", requestID, overrideSay)
	other := r.mustSealOverrides(t, "acme", "7d2c1b7e-90aa-4c43-8f0e-2f5a9be0d7c4", overrideSay)
	customer, err := r.SealCustomer(newCustomer(t, walletport.CustomerKey{Issuer: "acme", Number: requestID}, adaTexts))
	must(t, err)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	for _, c := range []struct {
		name   string
		change func(issuer *walletport.IssuerID, id *string, s *storage.SealedOverrides)
		reason string
	}{
		{"as they are", func(*walletport.IssuerID, *string, *storage.SealedOverrides) {}, ""},
		{"another issuer", func(i *walletport.IssuerID, _ *string, _ *storage.SealedOverrides) { *i = "globex" }, "overrides_damaged"},
		{"another request", func(_ *walletport.IssuerID, id *string, _ *storage.SealedOverrides) { *id = "7d2c1b7e" }, "overrides_damaged"},
		{"a digit moved from request to issuer", func(i *walletport.IssuerID, id *string, _ *storage.SealedOverrides) {
			*i, *id = "acme0", requestID[1:]
		}, "overrides_damaged"},
		{"another's sealed bytes", func(_ *walletport.IssuerID, _ *string, s *storage.SealedOverrides) { s.Sealed = other.Sealed }, "overrides_damaged"},
		{"another's data key", func(_ *walletport.IssuerID, _ *string, s *storage.SealedOverrides) { s.WrappedKey = other.WrappedKey }, "overrides_damaged"},
		{"another version of the key", func(_ *walletport.IssuerID, _ *string, s *storage.SealedOverrides) { s.KEK = "vault-kek-v2" }, "overrides_damaged"},
		{"a key that is not there", func(_ *walletport.IssuerID, _ *string, s *storage.SealedOverrides) { s.KEK = "vault-kek-v9" }, "key_unavailable"},
		{"a key of the index", func(_ *walletport.IssuerID, _ *string, s *storage.SealedOverrides) { s.KEK = "vault-index-v1" }, "key_unavailable"},
		{"another version", func(_ *walletport.IssuerID, _ *string, s *storage.SealedOverrides) {
			s.Sealed = append([]byte{2}, s.Sealed[1:]...)
		}, "overrides_damaged"},
		{"cut", func(_ *walletport.IssuerID, _ *string, s *storage.SealedOverrides) {
			s.Sealed = s.Sealed[:len(s.Sealed)-1]
		}, "overrides_damaged"},
		{"nothing sealed", func(_ *walletport.IssuerID, _ *string, s *storage.SealedOverrides) { s.Sealed = nil }, "overrides_damaged"},
		{"a customer's envelope", func(_ *walletport.IssuerID, _ *string, s *storage.SealedOverrides) {
			*s = storage.SealedOverrides{Sealed: customer.Sealed, WrappedKey: customer.WrappedKey, KEK: customer.KEK}
		}, "overrides_damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			issuer, id, sealed := walletport.IssuerID("acme"), requestID, mine
			c.change(&issuer, &id, &sealed)
			opened, err := r.OpenOverrides(issuer, id, sealed)
			wantReason(t, err, c.reason)
			if (string(opened) == overrideSay) != (c.reason == "") {
				t.Errorf("opened to %d bytes", len(opened))
			}
			if strings.Contains(fmt.Sprintf("%+v", err), "lovelace") {
				t.Errorf("the error tells what the request says")
			}
		})
	}
}

// TestOverridesUnderAKeyThatIsNewHere: another process rotated the key and sealed by it.
func TestOverridesUnderAKeyThatIsNewHere(t *testing.T) {
	r := newRig(t)
	v, source := r.behind(t, r.cards)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	sealed := r.mustSealOverrides(t, "acme", requestID, overrideSay)
	source.newer = r.keys.Current()
	opened, err := v.OpenOverrides("acme", requestID, sealed)
	must(t, err)
	if sealed.KEK != "vault-kek-v2" || string(opened) != overrideSay {
		t.Errorf("under %s it opens to %d bytes", sealed.KEK, len(opened))
	}
}

func TestAPrintIsOfItsIssuerAndContent(t *testing.T) {
	r := newRig(t)
	print := func(issuer walletport.IssuerID, content string) string {
		sum, err := r.OverridesPrint(issuer, []byte(content))
		must(t, err)
		return string(sum)
	}
	first := print("acme", "content")
	if len(first) != 32 || print("acme", "content") != first {
		t.Errorf("%d bytes, or another print of the same", len(first))
	}
	if print("acme", "content2") == first || print("globex", "content") == first || print("acmec", "ontent") == first {
		t.Error("another content has the same print")
	}
	r.add(t, keys.Meta{Purpose: keys.VaultIndex, Version: 2})
	if print("acme", "content") == first {
		t.Error("the newest key made no print")
	}
}

// FuzzUnpadOverrides feeds what a wrong key would never let through; it takes only what
// padOverrides writes.
func FuzzUnpadOverrides(f *testing.F) {
	f.Add(vault.PadOverrides([]byte(overrideSay)))
	f.Add(vault.PadOverrides(bytes.Repeat([]byte{1}, 509)))
	f.Add(make([]byte, 512))
	f.Add(make([]byte, 1024))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{255}, 512))
	f.Fuzz(func(t *testing.T, plain []byte) {
		content, err := vault.UnpadOverrides(plain)
		if err == nil && !bytes.Equal(vault.PadOverrides(content), plain) {
			t.Errorf("two forms of one content")
		}
	})
}
