package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
)

// deeds are what people and programs do to the files of a database that is open.
// word is what the error must say of it.
var deeds = []struct {
	name string
	do   func(t *testing.T, path string)
	word string
	// saved says that what was answered before is found after a kill, in the file that
	// at names; "" is the database's own.
	saved bool
	at    string
}{
	{"the log is removed", func(t *testing.T, path string) { must(t, os.Remove(path+"-wal")) }, "-wal was removed", true, ""},
	{"the database is removed", func(t *testing.T, path string) { must(t, os.Remove(path)) }, "was removed", false, ""},
	{"the index is removed", func(t *testing.T, path string) { must(t, os.Remove(path+"-shm")) }, "-shm was removed", true, ""},
	{"log and index are removed", func(t *testing.T, path string) {
		must(t, os.Remove(path+"-wal"))
		must(t, os.Remove(path+"-shm"))
	}, "-wal was removed", true, ""},
	{"the log is moved away", func(t *testing.T, path string) { must(t, os.Rename(path+"-wal", path+".old")) }, "-wal was removed", true, ""},
	{"the database is moved away", func(t *testing.T, path string) { must(t, os.Rename(path, path+".old")) }, "was removed", true, ".old"},
	{"another database is moved in its place", func(t *testing.T, path string) {
		must(t, os.Rename(path, path+".old"))
		mustMakeDatabase(t, path)
	}, "was replaced", true, ".old"},
	{"another log is put in its place", func(t *testing.T, path string) {
		must(t, os.Rename(path+"-wal", path+".old"))
		must(t, os.WriteFile(path+"-wal", nil, 0o600))
	}, "-wal was replaced", false, ""},
	{"another database is copied over it", func(t *testing.T, path string) {
		mustMakeDatabase(t, path+".other")
		must(t, os.WriteFile(path, mustRead(t, path+".other"), 0o600)) // the same inode
	}, "was overwritten", false, ""},
	{"the log is emptied", func(t *testing.T, path string) {
		must(t, os.Truncate(path+"-wal", 0))
		must(t, os.Truncate(path+"-wal", 100_000))
	}, "-wal was cut off", false, ""},
	{"its folder is renamed", func(t *testing.T, path string) {
		must(t, os.Rename(filepath.Dir(path), filepath.Dir(path)+".old"))
	}, "was removed", false, ""},
}

// TestFilesThatAreTakenAway does each deed under an open store. Nothing is called
// durable from then on, and what was before is lost only if the deed destroyed it.
func TestFilesThatAreTakenAway(t *testing.T) {
	for _, deed := range deeds {
		t.Run(deed.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data", "walletport.db")
			must(t, os.Mkdir(filepath.Dir(path), 0o700))
			s := mustOpen(t, path)
			fill(t, s)
			const answered = 200
			for i := range answered {
				must(t, s.AppendAudit(t.Context(), linkOne))
				if i == answered-20 { // some records lie in the file, others in the log
					mustExec(t, s, "PRAGMA wal_checkpoint(RESTART)")
				}
			}
			deed.do(t, path)
			for name, write := range writes(s) {
				err := write(t.Context())
				wantUnavailable(t, name, err)
				if err == nil || !strings.Contains(err.Error(), deed.word) {
					t.Errorf("%s: the error %v does not say %q", name, err, deed.word)
				}
			}
			_, err := s.Card(t.Context(), 1)
			wantUnavailable(t, "Card, which may be another database's", err)
			if deed.saved {
				if got := wantNoGap(t, mustOpen(t, mustCopy(t, path+deed.at, path+"-wal"))); got != answered {
					t.Errorf("after a kill the chain has %d records, want the %d that were answered", got, answered)
				}
			}
			must(t, s.Close())
		})
	}
}

// TestFilesThatAreTakenAwayBeforeTheCommit does each deed in the middle of a
// transaction: its commit succeeds, in files that nobody will find.
func TestFilesThatAreTakenAwayBeforeTheCommit(t *testing.T) {
	for _, deed := range deeds {
		if strings.Contains(deed.name, "copied") || strings.Contains(deed.name, "emptied") {
			continue // the commit itself may fail, or write what was cut off
		}
		for name, act := range map[string]func(s *sqlite.Store, deed func()) error{
			"AppendAudit": func(s *sqlite.Store, deed func()) error {
				return s.AppendAudit(t.Context(), func(head storage.AuditHead) ([]storage.AuditEntry, error) {
					deed()
					return linkOne(head)
				})
			},
			"Update": func(s *sqlite.Store, deed func()) error {
				return s.Update(t.Context(), func(tx storage.Tx) error {
					deed()
					return tx.AddClient(storage.Client{ID: "two"})
				})
			},
		} {
			t.Run(deed.name+" during "+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "data", "walletport.db")
				must(t, os.Mkdir(filepath.Dir(path), 0o700))
				wantUnavailable(t, name, act(mustOpen(t, path), func() { deed.do(t, path) }))
			})
		}
	}
}

