package postgres

import (
	"context"
	"embed"
	"errors"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/walletport/walletport/storage"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A replica that finds another one migrating looks again each second, for five
// minutes: a migration of a large table may take that long.
const (
	lockPollSeconds = 1
	lockPolls       = 300
)

// Migrate brings the tables to the version of this program. Replicas may call it
// at once: an advisory lock lets one after the other in.
func (s *Store) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPollSeconds, lockPolls))
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(s.pool)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return errors.Join(err, db.Close())
	}
	_, err = provider.Up(ctx)
	if err = errors.Join(err, db.Close()); err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	return nil
}
