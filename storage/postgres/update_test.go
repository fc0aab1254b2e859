package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
)

// counting adds an x to the name of a client, and may append to the chain.
func counting(records int) func(storage.Tx) error {
	return func(tx storage.Tx) error {
		if records > 0 {
			if err := tx.AppendAudit(linkSome(records)); err != nil {
				return err
			}
		}
		return tx.UpdateClient("one", func(c storage.Client) (storage.Client, error) { c.Name += "x"; return c, nil })
	}
}

// mustAddOne adds the client that counting counts in.
func mustAddOne(t *testing.T, s *postgres.Store) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx storage.Tx) error { return tx.AddClient(storage.Client{ID: "one"}) }); err != nil {
		t.Fatal(err)
	}
}

func wantCount(t *testing.T, s *postgres.Store, count, records int) {
	t.Helper()
	if c, err := s.Client(t.Context(), "one"); err != nil || len(c.Name) != count {
		t.Errorf("counted %d, %v, want %d", len(c.Name), err, count)
	}
	wantChain(t, s, records)
}

// TestUpdateOverLostConnections breaks the line at each step of an update.
func TestUpdateOverLostConnections(t *testing.T) {
	open := func(t *testing.T) (*proxy, *postgres.Store) {
		p, s := mustOpenByProxy(t)
		mustAddOne(t, s)
		return p, s
	}
	t.Run("change is called again when the line broke before the commit", func(t *testing.T) {
		for _, when := range []string{"before the first change", "after the last change"} {
			p, s := open(t)
			calls := 0
			err := s.Update(t.Context(), func(tx storage.Tx) error {
				calls++
				if calls == 1 && when == "before the first change" {
					p.breakLines()
				}
				err := counting(1)(tx)
				if calls == 1 && when == "after the last change" {
					p.breakLines()
				}
				return err
			})
			if err != nil || calls != 2 {
				t.Errorf("Update with a line that broke %s: %v after %d calls, want 2 and no error", when, err, calls)
			}
			wantCount(t, s, 1, 1)
		}
	})
	t.Run("sessions that the server ended are left", func(t *testing.T) {
		url := migrated(t)
		s := mustOpen(t, url)
		mustAddOne(t, s)
		terminateOthers(t, url)
		if err := s.Update(t.Context(), counting(0)); err != nil {
			t.Errorf("Update: %v", err)
		}
		calls := 0
		err := s.Update(t.Context(), func(tx storage.Tx) error {
			err := counting(1)(tx)
			if calls++; calls == 1 {
				terminateOthers(t, url)
			}
			return err
		})
		if err != nil || calls != 2 {
			t.Errorf("Update: %v after %d calls, want 2 and no error", err, calls)
		}
		wantCount(t, s, 2, 1)
	})
	t.Run("a commit whose answer was lost is found by its entries", func(t *testing.T) {
		p, s := open(t)
		calls := 0
		p.lose("COMMIT\x00")
		err := s.Update(t.Context(), func(tx storage.Tx) error { calls++; return counting(2)(tx) })
		p.wantLoss(t)
		if err != nil || calls != 1 {
			t.Errorf("Update: %v after %d calls, want 1 and no error", err, calls)
		}
		wantCount(t, s, 1, 2)
		mustAppend(t, s, 1)
		wantChain(t, s, 3)
	})
	t.Run("without entries it is unavailable, and not done again", func(t *testing.T) {
		p, s := open(t)
		calls := 0
		p.lose("COMMIT\x00")
		wantUnavailable(t, "Update", s.Update(t.Context(), func(tx storage.Tx) error { calls++; return counting(0)(tx) }))
		p.wantLoss(t)
		if calls != 1 {
			t.Errorf("%d calls, want 1", calls)
		}
		wantCount(t, s, 1, 0)
	})
	t.Run("where nothing was asked for the server is not asked", func(t *testing.T) {
		p, s := open(t)
		p.dropFrom("COMMIT")
		if err := s.Update(t.Context(), func(storage.Tx) error { return nil }); err != nil || p.broken() != 0 {
			t.Errorf("Update: %v, and %d lines broke at a commit", err, p.broken())
		}
	})
	t.Run("a server that is gone is unavailable", func(t *testing.T) {
		p, s := open(t)
		p.cut()
		wantUnavailable(t, "Update", s.Update(t.Context(), counting(1)))
	})
}

