package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// clickToPayMetrics are of requests of Click to Pay. Labels are constants of the program, and
// codes of the scheme as results.
type clickToPayMetrics struct {
	accepted  *prometheus.CounterVec
	completed *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	open      *prometheus.GaugeVec
	oldest    *prometheus.GaugeVec
}

func newClickToPayMetrics() clickToPayMetrics {
	return clickToPayMetrics{
		accepted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_clicktopay_accepted_total", Help: "Requests of Click to Pay that this process accepted, by action and by where they came from.",
		}, []string{"action", "channel"}),
		completed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_clicktopay_completed_total", Help: "Requests of Click to Pay that ended, by action and result.",
		}, []string{"action", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "walletport_clicktopay_completion_seconds", Help: "Time from the acceptance of a request of Click to Pay to its end.",
			Buckets: []float64{0.1, 0.2, 0.4, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400},
		}, []string{"action"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "walletport_clicktopay_requests_open", Help: "Requests of Click to Pay in the database that have not ended, by state.",
		}, []string{"state"}),
		oldest: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "walletport_clicktopay_request_oldest_seconds", Help: "Time since the first of the open requests was accepted, by state; 0 without one.",
		}, []string{"state"}),
	}
}

func (m clickToPayMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.accepted, m.completed, m.seconds, m.open, m.oldest}
}

// ClickToPayAccepted notes a request that was accepted.
func (m *Metrics) ClickToPayAccepted(action, channel string) {
	m.clickToPay.accepted.WithLabelValues(action, channel).Inc()
}

// ClickToPayCompleted notes how a request ended, after how long since it was accepted.
func (m *Metrics) ClickToPayCompleted(action, result string, took time.Duration) {
	m.clickToPay.completed.WithLabelValues(action, result).Inc()
	m.clickToPay.seconds.WithLabelValues(action).Observe(took.Seconds())
}

// ClickToPayOpen notes how many requests of a state are in the database, and how long ago
// the first of them was accepted.
func (m *Metrics) ClickToPayOpen(state string, count int, oldest time.Duration) {
	m.clickToPay.open.WithLabelValues(state).Set(float64(count))
	m.clickToPay.oldest.WithLabelValues(state).Set(oldest.Seconds())
}
