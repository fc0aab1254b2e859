package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The most that a new file is opened to: its owner, and the group of its folder
// where the folder says that a service of that group works there.
const (
	Secret fs.FileMode = 0o640 // the group may read
	Shared fs.FileMode = 0o660 // the group may write too
)

// Replace makes content durable under a temporary name before it takes the place of
// the file at path: a crash leaves the old file or the new one. The new file keeps
// owner, group, mode and access list of the old one; without an old one it is as
// Create makes it, for Secret. A link to a file is followed, and stays.
//
// Nothing is changed on an error. It is CodeForbidden, reason file_owner, when this
// user cannot keep the ownership, else that of the operating system.
func Replace(path string, content []byte) error {
	path, err := Follow(path)
	if err != nil {
		return err
	}
	owner, err := ownerAt(path, Secret)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // fails after the rename, as it should
	err = owner.give(tmp)                        // before there is something to read
	if err == nil {
		_, err = tmp.Write(content)
	}
	if err := CloseDurably(tmp, err); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// CheckReplace says before any work whether Replace could keep the ownership. The
// error is that of Replace.
func CheckReplace(path string) error {
	path, err := Follow(path)
	if err != nil {
		return err
	}
	owner, err := ownerAt(path, Secret)
	if err != nil {
		return err
	}
	return owner.check()
}

// Create makes a file that was not there, fs.ErrExist otherwise, and opens it for
// writing. It belongs to the owner and group of its folder. Its owner may read and
// write it; its group as much as the folder's mode gives it, but no more than limit,
// and only in a folder that is closed to others and either root's or made for its
// group (setgid). A folder that everybody may write to, such as /tmp, hands nothing
// on. The error is CodeForbidden, reason file_owner, when this user cannot hand the
// file to the folder's owner; nothing is made then.
func Create(path string, limit fs.FileMode) (*os.File, error) {
	owner, err := ownerIn(filepath.Dir(path), limit)
	if err != nil {
		return nil, err
	}
	return owner.create(path, os.O_WRONLY)
}

// CreateOwn makes a file that was not there for whoever runs the command, such as
// an export. Only root hands it to the folder's owner, since a user other than
// root knows whose file it is.
func CreateOwn(path string) (*os.File, error) {
	if isRoot() {
		return Create(path, 0o600)
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// OpenLock opens the file at path for a lock, and makes it when it is absent. It
// gets the owner, group and mode of the file at like, which the lock guards, or is as
// Create makes it when like is "" or absent. A lock that root left behind is handed
// over, if it surely is one: empty, no link, and of one name.
func OpenLock(path, like string) (*os.File, error) {
	owner, err := ownerOfLock(path, like)
	if err != nil {
		return nil, err
	}
	f, err := owner.create(path, os.O_RDWR)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	f, err = os.OpenFile(path, os.O_RDWR|nonBlocking|noFollow, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = checkKind(path, info)
	}
	if err == nil && isRoot() && info.Size() == 0 && names(info) == 1 && !owner.isOf(info) {
		err = owner.give(f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func ownerOfLock(path, like string) (ownership, error) {
	if like == "" {
		return ownerIn(filepath.Dir(path), Secret)
	}
	return ownerAt(like, Secret)
}

// MakeFolder makes a folder of mode 0700 and those above it that are absent. Each
// belongs to whom the folder above it belongs to, as far as this user can give it.
func MakeFolder(path string) error {
	path = filepath.Clean(path)
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is no folder", path)
		}
		return nil
	}
	above := filepath.Dir(path)
	if above != path {
		if err := MakeFolder(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil // by another process, a moment ago
		}
		return err
	}
	if !isRoot() {
		return nil
	}
	owner, err := ownerIn(above, Secret)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return err
	}
	owner.mode = 0o700
	return errors.Join(owner.give(f), f.Close())
}

// Follow returns the file that path leads to, through any number of links. A path
// without a file is returned with the links of its folder followed. A link that
// leads nowhere is an error: root must not make a file wherever the owner of a
// folder points.
func Follow(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return target, err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fmt.Errorf("the link %s leads nowhere: %w", path, fs.ErrNotExist)
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, filepath.Base(path)), nil
}

// SyncFolder makes durable that files in it were made or renamed.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// CloseDurably ends a write whose error so far is err: the disk has the content, or
// there is an error.
func CloseDurably(f *os.File, err error) error {
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
