package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/vault"
)

// Database is a storage.Store that can bring its own tables up to date.
type Database interface {
	storage.Store
	Schema(ctx context.Context) (storage.Schema, error)
	Migrate(ctx context.Context) error
}

// OpenDatabase opens a database that is there and has the tables of this program's
// version. It makes, migrates and empties nothing, for whoever reads or writes: a
// wrong path must not become a new database, and a start no migration.
func OpenDatabase(ctx context.Context, c config.Database) (Database, error) {
	return connectDatabase(ctx, c, true)
}

// CreateDatabase makes the database if it is absent and brings its tables up to date:
// for migrate, and for a sandbox, whose database is its own. It returns what was
// found.
func CreateDatabase(ctx context.Context, c config.Database) (storage.Schema, error) {
	db, err := connectDatabase(ctx, c, false)
	if err != nil {
		return storage.Schema{}, err
	}
	schema, err := db.Schema(ctx)
	if err == nil {
		err = db.Migrate(ctx)
	}
	return schema, errors.Join(err, db.Close())
}

func connectDatabase(ctx context.Context, c config.Database, existing bool) (Database, error) {
	if path, ok := strings.CutPrefix(c.URL, config.SQLitePrefix); ok {
		return orNil(sqlite.Open(ctx, sqlite.Config{Path: path, Existing: existing}))
	}
	server := postgres.Config{URL: c.URL, MaxConns: int32(c.MaxConns), Existing: existing} // validate bounds the number
	if c.Password != "" {
		// It is read for each connection, so that a new password needs no restart.
		server.Password = func(context.Context) (string, error) {
			password, err := c.Password.Resolve()
			if err != nil {
				return "", fmt.Errorf("database.password: %w", err)
			}
			return string(password), nil
		}
	}
	return orNil(postgres.Open(ctx, server))
}

// orNil keeps the nil pointer of a database that did not open out of the interface.
func orNil[D Database](db D, err error) (Database, error) {
	if err != nil {
		return nil, err
	}
	return db, nil
}

// CheckKeyStore returns CodeConflict if a key store is another than the one of the
// database. Its errors are those of audit.CheckKeys. Where nothing is signed yet, the
// trail does not tell whose it is, and the first signature would make it the wrong
// store's for good: then the stored cards tell.
func CheckKeyStore(ctx context.Context, db Database, source keys.Source, clock func() time.Time) error {
	ring := source.Current()
	if err := audit.CheckKeys(ctx, db, ring); err != nil {
		return err
	}
	if last, err := db.LastCheckpoint(ctx); err != nil || last.Seq > 0 || len(audit.TrustedKeys(ring)) == 0 {
		return err
	}
	v, err := vault.New(vault.Vault{Cards: db, Tokens: db, Customers: db, Requests: db, Imports: db, Keys: source, Clock: clock})
	if err != nil {
		return err
	}
	foreign, err := v.ForeignKEKs(ctx)
	if err != nil || len(foreign) == 0 {
		return err
	}
	return walletport.Errorf(walletport.CodeConflict, "keystore_foreign",
		"this key store opens nothing of this database that names its keys, and nobody has signed its audit trail yet: bring back the right one")
}

// OpenVault returns the vault over a database and its key store. It refuses cards with
// test numbers, unless the keys are a sandbox's.
func OpenVault(db storage.Store, source keys.Source, clock func() time.Time) (*vault.Vault, error) {
	var refused []walletport.PAN
	if !IsSandbox(source.Current()) {
		var err error
		if refused, err = TestNumbers(); err != nil {
			return nil, err
		}
	}
	return vault.New(vault.Vault{Cards: db, Tokens: db, Customers: db, Requests: db, Imports: db, Keys: source, Clock: clock, TestNumbers: refused})
}
