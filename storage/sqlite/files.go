package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// files watches that the names of the database lead to the files that its
// connections have open.
//
// A file that is removed or replaced lives on for those who have it open: SQLite
// writes its log, waits for the disk and reports a durable commit, which nobody will
// find. So every commit is followed by a look at the names. The look comes after the
// commit and before anybody is told of it. A look before it would say nothing about
// what happens until the commit; after it, a name that leads to the file which has
// the commit shows that whoever opens the database next will find it. What is taken
// away later than that was durable, and somebody deleted it.
//
// What was lost stays lost until the program is started again, even if the file comes
// back: meanwhile another process may have opened what stood in its place.
type files struct {
	path string // as configured; links are followed at each look
	real string // without links: the log and its index are beside it

	lock   sync.Mutex
	opened [fileKinds]fs.FileInfo // nil before pin
	log    *os.File               // the log, to look at its header
	last   fs.FileInfo            // the database file when it was last found good

	fault  atomic.Pointer[error] // why the store is lost; nil while all is well
	orphan atomic.Bool           // the name of the database leads elsewhere, or its content is another
}

// The files of a database.
const (
	dataFile = iota
	logFile  // Path-wal
	indexFile
	fileKinds
)

var fileNames = [fileKinds]string{dataFile: "the database file", logFile: "the log (-wal)", indexFile: "the log's index (-shm)"}

func watch(path string) (*files, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	return &files{path: path, real: real}, nil
}

func (f *files) name(kind int) string {
	switch kind {
	case logFile:
		return f.real + "-wal"
	case indexFile:
		return f.real + "-shm"
	}
	return f.path
}

// pin notes which files are open now. before is the database file as it was before
// the first connection opened it.
func (f *files) pin(before fs.FileInfo) error {
	f.lock.Lock()
	defer f.lock.Unlock()
	var found [fileKinds]fs.FileInfo
	for kind := range found {
		info, err := os.Stat(f.name(kind))
		if err != nil {
			return err
		}
		found[kind] = info
	}
	if !os.SameFile(before, found[dataFile]) {
		return errors.New("the database file was replaced while it was opened")
	}
	log, err := os.Open(f.name(logFile)) // SQLite holds no locks on this one that a close would drop
	if err != nil {
		return err
	}
	f.opened, f.log, f.last = found, log, found[dataFile]
	return nil
}

// lost returns why the store is lost, nil while it is not.
func (f *files) lost() error {
	if fault := f.fault.Load(); fault != nil {
		return *fault
	}
	return nil
}

// look reports which file is no longer the one that is open. When somebody wrote to
// the database file since it was last found good, which SQLite does at a checkpoint,
// it returns how it was and how it is.
func (f *files) look() (before, now fs.FileInfo, err error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.opened[dataFile] == nil {
		return nil, nil, nil
	}
	var found [fileKinds]fs.FileInfo
	for kind := range found {
		found[kind], err = os.Stat(f.name(kind))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, nil, f.lose(kind, "was removed or renamed")
		case err != nil:
			return nil, nil, fmt.Errorf("look for %s: %w", fileNames[kind], err) // it may be there: ask again
		case !os.SameFile(found[kind], f.opened[kind]):
			return nil, nil, f.lose(kind, "was replaced by another")
		}
	}
	if !f.hasHeader() {
		return nil, nil, f.lose(logFile, "was cut off")
	}
	if now = found[dataFile]; now.Size() != f.last.Size() || !now.ModTime().Equal(f.last.ModTime()) {
		return f.last, now, nil
	}
	return nil, nil, nil
}

// found notes that the database file was found good.
func (f *files) found(now fs.FileInfo) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.last = now
}

// hasHeader reports whether the log is empty, which it may be after a checkpoint, or
// begins as one. Who empties it by other means leaves a hole where the header was.
func (f *files) hasHeader() bool {
	const magic = 0x377f0682 // or one more, by the order of bytes in its checksums
	var head [4]byte
	n, err := f.log.ReadAt(head[:], 0)
	if n == 0 && errors.Is(err, io.EOF) {
		return true
	}
	return err == nil && binary.BigEndian.Uint32(head[:])&^1 == magic
}

func (f *files) lose(kind int, how string) error {
	if fault := f.lost(); fault != nil {
		return fault
	}
	err := fmt.Errorf("%s %s %s while it was open: nothing is recorded until the program is started again (docs/operations.md)",
		fileNames[kind], filepath.Base(f.name(kind)), how)
	f.orphan.Store(kind == dataFile)
	f.fault.Store(&err)
	return err
}

// mayFold reports whether the log may be written into the database file: what the
// file holds must be what the log was written for, and no other process may have
// begun a log of its own.
func (f *files) mayFold() bool {
	f.lock.Lock()
	defer f.lock.Unlock()
	for _, kind := range []int{logFile, indexFile} {
		info, err := os.Stat(f.name(kind))
		if err == nil && !os.SameFile(info, f.opened[kind]) {
			return false
		}
	}
	info, err := os.Stat(f.name(dataFile))
	overwritten := err == nil && os.SameFile(info, f.opened[dataFile]) && f.orphan.Load()
	return !overwritten && f.hasHeader()
}

