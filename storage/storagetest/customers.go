package storagetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testCustomers(t *testing.T, database NewDatabase) {
	withStore(t, database, "a customer comes back as it was put", testPutCustomers)
	withStore(t, database, "one row for issuer and number", testOneCustomer)
	withStore(t, database, "a customer is changed in place", testUpdateCustomer)
	withStore(t, database, "customers that nobody should have put are refused", testRefusedCustomers)
	withStore(t, database, "unknown customers are not found", testUnknownCustomers)
	withStore(t, database, "customers are listed page by page", testCustomersAfter)
	withStore(t, database, "customers are found by the key that wrapped them", testCustomersWrappedBy)
	withStore(t, database, "a re-wrap of customers replaces only the key it knows", testRewrapCustomers)
	withStore(t, database, "customers are found by their keys, many at a time", testCustomersByKey)
	testCustomerChanges(t, database)
	t.Run("replicas put the same customers at once", func(t *testing.T) { testConcurrentCustomers(t, database(t)) })
	t.Run("of changes of one customer at once each counts", func(t *testing.T) { testCustomerCount(t, database(t)) })
}

// customer makes a customer whose columns all differ. version changes its content.
func customer(n, version int) storage.Customer {
	return storage.Customer{
		CustomerSummary: walletport.CustomerSummary{CustomerKey: customerKey(n)},
		Sealed:          fmt.Appendf(nil, "sealed %d %d", n, version),
		WrappedKey:      fmt.Appendf(nil, "key %d %d", n, version),
		KEK:             "kek/1",
		ContentMAC:      fmt.Appendf(nil, "mac %d %d", n, version),
		UpdatedAt:       at(int64(version)),
	}
}

func customerKey(n int) walletport.CustomerKey {
	return walletport.CustomerKey{Issuer: "first-bank", Number: fmt.Sprintf("customer-%d", n)}
}

// forgottenCustomer is what is left of one.
func forgottenCustomer(n int) storage.Customer {
	c := customer(n, 9)
	c.IsForgotten, c.Sealed, c.WrappedKey, c.KEK = true, nil, nil, ""
	return c
}

func mustPutCustomers(t testing.TB, s storage.Store, customers ...storage.Customer) (put storage.CustomersPut) {
	t.Helper()
	mustUpdate(t, s, func(tx storage.Tx) (err error) {
		put, err = tx.PutCustomers(customers)
		return err
	})
	return put
}

// mustCustomer returns the customer of a key; its id stands in want too.
func mustCustomer(t testing.TB, s storage.Store, key walletport.CustomerKey) storage.Customer {
	t.Helper()
	return must(s.Customer(t.Context(), key))(t, "Customer")
}

// wantCustomer wants a stored customer to be this one, but for its id.
func wantCustomer(t testing.TB, s storage.Store, want storage.Customer) walletport.CustomerID {
	t.Helper()
	got := mustCustomer(t, s, want.CustomerKey)
	want.ID = got.ID
	wantEqual(t, "customer "+want.Number, got, want)
	return got.ID
}

func recorded(n, version int) func(storage.Customer) (storage.Customer, error) {
	return func(storage.Customer) (storage.Customer, error) { return customer(n, version), nil }
}

func testPutCustomers(t *testing.T, s storage.Store) {
	wantEqual(t, "put", mustPutCustomers(t, s, customer(2, 0), customer(1, 0), forgottenCustomer(3)), storage.CustomersPut{Inserted: 3})
	for _, want := range []storage.Customer{customer(1, 0), customer(2, 0), forgottenCustomer(3)} {
		id := wantCustomer(t, s, want)
		want.ID = id
		wantEqual(t, "by id", must(s.CustomerByID(t.Context(), id))(t, "CustomerByID"), want)
		if id < 1 {
			t.Errorf("id %d", id)
		}
	}
	wantEqual(t, "nothing put", mustPutCustomers(t, s), storage.CustomersPut{})
}

