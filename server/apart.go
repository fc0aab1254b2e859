package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Apart is somebody else's handler that is served on a socket of its own while the server runs.
// It is no part of the API: no call of it is authenticated, limited, logged or measured.
type Apart struct {
	Name    string       // for log and metrics
	Socket  net.Listener // of OpenSocket
	Handler http.Handler
}

// listener serves plain HTTP without certificates. Only the headers of a request have a time
// limit: how slow an answer is, is the handler's affair.
func (a Apart) listener(certificates *certificateStore, log *slog.Logger) *listener {
	server, tlsSettings := &http.Server{
		Handler: a.Handler, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}, (*tls.Config)(nil)
	if certificates != nil {
		certificates.guard(server)
		tlsSettings = certificates.serverConfig()
	}
	l := serveOn(a.Socket, server, tlsSettings)
	l.name = a.Name
	return l
}

// serveApart serves what stands apart until Close: requests of the API that are finished at the
// end may need it.
func (s *Server) serveApart(ctx context.Context) {
	for _, l := range s.listeners.apart {
		s.log.Info("serving "+l.name, "url", l.url())
		s.background.start(ctx, l.name, upkeep, func(ctx context.Context) error { return s.serveUntilEnd(ctx, l) })
	}
}

// besideGrace bounds what a call that is none of the API, also a scrape of the metrics, may
// still take when the server has ended.
const besideGrace = time.Second

// serveUntilEnd answers beside the API until ctx ends. A call that takes longer than besideGrace
// then is cut off, for no caller of the API waits for it any more.
func (s *Server) serveUntilEnd(ctx context.Context, l *listener) error {
	err := l.serve(ctx, besideGrace)
	if err == nil || ctx.Err() == nil {
		return err
	}
	s.log.Info("calls were cut off at the end", "url", l.url(), "err", err)
	return nil
}
