package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/walletport/walletport"
)

// ownership is whose a file is and who may open it.
type ownership struct {
	uid, gid int
	mode     fs.FileMode
	access   []byte // a POSIX access list as the system keeps it; nil has none
	replaces bool   // taken from a file: what the folder would add counts for nothing
	of       string // the file or folder that it was taken from, for errors
}

// ownerAt returns the ownership of the file at path, or that of a new one there.
func ownerAt(path string, limit fs.FileMode) (ownership, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ownerIn(filepath.Dir(path), limit)
	}
	if err != nil {
		return ownership{}, err
	}
	if err := checkKind(path, info); err != nil {
		return ownership{}, err
	}
	access, err := accessList(path)
	if err != nil {
		return ownership{}, err
	}
	uid, gid := owner(info)
	return ownership{uid: uid, gid: gid, mode: info.Mode().Perm(), access: access, replaces: true, of: path}, nil
}

// ownerIn returns the ownership of a new file in a folder.
func ownerIn(folder string, limit fs.FileMode) (ownership, error) {
	info, err := os.Stat(folder)
	if err != nil {
		return ownership{}, err
	}
	uid, gid := owner(info)
	o := ownership{uid: uid, gid: gid, mode: 0o600, of: folder}
	mode := info.Mode()
	switch {
	case mode.Perm()&0o002 != 0: // everybody's
		o.uid, o.gid = self()
		return o, nil
	case uid == 0 && !isRoot(): // root let this user in, and is not who reads the file
		o.uid, _ = self()
	}
	const others, groupEnters = 0o007, 0o050
	forGroup := mode&fs.ModeSetgid != 0 || uid == 0 && gid != 0
	if forGroup && mode.Perm()&others == 0 && mode.Perm()&groupEnters == groupEnters {
		o.mode |= mode.Perm() & 0o060 & limit
		return o, nil
	}
	if !isRoot() {
		_, o.gid = self() // the group gets nothing, so that it does not matter which it is
	}
	return o, nil
}

// check says before the file is made whether this user can give it.
func (o ownership) check() error {
	if !canGive(o.uid, o.gid) {
		return o.refusal(nil)
	}
	return nil
}

// create makes a file of this ownership that was not there.
func (o ownership) create(path string, access int) (*os.File, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, access|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := o.give(f); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

// give hands an open file over. The mode comes after the owner, whose change may
// clear bits of it, and the access list, which stands in the group's bits, last.
func (o ownership) give(f *os.File) error {
	if err := o.check(); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if uid, gid := owner(info); uid != o.uid || gid != o.gid {
		if err := f.Chown(o.uid, o.gid); err != nil {
			return o.refusal(err)
		}
	}
	if err := f.Chmod(o.mode); err != nil {
		return err
	}
	if !o.replaces {
		return nil
	}
	return setAccessList(f, o.access)
}

func (o ownership) isOf(info fs.FileInfo) bool {
	uid, gid := owner(info)
	return uid == o.uid && gid == o.gid && info.Mode().Perm() == o.mode
}

// refusal says whose file it is and who can change it.
func (o ownership) refusal(cause error) error {
	name := userName(o.uid)
	who := name + " or as root"
	if o.uid == 0 {
		who = "root"
	}
	return walletport.Errorf(walletport.CodeForbidden, ReasonOwner,
		"%s belongs to %s:%s, and this user cannot leave it so: run the command as %s; nothing was changed",
		filepath.Base(o.of), name, groupName(o.gid), who).WithCause(cause)
}

// CheckBeside says whether the owner of the file at path could use the files that
// this process makes beside it with the same mode, as a database engine does. The
// error is CodeForbidden, reason file_owner.
func CheckBeside(path string) error {
	o, err := ownerAt(path, Shared)
	if err != nil {
		return err
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	uid, gid := self()
	if folder.Mode()&fs.ModeSetgid != 0 {
		_, gid = owner(folder)
	}
	const groupWrites, othersWrite = 0o060, 0o006
	switch {
	case isRoot(), uid == o.uid:
		return nil // root's engine hands its files over
	case o.mode&othersWrite == othersWrite:
		return nil
	case o.mode&groupWrites == groupWrites && gid == o.gid:
		return nil
	}
	return o.refusal(nil)
}

// Whose says in words whose a file is and how it may be opened, ": it belongs to
// root:root (mode 0600)", for an error of a user who may not read it; "" when that
// cannot be seen.
func Whose(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	uid, gid := owner(info)
	return fmt.Sprintf(": it belongs to %s:%s (mode %04o)", userName(uid), groupName(gid), info.Mode().Perm())
}

// userName returns a user's name, or its number where the system knows none.
func userName(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

func groupName(gid int) string {
	id := strconv.Itoa(gid)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}
