// Package outbound is the one HTTP client for everything that walletport calls. A
// Client calls one target and bounds everything about it: the time of each step, the
// size of an answer, where a redirect may lead, which addresses are connected to, how
// many calls there are at a time and in a second, and how often a target is asked that
// does not answer. It reports each call to an Observer by the target's name and the
// call's; no URL, header or body is in an error, a metric or a span.
//
// A request is a method, a URL, headers and a body in one piece. Whoever signs or
// encrypts (OAuth 1.0a, x-pay-token, message-level encryption) does so before Do: the
// bytes and headers leave as they are handed over, and no header is sent to another
// place than the target. A client certificate is part of the Target.
//
// Do never repeats a call. Whether a read is asked again, and when, is its caller's to
// decide, who knows the deadline; whether a write that got no answer was carried out is
// not known, unless IsUnsent says that the target has read nothing of it.
//
// The connections of the database driver and of OpenTelemetry's trace exporter stay
// their libraries' own: they speak their own protocols with retries and limits of
// their own, and are told where to connect by the operator alone.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Clients makes the clients of a program, which share what is set here.
type Clients struct {
	Clock    func() time.Time // for breakers and durations; required
	Observer Observer         // nil observes nothing
	// Proxy says through which proxy a request goes; nil is http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)
	// Transport answers instead of connections of the client's own when it is not nil.
	// Addresses, connect and TLS limits, roots and certificates are its own then.
	Transport http.RoundTripper
}

// Observer is told of calls. It must be safe for concurrent use.
type Observer interface {
	// CallBegan is told the target's name, the method, and what the Request says it is: its
	// Call and its ID. The call goes on with the context that it returns. ended is called
	// once: outcome is one of the outcomes of this package, status that of the answer, 0
	// without one.
	CallBegan(ctx context.Context, target, method, call, id string) (_ context.Context, ended func(outcome string, status int, took time.Duration))
}

// Target is one place to call.
type Target struct {
	Name string // in metrics, spans and messages; required
	URL  string // any URL there: its scheme, host and port are what may be called. https, or http on loopback
	// Addresses says which addresses the host may be at.
	Addresses Addresses
	// FollowElsewhere lets redirects of a read lead to other https places, without the
	// headers of the call. Redirects within the place are always followed.
	FollowElsewhere bool
	Limits          Limits
	Caps            Caps
	Breaker         Breaker
	Roots           *x509.CertPool // that the target's certificate must lead to; nil are the system's
	// Certificate returns the client certificate of mutual TLS for a new connection, so
	// that a renewed one counts; its private key may be in custody. nil offers none.
	Certificate func() (*tls.Certificate, error)
}

// To returns a client for a target. It is safe for concurrent use.
func (c Clients) To(t Target) (*Client, error) {
	if err := c.check(t); err != nil {
		return nil, err
	}
	at, err := url.Parse(t.URL)
	if err != nil {
		return nil, fmt.Errorf("outbound: the URL of target %s is malformed", t.Name)
	}
	t.Limits = t.Limits.WithDefaults()
	client := &Client{target: t, at: at, clock: c.Clock, observer: c.Observer, breaker: newBreaker(t.Breaker), turns: newTurns(t.Caps, c.Clock)}
	if client.observer == nil {
		client.observer = noObserver{}
	}
	if c.Transport != nil {
		client.here, client.elsewhere = c.Transport, c.Transport
		return client, nil
	}
	client.guard = newGuard(t.Addresses, at)
	client.here = c.transport(t, client.guard.dialHere)
	t.Certificate = nil // it is for the target alone
	client.elsewhere = c.transport(t, client.guard.dialElsewhere)
	return client, nil
}

func (c Clients) check(t Target) error {
	switch {
	case c.Clock == nil:
		return errors.New("outbound: clock is required")
	case t.Name == "":
		return errors.New("outbound: a target needs a name")
	case !IsSafeURL(t.URL):
		return fmt.Errorf("outbound: the URL of target %s must be https, or http on loopback", t.Name)
	}
	if err := errors.Join(t.Limits.Validate(), t.Caps.Validate(), t.Breaker.Validate()); err != nil {
		return fmt.Errorf("outbound: target %s: %w", t.Name, err)
	}
	return nil
}

type dial func(ctx context.Context, network, address string) (net.Conn, error)

// transport makes connections for one target. Connections to a proxy pass no guard:
// the operator says where it is, often inside, and the target's address is the
// proxy's to find.
func (c Clients) transport(t Target, guarded dial) *http.Transport {
	proxy := c.Proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	var proxies sync.Map // host:port of the proxies that requests go through
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: t.Roots}
	if t.Certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return t.Certificate() }
	}
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			through, err := proxy(r)
			if through != nil {
				proxies.Store(hostPort(through), nil)
			}
			return through, err
		},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, t.Limits.Connect)
			defer cancel()
			if _, ok := proxies.Load(address); ok {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}
			return guarded(ctx, network, address)
		},
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    t.Limits.TLS,
		ResponseHeaderTimeout:  t.Limits.Headers,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTime,
		ForceAttemptHTTP2:      true,
	}
}

type noObserver struct{}

func (noObserver) CallBegan(ctx context.Context, _, _, _, _ string) (context.Context, func(string, int, time.Duration)) {
	return ctx, func(string, int, time.Duration) {}
}