func testOneCustomer(t *testing.T, s storage.Store) {
	mustPutCustomers(t, s, customer(1, 0), customer(2, 0))
	id := mustCustomer(t, s, customerKey(1)).ID
	other := customer(1, 0)
	other.Issuer = "second-bank"
	other.ID = id // is not looked at
	unmarked := customer(2, 0)
	unmarked.ContentMAC = nil
	put := mustPutCustomers(t, s, customer(1, 1), unmarked, other, customer(3, 0))
	wantEqual(t, "put", put, storage.CustomersPut{Inserted: 2, Updated: 2})
	wantEqual(t, "put again", mustPutCustomers(t, s, customer(1, 1), unmarked, other), storage.CustomersPut{Updated: 1, Unchanged: 2})
	if again := wantCustomer(t, s, customer(1, 1)); again != id {
		t.Errorf("a customer that came again has the id %d, and had %d", again, id)
	}
	if wantCustomer(t, s, other) == id {
		t.Errorf("customers of two issuers have one row")
	}
	mustPutCustomers(t, s, forgottenCustomer(1))
	if wantCustomer(t, s, forgottenCustomer(1)) != id {
		t.Errorf("a customer who was forgotten has another id")
	}
	later := customer(1, 1) // of the same content as before, sealed anew
	later.Sealed = []byte("sealed again")
	mustPutCustomers(t, s, later)
	wantCustomer(t, s, later)
	later.Sealed, later.UpdatedAt = []byte("and again"), at(99)
	wantEqual(t, "the same content", mustPutCustomers(t, s, later), storage.CustomersPut{Unchanged: 1})
}

func testUpdateCustomer(t *testing.T, s storage.Store) {
	mustPutCustomers(t, s, customer(1, 0), customer(2, 0))
	before := mustCustomer(t, s, customerKey(1))
	mustUpdate(t, s, func(tx storage.Tx) error {
		return tx.UpdateCustomer(customerKey(1), func(old storage.Customer) (storage.Customer, error) {
			wantEqual(t, "the customer that is changed", old, before)
			next := customer(7, 7) // of another key and id
			next.ID = 77
			return next, nil
		})
	})
	want := customer(7, 7)
	want.CustomerKey, want.ID = before.CustomerKey, before.ID
	wantEqual(t, "the changed customer", mustCustomer(t, s, customerKey(1)), want)
	wantCustomer(t, s, customer(2, 0))
	mustUpdate(t, s, func(tx storage.Tx) error { // the transaction may go on
		half := func(c storage.Customer) (storage.Customer, error) { c.WrappedKey = nil; return c, nil }
		if err := tx.UpdateCustomer(customerKey(2), half); walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("half an envelope: %v", err)
		}
		malformed := func(c storage.Customer) (storage.Customer, error) { c.KEK = "zero \x00"; return c, nil }
		wantError(t, "UpdateCustomer", tx.UpdateCustomer(customerKey(2), malformed), walletport.CodeInvalid, "text_malformed")
		return nil
	})
	wantCustomer(t, s, customer(2, 0))
}

func testRefusedCustomers(t *testing.T, s storage.Store) {
	for _, c := range []struct {
		name string
		code walletport.Code
		make func(*storage.Customer)
	}{
		{"zero character", walletport.CodeInvalid, func(c *storage.Customer) { c.Number = "zero \x00" }},
		{"broken UTF-8", walletport.CodeInvalid, func(c *storage.Customer) { c.KEK = "broken \xff" }},
		{"no number", walletport.CodeInternal, func(c *storage.Customer) { c.Number = "" }},
		{"no issuer", walletport.CodeInternal, func(c *storage.Customer) { c.Issuer = "" }},
		{"a seal without a key", walletport.CodeInternal, func(c *storage.Customer) { c.WrappedKey = nil }},
		{"a seal without the id of a key", walletport.CodeInternal, func(c *storage.Customer) { c.KEK = "" }},
		{"a key without a seal", walletport.CodeInternal, func(c *storage.Customer) { c.Sealed = nil }},
		{"twice the same", walletport.CodeInternal, func(c *storage.Customer) { c.CustomerKey = customerKey(8) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := customer(1, 0)
			c.make(&bad)
			mustUpdate(t, s, func(tx storage.Tx) error { // the transaction may go on
				if _, err := tx.PutCustomers([]storage.Customer{customer(8, 0), bad}); walletport.CodeOf(err) != c.code {
					t.Errorf("PutCustomers: %v, want an error of the code %s", err, c.code)
				}
				return nil
			})
			wantEqual(t, "customers", must(s.CustomersAfter(t.Context(), "", 0, 9))(t, "CustomersAfter"), []storage.Customer{})
		})
	}
}

