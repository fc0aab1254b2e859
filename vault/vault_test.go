package vault_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

func TestNewNamesWhatIsMissing(t *testing.T) {
	_, err := vault.New(vault.Vault{})
	for _, name := range []string{"Cards", "Tokens", "Customers", "Imports", "Keys", "Clock"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func TestBorrowLendsWhatWasPut(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		for id, digits := range map[walletport.CardID]string{1: testPAN, 2: visaPAN, -1: "4222222222222"} {
			put := newCard(t, id, digits)
			r.mustPut(t, put)
			row := r.mustFind(t, id)
			if diff := cmp.Diff(put.CardSummary, row.CardSummary); diff != "" {
				t.Errorf("summary (-put +found):\n%s", diff)
			}
			var lent *walletport.Card
			must(t, r.Borrow(t.Context(), row, func(c *walletport.Card) error {
				lent = c
				if !c.PAN.Equal(put.PAN) || string(c.CardholderName.Reveal()) != "ADA LOVELACE" || c.CardSummary != put.CardSummary {
					t.Errorf("another card was lent: %v", c)
				}
				return nil
			}))
			if !lent.PAN.IsZero() || !lent.CardholderName.IsZero() {
				t.Errorf("the card is still there after the borrow")
			}
		}
	})
}

func TestPANIsWipedHoweverTheBorrowEnds(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, newCard(t, 1, testPAN))
	row := r.mustFind(t, 1)
	sentinel := errors.New("the flow failed")
	for name, end := range map[string]func() error{
		"an error": func() error { return sentinel },
		"a panic":  func() error { panic(sentinel) },
	} {
		t.Run(name, func(t *testing.T) {
			var digits []byte
			var err error
			func() {
				defer func() {
					if cause, ok := recover().(error); ok {
						err = cause
					}
				}()
				err = r.Borrow(t.Context(), row, func(c *walletport.Card) error {
					digits = c.PAN.Reveal()
					return end()
				})
			}()
			if !errors.Is(err, sentinel) {
				t.Errorf("the error of the flow is lost: %v", err)
			}
			if len(digits) == 0 || !bytes.Equal(digits, make([]byte, len(digits))) {
				t.Errorf("the digits remain")
			}
		})
	}
}

func TestBorrowRefusesWhatWasNotWrittenSo(t *testing.T) {
	r := newRig(t)
	other := newCard(t, 2, otherPAN)
	r.mustPut(t, newCard(t, 1, testPAN), other)
	second := r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2, State: keys.Retired})
	b := r.mustFind(t, 2)
	for _, c := range []struct {
		name   string
		change func(*storage.Card)
		reason string
	}{
		{"the row as it is opens", func(*storage.Card) {}, ""},
		{"the time of the last change is free", func(c *storage.Card) { c.UpdatedAt = now.AddDate(1, 0, 0) }, ""},
		{"sealed bytes of another card", func(c *storage.Card) { c.Sealed = b.Sealed }, "card_damaged"},
		{"wrapped key of another card", func(c *storage.Card) { c.WrappedKey = b.WrappedKey }, "card_damaged"},
		{"sealed bytes and wrapped key of another card", func(c *storage.Card) { c.Sealed, c.WrappedKey = b.Sealed, b.WrappedKey }, "card_damaged"},
		{"the whole other card under this id", func(c *storage.Card) { id := c.ID; *c = b; c.ID = id }, "card_damaged"},
		{"another id", func(c *storage.Card) { c.ID = 3 }, "card_damaged"},
		{"another issuer", func(c *storage.Card) { c.Issuer = "globex" }, "card_damaged"},
		{"another key version", func(c *storage.Card) { c.KEK = string(second.ID) }, "card_damaged"},
		{"a key that is not in the catalogue", func(c *storage.Card) { c.KEK = "vault-kek-v9" }, "key_unavailable"},
		{"a key of another purpose", func(c *storage.Card) { c.KEK = "vault-index-v1" }, "key_unavailable"},
		{"another status", func(c *storage.Card) { c.Status = walletport.CardClosed }, "card_damaged"},
		{"another expiry year", func(c *storage.Card) { c.Expiry.Year++ }, "card_damaged"},
		{"another expiry month", func(c *storage.Card) { c.Expiry.Month-- }, "card_damaged"},
		{"another customer", func(c *storage.Card) { c.CustomerID = "5002" }, "card_damaged"},
		{"another product", func(c *storage.Card) { c.Product = "mc-credit" }, "card_damaged"},
		{"text moved from one column to the next", func(c *storage.Card) { c.CustomerID, c.Product = c.CustomerID+c.Product, "" }, "card_damaged"},
		{"another BIN", func(c *storage.Card) { c.BIN = "52042478" }, "card_damaged"},
		{"another last four", func(c *storage.Card) { c.LastFour = "1472" }, "card_damaged"},
		{"another scheme", func(c *storage.Card) { c.Scheme = walletport.Visa }, "card_damaged"},
		{"another content MAC", func(c *storage.Card) { c.ContentMAC = b.ContentMAC }, "card_damaged"},
		{"no content MAC", func(c *storage.Card) { c.ContentMAC = nil }, "card_damaged"},
		{"nothing sealed", func(c *storage.Card) { c.Sealed = nil }, "card_damaged"},
		{"no wrapped key", func(c *storage.Card) { c.WrappedKey = nil }, "card_damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := r.mustFind(t, 1)
			c.change(&row)
			lent := false
			err := r.Borrow(t.Context(), row, func(*walletport.Card) error { lent = true; return nil })
			wantReason(t, err, c.reason)
			if lent != (c.reason == "") {
				t.Errorf("lent: %v", lent)
			}
			if err != nil && strings.Contains(err.Error(), testPAN[6:12]) {
				t.Errorf("the error holds digits: %v", err)
			}
		})
	}
}

