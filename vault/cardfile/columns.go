package cardfile

import (
	"encoding/binary"

	"github.com/walletport/walletport"
)

// Column is one column of a CSV file, or member of a JSON line.
type Column int

// The columns. An error names them in this order.
const (
	CardID Column = iota
	Issuer
	CustomerID
	PAN
	ExpiryMonth
	ExpiryYear
	Name
	Product
	Status
	ColumnCount
)

// columns says of each how a file spells it.
var columns = [ColumnCount]struct {
	name      string
	clearable bool     // a JSON null empties it
	others    []string // what people call it, as plainName has it
}{
	CardID:     {name: "cardId", others: []string{"id", "card", "cardidentifier", "cardref", "cardreference"}},
	Issuer:     {name: "issuer", others: []string{"issuerid", "bank"}},
	CustomerID: {name: "customerId", clearable: true, others: []string{"customer", "customernumber", "customerno", "customerref", "clientid"}},
	PAN: {name: "pan", others: []string{
		"cardnumber", "cardno", "number", "accountnumber", "primaryaccountnumber", "fpan", "cardpan",
	}},
	ExpiryMonth: {name: "expiryMonth", others: []string{"month", "expmonth", "expirationmonth", "expirymm", "mm"}},
	ExpiryYear:  {name: "expiryYear", others: []string{"year", "expyear", "expirationyear", "expiryyyyy", "yyyy"}},
	Name: {name: "cardholderName", clearable: true, others: []string{
		"name", "cardholder", "holder", "holdername", "embossedname", "embossname", "nameoncard", "accountholdername",
	}},
	Product: {name: "product", clearable: true, others: []string{"cardproduct", "productname", "productcode", "cardtype"}},
	Status:  {name: "status", others: []string{"cardstatus", "state"}},
}

// String returns the column's name, as a file spells it.
func (c Column) String() string { return columns[c].name }

// ColumnOf returns the column of that name.
func ColumnOf[T string | []byte](name T) (Column, bool) {
	for c := range columns {
		if string(name) == columns[c].name {
			return Column(c), true
		}
	}
	return 0, false
}

// columnList names all columns.
func columnList() string {
	list := ""
	for c := range ColumnCount {
		if c > 0 {
			list += ", "
		}
		list += c.String()
	}
	return list
}

// Record is what a row says, as text. An empty text says nothing. The texts are slices
// of buffers that are wiped.
type Record struct {
	Text   [ColumnCount][]byte
	Clears [ColumnCount]bool // the row says that there is none
}

// Says reports whether the row says anything of c.
func (r *Record) Says(c Column) bool { return len(r.Text[c]) > 0 || r.Clears[c] }

// IsBlank reports whether the row says nothing.
func (r *Record) IsBlank() bool {
	for c := range ColumnCount {
		if r.Says(c) {
			return false
		}
	}
	return true
}

// AppendTo writes what the row says in one unambiguous form, so that two rows of one
// card can be compared.
func (r *Record) AppendTo(to []byte) []byte {
	for c := range ColumnCount {
		clears := byte(0)
		if r.Clears[c] {
			clears = 1
		}
		to = binary.BigEndian.AppendUint32(append(to, clears), uint32(len(r.Text[c])))
		to = append(to, r.Text[c]...)
	}
	return to
}

// MaxRecordBytes is never less than what AppendTo writes for a line.
const MaxRecordBytes = MaxLineBytes + 5*int(ColumnCount)

// lineField is the name of a fault that concerns a line and not one field of it.
const lineField = "line"

// LineFault is a fault of a line, and not of one field of it.
func LineFault(rule string) []walletport.Field {
	return []walletport.Field{{Name: lineField, Reason: rule}}
}
