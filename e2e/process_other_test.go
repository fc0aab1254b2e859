//go:build !linux

package e2e_test

import "os/exec"

// startBound starts cmd and closes exited when it has ended.
func startBound(cmd *exec.Cmd, exited chan struct{}) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = cmd.Wait() // how it ended is in ProcessState
		close(exited)
	}()
	return nil
}
