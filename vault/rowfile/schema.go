package rowfile

import (
	"encoding/binary"
	"strings"

	"github.com/walletport/walletport"
)

// Schema says what a file is of, and how its columns are spelled. Columns are known by
// their place in it. It is not changed once it is made.
type Schema struct {
	one, of string // "card", "cards"
	columns []Column
	joined  map[string]Joined
	check   func(s *Schema, header []int) string
	places  map[string]int // by the names of the columns
	names   map[string]int // as PlainName has them, those that others write too
}

// Column is a column of CSV, and a member of JSON Lines.
type Column struct {
	Name string
	// IsRequired: whatever the row is of has one, so a JSON null says nothing of it. It
	// empties the others.
	IsRequired bool
	IsNumber   bool     // JSON may have a number for it, else strings
	IsList     bool     // of texts, with ListSign between; an array in JSON
	Others     []string // what people call it, as PlainName has it
}

// Joined is a name that people give a column which holds what stands in several here.
type Joined struct{ Holds, Write string }

// ListSign stands between the values of a list in CSV. No value has it.
const ListSign = ';'

// NewSchema returns the schema of a file with rows of one, in plural of. joined is keyed as
// PlainName has the names. check returns why a header says nothing that could be stored, or
// "".
func NewSchema(one, of string, columns []Column, joined map[string]Joined, check func(s *Schema, header []int) string) *Schema {
	s := &Schema{one: one, of: of, columns: columns, joined: joined, check: check, places: map[string]int{}, names: map[string]int{}}
	for i := range columns {
		for _, other := range columns[i].Others {
			s.names[other] = i
		}
	}
	for i := range columns {
		s.places[columns[i].Name] = i
		s.names[strings.ToLower(columns[i].Name)] = i
	}
	return s
}

// columnOf returns the place of the column of that name.
func (s *Schema) columnOf(name []byte) (place int, ok bool) {
	place, ok = s.places[string(name)]
	return place, ok
}

// List names all columns.
func (s *Schema) List() string {
	names := make([]string, len(s.columns))
	for i := range s.columns {
		names[i] = s.columns[i].Name
	}
	return strings.Join(names, ", ")
}

// MaxRecordBytes is never less than what Record.AppendTo writes for a line.
func (s *Schema) MaxRecordBytes() int { return MaxLineBytes + 5*len(s.columns) }

// Record is what a row says, as text, by the places of the columns. An empty text says
// nothing. The texts are slices of buffers that are wiped.
type Record struct {
	Text   [][]byte
	Clears []bool // the row says that there is none
}

// reset makes a blank record of n columns.
func (r *Record) reset(n int) {
	if len(r.Text) != n {
		r.Text, r.Clears = make([][]byte, n), make([]bool, n)
		return
	}
	clear(r.Text)
	clear(r.Clears)
}

// Says reports whether the row says anything of a column.
func (r *Record) Says(column int) bool { return len(r.Text[column]) > 0 || r.Clears[column] }

// IsBlank reports whether the row says nothing.
func (r *Record) IsBlank() bool {
	for column := range r.Text {
		if r.Says(column) {
			return false
		}
	}
	return true
}

// AppendTo writes what the row says in one unambiguous form, so that two rows of one key
// can be compared.
func (r *Record) AppendTo(to []byte) []byte {
	for column, text := range r.Text {
		clears := byte(0)
		if r.Clears[column] {
			clears = 1
		}
		to = binary.BigEndian.AppendUint32(append(to, clears), uint32(len(text)))
		to = append(to, text...)
	}
	return to
}

// lineField is the name of a fault that concerns a line and not one field of it.
const lineField = "line"

// LineFault is a fault of a line, and not of one field of it.
func LineFault(rule string) []walletport.Field {
	return []walletport.Field{{Name: lineField, Reason: rule}}
}

// PlainName returns the letters of a name in lower case, and the digits: what is left of
// "Address Line-1" is addressline1.
func PlainName(name []byte) string {
	plain := make([]byte, 0, len(name))
	for _, b := range name {
		switch {
		case b >= 'A' && b <= 'Z':
			plain = append(plain, b-'A'+'a')
		case b >= 'a' && b <= 'z', b >= '0' && b <= '9':
			plain = append(plain, b)
		}
	}
	return string(plain)
}
