package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// importHolder says which process imports a file, for operators and for holderGone: "os:ada on
// host-1, process 4711 (begun 8675309 in 5f3a9c0d1e2b4a6f)". What stands in brackets is missing where
// the system does not say it.
func importHolder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	words := fmt.Sprintf("%s on %s, process %d", osUser(), host, os.Getpid())
	place, begun := processPlace(), processBegun(os.Getpid())
	if place == "" || begun == "" {
		return words
	}
	return fmt.Sprintf("%s (begun %s in %s)", words, begun, place)
}

// holderGone reports whether words of importHolder name a process of this place that is no more. Of
// other places nobody knows: another machine, another container, this machine before it was started
// anew, and what an earlier release wrote, which named no place.
func holderGone(who string) bool {
	h, ok := parseHolder(who)
	here, err := os.Hostname()
	if !ok || err != nil || h.host != here || h.place != processPlace() {
		return false
	}
	process, err := os.FindProcess(h.pid)
	if err != nil {
		return false
	}
	if errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone) {
		return true
	}
	if h.place == "" {
		return false // the number lives, and nothing says of which process it is
	}
	begun := processBegun(h.pid) // a number is given again when its process has ended
	return begun != "" && begun != h.begun
}

// holder is what holderGone looks at.
type holder struct {
	host         string
	pid          int
	begun, place string // "" where the system did not say it
}

// parseHolder reads words of importHolder.
func parseHolder(who string) (holder, bool) {
	_, at, _ := strings.Cut(who, " on ")
	host, process, _ := strings.Cut(at, ", process ")
	number, mark, marked := strings.Cut(process, " (begun ")
	pid, err := strconv.Atoi(number)
	h := holder{host: host, pid: pid}
	if marked {
		h.begun, h.place, marked = strings.Cut(strings.TrimSuffix(mark, ")"), " in ")
		return h, err == nil && marked
	}
	return h, err == nil
}

// processPlace names where numbers of processes mean what they mean here: the start of the machine's
// kernel and, of a container, its own numbering. It is "" where the system does not say so.
func processPlace() string {
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return "" // there is no /proc, or it is that of another numbering
	}
	boot, bootErr := os.ReadFile("/proc/sys/kernel/random/boot_id")
	pids, pidsErr := os.Readlink("/proc/self/ns/pid")
	if bootErr != nil || pidsErr != nil {
		return ""
	}
	clock, _ := os.Readlink("/proc/self/ns/time") // by which processBegun counts; older kernels have one alone
	sum := sha256.Sum256([]byte(string(boot) + pids + clock))
	return hex.EncodeToString(sum[:8])
}

// processBegun says when a process began, in ticks since the start of the kernel; "" where the
// system does not say so.
func processBegun(pid int) string {
	const begun = 19 // the field starttime, counted from the one behind the program's name, which may have blanks (proc_pid_stat(5))
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(text[strings.LastIndex(string(text), ")")+1:]))
	if len(fields) <= begun {
		return ""
	}
	return fields[begun]
}
