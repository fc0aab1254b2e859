//go:build !linux

package storagetest

import (
	"syscall"
	"time"
)

// unprivileged changes nothing: developers of other systems are not root, and a
// server that outlives a killed test has to be ended by hand.
func unprivileged(string) (*syscall.SysProcAttr, error) { return &syscall.SysProcAttr{}, nil }

// processorTime is measured on Linux only.
func processorTime() time.Duration { return 0 }
