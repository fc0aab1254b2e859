package vault_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// changed runs a change in a transaction.
func (r rig) changed(t testing.TB, change func(storage.Tx) (vault.ChangedCard, error)) (what vault.ChangedCard, err error) {
	t.Helper()
	err = r.cards.Update(t.Context(), func(tx storage.Tx) error {
		what, err = change(tx)
		return err
	})
	return what, err
}

func (r rig) mustForget(t testing.TB, id walletport.CardID) vault.ChangedCard {
	t.Helper()
	what, err := r.changed(t, func(tx storage.Tx) (vault.ChangedCard, error) { return r.Forget(tx, id, nil) })
	must(t, err)
	return what
}

func given(text string) *string { return &text }

func TestChangesGiveWhatTheySayAndNothingElse(t *testing.T) {
	king, none := walletport.NewPrivate("ADA KING"), walletport.Private{}
	for _, c := range []struct {
		name   string
		change func(rig, storage.Tx) (vault.ChangedCard, error)
		want   string
		what   vault.ChangedCard
	}{
		{"a status", func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.ChangeStatus(tx, 1, walletport.CardOK, nil)
		}, strings.Replace(stolenAsText, "CARD_STOLEN", "CARD_OK", 1), vault.ChangedCard{To: walletport.CardOK, Fields: []string{"status"}}},
		{"the status that it has", func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.ChangeStatus(tx, 1, walletport.CardStolen, nil)
		}, stolenAsText, vault.ChangedCard{To: walletport.CardStolen}},
		{"customer, product and name", func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.Change(tx, 1, vault.Changes{CustomerID: given("c-7"), Product: given("gold"), CardholderName: &king}, nil)
		}, "CARD_STOLEN acme c-7|ADA KING|gold|5204247750001471 12/2031", vault.ChangedCard{To: walletport.CardStolen, Fields: []string{"customerId", "cardholderName", "product"}}},
		{"a product alone", func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.Change(tx, 1, vault.Changes{Product: given("gold")}, nil)
		}, strings.Replace(stolenAsText, "mc-debit", "gold", 1), vault.ChangedCard{To: walletport.CardStolen, Fields: []string{"product"}}},
		{"texts are emptied", func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.Change(tx, 1, vault.Changes{CustomerID: given(""), Product: given(""), CardholderName: &none}, nil)
		}, "CARD_STOLEN acme |||5204247750001471 12/2031", vault.ChangedCard{To: walletport.CardStolen, Fields: []string{"customerId", "cardholderName", "product"}}},
		{"nothing", func(r rig, tx storage.Tx) (vault.ChangedCard, error) { return r.Change(tx, 1, vault.Changes{}, nil) },
			stolenAsText, vault.ChangedCard{To: walletport.CardStolen}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				r.mustPut(t, stolenCard(t))
				before := r.mustFind(t, 1)
				what, err := r.changed(t, func(tx storage.Tx) (vault.ChangedCard, error) { return c.change(r, tx) })
				must(t, err)
				c.what.ID, c.what.Issuer, c.what.From = 1, "acme", walletport.CardStolen
				if diff := cmp.Diff(c.what, what); diff != "" {
					t.Errorf("what changed (-want +got):\n%s", diff)
				}
				if got := r.asText(t, 1); got != c.want {
					t.Errorf("the card is now %s, want %s", got, c.want)
				}
				if diff := cmp.Diff(before, r.mustFind(t, 1)); c.what.Fields == nil && diff != "" {
					t.Errorf("a row without a change is another (-before +after):\n%s", diff)
				}
				r.mustVerify(t, 1)
			})
		})
	}
}

