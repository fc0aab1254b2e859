package postgres_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
)

// TestWhatWasAnsweredOutlivesACrash: the head of the chain is free before its record is on the disk,
// and nobody is answered before it is.
func TestWhatWasAnsweredOutlivesACrash(t *testing.T) {
	update := func(s *postgres.Store) error {
		return s.Update(t.Context(), func(tx storage.Tx) error { return tx.AppendAudit(linkSome(1)) })
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, url string) // makes one entry of the chain
	}{
		{"a record", func(t *testing.T, url string) { mustAppend(t, mustOpen(t, url), 1) }},
		{"a change with its record", func(t *testing.T, url string) {
			if err := update(mustOpen(t, url)); err != nil {
				t.Fatalf("Update: %v", err)
			}
		}},
		{"a record whose line broke behind its commit", func(t *testing.T, url string) {
			p, s := mustOpenByBreakingProxy(t, url)
			mustAppend(t, s, 1)
			p.wantLoss(t)
		}},
		{"a change whose line broke behind its commit", func(t *testing.T, url string) {
			p, s := mustOpenByBreakingProxy(t, url)
			if err := update(s); err != nil {
				t.Fatalf("Update: %v", err)
			}
			p.wantLoss(t)
		}},
		{"a head that was read", func(t *testing.T, url string) {
			p, s := mustOpenByBreakingProxy(t, url)
			p.listener.Close() // so that the store cannot ask again
			wantUnavailable(t, "AppendAudit", s.AppendAudit(t.Context(), linkSome(1)))
			p.wantLoss(t)
			if head, err := mustOpen(t, url).AuditHead(t.Context()); err != nil || head.Seq != 1 {
				t.Fatalf("AuditHead = %d, %v", head.Seq, err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := mustStartPostgres(t)
			mustExec(t, url, "CREATE TABLE unawaited (n bigint)")
			writer, _ := mustFindWALWriter(t, url)
			if err := writer.Signal(syscall.SIGSTOP); err != nil { // nobody else writes what nobody waits for
				t.Fatal(err)
			}
			c.make(t, url)
			mustExec(t, url, "SET synchronous_commit = off; INSERT INTO unawaited VALUES (1)")
			mustCrash(t, url)
			wantChainOf(t, url, 1)
			if n := mustQueryNumber(t, url, "SELECT count(*) FROM unawaited"); n != 0 {
				t.Error("a commit that nobody waited for is there too, so this test proves nothing")
			}
		})
	}
}

// mustOpenByBreakingProxy opens a store whose line breaks between the commit of an entry and the
// statement that waits for the disk. Statements come with their text.
func mustOpenByBreakingProxy(t *testing.T, url string) (*proxy, *postgres.Store) {
	t.Helper()
	p, through := newProxy(t, url+"&default_query_exec_mode=exec")
	s := mustOpen(t, through)
	p.dropFrom("SELECT pg_logical_emit_message")
	return p, s
}

// mustFindWALWriter returns the server's process that writes its log beside the sessions.
func mustFindWALWriter(t *testing.T, url string) (writer *os.Process, pid int) {
	t.Helper()
	pid = mustQueryNumber(t, url, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
	writer, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	return writer, pid
}

// mustCrash has the server lose what it has not written: one of its processes is killed, and it
// begins anew with what its log has.
func mustCrash(t *testing.T, url string) {
	t.Helper()
	writer, pid := mustFindWALWriter(t, url)
	if err := writer.Kill(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), url)
		if err == nil {
			var now int
			err = conn.QueryRow(t.Context(), "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE backend_type = 'walwriter'").Scan(&now)
			conn.Close(t.Context())
			if err == nil && now != 0 && now != pid {
				return
			}
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("the server does not come back: %v", err)
		}
	}
}

func mustQueryNumber(t *testing.T, url, query string) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var n int
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
