package storage

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/walletport/walletport"
)

// Schema says which version the tables of a database have, and which one this
// program works with. A version is the number of a migration.
type Schema struct {
	Found  int64 // 0 before there are any tables
	Wanted int64
}

// Check returns nil where the program may read and write the tables as they are.
// Errors, all CodeUnsupported: reason schema_missing without tables, schema_older
// where migrations are pending, schema_newer where a newer program migrated them.
func (s Schema) Check() error {
	switch {
	case s.Found > s.Wanted:
		return s.CheckMigration()
	case s.Found == 0:
		return walletport.Errorf(walletport.CodeUnsupported, "schema_missing",
			"the database is empty: if it is the right one, walletport migrate makes its tables (schema version %d)", s.Wanted)
	case s.Found < s.Wanted:
		return walletport.Errorf(walletport.CodeUnsupported, "schema_older",
			"the database has schema version %d and this program needs %d: make a backup, then run walletport migrate", s.Found, s.Wanted)
	}
	return nil
}

// CheckMigration returns nil where the program may bring the tables to its version.
// It never takes them back: CodeUnsupported, reason schema_newer.
func (s Schema) CheckMigration() error {
	if s.Found <= s.Wanted {
		return nil
	}
	return walletport.Errorf(walletport.CodeUnsupported, "schema_newer",
		"the database has schema version %d, newer than the %d that this program knows: run the newer program, or restore the backup made before its migration", s.Found, s.Wanted)
}

// ErrDatabaseAbsent returns the answer for a database that has to be there and is not.
func ErrDatabaseAbsent(place string) *walletport.Error {
	return walletport.Errorf(walletport.CodeNotFound, "database_absent",
		"there is no database at %s: check database.url; walletport migrate makes a new one", place)
}

// NewestMigration returns the highest number that the migrations' names begin with.
func NewestMigration(migrations fs.FS) (int64, error) {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return 0, err
	}
	newest := int64(0)
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s: its name begins with no number", name)
		}
		newest = max(newest, version)
	}
	return newest, nil
}