func TestChangesThatAreRefusedChangeNothing(t *testing.T) {
	errAdmit := walletport.Errorf(walletport.CodeForbidden, "not_yours", "it is not yours")
	for _, c := range []struct {
		name   string
		edit   func(*storage.Card)
		change func(rig, storage.Tx) (vault.ChangedCard, error)
		reason string
	}{
		{"a status that no card has", nil, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.ChangeStatus(tx, 1, "CARD_HAPPY", nil)
		}, "card_invalid"},
		{"a card is not forgotten by a status", nil, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.ChangeStatus(tx, 1, walletport.CardForgotten, nil)
		}, "card_invalid"},
		{"a customer with the card's number", nil, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.Change(tx, 1, vault.Changes{CustomerID: given("c" + testPAN)}, nil)
		}, "card_invalid"},
		{"a card that is not there", nil, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.ChangeStatus(tx, 404, walletport.CardOK, nil)
		}, "card_not_found"},
		{"a card that is not there is not forgotten", nil, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.Forget(tx, 404, nil)
		}, "card_not_found"},
		{"whom the caller does not admit", func(c *storage.Card) { c.KEK = "vault-kek-v9" }, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.ChangeStatus(tx, 1, walletport.CardOK, func(c walletport.CardSummary) error {
				if c.ID != 1 || c.Issuer != "acme" {
					t.Errorf("it is asked about %+v", c)
				}
				return errAdmit
			})
		}, "not_yours"},
		{"whom the caller does not admit, to forget", nil, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.Forget(tx, 1, func(walletport.CardSummary) error { return errAdmit })
		}, "not_yours"},
		{"a row that was edited is not made good by a change", func(c *storage.Card) { c.Status = walletport.CardOK }, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.ChangeStatus(tx, 1, walletport.CardBlocked, nil)
		}, "card_damaged"},
		{"a row with another's index of the PAN is not made good either", func(c *storage.Card) { c.PANIndex = make([]byte, 32) }, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.Change(tx, 1, vault.Changes{Product: given("gold")}, nil)
		}, "card_damaged"},
		{"a card whose key is lost", func(c *storage.Card) { c.KEK = "vault-kek-v9" }, func(r rig, tx storage.Tx) (vault.ChangedCard, error) {
			return r.Change(tx, 1, vault.Changes{Product: given("gold")}, nil)
		}, "key_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				r.mustPut(t, stolenCard(t))
				if c.edit != nil {
					r.edit(t, 1, c.edit)
				}
				before := r.mustFind(t, 1)
				_, err := r.changed(t, func(tx storage.Tx) (vault.ChangedCard, error) { return c.change(r, tx) })
				wantReason(t, err, c.reason)
				if diff := cmp.Diff(before, r.mustFind(t, 1)); diff != "" {
					t.Errorf("the row is another (-before +after):\n%s", diff)
				}
			})
		})
	}
}

// TestAChangeIsMadeOfWhatStands: of two changes at once none takes the other back.
func TestAChangeIsMadeOfWhatStands(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, stolenCard(t))
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i, change := range []func(storage.Tx) (vault.ChangedCard, error){
			func(tx storage.Tx) (vault.ChangedCard, error) { return r.ChangeStatus(tx, 1, walletport.CardLost, nil) },
			func(tx storage.Tx) (vault.ChangedCard, error) {
				return r.Change(tx, 1, vault.Changes{Product: given("gold")}, nil)
			},
		} {
			both.Go(func() { _, errs[i] = r.changed(t, change) })
		}
		both.Wait()
		must(t, errors.Join(errs...))
		if got := r.asText(t, 1); got != "CARD_LOST acme 5001|ADA LOVELACE|gold|5204247750001471 12/2031" {
			t.Errorf("the card is now %s", got)
		}
	})
}

func TestForgetKeepsNothingThatIdentifies(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, stolenCard(t), newCard(t, 2, otherPAN))
		what := r.mustForget(t, 1)
		want := vault.ChangedCard{ID: 1, Issuer: "acme", From: walletport.CardStolen, To: walletport.CardForgotten, Fields: []string{"all"}}
		if diff := cmp.Diff(want, what); diff != "" {
			t.Errorf("what changed (-want +got):\n%s", diff)
		}
		row, err := r.cards.Card(t.Context(), 1)
		must(t, err)
		kept := storage.Card{
			CardSummary: walletport.CardSummary{ID: 1, Issuer: "acme", Scheme: walletport.Mastercard, Status: walletport.CardForgotten},
			ContentMAC:  row.ContentMAC, UpdatedAt: now,
		}
		row.PANIndex, row.Sealed, row.WrappedKey = emptyNil(row.PANIndex), emptyNil(row.Sealed), emptyNil(row.WrappedKey)
		if diff := cmp.Diff(kept, row); diff != "" {
			t.Errorf("kept is (-want +got):\n%s", diff)
		}
		if found, err := r.FindByPAN(t.Context(), mustPAN(t, testPAN)); err != nil || len(found) != 0 {
			t.Errorf("by its PAN it is found: %v, %v", found, err)
		}
		if r.digits(t, 2) != otherPAN {
			t.Error("another card does not open")
		}
		r.mustVerify(t, 2)
	})
}

func emptyNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func TestForAForgottenCardEverybodyFindsNone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, stolenCard(t), newCard(t, 2, otherPAN))
		r.mustForget(t, 1)
		row, err := r.cards.Card(t.Context(), 1)
		must(t, err)
		_, err = r.Find(t.Context(), 1)
		wantReason(t, err, "card_not_found")
		wantReason(t, r.Borrow(t.Context(), row, func(*walletport.Card) error { t.Error("it is lent"); return nil }), "card_not_found")
		for name, change := range map[string]func(storage.Tx) (vault.ChangedCard, error){
			"a status": func(tx storage.Tx) (vault.ChangedCard, error) { return r.ChangeStatus(tx, 1, walletport.CardOK, nil) },
			"a change": func(tx storage.Tx) (vault.ChangedCard, error) {
				return r.Change(tx, 1, vault.Changes{Product: given("gold")}, nil)
			},
		} {
			if _, err := r.changed(t, change); walletport.ReasonOf(err) != "card_not_found" || !strings.Contains(err.Error(), "forgotten") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if again := r.mustForget(t, 1); len(again.Fields) > 0 || again.From != walletport.CardForgotten {
			t.Errorf("forgotten again: %+v", again)
		}
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		report, err := r.Rewrap(t.Context(), nil)
		if err != nil || report.Of[vault.Cards].Moved != 1 || report.Of[vault.Cards].Failed != 0 {
			t.Errorf("a re-wrap: %+v, %v", report, err)
		}
		if checks, err := r.CheckKEKs(t.Context()); err != nil || len(checks) != 1 || checks[0].Err != nil {
			t.Errorf("the keys in use: %+v, %v", checks, err)
		}
		r.mustVerify(t, 2)
	})
}

// TestAForgottenCardIsForgottenByForgetAlone: an UPDATE statement that calls a card
// forgotten, or gives a forgotten one anything, shows.
func TestAForgottenCardIsForgottenByForgetAlone(t *testing.T) {
	for _, c := range []struct {
		name   string
		forget bool
		edit   func(*storage.Card)
	}{
		{"a status by hand", false, func(c *storage.Card) { c.Status = walletport.CardForgotten }},
		{"a whole row by hand", false, func(c *storage.Card) {
			*c = storage.Card{CardSummary: walletport.CardSummary{ID: 1, Issuer: "acme", Scheme: c.Scheme, Status: walletport.CardForgotten}, ContentMAC: c.ContentMAC, UpdatedAt: now}
		}},
		{"a customer", true, func(c *storage.Card) { c.CustomerID = "5001" }},
		{"last four", true, func(c *storage.Card) { c.LastFour = "1471" }},
		{"an index of a PAN", true, func(c *storage.Card) { c.PANIndex = make([]byte, 32) }},
		{"sealed bytes", true, func(c *storage.Card) { c.Sealed = []byte{1} }},
		{"a key's name", true, func(c *storage.Card) { c.KEK = "vault-kek-v1" }},
		{"another time", true, func(c *storage.Card) { c.UpdatedAt = c.UpdatedAt.AddDate(0, 0, 1) }},
		{"another scheme", true, func(c *storage.Card) { c.Scheme = walletport.Visa }},
		{"another status", true, func(c *storage.Card) { c.Status = walletport.CardOK }},
		{"no MAC", true, func(c *storage.Card) { c.ContentMAC = nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.mustPut(t, stolenCard(t))
			if c.forget {
				r.mustForget(t, 1)
			}
			row, err := r.cards.Card(t.Context(), 1)
			must(t, err)
			wantReason(t, r.Check(row), "")
			c.edit(&row)
			if reason := walletport.ReasonOf(r.Check(row)); reason != "card_damaged" && reason != "key_unavailable" {
				t.Errorf("it passes: %q", reason)
			}
			if err := r.Borrow(t.Context(), row, func(*walletport.Card) error { return nil }); walletport.CodeOf(err) == walletport.CodeNotFound || err == nil {
				t.Errorf("Borrow: %v", err)
			}
		})
	}
}

