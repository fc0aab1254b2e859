package cardfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/walletport/walletport"
)

// parseHeader reads the first line of a CSV file. Columns without a name at its end
// are a spreadsheet's, and passed over. The error, CodeInvalid with the reason
// import_header, names columns by number and never repeats them: a file without a
// header has a card number here.
func parseHeader(line []byte) ([]walletport.CardField, error) {
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
	var header []walletport.CardField
	for i, name := range fields {
		c, ok := walletport.CardFieldOf(name)
		if !ok {
			return nil, errHeader("%s", columnRule(i+1, name))
		}
		if slices.Contains(header, c) {
			return nil, errHeader("the header names %s twice", c)
		}
		header = append(header, c)
	}
	return header, checkHeader(header)
}

// checkHeader refuses a file that could not say anything of a card.
func checkHeader(header []walletport.CardField) error {
	month, year := slices.Contains(header, walletport.CardFieldExpiryMonth), slices.Contains(header, walletport.CardFieldExpiryYear)
	says := slices.ContainsFunc(header, func(c walletport.CardField) bool {
		return c != walletport.CardFieldID && c != walletport.CardFieldIssuer
	})
	switch {
	case !slices.Contains(header, walletport.CardFieldID):
		return errHeader("the header lacks %s", walletport.CardFieldID)
	case month != year:
		return errHeader("the header has one of %s and %s: a file has both or neither", walletport.CardFieldExpiryMonth, walletport.CardFieldExpiryYear)
	case !says:
		return errHeader("the header names nothing that a card could be given: add %s, or others of %s", walletport.CardFieldStatus, columnList())
	}
	return nil
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
func columnRule(number int, name []byte) string {
	if isBlank(name) {
		return fmt.Sprintf("column %d has no name: take it out, or name it", number)
	}
	if bytes.HasPrefix(bytes.ToLower(name), []byte("sep=")) {
		return "the first line is a spreadsheet's mark of the separator: take it out, and write commas"
	}
	for _, s := range separators {
		if bytes.IndexByte(name, s.sign) >= 0 {
			return "the columns are separated by " + s.name + ": write commas"
		}
	}
	plain := plainName(name)
	if expiryNames[plain] {
		return fmt.Sprintf("column %d holds month and year: write two columns, %s (MM) and %s (YYYY)", number, walletport.CardFieldExpiryMonth, walletport.CardFieldExpiryYear)
	}
	if meant, ok := otherNames[plain]; ok {
		return fmt.Sprintf("the name of column %d is written otherwise: write %s, in this spelling and case, without blanks", number, meant)
	}
	return fmt.Sprintf("the name of column %d is none of %s", number, columnList())
}

// plainName returns the letters of a name in lower case.
func plainName(name []byte) string {
	letters := make([]byte, 0, len(name))
	for _, b := range name {
		switch {
		case b >= 'A' && b <= 'Z':
			letters = append(letters, b-'A'+'a')
		case b >= 'a' && b <= 'z':
			letters = append(letters, b)
		}
	}
	return string(letters)
}

// otherNames are what people call the columns, as plainName has it.
var otherNames = func() map[string]walletport.CardField {
	names := map[string]walletport.CardField{}
	for c := range walletport.CardFieldCount {
		names[strings.ToLower(c.String())] = c
	}
	for c := range walletport.CardFieldCount {
		for _, other := range columns[c].others {
			names[other] = c
		}
	}
	return names
}()

var expiryNames = map[string]bool{
	"expiry": true, "exp": true, "expirydate": true, "expdate": true, "expiration": true, "expirationdate": true,
	"validthru": true, "validto": true, "validuntil": true, "expirymmyy": true, "mmyy": true,
}
