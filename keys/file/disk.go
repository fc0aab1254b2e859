package file

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/disk"
)

// maxFileBytes bounds what is read into memory; a catalogue of a thousand RSA
// keys has some 4 MB.
const maxFileBytes = 16 << 20

// readPrivateFile reads a file that must not be open to everybody. name says what
// it is, for the error.
func readPrivateFile(path, name string) ([]byte, error) {
	f, err := disk.Open(path)
	if err != nil {
		return nil, errFile(path, name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, errFile(path, name, err)
	}
	if err := checkPermissions(info, name); err != nil {
		return nil, err
	}
	content, err := disk.ReadOpen(f, maxFileBytes)
	if err != nil {
		return nil, errFile(path, name, err)
	}
	return content, nil
}

// checkPermissions refuses files that others may read or that the group may
// write. Group reading is let pass: that is how container platforms mount secrets.
func checkPermissions(info fs.FileInfo, name string) error {
	const group, others = 0o020, 0o007
	if perm := info.Mode().Perm(); perm&(group|others) != 0 {
		return walletport.Errorf(walletport.CodeForbidden, "keystore_permissions",
			"the %s is open to other users (mode %04o); run chmod 600 on it", name, perm)
	}
	return nil
}

// replaceFile puts content in the place of the key store, whose owner, group and
// mode stay.
func replaceFile(path string, content []byte) error {
	err := disk.Replace(path, content)
	if err == nil || walletport.ReasonOf(err) == disk.ReasonOwner {
		return err
	}
	return errUnavailable("the key store cannot be written", err)
}

// errFile translates the failure to read a file. The cause names the path.
func errFile(path, name string, err error) error {
	switch {
	case walletport.ReasonOf(err) == disk.ReasonKind:
		return walletport.Errorf(walletport.CodeInvalid, "keystore_permissions", "the %s is not a regular file", name).WithCause(err)
	case walletport.ReasonOf(err) == disk.ReasonTooLarge:
		return walletport.Errorf(walletport.CodeInvalid, "keystore_damaged", "the %s is larger than 16 MiB", name).WithCause(err)
	case errors.Is(err, fs.ErrNotExist):
		return walletport.Errorf(walletport.CodeNotFound, "keystore_missing", "there is no %s", name).WithCause(err)
	case errors.Is(err, fs.ErrPermission):
		return walletport.Errorf(walletport.CodeForbidden, "keystore_permissions",
			"this user may not read the %s%s", name, disk.Whose(path)).WithCause(err)
	}
	return errUnavailable(fmt.Sprintf("the %s cannot be read", name), err)
}

func errUnavailable(message string, cause error) error {
	return walletport.Errorf(walletport.CodeUnavailable, "keystore_unavailable", "%s", message).WithCause(cause)
}
