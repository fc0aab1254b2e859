package storagetest

import (
	"cmp"
	"slices"
	"sync"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testCustomerChanges(t *testing.T, database NewDatabase) {
	withStore(t, database, "a customer is changed by an import only where it is what was read", testChangeCustomers)
	withStore(t, database, "a change of a customer that stands already counts as made", testChangeCustomersAgain)
	withStore(t, database, "one customer that was missed undoes all", testChangeCustomersTogether)
	withStore(t, database, "thousands of customers are changed together", testChangeManyCustomers)
	withStore(t, database, "changes of customers that nobody should ask for are refused", func(t *testing.T, s storage.Store) {
		_, err := s.ChangeCustomers(t.Context(), storage.CustomerBatch{List: []storage.CustomerChange{{Customer: customer(1, 0)}, {Customer: customer(1, 1)}}})
		if walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("a key twice: %v", err)
		}
		broken := storage.CustomerChange{Customer: customer(1, 0)}
		broken.KEK = "zero \x00"
		_, err = s.ChangeCustomers(t.Context(), storage.CustomerBatch{List: []storage.CustomerChange{broken}})
		wantError(t, "ChangeCustomers", err, walletport.CodeInvalid, "text_malformed")
	})
	t.Run("two imports of the same customers at once", func(t *testing.T) { testConcurrentCustomerChanges(t, database(t)) })
}

func testCustomersByKey(t *testing.T, s storage.Store) {
	other := customer(1, 0)
	other.Issuer = "second-bank"
	mustPutCustomers(t, s, customer(1, 0), customer(2, 0), customer(3, 0), other)
	unknown := walletport.CustomerKey{Issuer: "second-bank", Number: customerKey(2).Number}
	impossible := walletport.CustomerKey{Issuer: "second-bank", Number: "zero \x00"}
	got := must(s.CustomersByKey(t.Context(), []walletport.CustomerKey{customerKey(2), other.CustomerKey, unknown, impossible}))(t, "CustomersByKey")
	slices.SortFunc(got, func(a, b storage.Customer) int { return cmp.Compare(a.ID, b.ID) })
	wantEqual(t, "found", got, []storage.Customer{mustCustomer(t, s, customerKey(2)), mustCustomer(t, s, other.CustomerKey)})
	wantEqual(t, "none", must(s.CustomersByKey(t.Context(), nil))(t, "CustomersByKey"), []storage.Customer{})
}

// replacingCustomer is the change of a stored customer from one version to another.
func replacingCustomer(t testing.TB, s storage.Store, n, was, becomes int) storage.CustomerChange {
	t.Helper()
	change := storage.CustomerChange{Customer: customer(n, becomes), Replaces: customer(n, was).ContentMAC}
	if row, err := s.Customer(t.Context(), customerKey(n)); err == nil {
		change.ID = row.ID
	}
	return change
}

func mustChangeCustomers(t testing.TB, s storage.Store, changes ...storage.CustomerChange) []walletport.CustomerKey {
	t.Helper()
	return must(s.ChangeCustomers(t.Context(), storage.CustomerBatch{List: changes}))(t, "ChangeCustomers")
}

func testChangeCustomers(t *testing.T, s storage.Store) {
	wantEqual(t, "nothing", mustChangeCustomers(t, s), []walletport.CustomerKey{})
	fresh := []storage.CustomerChange{{Customer: customer(3, 0)}, {Customer: customer(1, 0)}, {Customer: customer(2, 0)}}
	wantEqual(t, "missed by new customers", mustChangeCustomers(t, s, fresh...), []walletport.CustomerKey{})
	id := wantCustomer(t, s, customer(1, 0))

	missed := mustChangeCustomers(t, s, storage.CustomerChange{Customer: customer(3, 1)}, replacingCustomer(t, s, 1, 0, 1),
		replacingCustomer(t, s, 404, 0, 1), replacingCustomer(t, s, 2, 7, 1), storage.CustomerChange{Customer: forgottenCustomer(4)})
	slices.SortFunc(missed, func(a, b walletport.CustomerKey) int { return cmp.Compare(a.Number, b.Number) })
	wantEqual(t, "missed", missed, []walletport.CustomerKey{customerKey(2), customerKey(3), customerKey(404)})
	wantCustomer(t, s, customer(1, 0)) // and nothing is changed
	_, err := s.Customer(t.Context(), forgottenCustomer(4).CustomerKey)
	wantError(t, "Customer", err, walletport.CodeNotFound, "customer_not_found")

	missed = mustChangeCustomers(t, s, replacingCustomer(t, s, 1, 0, 1), storage.CustomerChange{Customer: forgottenCustomer(4)})
	wantEqual(t, "missed", missed, []walletport.CustomerKey{})
	if wantCustomer(t, s, customer(1, 1)) != id {
		t.Error("a customer who was changed has another id")
	}
	for _, want := range []storage.Customer{customer(2, 0), customer(3, 0), forgottenCustomer(4)} {
		wantCustomer(t, s, want)
	}
}

