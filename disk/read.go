package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/walletport/walletport"
)

// The reasons of this room's errors.
const (
	ReasonKind     = "file_kind"      // what is to be read or replaced is no regular file
	ReasonTooLarge = "file_too_large" // it has more bytes than any good one
	ReasonOwner    = "file_owner"     // this user could not leave it to whom it belongs
)

// Open opens a regular file for reading, and never waits for another process. The
// error is CodeInvalid, reason file_kind, for what is no regular file, else that of
// the operating system.
func Open(path string) (*os.File, error) {
	// To open some devices does something already, so they are looked at first.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkKind(path, info); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil { // it may be another file by now
		err = checkKind(path, info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Read returns the content of a regular file of at most limit bytes. Its errors are
// those of Open, and CodeInvalid, reason file_too_large.
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadOpen(f, limit)
}

// ReadOpen returns what is left to read of f, at most limit bytes. The error is
// CodeInvalid, reason file_too_large, else that of the operating system.
func ReadOpen(f *os.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Size() > limit {
		return nil, errTooLarge(f.Name(), limit)
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1)) // it may grow meanwhile
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		clear(content)
		return nil, errTooLarge(f.Name(), limit)
	}
	return content, nil
}

// Unchanged reports whether two looks at a path found the same file as it was: a
// write that replaces it changes the inode, one into it size or time, and a new owner
// or mode may let in who could not read it. A nil look found nothing, and is never
// the same.
func Unchanged(a, b fs.FileInfo) bool {
	if a == nil || b == nil || !os.SameFile(a, b) {
		return false
	}
	aUID, aGID := owner(a)
	bUID, bGID := owner(b)
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode() && aUID == bUID && aGID == bGID
}

// IsDescriptor reports whether path names an open file of this process, as a
// shell's <(…) does: the caller handed it over, so it may be a pipe.
func IsDescriptor(path string) bool {
	return path == "/dev/stdin" || strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/self/fd/")
}

// ReadArgument returns the content of a file that the caller named: a regular one as
// Read does, or what is to come from a descriptor that they handed over, which may be a
// pipe. Its errors are those of Read and ReadOpen.
func ReadArgument(path string, limit int64) ([]byte, error) {
	if !IsDescriptor(path) {
		return Read(path, limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadOpen(f, limit)
}

func errTooLarge(path string, limit int64) error {
	return walletport.Errorf(walletport.CodeInvalid, ReasonTooLarge, "the file is larger than %s", size(limit)).WithCause(errors.New(path))
}

func size(bytes int64) string {
	const kib, mib = 1 << 10, 1 << 20
	switch {
	case bytes%mib == 0:
		return fmt.Sprintf("%d MiB", bytes/mib)
	case bytes%kib == 0:
		return fmt.Sprintf("%d KiB", bytes/kib)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

func checkKind(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return walletport.Errorf(walletport.CodeInvalid, ReasonKind, "it is %s, not a regular file", kind(info.Mode())).WithCause(errors.New(path))
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}
