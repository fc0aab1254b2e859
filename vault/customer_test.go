package vault_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// texts are the values of a customer's fields.
type texts map[walletport.CustomerField][]string

var adaTexts = texts{
	walletport.CustomerFirstName: {"Åsa"}, walletport.CustomerMiddleName: {"King"}, walletport.CustomerLastName: {"Lovelace"},
	walletport.CustomerEmails: {"asa.king@lovelace.example", "a@b.example"}, walletport.CustomerPhones: {"16504005555", "4670123456789"},
	walletport.CustomerLocale: {"sv_SE"}, walletport.CustomerCountry: {"SWE"},
	walletport.CustomerLine1: {"12 Analytical Street"}, walletport.CustomerLine2: {"Engine House"}, walletport.CustomerLine3: {"Floor 3"},
	walletport.CustomerCity: {"Malmö"}, walletport.CustomerState: {"M"}, walletport.CustomerPostalCode: {"211 20"}, walletport.CustomerAddressCountry: {"SWE"},
	walletport.CustomerConsentVersion: {"2026-01"}, walletport.CustomerConsentPresenter: {"acme app"}, walletport.CustomerConsentTime: {"1780000000123"},
	walletport.CustomerAppIDs: {"APP-1", "APP-22"},
}

func customerKey(number string) walletport.CustomerKey {
	return walletport.CustomerKey{Issuer: "acme", Number: number}
}

func newCustomer(t testing.TB, key walletport.CustomerKey, of texts) walletport.Customer {
	t.Helper()
	c := walletport.Customer{CustomerSummary: walletport.CustomerSummary{CustomerKey: key}}
	for f, values := range changesOf(of) {
		if !c.SetValues(f, values) {
			t.Fatalf("%s was not taken", f)
		}
	}
	return c
}

func changesOf(of texts) vault.CustomerChanges {
	changes := vault.CustomerChanges{}
	for f, values := range of {
		changes[f] = nil
		for _, value := range values {
			changes[f] = append(changes[f], walletport.NewPrivate(value))
		}
	}
	return changes
}

func textsOf(c *walletport.Customer) texts {
	of := texts{}
	for f := range walletport.CustomerFieldCount {
		for _, value := range c.Values(f) {
			of[f] = append(of[f], string(value.Reveal()))
		}
	}
	return of
}

func (r rig) mustPutCustomers(t testing.TB, customers ...walletport.Customer) (put storage.CustomersPut) {
	t.Helper()
	must(t, r.cards.Update(t.Context(), func(tx storage.Tx) (err error) {
		put, err = r.PutCustomers(tx, customers...)
		return err
	}))
	return put
}

func (r rig) mustFindCustomer(t testing.TB, key walletport.CustomerKey) storage.Customer {
	t.Helper()
	row, err := r.FindCustomer(t.Context(), key)
	must(t, err)
	return row
}

// wantCustomer wants a stored customer to open to these texts.
func (r rig) wantCustomer(t testing.TB, key walletport.CustomerKey, want texts) {
	t.Helper()
	must(t, r.BorrowCustomer(t.Context(), r.mustFindCustomer(t, key), func(c *walletport.Customer) error {
		if diff := cmp.Diff(want, textsOf(c)); diff != "" || c.CustomerKey != key {
			t.Errorf("customer %s (-want +got):\n%s", key.Number, diff)
		}
		return nil
	}))
}

// editCustomer changes a row past the vault.
func (r rig) editCustomer(t testing.TB, key walletport.CustomerKey, edit func(*storage.Customer)) {
	t.Helper()
	must(t, r.cards.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateCustomer(key, func(c storage.Customer) (storage.Customer, error) { edit(&c); return c, nil })
	}))
}

func (r rig) changedCustomer(t testing.TB, change func(storage.Tx) (vault.ChangedCustomer, error)) (what vault.ChangedCustomer, err error) {
	t.Helper()
	err = r.cards.Update(t.Context(), func(tx storage.Tx) (err error) {
		what, err = change(tx)
		return err
	})
	return what, err
}

func (r rig) mustForgetCustomer(t testing.TB, key walletport.CustomerKey) vault.ChangedCustomer {
	t.Helper()
	what, err := r.changedCustomer(t, func(tx storage.Tx) (vault.ChangedCustomer, error) { return r.ForgetCustomer(tx, key, nil) })
	must(t, err)
	return what
}