func testUnknownCustomers(t *testing.T, s storage.Store) {
	mustPutCustomers(t, s, customer(1, 0))
	for _, key := range []walletport.CustomerKey{{}, customerKey(2), {Issuer: "second-bank", Number: "customer-1"}, {Issuer: "first-bank", Number: "\xff"}, {Issuer: "a\x00", Number: "customer-1"}} {
		_, err := s.Customer(t.Context(), key)
		wantError(t, "Customer", err, walletport.CodeNotFound, "customer_not_found")
		err = s.Update(t.Context(), func(tx storage.Tx) error { return tx.UpdateCustomer(key, recorded(1, 1)) })
		wantError(t, "UpdateCustomer", err, walletport.CodeNotFound, "customer_not_found")
	}
	_, err := s.CustomerByID(t.Context(), 404)
	wantError(t, "CustomerByID", err, walletport.CodeNotFound, "customer_not_found")
}

func customerNumbers(customers []storage.Customer) []string {
	numbers := []string{}
	for i := range customers {
		numbers = append(numbers, customers[i].Number)
	}
	return numbers
}

func testCustomersAfter(t *testing.T, s storage.Store) {
	for n := 1; n <= 4; n++ {
		c := customer(n, 0)
		if n == 2 {
			c.Issuer = "second-bank"
		}
		mustPutCustomers(t, s, c)
	}
	all := must(s.CustomersAfter(t.Context(), "", 0, 9))(t, "CustomersAfter")
	wantEqual(t, "all", customerNumbers(all), []string{"customer-1", "customer-2", "customer-3", "customer-4"})
	if !slices.IsSortedFunc(all, func(a, b storage.Customer) int { return int(a.ID - b.ID) }) {
		t.Errorf("they come in another order than that of their ids")
	}
	after := func(issuer walletport.IssuerID, id walletport.CustomerID, limit int) []string {
		t.Helper()
		return customerNumbers(must(s.CustomersAfter(t.Context(), issuer, id, limit))(t, "CustomersAfter"))
	}
	wantEqual(t, "a page", after("", 0, 2), []string{"customer-1", "customer-2"})
	wantEqual(t, "the next page", after("", all[1].ID, 2), []string{"customer-3", "customer-4"})
	wantEqual(t, "of an issuer", after("first-bank", all[0].ID, 9), []string{"customer-3", "customer-4"})
	wantEqual(t, "of nobody", after("third-bank", 0, 9), []string{})
	wantEqual(t, "a limit below 0", after("", 0, -1), []string{})
}

func testCustomersWrappedBy(t *testing.T, s storage.Store) {
	second := customer(2, 0)
	second.KEK = "kek/2"
	mustPutCustomers(t, s, customer(1, 0))
	mustPutCustomers(t, s, second)
	mustPutCustomers(t, s, customer(3, 0))
	mustPutCustomers(t, s, forgottenCustomer(4))
	first := mustCustomer(t, s, customerKey(1)).ID
	found := func(kek string, after walletport.CustomerID, limit int) []string {
		t.Helper()
		return customerNumbers(must(s.CustomersWrappedBy(t.Context(), kek, after, limit))(t, "CustomersWrappedBy"))
	}
	wantEqual(t, "kek/1", found("kek/1", 0, 9), []string{"customer-1", "customer-3"})
	wantEqual(t, "kek/1, a page", found("kek/1", 0, 1), []string{"customer-1"})
	wantEqual(t, "kek/1, the next page", found("kek/1", first, 1), []string{"customer-3"})
	wantEqual(t, "no key", found("", 0, 9), []string{})
	wantEqual(t, "keys", must(s.CustomerKEKs(t.Context()))(t, "CustomerKEKs"), []string{"kek/1", "kek/2"})
}

