package storage

import (
	"context"
	"errors"
	"time"

	"github.com/walletport/walletport"
)

// Customer is a sealed customer. What is personal stands nowhere but in Sealed.
type Customer struct {
	walletport.CustomerSummary
	Sealed     []byte // all personal data under the customer's data key, AES-256-GCM
	WrappedKey []byte // the data key under the KEK
	KEK        string // id of the key that wrapped it
	// ContentMAC is an HMAC-SHA-256 over all content, 32 bytes, as Card.ContentMAC.
	ContentMAC []byte
	UpdatedAt  time.Time // milliseconds
}

// Customers keeps sealed customers, one for each issuer and number. Single ones are changed
// by CustomersTx. Look-up cost does not depend on how many there are.
type Customers interface {
	// Customer returns one customer, or CodeNotFound, reason customer_not_found.
	Customer(ctx context.Context, key walletport.CustomerKey) (Customer, error)
	// CustomerByID is Customer by the number of the row.
	CustomerByID(ctx context.Context, id walletport.CustomerID) (Customer, error)
	// CustomersByKey returns those of the customers that there are, in any order, for the cost
	// of little more than one, as CardsByID does. A key that is named twice may come twice.
	CustomersByKey(ctx context.Context, keys []walletport.CustomerKey) ([]Customer, error)
	// CustomersAfter returns up to limit customers of the issuer ("" for all) with ids above
	// after, in id order.
	CustomersAfter(ctx context.Context, issuer walletport.IssuerID, after walletport.CustomerID, limit int) ([]Customer, error)
	// CustomersWrappedBy returns up to limit customers whose data key is wrapped by kek, with
	// ids above after, in id order: the work list of a re-wrap.
	CustomersWrappedBy(ctx context.Context, kek string, after walletport.CustomerID, limit int) ([]Customer, error)
	// CustomerKEKs returns the ids of the keys that wrap data keys of customers. It costs one
	// look-up a key.
	CustomerKEKs(ctx context.Context) ([]string, error)
	// RewrapCustomers replaces wrapped keys in one transaction, each only where the stored
	// wrapped key still equals Old, and returns how many it replaced.
	RewrapCustomers(ctx context.Context, changes []CustomerRewrapping) (int, error)
	// ChangeCustomers writes customers in one transaction, if the database still has of each what
	// the caller read, or nothing, and returns the keys of the others, as CardBatches.ChangeCards
	// does: a change that stands already counts as made, and no key may come twice
	// (CodeInternal). It is for imports, which write thousands.
	ChangeCustomers(ctx context.Context, batch CustomerBatch) (missed []walletport.CustomerKey, err error)
}

// CustomerBatch is customers that are written in one transaction.
type CustomerBatch struct {
	List []CustomerChange
	// Mark is that of the import that they are of, see CardBatches.ChangeCards.
	Mark *ImportMark
}

// CustomerChange is a customer to write and the row that it takes the place of.
type CustomerChange struct {
	Customer // with the ID of the row that was read
	// Replaces is the ContentMAC of that row. Empty writes a new row, and only where there is
	// none of that key.
	Replaces []byte
}

// CustomersTx changes customers. None is deleted: what is left of one who was forgotten
// says that nobody has lost a row.
type CustomersTx interface {
	// PutCustomers inserts or replaces customers by their keys, whatever their ID is. One
	// whose ContentMAC is the stored one is left alone and counted Unchanged. A key may not
	// come twice (CodeInternal).
	PutCustomers(customers []Customer) (CustomersPut, error)
	// UpdateCustomer stores what change makes of a customer. ID and key stay as they are. An
	// error of change is returned as it is and changes nothing. An unknown key is
	// CodeNotFound, reason customer_not_found.
	UpdateCustomer(key walletport.CustomerKey, change func(old Customer) (Customer, error)) error
}

// CustomersPut says what PutCustomers did.
type CustomersPut struct{ Inserted, Updated, Unchanged int }

// CheckCustomers returns CodeInvalid, reason text_malformed, for text that not every engine
// can keep. Customers that a caller should not have put are its fault and CodeInternal: one
// without its key, a key that comes twice, half of an envelope.
func CheckCustomers(customers []Customer) error {
	seen := make(map[walletport.CustomerKey]struct{}, len(customers))
	for i := range customers {
		if err := checkOnce(seen, &customers[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkOnce(seen map[walletport.CustomerKey]struct{}, c *Customer) error {
	if _, twice := seen[c.CustomerKey]; twice {
		return errors.New("a customer was put twice in one call")
	}
	seen[c.CustomerKey] = struct{}{}
	return checkCustomer(c)
}

func checkCustomer(c *Customer) error {
	if c.Issuer == "" || c.Number == "" {
		return errors.New("a customer lacks the issuer or the number")
	}
	if isHalfEnvelope(c.Sealed, c.WrappedKey, c.KEK) {
		return errors.New("a sealed customer comes with the data key and the id of the key that wrapped it")
	}
	return checkText(string(c.Issuer), c.Number, c.KEK)
}

// CheckCustomerKey returns CodeNotFound for a key that no customer can have, because no
// engine keeps it: looking for it is an error of PostgreSQL.
func CheckCustomerKey(key walletport.CustomerKey) error {
	if !CanKeep(string(key.Issuer), key.Number) {
		return walletport.ErrCustomerNotFound()
	}
	return nil
}

// CheckCustomerBatch is CheckCustomers of changes.
func CheckCustomerBatch(changes []CustomerChange) error {
	seen := make(map[walletport.CustomerKey]struct{}, len(changes))
	for i := range changes {
		if err := checkOnce(seen, &changes[i].Customer); err != nil {
			return err
		}
	}
	return nil
}

// ChangeCustomer returns what change makes of old, with what stays of it: the row that
// CustomersTx.UpdateCustomer stores.
func ChangeCustomer(old Customer, change func(Customer) (Customer, error)) (Customer, error) {
	id, key := old.ID, old.CustomerKey
	customer, err := change(old)
	if err != nil {
		return Customer{}, err
	}
	customer.ID, customer.CustomerKey = id, key
	return customer, checkCustomer(&customer)
}
