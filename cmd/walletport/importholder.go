package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// importHolder says which process imports a file, for operators and for holderGone.
func importHolder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s on %s, process %d", osUser(), host, os.Getpid())
}

// holderGone reports whether words of importHolder name a process of this machine that is no
// more. Of other machines nobody knows.
func holderGone(who string) bool {
	_, place, _ := strings.Cut(who, " on ")
	host, number, _ := strings.Cut(place, ", process ")
	here, err := os.Hostname()
	pid, numberErr := strconv.Atoi(number)
	if err != nil || numberErr != nil || host != here {
		return false
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