// manyCustomers stores n customers of acme, 0001 and so on.
func (r rig) manyCustomers(t testing.TB, n int) {
	t.Helper()
	var customers []walletport.Customer
	for i := range n {
		customers = append(customers, newCustomer(t, customerKey(fmt.Sprintf("%04d", i+1)), texts{walletport.CustomerFirstName: {"Ada"}, walletport.CustomerPhones: {fmt.Sprint(10000 + i)}}))
	}
	r.mustPutCustomers(t, customers...)
}

func TestACustomerOpensAsItWasPut(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		none := customerKey("none")
		put := r.mustPutCustomers(t, newCustomer(t, customerKey("5001"), adaTexts), newCustomer(t, none, nil))
		if put != (storage.CustomersPut{Inserted: 2}) {
			t.Errorf("put %+v", put)
		}
		r.wantCustomer(t, customerKey("5001"), adaTexts)
		r.wantCustomer(t, none, texts{})
		row := r.mustFindCustomer(t, customerKey("5001"))
		if row.KEK != "vault-kek-v1" || len(row.Sealed) != 1+12+512+16 || row.Sealed[0] != 1 || len(row.WrappedKey) != 60 || len(row.ContentMAC) != 32 {
			t.Errorf("sealed in %d bytes, version %d, under %s", len(row.Sealed), row.Sealed[0], row.KEK)
		}
		if bare := r.mustFindCustomer(t, none); len(bare.Sealed) != len(row.Sealed) {
			t.Errorf("the size tells how much is known of a customer")
		}
		again := r.mustPutCustomers(t, newCustomer(t, customerKey("5001"), adaTexts))
		if after := r.mustFindCustomer(t, customerKey("5001")); again.Unchanged != 1 || !bytes.Equal(after.Sealed, row.Sealed) {
			t.Errorf("a customer that came again unchanged: %+v", again)
		}
		other := newCustomer(t, walletport.CustomerKey{Issuer: "globex", Number: "5001"}, texts{walletport.CustomerLastName: {"Ek"}})
		r.mustPutCustomers(t, other)
		r.wantCustomer(t, other.CustomerKey, texts{walletport.CustomerLastName: {"Ek"}})
		r.wantCustomer(t, customerKey("5001"), adaTexts)
		_, err := r.FindCustomer(t.Context(), customerKey("404"))
		wantReason(t, err, "customer_not_found")
	})
}

