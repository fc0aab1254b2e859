package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/walletport/walletport/vault"
)

// otherFiles are names of files that are no rows yet. The import says what they are.
var otherFiles = []string{"gz", "zip", "bz2", "xz", "zst", "7z", "xlsx", "xls", "xlsm", "ods", "pgp", "gpg", "asc", "age"}

func importFormat(name, path string) (vault.ImportFormat, error) {
	if name == "" {
		name = strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	}
	switch {
	case name == "csv", slices.Contains(otherFiles, name):
		return vault.CSV, nil
	case name == "jsonl", name == "ndjson", name == "json":
		return vault.JSONLines, nil
	}
	return "", usagef("say --format csv or --format jsonl: the file's name does not tell")
}

// seekable is a file that can be read more than once.
type seekable interface {
	io.ReadSeeker
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// importFile is the file as it is read: it keeps count and digest.
type importFile struct {
	io.ReadCloser
	size   int64    // -1 when that is unknown
	file   seekable // nil of a pipe
	opened fs.FileInfo
	read   int64
	digest hash.Hash
}

func openImport(stdin io.Reader, path string) (*importFile, error) {
	if path == "-" {
		return &importFile{ReadCloser: io.NopCloser(stdin), size: -1, digest: sha256.New()}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	file := &importFile{ReadCloser: f, size: -1, digest: sha256.New(), opened: info}
	if info.Mode().IsRegular() {
		file.size, file.file = info.Size(), f
	}
	return file, nil
}

// Read implements io.Reader. It keeps nothing of what it reads but the digest's state.
func (f *importFile) Read(to []byte) (int, error) {
	n, err := f.ReadCloser.Read(to)
	f.read += int64(n)
	f.digest.Write(to[:n])
	return n, err
}

// digestAhead reads a file once before it is imported, and returns "" for a pipe.
func (f *importFile) digestAhead() (string, error) {
	if f.file == nil {
		return "", nil
	}
	digest, buffer := sha256.New(), make([]byte, 64<<10)
	defer clear(buffer)
	// The file's own WriteTo would copy through a buffer that nobody wipes.
	if _, err := io.CopyBuffer(digest, struct{ io.Reader }{f.file}, buffer); err != nil {
		return "", fmt.Errorf("read the file: %w", err)
	}
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read the file: %w", err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// again reads the file once more from its beginning, beside what reads it already. It is the file
// that was opened, also where another one has its name now: rows and what they are found by must
// come from one file.
func (f *importFile) again() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(f.file, 0, math.MaxInt64)), nil
}

// changed reports whether somebody has written to the file since it was opened.
func (f *importFile) changed() (bool, error) {
	now, err := f.file.Stat()
	if err != nil {
		return false, err
	}
	return now.Size() != f.opened.Size() || !now.ModTime().Equal(f.opened.ModTime()), nil
}
