package door

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport"
)

// Call is one request on its way through a door, and what is known of it. It belongs to
// the goroutine that answers the request.
type Call struct {
	door      *Door
	w         *answer
	r         *http.Request
	body      io.ReadCloser // of the request, however long it is
	began     time.Time
	request   walletport.Request
	caller    Caller
	actor     walletport.Actor // zero until authenticated
	op        *Operation       // nil when the path and method are no call
	arguments []string         // of the path of op
	route     string           // of op or of a page, never the caller's
	outcome   string           // walletport.OutcomeOK or a problem code
	wallet    string           // device wallet or wallet provider, checked; "" when the call names none
	notes     []slog.Attr      // for the access log
	cause     error            // for operators; nil when the answer says it all
	stack     []byte           // of a panic
	keptBody  []byte           // see KeepBody
	span      trace.Span
}

// unmatchedRoute stands for all paths that lead nowhere, however many there are.
const unmatchedRoute = "unmatched"

type callKey struct{}

// CallFrom returns the call of a request's context; nil when no door has begun it.
func CallFrom(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}

// SetWallet names the wallet or wallet provider that the call is about, for log and
// span. The name must be checked.
func (c *Call) SetWallet(name string) { c.wallet = name }

// Note adds a fact to the line of the access log, unless it is empty. It must repeat
// nothing of the caller's.
func (c *Call) Note(key, fact string) {
	if fact != "" {
		c.notes = append(c.notes, slog.String(key, fact))
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

func (d *Door) begin(w http.ResponseWriter, r *http.Request) (*Call, context.CancelFunc) {
	d.Metrics.RequestBegan()
	c := &Call{
		door: d, w: &answer{ResponseWriter: w}, body: r.Body, began: d.Clock(), route: unmatchedRoute, outcome: walletport.OutcomeOK,
		request: walletport.Request{ID: newRequestID(d.Rand), RemoteAddr: d.Proxies.Caller(r)},
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
	ctx, cancel := context.WithTimeout(r.Context(), d.Limits.RequestTime)
	ctx = d.startSpan(ctx, c, r)
	ctx = context.WithValue(walletport.WithRequest(ctx, c.request), callKey{}, c)
	c.r = r.WithContext(ctx)
	c.limitBody(d.Limits.BodyBytes)
	return c, cancel
}

// limitBody lets n bytes of the body be read. http.MaxBytesReader also tells net/http to
// close the connection of a caller who sent more.
func (c *Call) limitBody(n int64) {
	c.r.Body = http.MaxBytesReader(c.w.ResponseWriter, c.body, n)
}

// end closes the books on a request. It must be deferred directly: it recovers.
func (d *Door) end(c *Call) {
	if fault := recover(); fault != nil {
		if fault == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			d.Metrics.RequestEnded(c.route, "aborted", d.Clock().Sub(c.began))
			panic(fault)
		}
		c.stack = debug.Stack()
		if !c.w.takeBack() {
			d.cutOff(c, fault)
		}
		c.Refuse(Recorded(errors.New("panic: " + fmt.Sprint(fault))))
	}
	c.w.finish()
	took := d.Clock().Sub(c.began)
	d.Metrics.RequestEnded(c.route, c.outcome, took)
	d.endSpan(c)
	d.logCall(c, took)
}

// cutOff ends a request whose answer was under way when the handler broke: half an
// answer must not look like a whole one.
func (d *Door) cutOff(c *Call, fault any) {
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
func (c *Call) isFailure() bool {
	switch c.outcome {
	case statusNotReady, statusDraining, "request_canceled":
		return false
	}
	return c.w.status >= http.StatusInternalServerError
}

// logCall writes the one line of a request. A line of a failure of ours is
// written in any case.
func (d *Door) logCall(c *Call, took time.Duration) {
	level := slog.LevelInfo
	if c.isFailure() {
		level = slog.LevelError
	}
	if d.NoAccessLog && level == slog.LevelInfo || !d.Log.Enabled(c.r.Context(), level) {
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
	attrs = append(attrs, c.notes...)
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

// remoteAttr logs an address as one, which the log's search for card numbers passes
// over.
func remoteAttr(host string) slog.Attr {
	if address, err := netip.ParseAddr(host); err == nil {
		return slog.Any("remote_addr", address)
	}
	return slog.String("remote_addr", host)
}
