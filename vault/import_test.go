package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/vault"
)

const header = "cardId,pan,expiryMonth,expiryYear,cardholderName,status\n"

func csvOptions() vault.ImportOptions {
	return vault.ImportOptions{Format: vault.CSV, Issuer: "acme"}
}

func jsonOptions() vault.ImportOptions {
	return vault.ImportOptions{Format: vault.JSONLines, Issuer: "acme"}
}

func (r rig) mustImport(t testing.TB, file string, o vault.ImportOptions) vault.ImportReport {
	t.Helper()
	report, err := r.Import(t.Context(), strings.NewReader(file), o)
	must(t, err)
	if report.Rows != report.Inserted+report.Updated+report.Unchanged+report.Withheld+report.Rejected {
		t.Errorf("the report does not add up: %+v", report)
	}
	return report
}

func TestImportReadsBothFormats(t *testing.T) {
	const csv = "\ufeffcardholderName,status,issuer,cardId,customerId,product,pan,expiryYear,expiryMonth\r\n" +
		"\"LOVELACE, \"\"ADA\"\"\",CARD_BLOCKED,acme,1001,5001,mc-debit,5204247750001471,2031,12\r\n" +
		"\r\n" +
		",,acme,1002,,,4761120010000492,2024,01\r\n"
	const jsonl = "\ufeff" + `{"cardholderName":"LOVELACE, \"ADA\"","status":"CARD_BLOCKED","issuer":"acme","cardId":1001,"customerId":"5001","product":"mc-debit","pan":"5204247750001471","expiryYear":"2031","expiryMonth":"12"}` + "\n\n" +
		`{ "cardId": "1002", "pan": "4761120010000492", "expiryMonth": "01", "expiryYear": "2024", "issuer": "acme", "customerId": null }`
	for name, in := range map[string]struct {
		file    string
		options vault.ImportOptions
	}{
		"CSV": {csv, vault.ImportOptions{Format: vault.CSV}}, "JSON Lines": {jsonl, vault.ImportOptions{Format: vault.JSONLines}},
	} {
		t.Run(name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				report := r.mustImport(t, in.file, in.options)
				if diff := cmp.Diff(vault.ImportReport{Rows: 2, Inserted: 2}, report); diff != "" {
					t.Fatalf("report (-want +got):\n%s", diff)
				}
				want := walletport.CardSummary{
					ID: 1001, Issuer: "acme", CustomerID: "5001", Scheme: walletport.Mastercard, Product: "mc-debit",
					Status: walletport.CardBlocked, Expiry: walletport.Expiry{Year: 2031, Month: 12}, BIN: "52042477", LastFour: "1471",
				}
				row := r.mustFind(t, 1001)
				if diff := cmp.Diff(want, row.CardSummary); diff != "" {
					t.Errorf("card 1001 (-want +got):\n%s", diff)
				}
				must(t, r.Borrow(t.Context(), row, func(c *walletport.Card) error {
					if string(c.PAN.Reveal()) != testPAN || string(c.CardholderName.Reveal()) != `LOVELACE, "ADA"` {
						t.Errorf("card 1001 opens to another card")
					}
					return nil
				}))
				want = walletport.CardSummary{
					ID: 1002, Issuer: "acme", Scheme: walletport.Visa, Status: walletport.CardOK,
					Expiry: walletport.Expiry{Year: 2024, Month: 1}, BIN: "47611200", LastFour: "0492",
				}
				if diff := cmp.Diff(want, r.mustFind(t, 1002).CardSummary); diff != "" {
					t.Errorf("card 1002 (-want +got):\n%s", diff)
				}
				if r.digits(t, 1002) != visaPAN {
					t.Errorf("card 1002 opens to another PAN")
				}
			})
		})
	}
}