// TestUpdateIsDoneAgain when the server undid it, at a statement and at the commit.
func TestUpdateIsDoneAgain(t *testing.T) {
	for failure, code := range map[string]string{"a serialization failure": "40001", "a deadlock": "40P01"} {
		for when, trigger := range map[string]string{"at a statement": atStatement, "at the commit": atCommit} {
			for _, table := range []string{"clients", "audit_entries"} {
				t.Run(fmt.Sprintf("after %s %s of %s", failure, when, table), func(t *testing.T) {
					url := migrated(t)
					s := mustOpen(t, url)
					mustAddOne(t, s)
					raiseOn(t, url, table, trigger, code, 2)
					calls := 0
					err := s.Update(t.Context(), func(tx storage.Tx) error {
						calls++
						return errors.Join(tx.AddClient(storage.Client{ID: "two"}), counting(2)(tx))
					})
					if err != nil || calls != 3 {
						t.Errorf("Update: %v after %d calls, want 3 and no error", err, calls)
					}
					wantCount(t, s, 1, 2)
				})
			}
		}
	}
	t.Run("attempts end", func(t *testing.T) {
		url := migrated(t)
		s := mustOpen(t, url)
		mustAddOne(t, s)
		raiseOn(t, url, "audit_entries", atCommit, "40001", 1_000_000)
		wantUnavailable(t, "Update", s.Update(t.Context(), counting(1)))
		wantCount(t, s, 0, 0)
	})
	t.Run("other faults end it at once", func(t *testing.T) {
		url := migrated(t)
		s := mustOpen(t, url)
		mustAddOne(t, s)
		raiseOn(t, url, "audit_entries", atStatement, "53100", 1_000_000)
		calls := 0
		wantUnavailable(t, "Update on a full disk", s.Update(t.Context(), func(tx storage.Tx) error { calls++; return counting(1)(tx) }))
		if calls != 1 {
			t.Errorf("change was called %d times, want once", calls)
		}
		wantCount(t, s, 0, 0)
	})
	t.Run("of a fault that change passes over, nothing stands", func(t *testing.T) {
		url := migrated(t)
		s := mustOpen(t, url)
		mustAddOne(t, s)
		raiseOn(t, url, "nonces", atStatement, "53100", 1_000_000)
		err := s.Update(t.Context(), func(tx storage.Tx) error {
			err := counting(1)(tx)
			_, fault := tx.UseNonce(storage.NonceUse{Nonce: storage.Nonce{Issuer: "bank"}})
			wantUnavailable(t, "UseNonce", fault)
			return err
		})
		wantUnavailable(t, "Update", err)
		wantCount(t, s, 0, 0)
	})
	t.Run("the caller's error is told, and the fault below it tried again", func(t *testing.T) {
		url := migrated(t)
		s := mustOpen(t, url)
		mustAddOne(t, s)
		raiseOn(t, url, "nonces", atStatement, "40001", 2)
		refused := walletport.Errorf(walletport.CodeConflict, "refused", "no")
		calls := 0
		err := s.Update(t.Context(), func(tx storage.Tx) error {
			calls++
			if _, err := tx.UseNonce(storage.NonceUse{Nonce: storage.Nonce{Issuer: "bank"}}); err != nil {
				return errors.New("could not use the nonce") // without its cause
			}
			return refused
		})
		if !errors.Is(err, refused) || calls != 3 {
			t.Errorf("Update: %v after %d calls, want the refusal after 3", err, calls)
		}
	})
}

