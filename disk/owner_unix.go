//go:build unix

package disk

import (
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// Flags of open: a named pipe without a writer is no reason to wait, and a link in
// the place of a lock is not followed.
const (
	nonBlocking = syscall.O_NONBLOCK
	noFollow    = syscall.O_NOFOLLOW
)

// owner returns whose a file is.
func owner(info fs.FileInfo) (uid, gid int) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), int(s.Gid)
	}
	return self()
}

// names returns how many names a file has.
func names(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink)
	}
	return 1
}

func self() (uid, gid int) { return os.Geteuid(), os.Getegid() }

func isRoot() bool { return os.Geteuid() == 0 }

// canGive reports whether this user may make a file of that owner and group: root
// any, others their own and those of the groups that they are in.
func canGive(uid, gid int) bool {
	own, group := self()
	if own == 0 {
		return true
	}
	groups, err := os.Getgroups()
	return uid == own && (gid == group || err == nil && slices.Contains(groups, gid))
}
