//go:build unix

package file_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
)

// serviceUser is a service's user and group, which need not exist.
const serviceUser = 61001

// servedStore is a key store of the service: in its folder, with its files.
func servedStore(t *testing.T) file.Config {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to another user")
	}
	_, c := newStore(t)
	dir := filepath.Dir(c.Path)
	for _, path := range []string{dir, filepath.Join(dir, "key"), c.Path, c.Path + ".lock"} {
		must(t, os.Chown(path, serviceUser, serviceUser))
	}
	for _, folder := range []string{dir, filepath.Dir(dir)} { // both are made by TempDir, for this user alone
		must(t, os.Chmod(folder, 0o755))
	}
	return c
}

func wantServiceFile(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	s := info.Sys().(*syscall.Stat_t)
	if s.Uid != serviceUser || s.Gid != serviceUser || info.Mode().Perm() != mode {
		t.Errorf("%s is %d:%d %04o, want the service's and %04o", filepath.Base(path), s.Uid, s.Gid, info.Mode().Perm(), mode)
	}
}

// asUser acts with the rights of another user and its group; the whole process
// changes.
func asUser(t *testing.T, uid int, act func()) {
	t.Helper()
	must(t, syscall.Setregid(-1, uid))
	must(t, syscall.Setreuid(-1, uid))
	defer func() {
		must(t, syscall.Setreuid(-1, 0))
		must(t, syscall.Setregid(-1, 0))
	}()
	act()
}

func TestChangesOfRootLeaveTheStoreToItsService(t *testing.T) {
	c := servedStore(t)
	server := open(t, c)
	must(t, os.Chmod(c.Path, 0o640))
	must(t, os.Remove(c.Path+".lock"))
	m := mustGenerate(t, open(t, c), keys.Spec{Purpose: keys.VaultKEK, Activate: true})
	wantServiceFile(t, c.Path, 0o640)
	wantServiceFile(t, c.Path+".lock", 0o640)
	asUser(t, serviceUser, func() {
		if server.Refresh(); stale(server) != nil {
			t.Errorf("a running server cannot read it: %v", stale(server))
		}
		if _, ok := open(t, c).Current().ByID(m.ID); !ok {
			t.Error("a server that starts does not find the key")
		}
		mustGenerate(t, open(t, c), keys.Spec{Purpose: keys.VaultKEK})
	})
}

func TestWhatRootMakesBelongsToTheFoldersOwner(t *testing.T) {
	c := servedStore(t)
	c.Path = filepath.Join(filepath.Dir(c.Path), "second.age")
	_, err := file.Create(c)
	must(t, err)
	must(t, file.CreateKeyFile(c.Path+".key"))
	for _, path := range []string{c.Path, c.Path + ".lock", c.Path + ".key"} {
		wantServiceFile(t, path, 0o600)
	}
}

func TestAnotherUsersChangeIsRefusedBeforeAnythingChanges(t *testing.T) {
	c := servedStore(t)
	must(t, os.Chmod(filepath.Dir(c.Path), 0o777)) // a colleague may write into the folder
	must(t, os.Chmod(c.Path, 0o640))
	must(t, os.Remove(c.Path+".lock"))
	colleague := open(t, c)
	before, err := os.ReadFile(c.Path)
	must(t, err)
	asUser(t, 61002, func() {
		_, err = colleague.Generate(t.Context(), keys.Spec{Purpose: keys.VaultKEK})
	})
	wantReason(t, err, "file_owner")
	if !strings.Contains(err.Error(), "61001") || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("the error does not say whose it is: %v", err)
	}
	after, err := os.ReadFile(c.Path)
	must(t, err)
	if string(before) != string(after) {
		t.Error("the store was changed")
	}
	if _, err := os.Lstat(c.Path + ".lock"); err == nil {
		t.Error("a lock was left behind that the service cannot use")
	}
}

func TestAStoreOfAnotherUserIsNamed(t *testing.T) {
	c := servedStore(t)
	server := open(t, c)
	must(t, os.Chown(c.Path, 0, 0))
	defer func() { // what mends it is noticed, though the file is the same
		must(t, os.Chown(c.Path, serviceUser, serviceUser))
		asUser(t, serviceUser, func() { server.Refresh() })
		if stale(server) != nil {
			t.Errorf("a store that was given back still counts as unreadable: %v", stale(server))
		}
	}()
	asUser(t, serviceUser, func() {
		server.Refresh()
		wantReason(t, stale(server), "keystore_permissions")
		_, err := file.Open(c)
		wantReason(t, err, "keystore_permissions")
		if !strings.Contains(err.Error(), "belongs to root:root (mode 0600)") {
			t.Errorf("the error does not say whose it is: %v", err)
		}
	})
}

func TestAStoreBehindALinkStaysThere(t *testing.T) {
	s, c := newStore(t)
	mustGenerate(t, s, keys.Spec{Purpose: keys.VaultKEK})
	linked := c
	linked.Path = filepath.Join(t.TempDir(), "link.age")
	must(t, os.Symlink(c.Path, linked.Path))
	mustGenerate(t, open(t, linked), keys.Spec{Purpose: keys.VaultKEK})
	if n := len(open(t, c).Current().All()); n != 2 {
		t.Errorf("%d keys behind the link, want 2", n)
	}
	info, err := os.Lstat(linked.Path)
	must(t, err)
	if info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	// Operators who come by the link and by the file wait for each other.
	unlock, err := file.Lock(t.Context(), c.Path, 0)
	must(t, err)
	defer unlock()
	linked.LockPatience = time.Millisecond
	_, err = open(t, linked).Generate(t.Context(), keys.Spec{Purpose: keys.VaultKEK})
	wantReason(t, err, "keystore_busy")
}

// A read of a named pipe would wait for a writer for ever: at the start, at each
// look, and at the end, which waits for the look.
func TestOnlyARegularFileIsAKeyStore(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		place        func(t *testing.T, path string)
	}{
		{"a named pipe", "keystore_permissions", func(t *testing.T, path string) { must(t, syscall.Mkfifo(path, 0o600)) }},
		{"a device", "keystore_permissions", func(t *testing.T, path string) { must(t, os.Symlink("/dev/zero", path)) }},
		{"a folder", "keystore_permissions", func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) }},
		{"a file of 10 GB", "keystore_damaged", func(t *testing.T, path string) {
			must(t, os.WriteFile(path, nil, 0o600))
			must(t, os.Truncate(path, 10<<30)) // sparse
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, config := newStore(t)
			mustGenerate(t, server, keys.Spec{Purpose: keys.VaultKEK})
			must(t, os.Remove(config.Path))
			c.place(t, config.Path)
			_, err := file.Open(config)
			wantReason(t, err, c.reason)
			if n := len(server.Refresh().All()); n != 1 {
				t.Errorf("%d keys serve, want the one from before", n)
			}
			wantReason(t, stale(server), c.reason)
			_, err = server.Generate(t.Context(), keys.Spec{Purpose: keys.VaultKEK})
			wantReason(t, err, c.reason)

			keyFile := filepath.Join(t.TempDir(), "key")
			c.place(t, keyFile)
			if _, err := file.KeyFile(keyFile); err == nil {
				t.Error("it was read as a key file")
			}
		})
	}
}
