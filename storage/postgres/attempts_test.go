package postgres_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/storagetest"
)

// TestAttemptsLeaveConnections: half of the connections are left to whoever waits for an answer,
// and a quarter is how many attempts have their statements run at a time. One whose commit alone
// is left to wait for keeps no other one from its statements: with a slow disk they would take
// turns.
func TestAttemptsLeaveConnections(t *testing.T) {
	const conns, tries = 8, 20
	var last atomic.Int64
	enqueue := func(tx storage.Tx) error {
		_, err := tx.EnqueueJob(jobs.Request{Kind: "test.work", Key: jobs.Key{Of: "token", ID: last.Add(1)}})
		return err
	}
	tests := []struct {
		name   string
		change func(context.Context, *postgres.Store) error
		want   int // attempts that the database is at work for
	}{
		{"a change", func(ctx context.Context, s *postgres.Store) error { return s.Update(ctx, enqueue) }, conns / 2},
		{"a change with a record", func(ctx context.Context, s *postgres.Store) error {
			return s.Update(ctx, func(tx storage.Tx) error { return errors.Join(enqueue(tx), tx.AppendAudit(linkSome(1))) })
		}, 1 + conns/4}, // the first waits for its commit, the others for the head that it has
		{"cards", func(ctx context.Context, s *postgres.Store) error {
			card := storage.Card{CardSummary: walletport.CardSummary{ID: walletport.CardID(last.Add(1)), Issuer: "bank"}}
			_, err := s.PutCards(ctx, []storage.Card{card})
			return err
		}, conns / 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := migrated(t)
			release := holdCommits(t, url)
			s, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: conns})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			defer release()
			stop := storagetest.RunAttempts(t, tries, func(ctx context.Context) {
				if err := tt.change(ctx, s); err != nil {
					t.Error(err)
				}
			})
			awaitWaiting(t, url, tt.want)
			if err := s.Update(t.Context(), func(tx storage.Tx) error { return tx.AddClient(storage.Client{ID: "one"}) }); err != nil {
				t.Errorf("a call beside them: %v", err)
			}
			release()
			stop()
		})
	}
}

// holdCommits has each commit of a job or a card wait until release.
func holdCommits(t *testing.T, url string) (release func()) {
	t.Helper()
	mustExec(t, url, `
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER jobs_wait AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
CREATE CONSTRAINT TRIGGER cards_wait AFTER INSERT ON cards DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`)
	holder, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_lock(1)"); err != nil {
		t.Fatal(err)
	}
	return func() { _ = holder.Close(t.Context()) }
}

// awaitWaiting waits until so many sessions wait for a lock, and fails if more come.
func awaitWaiting(t *testing.T, url string, want int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	settled := 0
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline) && settled < 5; time.Sleep(50 * time.Millisecond) {
		var waiting int
		row := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
		if err := row.Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if settled++; waiting != want {
			settled = 0
		}
		if waiting > want {
			t.Fatalf("%d attempts are at work, want %d", waiting, want)
		}
	}
	if settled == 0 {
		t.Fatalf("there are never %d attempts at work", want)
	}
}
