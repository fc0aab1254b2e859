package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault"
)

func TestADryRunOfCustomersStoresNothing(t *testing.T) {
	const file = "customerId,city,country\n1,Lund,\n2,Lund,SWE\n3,,SE\n"
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
		for _, together := range []bool{false, true} {
			o := csvOptions()
			o.DryRun, o.AllOrNothing = true, together
			o.ChangingCustomers = func(context.Context, []vault.ChangedCustomer) error {
				t.Error("a dry run announces a change")
				return nil
			}
			report := r.mustImportCustomers(t, file, o)
			if done := report.Inserted + report.Updated; report.Rejected != 1 || done != map[bool]int64{false: 2, true: 0}[together] {
				t.Errorf("together %t: %+v", together, report)
			}
		}
		r.wantCustomer(t, customerKey("1"), adaTexts)
		_, err := r.FindCustomer(t.Context(), customerKey("2"))
		wantReason(t, err, "customer_not_found")
	})
}

func TestCustomersComeAllTogetherOrNot(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
		o := csvOptions()
		o.AllOrNothing = true
		report, err := r.ImportCustomers(t.Context(), strings.NewReader("customerId,city,country\n1,Lund,\n2,Lund,SWE\n3,,SE\n"), o)
		wantReason(t, err, "import_refused")
		if report.Rejected != 1 || report.Withheld != 2 || report.Inserted+report.Updated != 0 {
			t.Errorf("report %+v", report)
		}
		r.wantCustomer(t, customerKey("1"), adaTexts)

		meddling := o // somebody else changes a customer while the file is read
		meddling.ChangingCustomers = func(context.Context, []vault.ChangedCustomer) error {
			r.mustImportCustomers(t, "customerId,city\n1,Ystad\n", csvOptions())
			return nil
		}
		report, err = r.ImportCustomers(t.Context(), strings.NewReader("customerId,city,country\n1,Lund,\n2,Lund,SWE\n"), meddling)
		wantReason(t, err, "import_conflict")
		if report.Withheld != 2 {
			t.Errorf("report %+v", report)
		}
		_, err = r.FindCustomer(t.Context(), customerKey("2"))
		wantReason(t, err, "customer_not_found")

		report = r.mustImportCustomers(t, "customerId,city,country\n1,Lund,\n2,Lund,SWE\n", o)
		if report.Inserted != 1 || report.Updated != 1 {
			t.Errorf("report %+v", report)
		}
	})
	t.Run("more than are held", func(t *testing.T) {
		o := csvOptions()
		o.AllOrNothing = true
		_, err := newRig(t).ImportCustomers(t.Context(), strings.NewReader("customerId,city\n"+strings.Repeat("/,\n", vault.MaxCustomersTogether+1)), o)
		wantReason(t, err, "import_too_large")
	})
}

func TestACustomerWhomSomebodyElseChangesMeanwhileIsReadAgain(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts), newCustomer(t, customerKey("2"), adaTexts))
		o := csvOptions()
		var told []string
		o.ChangingCustomers = func(_ context.Context, changed []vault.ChangedCustomer) error {
			if told == nil {
				r.mustImportCustomers(t, "customerId,firstName\n1,Eva\n", csvOptions())
				r.mustForgetCustomer(t, customerKey("2"))
			}
			for _, c := range changed {
				told = append(told, c.Number+" "+strings.Join(c.Fields, ","))
			}
			return nil
		}
		report := r.mustImportCustomers(t, "customerId,city\n1,Lund\n2,Lund\n", o)
		if report.Updated != 1 || report.Rejected != 1 || report.Errors[0].Line != 3 {
			t.Errorf("report %+v", report)
		}
		want := maps.Clone(adaTexts)
		want[walletport.CustomerFirstName], want[walletport.CustomerCity] = []string{"Eva"}, []string{"Lund"}
		r.wantCustomer(t, customerKey("1"), want)
		if diff := cmp.Diff([]string{"1 city", "2 city", "1 city"}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
	t.Run("an error of who is told stops the import", func(t *testing.T) {
		r := newRig(t)
		r.mustPutCustomers(t, newCustomer(t, customerKey("1"), adaTexts))
		gone := errors.New("gone")
		o := csvOptions()
		o.ChangingCustomers = func(context.Context, []vault.ChangedCustomer) error { return gone }
		if _, err := r.ImportCustomers(t.Context(), strings.NewReader("customerId,city\n1,Lund\n"), o); !errors.Is(err, gone) {
			t.Errorf("ImportCustomers: %v", err)
		}
		r.wantCustomer(t, customerKey("1"), adaTexts)
	})
}