func TestWhatDoesNotOpenIsForgottenToo(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, stolenCard(t), newCard(t, 2, otherPAN))
	r.edit(t, 1, func(c *storage.Card) { c.Status = walletport.CardOK })
	r.edit(t, 2, func(c *storage.Card) { c.KEK = "vault-kek-v9" })
	r.mustForget(t, 1)
	r.mustForget(t, 2)
	r.mustVerify(t, 2)
	r.edit(t, 1, func(c *storage.Card) { c.CustomerID = "5001" })
	if again := r.mustForget(t, 1); len(again.Fields) == 0 {
		t.Errorf("a forgotten card that was given something is left so: %+v", again)
	}
	r.mustVerify(t, 2)
	r.setState("vault-index-v1", keys.Retired)
	r.mustVerify(t, 2)
}

// TestAForgottenCardComesBackOnlyWhenTold: a file that is imported again must not bring
// back what was erased on purpose.
func TestAForgottenCardComesBackOnlyWhenTold(t *testing.T) {
	const whole = "cardId,pan,expiryMonth,expiryYear\n1,5204247750001471,12,2031\n"
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, stolenCard(t))
		r.mustForget(t, 1)
		for _, file := range []string{whole, "cardId,status\n1,CARD_OK\n"} {
			report := r.mustImport(t, file, csvOptions())
			if report.Rejected != 1 || !strings.Contains(report.Errors[0].Rule, "--replace-forgotten") {
				t.Errorf("%+v", report)
			}
		}
		told := csvOptions()
		told.ReplaceForgotten = true
		if report := r.mustImport(t, "cardId,status\n1,CARD_OK\n", told); report.Rejected != 1 || report.Errors[0].Field != "pan" {
			t.Errorf("without a PAN: %+v", report)
		}
		other := told
		other.Issuer = "globex"
		if report := r.mustImport(t, whole, other); report.Rejected != 1 {
			t.Errorf("of another issuer: %+v", report)
		}
		report := r.mustImport(t, whole, told)
		if report.Updated != 1 || report.Statuses[vault.StatusChange{From: walletport.CardForgotten, To: walletport.CardOK}] != 1 {
			t.Errorf("told: %+v", report)
		}
		if got := r.asText(t, 1); got != "CARD_OK acme |||5204247750001471 12/2031" {
			t.Errorf("the card is now %s", got)
		}
	})
}

// TestSQLitesFilesHoldNothingOfAForgottenCard reads the files as a thief would.
func TestSQLitesFilesHoldNothingOfAForgottenCard(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, stolenCard(t), newCard(t, 2, otherPAN))
	row := r.mustFind(t, 1)
	secrets := map[string][]byte{
		"the sealed card": row.Sealed[:40], "the wrapped key": row.WrappedKey[:40], "the index of the PAN": row.PANIndex, "the content MAC": row.ContentMAC,
	}
	holds := func(what []byte) (files []string) {
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(r.path + suffix)
			must(t, err)
			if bytes.Contains(content, what) {
				files = append(files, "walletport.db"+suffix)
			}
		}
		return files
	}
	for name, secret := range secrets {
		if len(holds(secret)) == 0 {
			t.Errorf("the test does not find %s before", name)
		}
	}
	r.mustForget(t, 1)
	must(t, r.cards.Erase(t.Context()))
	for name, secret := range secrets {
		if files := holds(secret); len(files) > 0 {
			t.Errorf("%s is still in %q", name, files)
		}
	}
}
