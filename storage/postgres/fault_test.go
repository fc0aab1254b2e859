package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestLostConnections(t *testing.T) {
	t.Run("a commit whose answer was lost is not done twice", func(t *testing.T) {
		p, s := mustOpenByProxy(t)
		mustAppend(t, s, 1)
		p.lose("COMMIT\x00")
		mustAppend(t, s, 3)
		p.wantLoss(t)
		wantChain(t, s, 4)
		mustAppend(t, s, 1)
		wantChain(t, s, 5)
	})
	t.Run("an append that never arrived is done again", func(t *testing.T) {
		p, s := mustOpenByProxy(t)
		mustAppend(t, s, 1)
		attempts := 0
		err := s.AppendAudit(t.Context(), func(head storage.AuditHead) ([]storage.AuditEntry, error) {
			if attempts++; attempts == 1 {
				p.breakLines()
			}
			return entries(head, 2), nil
		})
		if err != nil || attempts != 2 {
			t.Errorf("AppendAudit after %d attempts: %v, want 2 and no error", attempts, err)
		}
		wantChain(t, s, 3)
	})
	t.Run("calls go on when the server ended their connections", func(t *testing.T) {
		url := migrated(t)
		s := mustOpen(t, url)
		card := storage.Card{CardSummary: walletport.CardSummary{ID: 1, Issuer: "bank"}}
		for range 3 {
			terminateOthers(t, url)
			if _, err := s.PutCards(t.Context(), []storage.Card{card}); err != nil {
				t.Errorf("PutCards: %v", err)
			}
			terminateOthers(t, url)
			if _, err := s.Card(t.Context(), 1); err != nil {
				t.Errorf("Card: %v", err)
			}
		}
	})
	t.Run("a lost answer to a re-wrap is not made a count", func(t *testing.T) {
		p, s := mustOpenByProxy(t)
		card := storage.Card{CardSummary: walletport.CardSummary{ID: 1, Issuer: "bank"}, WrappedKey: []byte("old")}
		if _, err := s.PutCards(t.Context(), []storage.Card{card}); err != nil {
			t.Fatal(err)
		}
		p.lose("COMMIT\x00")
		_, err := s.Rewrap(t.Context(), []storage.CardRewrapping{{ID: 1, Old: []byte("old"), New: []byte("new"), KEK: "kek/2"}})
		wantUnavailable(t, "Rewrap", err)
		p.wantLoss(t)
	})
	t.Run("a lost answer to a used nonce is not called its reuse", func(t *testing.T) {
		p, s := mustOpenByProxy(t)
		p.lose("INSERT 0 1\x00")
		_, err := useNonce(t, s, 0)
		wantUnavailable(t, "UseNonces", err)
		if fresh, err := useNonce(t, s, 0); fresh || err != nil {
			t.Errorf("UseNonces after it = %v, %v, want reused: the first was recorded", fresh, err)
		}
	})
	t.Run("a server that is gone is unavailable", func(t *testing.T) {
		p, s := mustOpenByProxy(t)
		p.cut()
		wantUnavailable(t, "Ping", s.Ping(t.Context()))
		wantUnavailable(t, "AppendAudit", s.AppendAudit(t.Context(), linkSome(1)))
		_, err := useNonce(t, s, 0)
		wantUnavailable(t, "UseNonces", err)
	})
}

// TestServerErrors lets a trigger answer as the server does in such cases.
func TestServerErrors(t *testing.T) {
	t.Run("a full disk is unavailable", func(t *testing.T) {
		url := migrated(t)
		s := mustOpen(t, url)
		raiseOn(t, url, "audit_entries", atStatement, "53100", 1_000_000)
		wantUnavailable(t, "AppendAudit", s.AppendAudit(t.Context(), linkSome(1)))
		wantChain(t, s, 0)
	})
	for name, code := range map[string]string{"serialization failure": "40001", "deadlock": "40P01"} {
		t.Run("an append is done again after a "+name, func(t *testing.T) {
			url := migrated(t)
			s := mustOpen(t, url)
			raiseOn(t, url, "audit_entries", atStatement, code, 2)
			mustAppend(t, s, 2)
			wantChain(t, s, 2)
		})
	}
	t.Run("attempts end", func(t *testing.T) {
		url := migrated(t)
		s := mustOpen(t, url)
		raiseOn(t, url, "audit_entries", atStatement, "40001", 1_000_000)
		wantUnavailable(t, "AppendAudit", s.AppendAudit(t.Context(), linkSome(1)))
	})
}