func TestNoFlippedBitOpens(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, newCard(t, 1, testPAN))
	row := r.mustFind(t, 1)
	rapid.Check(t, func(rt *rapid.T) {
		changed := row
		changed.Sealed, changed.WrappedKey = bytes.Clone(row.Sealed), bytes.Clone(row.WrappedKey)
		target := rapid.SampledFrom([][]byte{changed.Sealed, changed.WrappedKey}).Draw(rt, "column")
		target[rapid.IntRange(0, len(target)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		err := r.Borrow(t.Context(), changed, func(*walletport.Card) error { return nil })
		if walletport.ReasonOf(err) != "card_damaged" {
			rt.Fatalf("it opens: %v", err)
		}
	})
}

// TestEnvelopeIsAsDocumented opens a row with the standard library alone, from the
// words of the package's comment.
func TestEnvelopeIsAsDocumented(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, newCard(t, 258, testPAN))
	row := r.mustFind(t, 258)
	kek, _ := r.keys.Current().ByID("vault-kek-v1")
	version := strconv.Itoa(int(vault.NewestVersion()))
	const id = "\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x01\x02"
	dataKey, err := kek.KEK.Unwrap(row.WrappedKey, []byte("\x00\x00\x00\x16walletport data key v1\x00\x00\x00\x04acme"+id+"\x00\x00\x00\x0cvault-kek-v1"))
	must(t, err)
	block, err := aes.NewCipher(dataKey)
	must(t, err)
	gcm, err := cipher.NewGCM(block)
	must(t, err)
	plain, err := gcm.Open(nil, row.Sealed[1:13], row.Sealed[13:], []byte("\x00\x00\x00\x12walletport card v"+version+"\x00\x00\x00\x04acme"+id))
	must(t, err)
	want := "\x10" + testPAN + "\x00\x0cADA LOVELACE"
	want += strings.Repeat("\x00", 64-len(want))
	if string(plain) != want || row.Sealed[0] != vault.NewestVersion() || len(dataKey) != 32 {
		t.Errorf("the envelope has another form")
	}
}

func TestSealedSizeTellsNothing(t *testing.T) {
	r := newRig(t)
	sizes := map[int]bool{}
	for id, name := range map[walletport.CardID]string{1: "", 2: "A", 3: "ADA LOVELACE OF LONDON"} {
		for offset, digits := range []string{testPAN, "4222222222222"} {
			card := newCard(t, id*10+walletport.CardID(offset), digits)
			card.CardholderName = walletport.NewPrivate(name)
			row, err := r.Seal(card)
			must(t, err)
			sizes[len(row.Sealed)] = true
		}
	}
	if len(sizes) != 1 {
		t.Errorf("sealed sizes %v tell PANs or names apart", sizes)
	}
}

