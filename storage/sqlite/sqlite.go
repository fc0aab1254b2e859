// Package sqlite keeps walletport's rows in one SQLite file: the default engine,
// for one machine. Several processes of that machine may use the file at once.
//
// A commit returns when the disk has it (write-ahead log, synchronous=FULL), in files
// that still have their names: see files.
// SQLite knows one writer at a time, so the store has one connection that writes
// and a pool of others that only read: writers queue in the process, where
// waiting is cheap and cancellable, and readers never wait for them. Writers that
// wait at the same time share a commit: see writers.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	driver "modernc.org/sqlite"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// Config says where the database is.
type Config struct {
	// Path of the database file. It is made when absent, for whom its folder belongs to
	// (see disk.Create); the folder must exist. The files Path-wal and Path-shm belong
	// to it.
	Path string
	// Existing opens only a database that is there, with tables of this program's
	// version: a wrong path must not become a new, empty database.
	Existing bool
}

// Store is a SQLite database. It implements storage.Store.
type Store struct {
	write *sql.DB // one connection
	read  *sql.DB
	files *files

	enqueued jobs.Bell // rung when jobs were enqueued
	writers  *writers
	attempts jobs.Throttle // to write: of those who share a commit half at the most are attempts

	folding  sync.Mutex
	folded   bool // see fold
	closing  sync.Once
	closeErr error

	// The statements are prepared at first use, for before Migrate there may be
	// no tables to prepare them against.
	prepareLock sync.Mutex
	prepared    atomic.Pointer[statements]
}

type statements struct {
	write, read *sqlitedb.Queries
	inserts     *entryInserts // of the writing connection
}

var _ storage.Store = (*Store)(nil)

// Open opens or creates the database file. It changes no tables: see Migrate. With
// Existing its errors are also storage.ErrDatabaseAbsent and those of
// storage.Schema.Check, and it leaves nothing behind.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Path == "" {
		return nil, errors.New("sqlite: Path is missing")
	}
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, fmt.Errorf("database path: %w", err)
	}
	if c.Existing {
		if err := checkThere(ctx, path); err != nil {
			return nil, err
		}
	}
	if err := secureFile(path); err != nil {
		if walletport.ReasonOf(err) == disk.ReasonOwner {
			return nil, err
		}
		return nil, storage.ErrUnavailable(ctx, err)
	}
	// A commit waits for the data of the file, and not for the time of its change, which fsync
	// takes through the journal of the file system. Where there is no fdatasync it is fsync.
	_, _ = driver.Fdatasync(true)
	s := &Store{enqueued: jobs.NewBell(), writers: newWriters(), attempts: jobs.NewThrottle(maxShared / 2)}
	if err := s.open(ctx, path); err != nil {
		return nil, storage.ErrUnavailable(ctx, errors.Join(err, s.Close()))
	}
	return s, nil
}

// checkThere refuses what is no database of this program's version. It looks through
// a connection that can only read, for to open another would turn an empty file into
// a database.
func checkThere(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return storage.ErrDatabaseAbsent(path)
	case err != nil:
		return storage.ErrUnavailable(ctx, err)
	case !info.Mode().IsRegular():
		return storage.ErrUnavailable(ctx, fmt.Errorf("%s is no regular file", path))
	}
	db, err := sql.Open("sqlite", fileURL(path, url.Values{"mode": {"ro"}, "_query_only": {"on"}}))
	if err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	schema, err := schemaOf(ctx, db)
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	return schema.Check()
}

func (s *Store) open(ctx context.Context, path string) error {
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	if s.files, err = watch(path); err != nil {
		return err
	}
	// The writer comes first: it turns the file to WAL, which readers cannot.
	if s.write, err = openPool(ctx, writeURL(path), s.files, 1); err != nil {
		return err
	}
	if err := checkDurable(ctx, s.write); err != nil {
		return err
	}
	if err := s.files.pin(before); err != nil {
		return err
	}
	s.read, err = openPool(ctx, readURL(path), s.files, max(4, runtime.GOMAXPROCS(0)))
	return err
}

