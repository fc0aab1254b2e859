//go:build unix

package file

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/disk"
)

// lockRetry is how often a taken lock is tried again.
const lockRetry = 20 * time.Millisecond

// lock takes the advisory lock beside the key store, so that two operators cannot
// interleave reading, changing and writing. It lies in a file of its own, for a
// lock on the key store would stay with the file that the next write replaces. The
// lock is whose the key store is; where path is a link, it lies where that leads.
// The system frees it when the process ends, however it ends. unlock must be called.
func lock(ctx context.Context, path string, patience time.Duration) (unlock func(), err error) {
	path, err = disk.Follow(path)
	if err != nil {
		return nil, errUnavailable("the path of the key store leads nowhere", err)
	}
	f, err := disk.OpenLock(path+".lock", path)
	switch {
	case walletport.ReasonOf(err) == disk.ReasonOwner:
		return nil, err
	case err != nil:
		return nil, errUnavailable("the lock file of the key store cannot be opened"+disk.Whose(path+".lock"), err)
	}
	deadline := time.Now().Add(patience)
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { _ = f.Close() }, nil // closing frees the lock
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, errUnavailable("the key store cannot be locked", errors.Join(err, f.Close()))
		case !time.Now().Before(deadline):
			_ = f.Close()
			return nil, walletport.Errorf(walletport.CodeConflict, "keystore_busy", "another process is changing the key store, try again")
		}
		select { // flock has no wait that ends
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(lockRetry):
		}
	}
}
