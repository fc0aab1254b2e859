package vault

import (
	"bytes"

	"github.com/walletport/walletport"
)

// column is one column of a CSV file, or member of a JSON line.
type column int

const (
	colCardID column = iota
	colIssuer
	colCustomerID
	colPAN
	colExpiryMonth
	colExpiryYear
	colName
	colProduct
	colStatus
	columnCount
)

// noColumn is a column at the end of a CSV file that has no name.
const noColumn column = -1

var columnNames = [columnCount]string{
	fieldCardID, fieldIssuer, fieldCustomerID, fieldPAN, fieldExpiryMonth, fieldExpiryYear, fieldName, fieldProduct, fieldStatus,
}

// requiredColumns are those of a card that is not stored yet. One that is stored
// needs its id alone.
var requiredColumns = [...]column{colPAN, colExpiryMonth, colExpiryYear}

// clearable are the columns that a JSON null empties.
var clearable = [columnCount]bool{colCustomerID: true, colName: true, colProduct: true}

func (c column) String() string { return columnNames[c] }

func columnOf(name []byte) (column, bool) {
	for c, known := range columnNames {
		if string(name) == known {
			return column(c), true
		}
	}
	return 0, false
}

// record is what a row says, as text. An empty text says nothing: what is stored
// stays. The texts are slices of buffers that are wiped.
type record struct {
	text   [columnCount][]byte
	clears [columnCount]bool // the row says that there is none
}

func (r *record) says(c column) bool { return len(r.text[c]) > 0 || r.clears[c] }

func (r *record) isBlank() bool {
	for c := range columnCount {
		if r.says(c) {
			return false
		}
	}
	return true
}

// appendTo writes what the row says in one unambiguous form, so that two rows of one
// card can be compared.
func (r *record) appendTo(to []byte) []byte {
	for c := range columnCount {
		clears := byte(0)
		if r.clears[c] {
			clears = 1
		}
		to = appendField(append(to, clears), r.text[c])
	}
	return to
}

// maxRecordBytes is never less than what appendTo writes for a line.
const maxRecordBytes = maxLineBytes + 5*int(columnCount)

// lineField is the name of a fault that concerns a line and not one field of it.
const lineField = "line"

func lineFault(rule string) []walletport.Field {
	return []walletport.Field{{Name: lineField, Reason: rule}}
}

// rowParser reads a line into a record, or says what is wrong with the line. It does
// not change the line, which may be read again. A line without any value gives a
// blank record.
type rowParser interface {
	parse(line []byte, into *record) []walletport.Field
	wipe()
}

// csvParser reads the rows of RFC 4180, one to a line: no field of a card has a
// line break. The standard library's reader hands out strings, which cannot be
// wiped; the tests compare the two.
type csvParser struct {
	header []column
	fields [][]byte
	text   []byte // of quoted fields, without their quotes
}

func newCSVParser(header []column) *csvParser {
	return &csvParser{header: header, text: make([]byte, 0, maxLineBytes)}
}

func (p *csvParser) parse(line []byte, into *record) []walletport.Field {
	*into = record{}
	fields, ok := p.split(line)
	if !ok {
		return lineFault("is not CSV: a quote is misplaced or not closed")
	}
	if !isBlankRow(fields) && len(fields) < len(p.header) {
		return lineFault("must have as many fields as the header")
	}
	for i, field := range fields {
		named := i < len(p.header) && p.header[i] != noColumn
		switch {
		case isBlank(field):
		case named:
			into.text[p.header[i]] = field
		case i < len(p.header):
			return lineFault("has a value in a column that the header does not name")
		default:
			return lineFault("must have as many fields as the header")
		}
	}
	return nil
}

func (p *csvParser) wipe() { clear(p.text[:cap(p.text)]) }

// split cuts the line; the fields are slices of it or of p.text.
func (p *csvParser) split(line []byte) ([][]byte, bool) {
	var ok bool
	p.text = p.text[:0]
	p.fields, p.text, ok = splitCSV(line, p.fields[:0], p.text)
	return p.fields, ok
}

func isBlankRow(fields [][]byte) bool {
	for _, field := range fields {
		if !isBlank(field) {
			return false
		}
	}
	return true
}

// isBlank reports whether a field says nothing: it has blanks at most.
func isBlank(field []byte) bool { return len(bytes.Trim(field, " \t\u00a0")) == 0 }

// splitCSV appends the fields of line to fields. Those in quotes are written to text,
// which has room for the line.
func splitCSV(line []byte, fields [][]byte, text []byte) ([][]byte, []byte, bool) {
	for {
		var field, rest []byte
		var ok bool
		if len(line) > 0 && line[0] == '"' {
			start := len(text)
			text, rest, ok = quotedField(text, line)
			field = text[start:len(text):len(text)]
		} else {
			field, rest, ok = bareField(line)
		}
		if !ok {
			return fields, text, false
		}
		fields = append(fields, field)
		if len(rest) == 0 {
			return fields, text, true
		}
		line = rest[1:] // after the comma
	}
}

// bareField returns the field up to a comma, and what follows it.
func bareField(line []byte) (field, rest []byte, ok bool) {
	for i, b := range line {
		switch b {
		case ',':
			return line[:i], line[i:], true
		case '"':
			return nil, nil, false
		}
	}
	return line, nil, true
}

// quotedField appends the field between quotes to text, and returns what follows
// them: a comma or nothing.
func quotedField(text, line []byte) (appended, rest []byte, ok bool) {
	for i := 1; i < len(line); i++ {
		if line[i] != '"' {
			text = append(text, line[i])
			continue
		}
		rest = line[i+1:]
		if len(rest) > 0 && rest[0] == '"' {
			text = append(text, '"')
			i++
			continue
		}
		return text, rest, len(rest) == 0 || rest[0] == ','
	}
	return text, nil, false
}
