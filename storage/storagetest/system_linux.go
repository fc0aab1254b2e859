package storagetest

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"
)

// unprivileged returns the attributes of a process that ends with this one. Root
// hands dir and the process to the user postgres, for PostgreSQL refuses to run as
// root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return attributes, nil
	}
	uid, gid, err := accountIDs("postgres", "nobody")
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	attributes.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	return attributes, nil
}

// accountIDs returns the numbers of the first account that exists.
func accountIDs(names ...string) (uid, gid uint32, err error) {
	for _, name := range names {
		account, lookupErr := user.Lookup(name)
		if lookupErr != nil {
			err = errors.Join(err, lookupErr)
			continue
		}
		u, uErr := strconv.ParseUint(account.Uid, 10, 32)
		g, gErr := strconv.ParseUint(account.Gid, 10, 32)
		if uErr != nil || gErr != nil {
			return 0, 0, fmt.Errorf("account %s has no numeric id", name)
		}
		return uint32(u), uint32(g), nil
	}
	return 0, 0, err
}

// processorTime returns the processor time that this process has used.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
