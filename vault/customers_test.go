package vault_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

func TestChangesOfACustomerGiveWhatTheySayAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		name   string
		give   texts
		fields []string
		reason string
	}{
		{"one text", texts{walletport.CustomerCity: {"Lund"}}, []string{"city"}, ""},
		{"several", texts{walletport.CustomerPhones: {"12345"}, walletport.CustomerFirstName: {"Eva"}, walletport.CustomerConsentTime: {"1780000000124"}}, []string{"firstName", "phones", "consentTime"}, ""},
		{"what is so already", texts{walletport.CustomerCity: {"Malmö"}, walletport.CustomerEmails: adaTexts[walletport.CustomerEmails]}, nil, ""},
		{"nothing", texts{}, nil, ""},
		{"a text goes", texts{walletport.CustomerMiddleName: nil}, []string{"middleName"}, ""},
		{"the consent goes", texts{walletport.CustomerConsentVersion: nil, walletport.CustomerConsentPresenter: nil, walletport.CustomerConsentTime: nil}, []string{"consentVersion", "consentPresenter", "consentTime"}, ""},
		{"half of the consent goes", texts{walletport.CustomerConsentVersion: nil}, nil, "customer_invalid"},
		{"what breaks a rule", texts{walletport.CustomerCountry: {"SE"}}, nil, "customer_invalid"},
		{"two values of one", texts{walletport.CustomerCity: {"Lund", "Malmö"}}, nil, "customer_invalid"},
		{"a time that is none", texts{walletport.CustomerConsentTime: {"soon"}}, nil, "customer_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
			before := r.mustFindCustomer(t, customerKey("1"))
			what, err := r.changedCustomer(t, func(tx storage.Tx) (vault.ChangedCustomer, error) {
				return r.ChangeCustomer(tx, customerKey("1"), changesOf(c.give), nil)
			})
			wantReason(t, err, c.reason)
			if !slices.Equal(what.Fields, c.fields) {
				t.Errorf("fields %v, want %v", what.Fields, c.fields)
			}
			want := maps.Clone(adaTexts)
			if c.reason == "" {
				maps.Copy(want, c.give)
				maps.DeleteFunc(want, func(_ walletport.CustomerField, values []string) bool { return len(values) == 0 })
			}
			r.wantCustomer(t, customerKey("1"), want)
			if same := string(r.mustFindCustomer(t, customerKey("1")).Sealed) == string(before.Sealed); same != (len(c.fields) == 0) {
				t.Errorf("the row is as it was: %t", same)
			}
		})
	}
}

func TestAChangeDoesNotMakeADamagedCustomerGood(t *testing.T) {
	r := newRig(t)
	r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
	r.editCustomer(t, customerKey("1"), func(c *storage.Customer) { c.ContentMAC[0] ^= 1 })
	change := func(tx storage.Tx) (vault.ChangedCustomer, error) {
		return r.ChangeCustomer(tx, customerKey("1"), changesOf(texts{walletport.CustomerCity: {"Lund"}}), nil)
	}
	_, err := r.changedCustomer(t, change)
	wantReason(t, err, "customer_damaged")
	r.mustForgetCustomer(t, customerKey("1"))
	_, err = r.changedCustomer(t, change)
	wantReason(t, err, "customer_not_found")
}

