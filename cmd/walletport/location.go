package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
)

// location says whose data a command works on: a configured server's or a
// sandbox's, running or not.
type location struct {
	Config string `help:"Configuration file." placeholder:"FILE" xor:"location" env:"WALLETPORT_CONFIG"`
	Dir    string `help:"A sandbox's folder, also while it runs." placeholder:"DIR" xor:"location"`
}

func (l location) load() (config.Config, error) {
	switch {
	case l.Dir != "":
		return config.Load(filepath.Join(l.Dir, sandboxConfigName))
	case l.Config != "":
		return config.Load(l.Config)
	}
	return config.Config{}, usagef("give --config FILE, or --dir DIR of a sandbox")
}

// keyStoreConfig returns what keys/file needs, with the secret read from its place.
func keyStoreConfig(c config.Keys) (file.Config, error) {
	secret, err := keyStoreSecret(c)
	return file.Config{Path: c.File, Secret: secret}, err
}

func keyStoreSecret(c config.Keys) (file.Secret, error) {
	if c.KeyFile != "" {
		return file.KeyFile(c.KeyFile)
	}
	text, err := c.Passphrase.Resolve()
	if err != nil {
		return file.Secret{}, err
	}
	defer clear(text)
	return file.Passphrase(text)
}

func (l location) openKeys() (*file.Store, error) {
	settings, err := l.load()
	if err != nil {
		return nil, err
	}
	return openKeyStore(settings.Keys, slog.New(slog.DiscardHandler))
}

func openKeyStore(c config.Keys, log *slog.Logger) (*file.Store, error) {
	opening, err := keyStoreConfig(c)
	if err != nil {
		return nil, err
	}
	opening.Log = log
	return file.Open(opening)
}

// database is a storage.Store that can bring its own tables up to date.
type database interface {
	storage.Store
	Schema(ctx context.Context) (storage.Schema, error)
	Migrate(ctx context.Context) error
}

// openDatabase opens a database that is there and has the tables of this program's
// version. It makes, migrates and empties nothing, for whoever reads or writes: a
// wrong path must not become a new database, and a start no migration.
func openDatabase(ctx context.Context, c config.Database) (database, error) {
	return connectDatabase(ctx, c, true)
}

// createDatabase makes the database if it is absent and brings its tables up to date:
// for migrate, and for a sandbox, whose database is its own. It returns what was
// found.
func createDatabase(ctx context.Context, c config.Database) (storage.Schema, error) {
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

func connectDatabase(ctx context.Context, c config.Database, existing bool) (database, error) {
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
func orNil[D database](db D, err error) (database, error) {
	if err != nil {
		return nil, err
	}
	return db, nil
}

// createFile makes a file that only its owner may read, who is that of the folder when
// root makes it; "-" is standard output.
func createFile(stdout io.Writer, path string) (io.Writer, func() error, error) {
	if path == "-" || path == "" {
		return stdout, func() error { return nil }, nil
	}
	f, err := disk.CreateOwn(path)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}
