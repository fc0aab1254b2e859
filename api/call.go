package api

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
)

// call is one request on its way through the door, and what is known of it.
type call struct {
	w       *answer
	r       *http.Request
	began   time.Time
	request walletport.Request
	claimed [sha256.Size]byte // digest of the client's name or the token that the caller claims; zero without one
	actor   walletport.Actor  // zero until authenticated
	gone    string            // id of a client that proved its secret and is revoked, or has ended
	route   string            // a path of the specification or of a page, never the caller's
	outcome string            // walletport.OutcomeOK or a problem code
	matched oas.Route         // zero when the path and method are no call of the specification
	op      operation         // of matched
	wallet  string            // device wallet or wallet provider, checked; "" when the call names none
	// certificates says how an Apple Pay call's came: integrators ask for it.
	certificates string
	cause        error  // for operators; nil when the answer says it all
	stack        []byte // of a panic
	span         trace.Span
}

// unmatchedRoute stands for all paths that lead nowhere, however many there are.
const unmatchedRoute = "unmatched"

type callKey struct{}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// match finds the call of the specification ahead of the generated router, so that
// a refusal at any step knows what was asked for.
func (c *call) match(server *oas.Server) {
	route, ok := server.FindPath(c.r.Method, c.r.URL)
	if !ok {
		return
	}
	c.matched, c.op = route, operationTable[route.Name()]
	c.route, c.wallet = c.op.route, string(c.op.wallet)
	if c.op.deprecated {
		h := c.w.Header()
		h["Deprecation"], h["Link"] = headerDeprecation, headerSuccessor
	}
}

// Values of headers that are the same on every answer. net/http only reads them.
var (
	headerNoStore  = []string{"no-store"}
	headerNosniff  = []string{"nosniff"}
	headerNoFrames = []string{"default-src 'none'; frame-ancestors 'none'"}
	headerNoRefer  = []string{"no-referrer"}
	headerClose    = []string{"close"}
	headerHSTS     = []string{"max-age=31536000"}
)

func (d *Door) begin(w http.ResponseWriter, r *http.Request) (*call, context.CancelFunc) {
	d.Metrics.RequestBegan()
	c := &call{
		w: &answer{ResponseWriter: w}, began: d.Clock(), route: unmatchedRoute, outcome: walletport.OutcomeOK,
		request: walletport.Request{ID: newRequestID(d.Rand), RemoteAddr: d.Proxies.caller(r)},
	}
	if given := r.Header.Get("X-Request-Id"); isRequestID(given) {
		c.request.ID, c.request.SpareID = given, c.request.ID
	}
	h := w.Header()
	h["X-Request-Id"] = []string{c.request.ID}
	h["X-Content-Type-Options"] = headerNosniff
	h["Content-Security-Policy"] = headerNoFrames
	h["Referrer-Policy"] = headerNoRefer
	if d.draining.Load() {
		// So that no caller sends its next request into a connection that is about to
		// close; HTTP/2 makes a GOAWAY of it.
		h["Connection"] = headerClose
	}
	if r.TLS != nil {
		h["Strict-Transport-Security"] = headerHSTS
	}
	ctx, cancel := context.WithTimeout(r.Context(), d.Config.Limits.RequestTime)
	ctx = d.startSpan(ctx, c, r)
	ctx = context.WithValue(walletport.WithRequest(ctx, c.request), callKey{}, c)
	c.r = r.WithContext(ctx)
	c.r.Body = http.MaxBytesReader(w, r.Body, d.Config.Limits.BodyBytes)
	return c, cancel
}

// end closes the books on a request. It must be deferred directly: it recovers.
func (d *Door) end(c *call) {
	if fault := recover(); fault != nil {
		if fault == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			d.Metrics.RequestEnded(c.route, "aborted", d.Clock().Sub(c.began))
			panic(fault)
		}
		c.stack = debug.Stack()
		if !c.w.takeBack() {
			d.cutOff(c, fault)
		}
		d.refuse(c, byFlow{errors.New("panic: " + fmt.Sprint(fault))})
	}
	c.w.finish()
	took := d.Clock().Sub(c.began)
	d.Metrics.RequestEnded(c.route, c.outcome, took)
	d.endSpan(c)
	d.logCall(c, took)
}

