package storagetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// migratedFile is the file of an empty database with its tables, which the first test that
// asks for a copy has made. It is package state because all tests of a process share it.
var migratedFile struct {
	sync.Mutex
	bytes []byte
}

// MigratedFile returns the path of an empty database with its tables, which exists until the
// test ends. It is a copy of a file that open and Migrate have made once for all tests of the
// process: each migration would wait for the disk. A process has one engine that keeps files,
// so all its tests hand in the same open.
func MigratedFile(t testing.TB, open func(ctx context.Context, path string) (Migrating, error)) string {
	t.Helper()
	empty, err := emptyFile(migrate(open))
	if err != nil {
		t.Fatalf("make the database that is copied: %v", err)
	}
	path := filepath.Join(t.TempDir(), "walletport.db")
	if err := os.WriteFile(path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func emptyFile(fill func(ctx context.Context, database string) error) (file []byte, err error) {
	migratedFile.Lock()
	defer migratedFile.Unlock()
	if migratedFile.bytes != nil {
		return migratedFile.bytes, nil
	}
	dir, err := os.MkdirTemp("", "walletport-db-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	path := filepath.Join(dir, "walletport.db")
	if err := fill(ctx, path); err != nil {
		return nil, err
	}
	migratedFile.bytes, err = os.ReadFile(path)
	return migratedFile.bytes, err
}

// MigratedPostgres is Postgres for tests that want tables. The database is a copy of one that
// open and Migrate have made once for all tests of the process, which hand in the same open.
func MigratedPostgres(t testing.TB, open func(ctx context.Context, url string) (Migrating, error)) string {
	t.Helper()
	return newPostgres(t, func(ctx context.Context, server *PostgresServer) (string, error) {
		return server.CreateCopy(ctx, migrate(open))
	})
}

// migrate returns what makes the tables of a database, and leaves it closed.
func migrate(open func(ctx context.Context, database string) (Migrating, error)) func(context.Context, string) error {
	return func(ctx context.Context, database string) error {
		s, err := open(ctx, database)
		if err != nil {
			return err
		}
		return errors.Join(s.Migrate(ctx), s.Close())
	}
}