func testChangeCustomersAgain(t *testing.T, s storage.Store) {
	change := storage.CustomerChange{Customer: customer(1, 0)}
	mustChangeCustomers(t, s, change)
	wantEqual(t, "missed by the same new customer", mustChangeCustomers(t, s, change), []walletport.CustomerKey{})
	next := replacingCustomer(t, s, 1, 0, 1)
	mustChangeCustomers(t, s, next)
	wantEqual(t, "missed by the same change", mustChangeCustomers(t, s, next), []walletport.CustomerKey{})
	wantCustomer(t, s, customer(1, 1))
}

func testChangeCustomersTogether(t *testing.T, s storage.Store) {
	mustPutCustomers(t, s, customer(1, 0), customer(2, 0))
	missed := mustChangeCustomers(t, s, replacingCustomer(t, s, 1, 0, 1), replacingCustomer(t, s, 2, 7, 1), storage.CustomerChange{Customer: customer(3, 0)})
	wantEqual(t, "missed", missed, []walletport.CustomerKey{customerKey(2)})
	wantCustomer(t, s, customer(1, 0))
	wantCustomer(t, s, customer(2, 0))
	_, err := s.Customer(t.Context(), customerKey(3))
	wantError(t, "Customer", err, walletport.CodeNotFound, "customer_not_found")
	wantEqual(t, "missed", mustChangeCustomers(t, s, replacingCustomer(t, s, 1, 0, 1), storage.CustomerChange{Customer: customer(3, 0)}), []walletport.CustomerKey{})
	wantCustomer(t, s, customer(1, 1))
	wantCustomer(t, s, customer(3, 0))
}

func testChangeManyCustomers(t *testing.T, s storage.Store) {
	const many = 2500
	changes := make([]storage.CustomerChange, many)
	for i := range changes {
		changes[i].Customer = customer(i, 0)
	}
	wantEqual(t, "missed", mustChangeCustomers(t, s, changes...), []walletport.CustomerKey{})
	wantCustomer(t, s, customer(many-1, 0))
	if stored := must(s.CustomersAfter(t.Context(), "", 0, many+1))(t, "CustomersAfter"); len(stored) != many {
		t.Errorf("%d are stored, want %d", len(stored), many)
	}
}

// testConcurrentCustomerChanges: of two imports at once one writes each row, and neither
// fails for the other.
func testConcurrentCustomerChanges(t *testing.T, open Open) {
	replicas := []storage.Store{open(t), open(t)}
	const rows = 200
	var group sync.WaitGroup
	var missed [2][]walletport.CustomerKey
	var errs [2]error
	for version := range 2 {
		changes := make([]storage.CustomerChange, rows)
		for i := range changes {
			changes[i].Customer = customer(i, version)
		}
		if version == 1 {
			slices.Reverse(changes)
		}
		group.Go(func() {
			missed[version], errs[version] = replicas[version].ChangeCustomers(t.Context(), storage.CustomerBatch{List: changes})
		})
	}
	group.Wait()
	if errs[0] != nil || errs[1] != nil || len(missed[0])+len(missed[1]) != rows {
		t.Errorf("missed %d and %d of %d, %v, %v", len(missed[0]), len(missed[1]), rows, errs[0], errs[1])
	}
}
