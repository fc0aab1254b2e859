package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Customers with names, contacts and an address that nobody has by chance: 7007, who is enrolled,
// and 7008, of whom Visa would not take the address. A row that is refused is of 7009.
const (
	namedCustomers = `customerId,firstName,middleName,lastName,emails,phones,locale,country,addressLine1,addressLine2,addressLine3,city,state,postalCode,addressCountry,consentVersion,consentPresenter,consentTime
7007,Zyxolquine,Quavendrel,Vrothmaxley,kwixplume@mail.example,17575550166,en_US,USA,9 Quibblefrost Lane,Zwimbletop House,by Jorvexmoor,Blorptonvale,VA,QZ77VKJ,USA,1,Krumpelwhit app,2026-11-30T09:12:04Z
7008,Ombrexi,,Tallowquist,fendlebrook@mail.example,17575550144,en_US,USA,13 Snarvelgate & Sons,,,Drixhollow,VA,QZ88VKJ,USA,,,
7009,Yndralie,,Pockwhistle,gorblimey-without-a-domain,17575550155,en_US,USA,4 Mumblecrane Row,,,Uxterfold,VA,QZ99VKJ,USA,,,
`
	namedPresenter = "Krumpelwhit app"
	namedAgain     = "7007,Zyxolquine,Quavendrel,Vrothmaxley-Fudgewick,kwixplume.two@mail.example\n"
	namedCards     = `cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product
7701,7007,%s,11,2031,ZYXOLQUINE VROTHMAXLEY,quill
7801,7008,%s,11,2031,OMBREXI TALLOWQUIST,quill
`
	namedPortfolio = "clicktopay: {portfolio: {issuers: {acme: {products: {quill: {segment: consumer, ecommerce: true}}}}}}\n"
)

// named lists what is personal of them, names in each case.
func named() (all []string) {
	for _, name := range []string{
		"Zyxolquine", "Quavendrel", "Vrothmaxley", "Fudgewick", "Ombrexi", "Tallowquist", "Yndralie", "Pockwhistle",
		"kwixplume", "fendlebrook", "gorblimey-without",
		"Quibblefrost", "Zwimbletop", "Jorvexmoor", "Blorptonvale", "Snarvelgate", "Drixhollow", "Mumblecrane", "Uxterfold",
		"QZ77VKJ", "QZ88VKJ", "QZ99VKJ", namedPresenter,
	} {
		all = append(all, name, strings.ToUpper(name), strings.ToLower(name))
	}
	return append(all, "17575550166", "17575550144", "17575550155")
}

// mustNameSomebody stores these customers and their cards as an operator does.
func (s *sandbox) mustNameSomebody(t *testing.T, hidden []string) {
	t.Helper()
	imported := run(t, namedCustomers, s.at().with("customers", "import", "-", "--format", "csv", "--issuer", "acme")...)
	if said := imported.out + imported.errOut; !strings.Contains(said, "3 rows: 2 inserted, 0 updated, 0 unchanged, 1 rejected") || !strings.Contains(said, "emails[0]") {
		t.Fatalf("the import says\n%s", said)
	}
	wantNoCanary(t, "what an import of customers prints", imported.out+imported.errOut, hidden...)
	cards := mustRun(t, fmt.Sprintf(namedCards, enrolPAN(7701), enrolPAN(7801)), s.at().with("cards", "import", "-", "--format", "csv", "--issuer", "acme")...)
	wantNoCanary(t, "what an import of cards prints", cards, hidden...)
	file, err := os.OpenFile(filepath.Join(s.dir, "walletport.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(namedPortfolio); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// wantNobodyNamedByCommands runs each command that shows something of customers, their cards or
// their requests, after Visa has customer 7007 otherwise than they are stored: it shows it masked.
func (s *sandbox) wantNobodyNamedByCommands(t *testing.T, hidden []string) {
	t.Helper()
	header, _, _ := strings.Cut(namedCustomers, ",phones")
	mustRun(t, header+"\n"+namedAgain, s.at().with("customers", "import", "-", "--format", "csv", "--issuer", "acme")...)
	requests := s.rows(t, "7007")
	for _, c := range []struct{ line, says string }{
		{"customers show 7007 --issuer acme", "7007"},
		{"customers show 7007 --issuer acme --json", `"7007"`},
		{"customers forget 7008 --issuer acme", "7008"},
		{"cards show 7701", "7007"},
		{"cards find --customer 7007 --json", "7701"},
		{"clicktopay list --issuer acme --customer 7007", "update_card"},
		{"clicktopay list --issuer acme --failed --json", "VIDC-2000"},
		{"clicktopay status " + requests[0], "customer 7007"},
		{"clicktopay status " + requests[0] + " --json", `"7007"`},
		{"clicktopay reconcile --issuer acme --rate 100", "customer 7007 with 123456: drift: customer_data lastName emails"},
		{"clicktopay reconcile --issuer acme --rate 100 --json", `"fields":["lastName","emails"]`},
		{"clicktopay enrol --issuer acme --product quill --dry-run", "card 7801: left out, data_invalid: customer.address.addressLine1"},
		{"clicktopay enrol --issuer acme --product quill --dry-run --json", `"field":"customer.address.addressLine1"`},
		{"clicktopay opt-out --issuer acme --customer 7008", "customer 7008"},
		{"vault verify", "good"},
		{"jobs list", ""},
	} {
		r := run(t, "", s.at().with(strings.Fields(c.line)...)...)
		if !strings.Contains(r.out, c.says) {
			t.Errorf("%s prints nothing of %q:\n%s%s", c.line, c.says, r.out, r.errOut)
		}
		said := strings.ReplaceAll(r.out, namedPresenter, "") // whose word a consent is of is shown, and stored sealed
		wantNoCanary(t, "what "+c.line+" prints", said+r.errOut, hidden...)
	}
}

// rows lists the requests of a customer, by the command, the newest first.
func (s *sandbox) rows(t *testing.T, customer string) (ids []string) {
	t.Helper()
	for line := range strings.Lines(mustRun(t, "", s.at().with("clicktopay", "list", "--issuer", "acme", "--customer", customer)...)) {
		if words := strings.Fields(line); len(words) > 1 && words[1] == customer {
			ids = append(ids, words[0])
		}
	}
	if len(ids) == 0 {
		t.Fatalf("nothing was asked for customer %s", customer)
	}
	return ids
}
