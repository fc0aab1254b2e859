package rowfile

import (
	"bytes"

	"github.com/walletport/walletport"
)

// csvParser reads the rows of RFC 4180, one to a line: no field has a line break. The standard
// library's reader hands out strings, which cannot be wiped; the tests compare the two.
type csvParser struct {
	header []int // places of columns
	width  int   // columns of the schema
	fields [][]byte
	text   []byte // of quoted fields, without their quotes
}

func newCSVParser(schema *Schema, header []int) *csvParser {
	return &csvParser{header: header, width: len(schema.columns), text: make([]byte, 0, MaxLineBytes)}
}

func (p *csvParser) Parse(line []byte, into *Record) []walletport.Field {
	into.reset(p.width)
	fields, ok := p.split(line)
	if !ok {
		return LineFault("is not CSV: a quote is misplaced or not closed")
	}
	if !isBlankRow(fields) && len(fields) < len(p.header) {
		return LineFault("must have as many fields as the header")
	}
	for i, field := range fields {
		switch {
		case isBlank(field):
		case i < len(p.header):
			into.Text[p.header[i]] = field
		default:
			return LineFault("must have as many fields as the header")
		}
	}
	return nil
}

func (p *csvParser) Wipe() { clear(p.text[:cap(p.text)]) }

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