// TestTwoThatWaitForEachOther lets two updates take two rows in opposite orders: the
// server ends one, which is called again.
func TestTwoThatWaitForEachOther(t *testing.T) {
	url := migrated(t)
	s := mustOpen(t, url)
	add := func(id string) func(storage.Tx) error {
		return func(tx storage.Tx) error { return tx.AddClient(storage.Client{ID: id}) }
	}
	for _, id := range []string{"a", "b"} {
		if err := s.Update(t.Context(), add(id)); err != nil {
			t.Fatal(err)
		}
	}
	var both sync.WaitGroup // have taken their first row
	both.Add(2)
	calls := make([]int, 2)
	failures := make([]error, 2)
	var all sync.WaitGroup
	for i, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		all.Go(func() {
			failures[i] = s.Update(t.Context(), func(tx storage.Tx) error {
				calls[i]++
				for n, id := range order {
					err := tx.UpdateClient(id, func(c storage.Client) (storage.Client, error) { c.Name += "x"; return c, nil })
					if err != nil {
						return err
					}
					if n == 0 && calls[i] == 1 {
						both.Done()
						both.Wait()
					}
				}
				return nil
			})
		})
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil || calls[0]+calls[1] != 3 {
		t.Errorf("Update: %v after %v calls, want one to be called twice", err, calls)
	}
	for _, id := range []string{"a", "b"} {
		if c, err := s.Client(t.Context(), id); err != nil || c.Name != "xx" {
			t.Errorf("client %s is at %q, %v, want both changes", id, c.Name, err)
		}
	}
}

// TestTheHeadIsLockedLast has another replica append while an update is under way that
// has asked for its entries already.
func TestTheHeadIsLockedLast(t *testing.T) {
	url := migrated(t)
	s, other := mustOpen(t, url), mustOpen(t, url)
	mustAddOne(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	defer cancel()
	err := s.Update(ctx, func(tx storage.Tx) error {
		err := counting(1)(tx)
		return errors.Join(err, other.AppendAudit(ctx, linkSome(2)))
	})
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	wantCount(t, s, 1, 3)
}

// TestUpdateOfOneConnection has a store with a single connection, which a refusal and a
// panic must give back.
func TestUpdateOfOneConnection(t *testing.T) {
	s := mustOpenOne(t, migrated(t))
	mustAddOne(t, s)
	before := s.NewConns()
	refused := errors.New("refused")
	err := s.Update(t.Context(), func(tx storage.Tx) error { return errors.Join(counting(1)(tx), refused) })
	if !errors.Is(err, refused) {
		t.Errorf("Update: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = s.Update(t.Context(), func(storage.Tx) error { panic(refused) })
	}()
	wantCount(t, s, 0, 0)
	if err := s.Update(t.Context(), counting(1)); err != nil {
		t.Errorf("Update: %v", err)
	}
	wantCount(t, s, 1, 1)
	if got := s.NewConns(); got != before {
		t.Errorf("refusals cost %d connections, want none", got-before)
	}
}

// TestRecordsAlone: updates that change nothing else, at once, each lock the head until its record
// is in the chain.
func TestRecordsAlone(t *testing.T) {
	const callers, each = 8, 10
	s := mustOpen(t, migrated(t))
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				if err := s.Update(t.Context(), func(tx storage.Tx) error { return tx.AppendAudit(linkSome(1)) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	wantChain(t, s, callers*each)
}

// TestTheRowsOfTheFirstStatement end with their error, and leave the connection free.
func TestTheRowsOfTheFirstStatement(t *testing.T) {
	s := mustOpen(t, migrated(t))
	if count, err := s.FirstRows(t.Context(), "SELECT n FROM generate_series(1, 3) AS n"); count != 3 || err != nil {
		t.Errorf("%d rows, %v, want 3", count, err)
	}
	count, err := s.FirstRows(t.Context(), "SELECT 1 / (2 - n) FROM generate_series(1, 3) AS n")
	if failure, is := errors.AsType[*pgconn.PgError](err); !is || failure.Code != "22012" || count != 1 {
		t.Errorf("%d rows, %v, want 1 before a division by zero", count, err)
	}
}
