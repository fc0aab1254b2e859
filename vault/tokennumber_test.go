package vault_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

var mdesRef = walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: "50110030273", Reference: "DWSPMC000000000132d72d4fcb2f4136a0532d3093ff1a45"}

func (r rig) mustSealNumber(t testing.TB, issuer walletport.IssuerID, ref walletport.TokenRef, digits string) storage.TokenNumber {
	t.Helper()
	n, err := r.SealTokenNumber(issuer, ref, mustPAN(t, digits))
	must(t, err)
	return n
}

// openedNumber opens a token number and returns a copy of its digits.
func (r rig) openedNumber(t testing.TB, issuer walletport.IssuerID, ref walletport.TokenRef, n storage.TokenNumber) string {
	t.Helper()
	number, err := r.OpenTokenNumber(issuer, ref, n)
	must(t, err)
	defer number.Wipe()
	return string(number.Reveal())
}

func TestATokenNumberOpensForItsRow(t *testing.T) {
	r := newRig(t)
	for _, digits := range []string{testPAN, visaPAN, "4222222222222", "4000000000000000006"} {
		n := r.mustSealNumber(t, "acme", mdesRef, digits)
		if got := r.openedNumber(t, "acme", mdesRef, n); got != digits {
			t.Errorf("another number was opened")
		}
		if n.FirstSix != digits[:6] || n.LastFour != digits[len(digits)-4:] || n.KEK != "vault-kek-v1" {
			t.Errorf("in clear %+v", n)
		}
		if again := r.mustSealNumber(t, "acme", mdesRef, digits); bytes.Equal(again.Sealed, n.Sealed) || len(again.Sealed) != 61 || len(again.WrappedKey) != 60 {
			t.Errorf("sealed again in %d and %d bytes, or to the same", len(again.Sealed), len(again.WrappedKey))
		}
		if bytes.Contains(n.Sealed, []byte(digits)) || bytes.Contains(n.WrappedKey, []byte(digits)) {
			t.Errorf("the number stands in clear")
		}
	}
	if _, err := r.SealTokenNumber("acme", mdesRef, walletport.PAN{}); walletport.CodeOf(err) != walletport.CodeInternal {
		t.Errorf("no number was sealed: %v", err)
	}
}

// frozenNumbers were sealed by another program, in another language, by the layout that
// docs/cards.md has.
type frozenNumbers struct {
	KEK  []byte
	Rows []storage.Token
}

func mustReadNumbers(t testing.TB) (frozenNumbers, *rig) {
	t.Helper()
	text, err := os.ReadFile("testdata/tokennumbers/version1.json")
	must(t, err)
	var frozen frozenNumbers
	must(t, json.Unmarshal(text, &frozen))
	kek, err := keys.NewKEK(frozen.KEK)
	must(t, err)
	source := keystest.NewSource(keys.NewRing([]*keys.Key{{Meta: keys.Meta{ID: "vault-kek-v1", Purpose: keys.VaultKEK, Version: 1, State: keys.Active}, KEK: kek}}))
	r := newRig(t)
	r.Keys, r.keys = source, source
	return frozen, &r
}

func TestFrozenTokenNumbersOpen(t *testing.T) {
	frozen, r := mustReadNumbers(t)
	for i, want := range []string{testPAN, visaPAN} {
		row := frozen.Rows[i]
		if got := r.openedNumber(t, row.Issuer, row.Ref, row.Number); got != want {
			t.Errorf("row %d opens to another number", i)
		}
	}
}

