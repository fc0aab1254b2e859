package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// accessXattr is where Linux keeps a POSIX access list (acl(5)): users beside the
// owner whom setfacl let in.
const accessXattr = "system.posix_acl_access"

// accessList returns the access list of a file, nil without one.
func accessList(path string) ([]byte, error) {
	list := make([]byte, 4096)
	n, err := unix.Getxattr(path, accessXattr, list)
	switch {
	case errors.Is(err, unix.ENODATA), errors.Is(err, unix.ENOTSUP):
		return nil, nil
	case err != nil:
		return nil, &os.PathError{Op: "access list", Path: path, Err: err}
	}
	return list[:n], nil
}

// setAccessList gives a file that list; nil takes away what its folder gave it.
func setAccessList(f *os.File, list []byte) error {
	var err error
	if list == nil {
		err = unix.Fremovexattr(int(f.Fd()), accessXattr)
	} else {
		err = unix.Fsetxattr(int(f.Fd()), accessXattr, list, 0)
	}
	if err == nil || list == nil && (errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP)) {
		return nil
	}
	return &os.PathError{Op: "access list", Path: f.Name(), Err: err}
}
