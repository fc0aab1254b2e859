package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Bounds of what is waited for. They are never what a test measures: a healthy
// program is far below them, on a busy machine too.
const (
	patience   = 60 * time.Second
	pollEvery  = 20 * time.Millisecond
	runTimeout = 60 * time.Second
)

// output collects what a process prints, while it prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// tail returns the end of the output, for a failed test.
func (o *output) tail() string {
	const most = 4000
	text := o.String()
	return text[max(0, len(text)-most):]
}

// process is a running walletport. It ends with the test at the latest.
type process struct {
	cmd    *exec.Cmd
	out    output // standard output and standard error
	exited chan struct{}
}

// mustStart starts the program with further environment variables.
func mustStart(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(mustProgram(t), args...), exited: make(chan struct{})}
	p.cmd.Env = append(cleanEnv(), env...)
	return p.mustStart(t)
}

// mustStartReading starts the program with a standard input that the test feeds.
func mustStartReading(t *testing.T, in *os.File, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(mustProgram(t), args...), exited: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdin = cleanEnv(), in
	return p.mustStart(t)
}

func (p *process) mustStart(t *testing.T) *process {
	t.Helper()
	args := p.cmd.Args[1:]
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := startBound(p.cmd, p.exited); err != nil {
		t.Fatalf("start walletport %s: %v", args[0], err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // fails when it has ended, as it should
		<-p.exited
		if t.Failed() {
			t.Logf("walletport %s printed last:\n%s", args[0], p.out.tail())
		}
	})
	return p
}

// cleanEnv is this process's environment without walletport's own variables.
func cleanEnv() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "WALLETPORT_") {
			env = append(env, v)
		}
	}
	return env
}

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func (p *process) mustSignal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signal %v: %v", s, err)
	}
}

// mustExit waits for the end of the process and returns its exit code, -1 when a
// signal ended it.
func (p *process) mustExit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatal("the process does not end")
		return -1
	}
}

// mustKill ends the process with no chance to do anything first.
func (p *process) mustKill(t *testing.T) {
	t.Helper()
	p.mustSignal(t, syscall.SIGKILL)
	p.mustExit(t)
}

// mustStop asks the process to end and wants it to end well.
func (p *process) mustStop(t *testing.T) {
	t.Helper()
	p.mustSignal(t, syscall.SIGTERM)
	if code := p.mustExit(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// says reports whether the process prints a text, now or in a moment: what it prints comes by
// another way than its answers.
func (p *process) says(text string) bool {
	for range 100 {
		if strings.Contains(p.out.String(), text) {
			return true
		}
		time.Sleep(pollEvery)
	}
	return false
}

// eventually waits until is reports true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	eventuallyWithin(t, patience, what, is)
}

// eventuallyWithin is eventually for what may take longer.
func eventuallyWithin(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	end := time.After(limit)
	for !is() {
		select {
		case <-end:
			t.Fatalf("it never happened: %s", what)
		case <-tick.C:
		}
	}
}

// result is how a command ended.
type result struct {
	code        int
	out, errOut string
}

// run runs a command of the program to its end.
func run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	program := mustProgram(t)
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = cleanEnv()
	cmd.Stdin = io.Reader(strings.NewReader(stdin))
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("walletport %s: %v", args[0], err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// mustRun runs a command that must succeed, and returns its standard output.
func mustRun(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	r := run(t, stdin, args...)
	if r.code != 0 {
		t.Fatalf("walletport %s: exit code %d\n%s%s", strings.Join(args[:2], " "), r.code, r.out, r.errOut)
	}
	return r.out
}
