package e2e_test

import (
	"os/exec"
	"runtime"
	"syscall"
)

// startBound starts cmd and closes exited when it has ended. The kernel ends it
// when the thread that started it goes, so that a server does not outlive tests
// that were killed; hence the thread waits for it.
func startBound(cmd *exec.Cmd, exited chan struct{}) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in ProcessState
			close(exited)
		}
	}()
	return <-started
}
