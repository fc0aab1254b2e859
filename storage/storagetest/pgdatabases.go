package storagetest

import (
	"context"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// copied is the database that CreateCopy copies.
type copied struct {
	sync.Mutex
	isMade bool
}

// copiedName is its name.
const copiedName = "copied"

// CreateDatabase makes an empty database and returns its URL.
func (s *PostgresServer) CreateDatabase(ctx context.Context) (string, error) {
	return s.create(ctx, "template1")
}

// CreateCopy makes a database that is a copy of one which the first call's fill has filled,
// and returns its URL. fill is handed the URL of an empty database and leaves it without a
// session. Where it fails, the next call tries anew.
func (s *PostgresServer) CreateCopy(ctx context.Context, fill func(ctx context.Context, url string) error) (string, error) {
	if err := s.makeCopied(ctx, fill); err != nil {
		return "", err
	}
	return s.create(ctx, copiedName)
}

func (s *PostgresServer) makeCopied(ctx context.Context, fill func(ctx context.Context, url string) error) error {
	s.copied.Lock()
	defer s.copied.Unlock()
	if s.copied.isMade {
		return nil
	}
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + copiedName + " WITH (FORCE)", "CREATE DATABASE " + copiedName} {
		if _, err := s.admin.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if err := fill(ctx, s.URL(copiedName)); err != nil {
		return err
	}
	s.copied.isMade = true
	return nil
}

// create makes a database as a copy of another one. To copy its files is three times as fast
// as to write them through the log, which is what PostgreSQL 15 does when not told.
func (s *PostgresServer) create(ctx context.Context, from string) (string, error) {
	name := "test" + strconv.FormatInt(s.databases.Add(1), 10)
	if _, err := s.admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+from+" STRATEGY file_copy"); err != nil {
		return "", err
	}
	return s.URL(name), nil
}

// DropDatabase removes the database of url and ends its connections.
func (s *PostgresServer) DropDatabase(ctx context.Context, database string) error {
	u, err := url.Parse(database)
	if err != nil {
		return err
	}
	name := pgx.Identifier{strings.TrimPrefix(u.Path, "/")}.Sanitize()
	_, err = s.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	return err
}

// URL returns that of a database of this server.
func (s *PostgresServer) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(superuser),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// openAdmin returns a pool of one session, which is made when it is first used.
func openAdmin(ctx context.Context, url string) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	c.MaxConns = 1
	return pgxpool.NewWithConfig(ctx, c)
}
