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

// startEnrol starts the command beside the load, and returns what stops it, or waits for its end.
func startEnrol(s *setup, run portfolioRun) (stop func() (enrolRates, error), err error) {
	e := &enrolling{portfolioRun: run, done: make(chan error, 1)}
	e.cmd = pinned(loadCore, s.program, "clicktopay", "enrol", "--issuer", benchIssuer, "--product", benchProduct,
		"--rate", strconv.Itoa(run.rate), "--json", "--config", s.path(configName(0)))
	e.cmd.Stderr = &e.stderr
	output, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	e.memory = watchMemory(e.cmd.Process.Pid)
	go func() { e.done <- e.read(output) }()
	return e.stop, nil
}

// enrolling is the command under way.
type enrolling struct {
	portfolioRun
	cmd         *exec.Cmd
	stderr      bytes.Buffer
	memory      func() int
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

// stop ends the command as an operator would, or waits until the whole portfolio was asked for.
func (e *enrolling) stop() (rates enrolRates, err error) {
	readErr := e.end()
	rates.memory = e.memory()
	waitErr := e.cmd.Wait()
	switch {
	case readErr != nil:
	case e.whole:
		if readErr = waitErr; e.accepted != e.cards {
			readErr = errors.Join(readErr, fmt.Errorf("it accepted %d of %d", e.accepted, e.cards))
		}
	case e.accepted < 2: // it says that it was ended
		readErr = errors.New("it accepted next to nothing")
	}
	if readErr != nil {
		return rates, fmt.Errorf("enrol: %w: %s", readErr, e.stderr.String())
	}
	rates.accepted = e.accepted
	rates.perSecond = float64(e.accepted-1) / e.last.Sub(e.first).Seconds()
	return rates, nil
}

// wholeWithin is how long after the last call the command may go on.
const wholeWithin = 10 * time.Minute

// end waits until all that the command prints was read.
func (e *enrolling) end() error {
	if e.whole {
		select {
		case err := <-e.done:
			return err
		case <-time.After(wholeWithin):
			return errors.Join(fmt.Errorf("it goes on %s after the last call", wholeWithin), e.cmd.Process.Kill())
		}
	}
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return <-e.done
}
