package postgres_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/walletport/walletport/storage/postgres"
)

// TestThePasswordIsAskedForEachConnection: a password that was changed serves the
// connections that are made from then on.
func TestThePasswordIsAskedForEachConnection(t *testing.T) {
	url := migrated(t)
	var asked atomic.Int64
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url, Password: func(context.Context) (string, error) {
		asked.Add(1)
		return "secret", nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if asked.Load() == 0 {
		t.Error("the password was not asked for")
	}
	lost := errors.New("the secret is gone")
	_, err = postgres.Open(t.Context(), postgres.Config{URL: url, Password: func(context.Context) (string, error) { return "", lost }})
	if !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
}
