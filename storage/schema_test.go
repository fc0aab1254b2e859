package storage_test

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestEnginesHaveTheSameMigrations: a number means the same in both, so that whoever is told
// the version of a database knows what its tables are.
func TestEnginesHaveTheSameMigrations(t *testing.T) {
	names := func(engine string) []string {
		files, err := filepath.Glob(filepath.Join(engine, "migrations", "*.sql"))
		if err != nil || len(files) == 0 {
			t.Fatalf("the migrations of %s: %d, %v", engine, len(files), err)
		}
		for i, file := range files {
			files[i] = filepath.Base(file)
		}
		return files
	}
	if lite, post := names("sqlite"), names("postgres"); !slices.Equal(lite, post) {
		t.Errorf("SQLite has\n%q\nand PostgreSQL\n%q", lite, post)
	}
}