// cutOff ends a request whose answer was under way when the handler broke: half an
// answer must not look like a whole one.
func (d *Door) cutOff(c *call, fault any) {
	c.outcome, c.cause = string(walletport.CodeInternal), errors.New("panic: "+fmt.Sprint(fault))
	c.w.status = http.StatusInternalServerError // for the log line
	took := d.Clock().Sub(c.began)
	d.Metrics.RequestEnded(c.route, c.outcome, took)
	d.endSpan(c)
	d.logCall(c, took)
	panic(http.ErrAbortHandler)
}

// isFailure reports whether a call failed by a fault of ours, so that somebody must
// look. A caller who hung up got 503, for nobody to see; and readiness that says no has
// a line of its own, when it changes.
func (c *call) isFailure() bool {
	switch c.outcome {
	case statusNotReady, statusDraining, "request_canceled":
		return false
	}
	return c.w.status >= http.StatusInternalServerError
}

// logCall writes the one line of a request. A line of a failure of ours is
// written in any case.
func (d *Door) logCall(c *call, took time.Duration) {
	level := slog.LevelInfo
	if c.isFailure() {
		level = slog.LevelError
	}
	if d.Config.NoAccessLog && level == slog.LevelInfo || !d.Log.Enabled(c.r.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("method", knownMethod(c.r.Method)), slog.String("route", c.route), slog.Int("status", c.w.status),
		slog.String("code", c.outcome), slog.String("request_id", c.request.ID), slog.String("client_id", c.actor.ClientID),
		remoteAttr(c.request.RemoteAddr), slog.Int64("took_us", took.Microseconds()))
	if c.wallet != "" {
		attrs = append(attrs, slog.String("wallet", c.wallet))
	}
	if c.certificates != "" {
		attrs = append(attrs, slog.String("certificates", c.certificates))
	}
	switch {
	case c.cause != nil:
		attrs = append(attrs, slog.Any("err", c.cause))
	case c.actor.Lack != "" && c.outcome != walletport.OutcomeOK: // perhaps the reason
		attrs = append(attrs, slog.String("err", c.actor.Lack))
	}
	if c.stack != nil {
		attrs = append(attrs, slog.String("stack", string(c.stack)))
	}
	d.Log.LogAttrs(c.r.Context(), level, "request", attrs...)
}

// knownMethod keeps a caller's invention out of logs and spans.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "_OTHER"
}

const maxRequestIDBytes = 64

// isRequestID reports whether the caller's id is harmless; else one is made.
func isRequestID(text string) bool {
	if text == "" || len(text) > maxRequestIDBytes {
		return false
	}
	for i := range len(text) {
		c := text[i]
		isAlnum := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !isAlnum && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return !walletport.ContainsPAN(text)
}

// newRequestID returns a UUID of version 7.
func newRequestID(random io.Reader) string {
	id, err := uuid.NewV7FromReader(random)
	if err != nil {
		// Without an id an answer cannot be found again, but it can be given.
		return "unknown"
	}
	return id.String()
}

// swapRequestID logs the call under the id that was made here, and says so to the
// caller unless it must stay in the dark.
func (c *call) swapRequestID(tell bool) {
	if c.request.SpareID == "" {
		return
	}
	c.request.ID, c.request.SpareID = c.request.SpareID, ""
	if tell {
		c.w.Header()["X-Request-Id"] = []string{c.request.ID}
	}
}

// remoteAttr logs an address as one, which the log's search for card numbers passes
// over.
func remoteAttr(host string) slog.Attr {
	if address, err := netip.ParseAddr(host); err == nil {
		return slog.Any("remote_addr", address)
	}
	return slog.String("remote_addr", host)
}

// clientCertificate returns the certificate that the TLS layer verified, or nil.
func clientCertificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return nil
	}
	return r.TLS.VerifiedChains[0][0]
}