// TestWhatWasTakenAwayStaysLost puts the file back: meanwhile another process may
// have opened what stood in its place.
func TestWhatWasTakenAwayStaysLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.db")
	s := mustOpen(t, path)
	must(t, os.Rename(path, path+".old"))
	wantUnavailable(t, "Ping", s.Ping(t.Context()))
	must(t, os.Rename(path+".old", path))
	wantUnavailable(t, "Ping with the file back", s.Ping(t.Context()))
	must(t, s.Close())
	must(t, mustOpen(t, path).Ping(t.Context()))
}

// TestADatabaseInItsPlaceIsLeftAlone closes a store whose name leads to another
// database, with a log of its own: that log must stay.
func TestADatabaseInItsPlaceIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.db")
	s := mustOpen(t, path)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		must(t, os.Rename(path+suffix, path+".old"+suffix))
	}
	other := mustOpen(t, path)
	must(t, other.AppendAudit(t.Context(), linkOne))
	must(t, s.Close())
	must(t, other.AppendAudit(t.Context(), linkOne))
	if got := wantNoGap(t, mustOpen(t, mustCopy(t, path, path+"-wal"))); got != 2 {
		t.Errorf("after a kill the chain in its place has %d records, want 2", got)
	}
}

// TestWhatOthersMayDo is no loss: another process opens and closes the database, makes
// it smaller, and empties the log in SQLite's own way.
func TestWhatOthersMayDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.db")
	s := mustOpen(t, path)
	for range 300 {
		must(t, s.AppendAudit(t.Context(), bulky))
	}
	other := mustOpen(t, path)
	for _, statement := range []string{
		"PRAGMA wal_checkpoint(TRUNCATE)", "DELETE FROM audit_entries WHERE seq < 300", "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM",
		"PRAGMA wal_checkpoint(TRUNCATE)",
	} {
		mustExec(t, other, statement)
		if err := s.AppendAudit(t.Context(), bulky); err != nil {
			t.Errorf("AppendAudit after %s: %v", statement, err)
		}
	}
	must(t, other.Close())
	must(t, s.AppendAudit(t.Context(), bulky))
}

// TestABackupThatIsCopiedOverTheDatabase is noticed although the log goes on from a
// database that was much the same.
func TestABackupThatIsCopiedOverTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.db")
	s := mustOpen(t, path)
	fold := func() {
		for range 60 {
			must(t, s.AppendAudit(t.Context(), bulky))
		}
		mustExec(t, s, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	fold()
	mustExec(t, s, "VACUUM INTO '"+path+".backup'")
	fold()
	must(t, s.AppendAudit(t.Context(), bulky))
	must(t, os.WriteFile(path, mustRead(t, path+".backup"), 0o600))
	err := s.AppendAudit(t.Context(), bulky)
	wantUnavailable(t, "AppendAudit", err)
	if err == nil || !strings.Contains(err.Error(), "was overwritten") {
		t.Errorf("the error is %v", err)
	}
}

// TestADatabaseThatShrankAndGrewMeanwhile is none that was overwritten: another process
// makes the file smaller, and writes so much into the log that the database is larger
// than before, while this one is idle.
func TestADatabaseThatShrankAndGrewMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.db")
	s := mustOpen(t, path)
	for range 100 {
		must(t, s.AppendAudit(t.Context(), bulky))
	}
	mustExec(t, s, "PRAGMA wal_checkpoint(TRUNCATE)")
	must(t, s.Ping(t.Context()))
	other := mustOpen(t, path)
	for _, statement := range []string{"DELETE FROM audit_entries WHERE seq < 100", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		mustExec(t, other, statement)
	}
	for range 150 {
		must(t, other.AppendAudit(t.Context(), bulky))
	}
	if err := s.AppendAudit(t.Context(), bulky); err != nil {
		t.Errorf("AppendAudit: %v", err)
	}
	must(t, other.Close())
}

