// Package api is the HTTP door: it authenticates, checks what came in, calls one
// method of a flow, and renders the answer. It decides no business question. The
// specification is openapi.yaml; oas is generated from it; problem.go is the one
// place where an error becomes a response.
//
// What a caller sent is untrusted text: it reaches no log line, metric, span or
// error, and the audit trail only after it was parsed.
package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/telemetry"
)

// Parts are what a Door is made of. All are required where nothing else is said.
type Parts struct {
	Provisioner   Provisioner
	Activator     Activator
	Authenticator Authenticator
	Audit         walletport.AuditRecorder
	Checks        []Check          // what readiness depends on
	Warnings      func() []Warning // what an operator should know soon, such as a key that expires; may be nil
	Log           *slog.Logger
	Metrics       *telemetry.Metrics
	Tracer        trace.Tracer // nil makes no spans
	Clock         func() time.Time
	Rand          io.Reader // crypto/rand.Reader outside of tests
	Config        Config
	Proxies       Proxies // whose word counts on where a caller is
	// Mounts are further handlers by path prefix ("/sandbox/"). They get request
	// ids, the body limit, the access log and recovery; not authentication.
	// Prefixes must not overlap. May be nil.
	Mounts map[string]http.Handler
	// MetricsPage is served at /metrics; nil where metrics have a listener of their own.
	MetricsPage http.Handler
}

// Door is the handler of everything that the server answers. It is safe for
// concurrent use.
type Door struct {
	Parts
	server   *oas.Server
	pages    map[string]http.Handler
	limits   limiters
	refusals refusals
	ready    readiness
	notices  notices
	draining atomic.Bool
}

// Config is what an operator may choose. The zero value is a good one.
type Config struct {
	Limits      Limits   `setting:"limits"`
	ServerURLs  []string `setting:"server_urls"`   // base URLs of the API, as the served specification names them; empty is /wallet on this server
	NoAccessLog bool     `setting:"no_access_log"` // log failures of ours only, not a line for each request
}

// Validate reports everything that is wrong with c.
func (c Config) Validate() error {
	errs := prefixed("limits.", c.Limits.Validate())
	for i, text := range c.ServerURLs {
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, fmt.Errorf("server_urls[%d]: an http or https URL without credentials, such as https://wallet.bank.example/wallet", i))
		}
	}
	return errors.Join(errs...)
}

// WithDefaults returns c with what is in force for fields that are zero.
func (c Config) WithDefaults() Config {
	c.Limits = c.Limits.WithDefaults()
	return c
}

// prefixed returns the problems that err joins, each with the name of its section.
func prefixed(section string, err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var errs []error
	for _, problem := range joined.Unwrap() {
		errs = append(errs, fmt.Errorf("%s%w", section, problem))
	}
	return errs
}

// basePath is where the calls of the specification live.
const basePath = "/wallet"

// New checks p and returns a Door ready to serve.
func New(p Parts) (*Door, error) {
	missing := func(absent bool, name string) error {
		if absent {
			return errors.New("api: " + name + " is missing")
		}
		return nil
	}
	err := errors.Join(missing(p.Provisioner == nil, "Provisioner"), missing(p.Activator == nil, "Activator"),
		missing(p.Authenticator == nil, "Authenticator"),
		missing(p.Audit == nil, "Audit"), missing(p.Log == nil, "Log"), missing(p.Metrics == nil, "Metrics"),
		missing(p.Clock == nil, "Clock"), missing(p.Rand == nil, "Rand"), p.Config.Validate())
	if err != nil {
		return nil, err
	}
	p.Config = p.Config.WithDefaults()
	door := &Door{Parts: p, limits: newLimiters(p.Config.Limits)}
	if door.server, err = door.newServer(); err != nil {
		return nil, err
	}
	if door.pages, err = door.newPages(); err != nil {
		return nil, err
	}
	return door, nil
}

func (d *Door) newServer() (*oas.Server, error) {
	return oas.NewServer(operations{d}, gate{d},
		oas.WithPathPrefix(basePath),
		oas.WithErrorHandler(func(ctx context.Context, _ http.ResponseWriter, _ *http.Request, err error) {
			d.refuse(callFrom(ctx), err)
		}),
		oas.WithNotFound(func(_ http.ResponseWriter, r *http.Request) {
			d.refuse(callFrom(r.Context()), d.errNoSuchPath(r.URL))
		}),
		oas.WithMethodNotAllowed(func(_ http.ResponseWriter, r *http.Request, allowed string) {
			d.refuse(callFrom(r.Context()), errMethod(allowed))
		}),
	)
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

func (d *Door) dispatch(c *call) {
	path := c.r.URL.Path
	if strings.HasPrefix(path, basePath+"/") {
		c.w.Header()["Cache-Control"] = headerNoStore
		c.match(d.server)
		d.server.ServeHTTP(c.w, c.r)
		return
	}
	if page, ok := d.pages[path]; ok {
		c.route = path
		if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
			d.refuse(c, errMethod("GET, HEAD"))
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
	d.refuse(c, d.errNoSuchPath(c.r.URL))
}