// close lets go of the log.
func (f *files) close() error {
	if f.log == nil {
		return nil
	}
	return f.log.Close()
}

// connector opens connections to the files that were pinned, and to no others: a pool
// that opens one more after the file was replaced would read another database.
type connector struct {
	sqldriver.Connector
	files *files
}

// Connect looks before, for to open and close a connection to the wrong database
// would write the log of this one into it, and after.
func (c connector) Connect(ctx context.Context) (sqldriver.Conn, error) {
	if err := c.files.check(); err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.files.check(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (f *files) check() error {
	if err := f.lost(); err != nil {
		return err
	}
	_, _, err := f.look()
	return err
}

// confirm says whether a commit that was made is durable, and whether another one may
// be made: see files.
func (s *Store) confirm(ctx context.Context) error {
	if err := s.files.lost(); err != nil {
		return err
	}
	before, now, err := s.files.look()
	if err == nil && now != nil {
		if err = s.verify(ctx, before, now); err == nil {
			s.files.found(now)
		}
	}
	if err == nil || s.files.lost() == nil {
		return err
	}
	return s.fold(err)
}

// verify asks SQLite whether a database file that was written to is still its own.
// Who copies another file over it leaves its name and its inode, but the records in
// the log no longer belong to what is below them.
func (s *Store) verify(ctx context.Context, before, now fs.FileInfo) error {
	whole := context.WithoutCancel(ctx)
	ctx, cancel := context.WithTimeout(whole, verifyTime)
	defer cancel()
	// A reader keeps no page over a commit of another connection, so it reads the file.
	var head, entry []byte
	const lastRecord = `SELECT h.hash, e.hash FROM audit_head AS h LEFT JOIN audit_entries AS e ON e.seq = h.seq WHERE h.seq > 0`
	err := s.read.QueryRowContext(ctx, lastRecord).Scan(&head, &entry)
	switch {
	case errors.Is(err, sql.ErrNoRows) || isCode(err, sqlite3.SQLITE_ERROR): // no records, no tables yet
	case isCode(err, sqlite3.SQLITE_CORRUPT) || isCode(err, sqlite3.SQLITE_NOTADB):
		return s.files.overwritten()
	case err != nil:
		return err
	case !bytes.Equal(head, entry):
		return s.files.overwritten()
	}
	if now.Size() >= before.Size() {
		return nil
	}
	// It is smaller. After a VACUUM it is so by SQLite's own count too.
	var pages, size int64
	err = errors.Join(
		s.read.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages),
		s.read.QueryRowContext(ctx, "PRAGMA page_size").Scan(&size))
	if err == nil && pages*size >= before.Size() {
		return s.verifyWhole(whole)
	}
	return err
}

// verifyWhole looks at all pages. Either another database was copied over the file, or
// it was made smaller and has grown again in the log since the last look.
func (s *Store) verifyWhole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, verifyWholeTime)
	defer cancel()
	var verdict string
	if err := s.read.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil || verdict != "ok" {
		return s.files.overwritten()
	}
	return nil
}

const (
	// verifyTime bounds what a commit waits for verify.
	verifyTime = 2 * time.Second
	// verifyWholeTime bounds what it waits in the rare case that needs verifyWhole.
	// SQLite reads some hundred megabytes a second; calls are answered 503 meanwhile.
	verifyWholeTime = 30 * time.Second
)

func isCode(err error, code int) bool {
	fault, ok := errors.AsType[*driver.Error](err)
	return ok && fault.Code()&0xff == code
}

func (f *files) overwritten() error {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.lose(dataFile, "was overwritten")
}

// fold writes what the log holds into the database file, wherever that is now: the
// records that were answered before the loss are in it alone, if not yet in the file.
// After it, a log that still has its name is empty, and spoils no database that was
// put in the place of this one.
func (s *Store) fold(fault error) error {
	s.folding.Lock()
	defer s.folding.Unlock()
	if s.folded {
		return fault
	}
	s.folded = true
	if !s.files.mayFold() {
		return fault
	}
	var busy, logged, done int64
	row := s.write.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)") // whoever asks: it must be done
	switch err := row.Scan(&busy, &logged, &done); {
	case err != nil:
		return fmt.Errorf("%w; what the log held was not saved: %w", fault, err)
	case busy != 0:
		return fmt.Errorf("%w; what the log held was not saved: another process reads", fault)
	}
	return fault
}

// checkDurable refuses a connection whose commits would not wait for the disk.
func checkDurable(ctx context.Context, db *sql.DB) error {
	var journal string
	var synchronous, tables int
	err := errors.Join(
		db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables), // the first read opens the log
		db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal),
		db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous))
	if err != nil {
		return err
	}
	const full = 2
	if journal != "wal" || synchronous < full {
		return fmt.Errorf("SQLite cannot keep a write-ahead log here that waits for the disk (journal_mode is %s, synchronous %d): "+
			"put the database on a local disk", journal, synchronous)
	}
	return nil
}
