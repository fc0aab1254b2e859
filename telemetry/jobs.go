package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// jobMetrics are of work that is done later. kind and outcome are constants of the program.
type jobMetrics struct {
	attempts       *prometheus.CounterVec
	attemptSeconds *prometheus.HistogramVec
	waitSeconds    *prometheus.HistogramVec
	waiting        *prometheus.GaugeVec
	oldest         *prometheus.GaugeVec
	parked         *prometheus.GaugeVec
	queueFailures  prometheus.Counter
}

func newJobMetrics() jobMetrics {
	buckets := []float64{0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"kind"})
	}
	return jobMetrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_job_attempts_total", Help: "Attempts of jobs that ended, by kind and outcome.",
		}, []string{"kind", "outcome"}),
		attemptSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "walletport_job_attempt_seconds", Help: "Time of an attempt of a job.", Buckets: buckets,
		}, []string{"kind"}),
		waitSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "walletport_job_wait_seconds", Help: "Time for which a job that was due waited for its attempt.", Buckets: buckets,
		}, []string{"kind"}),
		waiting: gauge("walletport_jobs_waiting", "Jobs that are to be done, by kind."),
		oldest:  gauge("walletport_job_oldest_seconds", "Time since the first of the jobs that are to be done was enqueued, by kind."),
		parked:  gauge("walletport_jobs_parked", "Jobs that nobody does any more until somebody says so, by kind."),
		queueFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "walletport_job_queue_failures_total", Help: "Calls to the queue of jobs that failed and were made again.",
		}),
	}
}

func (m jobMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.attempts, m.attemptSeconds, m.waitSeconds, m.waiting, m.oldest, m.parked, m.queueFailures}
}

// JobBegan notes an attempt that began, and for how long the job could have been claimed.
func (m *Metrics) JobBegan(kind string, waited time.Duration) {
	m.jobs.waitSeconds.WithLabelValues(kind).Observe(waited.Seconds())
}

// JobEnded notes an attempt that ended.
func (m *Metrics) JobEnded(kind, outcome string, took time.Duration) {
	m.jobs.attempts.WithLabelValues(kind, outcome).Inc()
	m.jobs.attemptSeconds.WithLabelValues(kind).Observe(took.Seconds())
}

// JobDepth notes how many jobs of a kind there are.
func (m *Metrics) JobDepth(kind string, waiting int, oldest time.Duration, parked int) {
	m.jobs.waiting.WithLabelValues(kind).Set(float64(waiting))
	m.jobs.oldest.WithLabelValues(kind).Set(oldest.Seconds())
	m.jobs.parked.WithLabelValues(kind).Set(float64(parked))
}

// JobQueueFailed notes a call to the queue that failed.
func (m *Metrics) JobQueueFailed() { m.jobs.queueFailures.Inc() }

// BeginJob begins the span of an attempt, in which the calls that it makes are. ended ends
// it; code is that of the error, "" without one. A nil tracer makes none.
func BeginJob(ctx context.Context, tracer trace.Tracer, kind string) (_ context.Context, ended func(code string)) {
	if tracer == nil {
		return ctx, func(string) {}
	}
	ctx, span := tracer.Start(ctx, "job "+kind, trace.WithSpanKind(trace.SpanKindConsumer))
	return ctx, func(code string) {
		if code != "" {
			span.SetAttributes(AttrCode.String(code))
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
