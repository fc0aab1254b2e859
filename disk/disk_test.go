//go:build unix

package disk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/disk"
)

// The users of these tests: a service, a colleague in its group, a stranger.
const (
	serviceUID, serviceGID = 61001, 61001
	colleagueUID           = 61002
	strangerUID            = 61003
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	if got := walletport.ReasonOf(err); got != reason {
		t.Fatalf("reason %q, want %q (%v)", got, reason, err)
	}
}

// needRoot skips what only root can try: to be several users.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to another user")
	}
}

// folderOf makes a folder of that owner, group and mode, which all may reach.
func folderOf(t *testing.T, uid, gid int, mode fs.FileMode) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "folder")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chown(dir, uid, gid))
	must(t, os.Chmod(dir, mode))
	parent := filepath.Dir(dir)
	for _, above := range []string{parent, filepath.Dir(parent)} { // both are made by TempDir, for this user alone
		must(t, os.Chmod(above, 0o755))
	}
	return dir
}

func fileOf(t *testing.T, path string, uid, gid int, mode fs.FileMode) {
	t.Helper()
	must(t, os.WriteFile(path, []byte("old"), 0o600))
	must(t, os.Chown(path, uid, gid))
	must(t, os.Chmod(path, mode))
}

func wantOwner(t *testing.T, path string, uid, gid int, mode fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	s := info.Sys().(*syscall.Stat_t)
	if int(s.Uid) != uid || int(s.Gid) != gid || info.Mode().Perm() != mode {
		t.Errorf("%s is %d:%d %04o, want %d:%d %04o", filepath.Base(path), s.Uid, s.Gid, info.Mode().Perm(), uid, gid, mode)
	}
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	must(t, err)
	if string(got) != want {
		t.Errorf("%s holds %q, want %q", filepath.Base(path), got, want)
	}
}

// as runs act with the rights of another user. Tests that use it are not parallel:
// the whole process changes.
func as(t *testing.T, uid, gid int, act func()) {
	t.Helper()
	must(t, syscall.Setgroups([]int{gid}))
	must(t, syscall.Setregid(-1, gid))
	must(t, syscall.Setreuid(-1, uid))
	defer func() {
		must(t, syscall.Setreuid(-1, 0))
		must(t, syscall.Setregid(-1, 0))
		must(t, syscall.Setgroups(nil))
	}()
	act()
}

func TestReplaceKeepsOwnership(t *testing.T) {
	t.Run("root keeps owner, group and mode of a service's file", func(t *testing.T) {
		needRoot(t)
		path := filepath.Join(folderOf(t, serviceUID, serviceGID, 0o755), "store")
		fileOf(t, path, serviceUID, serviceGID, 0o640)
		must(t, disk.Replace(path, []byte("new")))
		wantOwner(t, path, serviceUID, serviceGID, 0o640)
		wantContent(t, path, "new")
		as(t, serviceUID, serviceGID, func() { wantContent(t, path, "new") })
	})
	t.Run("the owner keeps the mode", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "store")
		fileOf(t, path, os.Geteuid(), os.Getegid(), 0o440)
		must(t, disk.Replace(path, []byte("new")))
		wantOwner(t, path, os.Geteuid(), os.Getegid(), 0o440)
	})
	t.Run("another user changes nothing and is told who can", func(t *testing.T) {
		needRoot(t)
		dir := folderOf(t, serviceUID, serviceGID, 0o770)
		path := filepath.Join(dir, "store")
		fileOf(t, path, serviceUID, serviceGID, 0o660)
		as(t, colleagueUID, serviceGID, func() {
			wantReason(t, disk.CheckReplace(path), "file_owner")
			wantReason(t, disk.Replace(path, []byte("new")), "file_owner")
		})
		wantContent(t, path, "old")
		wantOwner(t, path, serviceUID, serviceGID, 0o660)
		wantAlone(t, dir, "store")
	})
	t.Run("a link is followed and stays", func(t *testing.T) {
		needRoot(t)
		dir := folderOf(t, serviceUID, serviceGID, 0o755)
		elsewhere := folderOf(t, strangerUID, strangerUID, 0o755)
		fileOf(t, filepath.Join(elsewhere, "real"), strangerUID, serviceGID, 0o640)
		must(t, os.Symlink(filepath.Join(elsewhere, "real"), filepath.Join(dir, "between")))
		must(t, os.Symlink("between", filepath.Join(dir, "store")))
		must(t, disk.Replace(filepath.Join(dir, "store"), []byte("new")))
		wantContent(t, filepath.Join(elsewhere, "real"), "new")
		wantOwner(t, filepath.Join(elsewhere, "real"), strangerUID, serviceGID, 0o640)
		for _, link := range []string{"store", "between"} {
			if info, err := os.Lstat(filepath.Join(dir, link)); err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("%s is no link any more", link)
			}
		}
	})
	t.Run("a link that leads nowhere is not written through", func(t *testing.T) {
		dir := t.TempDir()
		must(t, os.Symlink(filepath.Join(dir, "victim"), filepath.Join(dir, "store")))
		if err := disk.Replace(filepath.Join(dir, "store"), []byte("new")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Replace: %v", err)
		}
		wantAlone(t, dir, "store")
	})
	t.Run("a folder in its place is refused", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "store")
		must(t, os.Mkdir(path, 0o700))
		wantReason(t, disk.Replace(path, nil), "file_kind")
	})
	t.Run("without a file before, it is made as Create makes it", func(t *testing.T) {
		needRoot(t)
		path := filepath.Join(folderOf(t, serviceUID, serviceGID, 0o700), "store")
		must(t, disk.Replace(path, []byte("new")))
		wantOwner(t, path, serviceUID, serviceGID, 0o600)
	})
}

