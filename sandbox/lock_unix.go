//go:build unix

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/walletport/walletport/disk"
)

// lockFolder keeps a second process out of the folder; the kernel lets go of
// the lock when the process ends, however it ends.
func lockFolder(dir string) (*os.File, error) {
	lock, err := disk.OpenLock(filepath.Join(dir, "sandbox.lock"), "")
	if err != nil {
		return nil, fmt.Errorf("sandbox lock: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		lock.Close()
		return nil, fmt.Errorf("a sandbox is running on %s already", dir)
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("sandbox lock: %w", err)
	}
	return lock, nil
}

// isRunning reports whether a sandbox has the folder.
func isRunning(dir string) (bool, error) {
	lock, err := os.Open(filepath.Join(dir, "sandbox.lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("sandbox lock: %w", err)
	}
	defer lock.Close()
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) {
		return false, fmt.Errorf("sandbox lock: %w", err)
	}
	return err != nil, nil
}
