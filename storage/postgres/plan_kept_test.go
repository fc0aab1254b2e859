package postgres_test

import (
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/storagetest"
)

// TestAPlanOfTheEmptyTableDoesNotScanTheFullOne: a session keeps the plan that it made before an
// import filled the table, which the server has not looked at since.
func TestAPlanOfTheEmptyTableDoesNotScanTheFullOne(t *testing.T) {
	const lookups, rounds, perRound = 10, 20, 200
	url := migrated(t)
	mustExec(t, url, "ALTER TABLE cards SET (autovacuum_enabled = off)")
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	lookUp := func(ids []walletport.CardID) {
		t.Helper()
		if _, err := s.CardsByID(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
	}
	for n := range lookups {
		lookUp([]walletport.CardID{walletport.CardID(n)})
	}
	for round := range rounds {
		var ids []walletport.CardID
		var cards []storage.Card
		for n := range perRound {
			id := walletport.CardID(round*perRound + n + 1)
			ids = append(ids, id)
			cards = append(cards, storage.Card{CardSummary: walletport.CardSummary{ID: id, Issuer: "bank"}})
		}
		lookUp(ids)
		if _, err := s.PutCards(t.Context(), cards); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, s) // which has the server count what it did
	if rows := mustQueryNumber(t, url, "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'cards'"); rows > 0 {
		t.Errorf("%d rows were read by scans", rows)
	}
}

// TestMigrationsMayScan: the sessions that change tables are told nothing of scans.
func TestMigrationsMayScan(t *testing.T) {
	url := storagetest.Postgres(t)
	mustExec(t, url, `
CREATE TABLE seen (enable_seqscan text);
CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (current_setting('enable_seqscan')); END $$;
CREATE EVENT TRIGGER sees ON ddl_command_end EXECUTE FUNCTION see()`)
	if err := mustOpen(t, url).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	scanning := mustQueryNumber(t, url, "SELECT count(*) FROM seen WHERE enable_seqscan = 'on'")
	if all := mustQueryNumber(t, url, "SELECT count(*) FROM seen"); all == 0 || scanning != all {
		t.Errorf("%d of %d changes were made where scans are allowed", scanning, all)
	}
}

// TestSessionsDoNotScan whatever the database says, unless the URL does. Nor do they compile
// plans, for one that cannot but scan a table of one row looks expensive to the server.
func TestSessionsDoNotScan(t *testing.T) {
	url := migrated(t)
	for _, setting := range []string{"enable_seqscan", "jit"} {
		alterDatabase(t, url, "SET "+setting+" = on")
		for parameter, want := range map[string]string{"": "off", "&" + setting + "=on": "on"} {
			s, err := postgres.Open(t.Context(), postgres.Config{URL: url + parameter})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Show(t.Context(), setting); got != want || err != nil {
				t.Errorf("with %q %s is %s, %v, want %s", parameter, setting, got, err, want)
			}
			mustClose(t, s)
		}
	}
}