func wantAlone(t *testing.T, dir, name string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 1 || files[0].Name() != name {
		t.Errorf("the folder holds %v, want %s alone", files, name)
	}
}

func TestCreateTakesTheFoldersOwnership(t *testing.T) {
	needRoot(t)
	for _, c := range []struct {
		name             string
		by, byGroup      int
		folderUID        int
		folderGID        int
		folderMode       fs.FileMode
		limit            fs.FileMode
		wantUID, wantGID int
		wantMode         fs.FileMode // 0 when refused
	}{
		{"root in a service's folder", 0, 0, serviceUID, serviceGID, 0o755, disk.Shared, serviceUID, serviceGID, 0o600},
		{"root in its own folder", 0, 0, 0, 0, 0o750, disk.Shared, 0, 0, 0o600},
		{"root in its folder for a service's group", 0, 0, 0, serviceGID, 0o750, disk.Shared, 0, serviceGID, 0o640},
		{"and the group may write there", 0, 0, 0, serviceGID, 0o770, disk.Shared, 0, serviceGID, 0o660},
		{"but not a secret", 0, 0, 0, serviceGID, 0o770, disk.Secret, 0, serviceGID, 0o640},
		{"but nobody's group when others may enter too", 0, 0, 0, serviceGID, 0o755, disk.Shared, 0, serviceGID, 0o600},
		{"root in a user's folder that a wide group may read", 0, 0, serviceUID, serviceGID, 0o750, disk.Secret, serviceUID, serviceGID, 0o600},
		{"root in a folder made for its group", 0, 0, serviceUID, serviceGID, 0o770 | fs.ModeSetgid, disk.Secret, serviceUID, serviceGID, 0o640},
		{"root in everybody's folder", 0, 0, serviceUID, serviceGID, 0o777 | fs.ModeSticky, disk.Secret, 0, 0, 0o600},
		{"the service in its folder", serviceUID, serviceGID, serviceUID, serviceGID, 0o755, disk.Secret, serviceUID, serviceGID, 0o600},
		{"the service in root's folder for its group", serviceUID, serviceGID, 0, serviceGID, 0o770, disk.Secret, serviceUID, serviceGID, 0o640},
		{"a stranger in everybody's folder", strangerUID, strangerUID, serviceUID, serviceGID, 0o777, disk.Secret, strangerUID, strangerUID, 0o600},
		{"a colleague in the service's folder is refused", colleagueUID, serviceGID, serviceUID, serviceGID, 0o770, disk.Secret, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folderOf(t, c.folderUID, c.folderGID, c.folderMode)
			path := filepath.Join(dir, "new")
			var f *os.File
			var err error
			as(t, c.by, c.byGroup, func() { f, err = disk.Create(path, c.limit) })
			if c.wantMode == 0 {
				wantReason(t, err, "file_owner")
				if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("a refused file was made")
				}
				return
			}
			must(t, err)
			must(t, f.Close())
			wantOwner(t, path, c.wantUID, c.wantGID, c.wantMode)
		})
	}
}

func TestCreateNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	must(t, os.WriteFile(path, []byte("old"), 0o600))
	if _, err := disk.Create(path, disk.Secret); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create: %v", err)
	}
	if _, err := disk.CreateOwn(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateOwn: %v", err)
	}
	wantContent(t, path, "old")
}

func TestCreateOwnIsForWhoeverRunsIt(t *testing.T) {
	needRoot(t)
	dir := folderOf(t, serviceUID, serviceGID, 0o770)
	f, err := disk.CreateOwn(filepath.Join(dir, "of-root"))
	must(t, err)
	must(t, f.Close())
	wantOwner(t, filepath.Join(dir, "of-root"), serviceUID, serviceGID, 0o600)
	as(t, colleagueUID, serviceGID, func() {
		f, err = disk.CreateOwn(filepath.Join(dir, "of-colleague"))
		must(t, err)
		must(t, f.Close())
	})
	wantOwner(t, filepath.Join(dir, "of-colleague"), colleagueUID, serviceGID, 0o600)
}