func testRewrapCustomers(t *testing.T, s storage.Store) {
	var want []storage.Customer
	for n := 1; n <= 4; n++ {
		mustPutCustomers(t, s, customer(n, 0))
		want = append(want, mustCustomer(t, s, customerKey(n)))
	}
	mustUpdate(t, s, func(tx storage.Tx) error { // forgotten after the re-wrap had read the row
		return tx.UpdateCustomer(customerKey(4), func(storage.Customer) (storage.Customer, error) { return forgottenCustomer(4), nil })
	})
	replaced := must(s.RewrapCustomers(t.Context(), []storage.CustomerRewrapping{
		{ID: want[0].ID, Old: want[0].WrappedKey, New: []byte("new 1"), KEK: "kek/2"},
		{ID: want[1].ID, Old: []byte("stale"), New: []byte("new 2"), KEK: "kek/2"},
		{ID: want[3].ID + 100, Old: []byte("none"), New: []byte("new 104"), KEK: "kek/2"},
		{ID: want[3].ID, Old: want[3].WrappedKey, New: []byte("new 4"), KEK: "kek/2"},
		{ID: want[2].ID, Old: want[2].WrappedKey, New: []byte("new 3"), KEK: "kek/2"},
		{ID: want[2].ID, Old: []byte("new 3"), New: []byte("newer 3"), KEK: "kek/3"},
	}))(t, "RewrapCustomers")
	wantEqual(t, "replaced", replaced, 3)
	want[0].WrappedKey, want[0].KEK = []byte("new 1"), "kek/2"
	want[2].WrappedKey, want[2].KEK = []byte("newer 3"), "kek/3"
	id := want[3].ID
	want[3] = forgottenCustomer(4)
	want[3].ID = id
	wantEqual(t, "customers", must(s.CustomersAfter(t.Context(), "", 0, 10))(t, "CustomersAfter"), want)
	wantEqual(t, "replaced of nothing", must(s.RewrapCustomers(t.Context(), nil))(t, "RewrapCustomers of nothing"), 0)
}

// testConcurrentCustomers has replicas put the same customers at once, in any order.
func testConcurrentCustomers(t *testing.T, open Open) {
	const writers, count = 4, 20
	replicas := []storage.Store{open(t), open(t)}
	puts := make([]storage.CustomersPut, writers)
	wantNoErrors(t, each(writers, func(i int) error {
		var customers []storage.Customer
		for n := range count {
			customers = append(customers, customer((n+5*i)%count, 0))
		}
		return replicas[i%2].Update(t.Context(), func(tx storage.Tx) (err error) {
			puts[i], err = tx.PutCustomers(customers)
			return err
		})
	}))
	var sum storage.CustomersPut
	for _, put := range puts {
		sum.Inserted += put.Inserted
		sum.Updated += put.Updated
		sum.Unchanged += put.Unchanged
	}
	wantEqual(t, "put by all", sum, storage.CustomersPut{Inserted: count, Unchanged: (writers - 1) * count})
	wantEqual(t, "rows", len(must(replicas[0].CustomersAfter(t.Context(), "", 0, 100))(t, "CustomersAfter")), count)
}

// testCustomerCount makes each of many changes of what the one before left.
func testCustomerCount(t *testing.T, open Open) {
	const writers, rounds = 4, 5
	replicas := []storage.Store{open(t), open(t)}
	mustPutCustomers(t, replicas[0], customer(1, 0))
	wantNoErrors(t, each(writers, func(i int) error {
		for range rounds {
			err := replicas[i%2].Update(t.Context(), func(tx storage.Tx) error {
				return tx.UpdateCustomer(customerKey(1), func(c storage.Customer) (storage.Customer, error) {
					c.Sealed = append(slices.Clone(c.Sealed), '+')
					return c, nil
				})
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	got := len(mustCustomer(t, replicas[0], customerKey(1)).Sealed) - len(customer(1, 0).Sealed)
	wantEqual(t, "changes", got, writers*rounds)
}
