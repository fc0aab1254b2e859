// Package door is what every HTTP door of walletport has in common, and knows no call:
// it begins and ends requests, authenticates and limits callers, reads bodies, renders
// refusals as problem documents (RFC 9457), and writes the access log, spans, metrics
// and the audit records of what no flow has seen. It answers /healthz and /readyz and
// shows the specification. The calls, and who may make them, are handed in: see API and
// Authenticator. A program with several doors, such as one for the back end and one for
// operators, has a Door for each, with a listener of its own.
//
// What a caller sent is untrusted text: it reaches no log line, metric, span or error,
// and the audit trail only after it was parsed.
package door

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door/forwarded"
	"github.com/walletport/walletport/telemetry"
)

// Parts are what a Door is made of. All are required where nothing else is said.
type Parts struct {
	API           API
	Authenticator Authenticator
	Audit         walletport.AuditRecorder
	Answers       Answers          // of calls with Operation.Once; nil where there is none
	Checks        []Check          // what readiness depends on; may be nil
	Warnings      func() []Warning // what an operator should know soon, such as a key that expires; may be nil
	Log           *slog.Logger
	Metrics       *telemetry.Metrics
	Tracer        trace.Tracer // nil makes no spans
	Clock         func() time.Time
	Rand          io.Reader         // crypto/rand.Reader outside of tests
	Limits        Limits            // the zero value is a good one
	NoAccessLog   bool              // log failures of ours only, not a line for each request
	Proxies       forwarded.Proxies // whose word counts on where a caller is
	// Mounts are further handlers by path prefix ("/sandbox/"). They get request
	// ids, the body limit, the access log and recovery; not authentication.
	// Prefixes must not overlap. May be nil.
	Mounts map[string]http.Handler
	// MetricsPage is served at /metrics; nil where metrics have a listener of their own.
	MetricsPage http.Handler
}

// Door is the handler of everything that one listener answers. It is safe for
// concurrent use.
type Door struct {
	Parts
	pages    map[string]http.Handler
	titles   map[string]string // of problem codes
	noticed  map[string]string // messages of the refusals that get a line of their own
	limits   limiters
	refusals refusals
	ready    readiness
	notices  notices
	draining atomic.Bool
}

// New checks p and returns a Door ready to serve.
func New(p Parts) (*Door, error) {
	missing := func(absent bool, name string) error {
		if absent {
			return errors.New("door: " + name + " is missing")
		}
		return nil
	}
	err := errors.Join(missing(p.API.BasePath == "", "API.BasePath"), missing(p.API.Match == nil, "API.Match"),
		missing(p.API.Handler == nil, "API.Handler"), missing(p.Authenticator == nil, "Authenticator"),
		missing(p.Audit == nil, "Audit"), missing(p.Log == nil, "Log"), missing(p.Metrics == nil, "Metrics"),
		missing(p.Clock == nil, "Clock"), missing(p.Rand == nil, "Rand"), p.Limits.Validate())
	if err != nil {
		return nil, err
	}
	p.Limits = p.Limits.WithDefaults()
	door := &Door{Parts: p, titles: titles(p.API.Codes), noticed: allNoticed(p.API.Notices), limits: newLimiters(p.Limits, p.Clock)}
	if door.pages, err = door.newPages(); err != nil {
		return nil, err
	}
	return door, nil
}

// NewServer returns an HTTP server for the door with the door's limits. The
// caller sets its address and TLS.
func (d *Door) NewServer() *http.Server {
	return &http.Server{
		Handler:           d,
		ReadHeaderTimeout: d.Limits.HeaderTime,
		ReadTimeout:       d.Limits.ReadTime,
		WriteTimeout:      d.Limits.WriteTime,
		IdleTimeout:       d.Limits.IdleTime,
		MaxHeaderBytes:    d.Limits.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(d.Log.Handler(), slog.LevelWarn),
	}
}

// Drain makes readiness say no, so that no new callers are sent here while the
// requests in hand are finished.
func (d *Door) Drain() { d.draining.Store(true) }

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, cancel := d.begin(w, r)
	defer cancel()
	defer d.end(c)
	d.dispatch(c)
}

func (d *Door) dispatch(c *Call) {
	path := c.r.URL.Path
	if strings.HasPrefix(path, d.API.BasePath+"/") {
		d.serveCall(c)
		return
	}
	if page, ok := d.pages[path]; ok {
		c.route = path
		if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
			c.Refuse(ErrMethod("GET, HEAD"))
			return
		}
		page.ServeHTTP(c.w, c.r)
		return
	}
	for prefix, handler := range d.Mounts {
		if strings.HasPrefix(path, prefix) {
			c.route = prefix
			handler.ServeHTTP(c.w, c.r)
			return
		}
	}
	c.Refuse(d.errNoSuchPath(c.r.URL))
}
