package vault_test

import (
	"bytes"
	"compress/gzip"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault"
)

// TestFilesOfUse imports small files that people tried: each is stored, or named for
// what it is with what to do, and nothing wrong is stored.
func TestFilesOfUse(t *testing.T) {
	for _, c := range []struct {
		file   string
		reason string
		says   string
		rows   []string // "line, field: rule" of bad rows
		stored string   // card 1001
	}{
		{file: "01_semicolon.csv", reason: "import_header", says: "the columns are separated by ';': write commas"},
		{file: "03_utf16le.csv", reason: "import_format", says: "the file is UTF-16: save it as UTF-8"},
		{file: "05_cr_only.csv", stored: "CARD_OK acme |ADA LOVELACE||5555555555554444 12/2031"},
		{file: "06_excel_sci.csv", rows: []string{"2, pan: was rounded by a spreadsheet: its digits are lost. Export the column as text"}},
		{file: "07f_header_trailing_commas.csv", stored: "CARD_OK acme |||5555555555554444 12/2031"},
		{file: "13_ragged_trailing_blank_rows.csv", stored: "CARD_OK acme |ADA LOVELACE||5555555555554444 12/2031"},
		{file: "16_gz.csv", reason: "import_format", says: "the file is compressed (gzip): unpack it first"},
	} {
		t.Run(c.file, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join("testdata/import", c.file))
			must(t, err)
			r := newRig(t)
			report, err := r.Import(t.Context(), bytes.NewReader(content), csvOptions())
			wantReason(t, err, c.reason)
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v, want %q", err, c.says)
			}
			if diff := cmp.Diff(c.rows, rules(report)); diff != "" {
				t.Errorf("bad rows (-want +got):\n%s", diff)
			}
			if c.stored == "" {
				if rows := r.allRows(t); len(rows) > 0 {
					t.Errorf("%d cards are stored", len(rows))
				}
				return
			}
			if got := r.asText(t, 1001); got != c.stored || report.Rows != 1 || report.Inserted != 1 {
				t.Errorf("stored is %s, %+v; want %s", got, report, c.stored)
			}
		})
	}
}

func rules(r vault.ImportReport) []string {
	var list []string
	for _, e := range r.Errors {
		list = append(list, strings.Join([]string{string(rune('0' + e.Line)), ", ", e.Field, ": ", e.Rule}, ""))
	}
	return list
}