func TestAForgottenCustomerKeepsTheIdsAlone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		key := customerKey("5001")
		r.mustPutCustomers(t, newCustomer(t, key, adaTexts), newCustomer(t, customerKey("2"), adaTexts))
		id := r.mustFindCustomer(t, key).ID
		for _, k := range r.ring() {
			if k.Purpose == keys.VaultKEK {
				r.setState(k.ID, keys.Destroyed) // no key that opens is needed
			}
		}
		what := r.mustForgetCustomer(t, key)
		want := walletport.CustomerSummary{ID: id, CustomerKey: key, IsForgotten: true}
		if what.CustomerSummary != want || !slices.Equal(what.Fields, []string{"all"}) {
			t.Errorf("what was done: %+v", what)
		}
		_, err := r.FindCustomer(t.Context(), key)
		wantReason(t, err, "customer_not_found")
		row, err := r.cards.Customer(t.Context(), key)
		must(t, err)
		must(t, r.CheckCustomer(row))
		if row.CustomerSummary != want || len(row.Sealed)+len(row.WrappedKey)+len(row.KEK) > 0 || !row.UpdatedAt.Equal(now) {
			t.Errorf("left: %+v", row)
		}
		r.Clock = func() time.Time { return now.Add(time.Hour) }
		if again := r.mustForgetCustomer(t, key); len(again.Fields) > 0 {
			t.Errorf("forgotten twice: %+v", again)
		}
		after, err := r.cards.Customer(t.Context(), key)
		must(t, err)
		if diff := cmp.Diff(row, after); diff != "" {
			t.Errorf("the row of one who was forgotten before (-was +is):\n%s", diff)
		}
		r.editCustomer(t, key, func(c *storage.Customer) { c.UpdatedAt = c.UpdatedAt.Add(time.Minute) })
		if mended := r.mustForgetCustomer(t, key); len(mended.Fields) == 0 {
			t.Errorf("a row that nobody forgot so was left")
		}
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		r.mustPutCustomers(t, newCustomer(t, key, texts{walletport.CustomerFirstName: {"Eva"}}))
		r.wantCustomer(t, key, texts{walletport.CustomerFirstName: {"Eva"}})
		if back := r.mustFindCustomer(t, key); back.ID != id {
			t.Errorf("one who came back has the id %s, and had %s", back.ID, id)
		}
	})
}

// customerDiary is a diary of what happens to customers.
type customerDiary struct{ diary }

func (d *customerDiary) Record(_ context.Context, r walletport.AuditRecord) error {
	d.lines = append(d.lines, fmt.Sprint(r.Action, " ", r.Details.Get(walletport.DetailCustomer), " ", r.Issuer, " ", r.Outcome, " ", r.Details.Get(walletport.DetailFields)))
	return nil
}

func (d *customerDiary) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	var made walletport.AuditRecord
	err := d.diary.RecordChange(ctx, func(tx storage.Tx) (_ walletport.AuditRecord, err error) {
		made, err = change(tx)
		return made, err
	})
	if err == nil {
		d.lines = d.lines[:len(d.lines)-1] // in the words of a card's
		return d.Record(ctx, made)
	}
	return err
}

