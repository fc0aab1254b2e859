package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
)

// hangs is when a test gives up on a call that waits for a lock for ever.
const hangs = 20 * time.Second

// TestForgetPassesOverANonceInUse lets a replica renew an old nonce while another one
// forgets old ones: nobody waits, and the renewed one stays.
func TestForgetPassesOverANonceInUse(t *testing.T) {
	url := migrated(t)
	s := mustOpen(t, url)
	for number := range byte(2) {
		if fresh, err := useNonce(t, s, number); !fresh || err != nil {
			t.Fatalf("UseNonces = %v, %v", fresh, err)
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
	if fresh, err := useNonce(t, s, 0); fresh || err != nil {
		t.Errorf("UseNonces of the renewed one = %v, %v, want reused", fresh, err)
	}
}

// TestSecondUseWaitsForTheFirst has a replica use a nonce that another one is about
// to use: only when that one has committed, or not, there is an answer.
func TestSecondUseWaitsForTheFirst(t *testing.T) {
	for _, c := range []struct {
		end   string
		fresh bool
	}{{"COMMIT", false}, {"ROLLBACK", true}} {
		t.Run(c.end, func(t *testing.T) {
			url := migrated(t)
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
			second := make(chan bool, 1)
			go func() {
				fresh, err := useNonce(t, s, 0)
				if err != nil {
					t.Errorf("UseNonces: %v", err)
				}
				second <- fresh
			}()
			waitForWaiting(t, conn)
			if _, err := tx.Exec(t.Context(), c.end); err != nil {
				t.Fatal(err)
			}
			if got := <-second; got != c.fresh {
				t.Errorf("the second use: fresh %v, want %v", got, c.fresh)
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

// TestUsesLockInOneOrder has a replica hold the first of two nonces, by the order of
// their keys. Who uses both, named in the other order, must wait for that one without
// holding the second, or two such replicas would wait for each other.
func TestUsesLockInOneOrder(t *testing.T) {
	low := storage.Nonce{Issuer: "bank", Wallet: walletport.ApplePay, Digest: [32]byte{1, 9}}
	issuer, wallet, digest := low, low, low
	issuer.Issuer, issuer.Digest = "bank 2", [32]byte{0}
	wallet.Wallet, wallet.Digest = walletport.GooglePay, [32]byte{0}
	digest.Digest = [32]byte{2}
	for name, high := range map[string]storage.Nonce{"issuers": issuer, "wallets": wallet, "digests": digest} {
		t.Run(name, func(t *testing.T) {
			url := migrated(t)
			s := mustOpen(t, url)
			uses := func(ms int64) []storage.NonceUse {
				at := time.UnixMilli(ms)
				return []storage.NonceUse{{Nonce: high, At: at, Since: at}, {Nonce: low, At: at, Since: at}}
			}
			if _, err := s.UseNonces(t.Context(), uses(0)); err != nil {
				t.Fatal(err)
			}
			conn, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.WithoutCancel(t.Context()))
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			const lock = "SELECT used_ms FROM nonces WHERE (issuer, wallet, digest) = ($1, $2, $3) FOR UPDATE NOWAIT"
			if _, err := tx.Exec(t.Context(), lock, string(low.Issuer), string(low.Wallet), low.Digest[:]); err != nil {
				t.Fatal(err)
			}
			used := make(chan error, 1)
			go func() {
				fresh, err := s.UseNonces(t.Context(), uses(1))
				if err == nil && (!fresh[0] || !fresh[1]) {
					err = fmt.Errorf("fresh %v, want both", fresh)
				}
				used <- err
			}()
			waitForWaiting(t, conn)
			if _, err := tx.Exec(t.Context(), lock, string(high.Issuer), string(high.Wallet), high.Digest[:]); err != nil {
				t.Errorf("the one who waits holds the other nonce: %v", err)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-used; err != nil {
				t.Errorf("UseNonces: %v", err)
			}
		})
	}
}

// TestAUseIsNoUseBeforeTheCommit lets the commit fail, of which the server tells after
// it has named the rows.
func TestAUseIsNoUseBeforeTheCommit(t *testing.T) {
	url := migrated(t)
	s := mustOpen(t, url)
	raiseOn(t, url, "nonces", atCommit, "53100", 1)
	_, err := useNonce(t, s, 0)
	wantUnavailable(t, "UseNonces", err)
	if fresh, err := useNonce(t, s, 0); !fresh || err != nil {
		t.Errorf("UseNonces after it = %v, %v, want fresh: nothing was recorded", fresh, err)
	}
}

func TestUsesThatWereRolledBackAreDoneAgain(t *testing.T) {
	for _, code := range []string{"40001", "40P01"} {
		url := migrated(t)
		s := mustOpen(t, url)
		raiseOn(t, url, "nonces", atStatement, code, 2)
		if fresh, err := useNonce(t, s, 0); !fresh || err != nil {
			t.Errorf("UseNonces after two of SQLSTATE %s = %v, %v, want fresh", code, fresh, err)
		}
	}
}

func digest(number byte) []byte { return append(make([]byte, 31), number) }

func useNonce(t *testing.T, s *postgres.Store, number byte) (bool, error) {
	t.Helper()
	nonce := storage.Nonce{Issuer: "bank", Wallet: walletport.ApplePay, Digest: [32]byte(digest(number))}
	fresh, err := s.UseNonces(t.Context(), []storage.NonceUse{{Nonce: nonce, At: time.UnixMilli(0), Since: time.UnixMilli(0)}})
	return err == nil && fresh[0], err
}

// TestClocksOfReplicasMayDiffer has replicas whose clocks are a day and more apart use
// one nonce that counts for a day: whoever comes second, it is used.
func TestClocksOfReplicasMayDiffer(t *testing.T) {
	const retention = 24 * time.Hour
	for _, c := range []struct {
		name          string
		first, second time.Duration // ahead of the server's clock
	}{
		{"the second is ahead", 0, 25 * time.Hour},
		{"the first is behind", -25 * time.Hour, 0},
		{"both are wrong", -30 * time.Hour, 20 * time.Hour},
		{"both are right", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := migrated(t)
			use := func(ahead time.Duration) (bool, error) {
				s := mustOpen(t, url)
				clock := func() time.Time { return time.Now().Add(ahead) }
				s.SetClock(clock)
				at := clock()
				fresh, err := s.UseNonces(t.Context(), []storage.NonceUse{{
					Nonce: storage.Nonce{Issuer: "bank", Wallet: walletport.ApplePay}, At: at, Since: at.Add(-retention),
				}})
				return err == nil && fresh[0], err
			}
			if fresh, err := use(c.first); !fresh || err != nil {
				t.Errorf("the first use = %v, %v, want fresh", fresh, err)
			}
			if fresh, err := use(c.second); fresh || err != nil {
				t.Errorf("the second use = %v, %v, want reused", fresh, err)
			}
			if n, err := mustOpen(t, url).ForgetNonces(t.Context(), time.Now().Add(-time.Hour), 10); n != 0 || err != nil {
				t.Errorf("ForgetNonces = %d, %v, want none: it was used now", n, err)
			}
		})
	}
}
