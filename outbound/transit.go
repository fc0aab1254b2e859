package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
)

// transit is what is known of how far a call has come on its way to the target: over all
// requests that it took, for those after redirects and those that net/http repeats count too.
type transit struct {
	connections atomic.Int32 // that requests were given
	isNewTLS13  atomic.Bool  // the last of them is new, and has TLS 1.3
	answered    atomic.Bool  // there was a byte of an answer, if only of an interim one
}

// watch returns a context under which requests are watched.
func (t *transit) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			t.connections.Add(1)
			conn, ok := got.Conn.(*tls.Conn)
			t.isNewTLS13.Store(!got.Reused && ok && conn.ConnectionState().Version == tls.VersionTLS13)
		},
		GotFirstResponseByte: func() { t.answered.Store(true) },
	})
}

// isUnread reports whether the target has read nothing of a call that failed with err.
//
// It has not where there was no connection. In TLS 1.3 there is one more case: our side is
// through with the handshake before the target has seen our certificate, so the request is
// written by then, and the refusal comes in place of the answer. The target reads no request
// of such a connection. That is so only where the refusal is the first thing that comes over
// a new connection: on a kept one, or after a byte of an answer, the target has taken the
// handshake and read, and so it has in TLS 1.2, where we do not write before it is done.
// Where the connection breaks before the refusal is read, which HTTP/2 is quicker to notice,
// nobody knows.
func (t *transit) isUnread(err error) bool {
	switch t.connections.Load() {
	case 0:
		return true
	case 1:
		return t.isNewTLS13.Load() && !t.answered.Load() && isHandshakeAlert(err)
	}
	return false
}

// handshakeAlerts are those that a target sends about the handshake alone (RFC 8446 section
// 6.2): most of them of the client's certificate, or that there is none.
var handshakeAlerts = []tls.AlertError{
	40,  // handshake_failure
	42,  // bad_certificate
	43,  // unsupported_certificate
	44,  // certificate_revoked
	45,  // certificate_expired
	46,  // certificate_unknown
	48,  // unknown_ca
	49,  // access_denied
	51,  // decrypt_error
	116, // certificate_required
}

// isHandshakeAlert reports whether err is an alert about the handshake. crypto/tls gives an
// alert over TCP the text of a tls.AlertError, and a type of its own.
func isHandshakeAlert(err error) bool {
	operation, ok := errors.AsType[*net.OpError](err)
	return ok && operation.Op == "remote error" && slices.ContainsFunc(handshakeAlerts, func(a tls.AlertError) bool {
		return operation.Err.Error() == a.Error()
	})
}
