package main

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/telemetry"
)

type serveCommand struct {
	Config string `required:"" help:"Configuration file." placeholder:"FILE" env:"WALLETPORT_CONFIG"`
}

func (serveCommand) Help() string {
	return `Runs until SIGTERM, then finishes the requests it accepted. SIGHUP reads keys, certificates and other files anew.
Refuses keys of a sandbox, each card that has a test number, and plain HTTP on any address but loopback.
docs/configuration.md lists the settings.

Examples:
  walletport serve --config walletport.yaml
  WALLETPORT_HTTP__LISTEN=127.0.0.1:9000 walletport serve --config walletport.yaml`
}

func (c serveCommand) Run(ctx context.Context, con console) error {
	hangups := takeHangups()
	settings, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	lines := server.NewLogLines(con.Err)
	log := telemetry.NewLogger(lines, settings.Log.Level)
	slog.SetDefault(log) // and so the package log, which a library may use
	telemetry.ReportErrors(log)
	for _, warning := range config.Warnings() {
		log.Warn("an environment variable does nothing", "warning", warning)
	}
	return logEnd(ctx, log, serve(ctx, server.Options{
		Settings: settings, Log: log, Clock: now, Version: programVersion(), Lines: lines, Hangups: hangups,
	}))
}

// serve runs a server until ctx ends.
func serve(ctx context.Context, o server.Options) error {
	s, err := server.Open(ctx, o)
	if err != nil {
		return err
	}
	defer s.Close()
	tuneGC()
	tuneProcessors()
	if err := s.Listen(ctx, nil); err != nil {
		return err
	}
	return s.Run(ctx)
}

// gcPercent trades memory for speed: what lives is small (10 to 30 MB), and at Go's
// own 100 the collector takes 2 to 3 % of a busy server's CPU.
const gcPercent = 400

// minProcessors is how many goroutines run at once at least, also on one core. A signature by
// OpenSSL is a call out of Go of half a millisecond and more, which keeps its processor of Go
// until the runtime notices; a call that needs no RSA is answered meanwhile by the second one,
// and who waits for the network or a commit is woken. Go does the same for a container that has
// less than two cores.
const minProcessors = 2

// tuneProcessors leaves the decision to who sets GOMAXPROCS.
func tuneProcessors() {
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < minProcessors {
		runtime.GOMAXPROCS(minProcessors)
	}
}

// tuneGC leaves the decision to who sets GOGC.
func tuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
