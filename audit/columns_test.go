package audit_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"; that of SQLite is the store's

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

// column is a column of a table of the trail, with its type as the engine calls it.
type column struct{ table, name, kind string }

// mustColumns returns the columns of all tables of the trail, as they stand in the database: a
// new one is among them by itself.
func mustColumns(t *testing.T, database string) (all []column) {
	t.Helper()
	driver, query := "sqlite", `SELECT m.name, c.name, c.type FROM sqlite_master AS m, pragma_table_info(m.name) AS c
		WHERE m.type = 'table' AND m.name LIKE 'audit\_%' ESCAPE '\' ORDER BY m.name, c.cid`
	if strings.HasPrefix(database, "postgres:") {
		driver, query = "pgx", `SELECT table_name, column_name, data_type FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name LIKE 'audit\_%' ORDER BY table_name, ordinal_position`
	}
	db, err := sql.Open(driver, database)
	must(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var c column
		must(t, rows.Scan(&c.table, &c.name, &c.kind))
		all = append(all, c)
	}
	must(t, rows.Err())
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// otherValues are expressions of SQL for other values of the column than it has. The zero
// character, behind which C sees nothing, is one that PostgreSQL does not take.
func (c column) otherValues() []string {
	switch c.kind {
	case "INTEGER", "bigint":
		return []string{c.name + " + 1000000"}
	case "BLOB":
		return []string{"zeroblob(length(" + c.name + "))", "CAST(" + c.name + " || x'00' AS BLOB)"}
	case "bytea":
		return []string{"decode(repeat('00', length(" + c.name + ")), 'hex')", c.name + ` || '\x00'`}
	case "TEXT":
		return []string{c.name + " || 'x'", c.name + " || char(0) || 'x'"}
	}
	return []string{c.name + " || 'x'"}
}

// protected is a trail on a real engine, with everything that it can have.
type protected struct {
	store   storage.Store
	ring    *keys.Ring
	witness *witnessed
	demand  audit.Demand
}

func mustProtect(t *testing.T, database string) protected {
	t.Helper()
	p := protected{store: mustOpen(t, database), ring: checkpointRing(t)}
	for range 2 {
		l, stop := mustRun(t, audit.Config{Store: p.store, Keys: keystest.NewSource(p.ring)})
		mustRecordAll(t, l, 150, 50)
		stop()
	}
	last, err := p.store.LastNote(t.Context())
	must(t, err)
	p.witness = mustWitness(t, &memory{notes: []storage.Note{last}}, p.ring)
	_, err = audit.Cosign(t.Context(), p.store, audit.TrustedKeys(p.ring), p.witness.Witness, p.witness.submit)
	must(t, err)
	p.demand = audit.Demand{Witness: p.witness.Witness}
	return p
}

// verify is what audit verify --witness does.
func (p protected) verify(t *testing.T) error {
	t.Helper()
	if _, err := audit.Verify(t.Context(), p.store, audit.TrustedKeys(p.ring)); err != nil {
		return err
	}
	_, err := audit.CheckWitnessed(t.Context(), p.store, audit.TrustedKeys(p.ring), p.demand)
	return err
}

// TestNoColumnOfTheTrailIsChangedUnseen changes one value of each column of each table.
func TestNoColumnOfTheTrailIsChangedUnseen(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		p := mustProtect(t, database)
		columns := mustColumns(t, database)
		var restore []string
		saved := map[string]bool{}
		for _, c := range columns {
			if !saved[c.table] {
				mustExec(t, database, "CREATE TABLE saved_"+c.table+" AS SELECT * FROM "+c.table)
				restore = append(restore, "DELETE FROM "+c.table, "INSERT INTO "+c.table+" SELECT * FROM saved_"+c.table)
			}
			saved[c.table] = true
		}
		if len(saved) != 6 {
			t.Fatalf("the trail has the tables %v", saved)
		}
		for _, c := range columns {
			if c == (column{"audit_head", "one", c.kind}) {
				continue // it has one value
			}
			row := map[string]string{"audit_entries": "seq = 77", "audit_checkpoints": "seq = 150", "audit_notes": "size = 150"}[c.table]
			if row == "" {
				row = "1 = 1"
			}
			for _, value := range c.otherValues() {
				t.Run(c.table+": "+value, func(t *testing.T) {
					must(t, p.verify(t))
					mustExec(t, database, fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", c.table, c.name, value, row))
					if _, broken := errors.AsType[*audit.Break](p.verify(t)); !broken {
						t.Error("another value is not noticed")
					}
					mustExec(t, database, restore...)
				})
			}
		}
	})
}

// TestNoRowOfTheTrailIsAddedUnseen adds rows where none belongs, beside those that are read.
func TestNoRowOfTheTrailIsAddedUnseen(t *testing.T) {
	const entry = "INSERT INTO audit_entries (seq, time_ms, request_id, client_id, audit_user, action, issuer, card_id, wallet, scheme, outcome, key_versions, remote_address, hash, step_up, details) " +
		"SELECT %d, time_ms, request_id, client_id, audit_user, action, issuer, card_id, wallet, scheme, outcome, key_versions, remote_address, hash, step_up, details FROM audit_entries WHERE seq = 5"
	cases := []struct {
		name, sql, undo string
	}{
		{"a record before the first", fmt.Sprintf(entry, 0), "DELETE FROM audit_entries WHERE seq < 1"},
		{"a record far before the first", fmt.Sprintf(entry, -77), "DELETE FROM audit_entries WHERE seq < 1"},
		{"a checkpoint before the first record", "INSERT INTO audit_checkpoints SELECT 0, hash, time_ms, key_id, signature FROM audit_checkpoints WHERE seq = 150", "DELETE FROM audit_checkpoints WHERE seq < 1"},
		{"a note before the first record", "INSERT INTO audit_notes SELECT -5, note FROM audit_notes WHERE size = 150", "DELETE FROM audit_notes WHERE size < 1"},
		{"a node behind the last record", "INSERT INTO audit_tree SELECT 1, 1000, hash FROM audit_tree", "DELETE FROM audit_tree WHERE number > 0"},
		{"a node of the highest number", "INSERT INTO audit_tree SELECT 1, 9223372036854775807, hash FROM audit_tree", "DELETE FROM audit_tree WHERE number > 0"},
		{"the next node", "INSERT INTO audit_tree SELECT 1, 1, hash FROM audit_tree", "DELETE FROM audit_tree WHERE number > 0"},
		{"a node before the first", "INSERT INTO audit_tree SELECT 1, -1, hash FROM audit_tree", "DELETE FROM audit_tree WHERE number < 0"},
		{"a node of a level that the tree does not reach", "INSERT INTO audit_tree SELECT 3, 0, hash FROM audit_tree", "DELETE FROM audit_tree WHERE level > 1"},
	}
	eachEngine(t, func(t *testing.T, database string) {
		p := mustProtect(t, database)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				must(t, p.verify(t))
				mustExec(t, database, c.sql)
				if _, broken := errors.AsType[*audit.Break](p.verify(t)); !broken {
					t.Error("it is not noticed")
				}
				mustExec(t, database, c.undo)
			})
		}
	})
}