func TestImportNamesLineAndFieldOfABadRow(t *testing.T) {
	type errs []string // "field: rule", in order
	for _, c := range []struct {
		name string
		row  string // CSV: cardId,issuer,customerId,pan,expiryMonth,expiryYear,cardholderName,product,status
		want errs
	}{
		{"a good row", "1,acme,5001,5204247750001471,12,2031,ADA,mc-debit,CARD_OK", nil},
		{"an expired card is good", "1,acme,5001,5204247750001471,12,2001,ADA,mc-debit,CARD_OK", nil},
		{"a wrong check digit", "1,acme,,5204247750001472,12,2031,,,", errs{"pan: has a wrong check digit"}},
		{"a PAN with spaces", "1,acme,,5204 2477 5000 1471,12,2031,,,", errs{"pan: has spaces or hyphens: write the digits alone"}},
		{"a short PAN", "1,acme,,52042477500,12,2031,,,", errs{"pan: must have 12 to 19 digits"}},
		{"a PAN of no scheme", "1,acme,,6011000990139424,12,2031,,,", errs{"pan: must be a Mastercard (51-55, 2221-2720) or Visa (4) number"}},
		{"no PAN", "1,acme,,,12,2031,,,", errs{"pan: is missing: no card of this id is stored, and a new one needs pan, expiryMonth and expiryYear"}},
		{"no id", ",acme,,5204247750001471,12,2031,,,", errs{"cardId: is missing"}},
		{"id 0", "0,acme,,5204247750001471,12,2031,,,", errs{"cardId: must not be 0"}},
		{"a negative id", "-1,acme,,5204247750001471,12,2031,,,", errs{"cardId: must be above 0"}},
		{"an id with a leading zero", "01,acme,,5204247750001471,12,2031,,,", errs{"cardId: must be a whole number, without leading zeros, below 2^63"}},
		{"an id with a plus", "+1,acme,,5204247750001471,12,2031,,,", errs{"cardId: must be a whole number, without leading zeros, below 2^63"}},
		{"an id over int64", "9223372036854775808,acme,,5204247750001471,12,2031,,,", errs{"cardId: must be a whole number, without leading zeros, below 2^63"}},
		{"an id that is the PAN", "5204247750001471,acme,,5204247750001471,12,2031,,,", errs{"cardId: must not be a card number"}},
		{"an id that is another PAN", "5555555555554444,acme,,5204247750001471,12,2031,,,", errs{"cardId: must not be a card number"}},
		{"month 13", "1,acme,,5204247750001471,13,2031,,,", errs{"expiryMonth: must be two digits, 01 to 12"}},
		{"a month of one digit", "1,acme,,5204247750001471,1,2031,,,", errs{"expiryMonth: must be two digits, 01 to 12: a spreadsheet drops the leading zero, export the column as text"}},
		{"a year of two digits", "1,acme,,5204247750001471,12,31,,,", errs{"expiryYear: must be four digits, 2000 to 2099: write the century too"}},
		{"no year", "1,acme,,5204247750001471,12,,,,", errs{"expiryYear: is missing: month and year come together"}},
		{"another issuer", "1,globex,,5204247750001471,12,2031,,,", errs{"issuer: must be the issuer that the import is for"}},
		{"a customer with a space", "1,acme,a b,5204247750001471,12,2031,,,", errs{"customerId: must have letters, digits, '.', '_' and '-' only"}},
		{"a customer number with the PAN in a disguise", "1,acme,5204-2477_5000.1471,5204247750001471,12,2031,,,", errs{"customerId: must not contain the card number"}},
		{"a customer number with the PAN among letters", "1,acme,C5204A247750001471x,5204247750001471,12,2031,,,", errs{"customerId: must not contain the card number"}},
		{"a customer number that is another PAN", "1,acme,5555-5555-5555-4444,5204247750001471,12,2031,,,", errs{"customerId: must not be a card number"}},
		{"a customer number with another PAN in it", "1,acme,C5555555555554444,5204247750001471,12,2031,,,", nil},
		{"a customer that is a UUID", "1,acme,831fb558-d0b4-4566-8285-38049c915104,5204247750001471,12,2031,,,", nil},
		{"an id with the PAN in it", "5204247750001471007,acme,,5204247750001471,12,2031,,,", errs{"cardId: must not contain the card number"}},
		{"a product with a PAN among letters", "1,acme,,5204247750001471,12,2031,,gold5555555555554444,", errs{"product: must not contain a card number"}},
		{"a product with a disguised PAN", "1,acme,,5204247750001471,12,2031,,5555 - 5555-5555.4444,", errs{"product: must not contain a card number"}},
		{"a product with the card's own number", "1,acme,,5204247750001471,12,2031,,a5204247750001471f,", errs{"product: must not contain a card number"}},
		{"a name with a PAN", "1,acme,,5204247750001471,12,2031,5555555555554444,,", errs{"cardholderName: must not contain a card number"}},
		{"a name with a line break", "1,acme,,5204247750001471,12,2031,\"ADA\vL\",,", errs{"cardholderName: must not contain control or invisible characters"}},
		{"a product with a slash", "1,acme,,5204247750001471,12,2031,,a/b,", errs{"product: must have letters, digits, '.', '_', '-' and spaces only"}},
		{"a status in lower case", "1,acme,,5204247750001471,12,2031,,,card_ok", errs{"status: must be written CARD_OK"}},
		{"a status that there is not", "1,acme,,5204247750001471,12,2031,,,MELTED", errs{"status: must be a card status of the Card API, such as CARD_OK or CARD_BLOCKED"}},
		{"a field too few", "1,acme,,5204247750001471,12,2031,,", errs{"line: must have as many fields as the header"}},
		{"a field too many, without a value", "1,acme,,5204247750001471,12,2031,,,,", nil},
		{"a field too many", "1,acme,,5204247750001471,12,2031,,,,x", errs{"line: must have as many fields as the header"}},
		{"a quote inside", "1,acme,,52042\"47750001471,12,2031,,,", errs{"line: is not CSV: a quote is misplaced or not closed"}},
		{"an open quote", "1,acme,,\"5204247750001471,12,2031,,,", errs{"line: is not CSV: a quote is misplaced or not closed"}},
		{"text after a quote", "1,acme,,\"5204247750001471\"0,12,2031,,,", errs{"line: is not CSV: a quote is misplaced or not closed"}},
		{"a line of 9000 bytes", "1,acme,,5204247750001471,12,2031," + strings.Repeat("A", 9000) + ",,", errs{"line: is longer than 8192 bytes"}},
		{"a line of 40,000 bytes", strings.Repeat("A", 40_000), errs{"line: is longer than 8192 bytes"}},
		{"everything wrong at once", "x,globex,a b,1,0,0,\x01,/,no", errs{
			"cardId: must be a whole number, without leading zeros, below 2^63", "issuer: must be the issuer that the import is for",
			"pan: must have 12 to 19 digits", "expiryMonth: must be two digits, 01 to 12: a spreadsheet drops the leading zero, export the column as text",
			"expiryYear: must be four digits, 2000 to 2099",
			"customerId: must have letters, digits, '.', '_' and '-' only", "cardholderName: must not contain control or invisible characters",
			"product: must have letters, digits, '.', '_', '-' and spaces only", "status: must be a card status of the Card API, such as CARD_OK or CARD_BLOCKED",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			file := "cardId,issuer,customerId,pan,expiryMonth,expiryYear,cardholderName,product,status\n" +
				"90,acme,,5555555555554444,12,2031,,,\n\n" + c.row + "\n91,acme,,5555555555554444,12,2031,,,"
			report := r.mustImport(t, file, csvOptions())
			var got errs
			for _, e := range report.Errors {
				if e.Line != 4 {
					t.Errorf("line %d, want 4", e.Line)
				}
				got = append(got, e.Field+": "+e.Rule)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if int(report.ErrorCount) != len(c.want) || report.Rejected != int64(min(1, len(c.want))) || report.Rows != 3 {
				t.Errorf("report %+v", report)
			}
			for _, id := range []walletport.CardID{90, 91} {
				if r.digits(t, id) != otherPAN {
					t.Errorf("the good row of card %d is not in", id)
				}
			}
			stored, err := r.cards.CardsAfter(t.Context(), "acme", math.MinInt64, 10)
			must(t, err)
			if int64(len(stored)) != 3-report.Rejected {
				t.Errorf("%d cards stored, %d rejected", len(stored), report.Rejected)
			}
		})
	}
}

func TestImportOfJSONLinesNamesBadMembers(t *testing.T) {
	const good = `"cardId":1,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"`
	for _, c := range []struct{ name, row, field string }{
		{"a good row", `{` + good + `}`, ""},
		{"a name with escapes", `{` + good + `,"cardholderName":"\u00c9mile"}`, ""},
		{"an unknown member", `{` + good + `,"cvc":"123"}`, "line"},
		{"a member in another case", `{` + good + `,"Status":"CARD_OK"}`, "line"},
		{"a member that stands twice", `{` + good + `,"pan":"5555555555554444"}`, "pan"},
		{"a PAN as number", `{"cardId":1,"pan":5204247750001471,"expiryMonth":"12","expiryYear":"2031"}`, "pan"},
		{"an id with a fraction", `{"cardId":1.5,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"}`, "cardId"},
		{"an id with an exponent", `{"cardId":1e3,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"}`, "cardId"},
		{"an id as object", `{"cardId":{},"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"}`, "cardId"},
		{"a null id", `{"cardId":null,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"}`, "cardId"},
		{"an array", `[1]`, "line"},
		{"a number", `5204247750001471`, "line"},
		{"two objects", `{` + good + `}{}`, "line"},
		{"an open object", `{` + good, "line"},
		{"a bracket too many", `{` + good + `}}`, "line"},
		{"deep nesting", `{"cardId":` + strings.Repeat("[", 8000) + `}`, "line"},
		{"no JSON", `cardId,pan`, "line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			report := r.mustImport(t, `{"cardId":90,"pan":"5555555555554444","expiryMonth":"12","expiryYear":"2031"}`+"\n"+c.row+"\n", jsonOptions())
			if c.field == "" {
				if report.Inserted != 2 {
					t.Errorf("report %+v", report)
				}
				return
			}
			if report.Rejected != 1 || report.Errors[0].Field != c.field || report.Errors[0].Line != 2 {
				t.Errorf("report %+v, want field %s", report, c.field)
			}
			if strings.Contains(fmt.Sprint(report), testPAN) || strings.Contains(fmt.Sprint(report), "cvc") {
				t.Errorf("the report repeats input")
			}
		})
	}
}

