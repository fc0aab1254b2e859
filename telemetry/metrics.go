package telemetry

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the numbers of one server, on a registry of their own. Labels take
// constants and names of the configuration only: routes of the specification, outcome
// codes, targets that the server calls, kinds of jobs. It is safe for concurrent use.
type Metrics struct {
	registry       *prometheus.Registry
	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec
	inFlight       prometheus.Gauge
	auditRecords   prometheus.Histogram
	auditSeconds   prometheus.Histogram
	auditFailures  prometheus.Counter
	cardLookups    *prometheus.CounterVec
	calls          *prometheus.CounterVec
	callSeconds    *prometheus.HistogramVec
	jobs           jobMetrics
	tokens         tokenMetrics
	clickToPay     clickToPayMetrics
	steps          stepMetrics
	witnesses      witnessMetrics
}

// NewMetrics returns metrics that are all zero, with Go's and the process's own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_http_requests_total", Help: "Answered requests by route and outcome code.",
		}, []string{"route", "outcome"}),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "walletport_http_request_seconds", Help: "Time from the request's headers to the end of the answer.",
			Buckets: []float64{0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 5, 10},
		}, []string{"route", "outcome"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "walletport_http_requests_in_flight", Help: "Requests being answered now.",
		}),
		auditRecords: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "walletport_audit_batch_records", Help: "Audit records made durable by one commit.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512},
		}),
		auditSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "walletport_audit_commit_seconds", Help: "Time of one audit commit.",
			Buckets: []float64{0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5},
		}),
		auditFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "walletport_audit_failures_total", Help: "Audit commits that failed; their requests were answered 503.",
		}),
		cardLookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_card_lookups_total", Help: "Cards looked up in the vault, by outcome code.",
		}, []string{"outcome"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_outbound_calls_total", Help: "Calls that the server made, by target, the target's word for the call, and outcome.",
		}, []string{"target", "call", "outcome"}),
		callSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "walletport_outbound_call_seconds", Help: "Time of a call that the server made, until the answer was read.",
			Buckets: []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30},
		}, []string{"target", "call", "outcome"}),
		jobs: newJobMetrics(), tokens: newTokenMetrics(), clickToPay: newClickToPayMetrics(), steps: newStepMetrics(), witnesses: newWitnessMetrics(),
	}
	m.registry.MustRegister(slices.Concat(m.jobs.collectors(), m.tokens.collectors(), m.clickToPay.collectors(), m.steps.collectors(), m.witnesses.collectors())...)
	m.registry.MustRegister(m.requests, m.requestSeconds, m.inFlight, m.auditRecords, m.auditSeconds, m.auditFailures, m.cardLookups, m.calls, m.callSeconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// RequestBegan counts a request in.
func (m *Metrics) RequestBegan() { m.inFlight.Inc() }

// RequestEnded counts a request out. route is a path of the specification or a
// constant, outcome is "ok" or a problem code.
func (m *Metrics) RequestEnded(route, outcome string, took time.Duration) {
	m.inFlight.Dec()
	m.requests.WithLabelValues(route, outcome).Inc()
	m.requestSeconds.WithLabelValues(route, outcome).Observe(took.Seconds())
}

// AuditCommitted notes one durable batch.
func (m *Metrics) AuditCommitted(records int, took time.Duration) {
	m.auditRecords.Observe(float64(records))
	m.auditSeconds.Observe(took.Seconds())
}

// AuditFailed notes one batch that could not be made durable.
func (m *Metrics) AuditFailed() { m.auditFailures.Inc() }

// CardLookedUp notes one look-up; outcome is "ok" or a problem code.
func (m *Metrics) CardLookedUp(outcome string) { m.cardLookups.WithLabelValues(outcome).Inc() }

// CallEnded notes a call that the server made. target is a name of the configuration, call
// the target's own word for it, one of a few, or empty, and outcome a constant.
func (m *Metrics) CallEnded(target, call, outcome string, took time.Duration) {
	m.calls.WithLabelValues(target, call, outcome).Inc()
	m.callSeconds.WithLabelValues(target, call, outcome).Observe(took.Seconds())
}

// KeyExpiry is when a key of the catalogue ends.
type KeyExpiry struct {
	ID, Purpose string
	ValidUntil  time.Time // zero never ends and is not reported
}

// WatchKeys reports the keys that list returns, at each scrape. It must be called
// at most once.
func (m *Metrics) WatchKeys(list func() []KeyExpiry) {
	m.registry.MustRegister(keyCollector{list: list, seconds: prometheus.NewDesc("walletport_key_expiry_timestamp_seconds",
		"When an active key stops being valid, in Unix time.", []string{"key", "purpose"}, nil)})
}

// UsesRSAEngine reports which engine works with RSA keys. It must be called at most once.
func (m *Metrics) UsesRSAEngine(engine, version string, fips bool) {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "walletport_rsa_engine_info", Help: "1; the labels say who does the arithmetic of RSA keys.",
		ConstLabels: prometheus.Labels{"engine": engine, "version": version, "fips": strconv.FormatBool(fips)},
	})
	info.Set(1)
	m.registry.MustRegister(info)
}

// WatchWarnings reports how many warnings of each code there are, at each scrape. It
// must be called at most once.
func (m *Metrics) WatchWarnings(count func() map[string]int) {
	m.registry.MustRegister(warningCollector{count: count, number: prometheus.NewDesc("walletport_warnings",
		"What /readyz warns of now, by code.", []string{"code"}, nil)})
}

// WatchBackground reports which work beside requests goes on, by its name, at each scrape.
// It must be called at most once.
func (m *Metrics) WatchBackground(running func() map[string]bool) {
	m.registry.MustRegister(backgroundCollector{running: running, up: prometheus.NewDesc("walletport_background_running",
		"1 while work beside requests goes on, 0 once it has ended early.", []string{"work"}, nil)})
}

type backgroundCollector struct {
	running func() map[string]bool
	up      *prometheus.Desc
}

// Describe sends the one description.
func (c backgroundCollector) Describe(out chan<- *prometheus.Desc) { out <- c.up }

// Collect asks for the work.
func (c backgroundCollector) Collect(out chan<- prometheus.Metric) {
	for work, goesOn := range c.running() {
		value := 0.0
		if goesOn {
			value = 1
		}
		out <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, value, work)
	}
}

type warningCollector struct {
	count  func() map[string]int
	number *prometheus.Desc
}

// Describe sends the one description.
func (c warningCollector) Describe(out chan<- *prometheus.Desc) { out <- c.number }

// Collect sends a gauge for each code.
func (c warningCollector) Collect(out chan<- prometheus.Metric) {
	for code, n := range c.count() {
		out <- prometheus.MustNewConstMetric(c.number, prometheus.GaugeValue, float64(n), code)
	}
}

type keyCollector struct {
	list    func() []KeyExpiry
	seconds *prometheus.Desc
}

// Describe sends the one description.
func (c keyCollector) Describe(out chan<- *prometheus.Desc) { out <- c.seconds }

// Collect sends a gauge for each key that ends.
func (c keyCollector) Collect(out chan<- prometheus.Metric) {
	for _, k := range c.list() {
		if k.ValidUntil.IsZero() {
			continue
		}
		out <- prometheus.MustNewConstMetric(c.seconds, prometheus.GaugeValue, float64(k.ValidUntil.Unix()), k.ID, k.Purpose)
	}
}
