// Package postgres keeps walletport's rows in PostgreSQL (tested with 15): the
// engine for more than one replica or machine. Replicas share nothing but the database;
// the audit chain is one because each batch locks its head.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// Config says where the database is.
type Config struct {
	// URL as libpq reads it: postgres://user:password@host:5432/database?sslmode=verify-full.
	URL string
	// MaxConns bounds the connections of this replica; 0 means one for each
	// processor, at least 4.
	MaxConns int32
}

// Store is a PostgreSQL database. It implements storage.Store.
type Store struct {
	pool    *pgxpool.Pool
	queries *pgdb.Queries
}

var _ storage.Store = (*Store)(nil)

// connectTimeout bounds one attempt to connect where the URL does not.
const connectTimeout = 5 * time.Second

// sessionSettings hold where the URL does not set them. A replica that vanished in
// the middle of a transaction would keep the head of the audit chain locked for all
// others until TCP gives up, hours later: the server ends such sessions itself.
func sessionSettings() map[string]string {
	return map[string]string{
		"application_name":                    "walletport",
		"idle_in_transaction_session_timeout": "10s",
	}
}

// Open connects to the database. It changes no tables: see Migrate. A server that
// confirms commits before they are durable (synchronous_commit=off) is refused.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.URL == "" {
		return nil, errors.New("postgres: URL is missing")
	}
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err) // pgx masks the password
	}
	if c.MaxConns > 0 {
		config.MaxConns = c.MaxConns
	}
	for name, value := range sessionSettings() {
		if _, set := config.ConnConfig.RuntimeParams[name]; !set {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	if err := checkDurable(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return &Store{pool: pool, queries: pgdb.New(pool)}, nil
}

func checkDurable(ctx context.Context, pool *pgxpool.Pool) error {
	var setting string
	if err := pool.QueryRow(ctx, "SHOW synchronous_commit").Scan(&setting); err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	if setting == "off" {
		return errors.New("postgres: synchronous_commit is off, so that a confirmed audit record could be lost; turn it on for this user or database")
	}
	return nil
}

// Ping reads and writes one row durably: a server in recovery and a full disk
// show here too.
func (s *Store) Ping(ctx context.Context) error {
	return s.retryLost(ctx, func() error {
		if err := s.queries.Probe(ctx); err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
}

// Close waits for running calls and closes the connections.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}