func TestImportRefusesTheWholeFile(t *testing.T) {
	for _, c := range []struct {
		name, file string
		options    vault.ImportOptions
		reason     string
	}{
		{"an unknown column", "cardId,pan,expiryMonth,expiryYear,cvc\n", csvOptions(), "import_header"},
		{"a column in another case", "cardid,pan,expiryMonth,expiryYear\n", csvOptions(), "import_header"},
		{"a column twice", "cardId,pan,pan,expiryMonth,expiryYear\n", csvOptions(), "import_header"},
		{"a missing column", "cardId,pan,expiryMonth\n", csvOptions(), "import_header"},
		{"a row instead of a header", "1,5204247750001471,12,2031\n", csvOptions(), "import_header"},
		{"a header that is no CSV", "\"cardId\n", csvOptions(), "import_header"},
		{"a header that is too long", strings.Repeat("a", 10_000), csvOptions(), "import_header"},
		{"an empty file", "", csvOptions(), "import_header"},
		{"empty lines only", "\n\n", csvOptions(), "import_header"},
		{"an unknown format", header, vault.ImportOptions{Format: "xml"}, "import_format"},
		{"a malformed issuer", header, vault.ImportOptions{Format: vault.CSV, Issuer: "a/b"}, "issuer_malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newRig(t).Import(t.Context(), strings.NewReader(c.file), c.options)
			wantReason(t, err, c.reason)
			if strings.Contains(err.Error(), testPAN) || strings.Contains(err.Error(), "cvc") {
				t.Errorf("the error repeats input: %v", err)
			}
		})
	}
}

