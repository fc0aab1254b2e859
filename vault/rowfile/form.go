package rowfile

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/walletport/walletport"
)

// headBytes is how much of a file is looked at to tell what it is.
const headBytes = 4 << 10

const ruleArray = "is a JSON array: JSON Lines has an object a line, without brackets around them (jq -c '.[]' makes such lines)"

const byteOrderMark = "\ufeff"

// signatures are the first bytes of files that people take for a file of rows. "%s" is what
// the file should be of.
var signatures = []struct{ start, what string }{
	{"\x1f\x8b", "is compressed (gzip): unpack it first"},
	{"PK\x03\x04", "is compressed (zip): unpack it first"},
	{"BZh", "is compressed (bzip2): unpack it first"},
	{"\xfd7zXZ\x00", "is compressed (xz): unpack it first"},
	{"\x28\xb5\x2f\xfd", "is compressed (zstd): unpack it first"},
	{"\x04\x22\x4d\x18", "is compressed (lz4): unpack it first"},
	{"7z\xbc\xaf\x27\x1c", "is compressed (7-Zip): unpack it first"},
	{"Rar!", "is compressed (RAR): unpack it first"},
	{"\x1f\x9d", "is compressed (compress): unpack it first"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook of the old form (xls), or one with a password: save the sheet as CSV UTF-8"},
	{"-----BEGIN PGP", "is encrypted with OpenPGP: decrypt it first"},
	{"age-encryption.org/v1", "is encrypted with age: decrypt it first"},
	{"-----BEGIN AGE", "is encrypted with age: decrypt it first"},
	{"-----BEGIN", "is a PEM file: %s come as CSV or JSON Lines"},
	{"Salted__", "is encrypted with openssl: decrypt it first"},
	{"%PDF", "is a PDF: %s come as CSV or JSON Lines"},
	{"{\\rtf", "is a text document (RTF): save it as plain text in UTF-8"},
	{"<", "is XML or HTML: %s come as CSV or JSON Lines"},
	{"\xff\xfe\x00\x00", "is UTF-32: save it as UTF-8"},
	{"\x00\x00\xfe\xff", "is UTF-32: save it as UTF-8"},
	{"\xff\xfe", "is UTF-16: save it as UTF-8"},
	{"\xfe\xff", "is UTF-16: save it as UTF-8"},
}

// checkForm looks at the beginning of a file and refuses what it is not, by its name:
// CodeInvalid, reason import_format. It never repeats what it read.
func (f *File) checkForm(head []byte) error {
	head = bytes.TrimPrefix(head, []byte(byteOrderMark))
	if what := whatItIs(head); what != "" {
		what = strings.ReplaceAll(what, "%s", f.schema.of)
		return errForm(what)
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case f.format == CSV && (bytes.HasPrefix(text, []byte("{")) || bytes.HasPrefix(text, []byte("[{"))):
		return errForm("looks like JSON: say --format jsonl")
	case f.format == JSONLines && f.schema.isCSVHeader(text):
		return errForm("looks like CSV: say --format csv")
	case f.format == JSONLines && bytes.HasPrefix(text, []byte("[")):
		return errForm(ruleArray)
	}
	return nil
}

func errForm(what string) error {
	return walletport.Errorf(walletport.CodeInvalid, "import_format", "the file %s", what)
}

func whatItIs(head []byte) string {
	if what := whatArchive(head); what != "" {
		return what
	}
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.start)) {
			return s.what
		}
	}
	if isOpenPGP(head) {
		return "is encrypted with OpenPGP: decrypt it first"
	}
	return whatEncoding(head)
}

// whatArchive tells documents that are zip archives.
func whatArchive(head []byte) string {
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return ""
	}
	has := func(text string) bool { return bytes.Contains(head, []byte(text)) }
	switch {
	case has("opendocument.spreadsheet"):
		return "is a spreadsheet (ods): save the sheet as CSV in UTF-8, separated by commas"
	case has("[Content_Types].xml"), has("xl/"), has("docProps/"):
		return "is an Excel workbook (xlsx): save the sheet as CSV UTF-8, separated by commas"
	}
	return ""
}

// isOpenPGP knows the packets that a binary encrypted message begins with (RFC 9580
// section 4.2): a session key for somebody's key or for a password, by their version
// behind the length.
func isOpenPGP(head []byte) bool {
	if len(head) < 8 || head[0]&0x80 == 0 {
		return false
	}
	var tag byte
	var lengthBytes int
	switch isNewForm := head[0]&0x40 != 0; {
	case isNewForm && head[1] < 192:
		tag, lengthBytes = head[0]&0x3f, 1
	case isNewForm && head[1] < 224:
		tag, lengthBytes = head[0]&0x3f, 2
	case isNewForm && head[1] == 255:
		tag, lengthBytes = head[0]&0x3f, 5
	case !isNewForm && head[0]&3 < 3:
		tag, lengthBytes = head[0]>>2&0x0f, 1<<(head[0]&3)
	}
	version := head[1+lengthBytes]
	switch tag {
	case 1: // a session key for somebody's key
		return version == 2 || version == 3 || version == 6
	case 3: // a session key for a password
		return version >= 4 && version <= 6
	}
	return false
}

// whatEncoding tells text that is not UTF-8. Zero bytes on every second place are
// UTF-16 of Latin letters.
func whatEncoding(head []byte) string {
	zeros := [2]int{}
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch most := max(zeros[0], zeros[1]); {
	case most == 0:
		return ""
	case most > len(head)/3 && min(zeros[0], zeros[1]) < len(head)/20+1:
		return "is UTF-16: save it as UTF-8"
	}
	return "is not a text: it holds zero bytes"
}

// isCSVHeader reports whether a text begins with names of columns.
func (s *Schema) isCSVHeader(text []byte) bool {
	if bytes.HasPrefix(text, []byte("{")) {
		return false
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line, _, _ = bytes.Cut(line, []byte("\r"))
	known := 0
	for _, name := range bytes.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' || r == '\t' }) {
		if _, ok := s.names[PlainName(name)]; ok {
			known++
		}
	}
	return known > 1
}

// EncodingRule says what a text that is not UTF-8 most likely is; "" for one that is.
func EncodingRule(text []byte) string {
	if utf8.Valid(text) {
		return ""
	}
	return "must be UTF-8: the file looks like Windows-1252 or Latin-1, save it as UTF-8"
}
