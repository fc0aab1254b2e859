package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// connectFailure returns the driver's error for a connection that nobody takes.
func connectFailure(t *testing.T, change func(*pgconn.Config)) error {
	t.Helper()
	config, err := pgconn.ParseConfig("postgres://ada:x@127.0.0.1:1/w?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	change(config)
	_, err = pgconn.ConnectConfig(t.Context(), config)
	if err == nil {
		t.Fatal("somebody answers")
	}
	return err
}

func TestNoPieceOfThePasswordIsInTheDriversText(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*pgconn.Config)
	}{
		{"the end of it taken for a host", func(c *pgconn.Config) { c.Password, c.Host = "Summer", "Secret2026@127.0.0.1" }},
		{"a host that is a piece of it", func(c *pgconn.Config) { c.Password, c.Host = "Summer@Secret2026", "Secret2026.invalid" }},
		{"a user that is a piece of it", func(c *pgconn.Config) { c.Password, c.User = "Summer@Secret2026", "Summer" }},
		{"a database that is it, escaped", func(c *pgconn.Config) { c.Password, c.Database = "Summer@Secret2026", "Summer%40Secret2026" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := connectFailure(t, c.change)
			if !strings.Contains(err.Error(), "Summer") && !strings.Contains(err.Error(), "Secret2026") {
				t.Fatalf("the driver shows nothing: %v", err)
			}
			hidden := unavailable(t.Context(), err)
			if strings.Contains(hidden.Error(), "Summer") || strings.Contains(hidden.Error(), "Secret2026") {
				t.Errorf("shown: %v", hidden)
			}
			if _, ok := errors.AsType[*pgconn.ConnectError](hidden); !ok {
				t.Error("the cause is lost")
			}
		})
	}
}

// TestAllThatTheDriverSaysGoesThroughOneFunction: one that does not may show a password.
func TestAllThatTheDriverSaysGoesThroughOneFunction(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if path != "errors.go" && !strings.HasSuffix(path, "_test.go") && strings.Contains(string(text), "ErrUnavailable(") {
			t.Errorf("%s: an error of the driver goes around unavailable", path)
		}
	}
}