func TestAFileOfAnotherFormIsNamed(t *testing.T) {
	plain := header + "1,5204247750001471,12,2031,ADA,\n"
	inUTF16 := func(text string, littleEndian bool) string {
		var out []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			if littleEndian {
				out = append(out, byte(unit), byte(unit>>8))
			} else {
				out = append(out, byte(unit>>8), byte(unit))
			}
		}
		return string(out)
	}
	zipped := func(name string) string {
		return "PK\x03\x04\x14\x00\x06\x00\x08\x00" + strings.Repeat("\x00", 16) + "\x13\x00\x08\x02" + name
	}
	for _, c := range []struct {
		name, file string
		options    vault.ImportOptions
		reason     string
		says       string
	}{
		{"a zip archive", zipped("cards.csv"), csvOptions(), "import_format", "compressed (zip)"},
		{"an Excel workbook", zipped("[Content_Types].xml"), csvOptions(), "import_format", "an Excel workbook (xlsx)"},
		{"an OpenDocument spreadsheet", zipped("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), csvOptions(), "import_format", "a spreadsheet (ods)"},
		{"an old Excel workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 100), csvOptions(), "import_format", "an Excel workbook of the old form"},
		{"bzip2", "BZh91AY&SY", csvOptions(), "import_format", "compressed (bzip2)"},
		{"xz", "\xfd7zXZ\x00\x00\x04", jsonOptions(), "import_format", "compressed (xz)"},
		{"zstd", "\x28\xb5\x2f\xfd\x04", csvOptions(), "import_format", "compressed (zstd)"},
		{"7-Zip", "7z\xbc\xaf\x27\x1c\x00", csvOptions(), "import_format", "compressed (7-Zip)"},
		{"gzip said to be JSON Lines", zip(t, plain), jsonOptions(), "import_format", "compressed (gzip)"},
		{"an armored OpenPGP message", "-----BEGIN PGP MESSAGE-----\n\nhQEM\n", csvOptions(), "import_format", "encrypted with OpenPGP"},
		{"a binary OpenPGP message for a key, in the old form", "\x85\x01\x0c\x03ABCDEFGH", csvOptions(), "import_format", "encrypted with OpenPGP"},
		{"a binary OpenPGP message for a key, in the new form", "\xc1\xc0\x4c\x03ABCDEFGH", csvOptions(), "import_format", "encrypted with OpenPGP"},
		{"a binary OpenPGP message for an X25519 key", "\x84\x5e\x03ABCDEFGH", csvOptions(), "import_format", "encrypted with OpenPGP"},
		{"a binary OpenPGP message for a password", "\x8c\x0d\x04\x09\x03\x02ABCD", csvOptions(), "import_format", "encrypted with OpenPGP"},
		{"a binary age file", "age-encryption.org/v1\n-> X25519 abc\n", csvOptions(), "import_format", "encrypted with age"},
		{"an armored age file", "-----BEGIN AGE ENCRYPTED FILE-----\n", csvOptions(), "import_format", "encrypted with age"},
		{"an openssl enc file", "Salted__\x01\x02\x03", csvOptions(), "import_format", "encrypted with openssl"},
		{"a PDF", "%PDF-1.7\n", csvOptions(), "import_format", "a PDF"},
		{"XML with a byte order mark", "\ufeff<?xml version=\"1.0\"?>\n", csvOptions(), "import_format", "XML"},
		{"UTF-16, big-endian with its mark", inUTF16("\ufeff"+plain, false), csvOptions(), "import_format", "UTF-16"},
		{"UTF-16 without a mark", inUTF16(plain, true), csvOptions(), "import_format", "UTF-16"},
		{"UTF-16, big-endian without a mark", inUTF16(plain, false), csvOptions(), "import_format", "UTF-16"},
		{"UTF-32", "\xff\xfe\x00\x00c\x00\x00\x00", csvOptions(), "import_format", "UTF-32"},
		{"zero bytes in a text", "cardId,pan\x00\n", csvOptions(), "import_format", "not a text"},
		{"JSON said to be CSV", `{"cardId":1}`, csvOptions(), "import_format", "looks like JSON: say --format jsonl"},
		{"a JSON array said to be CSV", "\n [{\"cardId\":1}]", csvOptions(), "import_format", "looks like JSON"},
		{"CSV said to be JSON Lines", "\ufeff" + plain, jsonOptions(), "import_format", "looks like CSV: say --format csv"},
		{"CSV with other separators said to be JSON Lines", "cardId;pan;expiryMonth\n", jsonOptions(), "import_format", "looks like CSV"},
		{"a JSON array", "\ufeff[\n{\"cardId\":1},\n{\"cardId\":2}]\n", jsonOptions(), "import_format", "is a JSON array"},

		{"tabs", strings.ReplaceAll(plain, ",", "\t"), csvOptions(), "import_header", "the columns are separated by a tab: write commas"},
		{"bars", strings.ReplaceAll(plain, ",", "|"), csvOptions(), "import_header", "the columns are separated by '|': write commas"},
		{"a spreadsheet's sep line", "sep=;\ncardId;pan\n", csvOptions(), "import_header", "separator"},
		{"no header", "1,5204247750001471,12,2031\n", csvOptions(), "import_header", "its first line is a row"},
		{"a header in another case", "CARDID,pan,expiryMonth,expiryYear\n", csvOptions(), "import_header", "column 1 is written otherwise: write cardId"},
		{"a header in other words", "cardId,card_number,expiryMonth,expiryYear\n", csvOptions(), "import_header", "column 2 is written otherwise: write pan"},
		{"a header with blanks", "cardId, pan,expiryMonth,expiryYear\n", csvOptions(), "import_header", "column 2 is written otherwise: write pan, in this spelling and case, without blanks"},
		{"a header with one column of expiry", "cardId,pan,Expiry Date\n", csvOptions(), "import_header", "column 3 holds month and year"},
		{"a column without a name in the middle", "cardId,,pan\n", csvOptions(), "import_header", "column 2 has no name"},
		{"a file that says nothing of cards", "cardId,issuer\n", csvOptions(), "import_header", "names nothing that a card could be given"},
		{"a month without a year", "cardId,expiryMonth\n", csvOptions(), "import_header", "has one of expiryMonth and expiryYear"},
		{"no card id", "pan,expiryMonth,expiryYear\n", csvOptions(), "import_header", "lacks cardId"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			_, err := r.Import(t.Context(), strings.NewReader(c.file), c.options)
			wantReason(t, err, c.reason)
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v, want %q", err, c.says)
			}
			if strings.Contains(err.Error(), testPAN) {
				t.Errorf("it repeats a number: %v", err)
			}
			if rows := r.allRows(t); len(rows) > 0 {
				t.Errorf("%d cards are stored", len(rows))
			}
		})
	}
}