// secureFile makes the file if it is absent, for whom its folder belongs to, and
// closes it to others than its owner and group. SQLite gives the files beside it the
// same mode, and as root the same owner; a user whose side files the owner could not
// open is refused.
func secureFile(path string) error {
	f, err := disk.Create(path, disk.Shared)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := disk.CheckBeside(path); err != nil {
		return err
	}
	// The file is not opened here: to close any handle of it would drop the locks
	// that SQLite holds for this process (POSIX fcntl locks).
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	const others = 0o007
	if info.Mode().Perm()&others == 0 {
		return nil
	}
	return os.Chmod(path, info.Mode().Perm()&^others)
}

// busyMilliseconds is how long a connection waits for a writer of another
// process. An import of another process holds the lock for some 50 ms at a time;
// an audit commit is given up after 5 s by default, and this wait is part of it.
const busyMilliseconds = "4000"

// writeURL names the file and what the writing connection needs. SQLite overwrites
// deleted content with zeros (secure_delete), for old wrapped keys must not
// outlive a re-wrap. A transaction takes the write lock when it begins, so that
// none fails in its middle because another process was faster. 32 MB of cache take
// twice as much memory. An import of many cards writes pages in their order, and needs no more;
// what it reads out of order the system has in its own cache.
func writeURL(path string) string {
	return fileURL(path, url.Values{
		"_txlock":       {"immediate"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_pragma":       {"secure_delete(on)", "cache_size(-32768)"},
	})
}

// stageURL is writeURL without a lock at the beginning of a transaction: those that
// only fill a temporary table need none.
func stageURL(path string) string {
	return fileURL(path, url.Values{
		"_txlock":       {"deferred"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_pragma":       {"secure_delete(on)", "cache_size(-65536)"},
	})
}

func readURL(path string) string {
	return fileURL(path, url.Values{"_query_only": {"on"}, "_synchronous": {"FULL"}})
}

func fileURL(path string, query url.Values) string {
	query.Set("_busy_timeout", busyMilliseconds)
	query.Set("_dqs", "false")
	query.Set("_defensive", "true")
	query.Set("_error_rc", "true")
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	return u.String()
}

func openPool(ctx context.Context, name string, f *files, size int) (*sql.DB, error) {
	base, err := driver.NewConnector(name)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector{base, f})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size) // an idle connection keeps its cache and statements
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// statements returns the prepared statements.
func (s *Store) statements(ctx context.Context) (*statements, error) {
	if err := s.files.lost(); err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	if p := s.prepared.Load(); p != nil {
		return p, nil
	}
	s.prepareLock.Lock()
	defer s.prepareLock.Unlock()
	if p := s.prepared.Load(); p != nil {
		return p, nil
	}
	write, err := sqlitedb.Prepare(ctx, s.write)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	read, err := sqlitedb.Prepare(ctx, s.read)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, errors.Join(err, write.Close()))
	}
	inserts, err := prepareEntryInserts(ctx, s.write)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, errors.Join(err, write.Close(), read.Close()))
	}
	p := &statements{write: write, read: read, inserts: inserts}
	s.prepared.Store(p)
	return p, nil
}

// queries returns the statements of the reading connections.
func (s *Store) queries(ctx context.Context) (*sqlitedb.Queries, error) {
	p, err := s.statements(ctx)
	if err != nil {
		return nil, err
	}
	return p.read, nil
}

// uncancelled returns ctx without its end. For a context that can end, database/sql
// and the driver each start a goroutine a statement, which doubles the cost of one
// that takes microseconds and could not be interrupted in time anyway.
func uncancelled(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// Ping reads and writes one row durably: a full disk and a file that became
// read-only show here too.
func (s *Store) Ping(ctx context.Context) error {
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		if err := q.Probe(ctx); err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
}

// Now returns the time of this machine, on which all processes of the file run.
func (s *Store) Now(context.Context) (time.Time, error) { return time.Now(), nil }

// Risks is empty: Open refuses a file that cannot be kept durably.
func (s *Store) Risks(context.Context) ([]string, error) { return nil, nil }

// Close waits for running calls and closes the file.
//
// When other files have the names of the database's, it leaves its own open for the
// end of the process: the last connection to close writes the log into the database
// and deletes it by its name, which by now may be that of another one.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

func (s *Store) close() error {
	if s.write != nil && s.read != nil {
		if err := s.confirm(context.Background()); err != nil && (s.files.orphan.Load() || !s.files.mayFold()) {
			return nil
		}
	}
	var errs []error
	// Readers first: the last connection to close folds the log into the file.
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.files != nil {
		errs = append(errs, s.files.close())
	}
	return errors.Join(errs...)
}