// TestATokenNumberIsLaidOutAsDocumented opens one by AES-GCM alone.
func TestATokenNumberIsLaidOutAsDocumented(t *testing.T) {
	frozen, r := mustReadNumbers(t)
	rows := frozen.Rows
	fresh := rows[0]
	fresh.Number = r.mustSealNumber(t, fresh.Issuer, fresh.Ref, testPAN)
	for i, row := range append(rows, fresh) {
		ref := []string{string(row.Issuer), string(row.Ref.Scheme), row.Ref.Requestor, row.Ref.Reference}
		fields := func(tag string, more ...string) (bound []byte) {
			for _, text := range append(append([]string{tag}, ref...), more...) {
				bound = binary.BigEndian.AppendUint32(bound, uint32(len(text)))
				bound = append(bound, text...)
			}
			return bound
		}
		dataKey := mustOpenGCM(t, frozen.KEK, row.Number.WrappedKey, fields("walletport token data key v1", "vault-kek-v1"))
		plain := mustOpenGCM(t, dataKey, row.Number.Sealed[1:], fields("walletport token number v1"))
		digits := []string{testPAN, visaPAN, testPAN}[i]
		want := append(append([]byte{16}, digits...), make([]byte, 15)...)
		if len(dataKey) != 32 || !bytes.Equal(plain, want) || row.Number.Sealed[0] != 1 {
			t.Errorf("row %d is laid out in another way", i)
		}
	}
}

func mustOpenGCM(t testing.TB, key, sealed, bound []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	must(t, err)
	gcm, err := cipher.NewGCM(block)
	must(t, err)
	plain, err := gcm.Open(nil, sealed[:12], sealed[12:], bound)
	must(t, err)
	return plain
}

func TestNoTokenNumberPassesForAnother(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, newCard(t, 1, testPAN))
	card := r.mustFind(t, 1)
	mine := r.mustSealNumber(t, "acme", mdesRef, testPAN)
	other := r.mustSealNumber(t, "acme", mdesRef, otherPAN)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	for _, c := range []struct {
		name   string
		change func(issuer *walletport.IssuerID, ref *walletport.TokenRef, n *storage.TokenNumber)
		reason string
	}{
		{"as it is", func(*walletport.IssuerID, *walletport.TokenRef, *storage.TokenNumber) {}, ""},
		{"another issuer", func(i *walletport.IssuerID, _ *walletport.TokenRef, _ *storage.TokenNumber) { *i = "globex" }, "token_damaged"},
		{"another scheme", func(_ *walletport.IssuerID, ref *walletport.TokenRef, _ *storage.TokenNumber) {
			ref.Scheme = walletport.Visa
		}, "token_damaged"},
		{"another requestor", func(_ *walletport.IssuerID, ref *walletport.TokenRef, _ *storage.TokenNumber) { ref.Requestor = "1" }, "token_damaged"},
		{"another reference", func(_ *walletport.IssuerID, ref *walletport.TokenRef, _ *storage.TokenNumber) { ref.Reference += "1" }, "token_damaged"},
		{"a digit moved from requestor to reference", func(_ *walletport.IssuerID, ref *walletport.TokenRef, _ *storage.TokenNumber) {
			ref.Requestor, ref.Reference = ref.Requestor[:10], ref.Requestor[10:]+ref.Reference
		}, "token_damaged"},
		{"another's sealed bytes", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) {
			n.Sealed = other.Sealed
		}, "token_damaged"},
		{"another's data key", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) {
			n.WrappedKey = other.WrappedKey
		}, "token_damaged"},
		{"another version of the key", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) {
			n.KEK = "vault-kek-v2"
		}, "token_damaged"},
		{"a key that is not there", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) {
			n.KEK = "vault-kek-v9"
		}, "key_unavailable"},
		{"a key of the index", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) {
			n.KEK = "vault-index-v1"
		}, "key_unavailable"},
		{"other first six", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) { n.FirstSix = "555555" }, "token_damaged"},
		{"other last four", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) { n.LastFour = "0000" }, "token_damaged"},
		{"another version", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) {
			n.Sealed = append([]byte{2}, n.Sealed[1:]...)
		}, "token_damaged"},
		{"cut", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) {
			n.Sealed = n.Sealed[:len(n.Sealed)-1]
		}, "token_damaged"},
		{"nothing sealed", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) { n.Sealed = nil }, "token_damaged"},
		{"a card's envelope", func(_ *walletport.IssuerID, _ *walletport.TokenRef, n *storage.TokenNumber) {
			n.Sealed, n.WrappedKey = card.Sealed, card.WrappedKey
		}, "token_damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			issuer, ref, n := walletport.IssuerID("acme"), mdesRef, mine
			c.change(&issuer, &ref, &n)
			number, err := r.OpenTokenNumber(issuer, ref, n)
			wantReason(t, err, c.reason)
			if number.IsZero() != (c.reason != "") {
				t.Errorf("it came with a number, or without one")
			}
		})
	}
	t.Run("a token's envelope as a card's", func(t *testing.T) {
		card.Sealed, card.WrappedKey = mine.Sealed, mine.WrappedKey
		wantReason(t, r.Check(card), "card_damaged")
	})
}