func TestACustomerChangerCommitsTheChangeWithItsRecord(t *testing.T) {
	lund := changesOf(texts{walletport.CustomerCity: {"Lund"}})
	for _, c := range []struct {
		name   string
		do     func(context.Context, *vault.CustomerChanger) error
		lines  []string
		city   string // "" is forgotten
		reason string
	}{
		{"a change", func(ctx context.Context, v *vault.CustomerChanger) error {
			_, err := v.Change(ctx, act.Request{}, customerKey("1"), lund)
			return err
		}, []string{"customers.change 1  started ", "customers.change 1 acme ok city"}, "Lund", ""},
		{"one who is stored whole", func(ctx context.Context, v *vault.CustomerChanger) error {
			put, err := v.Put(ctx, act.Request{}, newCustomer(t, customerKey("1"), texts{walletport.CustomerCity: {"Lund"}}))
			if put != (storage.CustomersPut{Updated: 1}) {
				t.Errorf("put %+v", put)
			}
			return err
		}, []string{"customers.change 1  started ", "customers.change 1 acme ok all"}, "Lund", ""},
		{"one who breaks a rule", func(ctx context.Context, v *vault.CustomerChanger) error {
			_, err := v.Put(ctx, act.Request{}, newCustomer(t, customerKey("1"), texts{walletport.CustomerCountry: {"SE"}}))
			return err
		}, []string{"customers.change 1  started ", "customers.change 1  customer_invalid "}, "Malmö", "customer_invalid"},
		{"one who is forgotten", func(ctx context.Context, v *vault.CustomerChanger) error {
			_, err := v.Forget(ctx, act.Request{}, customerKey("1"))
			return err
		}, []string{"customers.forget 1  started ", "customers.forget 1 acme ok all"}, "", ""},
		{"whom Admit refuses", func(ctx context.Context, v *vault.CustomerChanger) error {
			v.Admit = func(context.Context, walletport.CustomerSummary) error { return walletport.ErrCustomerNotFound() }
			_, err := v.Forget(ctx, act.Request{}, customerKey("1"))
			_, putErr := v.Put(ctx, act.Request{}, newCustomer(t, customerKey("1"), nil))
			if walletport.ReasonOf(putErr) != "customer_not_found" {
				t.Errorf("Put: %v", putErr)
			}
			return err
		}, []string{
			"customers.forget 1  started ", "customers.forget 1  customer_not_found ", "customers.change 1  started ", "customers.change 1  customer_not_found ",
		}, "Malmö", "customer_not_found"},
		{"whom another area refuses", func(ctx context.Context, v *vault.CustomerChanger) error {
			v.Within = func(storage.Tx) error { return walletport.ErrCustomerNotFound() }
			_, err := v.Forget(ctx, act.Request{}, customerKey("1"))
			return err
		}, []string{"customers.forget 1  started ", "customers.forget 1  customer_not_found "}, "Malmö", "customer_not_found"},
		{"a card number in place of the customer's", func(ctx context.Context, v *vault.CustomerChanger) error {
			_, err := v.Forget(ctx, act.Request{}, customerKey(testPAN))
			return err
		}, []string{"customers.forget   started ", "customers.forget   customer_not_found "}, "Malmö", "customer_not_found"},
		{"without its record nothing changes", func(ctx context.Context, v *vault.CustomerChanger) error {
			v.Audit.(*customerDiary).fails = true
			_, err := v.Forget(ctx, act.Request{}, customerKey("1"))
			return err
		}, []string{"customers.forget 1  started ", "customers.forget 1 acme audit_unavailable all"}, "Malmö", "audit_unavailable"},
		{"what somebody else changes meanwhile stays", func(ctx context.Context, v *vault.CustomerChanger) error {
			v.Audit.(*customerDiary).before = func(tx storage.Tx) {
				_, err := v.Vault.ChangeCustomer(tx, customerKey("1"), changesOf(texts{walletport.CustomerCity: {"Ystad"}}), nil)
				must(t, err)
			}
			_, err := v.Change(ctx, act.Request{}, customerKey("1"), changesOf(texts{walletport.CustomerLine2: nil}))
			return err
		}, []string{"customers.change 1  started ", "customers.change 1 acme ok addressLine2"}, "Ystad", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
				d := &customerDiary{diary{Updater: r.cards}}
				changer, err := vault.NewCustomerChanger(vault.CustomerChanger{Vault: r.Vault, Audit: d, Admit: func(context.Context, walletport.CustomerSummary) error { return nil }})
				must(t, err)
				wantReason(t, c.do(walletport.WithRequest(t.Context(), walletport.Request{ID: "op-1"}), changer), c.reason)
				if diff := cmp.Diff(c.lines, d.lines); diff != "" {
					t.Errorf("records (-want +got):\n%s", diff)
				}
				row, err := r.cards.Customer(t.Context(), customerKey("1"))
				must(t, err)
				if row.IsForgotten != (c.city == "") {
					t.Fatalf("forgotten: %t", row.IsForgotten)
				}
				if c.city != "" {
					must(t, r.BorrowCustomer(t.Context(), row, func(ada *walletport.Customer) error {
						if got := string(ada.Address.City.Reveal()); got != c.city {
							t.Errorf("lives in %s, want %s", got, c.city)
						}
						return nil
					}))
				}
			})
		})
	}
	if _, err := vault.NewCustomerChanger(vault.CustomerChanger{}); err == nil || !strings.Contains(err.Error(), "Admit") {
		t.Errorf("a changer of nothing: %v", err)
	}
}