func TestABorrowedCustomerIsWiped(t *testing.T) {
	r := newRig(t)
	r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
	row := r.mustFindCustomer(t, customerKey("1"))
	var kept []byte
	failed := errors.New("use failed")
	err := r.BorrowCustomer(t.Context(), row, func(c *walletport.Customer) error {
		kept = c.Emails[0].Reveal()
		return failed
	})
	if !errors.Is(err, failed) || strings.Trim(string(kept), "\x00") != "" {
		t.Errorf("%v; an e-mail address is left", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = r.BorrowCustomer(ctx, row, func(*walletport.Customer) error { t.Error("lent to nobody"); return nil })
	wantReason(t, err, "store_unavailable")
}

func TestCustomersThatBreakRulesAreNotSealed(t *testing.T) {
	r := newRig(t)
	bad := newCustomer(t, customerKey("1"), texts{walletport.CustomerCountry: {"US"}, walletport.CustomerPhones: {"+1650"}})
	_, err := r.SealCustomer(bad)
	wantReason(t, err, "customer_invalid")
	var named []string
	if e, ok := errors.AsType[*walletport.Error](err); ok {
		for _, f := range e.Fields {
			named = append(named, f.Name)
		}
	}
	if fmt.Sprint(named) != "[phones[0] country]" {
		t.Errorf("named %v", named)
	}
	narrow := keystest.Key(t, keys.Meta{Purpose: keys.VaultKEK, Version: 9, BINs: []keys.BINRange{{Low: "520424", High: "520424"}}})
	r.keys.Replace(keys.NewRing([]*keys.Key{narrow, r.ring()[1]}))
	_, err = r.SealCustomer(newCustomer(t, customerKey("1"), nil))
	wantReason(t, err, "key_unavailable")
}

// frozenCustomers were sealed by another program, in another language, by the layout that
// docs/cards.md has.
type frozenCustomers struct {
	KEK, Index []byte
	Rows       []storage.Customer
}

func mustReadCustomers(t testing.TB) (frozenCustomers, rig) {
	t.Helper()
	text, err := os.ReadFile("testdata/customers/version1.json")
	must(t, err)
	var frozen frozenCustomers
	must(t, json.Unmarshal(text, &frozen))
	return frozen, frozenRig(t, frozen.KEK, frozen.Index)
}

func TestFrozenCustomersOpen(t *testing.T) {
	frozen, r := mustReadCustomers(t)
	for i, want := range []texts{adaTexts, {walletport.CustomerFirstName: {"Bo"}, walletport.CustomerLastName: {"Ek"}}} {
		must(t, r.BorrowCustomer(t.Context(), frozen.Rows[i], func(c *walletport.Customer) error {
			if diff := cmp.Diff(want, textsOf(c)); diff != "" {
				t.Errorf("row %d (-want +got):\n%s", i, diff)
			}
			return nil
		}))
	}
	must(t, r.CheckCustomer(frozen.Rows[2]))
	err := r.BorrowCustomer(t.Context(), frozen.Rows[2], func(*walletport.Customer) error { return nil })
	wantReason(t, err, "customer_not_found")
}

// TestACustomerIsLaidOutAsDocumented opens one by AES-GCM and HMAC alone.
func TestACustomerIsLaidOutAsDocumented(t *testing.T) {
	frozen, r := mustReadCustomers(t)
	fresh, err := r.SealCustomer(newCustomer(t, customerKey("5001"), adaTexts))
	must(t, err)
	bound := func(fields ...string) (bound []byte) {
		for _, text := range fields {
			bound = append(binary.BigEndian.AppendUint32(bound, uint32(len(text))), text...)
		}
		return bound
	}
	want := []byte{}
	for f := range walletport.CustomerFieldCount {
		want = append(want, byte(len(adaTexts[f])))
		for _, text := range adaTexts[f] {
			want = append(binary.BigEndian.AppendUint16(want, uint16(len(text))), text...)
		}
	}
	for i, row := range []storage.Customer{frozen.Rows[0], fresh} {
		dataKey := mustOpenGCM(t, frozen.KEK, row.WrappedKey, bound("walletport customer data key v1", "acme", "5001", "vault-kek-v1"))
		plain := mustOpenGCM(t, dataKey, row.Sealed[1:], bound("walletport customer v1", "acme", "5001"))
		if row.Sealed[0] != 1 || !bytes.Equal(plain, append(bytes.Clone(want), make([]byte, 512-len(want))...)) {
			t.Errorf("row %d is laid out in another way", i)
		}
		mac := hmac.New(sha256.New, frozen.Index)
		mac.Write(bound("walletport customer content v1", "acme", "5001", string(want)))
		if !bytes.Equal(mac.Sum(nil), row.ContentMAC) {
			t.Errorf("row %d has another content MAC", i)
		}
	}
}

func TestNoCustomerPassesForAnother(t *testing.T) {
	r := newRig(t)
	r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts), newCustomer(t, customerKey("2"), adaTexts), newCustomer(t, customerKey("3"), nil))
	r.mustForgetCustomer(t, customerKey("3"))
	mine, other := r.mustFindCustomer(t, customerKey("1")), r.mustFindCustomer(t, customerKey("2"))
	forgotten, err := r.cards.Customer(t.Context(), customerKey("3"))
	must(t, err)
	r.mustPut(t, newCard(t, 1, testPAN))
	card := r.mustFind(t, 1)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	for _, c := range []struct {
		name   string
		change func(*storage.Customer)
		reason string
	}{
		{"as it is", func(*storage.Customer) {}, ""},
		{"another row id", func(c *storage.Customer) { c.ID = 99 }, ""},
		{"another issuer", func(c *storage.Customer) { c.Issuer = "globex" }, "customer_damaged"},
		{"another number", func(c *storage.Customer) { c.Number = "2" }, "customer_damaged"},
		{"a digit moved from number to issuer", func(c *storage.Customer) { c.Issuer, c.Number = "acme1", "" }, "customer_damaged"},
		{"another's sealed bytes", func(c *storage.Customer) { c.Sealed = other.Sealed }, "customer_damaged"},
		{"another's data key", func(c *storage.Customer) { c.WrappedKey = other.WrappedKey }, "customer_damaged"},
		{"another's content MAC", func(c *storage.Customer) { c.ContentMAC = other.ContentMAC }, "customer_damaged"},
		{"no content MAC", func(c *storage.Customer) { c.ContentMAC = nil }, "customer_damaged"},
		{"another version of the key", func(c *storage.Customer) { c.KEK = "vault-kek-v2" }, "customer_damaged"},
		{"a key that is not there", func(c *storage.Customer) { c.KEK = "vault-kek-v9" }, "key_unavailable"},
		{"a key of the index", func(c *storage.Customer) { c.KEK = "vault-index-v1" }, "key_unavailable"},
		{"another version", func(c *storage.Customer) { c.Sealed = append([]byte{2}, c.Sealed[1:]...) }, "customer_damaged"},
		{"version 0", func(c *storage.Customer) { c.Sealed = append([]byte{0}, c.Sealed[1:]...) }, "customer_damaged"},
		{"cut", func(c *storage.Customer) { c.Sealed = c.Sealed[:len(c.Sealed)-1] }, "customer_damaged"},
		{"nothing sealed", func(c *storage.Customer) { c.Sealed = nil }, "customer_damaged"},
		{"a card's envelope", func(c *storage.Customer) { c.Sealed, c.WrappedKey = card.Sealed, card.WrappedKey }, "customer_damaged"},
		{"called forgotten", func(c *storage.Customer) { c.IsForgotten = true }, "customer_damaged"},
		{"emptied and called forgotten", func(c *storage.Customer) {
			c.IsForgotten, c.Sealed, c.WrappedKey, c.KEK = true, nil, nil, ""
		}, "customer_damaged"},
		{"another's forgetting", func(c *storage.Customer) { number := c.Number; *c = forgotten; c.Number = number }, "customer_damaged"},
		{"forgotten at another time", func(c *storage.Customer) { *c = forgotten; c.UpdatedAt = c.UpdatedAt.Add(time.Second) }, "customer_damaged"},
		{"forgotten", func(c *storage.Customer) { *c = forgotten }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := mine
			c.change(&row)
			err := r.CheckCustomer(row)
			wantReason(t, err, c.reason)
			if strings.Contains(fmt.Sprintf("%+v", err), "Lovelace") {
				t.Error("the error tells a name")
			}
		})
	}
	t.Run("a customer's envelope as a card's", func(t *testing.T) {
		card.Sealed, card.WrappedKey = mine.Sealed, mine.WrappedKey
		wantReason(t, r.Check(card), "card_damaged")
	})
}

