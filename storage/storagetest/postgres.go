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

// shared is the server of this test binary. It is package state because a binary
// has one, whichever of its tests asks first, and Main must find it.
var shared struct {
	sync.Mutex
	running bool // Main runs
	server  *PostgresServer
	err     error
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
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			return max(code, 1)
		}
	}
	return code
}

// Postgres returns the URL of a new, empty database that exists until the test
// ends. The first call of a test binary starts a PostgreSQL server. Where its
// programs are not installed, the test is skipped, or fails if RequirePostgres says
// so.
func Postgres(t testing.TB) string {
	t.Helper()
	server, err := sharedServer()
	switch {
	case errors.Is(err, ErrNoPostgres) && os.Getenv(RequirePostgres) != "1":
		t.Skip(err)
	case err != nil:
		t.Fatalf("start PostgreSQL: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url, err := server.CreateDatabase(ctx)
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

func sharedServer() (*PostgresServer, error) {
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		return nil, errors.New("the package's TestMain must run storagetest.Main, which stops the server")
	}
	if shared.server == nil && shared.err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		shared.server, shared.err = StartPostgres(ctx, PostgresConfig{})
	}
	return shared.server, shared.err
}
