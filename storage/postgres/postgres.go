// Package postgres keeps walletport's rows in PostgreSQL (tested with 15): the
// engine for more than one replica or machine. Replicas share nothing but the database;
// the audit chain is one because each batch locks its head.
package postgres

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// Config says where the database is.
type Config struct {
	// URL as libpq reads it: postgres://user:password@host:5432/database?sslmode=verify-full.
	URL string
	// Password returns the password for a connection that is about to be made, so that
	// a new one needs no restart; nil takes the URL's.
	Password func(ctx context.Context) (string, error)
	// MaxConns bounds the connections of this replica; 0 means what pgxpool
	// takes: one for each processor, at least 4.
	MaxConns int32
	// Existing opens only a database with tables of this program's version: a wrong
	// name must not become a new, empty database.
	Existing bool
}

// Store is a PostgreSQL database. It implements storage.Store.
type Store struct {
	pool    *pgxpool.Pool
	queries *pgdb.Queries
	clock   func() time.Time // this machine's

	enqueued jobs.Bell // rung when jobs were enqueued
	attempts attemptLimits
}

var _ storage.Store = (*Store)(nil)

// connectTimeout bounds one attempt to connect where the URL does not.
const connectTimeout = 5 * time.Second

// sessionSettings hold where the URL does not set them. A replica that vanished in
// the middle of a transaction would keep the head of the audit chain locked for all
// others until TCP gives up, hours later: the server ends such sessions itself. What a
// role, a database or the server says of synchronous_commit does not count for us: an
// answered call has its record on the disk. A session keeps the plan of a statement as it
// was made, and when the table was empty a scan of it was the cheapest: it would read the
// whole of what an import has filled since, for each batch, until the server looks at the
// table again. Every statement of ours goes by an index (TestQueriesUseIndexes), so scans
// are ruled out. Where there is nothing but a scan, of a table of one row, its forbidding
// costs would have the server compile the plan.
func sessionSettings() map[string]string {
	return map[string]string{
		"application_name":                    "walletport",
		"idle_in_transaction_session_timeout": "10s",
		"synchronous_commit":                  "on",
		"enable_seqscan":                      "off",
		"jit":                                 "off",
	}
}

// Open connects to the database. It changes no tables: see Migrate. A URL that asks
// the server to confirm commits before they are durable (synchronous_commit=off) is
// refused. Connections are made to a server that takes writes, unless the URL names
// other target_session_attrs. With Existing its errors are also those of
// storage.Schema.Check.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.URL == "" {
		return nil, errors.New("postgres: URL is missing")
	}
	config, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	if c.Password != nil {
		config.BeforeConnect = func(ctx context.Context, connection *pgx.ConnConfig) (err error) {
			connection.Password, err = c.Password(ctx)
			return err
		}
	}
	if c.MaxConns > 0 {
		config.MaxConns = c.MaxConns
	}
	for name, value := range sessionSettings() {
		if _, set := config.ConnConfig.RuntimeParams[name]; !set {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	if config.ConnConfig.RuntimeParams["synchronous_commit"] == "off" {
		return nil, errors.New("postgres: the URL sets synchronous_commit to off, so that a confirmed audit record could be lost")
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.ValidateConnect == nil && !namesSessionAttributes(c.URL) {
		// Of several hosts the one that takes writes. A session that was opened while a
		// server was read-only, or on one that a failover left behind, may stay so for ever.
		config.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, unavailable(ctx, err)
	}
	if c.Existing {
		schema, err := schemaOf(ctx, pool)
		if err == nil {
			err = schema.Check()
		}
		if err != nil {
			pool.Close()
			return nil, err
		}
	}
	return &Store{pool: pool, queries: pgdb.New(pool), clock: time.Now, enqueued: jobs.NewBell(), attempts: newAttemptLimits(int(config.MaxConns))}, nil
}

// namesSessionAttributes reports whether who wrote the URL, or the environment that
// libpq reads, chose the kind of server.
func namesSessionAttributes(url string) bool {
	return strings.Contains(url, "target_session_attrs") || os.Getenv("PGTARGETSESSIONATTRS") != "" //nolint:forbidigo // a setting of the driver, which reads its own environment
}

// Ping reads and writes one row durably: a server in recovery and a full disk
// show here too. Without a right that serve needs it is CodeUnavailable, reason
// database_rights.
func (s *Store) Ping(ctx context.Context) error {
	return s.retryLost(ctx, func() error {
		if err := checkRights(ctx, s.pool); err != nil {
			return err
		}
		if err := s.queries.Probe(ctx); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
}

// Now returns the time of the server.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.retryLost(ctx, func() error {
		if err := s.pool.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	return now, err
}

// Risks implements storage.Store. These settings of the server are not a session's to
// change, and may change while it runs.
func (s *Store) Risks(ctx context.Context) ([]string, error) {
	var fsync, fullPages string
	err := s.retryLost(ctx, func() error {
		row := s.pool.QueryRow(ctx, "SELECT current_setting('fsync'), current_setting('full_page_writes')")
		if err := row.Scan(&fsync, &fullPages); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	var risks []string
	if fsync == "off" {
		risks = append(risks, "PostgreSQL runs with fsync off: a crash of its machine loses records that were confirmed, or the whole database")
	}
	if fullPages == "off" {
		risks = append(risks, "PostgreSQL runs with full_page_writes off: a crash of its machine may damage the database")
	}
	return risks, err
}

// Close waits for running calls and closes the connections.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}