func TestALinkToTheDatabaseIsFollowed(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "disk"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "disk", "real.db"), nil, 0o600))
	link := filepath.Join(dir, "walletport.db")
	must(t, os.Symlink(filepath.Join("disk", "real.db"), link))
	s := mustOpen(t, link)
	must(t, s.Ping(t.Context()))
	must(t, os.Remove(filepath.Join(dir, "disk", "real.db-wal")))
	wantUnavailable(t, "Ping without its log", s.Ping(t.Context()))
}

func TestALogThatDoesNotWaitForTheDiskIsRefused(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "walletport.db"))
	must(t, sqlite.CheckDurable(t.Context(), s.WriteDB()))
	mustExec(t, s, "PRAGMA synchronous = NORMAL")
	if err := sqlite.CheckDurable(t.Context(), s.WriteDB()); err == nil || !strings.Contains(err.Error(), "synchronous 1") {
		t.Errorf("CheckDurable = %v, want a refusal of synchronous=NORMAL", err)
	}
	mustExec(t, s, "PRAGMA synchronous = FULL")
}

// fill stores what the writes change.
func fill(t *testing.T, s *sqlite.Store) {
	t.Helper()
	card := storage.Card{CardSummary: walletport.CardSummary{ID: 1, Issuer: "bank"}, WrappedKey: []byte("old")}
	_, err := s.PutCards(t.Context(), []storage.Card{card})
	must(t, err)
	must(t, s.Update(t.Context(), func(tx storage.Tx) error { return tx.AddClient(storage.Client{ID: "one"}) }))
}

// writes are all calls that promise a durable change.
func writes(s *sqlite.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Ping":        s.Ping,
		"AppendAudit": func(ctx context.Context) error { return s.AppendAudit(ctx, linkOne) },
		"AddCheckpoint": func(ctx context.Context) error {
			return s.AddCheckpoint(ctx, storage.Checkpoint{Seq: 1})
		},
		"UseNonces": func(ctx context.Context) error {
			_, err := s.UseNonces(ctx, make([]storage.NonceUse, 1))
			return err
		},
		"ForgetNonces": func(ctx context.Context) error {
			_, err := s.ForgetNonces(ctx, time.UnixMilli(1), 1)
			return err
		},
		"ClaimAnswer": func(ctx context.Context) error {
			_, err := s.ClaimAnswer(ctx, storage.AnswerLease{})
			return err
		},
		"KeepAnswer": func(ctx context.Context) error {
			_, err := s.KeepAnswer(ctx, walletport.AnswerClaim{}, walletport.KeptAnswer{Status: 200})
			return err
		},
		"DropAnswer": func(ctx context.Context) error { return s.DropAnswer(ctx, walletport.AnswerClaim{}) },
		"ForgetAnswers": func(ctx context.Context) error {
			_, err := s.ForgetAnswers(ctx, time.UnixMilli(1), 1)
			return err
		},
		"PutCards": func(ctx context.Context) error {
			_, err := s.PutCards(ctx, []storage.Card{{CardSummary: walletport.CardSummary{ID: 2, Issuer: "bank"}}})
			return err
		},
		"Rewrap": func(ctx context.Context) error {
			_, err := s.Rewrap(ctx, []storage.CardRewrapping{{ID: 1, Old: []byte("old"), New: []byte("new"), KEK: "kek/2"}})
			return err
		},
		"Update": func(ctx context.Context) error {
			return s.Update(ctx, func(tx storage.Tx) error { return tx.AddClient(storage.Client{ID: "two"}) })
		},
		"Update of the trail": func(ctx context.Context) error {
			return s.Update(ctx, func(tx storage.Tx) error { return tx.AppendAudit(linkOne) })
		},
	}
}

// mustMakeDatabase makes a database with an empty chain.
func mustMakeDatabase(t *testing.T, path string) {
	t.Helper()
	made := filepath.Join(t.TempDir(), "made.db")
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: made})
	must(t, err)
	must(t, s.Migrate(t.Context()))
	must(t, s.Close())
	must(t, os.WriteFile(path, mustRead(t, made), 0o600))
}

// mustCopy copies what a killed process leaves of a database, and returns where to.
func mustCopy(t *testing.T, data, log string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "copy.db")
	must(t, os.WriteFile(copied, mustRead(t, data), 0o600))
	if content, err := os.ReadFile(log); err == nil {
		must(t, os.WriteFile(copied+"-wal", content, 0o600))
	}
	return copied
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
