package disk_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/walletport/walletport/disk"
)

// accessList is what setfacl -m u:61001:r makes of a file of mode 0600: version 2,
// then tag, permissions and id of each entry (linux/posix_acl_xattr.h).
func accessList() []byte {
	const (
		version                            = 2
		userObj, user, groupObj, mask, all = 0x01, 0x02, 0x04, 0x10, 0x20
		nobody                             = 0xffffffff
	)
	list := binary.LittleEndian.AppendUint32(nil, version)
	for _, e := range []struct {
		tag, permissions uint16
		id               uint32
	}{{userObj, 6, nobody}, {user, 4, serviceUID}, {groupObj, 0, nobody}, {mask, 4, nobody}, {all, 0, nobody}} {
		list = binary.LittleEndian.AppendUint16(list, e.tag)
		list = binary.LittleEndian.AppendUint16(list, e.permissions)
		list = binary.LittleEndian.AppendUint32(list, e.id)
	}
	return list
}

func TestReplaceKeepsTheAccessList(t *testing.T) {
	needRoot(t)
	dir := folderOf(t, 0, 0, 0o755)
	path := filepath.Join(dir, "store")
	fileOf(t, path, 0, 0, 0o600)
	err := unix.Setxattr(path, "system.posix_acl_access", accessList(), 0)
	if errors.Is(err, unix.ENOTSUP) {
		t.Skip("this file system keeps no access lists")
	}
	must(t, err)
	must(t, disk.Replace(path, []byte("new")))
	as(t, serviceUID, serviceGID, func() { wantContent(t, path, "new") })
	as(t, strangerUID, strangerUID, func() {
		if _, err := os.ReadFile(path); err == nil {
			t.Error("a stranger may read it")
		}
	})

	// A folder may give new files a list; a file without one is replaced by one without.
	must(t, unix.Setxattr(dir, "system.posix_acl_default", accessList(), 0))
	fileOf(t, filepath.Join(dir, "plain"), 0, serviceGID, 0o640)
	must(t, unix.Removexattr(filepath.Join(dir, "plain"), "system.posix_acl_access"))
	must(t, os.Chmod(filepath.Join(dir, "plain"), 0o640))
	must(t, disk.Replace(filepath.Join(dir, "plain"), []byte("new")))
	as(t, serviceUID, strangerUID, func() {
		if _, err := os.ReadFile(filepath.Join(dir, "plain")); err == nil {
			t.Error("the folder's list let a user in")
		}
	})
}
