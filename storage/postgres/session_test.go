package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
)

// TestReadOnlySessionsRecover makes sessions that take no writes, as a failover and a
// provider's full disk do. They must not outlive the cause.
func TestReadOnlySessionsRecover(t *testing.T) {
	acts := map[string]func(context.Context, *postgres.Store) error{
		"Ping":        func(ctx context.Context, s *postgres.Store) error { return s.Ping(ctx) },
		"AppendAudit": func(ctx context.Context, s *postgres.Store) error { return s.AppendAudit(ctx, linkSome(1)) },
		"UseNonces": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.UseNonces(ctx, []storage.NonceUse{{Nonce: storage.Nonce{Issuer: "bank"}}})
			return err
		},
		"ClaimAnswer": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.ClaimAnswer(ctx, storage.AnswerLease{})
			return err
		},
		"PutCards": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.PutCards(ctx, make([]storage.Card, 1))
			return err
		},
		"Update": func(ctx context.Context, s *postgres.Store) error {
			return s.Update(ctx, func(tx storage.Tx) error { return tx.AddClient(storage.Client{ID: "one"}) })
		},
		"Update of the trail": func(ctx context.Context, s *postgres.Store) error {
			return s.Update(ctx, func(tx storage.Tx) error { return tx.AppendAudit(linkSome(1)) })
		},
		"Rewrap": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Rewrap(ctx, make([]storage.CardRewrapping, 1))
			return err
		},
		"AddCheckpoint": func(ctx context.Context, s *postgres.Store) error {
			return s.AddCheckpoint(ctx, storage.Checkpoint{Seq: 1})
		},
		"ForgetNonces": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.ForgetNonces(ctx, time.UnixMilli(1), 1)
			return err
		},
	}
	for name, act := range acts {
		t.Run(name+" leaves a session that became read-only", func(t *testing.T) {
			s := mustOpenOne(t, migrated(t))
			if err := s.Exec(t.Context(), "SET default_transaction_read_only = on"); err != nil {
				t.Fatal(err)
			}
			if err := act(t.Context(), s); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	t.Run("a database that is read-only is unavailable, and nothing of it stays", func(t *testing.T) {
		url := migrated(t)
		s := mustOpenOne(t, url)
		alterDatabase(t, url, "SET default_transaction_read_only = on")
		terminateOthers(t, url)
		for name, act := range acts {
			wantUnavailable(t, name, act(t.Context(), s))
		}
		_, err := postgres.Open(t.Context(), postgres.Config{URL: url})
		wantUnavailable(t, "Open", err)
		alterDatabase(t, url, "RESET default_transaction_read_only")
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("Ping once it takes writes: %v", err)
		}
	})
	t.Run("who asks for any server gets one that is read-only", func(t *testing.T) {
		url := migrated(t)
		alterDatabase(t, url, "SET default_transaction_read_only = on")
		s, err := postgres.Open(t.Context(), postgres.Config{URL: url + "&target_session_attrs=any"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.AuditHead(t.Context()); err != nil {
			t.Errorf("AuditHead: %v", err)
		}
		wantUnavailable(t, "Ping", s.Ping(t.Context()))
		alterDatabase(t, url, "RESET default_transaction_read_only")
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("Ping once it takes writes: %v", err)
		}
	})
}

// TestSessionsWaitForTheDisk has the database, the role's place, say otherwise.
func TestSessionsWaitForTheDisk(t *testing.T) {
	url := migrated(t)
	alterDatabase(t, url, "SET synchronous_commit = off")
	for setting, want := range map[string]string{"": "on", "&synchronous_commit=remote_apply": "remote_apply"} {
		s, err := postgres.Open(t.Context(), postgres.Config{URL: url + setting})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Show(t.Context(), "synchronous_commit"); got != want || err != nil {
			t.Errorf("with %q synchronous_commit is %s, %v, want %s", setting, got, err, want)
		}
		s.Close()
	}
}

func TestRisksAndClock(t *testing.T) {
	s := mustOpen(t, migrated(t)) // of tests, it does not wait for the disk
	risks, err := s.Risks(t.Context())
	if text := strings.Join(risks, "; "); err != nil || len(risks) != 2 || !strings.Contains(text, "fsync off") || !strings.Contains(text, "full_page_writes off") {
		t.Errorf("Risks = %q, %v, want fsync and full_page_writes", risks, err)
	}
	before := time.Now().Add(-time.Minute)
	if now, err := s.Now(t.Context()); err != nil || now.Before(before) || now.After(time.Now().Add(time.Minute)) {
		t.Errorf("Now = %s, %v", now, err)
	}
}

// alterDatabase changes what new sessions of the database of url begin with.
func alterDatabase(t *testing.T, database, change string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	conn, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), "ALTER DATABASE "+pgx.Identifier{name}.Sanitize()+" "+change)
	if err = errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// mustOpenOne opens a store with one connection.
func mustOpenOne(t *testing.T, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
