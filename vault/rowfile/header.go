package rowfile

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/walletport/walletport"
)

// parseHeader reads the first line of a CSV file. Columns without a name at its end
// are a spreadsheet's, and passed over. The error, CodeInvalid with the reason
// import_header, names columns by number and never repeats them: a file without a
// header has a card number here.
func (s *Schema) parseHeader(line []byte) ([]int, error) {
	fields, _, ok := splitCSV(line, nil, make([]byte, 0, len(line)))
	if !ok {
		return nil, errHeader("the header is not CSV: a quote is misplaced or not closed")
	}
	if isDataRow(fields) {
		return nil, errHeader("the file has no header: its first line is a row. Put the names of the columns above it")
	}
	for len(fields) > 0 && isBlank(fields[len(fields)-1]) {
		fields = fields[:len(fields)-1]
	}
	var header []int
	for i, name := range fields {
		c, ok := s.columnOf(name)
		if !ok {
			return nil, errHeader("%s", s.columnRule(i+1, name))
		}
		if slices.Contains(header, c) {
			return nil, errHeader("the header names %s twice", s.columns[c].Name)
		}
		header = append(header, c)
	}
	if rule := s.check(s, header); rule != "" {
		return nil, errHeader("%s", rule)
	}
	return header, nil
}

func errHeader(format string, args ...any) *walletport.Error {
	return walletport.Errorf(walletport.CodeInvalid, "import_header", format, args...)
}

// isDataRow reports whether a line has digits where a header has names.
func isDataRow(fields [][]byte) bool {
	return slices.ContainsFunc(fields, func(field []byte) bool {
		return len(field) > 0 && len(bytes.Trim(field, "0123456789 -'")) == 0
	})
}

// separators are what spreadsheets and databases put between columns where they do
// not put commas.
var separators = []struct {
	sign byte
	name string
}{{';', "';'"}, {'\t', "a tab"}, {'|', "'|'"}}

// columnRule says what is wrong with the name of a column, by its number.
func (s *Schema) columnRule(number int, name []byte) string {
	if isBlank(name) {
		return fmt.Sprintf("column %d has no name: take it out, or name it", number)
	}
	if bytes.HasPrefix(bytes.ToLower(name), []byte("sep=")) {
		return "the first line is a spreadsheet's mark of the separator: take it out, and write commas"
	}
	for _, sep := range separators {
		if bytes.IndexByte(name, sep.sign) >= 0 {
			return "the columns are separated by " + sep.name + ": write commas"
		}
	}
	plain := PlainName(name)
	if joined, ok := s.joined[plain]; ok {
		return fmt.Sprintf("column %d holds %s: write a column for each, %s", number, joined.Holds, joined.Write)
	}
	if meant, ok := s.names[plain]; ok {
		return fmt.Sprintf("the name of column %d is written otherwise: write %s, in this spelling and case, without blanks", number, s.columns[meant].Name)
	}
	return fmt.Sprintf("the name of column %d is none of %s", number, s.List())
}

// memberRule says what is wrong with a member's name, without repeating it.
func (s *Schema) memberRule(name []byte) string {
	plain := PlainName(name)
	if joined, ok := s.joined[plain]; ok {
		return "has a member of " + joined.Holds + ": write a member for each, " + joined.Write
	}
	if meant, ok := s.names[plain]; ok {
		return "has a member that is written otherwise: write " + s.columns[meant].Name + ", in this spelling and case"
	}
	return "has a member that no " + s.one + " has: the members are " + s.List()
}
