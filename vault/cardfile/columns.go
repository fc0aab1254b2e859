package cardfile

import (
	"encoding/binary"

	"github.com/walletport/walletport"
)

// columns says how files are spelled, beside the names of the fields.
var columns = [walletport.CardFieldCount]struct {
	required bool     // every card has one: a JSON null says nothing of it, and empties the others
	others   []string // what people call it, as plainName has it
}{
	walletport.CardFieldID:         {required: true, others: []string{"id", "card", "cardidentifier", "cardref", "cardreference"}},
	walletport.CardFieldIssuer:     {required: true, others: []string{"issuerid", "bank"}},
	walletport.CardFieldCustomerID: {others: []string{"customer", "customernumber", "customerno", "customerref", "clientid"}},
	walletport.CardFieldPAN: {required: true, others: []string{
		"cardnumber", "cardno", "number", "accountnumber", "primaryaccountnumber", "fpan", "cardpan",
	}},
	walletport.CardFieldExpiryMonth: {required: true, others: []string{"month", "expmonth", "expirationmonth", "expirymm", "mm"}},
	walletport.CardFieldExpiryYear:  {required: true, others: []string{"year", "expyear", "expirationyear", "expiryyyyy", "yyyy"}},
	walletport.CardFieldName: {others: []string{
		"name", "cardholder", "holder", "holdername", "embossedname", "embossname", "nameoncard", "accountholdername",
	}},
	walletport.CardFieldProduct: {others: []string{"cardproduct", "productname", "productcode", "cardtype"}},
	walletport.CardFieldStatus:  {required: true, others: []string{"cardstatus", "state"}},
}

// columnList names all columns.
func columnList() string {
	list := ""
	for c := range walletport.CardFieldCount {
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
	Text   [walletport.CardFieldCount][]byte
	Clears [walletport.CardFieldCount]bool // the row says that there is none
}

// Says reports whether the row says anything of c.
func (r *Record) Says(c walletport.CardField) bool { return len(r.Text[c]) > 0 || r.Clears[c] }

// IsBlank reports whether the row says nothing.
func (r *Record) IsBlank() bool {
	for c := range walletport.CardFieldCount {
		if r.Says(c) {
			return false
		}
	}
	return true
}

// AppendTo writes what the row says in one unambiguous form, so that two rows of one
// card can be compared.
func (r *Record) AppendTo(to []byte) []byte {
	for c := range walletport.CardFieldCount {
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
const MaxRecordBytes = MaxLineBytes + 5*int(walletport.CardFieldCount)

// lineField is the name of a fault that concerns a line and not one field of it.
const lineField = "line"

// LineFault is a fault of a line, and not of one field of it.
func LineFault(rule string) []walletport.Field {
	return []walletport.Field{{Name: lineField, Reason: rule}}
}
