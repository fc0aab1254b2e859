package vault

import (
	"slices"
	"strings"

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

var columnNames = [columnCount]string{
	fieldCardID, fieldIssuer, fieldCustomerID, fieldPAN, fieldExpiryMonth, fieldExpiryYear, fieldName, fieldProduct, fieldStatus,
}

var requiredColumns = [...]column{colCardID, colPAN, colExpiryMonth, colExpiryYear}

func (c column) String() string { return columnNames[c] }

func columnOf(name []byte) (column, bool) {
	for c, known := range columnNames {
		if string(name) == known {
			return column(c), true
		}
	}
	return 0, false
}

// record is a row's fields as text; an empty one is absent. The slices are into a
// buffer that is wiped.
type record [columnCount][]byte

// lineField is the name of a fault that concerns a line and not one field of it.
const lineField = "line"

func lineFault(rule string) []walletport.Field {
	return []walletport.Field{{Name: lineField, Reason: rule}}
}

// rowParser reads a line into a record, or says what is wrong with the line. It may
// change the line.
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
}

func (p *csvParser) parse(line []byte, into *record) []walletport.Field {
	*into = record{}
	fields, ok := splitCSV(line, p.fields[:0])
	p.fields = fields
	switch {
	case !ok:
		return lineFault("is not CSV: a quote is misplaced or not closed")
	case len(fields) != len(p.header):
		return lineFault("must have as many fields as the header")
	}
	for i, c := range p.header {
		into[c] = fields[i]
	}
	return nil
}

// wipe has nothing to do: the fields are slices of the line.
func (p *csvParser) wipe() {}

// splitCSV appends the fields of line to fields. Doubled quotes are undoubled in
// place.
func splitCSV(line []byte, fields [][]byte) ([][]byte, bool) {
	for {
		var field []byte
		var rest []byte
		var ok bool
		if len(line) > 0 && line[0] == '"' {
			field, rest, ok = quotedField(line)
		} else {
			field, rest, ok = bareField(line)
		}
		if !ok {
			return fields, false
		}
		fields = append(fields, field)
		if len(rest) == 0 {
			return fields, true
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

// quotedField returns the field between quotes, and what follows them: a comma or
// nothing.
func quotedField(line []byte) (field, rest []byte, ok bool) {
	field = line[1:1]
	for i := 1; i < len(line); i++ {
		if line[i] != '"' {
			field = append(field, line[i]) // never overtakes i
			continue
		}
		rest = line[i+1:]
		if len(rest) > 0 && rest[0] == '"' {
			field = append(field, '"')
			i++
			continue
		}
		return field, rest, len(rest) == 0 || rest[0] == ','
	}
	return nil, nil, false
}

// parseHeader reads the first line of a CSV file. The error, CodeInvalid with the
// reason import_header, names columns by number: a file without a header has a
// card number here.
func parseHeader(line []byte) ([]column, error) {
	invalid := func(format string, args ...any) ([]column, error) {
		return nil, walletport.Errorf(walletport.CodeInvalid, "import_header", format, args...)
	}
	fields, ok := splitCSV(slices.Clone(line), nil)
	if !ok {
		return invalid("the header is not CSV")
	}
	var header []column
	for i, name := range fields {
		c, ok := columnOf(name)
		if !ok {
			return invalid("the name of column %d is none of %s", i+1, strings.Join(columnNames[:], ", "))
		}
		if slices.Contains(header, c) {
			return invalid("the header names %s twice", c)
		}
		header = append(header, c)
	}
	for _, c := range requiredColumns {
		if !slices.Contains(header, c) {
			return invalid("the header lacks %s", c)
		}
	}
	return header, nil
}
