package vault_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

func (r rig) mustImportCustomers(t testing.TB, file string, o vault.ImportOptions) vault.ImportReport {
	t.Helper()
	report, err := r.ImportCustomers(t.Context(), strings.NewReader(file), o)
	must(t, err)
	if report.Rows != report.Inserted+report.Updated+report.Unchanged+report.Withheld+report.Rejected {
		t.Errorf("the report does not add up: %+v", report)
	}
	return report
}

// optionsFor are those of a file, by how it begins.
func optionsFor(file string) vault.ImportOptions {
	if strings.HasPrefix(file, "{") {
		return jsonOptions()
	}
	return csvOptions()
}

const adaCSV = "customerId,firstName,middleName,lastName,emails,phones,locale,country,addressLine1,addressLine2,addressLine3,city,state,postalCode,addressCountry,consentVersion,consentPresenter,consentTime,appIds\n" +
	"5001,Åsa,King,Lovelace,asa.king@lovelace.example; a@b.example,16504005555;4670123456789,sv_SE,SWE,12 Analytical Street,Engine House,\"Floor 3\",Malmö,M,211 20,SWE,2026-01,acme app,2026-05-28T20:26:40.123Z,APP-1;APP-22\n"

const adaJSON = `{"customerId":"5001","firstName":"\u00c5sa","middleName":"King","lastName":"Lovelace","emails":["asa.king@lovelace.example","a@b.example"],` +
	`"phones":["16504005555","4670123456789"],"locale":"sv_SE","country":"SWE","addressLine1":"12 Analytical Street","addressLine2":"Engine House",` +
	`"addressLine3":"Floor 3","city":"Malmö","state":"M","postalCode":"211 20","addressCountry":"SWE","consentVersion":"2026-01","consentPresenter":"acme app",` +
	`"consentTime":"2026-05-28T22:26:40.123+02:00","appIds":["APP-1","APP-22"]}`

func TestCustomersComeInBothFormats(t *testing.T) {
	for name, file := range map[string]string{"CSV": adaCSV, "JSON Lines": adaJSON} {
		t.Run(name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				report := r.mustImportCustomers(t, file, optionsFor(file))
				if diff := cmp.Diff(vault.ImportReport{Rows: 1, Inserted: 1}, report); diff != "" {
					t.Errorf("report (-want +got):\n%s", diff)
				}
				r.wantCustomer(t, customerKey("5001"), adaTexts)
				before := r.mustFindCustomer(t, customerKey("5001"))
				if again := r.mustImportCustomers(t, file, optionsFor(file)); again.Unchanged != 1 {
					t.Errorf("again: %+v", again)
				}
				if diff := cmp.Diff(before, r.mustFindCustomer(t, customerKey("5001"))); diff != "" {
					t.Errorf("the row was written again (-before +after):\n%s", diff)
				}
			})
		})
	}
}

func TestWhatAFileDoesNotSayOfACustomerStays(t *testing.T) {
	with := func(changes texts) texts {
		of := maps.Clone(adaTexts)
		maps.Copy(of, changes)
		maps.DeleteFunc(of, func(_ walletport.CustomerField, values []string) bool { return len(values) == 0 })
		return of
	}
	for _, c := range []struct {
		name, file string
		want       texts
		changed    map[string]int64
	}{
		{"empty cells", "customerId,firstName,emails,consentTime,city\n5001,, ,,\" \"\n", adaTexts, nil},
		{"an object without members", `{"customerId":"5001"}`, adaTexts, nil},
		{"empty texts and lists", `{"customerId":"5001","firstName":"","emails":[],"appIds":[""],"consentTime":""}`, adaTexts, nil},
		{"null for the key's issuer", `{"customerId":"5001","issuer":null}`, adaTexts, nil},
		{"what is so already", "customerId,city,phones\n5001,Malmö,16504005555;4670123456789\n", adaTexts, nil},
		{"one text", "customerId,city\n5001,Lund\n", with(texts{walletport.CustomerCity: {"Lund"}}), map[string]int64{"city": 1}},
		{"a list is replaced whole", "customerId,phones\n5001,12345\n", with(texts{walletport.CustomerPhones: {"12345"}}), map[string]int64{"phones": 1}},
		{"the order of a list", `{"customerId":"5001","appIds":["APP-22","APP-1"]}`, with(texts{walletport.CustomerAppIDs: {"APP-22", "APP-1"}}), map[string]int64{"appIds": 1}},
		{"null empties a text and a list", `{"customerId":"5001","middleName":null,"emails":null}`, with(texts{walletport.CustomerMiddleName: nil, walletport.CustomerEmails: nil}),
			map[string]int64{"middleName": 1, "emails": 1}},
		{"null empties the consent", `{"customerId":"5001","consentVersion":null,"consentPresenter":null,"consentTime":null}`,
			with(texts{walletport.CustomerConsentVersion: nil, walletport.CustomerConsentPresenter: nil, walletport.CustomerConsentTime: nil}),
			map[string]int64{"consentVersion": 1, "consentPresenter": 1, "consentTime": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.mustPutCustomers(t, newCustomer(t, customerKey("5001"), adaTexts))
			id := r.mustFindCustomer(t, customerKey("5001")).ID
			report := r.mustImportCustomers(t, c.file, optionsFor(c.file))
			r.wantCustomer(t, customerKey("5001"), c.want)
			if diff := cmp.Diff(c.changed, report.Changed); diff != "" || report.Rejected != 0 || report.Updated != int64(min(1, len(c.changed))) {
				t.Errorf("report %+v, changed (-want +got):\n%s", report, diff)
			}
			if r.mustFindCustomer(t, customerKey("5001")).ID != id {
				t.Error("the row has another id")
			}
		})
	}
}

