//go:build unix

package disk_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/walletport/walletport/disk"
)

func TestReadRefusesWhatIsNoRegularFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	must(t, os.Symlink(pipe, filepath.Join(dir, "link")))
	socket, err := net.Listen("unix", filepath.Join(dir, "socket"))
	must(t, err)
	defer socket.Close()
	for _, c := range []struct{ name, path, word string }{
		{"a named pipe that nobody writes to", pipe, "a named pipe"},
		{"a link to one", filepath.Join(dir, "link"), "a named pipe"},
		{"a folder", dir, "a folder"},
		{"a device without an end", "/dev/zero", "a device"},
		{"an empty device", "/dev/null", "a device"},
		{"a socket", filepath.Join(dir, "socket"), "a socket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := disk.Read(c.path, 1<<10)
			wantReason(t, err, "file_kind")
			if !strings.Contains(err.Error(), c.word) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("the error does not name %s and its path: %v", c.word, err)
			}
		})
	}
}

func TestReadIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, bytes.Repeat([]byte("x"), 1024), 0o600))
	if content, err := disk.Read(path, 1024); err != nil || len(content) != 1024 {
		t.Errorf("Read = %d bytes, %v", len(content), err)
	}
	_, err := disk.Read(path, 1023)
	wantReason(t, err, "file_too_large")

	// A sparse file says that it has 10 GB, and takes no room.
	must(t, os.Truncate(path, 10<<30))
	_, err = disk.Read(path, 1<<20)
	wantReason(t, err, "file_too_large")
	if !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("the error does not say the limit: %v", err)
	}
	if _, err := disk.Read(path+".absent", 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
}

func TestUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte("x"), 0o600))
	look := func() fs.FileInfo {
		info, err := os.Stat(path)
		must(t, err)
		return info
	}
	before := look()
	if !disk.Unchanged(before, look()) {
		t.Error("a file that nobody touched counts as changed")
	}
	if disk.Unchanged(nil, before) || disk.Unchanged(before, nil) || disk.Unchanged(nil, nil) {
		t.Error("a look that found nothing counts as the same")
	}
	must(t, os.Chmod(path, 0o640))
	if disk.Unchanged(before, look()) {
		t.Error("another mode is not noticed")
	}
	must(t, os.Chmod(path, 0o600))
	must(t, disk.Replace(path, []byte("y")))
	if disk.Unchanged(before, look()) {
		t.Error("another file is not noticed")
	}
}
