package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestHolderGone: a process of this place that has ended is told from one that lives, and of other
// places nothing is known.
func TestHolderGone(t *testing.T) {
	own := importHolder()
	if holderGone(own) {
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
	mark := ""
	if place := processPlace(); place != "" {
		mark = " (begun 1 in " + place + ")"
	}
	gone := func(host string) string {
		return fmt.Sprintf("os:ada on %s, process %d%s", host, ended.Process.Pid, mark)
	}
	if !holderGone(gone(host)) {
		t.Error("a process that has ended does not count as gone")
	}
	for _, who := range []string{gone("elsewhere"), "", "os:ada on " + host, "os:ada on " + host + ", process x"} {
		if holderGone(who) {
			t.Errorf("%q counts as gone", who)
		}
	}
	if mark == "" {
		return // the system has no /proc
	}
	for name, who := range map[string]string{
		"of another container, or machine of the same name": strings.Replace(gone(host), processPlace(), "0123456789abcdef", 1),
		"of an earlier release":                             strings.TrimSuffix(gone(host), mark),
		"with more behind it":                               gone(host) + "4",
		"with half a mark":                                  strings.TrimSuffix(gone(host), " in "+processPlace()+")"),
	} {
		if holderGone(who) {
			t.Errorf("%s: it counts as gone", name)
		}
	}
	// The number of an ended process is given again, always where it is 1, as in a container.
	again := strings.Replace(own, "(begun "+processBegun(os.Getpid()), "(begun 1", 1)
	if again == own || !holderGone(again) {
		t.Errorf("an earlier process of this number does not count as gone: %s", again)
	}
}