func TestRewrapMovesCustomersToo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		const n = 1100
		r.manyCards(t, 2)
		r.manyCustomers(t, n)
		r.mustForgetCustomer(t, customerKey("0007"))
		before := r.mustFindCustomer(t, customerKey("0001"))
		r.editCustomer(t, customerKey("0003"), func(c *storage.Customer) { c.WrappedKey = before.WrappedKey })
		bad := r.mustFindCustomer(t, customerKey("0003")).ID
		r.mustPutCustomers(t, newCustomer(t, walletport.CustomerKey{Issuer: "globex", Number: "1"}, adaTexts))
		r.setState("vault-kek-v1", keys.Retired)
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Issuer: "acme", Version: 2})
		report, err := r.Rewrap(t.Context(), nil)
		wantReason(t, err, "customer_damaged")
		want := vault.Rewrapped{Moved: n - 2, Failed: 1, Failures: []int64{int64(bad)}}
		if diff := cmp.Diff(want, report.Of[vault.Customers]); diff != "" || report.Of[vault.Cards].Moved != 2 {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		if len(report.Left) != 1 || report.Left[0].Issuer != "globex" || report.Left[0].Of[vault.Customers] != 1 {
			t.Errorf("left %+v", report.Left)
		}
		after := r.mustFindCustomer(t, customerKey("0001"))
		if string(after.Sealed) != string(before.Sealed) || string(after.WrappedKey) == string(before.WrappedKey) {
			t.Errorf("the customer was sealed anew, or the data key was not")
		}
		r.setState("vault-kek-v1", keys.Destroyed)
		r.wantCustomer(t, customerKey("1100"), texts{walletport.CustomerFirstName: {"Ada"}, walletport.CustomerPhones: {"11099"}})
		if again, err := r.Rewrap(t.Context(), nil); again.Of[vault.Customers].Moved != 0 {
			t.Errorf("a second re-wrap: %+v, %v", again, err)
		}
	})
}

func TestVerifyNamesCustomersThatDoNotOpen(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.manyCards(t, 1)
		r.manyCustomers(t, 1100) // more than a page
		r.mustForgetCustomer(t, customerKey("0002"))
		globex := walletport.CustomerKey{Issuer: "globex", Number: "9"}
		r.mustPutCustomers(t, newCustomer(t, globex, nil))
		r.editCustomer(t, customerKey("0003"), func(c *storage.Customer) { c.ContentMAC[0] ^= 1 })
		r.editCustomer(t, customerKey("1050"), func(c *storage.Customer) { c.Sealed = r.mustFindCustomer(t, customerKey("0001")).Sealed })
		r.editCustomer(t, globex, func(c *storage.Customer) { c.KEK = "vault-kek-v9" })
		verified := func(issuer walletport.IssuerID) (report vault.VerifyReport, found []vault.Finding) {
			t.Helper()
			report, err := r.Verify(t.Context(), vault.VerifyOptions{Issuer: issuer, Found: func(f vault.Finding) error {
				found = append(found, f)
				return nil
			}})
			must(t, err)
			return report, found
		}
		report, found := verified("")
		if want := (vault.VerifyCounts{Good: 1098, Altered: 2, WithoutKey: 1}); report.Of[vault.Customers] != want || report.Of[vault.Cards].Good != 1 {
			t.Errorf("report %+v", report)
		}
		want := []vault.Finding{
			{Customer: "0003", Issuer: "acme", Reason: "customer_damaged", Detail: "customer under vault-kek-v1: the content is not that which was stored"},
			{Customer: "1050", Issuer: "acme", Reason: "customer_damaged", Detail: "customer under vault-kek-v1: the sealed customer does not open"},
			{Customer: "9", Issuer: "globex", Reason: "key_unavailable", Detail: "its key vault-kek-v9 is not in the key store"},
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
		if report, found = verified("globex"); len(found) != 1 || report.Of[vault.Customers].Rows() != 1 {
			t.Errorf("of one issuer: %+v, %+v", report, found)
		}
	})
}

