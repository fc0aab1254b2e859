package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
)

// location says whose data a command works on: a configured server's or a
// sandbox's, running or not.
type location struct {
	Config string `help:"Configuration file." placeholder:"FILE" xor:"location" env:"WALLETPORT_CONFIG"`
	Dir    string `help:"A sandbox's folder, also while it runs." placeholder:"DIR" xor:"location"`
}

func (l location) load() (config.Config, error) {
	switch {
	case l.Dir != "":
		path, err := sandboxConfigPath(l.Dir)
		if err != nil {
			return config.Config{}, err
		}
		return config.Load(path)
	case l.Config != "":
		return config.Load(l.Config)
	}
	return config.Config{}, usagef("give --config FILE, or --dir DIR of a sandbox")
}

// schemesLocation is a location whose schemes are asked: those of a sandbox are only there
// while it runs.
type schemesLocation struct{ location }

// operate is location.operate of a sandbox that runs, or a configuration.
func (l schemesLocation) operate(ctx context.Context, do func(context.Context, *operator) error) error {
	if l.Dir == "" {
		return l.location.operate(ctx, do)
	}
	settings, err := runningSandbox(l.Dir)
	if err != nil {
		return err
	}
	return withOperator(ctx, settings, func(ctx context.Context, o *operator) error { return o.recording(ctx, do) })
}

func (l location) openKeys() (keys.Custody, error) {
	settings, err := l.load()
	if err != nil {
		return nil, err
	}
	return server.OpenKeys(settings.Keys, slog.New(slog.DiscardHandler))
}

// createFile makes a file that only its owner may read, who is that of the folder when
// root makes it; "-" is standard output.
func createFile(stdout io.Writer, path string) (io.Writer, func() error, error) {
	if path == "-" || path == "" {
		return stdout, func() error { return nil }, nil
	}
	f, err := disk.CreateOwn(path)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}
