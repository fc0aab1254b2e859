package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// listeners are those of a server; nil are those that it has not.
type listeners struct {
	api, metrics *listener
	apart        []*listener
}

// close closes the sockets of listeners that never served. Those that did must have ended.
func (l listeners) close() {
	for _, each := range append([]*listener{l.api, l.metrics}, l.apart...) {
		if each != nil {
			_ = each.socket.Close()
		}
	}
}

// listener is one HTTP server with its socket open.
type listener struct {
	server *http.Server
	socket net.Listener
	scheme string
	name   string // of what stands apart
}

// OpenSocket opens the socket of an address, so that a taken port is an error of the
// start and not of a goroutine.
func OpenSocket(ctx context.Context, address string) (net.Listener, error) {
	var sockets net.ListenConfig
	socket, err := sockets.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return socket, nil
}

// listen opens the socket and serves on it.
func listen(ctx context.Context, address string, server *http.Server, tlsSettings *tls.Config) (*listener, error) {
	socket, err := OpenSocket(ctx, address)
	if err != nil {
		return nil, err
	}
	return serveOn(socket, server, tlsSettings), nil
}

// serveOn takes a socket that is open. A nil tlsSettings serves plain HTTP.
func serveOn(socket net.Listener, server *http.Server, tlsSettings *tls.Config) *listener {
	l := &listener{socket: socket, scheme: "http", server: server}
	if tlsSettings != nil {
		l.scheme, server.TLSConfig = "https", tlsSettings
	}
	return l
}

// url returns where the listener is reached.
func (l *listener) url() string { return l.scheme + "://" + l.socket.Addr().String() }

// serve answers until ctx ends, then lets accepted requests finish for as long
// as grace allows.
func (l *listener) serve(ctx context.Context, grace time.Duration) error {
	ended := make(chan error, 1)
	undo := context.AfterFunc(ctx, func() { ended <- l.shutdown(ctx, grace) })
	defer undo()
	var err error
	if l.server.TLSConfig != nil {
		err = l.server.ServeTLS(l.socket, "", "")
	} else {
		err = l.server.Serve(l.socket)
	}
	if ctx.Err() == nil || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.url(), err)
	}
	return <-ended
}

// shutdown lets accepted requests finish, and cuts off those that do not in time.
func (l *listener) shutdown(ctx context.Context, grace time.Duration) error {
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := l.server.Shutdown(deadline); err != nil {
		return errors.Join(fmt.Errorf("requests cut off at shutdown: %w", err), l.server.Close())
	}
	return nil
}

// tryHost reports whether this machine has an address, on a free port.
func tryHost(ctx context.Context, host string) error {
	var sockets net.ListenConfig
	free, err := sockets.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return fmt.Errorf("%s is no address of this machine: %w", host, err)
	}
	_ = free.Close()
	return nil
}
