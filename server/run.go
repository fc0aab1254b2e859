package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"
)

// Listen takes the addresses of the API and, if they have one of their own, of metrics and
// probes, so that a taken one is an error of the start. Nothing is answered before Run.
// mounts are handlers beside the API by their path, which ends in a slash; nil is none. What
// stands apart is served with the certificates of the API.
func (s *Server) Listen(ctx context.Context, mounts map[string]http.Handler, apart ...Apart) (err error) {
	certificates, err := s.openTLS(ctx)
	if err != nil {
		return err
	}
	if s.door, err = s.openDoor(mounts); err != nil {
		return err
	}
	settings := s.Settings.HTTP
	server, tlsSettings := s.door.NewServer(), (*tls.Config)(nil)
	if certificates != nil {
		certificates.guard(server)
		tlsSettings = certificates.serverConfig()
	}
	if s.socket != nil {
		s.listeners.api = serveOn(s.socket, server, tlsSettings)
	} else if s.listeners.api, err = listen(ctx, settings.Listen, server, tlsSettings); err != nil {
		return err
	}
	for _, a := range apart {
		s.listeners.apart = append(s.listeners.apart, a.listener(certificates, s.log))
	}
	if settings.ProxyProtocol {
		s.listeners.api.socket = readProxyProtocol(s.listeners.api.socket, s.door.Proxies)
	}
	if s.Settings.Metrics.Listen == "" {
		return nil
	}
	s.listeners.metrics, err = listen(ctx, s.Settings.Metrics.Listen, s.metricsServer(), nil)
	return err
}

// URL returns where the API is reached, without its base path, once Listen has returned.
func (s *Server) URL() string { return s.listeners.api.url() }

// openTLS returns nil for plain HTTP, which the configuration allows on loopback only.
func (s *Server) openTLS(ctx context.Context) (*certificateStore, error) {
	if !s.Settings.HTTP.TLS.Enabled() {
		return nil, nil
	}
	certificates, err := openCertificateStore(ctx, s.Settings.HTTP.TLS, s.log)
	if err != nil {
		return nil, err
	}
	s.follow(ctx, "certificates", certificates)
	return certificates, nil
}

// metricsServer answers metrics and probes on a listener of their own: a load balancer
// need not have a client certificate for them.
func (s *Server) metricsServer() *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.Handle("/", s.door.Probes())
	return &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
}

// Run answers until ctx ends, once Listen has returned. Readiness then says no for as
// long as http.drain, so that a load balancer looks elsewhere; then the listener closes,
// and what was accepted is finished within http.shutdown. The error is that of a listener
// that ended by itself, or of requests that were cut off.
func (s *Server) Run(ctx context.Context) error {
	if metrics := s.listeners.metrics; metrics != nil {
		s.log.Info("serving metrics and probes", "url", metrics.url())
		s.background.start(ctx, "metrics", upkeep, func(ctx context.Context) error { return s.serveUntilEnd(ctx, metrics) })
	}
	s.serveApart(ctx)
	s.warnOfIssuers(ctx)
	if s.hangups != nil {
		s.reloadOnHangup(ctx)
	}
	s.log.Info("serving", "url", s.URL(), "version", s.version)
	settings := s.Settings.HTTP
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	undo := context.AfterFunc(ctx, func() {
		s.door.Drain()
		s.log.Info("stopping: readiness says no", "cause", context.Cause(ctx), "drain", settings.Drain.String(), "shutdown", settings.Shutdown.String())
		time.AfterFunc(settings.Drain, func() {
			s.log.Info("listener closes: accepted requests are finished")
			stop()
		})
	})
	defer undo()
	s.background.start(ctx, "counts of refused calls", upkeep, s.door.Run)
	if err := s.listeners.api.serve(serving, settings.Shutdown); err != nil {
		return err
	}
	s.log.Info("stopped: every accepted request was answered")
	return nil
}