func TestABadRowOfACustomerIsNamedByLineAndField(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string // "field: rule begins so"
	}{
		{"no number", "customerId,city\n,Lund\n", []string{"customerId: is missing"}},
		{"a number with a space", "customerId,city\n50 01,Lund\n", []string{"customerId: must have letters, digits"}},
		{"a number that is a card's", "customerId,city\n5204247750001471,Lund\n", []string{"customerId: must not be a card number"}},
		{"a number that a spreadsheet rounded", "customerId,city\n5.00100E+12,Lund\n", []string{"customerId: was rounded by a spreadsheet"}},
		{"a number in Windows-1252", "customerId,city\nM\xf6ller,Lund\n", []string{"customerId: must be UTF-8: the file looks like Windows-1252"}},
		{"a number in JSON", `{"customerId":5001,"city":"Lund"}`, []string{"customerId: must be a string"}},
		{"another issuer", "customerId,issuer,city\n1,globex,Lund\n", []string{"issuer: must be the issuer that the import is for"}},
		{"nothing of nobody", `{"customerId":"1","city":null}`, []string{"customerId: is of nobody who is stored, and the row says nothing"}},
		{"one of many e-mails", "customerId,emails\n1,ada@b.example;no.mail.at.all\n", []string{"emails[1]: must be an e-mail address"}},
		{"a sign too many in a list", "customerId,emails\n1,ada@b.example;\n", []string{"emails[1]: is empty"}},
		{"the sign in a value of JSON", `{"customerId":"1","emails":["ada@b.example;x@b.example"]}`, []string{"emails: must not have ';' in a value"}},
		{"a text for a list", `{"customerId":"1","emails":"ada@b.example"}`, []string{"emails: must be a list of strings"}},
		{"numbers in a list", `{"customerId":"1","phones":[12345]}`, []string{"phones: must be a list of strings"}},
		{"a list for a text", `{"customerId":"1","city":["Lund"]}`, []string{"city: must be a string"}},
		{"20 e-mails", "customerId,emails\n1," + strings.Repeat("a@b.example;", 19) + "a@b.example\n", []string{"emails: must be at most 10"}},
		{"a phone with a plus", "customerId,phones\n1,+4612345678\n", []string{"phones[0]: must be 5 to 16 digits"}},
		{"a phone that was rounded", "customerId,phones\n1,4.61235E+10\n", []string{"phones[0]: was rounded by a spreadsheet"}},
		{"a country of two letters", "customerId,country,addressCountry\n1,SE,se\n", []string{"country: must be a country", "addressCountry: must be a country"}},
		{"a card number for a name", "customerId,firstName\n1,5204247750001471\n", []string{"firstName: must not contain a card number"}},
		{"65 characters of two bytes", "customerId,addressLine1\n1," + strings.Repeat("å", 65) + "\n", []string{"addressLine1: must be at most 64 characters"}},
		{"Windows-1252", "customerId,city\n1,Malm\xf6\n", []string{"city: must be UTF-8: the file looks like Windows-1252"}},
		{"a day for a time", "customerId,consentVersion,consentTime\n1,v1,2026-05-28\n", []string{"consentTime: must be a time with its zone"}},
		{"half of a consent", "customerId,consentVersion\n1,v1\n", []string{"consentTime: comes with consentVersion"}},
		{"an unknown member", `{"customerId":"1","shoeSize":"44"}`, []string{"line: has a member that no customer has"}},
		{"a member in another spelling", `{"customerId":"1","surname":"King"}`, []string{"line: has a member that is written otherwise: write lastName"}},
		{"an address as one", `{"customerId":"1","address":{"city":"Lund"}}`, []string{"line: has a member of a whole address: write a member for each, addressLine1"}},
		{"everything at once", "customerId,issuer,emails,locale\n/,globex,no,English\n",
			[]string{"customerId: must have letters", "issuer: must be the issuer"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			good := map[bool]string{true: `{"customerId":"good","city":"Ystad"}` + "\n", false: ""}
			file := good[strings.HasPrefix(c.file, "{")] + c.file
			report := r.mustImportCustomers(t, file, optionsFor(file))
			var got []string
			for _, e := range report.Errors {
				got = append(got, e.Field+": "+e.Rule)
				if e.Line != 2 {
					t.Errorf("line %d, want 2", e.Line)
				}
			}
			for i, want := range c.want {
				if i >= len(got) || !strings.HasPrefix(got[i], want) {
					t.Fatalf("errors %q, want %q", got, c.want)
				}
			}
			if len(got) != len(c.want) || report.Rejected != 1 {
				t.Errorf("errors %q, report %+v", got, report)
			}
			for _, value := range []string{"Lund", "no.mail", "ada@b", "5204247750001471", "shoeSize", "English", "å", "12345678"} {
				if strings.Contains(strings.Join(got, " "), value) {
					t.Errorf("%q repeats %q", got, value)
				}
			}
		})
	}
}

