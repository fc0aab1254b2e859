package postgres

import (
	"context"
	"embed"
	"errors"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
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

// Schema returns which version the tables have.
func (s *Store) Schema(ctx context.Context) (storage.Schema, error) { return schemaOf(ctx, s.pool) }

func schemaOf(ctx context.Context, pool *pgxpool.Pool) (storage.Schema, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return storage.Schema{}, err
	}
	var schema storage.Schema
	if schema.Wanted, err = storage.NewestMigration(files); err != nil {
		return schema, err
	}
	var there bool
	if err := pool.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&there); err != nil {
		return schema, unavailable(ctx, err)
	}
	if !there {
		return schema, checkUsage(ctx, pool)
	}
	if err := pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&schema.Found); err != nil {
		return schema, unavailable(ctx, err)
	}
	return schema, nil
}

// Migrate brings the tables to the version of this program, and refuses those of a
// newer one (see storage.Schema). Replicas may call it at once: an advisory lock
// lets one after the other in.
func (s *Store) Migrate(ctx context.Context) error {
	schema, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	if err := schema.CheckMigration(); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPollSeconds, lockPolls))
	if err != nil {
		return err
	}
	pool, err := s.migrating(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return errors.Join(err, db.Close())
	}
	_, err = provider.Up(ctx)
	if err = errors.Join(err, db.Close()); err != nil {
		return unavailable(ctx, err)
	}
	return nil
}

// migrating returns a pool whose sessions may scan: a migration may have to read a whole table,
// which by an index takes longer.
func (s *Store) migrating(ctx context.Context) (*pgxpool.Pool, error) {
	config := s.pool.Config()
	delete(config.ConnConfig.RuntimeParams, "enable_seqscan")
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	return pool, nil
}
