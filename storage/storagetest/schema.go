package storagetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// Migrating is an engine whose tables can be looked at and brought up to date.
type Migrating interface {
	storage.Store
	Schema(ctx context.Context) (storage.Schema, error)
	Migrate(ctx context.Context) error
}

// SchemaEngine is a database for RunSchema, empty at first.
type SchemaEngine struct {
	Open     func(t testing.TB) (Migrating, error) // makes what is absent
	Existing func(t testing.TB) (Migrating, error)
	Exec     func(t testing.TB, statement string) // past the engine, as another program would
}

// RunSchema proves that an engine opens tables of its own version only, that opening
// changes none, and that Migrate never goes back.
func RunSchema(t *testing.T, e SchemaEngine) {
	refused := func(when, reason string) {
		t.Helper()
		s, err := e.Existing(t)
		if err == nil {
			_ = s.Close()
		}
		if got := walletport.ReasonOf(err); got != reason {
			t.Fatalf("%s: opening gave %v, want the reason %s", when, err, reason)
		}
	}
	version := func(want int64) {
		t.Helper()
		s := mustMigrating(t, e.Open)
		defer s.Close()
		got, err := s.Schema(t.Context())
		if err != nil || got.Found != want || got.Wanted < 5 {
			t.Fatalf("schema %+v, %v; want version %d", got, err, want)
		}
	}
	version(0)
	refused("an empty database", "schema_missing")
	version(0)

	s := mustMigrating(t, e.Open)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	schema, err := s.Schema(t.Context())
	if err != nil || schema.Found != schema.Wanted {
		t.Fatalf("schema after Migrate: %+v, %v", schema, err)
	}
	_ = s.Close()
	_ = mustMigrating(t, e.Existing).Close()

	e.Exec(t, fmt.Sprintf("DELETE FROM goose_db_version WHERE version_id = %d", schema.Wanted))
	previous := mustBeOlder(t, e)
	refused("tables of an older version", "schema_older")
	version(previous)

	e.Exec(t, fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true), (%d, true)", schema.Wanted, schema.Wanted+2))
	refused("tables of a newer version", "schema_newer")
	s = mustMigrating(t, e.Open)
	defer s.Close()
	if err := s.Migrate(t.Context()); walletport.ReasonOf(err) != "schema_newer" {
		t.Errorf("Migrate of tables of a newer version: %v", err)
	}
	version(schema.Wanted + 2)
}

func mustMigrating(t testing.TB, open func(testing.TB) (Migrating, error)) Migrating {
	t.Helper()
	s, err := open(t)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

// mustBeOlder returns the version that the tables have, which numbers of migrations may
// leave gaps before.
func mustBeOlder(t testing.TB, e SchemaEngine) int64 {
	t.Helper()
	s := mustMigrating(t, e.Open)
	defer s.Close()
	schema, err := s.Schema(t.Context())
	if err != nil || schema.Found >= schema.Wanted {
		t.Fatalf("schema %+v, %v; want an older version", schema, err)
	}
	return schema.Found
}