// TestACustomerNumberMayLookLikeARoundedOne: a digit, an E and digits is a number as good as
// any other, of cards too.
func TestACustomerNumberMayLookLikeARoundedOne(t *testing.T) {
	for _, number := range []string{"12E4", "4711E12", "1e9", "1.2E15"} {
		t.Run(number, func(t *testing.T) {
			r := newRig(t)
			if report := r.mustImportCustomers(t, "customerId,city\n"+number+",Lund\n", csvOptions()); report.Inserted != 1 {
				t.Errorf("of customers: %+v", report)
			}
			r.wantCustomer(t, customerKey(number), texts{walletport.CustomerCity: {"Lund"}})
			cards := "cardId,pan,expiryMonth,expiryYear,customerId\n1," + testPAN + ",12,2031," + number + "\n"
			if report := r.mustImport(t, cards, csvOptions()); report.Inserted != 1 {
				t.Errorf("of cards: %+v", report)
			}
		})
	}
}

func TestAFileThatIsNoneOfCustomersIsRefused(t *testing.T) {
	for _, c := range []struct{ name, file, reason, says string }{
		{"an unknown column", "customerId,city,shoeSize\n", "import_header", "column 3 is none of customerId, issuer, firstName"},
		{"a column in other words", "customerId,E-Mail\n", "import_header", "column 2 is written otherwise: write emails"},
		{"a name in one column", "customerId,Full Name\n", "import_header", "column 2 holds a whole name: write a column for each, firstName"},
		{"no key", "firstName,city\n", "import_header", "lacks customerId"},
		{"a key and nothing else", "customerId,issuer\n", "import_header", "names nothing that a customer could be given"},
		{"a file of cards", "cardId,pan\n1,5204247750001471\n", "import_header", "column 1 is none of"},
		{"XML", "<customers/>", "import_format", "is XML or HTML: customers come as CSV or JSON Lines"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newRig(t).ImportCustomers(t.Context(), strings.NewReader(c.file), csvOptions())
			wantReason(t, err, c.reason)
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "shoeSize") || strings.Contains(err.Error(), testPAN) {
				t.Errorf("it says %v, want %q", err, c.says)
			}
		})
	}
}

// TestFilesOfUseAreNamedByCustomersToo: what a file is does not depend on what it should be
// of.
func TestFilesOfUseAreNamedByCustomersToo(t *testing.T) {
	for file, says := range map[string]string{
		"01_semicolon.csv":                  "the columns are separated by ';': write commas",
		"03_utf16le.csv":                    "the file is UTF-16: save it as UTF-8",
		"05_cr_only.csv":                    "the name of column 1 is none of customerId",
		"06_excel_sci.csv":                  "the name of column 1 is none of customerId",
		"07f_header_trailing_commas.csv":    "the name of column 1 is none of customerId",
		"13_ragged_trailing_blank_rows.csv": "the name of column 1 is none of customerId",
		"16_gz.csv":                         "the file is compressed (gzip): unpack it first",
	} {
		t.Run(file, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join("testdata/import", file))
			must(t, err)
			if _, err := newRig(t).ImportCustomers(t.Context(), bytes.NewReader(content), csvOptions()); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("it says %v, want %q", err, says)
			}
			// The same marks around customers.
			ofCustomers := strings.NewReplacer("cardId", "customerId", "cardholderName", "firstName", "pan", "phones", "expiryMonth", "state", "expiryYear", "postalCode",
				"5555555555554444", "4670123456", "5.55556E+15", "4.67012E+09").Replace(string(content))
			report, err := newRig(t).ImportCustomers(t.Context(), strings.NewReader(ofCustomers), csvOptions())
			switch {
			case err != nil:
				if !strings.Contains(err.Error(), says) {
					t.Errorf("of customers it says %v", err)
				}
			case file == "06_excel_sci.csv":
				if report.Rejected != 1 || report.Errors[0].Field != "phones[0]" {
					t.Errorf("report %+v", report)
				}
			case report.Rows != 1 || report.Inserted != 1:
				t.Errorf("report %+v", report)
			}
		})
	}
}

