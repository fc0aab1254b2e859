package postgres_test

import (
	"testing"

	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestSchema(t *testing.T) { storagetest.RunSchema(t, schemaEngine(t)) }

func TestNoTokenIDIsGivenTwice(t *testing.T) { storagetest.RunTokenIDs(t, schemaEngine(t)) }

func schemaEngine(t *testing.T) storagetest.SchemaEngine {
	url := storagetest.Postgres(t)
	open := func(existing bool) func(testing.TB) (storagetest.Migrating, error) {
		return func(t testing.TB) (storagetest.Migrating, error) {
			s, err := postgres.Open(t.Context(), postgres.Config{URL: url, Existing: existing})
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	}
	return storagetest.SchemaEngine{Open: open(false), Existing: open(true), Exec: func(t testing.TB, statement string) {
		db := mustOpenSQL(t.(*testing.T), url)
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}}
}
