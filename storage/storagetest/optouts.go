package storagetest

import (
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func optOut(n int) storage.OptOut {
	return storage.OptOut{CustomerKey: customerKey(n), By: "someone@example.com", At: at(int64(n))}
}

// mustPutOptOut reports whether it is new.
func mustPutOptOut(t testing.TB, s storage.Store, o storage.OptOut) (isNew bool) {
	t.Helper()
	mustUpdate(t, s, func(tx storage.Tx) (err error) {
		isNew, err = tx.PutOptOut(o)
		return err
	})
	return isNew
}

func testOptOuts(t *testing.T, s storage.Store) {
	for _, n := range []int{2, 1, 3} {
		wantEqual(t, "new", mustPutOptOut(t, s, optOut(n)), true)
	}
	foreign, later := optOut(1), optOut(1)
	foreign.Issuer, later.At = "second-bank", at(99)
	wantEqual(t, "new of another issuer", mustPutOptOut(t, s, foreign), true)
	wantEqual(t, "new", mustPutOptOut(t, s, later), false)

	after := func(number string, limit int) []storage.OptOut {
		t.Helper()
		return must(s.OptOutsAfter(t.Context(), "first-bank", number, limit))(t, "OptOutsAfter")
	}
	wantEqual(t, "all", after("", 9), []storage.OptOut{optOut(1), optOut(2), optOut(3)})
	wantEqual(t, "a page", after("customer-1", 1), []storage.OptOut{optOut(2)})
	wantEqual(t, "after what no engine keeps", after("\xff", 9), []storage.OptOut{})
	of := func(issuer walletport.IssuerID, numbers ...string) []storage.OptOut {
		t.Helper()
		return must(s.OptOuts(t.Context(), issuer, numbers))(t, "OptOuts")
	}
	wantEqual(t, "one of several", of("first-bank", "customer-9", "customer-2", "\xff", "a\x00", "customer-2"), []storage.OptOut{optOut(2)})
	wantEqual(t, "of another issuer", of("second-bank", "customer-1", "customer-2"), []storage.OptOut{foreign})
	wantEqual(t, "none", of("first-bank"), []storage.OptOut{})
	wantEqual(t, "of nobody", of("\xff", "customer-1"), []storage.OptOut{})

	withdraw := func(key walletport.CustomerKey) (found bool) {
		t.Helper()
		mustUpdate(t, s, func(tx storage.Tx) (err error) {
			found, err = tx.DeleteOptOut(key)
			return err
		})
		return found
	}
	wantEqual(t, "withdrawn", withdraw(customerKey(1)), true)
	wantEqual(t, "withdrawn again", withdraw(customerKey(1)), false)
	wantEqual(t, "withdrawn of nobody", withdraw(walletport.CustomerKey{Issuer: "first-bank", Number: "\xff"}), false)
	wantEqual(t, "left", after("", 9), []storage.OptOut{optOut(2), optOut(3)})
	wantEqual(t, "of another issuer", of("second-bank", "customer-1"), []storage.OptOut{foreign})
	wantEqual(t, "new again", mustPutOptOut(t, s, later), true)
}

func testWrongOptOuts(t *testing.T, s storage.Store) {
	for _, c := range []struct {
		name string
		code walletport.Code
		make func(*storage.OptOut)
	}{
		{"a zero character", walletport.CodeInvalid, func(o *storage.OptOut) { o.Number = "zero \x00" }},
		{"broken UTF-8", walletport.CodeInvalid, func(o *storage.OptOut) { o.By = "broken \xff" }},
		{"no number", walletport.CodeInternal, func(o *storage.OptOut) { o.Number = "" }},
		{"no issuer", walletport.CodeInternal, func(o *storage.OptOut) { o.Issuer = "" }},
		{"no time", walletport.CodeInternal, func(o *storage.OptOut) { o.At = storage.OptOut{}.At }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := optOut(1)
			c.make(&bad)
			mustUpdate(t, s, func(tx storage.Tx) error { // the transaction may go on
				if _, err := tx.PutOptOut(bad); walletport.CodeOf(err) != c.code {
					t.Errorf("PutOptOut: %v, want an error of the code %s", err, c.code)
				}
				return nil
			})
			wantEqual(t, "opt-outs", must(s.OptOutsAfter(t.Context(), "first-bank", "", 9))(t, "OptOutsAfter"), []storage.OptOut{})
		})
	}
}

func testConcurrentOptOut(t *testing.T, open Open) {
	replicas := []storage.Store{open(t), open(t)}
	answers := make([]bool, 8)
	wantNoErrors(t, each(len(answers), func(i int) error {
		return replicas[i%2].Update(t.Context(), func(tx storage.Tx) (err error) {
			answers[i], err = tx.PutOptOut(optOut(1))
			return err
		})
	}))
	isNew := 0
	for _, answer := range answers {
		if answer {
			isNew++
		}
	}
	wantEqual(t, "new", isNew, 1)
}