func TestImportIsIdempotent(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		const row1, row2 = "1,5204247750001471,12,2031,ADA,\n", "2,5555555555554444,12,2031,,\n"
		steps := []struct {
			name, rows string
			want       vault.ImportReport
		}{
			{"first", row1 + row2, vault.ImportReport{Rows: 2, Inserted: 2}},
			{"again", row1 + row2, vault.ImportReport{Rows: 2, Unchanged: 2}},
			{"one changed", row1 + "2,5555555555554444,12,2031,,CARD_LOST\n", vault.ImportReport{
				Rows: 2, Unchanged: 1, Updated: 1, Changed: map[string]int64{"status": 1},
				Statuses: map[vault.StatusChange]int64{{From: walletport.CardOK, To: walletport.CardLost}: 1},
			}},
			{"one more, and an empty status says nothing", row1 + row2 + "3,4761120010000492,12,2031,,\n", vault.ImportReport{Rows: 3, Unchanged: 2, Inserted: 1}},
		}
		for _, s := range steps {
			if diff := cmp.Diff(s.want, r.mustImport(t, header+s.rows, csvOptions())); diff != "" {
				t.Errorf("%s (-want +got):\n%s", s.name, diff)
			}
		}
		if status := r.mustFind(t, 2).Status; status != walletport.CardLost {
			t.Errorf("status %s", status)
		}
	})
}