func TestOpen(t *testing.T) {
	url := storagetest.Postgres(t)
	t.Run("without a URL it says so", func(t *testing.T) {
		_, err := postgres.Open(t.Context(), postgres.Config{})
		if err == nil || !strings.Contains(err.Error(), "URL") {
			t.Errorf("Open: got error %v, want one that names URL", err)
		}
	})
	t.Run("a URL that cannot be read shows no password", func(t *testing.T) {
		_, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://user:secret-word@host:notaport/db"})
		if err == nil || strings.Contains(err.Error(), "secret-word") {
			t.Errorf("Open: got error %v, want one without the password", err)
		}
	})
	t.Run("a URL that does not wait for the disk is refused", func(t *testing.T) {
		_, err := postgres.Open(t.Context(), postgres.Config{URL: url + "&synchronous_commit=off"})
		if err == nil || !strings.Contains(err.Error(), "synchronous_commit") {
			t.Errorf("Open: got error %v, want one that names synchronous_commit", err)
		}
	})
	t.Run("a server that is not there is unavailable", func(t *testing.T) {
		p, through := newProxy(t, url)
		p.cut()
		_, err := postgres.Open(t.Context(), postgres.Config{URL: through})
		wantUnavailable(t, "Open", err)
	})
	t.Run("one connection is enough", func(t *testing.T) {
		s, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, s, 2)
		wantChain(t, s, 2)
		if got := s.MaxConns(); got != 1 {
			t.Errorf("the pool may hold %d connections, want 1", got)
		}
		before := s.NewConns()
		refusal := errors.New("the linker refuses")
		err = s.AppendAudit(t.Context(), func(storage.AuditHead) ([]storage.AuditEntry, error) { return nil, refusal })
		if !errors.Is(err, refusal) {
			t.Errorf("AppendAudit: got error %v, want the linker's", err)
		}
		mustAppend(t, s, 1)
		if got := s.NewConns(); got != before {
			t.Errorf("a refusal of the linker cost %d connections, want none", got-before)
		}
	})
}

func TestMigrateAtOnce(t *testing.T) {
	const replicas = 4
	url := storagetest.Postgres(t)
	failures := make(chan error, replicas)
	for range replicas {
		go func() {
			s, err := postgres.Open(t.Context(), postgres.Config{URL: url})
			if err != nil {
				failures <- err
				return
			}
			err = s.Migrate(t.Context())
			failures <- errors.Join(err, s.Close())
		}()
	}
	for range replicas {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
}

func mustOpenByProxy(t *testing.T) (*proxy, *postgres.Store) {
	t.Helper()
	p, url := newProxy(t, migrated(t))
	return p, mustOpen(t, url)
}

// entries follow head; the hash of each is that of the one before, counted up.
func entries(head storage.AuditHead, count int) []storage.AuditEntry {
	list := make([]storage.AuditEntry, count)
	hash := head.Hash
	for i := range list {
		next := append([]byte(nil), hash...)
		next[0]++
		list[i] = storage.AuditEntry{
			Seq:    head.Seq + 1 + int64(i),
			Record: walletport.AuditRecord{Time: time.UnixMilli(0).UTC()},
			Hash:   next,
		}
		hash = next
	}
	return list
}

func linkSome(count int) func(storage.AuditHead) ([]storage.AuditEntry, error) {
	return func(head storage.AuditHead) ([]storage.AuditEntry, error) { return entries(head, count), nil }
}

func mustAppend(t *testing.T, s *postgres.Store, count int) {
	t.Helper()
	if err := s.AppendAudit(t.Context(), linkSome(count)); err != nil {
		t.Fatalf("AppendAudit: %v", err)
	}
}

func wantChain(t *testing.T, s *postgres.Store, length int) {
	t.Helper()
	got, err := s.AuditAfter(t.Context(), 0, 1000)
	if err != nil {
		t.Fatalf("AuditAfter: %v", err)
	}
	want := entries(storage.AuditHead{Hash: make([]byte, 32)}, length)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the chain (-want +got):\n%s", diff)
	}
	if head, err := s.AuditHead(t.Context()); err != nil || head.Seq != int64(length) {
		t.Errorf("AuditHead = %d, %v, want %d", head.Seq, err, length)
	}
}

func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	if walletport.ReasonOf(err) != "store_unavailable" {
		t.Errorf("%s: got error %v, want the reason store_unavailable", what, err)
	}
}

// terminateOthers ends all other connections to the database.
func terminateOthers(t *testing.T, url string) {
	t.Helper()
	mustExec(t, url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
}

// When the trigger of raiseOn raises.
const (
	atStatement = "CREATE TRIGGER fail AFTER INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION fail('%s', '%d')"
	atUpdate    = "CREATE TRIGGER fail AFTER UPDATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION fail('%s', '%d')"
	atCommit    = "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail('%s', '%d')"
)

// raiseOn makes the next inserts into a table, or updates of it, fail with an SQLSTATE. A sequence
// counts them, for it is not rolled back.
func raiseOn(t *testing.T, url, table, trigger, sqlState string, times int) {
	t.Helper()
	mustExec(t, url, "CREATE SEQUENCE inserts")
	mustExec(t, url, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('inserts') <= TG_ARGV[1]::bigint THEN
        RAISE EXCEPTION 'asked to fail' USING ERRCODE = TG_ARGV[0];
    END IF;
    RETURN NULL;
END $$`)
	mustExec(t, url, fmt.Sprintf(trigger, table, sqlState, times))
}

func mustExec(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