func TestSealNeverRepeats(t *testing.T) {
	r := newRig(t)
	card := newCard(t, 1, testPAN)
	a, err := r.Seal(card)
	must(t, err)
	b, err := r.Seal(card)
	must(t, err)
	if bytes.Equal(a.Sealed, b.Sealed) || bytes.Equal(a.WrappedKey, b.WrappedKey) {
		t.Errorf("the same card seals to the same bytes")
	}
	if !bytes.Equal(a.ContentMAC, b.ContentMAC) || !bytes.Equal(a.PANIndex, b.PANIndex) || len(a.ContentMAC) != 32 || len(a.PANIndex) != 32 {
		t.Errorf("the digests of the same card differ, or have another size")
	}
	if card.PAN.IsZero() {
		t.Errorf("Seal wiped the caller's PAN")
	}
}

func TestContentMACSeesEveryChange(t *testing.T) {
	r := newRig(t)
	base, err := r.Seal(newCard(t, 1, testPAN))
	must(t, err)
	for name, change := range map[string]func(*walletport.Card){
		"id":       func(c *walletport.Card) { c.ID = 2 },
		"issuer":   func(c *walletport.Card) { c.Issuer = "globex" },
		"customer": func(c *walletport.Card) { c.CustomerID = "5002" },
		"product":  func(c *walletport.Card) { c.Product = "" },
		"status":   func(c *walletport.Card) { c.Status = walletport.CardBlocked },
		"month":    func(c *walletport.Card) { c.Expiry.Month = time.June },
		"year":     func(c *walletport.Card) { c.Expiry.Year = 2030 },
		"PAN":      func(c *walletport.Card) { c.PAN = mustPAN(t, otherPAN) },
		"name":     func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate("ADA KING") },
	} {
		t.Run(name, func(t *testing.T) {
			card := newCard(t, 1, testPAN)
			change(&card)
			row, err := r.Seal(card)
			must(t, err)
			if bytes.Equal(row.ContentMAC, base.ContentMAC) {
				t.Errorf("the change is not seen")
			}
		})
	}
}

func TestSealRefusesBadCards(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		name   string
		change func(*walletport.Card)
		field  string
	}{
		{"no id", func(c *walletport.Card) { c.ID = 0 }, "cardId"},
		{"the PAN as id", func(c *walletport.Card) { c.ID = 5204247750001471 }, "cardId"},
		{"no issuer", func(c *walletport.Card) { c.Issuer = "" }, "issuer"},
		{"no PAN", func(c *walletport.Card) { c.PAN = walletport.PAN{} }, "pan"},
		{"a PAN of no scheme", func(c *walletport.Card) { c.PAN = mustPAN(t, "6011000990139424") }, "pan"},
		{"month 13", func(c *walletport.Card) { c.Expiry.Month = 13 }, "expiryMonth"},
		{"year 1999", func(c *walletport.Card) { c.Expiry.Year = 1999 }, "expiryYear"},
		{"a name of 65 characters", func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate(strings.Repeat("é", 65)) }, "cardholderName"},
		{"a name with a PAN", func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate("ADA " + otherPAN) }, "cardholderName"},
		{"a name with a control character", func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate("ADA\x07") }, "cardholderName"},
		{"a name that is not UTF-8", func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate("ADA\xff") }, "cardholderName"},
		{"a customer with the PAN", func(c *walletport.Card) { c.CustomerID = "c" + testPAN }, "customerId"},
		{"a customer with a slash", func(c *walletport.Card) { c.CustomerID = "a/b" }, "customerId"},
		{"a customer of 65 bytes", func(c *walletport.Card) { c.CustomerID = strings.Repeat("1", 65) }, "customerId"},
		{"a product with a PAN", func(c *walletport.Card) { c.Product = otherPAN }, "product"},
		{"a product with a comma", func(c *walletport.Card) { c.Product = "a,b" }, "product"},
		{"a product of 65 bytes", func(c *walletport.Card) { c.Product = strings.Repeat("p", 65) }, "product"},
		{"an unknown status", func(c *walletport.Card) { c.Status = "OK" }, "status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			card := newCard(t, 1, testPAN)
			c.change(&card)
			_, err := r.Put(t.Context(), card)
			wantReason(t, err, "card_invalid")
			e, _ := errors.AsType[*walletport.Error](err)
			if len(e.Fields) != 1 || e.Fields[0].Name != c.field {
				t.Errorf("fields %v, want %s", e.Fields, c.field)
			}
		})
	}
}

