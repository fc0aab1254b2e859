package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"; that of SQLite is the store's
)

// rawDatabase is a store's database without the store, for what no product does: it is put into
// order at a moment of ours, and asked what it wrote.
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
	if err := db.PingContext(ctx); err != nil {
		return rawDatabase{}, errors.Join(err, db.Close())
	}
	return rawDatabase{db, driver == "pgx"}, nil
}

func (r rawDatabase) close() { _ = r.db.Close() } // all statements have ended

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
