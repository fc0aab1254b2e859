package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/walletport/walletport/storage"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable is goose's own table, made before goose makes it, with one thing
// more: a version can be written once. SQLite has no advisory lock that would keep
// two processes from migrating at the same time; so both try, and the transaction
// of the slower one fails as a whole when it writes a version that stands.
const versionTable = `
CREATE TABLE IF NOT EXISTS goose_db_version (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL UNIQUE,
    is_applied INTEGER NOT NULL,
    tstamp     TIMESTAMP DEFAULT (datetime('now'))
);
INSERT OR IGNORE INTO goose_db_version (version_id, is_applied) VALUES (0, 1);`

// Schema returns which version the tables have.
func (s *Store) Schema(ctx context.Context) (storage.Schema, error) { return schemaOf(ctx, s.read) }

func schemaOf(ctx context.Context, db *sql.DB) (storage.Schema, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return storage.Schema{}, err
	}
	var schema storage.Schema
	if schema.Wanted, err = storage.NewestMigration(files); err != nil {
		return schema, err
	}
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'`).Scan(&tables); err != nil {
		return schema, storage.ErrUnavailable(ctx, err)
	}
	if tables == 0 {
		return schema, nil
	}
	if err := db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&schema.Found); err != nil {
		return schema, storage.ErrUnavailable(ctx, err)
	}
	return schema, nil
}

// Migrate brings the tables to the version of this program, and refuses those of a
// newer one (see storage.Schema). Several processes may call it at once.
func (s *Store) Migrate(ctx context.Context) error {
	schema, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	if err := schema.CheckMigration(); err != nil {
		return err
	}
	if _, err := s.write.ExecContext(ctx, versionTable); err != nil {
		return storage.ErrUnavailable(ctx, fmt.Errorf("version table: %w", err))
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.write, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	// Whoever loses a race for one migration looks again and goes on behind it.
	for range len(provider.ListSources()) {
		if _, err = provider.Up(ctx); err == nil {
			if err = s.confirm(ctx); err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
			return nil
		}
		pending, pendingErr := provider.HasPending(ctx)
		if pendingErr == nil && !pending {
			return nil
		}
	}
	return storage.ErrUnavailable(ctx, fmt.Errorf("migrate: %w", err))
}
