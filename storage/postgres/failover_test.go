package postgres_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/storagetest"
)

// TestFailover has two servers, of which one at a time takes writes. Sessions must
// follow, and none may stay on the one that was left.
func TestFailover(t *testing.T) {
	first, second := mustStartPostgres(t), mustStartPostgres(t)
	setClusterReadOnly(t, second, "on")
	s, err := postgres.Open(t.Context(), postgres.Config{URL: both(t, first, second), MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustAppend(t, s, 2)
	wantChainOf(t, first, 2)
	for _, change := range []struct{ from, to string }{{first, second}, {second, first}} {
		setClusterReadOnly(t, change.from, "on")
		wantUnavailable(t, "AppendAudit while none takes writes", s.AppendAudit(t.Context(), linkSome(1)))
		setClusterReadOnly(t, change.to, "off")
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("Ping after the failover: %v", err)
		}
		if _, err := s.Clients(t.Context()); err != nil {
			t.Errorf("Clients after the failover: %v", err)
		}
		mustAppend(t, s, 1)
	}
	wantChainOf(t, first, 3)
	wantChainOf(t, second, 1)
}

// TestAStandbyShowsTheChainThatItHas: its head is read without anything written.
func TestAStandbyShowsTheChainThatItHas(t *testing.T) {
	database := mustStartPostgres(t)
	mustAppend(t, mustOpen(t, database), 2)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	standby := mustStartServer(t, storagetest.PostgresConfig{StandbyOf: database})
	wantChainOf(t, standby.URL(u.Path), 2)
}

// mustStartPostgres starts a server of the test's own and returns the URL of a
// migrated database.
func mustStartPostgres(t *testing.T) string {
	t.Helper()
	database, err := mustStartServer(t, storagetest.PostgresConfig{}).CreateDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, database)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	return database
}

// mustStartServer starts a server that ends with the test.
func mustStartServer(t *testing.T, c storagetest.PostgresConfig) *storagetest.PostgresServer {
	t.Helper()
	server, err := storagetest.StartPostgres(t.Context(), c)
	switch {
	case errors.Is(err, storagetest.ErrNoPostgres) && os.Getenv(storagetest.RequirePostgres) != "1":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func mustClose(t *testing.T, s *postgres.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// both returns a URL that names the hosts of both, as an operator would write it.
func both(t *testing.T, first, second string) string {
	t.Helper()
	a, errA := url.Parse(first)
	b, errB := url.Parse(second)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if a.Path != b.Path {
		t.Fatalf("the databases are named %s and %s", a.Path, b.Path)
	}
	return fmt.Sprintf("postgres://%s@%s,%s%s?%s", a.User, a.Host, b.Host, a.Path, a.RawQuery)
}

func setClusterReadOnly(t *testing.T, database, value string) {
	t.Helper()
	mustExec(t, database, "ALTER SYSTEM SET default_transaction_read_only = "+value)
	mustExec(t, database, "SELECT pg_reload_conf()")
	for current := ""; current != value; { // the server tells its processes in its own time
		current = mustShow(t, database, "default_transaction_read_only")
	}
}

func mustShow(t *testing.T, database, setting string) string {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Config{URL: database + "&target_session_attrs=any", MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	value, err := s.Show(t.Context(), setting)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func wantChainOf(t *testing.T, database string, length int) {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Config{URL: database + "&target_session_attrs=any", MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantChain(t, s, length)
}
