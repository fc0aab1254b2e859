package clicktopay_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/scheme"
)

// TestNothingPersonalStandsInClear is the canary of what calls say and what is stored: names,
// e-mail addresses, telephone numbers and addresses are in no byte of the database, whether a
// call was accepted, joined, read or refused.
func TestNothingPersonalStandsInClear(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		rules := newRulebook(t)
		rules.enrolled = func(int) (scheme.Enrolled, error) { return theirs(enrolledCard("411111", "1111")), nil }
		d := newDesk(t, database, visaOf(rules, rules), func(p *clicktopay.Parts) { p.Settings.ReadWait = time.Millisecond })
		speak := func(a *clicktopay.Asked) {
			a.Overrides.Emails, a.Overrides.Phones = privates(deskCanary+".call@example.com"), privates(deskPhoneOfCall)
			a.CardOverrides.Line1, a.CardOverrides.City = at(deskCanary+" alley 1"), at(deskCanary+"ville")
		}
		d.mustAccept(t, asked(walletport.EnrolCustomer, speak))
		if again := d.mustAccept(t, asked(walletport.EnrolCustomer, speak)); !again.IsJoined {
			t.Error("the same request is another one")
		}
		_, err := d.accept(t, asked(walletport.EnrolCustomer, speak, func(a *clicktopay.Asked) {
			a.Overrides.Emails, a.CardOverrides.City = privates(deskCanary), at(deskCanary+"#")
		}))
		mustReason(t, err, "enrolment_data_invalid")
		_, err = d.read(acttest.AsBank(t.Context()), ownBID)
		mustReason(t, err, "clicktopay_busy")
		_, err = d.read(acttest.AsBank(t.Context()), secondBID)
		must(t, err)

		all := strings.ToLower(everythingIn(t, database))
		for _, known := range []string{deskNumber, ownBID, "enrol_customer"} {
			if !strings.Contains(all, known) {
				t.Fatalf("the canary is blind: not even %q is found", known)
			}
		}
		for _, text := range []string{deskCanary, deskPhone[2:], deskPhoneOfCall[2:]} {
			for i, form := range []string{text, hex.EncodeToString([]byte(text)), base64.RawStdEncoding.EncodeToString([]byte(text))} {
				if strings.Contains(all, strings.ToLower(form)) {
					t.Errorf("%q stands in the database in form %d", text, i)
				}
			}
		}
	})
}

// everythingIn returns all that a database holds: the files of SQLite, and the rows of
// PostgreSQL as text, where bytes are hex.
func everythingIn(t *testing.T, database string) string {
	t.Helper()
	var all strings.Builder
	if !strings.HasPrefix(database, "postgres:") {
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(database + suffix)
			must(t, err)
			all.Write(content)
		}
		return all.String()
	}
	db, err := pgx.Connect(t.Context(), database)
	must(t, err)
	defer func() { must(t, db.Close(t.Context())) }()
	rows, err := db.Query(t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	for _, table := range tables {
		rows, err := db.Query(t.Context(), fmt.Sprintf("SELECT row::text FROM %s AS row", pgx.Identifier{table}.Sanitize()))
		must(t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		all.WriteString(strings.Join(texts, "\n"))
	}
	return all.String()
}