func TestOpenLock(t *testing.T) {
	t.Run("a new lock is whose the guarded file is", func(t *testing.T) {
		needRoot(t)
		dir := folderOf(t, 0, 0, 0o755)
		store := filepath.Join(dir, "store")
		fileOf(t, store, serviceUID, serviceGID, 0o640)
		openLock(t, store+".lock", store)
		wantOwner(t, store+".lock", serviceUID, serviceGID, 0o640)
	})
	t.Run("without one, whose the folder is", func(t *testing.T) {
		needRoot(t)
		dir := folderOf(t, serviceUID, serviceGID, 0o700)
		openLock(t, filepath.Join(dir, "store.lock"), filepath.Join(dir, "store"))
		wantOwner(t, filepath.Join(dir, "store.lock"), serviceUID, serviceGID, 0o600)
		openLock(t, filepath.Join(dir, "box.lock"), "")
		wantOwner(t, filepath.Join(dir, "box.lock"), serviceUID, serviceGID, 0o600)
	})
	t.Run("one that root left behind is handed over", func(t *testing.T) {
		needRoot(t)
		store := filepath.Join(folderOf(t, serviceUID, serviceGID, 0o755), "store")
		fileOf(t, store, serviceUID, serviceGID, 0o600)
		must(t, os.WriteFile(store+".lock", nil, 0o600))
		openLock(t, store+".lock", store)
		wantOwner(t, store+".lock", serviceUID, serviceGID, 0o600)
	})
	t.Run("what is no lock is not handed over", func(t *testing.T) {
		needRoot(t)
		dir := folderOf(t, serviceUID, serviceGID, 0o755)
		store := filepath.Join(dir, "store")
		fileOf(t, store, serviceUID, serviceGID, 0o600)
		secret := filepath.Join(folderOf(t, 0, 0, 0o700), "secret")
		must(t, os.WriteFile(secret, []byte("root's"), 0o600))
		must(t, os.Symlink(secret, store+".lock"))
		if _, err := disk.OpenLock(store+".lock", store); err == nil {
			t.Error("a link was opened as a lock")
		}
		must(t, os.Remove(store+".lock"))
		must(t, os.Link(secret, store+".lock"))
		openLock(t, store+".lock", store)
		wantOwner(t, secret, 0, 0, 0o600)
		must(t, os.Truncate(secret, 0))
		openLock(t, store+".lock", store)
		wantOwner(t, secret, 0, 0, 0o600)
	})
	t.Run("a named pipe is no lock", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "store.lock")
		must(t, syscall.Mkfifo(path, 0o600))
		_, err := disk.OpenLock(path, "")
		wantReason(t, err, "file_kind")
	})
}

func openLock(t *testing.T, path, like string) {
	t.Helper()
	f, err := disk.OpenLock(path, like)
	must(t, err)
	must(t, f.Close())
}

func TestMakeFolderHandsFoldersOver(t *testing.T) {
	needRoot(t)
	dir := folderOf(t, serviceUID, serviceGID, 0o755)
	must(t, disk.MakeFolder(filepath.Join(dir, "a", "b")))
	must(t, disk.MakeFolder(filepath.Join(dir, "a", "b")))
	wantOwner(t, filepath.Join(dir, "a"), serviceUID, serviceGID, 0o700)
	wantOwner(t, filepath.Join(dir, "a", "b"), serviceUID, serviceGID, 0o700)
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	if err := disk.MakeFolder(filepath.Join(dir, "file")); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func TestCheckBeside(t *testing.T) {
	needRoot(t)
	for _, c := range []struct {
		name       string
		by         int
		folderMode fs.FileMode
		mode       fs.FileMode
		group      int // of who asks
		reason     string
	}{
		{"root may", 0, 0o700, 0o600, 0, ""},
		{"the owner may", serviceUID, 0o700, 0o600, serviceGID, ""},
		{"a colleague whose files the group could not write may not", colleagueUID, 0o770, 0o640, serviceGID, "file_owner"},
		{"a colleague whose files are of the group may", colleagueUID, 0o770, 0o660, serviceGID, ""},
		{"a stranger whose files are of another group may not", strangerUID, 0o777, 0o660, strangerUID, "file_owner"},
		{"unless the folder gives them its group", strangerUID, 0o777 | fs.ModeSetgid, 0o660, strangerUID, ""},
		{"or everybody may write", strangerUID, 0o777, 0o666, strangerUID, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(folderOf(t, serviceUID, serviceGID, c.folderMode), "db")
			fileOf(t, path, serviceUID, serviceGID, c.mode)
			as(t, c.by, c.group, func() { wantReason(t, disk.CheckBeside(path), c.reason) })
		})
	}
}
