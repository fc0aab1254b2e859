package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// listener is one HTTP server with its socket open.
type listener struct {
	server *http.Server
	socket net.Listener
	scheme string
}

// listen opens the socket, so that a taken port is an error of the start and not
// of a goroutine. A nil tlsSettings serves plain HTTP.
func listen(ctx context.Context, address string, server *http.Server, tlsSettings *tls.Config) (*listener, error) {
	var sockets net.ListenConfig
	socket, err := sockets.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l := &listener{socket: socket, scheme: "http", server: server}
	if tlsSettings != nil {
		l.scheme, server.TLSConfig = "https", tlsSettings
	}
	return l, nil
}

// url returns where the listener is reached.
func (l *listener) url() string { return l.scheme + "://" + l.socket.Addr().String() }

// serve answers until ctx ends, then lets accepted requests finish for as long
// as grace allows.
func (l *listener) serve(ctx context.Context, grace time.Duration) error {
	stopped := make(chan error, 1)
	go func() {
		if l.server.TLSConfig != nil {
			stopped <- l.server.ServeTLS(l.socket, "", "")
			return
		}
		stopped <- l.server.Serve(l.socket)
	}()
	select {
	case err := <-stopped:
		return fmt.Errorf("serve %s: %w", l.url(), err)
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := l.server.Shutdown(deadline); err != nil {
		return errors.Join(fmt.Errorf("requests cut off at shutdown: %w", err), l.server.Close())
	}
	return nil
}