func TestOfRowsWithOneIDTheFirstStands(t *testing.T) {
	const good = "1,5204247750001471,12,2031,ADA,\n"
	const other = "1,5555555555554444,12,2031,ADA,\n"
	filler := func(n int) string {
		var rows strings.Builder
		for i := range n {
			fmt.Fprintf(&rows, "%d,5555555555554444,12,2031,,\n", 100+i)
		}
		return rows.String()
	}
	for name, distance := range map[string]int{"in one batch": 1, "batches apart": 2500} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			report := r.mustImport(t, header+good+filler(distance)+good+other, csvOptions())
			want := vault.ImportReport{
				Rows: int64(distance) + 3, Inserted: int64(distance) + 1, Unchanged: 1, Rejected: 1, ErrorCount: 1,
				Errors: []vault.RowError{{Line: int64(distance) + 4, Field: "cardId", Rule: "stands on line 2 already, with other content"}},
			}
			if diff := cmp.Diff(want, report); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			if r.digits(t, 1) != testPAN {
				t.Errorf("the later row stands")
			}
		})
	}
}

func TestACardOfAnotherIssuerStays(t *testing.T) {
	r := newRig(t)
	r.mustImport(t, header+"1,5204247750001471,12,2031,ADA,\n", csvOptions())
	other := csvOptions()
	other.Issuer = "globex"
	row := "1,5204247750001471,12,2031,ADA,\n"
	batch := strings.Repeat("2,5555555555554444,12,2031,,\n", 1000)
	report := r.mustImport(t, header+row+"2,5555555555554444,12,2031,,\n"+row+batch+row, other)
	rule := "belongs to a card of another issuer"
	want := vault.ImportReport{
		Rows: 1004, Inserted: 1, Unchanged: 1000, Rejected: 3, ErrorCount: 3,
		Errors: []vault.RowError{
			{Line: 2, Field: "cardId", Rule: rule}, {Line: 4, Field: "cardId", Rule: rule}, {Line: 1005, Field: "cardId", Rule: rule},
		},
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if r.mustFind(t, 1).Issuer != "acme" {
		t.Errorf("the card changed hands")
	}
}

func TestIssuerMustBeNamedSomewhere(t *testing.T) {
	r := newRig(t)
	report := r.mustImport(t, header+"1,5204247750001471,12,2031,ADA,\n", vault.ImportOptions{Format: vault.CSV})
	if report.Rejected != 1 || report.Errors[0].Field != "issuer" || len(report.Errors) != 1 {
		t.Errorf("report %+v", report)
	}
}

func TestRowsMayNameAnotherIssuerWhereIssuersAreMixed(t *testing.T) {
	file := "cardId,issuer,pan,expiryMonth,expiryYear\n1,,5204247750001471,12,2031\n2,globex,5555555555554444,12,2031\n"
	for _, c := range []struct {
		name     string
		mixed    bool
		inserted int64
	}{
		{"the other issuer's row is refused", false, 1},
		{"each row keeps its issuer", true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, o := newRig(t), csvOptions()
			o.MixedIssuers = c.mixed
			if report := r.mustImport(t, file, o); report.Inserted != c.inserted {
				t.Fatalf("report %+v", report)
			}
			if got := r.mustFind(t, 1).Issuer; got != "acme" {
				t.Errorf("the row that names no issuer went to %s", got)
			}
			if c.mixed && r.mustFind(t, 2).Issuer != "globex" {
				t.Errorf("the row that names an issuer lost it")
			}
		})
	}
}

func TestSandboxCardsComeInWhenAllowed(t *testing.T) {
	r := newRig(t)
	o := csvOptions()
	o.AllowSandboxCards = true
	report := r.mustImport(t, header+"-1,5204247750001471,12,2031,ADA,\n-7,5204247750001471,12,2031,ADA,\n", o)
	if report.Inserted != 1 || report.Rejected != 1 || r.digits(t, -1) != testPAN {
		t.Errorf("report %+v", report)
	}
}