func zip(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	return out.String()
}

func TestAFileWithTheMarksOfOtherProgramsIsRead(t *testing.T) {
	const row = "1,5204247750001471,12,2031,ÉMILE,CARD_LOST"
	const want = "CARD_LOST acme |ÉMILE||5204247750001471 12/2031"
	for name, file := range map[string]string{
		"LF":                            header + row + "\n",
		"CR LF and a byte order mark":   "\ufeff" + strings.ReplaceAll(header+row+"\n", "\n", "\r\n"),
		"CR":                            strings.ReplaceAll(header+row+"\n", "\n", "\r"),
		"CR without one at the end":     strings.ReplaceAll(header, "\n", "\r") + row,
		"CR and LF in turn":             strings.TrimSuffix(header, "\n") + "\r\r\n\n" + row + "\r\r",
		"empty columns and rows":        strings.TrimSuffix(header, "\n") + ",,\n" + row + ",,\n,,,,,,,\n\n ,,\n,\n",
		"everything quoted":             `"cardId","pan","expiryMonth","expiryYear","cardholderName","status"` + "\n" + `"1","5204247750001471","12","2031","ÉMILE","CARD_LOST"`,
		"a first name that looks short": header + row,
	} {
		t.Run(name, func(t *testing.T) {
			for reader, in := range map[string]func() vault.ImportReport{
				"at once": func() vault.ImportReport { return newRig(t).importedAs(t, strings.NewReader(file), want) },
				"in bits": func() vault.ImportReport { return newRig(t).importedAs(t, oneByOne{strings.NewReader(file)}, want) },
			} {
				if report := in(); report.Rows != 1 || report.Inserted != 1 {
					t.Errorf("%s: %+v", reader, report)
				}
			}
		})
	}
}

func (r rig) importedAs(t *testing.T, in interface{ Read([]byte) (int, error) }, want string) vault.ImportReport {
	t.Helper()
	report, err := r.Import(t.Context(), in, csvOptions())
	must(t, err)
	if report.Inserted == 1 && r.asText(t, 1) != want {
		t.Errorf("stored is %s, want %s", r.asText(t, 1), want)
	}
	return report
}