func TestACustomerWhoWasForgottenComesBackOnDemandOnly(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		key := customerKey("5001")
		r.mustPutCustomers(t, newCustomer(t, key, adaTexts))
		id := r.mustFindCustomer(t, key).ID
		r.mustForgetCustomer(t, key)
		const file = "customerId,firstName\n5001,Eva\n"
		report := r.mustImportCustomers(t, file, csvOptions())
		if report.Rejected != 1 || !strings.Contains(report.Errors[0].Rule, "--replace-forgotten") {
			t.Errorf("report %+v", report)
		}
		o := csvOptions()
		o.ReplaceForgotten = true
		report = r.mustImportCustomers(t, file, o)
		if report.Updated != 1 || report.Changed["all"] != 1 {
			t.Errorf("report %+v", report)
		}
		r.wantCustomer(t, key, texts{walletport.CustomerFirstName: {"Eva"}})
		if back := r.mustFindCustomer(t, key).ID; back != id {
			t.Errorf("the row has the id %d, and had %d", back, id)
		}
	})
}

func TestARowOfACustomerWhoDoesNotOpenIsRefused(t *testing.T) {
	const file = "customerId,city\n1,Lund\n2,Lund\n3,Lund\n4,Lund\n"
	r := newRig(t)
	r.manyCustomers(t, 0)
	for _, number := range []string{"1", "2", "3", "4"} {
		r.mustPutCustomers(t, newCustomer(t, customerKey(number), adaTexts))
	}
	r.editCustomer(t, customerKey("1"), func(c *storage.Customer) { c.ContentMAC[0] ^= 1 })
	r.editCustomer(t, customerKey("2"), func(c *storage.Customer) { c.KEK = "vault-kek-v9" })
	r.editCustomer(t, customerKey("3"), func(c *storage.Customer) { c.IsForgotten, c.Sealed, c.WrappedKey, c.KEK = true, nil, nil, "" })
	o := csvOptions()
	o.ReplaceForgotten = true
	report := r.mustImportCustomers(t, file, o)
	if report.Updated != 1 || report.Rejected != 3 {
		t.Fatalf("report %+v", report)
	}
	for i, says := range []string{"customer_damaged", "key_unavailable", "customer_damaged"} {
		if e := report.Errors[i]; e.Field != "customerId" || !strings.Contains(e.Rule, says) {
			t.Errorf("%+v, want %s", e, says)
		}
	}
}

func TestAnIssuerWithoutAKeyHoldsUpNoOthersCustomers(t *testing.T) {
	r := newRig(t)
	all := r.ring()
	for i, k := range all {
		scoped := *k
		scoped.Issuer = "acme"
		all[i] = &scoped
	}
	r.keys.Replace(keys.NewRing(all))
	report := r.mustImportCustomers(t, "customerId,issuer,city\n1,acme,Lund\n2,globex,Lund\n3,,Lund\n", vault.ImportOptions{Format: vault.CSV})
	if report.Inserted != 1 || report.Rejected != 2 || report.Errors[0].Field != "issuer" || !strings.Contains(report.Errors[0].Rule, "key_unavailable") ||
		report.Errors[1].Rule != "is missing: say --issuer, or name it in each row" {
		t.Errorf("report %+v", report)
	}
}

func TestOfTwoRowsOfACustomerTheFirstStands(t *testing.T) {
	r := newRig(t)
	report := r.mustImportCustomers(t, "customerId,issuer,city\n1,acme,Lund\n1,acme,Lund\n1,acme,Ystad\n1,globex,Ystad\n", vault.ImportOptions{Format: vault.CSV})
	want := []vault.RowError{{Line: 4, Field: "customerId", Rule: "stands on line 2 already, with other content"}}
	if diff := cmp.Diff(want, report.Errors); diff != "" || report.Inserted != 2 || report.Unchanged != 1 {
		t.Errorf("report %+v (-want +got):\n%s", report, diff)
	}
	r.wantCustomer(t, customerKey("1"), texts{walletport.CustomerCity: {"Lund"}})
}
