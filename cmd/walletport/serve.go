package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/keys"
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
	pipe := &logPipe{to: con.Err}
	log := telemetry.NewLogger(pipe, settings.Log.Level)
	slog.SetDefault(log) // and so the package log, which a library may use
	telemetry.ReportErrors(log)
	for _, warning := range config.Warnings() {
		log.Warn("an environment variable does nothing", "warning", warning)
	}
	return logEnd(ctx, log, c.run(ctx, settings, log, pipe, hangups))
}

func (serveCommand) run(ctx context.Context, settings config.Config, log *slog.Logger, pipe *logPipe, hangups <-chan os.Signal) error {
	s, err := openServer(ctx, settings, log)
	if err != nil {
		return err
	}
	defer s.close()
	s.logPipe, s.hangups = pipe, hangups
	if err := s.refuseSandbox(ctx); err != nil {
		return err
	}
	tuneGC()
	return s.serve(ctx)
}

// gcPercent trades memory for speed: what lives is small (10 to 30 MB), and at Go's
// own 100 the collector takes 2 to 3 % of a busy server's CPU.
const gcPercent = 400

// tuneGC leaves the decision to who sets GOGC.
func tuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// serve opens the listeners and answers until ctx ends.
func (s *server) serve(ctx context.Context) error {
	certificates, err := s.openTLS(ctx)
	if err != nil {
		return err
	}
	door, err := s.door(nil, s.metricsBeside(s.config.HTTP.Listen))
	if err != nil {
		return err
	}
	server, tlsSettings := door.NewServer(), (*tls.Config)(nil)
	if certificates != nil {
		certificates.guard(server)
		tlsSettings = certificates.serverConfig()
	}
	main, err := listen(ctx, s.config.HTTP.Listen, server, tlsSettings)
	if err != nil {
		return err
	}
	if s.config.HTTP.ProxyProtocol {
		main.socket = readProxyProtocol(main.socket, door.Proxies)
	}
	if err := s.serveMetrics(ctx, door.Probes()); err != nil {
		return err
	}
	s.warnOfIssuers(ctx)
	s.reloadOnHangup(ctx, s.hangups)
	s.log.Info("serving", "url", main.url(), "version", programVersion())
	return runDoor(ctx, door, main, s.config.HTTP, s.log)
}

// metricsBeside returns the handler of /metrics beside the API: on loopback, and
// only without a listener of their own.
func (s *server) metricsBeside(address string) http.Handler {
	host, _, err := net.SplitHostPort(address)
	if err != nil || s.config.Metrics.Listen != "" || !config.IsLoopback(host) {
		return nil
	}
	return s.metrics.Handler()
}

// openTLS returns nil for plain HTTP, which the configuration allows on loopback only.
func (s *server) openTLS(ctx context.Context) (*certificateStore, error) {
	if !s.config.HTTP.TLS.Enabled() {
		return nil, nil
	}
	certificates, err := openCertificateStore(ctx, s.config.HTTP.TLS, s.log)
	if err != nil {
		return nil, err
	}
	s.follow(ctx, "certificates", certificates)
	return certificates, nil
}

// serveMetrics opens the metrics listener, if it has one of its own. Probes are answered
// there too: a load balancer need not have a client certificate for them.
func (s *server) serveMetrics(ctx context.Context, probes http.Handler) error {
	if s.config.Metrics.Listen == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.Handle("/", probes)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	l, err := listen(ctx, s.config.Metrics.Listen, server, nil)
	if err != nil {
		return err
	}
	s.log.Info("serving metrics and probes", "url", l.url())
	s.background.start(ctx, "metrics", func(ctx context.Context) error { return l.serve(ctx, time.Second) })
	return nil
}

// runDoor answers until ctx ends. Readiness says no for as long as h.Drain, so that
// a load balancer looks elsewhere; then the listener closes, and what was accepted
// is finished within h.Shutdown.
func runDoor(ctx context.Context, front *door.Door, l *listener, h config.HTTP, log *slog.Logger) error {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	undo := context.AfterFunc(ctx, func() {
		front.Drain()
		log.Info("stopping: readiness says no", "cause", context.Cause(ctx), "drain", h.Drain.String(), "shutdown", h.Shutdown.String())
		time.AfterFunc(h.Drain, func() {
			log.Info("listener closes: accepted requests are finished")
			stop()
		})
	})
	defer undo()
	counting, stopCounting := context.WithCancel(context.WithoutCancel(ctx))
	counted := make(chan error, 1)
	go func() { counted <- front.Run(counting) }()
	err := l.serve(serving, h.Shutdown)
	stopCounting()
	if err = errors.Join(err, <-counted); err != nil {
		return err
	}
	log.Info("stopped: every accepted request was answered")
	return nil
}

// refuseSandbox keeps made-up keys out of production: whoever has a sandbox.json holds
// the other half of these keys. Test numbers are refused card by card, see testCards.
func (s *server) refuseSandbox(ctx context.Context) error {
	if err := refuseSandboxKeys(s.keys.Current()); err != nil {
		return err
	}
	if err := s.findTestCards(ctx); err != nil {
		return err
	}
	s.background.every(ctx, testCardsInterval, "test cards", s.warnOfTestCards)
	return nil
}

func refuseSandboxKeys(ring *keys.Ring) error {
	for _, k := range ring.All() {
		if k.Sandbox {
			return fmt.Errorf("key %s is a sandbox's: make a key store with walletport keys init", k.ID)
		}
	}
	return nil
}