func TestADamagedTokenNumberTellsNothing(t *testing.T) {
	r := newRig(t)
	n := r.mustSealNumber(t, "acme", mdesRef, testPAN)
	n.Sealed = append([]byte(nil), n.Sealed...)
	for i := range n.Sealed {
		n.Sealed[i] ^= 1
		_, err := r.OpenTokenNumber("acme", mdesRef, n)
		wantReason(t, err, "token_damaged")
		if text := fmt.Sprintf("%+v", err); walletport.ContainsPAN(text) || walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("byte %d: %v", i, err)
		}
		n.Sealed[i] ^= 1
	}
}

func TestATokenNumberIsSealedByTheKeyOfItsIssuer(t *testing.T) {
	r := newRig(t)
	own := r.add(t, keys.Meta{Purpose: keys.VaultKEK, Issuer: "globex"})
	if n := r.mustSealNumber(t, "globex", mdesRef, testPAN); n.KEK != string(own.ID) || r.openedNumber(t, "globex", mdesRef, n) != testPAN {
		t.Errorf("sealed under %s", n.KEK)
	}
	narrow := r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 3, BINs: []keys.BINRange{{Low: "520424", High: "520424"}}})
	if n := r.mustSealNumber(t, "acme", mdesRef, testPAN); n.KEK != string(narrow.ID) {
		t.Errorf("sealed under %s", n.KEK)
	}
	for _, k := range r.ring() {
		r.setState(k.ID, keys.Retired)
	}
	_, err := r.SealTokenNumber("acme", mdesRef, mustPAN(t, testPAN))
	wantReason(t, err, "key_unavailable")
	if walletport.CodeOf(err) != walletport.CodeUnavailable {
		t.Errorf("Code %v", walletport.CodeOf(err))
	}
}

// TestATokenNumberUnderAKeyThatIsNewHere: another process rotated the key and sealed by it.
func TestATokenNumberUnderAKeyThatIsNewHere(t *testing.T) {
	r := newRig(t)
	v, source := r.behind(t, r.cards)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	n := r.mustSealNumber(t, "acme", mdesRef, testPAN)
	source.newer = r.keys.Current()
	number, err := v.OpenTokenNumber("acme", mdesRef, n)
	must(t, err)
	if string(number.Reveal()) != testPAN {
		t.Errorf("it opens to another number")
	}
}

// FuzzParseTokenPlain feeds what a wrong key would never let through; it takes only what
// appendTokenPlain writes.
func FuzzParseTokenPlain(f *testing.F) {
	f.Add(vault.AppendTokenPlain(nil, []byte(testPAN)))
	f.Add(vault.AppendTokenPlain(nil, []byte("4000000000000000006")))
	f.Add(make([]byte, 32))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{255}, 32))
	f.Fuzz(func(t *testing.T, plain []byte) {
		number, err := vault.ParseTokenPlain(plain)
		if err == nil && !bytes.Equal(vault.AppendTokenPlain(nil, number.Reveal()), plain) {
			t.Errorf("two forms of one number")
		}
	})
}

func BenchmarkSealTokenNumber(b *testing.B) {
	r := newRig(b)
	number := mustPAN(b, testPAN)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.SealTokenNumber("acme", mdesRef, number); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenTokenNumber(b *testing.B) {
	r := newRig(b)
	n := r.mustSealNumber(b, "acme", mdesRef, testPAN)
	b.ReportAllocs()
	for b.Loop() {
		number, err := r.OpenTokenNumber("acme", mdesRef, n)
		if err != nil {
			b.Fatal(err)
		}
		number.Wipe()
	}
}
