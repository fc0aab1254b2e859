package storagetest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"
)

// RequirePostgres is the environment variable that, set to 1, makes a test fail
// where it would skip because this machine has no PostgreSQL.
const RequirePostgres = "WALLETPORT_REQUIRE_POSTGRES"

// shared holds the servers of this test binary, one for tests and one, durable, for
// benchmarks. It is package state because whoever asks first starts one, and Main
// must find them.
var shared struct {
	sync.Mutex
	running bool // Main runs
	servers map[PostgresConfig]*PostgresServer
	err     error // of the first start that failed; no other one is tried
}

// Main runs the tests of a package that calls Postgres, and stops the server when
// they have ended:
//
//	func TestMain(m *testing.M) { os.Exit(storagetest.Main(m)) }
func Main(m *testing.M) int {
	shared.Lock()
	shared.running = true
	shared.Unlock()
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	for _, server := range shared.servers {
		if err := server.Stop(); err != nil {
			code = max(code, 1)
		}
	}
	return code
}

// Postgres returns the URL of a new, empty database that exists until the test
// ends. The first call of a test binary starts a PostgreSQL server; for tests it
// does not wait for the disk, for benchmarks it does. Where its programs are not
// installed, the test is skipped, or fails if RequirePostgres says so.
func Postgres(t testing.TB) string {
	t.Helper()
	return newPostgres(t, func(ctx context.Context, server *PostgresServer) (string, error) {
		return server.CreateDatabase(ctx)
	})
}

// newPostgres returns the URL of the database that create makes on the server of this test
// binary. It exists until the test ends.
func newPostgres(t testing.TB, create func(context.Context, *PostgresServer) (string, error)) string {
	t.Helper()
	_, benchmark := t.(*testing.B)
	server, err := sharedServer(PostgresConfig{Durable: benchmark})
	switch {
	case errors.Is(err, ErrNoPostgres) && os.Getenv(RequirePostgres) != "1":
		t.Skip(err)
	case err != nil:
		t.Fatalf("start PostgreSQL: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url, err := create(ctx, server)
	if err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.DropDatabase(ctx, url); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return url
}

func sharedServer(c PostgresConfig) (*PostgresServer, error) {
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		return nil, errors.New("the package's TestMain must run storagetest.Main, which stops the server")
	}
	if server, ok := shared.servers[c]; ok || shared.err != nil {
		return server, shared.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := StartPostgres(ctx, c)
	if err != nil {
		shared.err = err
		return nil, err
	}
	if shared.servers == nil {
		shared.servers = make(map[PostgresConfig]*PostgresServer)
	}
	shared.servers[c] = server
	return server, nil
}