func TestImportStopsOnOurOwnFaults(t *testing.T) {
	rows := header + strings.Repeat("1,5204247750001471,12,2031,ADA,\n", 5000)
	gone := errors.New("gone")
	for _, c := range []struct {
		name  string
		setUp func(*rig) io.Reader
		check func(error) bool
	}{
		{"the database fails", func(r *rig) io.Reader {
			r.Cards = failingCards{Cards: r.cards, put: gone}
			return strings.NewReader(rows)
		}, func(err error) bool { return errors.Is(err, gone) }},
		{"the file cannot be read", func(*rig) io.Reader {
			return io.MultiReader(strings.NewReader(rows), iotest.ErrReader(gone))
		}, func(err error) bool { return errors.Is(err, gone) }},
		{"the header cannot be read", func(*rig) io.Reader { return iotest.ErrReader(gone) },
			func(err error) bool { return errors.Is(err, gone) }},
		{"a line that is too long cannot be read", func(*rig) io.Reader {
			return io.MultiReader(strings.NewReader(header+strings.Repeat("A", 9000)), iotest.ErrReader(gone))
		}, func(err error) bool { return errors.Is(err, gone) }},
		{"there is no key", func(r *rig) io.Reader {
			r.setState("vault-kek-v1", keys.Retired)
			return strings.NewReader(rows)
		}, func(err error) bool { return walletport.ReasonOf(err) == "key_unavailable" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			if _, err := r.Import(t.Context(), c.setUp(&r), csvOptions()); !c.check(err) {
				t.Errorf("Import: %v", err)
			}
		})
	}
}

func TestWhatAStoppedImportReportsIsStored(t *testing.T) {
	r := newRig(t)
	var file strings.Builder
	file.WriteString(header)
	for i := range 5000 {
		fmt.Fprintf(&file, "%d,5204247750001471,12,2031,ADA,\n", i+1)
	}
	ctx, stop := context.WithCancel(t.Context())
	o := csvOptions()
	o.Progress = func(p vault.ImportProgress) {
		if p.Rows == 2000 {
			stop()
		}
	}
	report, err := r.Import(ctx, strings.NewReader(file.String()), o)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Import: %v", err)
	}
	stored, err := r.cards.CardsAfter(t.Context(), "acme", 0, 10_000)
	must(t, err)
	if int64(len(stored)) != report.Inserted || report.Inserted < 2000 || report.Inserted == 5000 {
		t.Errorf("%d stored, %d reported", len(stored), report.Inserted)
	}
	o.Progress = nil
	if again := r.mustImport(t, file.String(), o); again.Unchanged != report.Inserted || again.Inserted != 5000-report.Inserted {
		t.Errorf("taken up again: %+v after %+v", again, report)
	}
}

// The canary: no digits of a card, in any spelling that a leak would have, in any
// byte of the database's files.
func TestNoPANInTheDatabaseFiles(t *testing.T) {
	r := newRig(t)
	r.mustImport(t, header+"1,5204247750001471,12,2031,ADA LOVELACE,\n2,1234567890123456,12,2031,x,\n", csvOptions())
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	_, err := r.Rewrap(t.Context(), nil)
	must(t, err)
	var all []byte
	for _, suffix := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(r.path + suffix)
		if suffix != "-shm" {
			must(t, err)
		}
		all = append(all, content...)
	}
	if !bytes.Contains(all, []byte("52042477")) {
		t.Fatal("the canary is blind: not even the BIN is found")
	}
	packed := []byte{0x52, 0x04, 0x24, 0x77, 0x50, 0x00, 0x14, 0x71} // BCD
	for _, secret := range [][]byte{[]byte(testPAN), []byte(testPAN[8:]), []byte(testPAN[6:12]), packed, []byte("LOVELACE"), []byte("1234567890123456")} {
		if bytes.Contains(all, secret) {
			t.Errorf("the database files hold %q", secret)
		}
	}
}

func BenchmarkImport20kRows(b *testing.B) {
	var file strings.Builder
	file.WriteString("cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product\n")
	for i := range 20_000 {
		fmt.Fprintf(&file, "%d,%d,5204247750001471,12,2031,ADA LOVELACE,mc-debit\n", i+1, 5000+i/2)
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r := newRig(b)
		b.StartTimer()
		report, err := r.Import(b.Context(), strings.NewReader(file.String()), csvOptions())
		if err != nil || report.Inserted != 20_000 {
			b.Fatalf("%+v, %v", report, err)
		}
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
