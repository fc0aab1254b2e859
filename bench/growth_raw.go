package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"; that of SQLite is the store's
)

// rawDatabase is a store's database without the store, for what no product does: indexes are
// dropped and made again.
type rawDatabase struct {
	db         *sql.DB
	isPostgres bool
}

// openRaw opens the database of a URL as configurations have it; path finds a file of SQLite.
func openRaw(ctx context.Context, url string, path func(string) string) (rawDatabase, error) {
	driver, address := "pgx", url
	if name, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, address = "sqlite", path(name)
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		return rawDatabase{}, err
	}
	db.SetMaxOpenConns(1)
	return rawDatabase{db, driver == "pgx"}, db.PingContext(ctx)
}

func (r rawDatabase) close() { _ = r.db.Close() } // all statements have ended

// The indexes of a table but for those that a constraint needs, each with what makes it.
const (
	sqliteIndexes   = `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL ORDER BY name`
	postgresIndexes = `SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE i.indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY c.relname`
)

// indexes returns what makes the indexes of a table, by their names.
func (r rawDatabase) indexes(ctx context.Context, table string) (map[string]string, error) {
	query := sqliteIndexes
	if r.isPostgres {
		query = postgresIndexes
	}
	rows, err := r.db.QueryContext(ctx, query, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	made := map[string]string{}
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			return nil, err
		}
		made[name] = statement
	}
	return made, rows.Err()
}

// dropIndexes drops those of a table and returns the statements that make them again.
func (r rawDatabase) dropIndexes(ctx context.Context, table string) (again []string, err error) {
	made, err := r.indexes(ctx, table)
	if err != nil {
		return nil, err
	}
	for name, statement := range made {
		if _, err := r.db.ExecContext(ctx, "DROP INDEX "+name); err != nil {
			return nil, err
		}
		again = append(again, statement)
	}
	return again, nil
}

// The values by which the cards with ids above $1 are found, in their order.
const addFinds = `INSERT INTO card_finds
	SELECT 1, pan_index, id FROM cards WHERE id > %[1]d UNION ALL
	SELECT 2, %[2]s, id FROM cards WHERE id > %[1]d UNION ALL
	SELECT 3, %[3]s, id FROM cards WHERE id > %[1]d
	ORDER BY 1, 2, 3`

// pauseFinds has cards stored without the values by which they are found, and returns the
// statements that add those of ids above after, and bring back what adds them.
func (r rawDatabase) pauseFinds(ctx context.Context, after int) (again []string, err error) {
	if r.isPostgres {
		_, err := r.db.ExecContext(ctx, "ALTER TABLE cards DISABLE TRIGGER cards_found_new")
		return []string{
			fmt.Sprintf(addFinds, after, "convert_to(customer_id, 'UTF8')", "convert_to(last_four, 'UTF8')"),
			"ALTER TABLE cards ENABLE TRIGGER cards_found_new",
		}, err
	}
	var trigger string
	if err := r.db.QueryRowContext(ctx, "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'cards_found_new'").Scan(&trigger); err != nil {
		return nil, err
	}
	_, err = r.db.ExecContext(ctx, "DROP TRIGGER cards_found_new")
	return []string{fmt.Sprintf(addFinds, after, "CAST(customer_id AS BLOB)", "CAST(last_four AS BLOB)"), trigger}, err
}

// settle is what a database does by itself sooner or later after it was filled.
func (r rawDatabase) settle() []string {
	if r.isPostgres {
		return []string{"VACUUM ANALYZE cards, card_finds", "CHECKPOINT"}
	}
	return []string{"PRAGMA wal_checkpoint(TRUNCATE)"}
}

func (r rawDatabase) run(ctx context.Context, statements []string) error {
	for _, statement := range statements {
		if _, err := r.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