// TestAKeyThatWrapsCustomersAlone has neither card nor token: it counts as in use all the same.
func TestAKeyThatWrapsCustomersAlone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		first, index := r.ring()[0], r.ring()[1]
		must(t, r.CheckUnused(t.Context(), first))
		must(t, r.CheckUnused(t.Context(), index))
		r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
		for _, k := range []*keys.Key{first, index} {
			wantReason(t, r.CheckUnused(t.Context(), k), "key_in_use")
		}
		checks, err := r.CheckKEKs(t.Context())
		if err != nil || len(checks) != 1 || checks[0].KEK != first.ID || checks[0].Err != nil {
			t.Errorf("checks %+v, %v", checks, err)
		}
		good := r.keys.Current()
		r.keys.Replace(keys.NewRing([]*keys.Key{keystest.Key(t, keys.Meta{Purpose: keys.VaultKEK}), index}))
		foreign, err := r.ForeignKEKs(t.Context())
		must(t, err)
		if diff := cmp.Diff(map[keys.ID]bool{first.ID: true}, foreign); diff != "" {
			t.Errorf("foreign keys (-want +got):\n%s", diff)
		}
		if checks, err = r.CheckKEKs(t.Context()); err != nil || walletport.ReasonOf(checks[0].Err) != "customer_damaged" {
			t.Errorf("checks with another key of that name: %+v, %v", checks, err)
		}
		r.keys.Replace(good)
		r.mustForgetCustomer(t, customerKey("1"))
		must(t, r.CheckUnused(t.Context(), first))
		wantReason(t, r.CheckUnused(t.Context(), index), "key_in_use")
	})
}

// TestACustomerUnderAKeyThatIsNewHere: another process rotated the key and sealed by it.
func TestACustomerUnderAKeyThatIsNewHere(t *testing.T) {
	r := newRig(t)
	v, source := r.behind(t, r.cards)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
	source.newer = r.keys.Current()
	must(t, v.BorrowCustomer(t.Context(), r.mustFindCustomer(t, customerKey("1")), func(*walletport.Customer) error { return nil }))
}

// TestNothingPersonalOfACustomerInTheDatabase is the canary: no text of a customer, as it is
// or in a spelling that a leak would have, in any byte of SQLite's files or in any column of
// PostgreSQL's tables.
func TestNothingPersonalOfACustomerInTheDatabase(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		keysOf := []walletport.CustomerKey{customerKey("customer-5001"), customerKey("customer-5002")}
		r.mustPutCustomers(t, newCustomer(t, keysOf[0], adaTexts), newCustomer(t, keysOf[1], adaTexts))
		_, err := r.changedCustomer(t, func(tx storage.Tx) (vault.ChangedCustomer, error) {
			return r.ChangeCustomer(tx, keysOf[0], changesOf(texts{walletport.CustomerCity: {"Landskrona"}}), nil)
		})
		must(t, err)
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		_, err = r.Rewrap(t.Context(), nil)
		must(t, err)
		r.mustForgetCustomer(t, keysOf[1])

		all := r.everything(t)
		for _, told := range []string{"customer-5001", "customer-5002", "acme"} {
			if !strings.Contains(all, told) {
				t.Fatalf("the canary is blind: not even %q is found", told)
			}
		}
		for _, secret := range []string{
			"King", "Lovelace", "lovelace.example", "asa.king", "16504005555", "4670123456789", "Analytical Street", "Engine House", "Malmö", "Landskrona", "211 20", "acme app", "APP-22",
		} {
			for _, form := range append(spellingsOfText(secret), secret) {
				if strings.Contains(all, form) {
					t.Errorf("%q stands in the database, as %q", secret, form)
				}
			}
		}
	})
}
