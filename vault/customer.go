package vault

import (
	"bytes"
	"encoding/binary"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// The envelope of a customer, see envelope.go. What names the row is its key: issuer and
// customer number.
//
// The plaintext has every field of the version in its order: count of values (1 byte), each
// value behind its length (2 bytes, big-endian). Zeros fill it up to a multiple of 512
// bytes, so that most customers seal to one of two sizes.
//
// The content MAC is over "walletport customer content v" and the version, issuer, customer
// number, and the plaintext without its zeros, each behind its length.
const (
	customerContentTag = "walletport customer content v"
	customerPaddedTo   = 512
)

var sealedCustomer = sealedKind{
	name: "customer", fault: walletport.Errorf(walletport.CodeInternal, reasonCustomerDamaged, "the stored customer cannot be used"),
	tag: "walletport customer v", keyTag: "walletport customer data key v1",
}

func bindCustomer(key walletport.CustomerKey) binding {
	return sealedCustomer.bind(string(key.Issuer), key.Number)
}

func envelopeOfCustomer(row *storage.Customer) envelope {
	return envelope{row.Sealed, row.WrappedKey, row.KEK}
}

// customerField is a field and the first version of rows that have it.
type customerField struct {
	field walletport.CustomerField
	since byte
}

// customerFields are those of the plaintext, in its order. A further one is a line at the
// end, with a version above newestCustomerVersion, which becomes the newest by it: rows
// that are older lack it, and open as they were written.
var customerFields = []customerField{
	{walletport.CustomerFirstName, 1},
	{walletport.CustomerMiddleName, 1},
	{walletport.CustomerLastName, 1},
	{walletport.CustomerEmails, 1},
	{walletport.CustomerPhones, 1},
	{walletport.CustomerLocale, 1},
	{walletport.CustomerCountry, 1},
	{walletport.CustomerLine1, 1},
	{walletport.CustomerLine2, 1},
	{walletport.CustomerLine3, 1},
	{walletport.CustomerCity, 1},
	{walletport.CustomerState, 1},
	{walletport.CustomerPostalCode, 1},
	{walletport.CustomerAddressCountry, 1},
	{walletport.CustomerConsentVersion, 1},
	{walletport.CustomerConsentPresenter, 1},
	{walletport.CustomerConsentTime, 1},
	{walletport.CustomerAppIDs, 1},
}

// newestCustomerVersion is the version of the rows that are written.
var newestCustomerVersion = newestOfCustomers(customerFields)

func newestOfCustomers(fields []customerField) byte {
	newest := byte(1)
	for _, f := range fields {
		newest = max(newest, f.since)
	}
	return newest
}

// customerBytes is how much appendCustomerPlain and padCustomer write at most: grown, a buffer
// would leave a copy behind. Most customers need a twelfth of what the longest do, and an
// import makes these buffers for each row.
func customerBytes(c *walletport.Customer) int {
	size := customerPaddedTo
	for _, f := range customerFields {
		size++
		for _, value := range c.Values(f.field) {
			size += 2 + len(value.Reveal())
		}
	}
	return size
}

// appendCustomerPlain writes the fields that a version has, without the zeros.
func appendCustomerPlain(to []byte, version byte, c *walletport.Customer) []byte {
	for _, f := range customerFields {
		if f.since > version {
			continue
		}
		values := c.Values(f.field)
		to = append(to, byte(len(values)))
		for _, value := range values {
			to = binary.BigEndian.AppendUint16(to, uint16(len(value.Reveal())))
			to = append(to, value.Reveal()...)
		}
	}
	return to
}

func padCustomer(plain []byte) []byte {
	for len(plain)%customerPaddedTo != 0 {
		plain = append(plain, 0)
	}
	return plain
}

// parseCustomerPlain reads what appendCustomerPlain and padCustomer wrote, and nothing else,
// into c.
func parseCustomerPlain(plain []byte, version byte, c *walletport.Customer) error {
	rest := plain
	for _, f := range customerFields {
		if f.since > version {
			continue
		}
		var values []walletport.Private
		var err error
		if values, rest, err = cutValues(rest); err != nil {
			return err
		}
		if !c.SetValues(f.field, values) {
			return errPlain
		}
	}
	again := padCustomer(appendCustomerPlain(make([]byte, 0, customerBytes(c)), version, c))
	defer clear(again)
	if !bytes.Equal(again, plain) {
		return errPlain
	}
	return nil
}

// cutValues returns copies of the values of a field, and what stands behind them.
func cutValues(plain []byte) (values []walletport.Private, rest []byte, err error) {
	if len(plain) == 0 {
		return nil, nil, errPlain
	}
	count, rest := int(plain[0]), plain[1:]
	for range count {
		if len(rest) < 2 {
			return nil, nil, errPlain
		}
		length := int(binary.BigEndian.Uint16(rest))
		if rest = rest[2:]; length > len(rest) {
			return nil, nil, errPlain
		}
		values, rest = append(values, walletport.NewPrivate(rest[:length])), rest[length:]
	}
	return values, rest, nil
}

func appendCustomerContent(to []byte, version byte, key walletport.CustomerKey, plain []byte) []byte {
	to = appendTag(to, customerContentTag, version)
	to = appendField(to, string(key.Issuer))
	to = appendField(to, key.Number)
	return appendField(to, plain)
}

// SealCustomer returns the row of a customer. One that breaks a rule is CodeInvalid, reason
// customer_invalid, with the fields; a missing key is CodeUnavailable, reason
// key_unavailable. The caller keeps and wipes the customer.
//
// The key is one that serves the issuer whatever the card: a key for BINs is none.
func (v *Vault) SealCustomer(c walletport.Customer) (storage.Customer, error) {
	return v.sealCustomerBy(v.newestRing(), &c)
}

// sealCustomerBy is SealCustomer with the keys of ring.
func (v *Vault) sealCustomerBy(ring *keys.Ring, c *walletport.Customer) (storage.Customer, error) {
	if faults := c.Faults(); len(faults) > 0 {
		return storage.Customer{}, errCustomerInvalid(faults)
	}
	row := storage.Customer{CustomerSummary: c.CustomerSummary, UpdatedAt: v.Clock()}
	row.IsForgotten = false
	kek, err := v.issuerKEK(ring, c.Issuer)
	if err != nil {
		return storage.Customer{}, err
	}
	index, err := ring.Select(keys.VaultIndex, c.Issuer, "", row.UpdatedAt)
	if err != nil {
		return storage.Customer{}, err
	}
	plain := appendCustomerPlain(make([]byte, 0, customerBytes(c)), newestCustomerVersion, c)
	defer func() { clear(plain[:cap(plain)]) }()
	content := appendCustomerContent(make([]byte, 0, len(plain)+maxContentBytes), newestCustomerVersion, c.CustomerKey, plain)
	defer clear(content)
	row.ContentMAC = index.MAC.Sum(content)
	plain = padCustomer(plain)
	e, err := bindCustomer(c.CustomerKey).seal(kek, newestCustomerVersion, plain)
	row.Sealed, row.WrappedKey, row.KEK = e.Sealed, e.WrappedKey, e.KEK
	return row, err
}

// issuerKEK selects the key for what is of an issuer and of no card: a key for BINs is none.
func (v *Vault) issuerKEK(ring *keys.Ring, issuer walletport.IssuerID) (*keys.Key, error) {
	return ring.Select(keys.VaultKEK, issuer, "", v.Clock())
}

// openCustomer returns the customer of a row. The caller wipes it.
func openCustomer(ring *keys.Ring, row *storage.Customer) (*walletport.Customer, error) {
	if row.IsForgotten {
		if err := checkForgottenCustomer(ring, row); err != nil {
			return nil, err
		}
		return nil, walletport.ErrCustomerNotFound()
	}
	plain, err := bindCustomer(row.CustomerKey).open(ring, envelopeOfCustomer(row), newestCustomerVersion)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	c := &walletport.Customer{CustomerSummary: row.CustomerSummary}
	if err := parseCustomerPlain(plain, row.Sealed[0], c); err != nil {
		c.Wipe()
		return nil, errCustomerDamaged(row, "the opened customer is malformed")
	}
	if !isContentOf(ring, row, c) {
		c.Wipe()
		return nil, errCustomerDamaged(row, "the content is not that which was stored")
	}
	return c, nil
}

func isContentOf(ring *keys.Ring, row *storage.Customer, c *walletport.Customer) bool {
	plain := appendCustomerPlain(make([]byte, 0, customerBytes(c)), row.Sealed[0], c)
	defer clear(plain)
	content := appendCustomerContent(make([]byte, 0, len(plain)+maxContentBytes), row.Sealed[0], row.CustomerKey, plain)
	defer clear(content)
	return isMACOf(ring, row.ContentMAC, content)
}

// reasonCustomerDamaged is the reason of customers that do not open.
const reasonCustomerDamaged = "customer_damaged"

func errCustomerDamaged(row *storage.Customer, what string) error {
	return bindCustomer(row.CustomerKey).damaged(row.KEK, what)
}

func errCustomerInvalid(faults []walletport.Field) error {
	return &walletport.Error{
		Code: walletport.CodeInvalid, Reason: "customer_invalid", Message: "the customer cannot be stored as it is", Fields: faults,
	}
}
