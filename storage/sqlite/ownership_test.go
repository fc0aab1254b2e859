//go:build unix

package sqlite_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage/sqlite"
)

// serviceUser is a service's user and group, which need not exist.
const serviceUser = 61001

// serviceFolder is a folder of the service, which all may reach.
func serviceFolder(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to another user")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, serviceUser, serviceUser); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{dir, filepath.Dir(dir)} { // both are made by TempDir, for this user alone
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// asUser acts with the rights of another user and its group; the whole process
// changes.
func asUser(t *testing.T, uid int, act func()) {
	t.Helper()
	become := func(uid int, change ...func(int, int) error) {
		for _, set := range change {
			if err := set(-1, uid); err != nil {
				t.Fatal(err)
			}
		}
	}
	become(uid, syscall.Setregid, syscall.Setreuid)
	defer become(0, syscall.Setreuid, syscall.Setregid)
	act()
}

func wantServiceFile(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != serviceUser || s.Gid != serviceUser {
		t.Errorf("%s belongs to %d:%d, want the service", filepath.Base(path), s.Uid, s.Gid)
	}
}

// An operator who is root must not make files beside the service's database that it
// cannot open.
func TestFilesOfRootBelongToTheService(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, path string)
	}{
		{"a database that root makes in the service's folder", func(*testing.T, string) {}},
		{"a database of the service that root opens", func(t *testing.T, path string) {
			asUser(t, serviceUser, func() { mustClose(t, mustOpen(t, path)) })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(serviceFolder(t), "walletport.db")
			c.prepare(t, path)
			operator := mustOpen(t, path)
			if err := operator.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, suffix := range []string{"", "-wal", "-shm"} {
				wantServiceFile(t, path+suffix)
			}
			asUser(t, serviceUser, func() {
				service, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
				if err != nil {
					t.Fatalf("the service cannot open its database beside the operator: %v", err)
				}
				if err := service.Ping(t.Context()); err != nil {
					t.Errorf("the service cannot write: %v", err)
				}
				mustClose(t, service)
			})
		})
	}
}

func TestAUserWhoseFilesTheServiceCouldNotOpenIsRefused(t *testing.T) {
	dir := serviceFolder(t)
	path := filepath.Join(dir, "walletport.db")
	asUser(t, serviceUser, func() { mustClose(t, mustOpen(t, path)) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		t.Fatal(err)
	}
	asUser(t, 61002, func() {
		_, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
		if walletport.ReasonOf(err) != "file_owner" {
			t.Errorf("Open by another user: %v", err)
		}
	})
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Lstat(path + suffix); err == nil {
			t.Errorf("%s was made", suffix)
		}
	}
}

func TestANamedPipeIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.db")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	wantUnavailable(t, "Open", err)
}