func TestADamagedCustomerDoesNotOpen(t *testing.T) {
	r := newRig(t)
	row, err := r.SealCustomer(newCustomer(t, customerKey("1"), adaTexts))
	must(t, err)
	for i := range row.Sealed {
		row.Sealed[i] ^= 1
		wantReason(t, r.CheckCustomer(row), "customer_damaged")
		row.Sealed[i] ^= 1
	}
	must(t, r.CheckCustomer(row))
}

// TestACustomerOfAnOlderVersionOpens: a field that rows get later is empty in those from
// before, and a row gets the newest version when it is written.
func TestACustomerOfAnOlderVersionOpens(t *testing.T) {
	remove := vault.DropCustomerField(walletport.CustomerAppIDs)
	r := newRig(t)
	r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
	remove()
	add := vault.DelayCustomerField(walletport.CustomerAppIDs, 2)
	defer add()
	without := texts{}
	for f, values := range adaTexts {
		if f != walletport.CustomerAppIDs {
			without[f] = values
		}
	}
	r.wantCustomer(t, customerKey("1"), without)
	_, err := r.changedCustomer(t, func(tx storage.Tx) (vault.ChangedCustomer, error) {
		return r.ChangeCustomer(tx, customerKey("1"), changesOf(texts{walletport.CustomerAppIDs: {"APP-1", "APP-22"}}), nil)
	})
	must(t, err)
	r.wantCustomer(t, customerKey("1"), adaTexts)
	row := r.mustFindCustomer(t, customerKey("1"))
	if row.Sealed[0] != 2 {
		t.Errorf("written as version %d", row.Sealed[0])
	}
	row.Sealed[0] = 1
	wantReason(t, r.CheckCustomer(row), "customer_damaged")
}

func FuzzParseCustomerPlain(f *testing.F) {
	ada := newCustomer(f, customerKey("1"), adaTexts)
	f.Add(vault.PadCustomer(vault.AppendCustomerPlain(nil, 1, &ada)))
	f.Add(make([]byte, 512))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{1}, 512))
	f.Fuzz(func(t *testing.T, plain []byte) {
		var c walletport.Customer
		if err := vault.ParseCustomerPlain(plain, 1, &c); err != nil {
			return
		}
		if again := vault.PadCustomer(vault.AppendCustomerPlain(nil, 1, &c)); !bytes.Equal(again, plain) {
			t.Errorf("two forms of one customer")
		}
	})
}