func TestSealTakesTheLimits(t *testing.T) {
	r := newRig(t)
	card := newCard(t, 1<<63-1, testPAN)
	card.CardholderName = walletport.NewPrivate(strings.Repeat("李", 64))
	card.CustomerID = strings.Repeat("9", 64) // reads like a card number of some issuer, but is not this card's
	card.Product = strings.Repeat("p", 64)
	r.mustPut(t, card)
	must(t, r.Borrow(t.Context(), r.mustFind(t, card.ID), func(c *walletport.Card) error {
		if string(c.CardholderName.Reveal()) != strings.Repeat("李", 64) {
			t.Errorf("the name came back otherwise")
		}
		return nil
	}))
}

func TestWithoutKeysNothingIsSealed(t *testing.T) {
	r := newRig(t)
	for _, missing := range []keys.ID{"vault-kek-v1", "vault-index-v1"} {
		r.setState(missing, keys.Retired)
		_, err := r.Seal(newCard(t, 1, testPAN))
		wantReason(t, err, "key_unavailable")
		r.setState(missing, keys.Active)
	}
}

func TestFindByPANSurvivesARotationOfTheIndexKey(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, newCard(t, 7, testPAN), newCard(t, 8, otherPAN))
		r.add(t, keys.Meta{Purpose: keys.VaultIndex, Version: 2})
		r.setState("vault-index-v1", keys.Retired)
		r.mustPut(t, newCard(t, 3, testPAN))
		found, err := r.FindByPAN(t.Context(), mustPAN(t, testPAN))
		must(t, err)
		if len(found) != 2 || found[0].ID != 3 || found[1].ID != 7 {
			t.Errorf("found %d cards", len(found))
		}
		if r.digits(t, 7) != testPAN {
			t.Errorf("a card of the former index key does not open")
		}
		none, err := r.FindByPAN(t.Context(), mustPAN(t, visaPAN))
		if err != nil || len(none) != 0 {
			t.Errorf("a PAN that is not there: %d cards, %v", len(none), err)
		}
		if none, err = r.FindByPAN(t.Context(), walletport.PAN{}); err != nil || none != nil {
			t.Errorf("no PAN: %v, %v", none, err)
		}
	})
}

func TestFindAndBorrowTellWhyTheyCannot(t *testing.T) {
	r := newRig(t)
	_, err := r.Find(t.Context(), 404)
	wantReason(t, err, "card_not_found")
	r.mustPut(t, newCard(t, 1, testPAN))
	row := r.mustFind(t, 1)
	ended, end := context.WithCancel(t.Context())
	end()
	err = r.Borrow(ended, row, func(*walletport.Card) error { t.Error("lent after the call had ended"); return nil })
	if !errors.Is(err, context.Canceled) || walletport.CodeOf(err) != walletport.CodeUnavailable {
		t.Errorf("Borrow: %v", err)
	}
	if _, err := r.FindByPAN(ended, mustPAN(t, testPAN)); err == nil {
		t.Errorf("FindByPAN succeeds after the call had ended")
	}
}

func TestIssuerKeysSealTheirCards(t *testing.T) {
	r := newRig(t)
	own := r.add(t, keys.Meta{Purpose: keys.VaultKEK, Issuer: "globex"})
	card := newCard(t, 2, otherPAN)
	card.Issuer = "globex"
	r.mustPut(t, newCard(t, 1, testPAN), card)
	if kek := r.mustFind(t, 1).KEK; kek != "vault-kek-v1" {
		t.Errorf("acme's card is under %s", kek)
	}
	if kek := r.mustFind(t, 2).KEK; kek != string(own.ID) {
		t.Errorf("globex's card is under %s", kek)
	}
}

func BenchmarkSeal(b *testing.B) {
	r := newRig(b)
	card := newCard(b, 1, testPAN)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Seal(card); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindAndBorrow(b *testing.B) {
	r := newRig(b)
	r.mustPut(b, newCard(b, 1, testPAN))
	b.ReportAllocs()
	for b.Loop() {
		row, err := r.Find(b.Context(), 1)
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Borrow(b.Context(), row, func(*walletport.Card) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBorrow(b *testing.B) {
	r := newRig(b)
	r.keys.Replace(keys.NewRing(append(r.ring(), keystest.Key(b, keys.Meta{Purpose: keys.TAVSigning}))))
	row, err := r.Seal(newCard(b, 1, testPAN))
	must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Borrow(b.Context(), row, func(*walletport.Card) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
