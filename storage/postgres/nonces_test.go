package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/storagetest"
)

// hangs is when a test gives up on a call that waits for a lock for ever.
const hangs = 20 * time.Second

// TestForgetPassesOverANonceInUse lets a replica renew an old nonce while another one
// forgets old ones: nobody waits, and the renewed one stays.
func TestForgetPassesOverANonceInUse(t *testing.T) {
	url := storagetest.Postgres(t)
	s := mustOpen(t, url)
	for number := range byte(2) {
		if err := useNonce(t, s, number); err != nil {
			t.Fatalf("UseNonce: %v", err)
		}
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	exec := func(statement string, args ...any) {
		if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec("BEGIN")
	exec("UPDATE nonces SET used_ms = 5000 WHERE digest = $1", digest(0))
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	defer cancel()
	if n, err := s.ForgetNonces(ctx, time.UnixMilli(1000), 10); n != 1 || err != nil {
		t.Errorf("ForgetNonces = %d, %v, want the one that nobody uses", n, err)
	}
	exec("COMMIT")
	if n, err := s.ForgetNonces(ctx, time.UnixMilli(1000), 10); n != 0 || err != nil {
		t.Errorf("ForgetNonces after it = %d, %v, want none", n, err)
	}
	if got := walletport.ReasonOf(useNonce(t, s, 0)); got != "nonce_reused" {
		t.Errorf("UseNonce of the renewed one: got reason %q, want nonce_reused", got)
	}
}

// TestSecondUseWaitsForTheFirst has a replica use a nonce that another one is about
// to use: only when that one has committed, or not, there is an answer.
func TestSecondUseWaitsForTheFirst(t *testing.T) {
	for _, c := range []struct{ end, reason string }{{"COMMIT", "nonce_reused"}, {"ROLLBACK", ""}} {
		t.Run(c.end, func(t *testing.T) {
			url := storagetest.Postgres(t)
			s := mustOpen(t, url)
			conn, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.WithoutCancel(t.Context()))
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), "INSERT INTO nonces VALUES ('bank', 'applepay', $1, 0)", digest(0)); err != nil {
				t.Fatal(err)
			}
			second := make(chan error, 1)
			go func() { second <- useNonce(t, s, 0) }()
			waitForWaiting(t, conn)
			if _, err := tx.Exec(t.Context(), c.end); err != nil {
				t.Fatal(err)
			}
			if got := walletport.ReasonOf(<-second); got != c.reason {
				t.Errorf("UseNonce: got reason %q, want %q", got, c.reason)
			}
		})
	}
}

// waitForWaiting returns when somebody waits for the transaction of conn.
func waitForWaiting(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for waiting := 0; waiting == 0; {
		const blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
		if err := conn.QueryRow(t.Context(), blocked).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
}

func digest(number byte) []byte { return append(make([]byte, 31), number) }

func useNonce(t *testing.T, s *postgres.Store, number byte) error {
	t.Helper()
	use := storage.NonceUse{Issuer: "bank", Wallet: walletport.ApplePay, Digest: digest(number), At: time.UnixMilli(0)}
	return s.UseNonce(t.Context(), use, time.UnixMilli(0))
}
