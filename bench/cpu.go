package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// The server runs on one core, the load and the database on the other, so that
// requests per CPU-second and shares of a core's limit mean what they say.
const (
	serverCore = "0"
	loadCore   = "1"
)

// unpinned is the flag: all share all cores, as on one machine with everything. A rate that needs
// more than the load's core, while the server leaves half of its own idle, is measured so.
var unpinned = flag.Bool("unpinned", false, "pin nothing to a core: shares and rates per CPU-second say less then")

// stayOn moves this process, with all its threads, to one core; what it starts
// stays there too unless it is pinned elsewhere.
func stayOn(core string) error {
	if *unpinned {
		return nil
	}
	if out, err := exec.Command("taskset", "-a", "-c", "-p", core, strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
		return fmt.Errorf("taskset: %w: %s", err, out)
	}
	return nil
}

// clockTicksPerSecond is USER_HZ, 100 on every Linux that Go supports.
const clockTicksPerSecond = 100

// pinned returns a command that runs on one core only, unless the flag unpinned is set.
func pinned(core, name string, args ...string) *exec.Cmd {
	if *unpinned {
		return exec.Command(name, args...)
	}
	return exec.Command("taskset", append([]string{"-c", core, name}, args...)...)
}

// cpuTime returns the user and system time that a process has used, from
// /proc/PID/stat fields 14 and 15; its resolution is 10 ms.
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("cpu time: %w", err)
	}
	// The command name in parentheses may hold spaces; fields count from behind it.
	_, rest, ok := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("cpu time: unexpected form of /proc/%d/stat", pid)
	}
	ticks := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, fmt.Errorf("cpu time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / clockTicksPerSecond, nil
}

// processorName returns the model of the first processor and whether it has the
// AVX-512 IFMA instructions, on which OpenSSL's RSA rate depends by a factor of two.
func processorName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	name := "unknown processor"
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			name = strings.TrimSpace(value)
			break
		}
	}
	if strings.Contains(string(text), "avx512ifma") {
		return name + " with AVX-512 IFMA"
	}
	return name + " without AVX-512 IFMA"
}
