package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// enrolRates is what the command `clicktopay enrol` gave.
type enrolRates struct {
	accepted  int
	perSecond float64
	memory    int // the most that was resident at once, kB
}

// String is empty where the command did not run.
func (r enrolRates) String() string {
	if r.accepted == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f/s, %d MB", r.perSecond, r.memory/1024)
}

// startEnrol starts the command beside the load, and returns what stops it.
func startEnrol(s *setup) (stop func() (enrolRates, error), err error) {
	e := &enrolling{done: make(chan error, 1)}
	e.cmd = pinned(loadCore, s.program, "clicktopay", "enrol", "--issuer", benchIssuer, "--rate", strconv.Itoa(enrolRate), "--json",
		"--config", s.path(configName(0)))
	e.cmd.Stderr = &e.stderr
	output, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { e.done <- e.read(output) }()
	return e.stop, nil
}

// enrolling is the command under way.
type enrolling struct {
	cmd         *exec.Cmd
	stderr      bytes.Buffer
	done        chan error
	accepted    int // requests
	first, last time.Time
}

// read counts the requests that the command tells of.
func (e *enrolling) read(output io.Reader) error {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		var card struct{ RequestID, LeftOut any }
		if err := json.Unmarshal(lines.Bytes(), &card); err != nil {
			return err
		}
		if id, _ := card.RequestID.(string); id == "" {
			continue
		}
		if e.last = time.Now(); e.accepted == 0 {
			e.first = e.last
		}
		e.accepted++
	}
	return lines.Err()
}

// stop ends the command as an operator would.
func (e *enrolling) stop() (rates enrolRates, err error) {
	rates.memory, err = peakMemory(e.cmd.Process.Pid)
	if err := errors.Join(err, e.cmd.Process.Signal(syscall.SIGTERM)); err != nil {
		return rates, err
	}
	readErr := <-e.done
	_ = e.cmd.Wait() // it says that it was ended
	if readErr != nil || e.accepted < 2 {
		return rates, fmt.Errorf("enrol: %w: %s", errors.Join(readErr, errors.New("it accepted next to nothing")), e.stderr.String())
	}
	rates.accepted = e.accepted
	rates.perSecond = float64(e.accepted-1) / e.last.Sub(e.first).Seconds()
	return rates, nil
}