// TestNothingPersonalOfAnImportIsInTheDatabaseFiles: the canary of names and contacts.
func TestNothingPersonalOfAnImportIsInTheDatabaseFiles(t *testing.T) {
	r := newRig(t)
	r.mustImportCustomers(t, adaCSV, csvOptions())
	all := fileOf(t, r.path)
	if !bytes.Contains(all, []byte("5001")) {
		t.Fatal("the canary is blind: not even the customer number is found")
	}
	for f, values := range adaTexts {
		for _, value := range values {
			if len(value) > 3 && bytes.Contains(all, []byte(value)) {
				t.Errorf("the database's files hold %s %q", f, value)
			}
		}
	}
}

func fileOf(t testing.TB, path string) []byte {
	t.Helper()
	var all []byte
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		must(t, err)
		all = append(all, content...)
	}
	return all
}

// FuzzImportCustomers feeds whole files: whatever is in them, the report adds up, names
// fields and no values, and what is stored opens and keeps the rules.
func FuzzImportCustomers(f *testing.F) {
	r := newRig(f)
	f.Add(adaCSV, false)
	f.Add(adaJSON+"\n{}\n[", true)
	f.Add("\ufeffcustomerId,emails\r\n1,\"a@b.example; c@d.example\"\r\n2,;\r\n", false)
	f.Add(`{"customerId":"1","emails":["a@b.example",null,"\u003b"],"phones":null,"consentTime":"2026-01-01T00:00:00Z"}`, true)
	f.Fuzz(func(t *testing.T, file string, isJSON bool) {
		o := csvOptions()
		if isJSON {
			o = jsonOptions()
		}
		report, err := r.ImportCustomers(t.Context(), strings.NewReader(file), o)
		if err != nil {
			if walletport.CodeOf(err) != walletport.CodeInvalid {
				t.Fatalf("ImportCustomers: %v", err)
			}
			return
		}
		if report.Rows != report.Inserted+report.Updated+report.Unchanged+report.Rejected {
			t.Errorf("the report does not add up: %+v", report)
		}
		for _, e := range report.Errors {
			name, _, _ := strings.Cut(e.Field, "[")
			if _, ok := walletport.CustomerFieldOf(name); !ok && name != "customerId" && name != "issuer" && name != "line" {
				t.Errorf("an error names %q", e.Field)
			}
		}
		rows, err := r.cards.CustomersAfter(t.Context(), "", 0, 100)
		must(t, err)
		for _, row := range rows {
			must(t, r.BorrowCustomer(t.Context(), row, func(c *walletport.Customer) error {
				if faults := c.Faults(); len(faults) > 0 {
					t.Errorf("stored is a customer with %v", faults)
				}
				return nil
			}))
		}
	})
}

func BenchmarkImportCustomers(b *testing.B) {
	var file strings.Builder
	file.WriteString("customerId,firstName,lastName,emails,phones,country,addressLine1,city,postalCode,addressCountry\n")
	const rows = 20_000
	for i := range rows {
		fmt.Fprintf(&file, "%d,Ada,Lovelace,ada%d@lovelace.example,46%08d,SWE,%d Analytical Street,Malmo,21120,SWE\n", i, i, i, i)
	}
	for engine, open := range map[string]func(testing.TB) rig{"SQLite": newRig, "PostgreSQL": newPostgresRig} {
		b.Run(engine, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				r := open(b)
				b.StartTimer()
				report, err := r.ImportCustomers(b.Context(), strings.NewReader(file.String()), csvOptions())
				if err != nil || report.Inserted != rows {
					b.Fatalf("%+v, %v", report, err)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