// TestWhatASpreadsheetDidIsNamed: the rule says what a value is, and never repeats it.
func TestWhatASpreadsheetDidIsNamed(t *testing.T) {
	const pan, month, year, status = "pan", "expiryMonth", "expiryYear", "status"
	for _, c := range []struct{ name, field, value, says string }{
		{"a rounded number", pan, "5.20425E+15", "was rounded by a spreadsheet"},
		{"a rounded number with a comma", pan, `"5,20425E+15"`, "was rounded by a spreadsheet"},
		{"a rounded number without a fraction", pan, "5E15", "was rounded by a spreadsheet"},
		{"the last digit lost", pan, "5204247750001470", "ends in 0: a spreadsheet keeps 15 digits"},
		{"a column too narrow", pan, "########", "too narrow"},
		{"a formula", pan, `"=""5204247750001471"""`, "formula"},
		{"an apostrophe", pan, "'5204247750001471", "apostrophe"},
		{"quotes of its own", pan, `"""5204247750001471"""`, "quotes"},
		{"typographic quotes", pan, "\u201c5204247750001471\u201d", "quotes"},
		{"groups", pan, "5204 2477 5000 1471", "has spaces or hyphens"},
		{"no-break spaces", pan, "5204\u00a02477\u00a05000\u00a01471", "has spaces or hyphens"},
		{"hyphens", pan, "5204-2477-5000-1471", "has spaces or hyphens"},
		{"a blank behind", pan, "5204247750001471 ", "has spaces or hyphens"},
		{"decimals", pan, "5204247750001471.00", "is a number with decimals"},
		{"stars", pan, "520424******1471", "is masked"},
		{"crosses", pan, "520424XXXXXX1471", "is masked"},
		{"a wrong digit", pan, "5204247750001472", "has a wrong check digit"},
		{"letters", pan, "none", "must have"},
		{"a rounded id", "cardId", "1.00001E+15", "was rounded by a spreadsheet"},
		{"a rounded customer number", "customerId", "5.00100E+12", "was rounded by a spreadsheet"},
		{"a rounded customer number with a comma", "customerId", `"5,00100E+12"`, "was rounded by a spreadsheet"},
		{"a customer number in Windows-1252", "customerId", "M\xf6ller", "looks like Windows-1252"},
		{"a product in Windows-1252", "product", "cr\xe9dit", "looks like Windows-1252"},
		{"a month without its zero", month, "1", "drops the leading zero"},
		{"a month behind a blank", month, " 12", ": there are blanks around it"},
		{"a year before a blank", year, "2031 ", ": there are blanks around it"},
		{"a month and a year", month, "12/31", "is a date, or month and year"},
		{"a date", month, "2031-12-31", "is a date, or month and year"},
		{"a month's name", month, "Dec", "must be two digits, 01 to 12"},
		{"a date with a name", month, "31-Dec-31", "is a date, or month and year"},
		{"MMYY", month, "1231", "has month and year"},
		{"a day's number", month, "48213", "spreadsheet's number of a day"},
		{"month 0", month, "00", "must be two digits, 01 to 12"},
		{"a year of two digits", year, "31", "write the century too"},
		{"a date for a year", year, "31.12.2031", "is a date, or month and year"},
		{"a day's number for a year", year, "48213", "spreadsheet's number of a day"},
		{"a year with decimals", year, "2031.0", "with decimals"},
		{"a year long ago", year, "1999", "must be four digits, 2000 to 2099"},
		{"a status in lower case", status, "card_stolen", "must be written CARD_STOLEN"},
		{"a status without CARD", status, "Stolen", "must be written CARD_STOLEN"},
		{"a status with a blank", status, "SUSPECTED FRAUD", "must be written SUSPECTED_FRAUD"},
		{"another status", status, "ACTIVE", "must be a card status of the Card API"},
		{"a name in Windows-1252", "cardholderName", "\xc9MILE", "looks like Windows-1252"},
	} {
		t.Run(c.name, func(t *testing.T) {
			values := map[string]string{"cardId": "1", pan: testPAN, month: "12", year: "2031", "cardholderName": "ADA", status: "CARD_OK"}
			values[c.field] = c.value
			columns := slices.Sorted(maps.Keys(values))
			row := make([]string, len(columns))
			for i, column := range columns {
				row[i] = values[column]
			}
			report := newRig(t).mustImport(t, strings.Join(columns, ",")+"\n"+strings.Join(row, ",")+"\n", csvOptions())
			if len(report.Errors) != 1 || report.Errors[0].Field != c.field || !strings.Contains(report.Errors[0].Rule, c.says) {
				t.Fatalf("report %+v, want %s: …%s…", report, c.field, c.says)
			}
			if rule := report.Errors[0].Rule; walletport.ContainsPAN(rule) || len(c.value) > 4 && strings.Contains(rule, c.value) {
				t.Errorf("it repeats the value: %s", rule)
			}
		})
	}
}

func TestJSONLinesOfOtherProgramsAreNamed(t *testing.T) {
	const good = `{"cardId":90,"pan":"5555555555554444","expiryMonth":"12","expiryYear":"2031"}` + "\n"
	for _, c := range []struct{ name, line, field, says string }{
		{"a line of an array", `{"cardId":1,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"},`, "line", "ends in a comma"},
		{"the begin of an object over several lines", "{", "line", "is a part of an object"},
		{"an array on a line", `[{"cardId":1}]`, "line", "is a JSON array"},
		{"a PAN as a number", `{"cardId":1,"pan":5204247750001471,"expiryMonth":"12","expiryYear":"2031"}`, "pan", "write it in quotes"},
		{"a month as a number", `{"cardId":1,"pan":"5204247750001471","expiryMonth":12,"expiryYear":"2031"}`, "expiryMonth", "write it in quotes"},
		{"a member in another spelling", `{"card_id":1,"status":"CARD_OK"}`, "line", "write cardId"},
		{"a member of month and year", `{"cardId":1,"expiry":"12/31"}`, "line", "write a member for each, expiryMonth (MM) and expiryYear (YYYY)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := newRig(t).mustImport(t, good+c.line+"\n", jsonOptions())
			if report.Rejected != 1 || report.Errors[0].Field != c.field || !strings.Contains(report.Errors[0].Rule, c.says) {
				t.Errorf("report %+v, want %s: …%s…", report, c.field, c.says)
			}
		})
	}
}
