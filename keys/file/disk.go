package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/walletport/walletport"
)

// maxFileBytes bounds what is read into memory; a catalogue of a thousand RSA
// keys has some 4 MB.
const maxFileBytes = 16 << 20

// readPrivateFile reads a file that must not be open to everybody. name says what
// it is, for the error.
func readPrivateFile(path, name string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errFile(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, errFile(name, err)
	}
	if err := checkPermissions(info, name); err != nil {
		return nil, err
	}
	if info.Size() > maxFileBytes {
		return nil, walletport.Errorf(walletport.CodeInvalid, "keystore_damaged", "the %s is larger than 16 MiB", name)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFileBytes)) // it may grow meanwhile
	if err != nil {
		return nil, errFile(name, err)
	}
	return content, nil
}

// checkPermissions refuses files that others may read or that the group may
// write. Group reading is let pass: that is how container platforms mount secrets.
func checkPermissions(info fs.FileInfo, name string) error {
	const group, others = 0o020, 0o007
	if !info.Mode().IsRegular() {
		return walletport.Errorf(walletport.CodeInvalid, "keystore_permissions", "the %s is not a regular file", name)
	}
	if perm := info.Mode().Perm(); perm&(group|others) != 0 {
		return walletport.Errorf(walletport.CodeForbidden, "keystore_permissions",
			"the %s is open to other users (mode %04o); run chmod 600 on it", name, perm)
	}
	return nil
}

// replaceFile makes content durable under a temporary name of mode 0600 before it
// takes the place of the file at path: a crash leaves the old file or the new one.
func replaceFile(path string, content []byte) error {
	const what = "the key store cannot be written"
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return errUnavailable(what, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // fails after the rename, as it should
	_, err = tmp.Write(content)
	if err := closeDurably(tmp, err, what); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return errUnavailable(what, err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return errUnavailable(what, err)
	}
	return nil
}

// closeDurably ends a write whose error so far is err.
func closeDurably(f *os.File, err error, what string) error {
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errUnavailable(what, err)
	}
	return nil
}

// syncFolder makes a rename durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// errFile translates the failure to read a file. The cause names the path.
func errFile(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return walletport.Errorf(walletport.CodeNotFound, "keystore_missing", "there is no %s", name).WithCause(err)
	case errors.Is(err, fs.ErrPermission):
		return walletport.Errorf(walletport.CodeForbidden, "keystore_permissions", "this user may not read the %s", name).WithCause(err)
	}
	return errUnavailable(fmt.Sprintf("the %s cannot be read", name), err)
}

func errUnavailable(message string, cause error) error {
	return walletport.Errorf(walletport.CodeUnavailable, "keystore_unavailable", "%s", message).WithCause(cause)
}
