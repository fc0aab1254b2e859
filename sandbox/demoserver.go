package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// serve opens the sandbox of the demonstration in this process, until leave is called.
func (d *demo) serve(ctx context.Context) error {
	box, err := Open(ctx, d.options.Options)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- box.Run(serving) }()
	d.Sandbox = box
	d.leave = sync.OnceValue(func() error {
		d.http.CloseIdleConnections()
		stop()
		return <-stopped
	})
	return nil
}

// serveElsewhere moves the sandbox into a process of its own, and returns it. The caller kills
// it; with ctx it ends too.
func (d *demo) serveElsewhere(ctx context.Context) (*os.Process, error) {
	if err := d.leave(); err != nil {
		return nil, err
	}
	command, err := d.options.Process(ctx, d.options.Dir)
	if err != nil {
		return nil, err
	}
	command.Stderr = d.log
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start a server: %w", err)
	}
	d.File, err = d.fileOf(ctx, command)
	if err != nil {
		kill(command.Process)
		return nil, err
	}
	return command.Process, nil
}

// kill ends a process with no chance to do anything first.
func kill(p *os.Process) {
	_ = p.Kill() // fails where it has ended
	_, _ = p.Wait()
}

// How long is waited for something, and how often is looked: at a file or a simulator, and by
// calls of the API, which are limited.
const (
	demoPatience = 2 * time.Minute // also a request whose answer was lost: settle_after and a pause behind it
	demoLook     = 20 * time.Millisecond
	demoAsk      = 100 * time.Millisecond
)

// fileOf returns what the sandbox of a process wrote when it was ready.
func (d *demo) fileOf(ctx context.Context, command *exec.Cmd) (file File, _ error) {
	err := d.until(ctx, demoLook, func() (bool, error) {
		read, found, err := readFile(FilePath(d.options.Dir))
		file = read
		return found && read.PID == command.Process.Pid, err
	})
	if err != nil {
		return file, fmt.Errorf("the server does not start, its log says why: %w", err)
	}
	return file, nil
}

// until looks again and again whether something is so.
func (d *demo) until(ctx context.Context, every time.Duration, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, demoPatience, errors.New("it takes too long"))
	defer cancel()
	look := time.NewTicker(every)
	defer look.Stop()
	for {
		if done, err := is(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
		}
	}
}
