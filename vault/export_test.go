package vault

import (
	"slices"

	"github.com/walletport/walletport"
)

// The parsers, for fuzzing and for comparison with other readers.
var (
	ParsePlain  = parsePlain
	AppendPlain = appendPlain

	ParseTokenPlain  = parseTokenPlain
	AppendTokenPlain = appendTokenPlain

	ParseCustomerPlain  = parseCustomerPlain
	AppendCustomerPlain = appendCustomerPlain
	PadCustomer         = padCustomer

	PadOverrides   = padOverrides
	UnpadOverrides = unpadOverrides
)

// DropCustomerField takes a field of customers out of rows, as if nobody had thought of it
// yet, and returns what brings it back.
func DropCustomerField(f walletport.CustomerField) (restore func()) {
	return useCustomerFields(slices.DeleteFunc(slices.Clone(customerFields), func(c customerField) bool { return c.field == f }))
}

// DelayCustomerField gives rows a field from a version on, behind all others.
func DelayCustomerField(f walletport.CustomerField, since byte) (restore func()) {
	others := slices.DeleteFunc(slices.Clone(customerFields), func(c customerField) bool { return c.field == f })
	return useCustomerFields(append(others, customerField{f, since}))
}

func useCustomerFields(fields []customerField) (restore func()) {
	before := customerFields
	use := func(fields []customerField) {
		customerFields, newestCustomerVersion = fields, newestOfCustomers(fields)
	}
	use(fields)
	return func() { use(before) }
}

// NewestVersion is that of the rows that are written.
func NewestVersion() byte { return newestVersion }

// AddText gives cards one more text, in a version of rows of its own, and returns what
// takes it away again. It stands in for a column of the database.
func AddText(text func(*walletport.CardSummary) *string) (remove func()) {
	before := fields
	added := clearText(walletport.CardFieldProduct, newestVersion+1, text, func(string, walletport.PAN) string { return "" })
	added.read, added.take = nil, nil // no file has it
	use := func(f []field) { fields, newestVersion = f, newestOf(f) }
	use(append(slices.Clone(before), added))
	return func() { use(before) }
}

// Sorter is a sorter with little room in memory.
type Sorter struct{ s *sorter }

func NewSorter(folder string, room int) Sorter { return Sorter{&sorter{folder: folder, room: room}} }

func (s Sorter) Add(record []byte) error            { return s.s.add(record) }
func (s Sorter) Each(take func([]byte) error) error { return s.s.each(take) }
func (s Sorter) Close()                             { s.s.close() }

// SeenRows are seenRows of which few are in memory.
type SeenRows struct{ s *seenRows }

// SeenRow is a seenRow.
type SeenRow struct {
	Line    int64
	Resumed bool
}

func NewSeenRows(folder string, together int) SeenRows {
	return SeenRows{&seenRows{folder: folder, together: together, recent: map[seenKey]seenRow{}}}
}

func (s SeenRows) Note(key [16]byte, row SeenRow) error {
	s.s.recent[key] = seenRow{line: row.Line, resumed: row.Resumed}
	return s.s.makeRoom()
}

func (s SeenRows) Find(key [16]byte) (SeenRow, bool, error) {
	row, found, err := s.s.find(key)
	return SeenRow{row.line, row.resumed}, found, err
}

// LooksInVain reports whether the first scratch file would be read for a key.
func (s SeenRows) LooksInVain(key [16]byte) bool { return s.s.runs[0].mayHave(bitsOf(key)) }

func (s SeenRows) Runs() int { return len(s.s.runs) }
func (s SeenRows) Close()    { s.s.close() }
