package sqlite

import (
	"context"
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

// Migrate brings the tables to the version of this program. Several processes may
// call it at once.
func (s *Store) Migrate(ctx context.Context) error {
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
