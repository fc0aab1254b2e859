package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// TestHolderGone: a process of this machine that has ended is told from one that lives, and of
// other machines nothing is known.
func TestHolderGone(t *testing.T) {
	if holderGone(importHolder()) {
		t.Error("this process counts as gone")
	}
	ended := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	gone := func(host string) string { return fmt.Sprintf("os:ada on %s, process %d", host, ended.Process.Pid) }
	if !holderGone(gone(host)) {
		t.Error("a process that has ended does not count as gone")
	}
	for _, who := range []string{gone("elsewhere"), "", "os:ada on " + host, "os:ada on " + host + ", process x"} {
		if holderGone(who) {
			t.Errorf("%q counts as gone", who)
		}
	}
}
