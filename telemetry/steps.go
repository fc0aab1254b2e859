package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// stepMetrics say what calls on cards wait for, and what custodians of keys take.
type stepMetrics struct {
	seconds     *prometheus.HistogramVec
	inFlight    *prometheus.GaugeVec
	keySeconds  *prometheus.HistogramVec
	keyInFlight *prometheus.GaugeVec
}

// stepBuckets reach from an AES operation in memory to an HSM that hangs.
var stepBuckets = []float64{0.000005, 0.00002, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 5}

func newStepMetrics() stepMetrics {
	return stepMetrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "walletport_step_seconds", Help: "Time of a step of a call that makes a payload or activation data.", Buckets: stepBuckets,
		}, []string{"step"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "walletport_steps_in_flight", Help: "Calls that make payloads or activation data and are in a step now.",
		}, []string{"step"}),
		keySeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "walletport_key_operation_seconds", Help: "Time of an operation of the custodian of keys.", Buckets: stepBuckets,
		}, []string{"purpose", "operation"}),
		keyInFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "walletport_key_operations_in_flight", Help: "Operations of the custodian of keys that are waited for now.",
		}, []string{"purpose", "operation"}),
	}
}

func (s stepMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{s.seconds, s.inFlight, s.keySeconds, s.keyInFlight}
}

// StepBegan counts a call into a step, which is a constant; end counts it out.
func (m *Metrics) StepBegan(step string) (end func()) {
	return begin(m.steps.inFlight.WithLabelValues(step), m.steps.seconds.WithLabelValues(step))
}

// KeyBegan counts an operation of a key in; end counts it out. purpose and operation are
// constants.
func (m *Metrics) KeyBegan(purpose, operation string) (end func()) {
	return begin(m.steps.keyInFlight.WithLabelValues(purpose, operation), m.steps.keySeconds.WithLabelValues(purpose, operation))
}

// begin counts something in that takes time; end counts it out, and observes how long it took.
func begin(inFlight prometheus.Gauge, seconds prometheus.Observer) (end func()) {
	began := time.Now()
	inFlight.Inc()
	return func() {
		inFlight.Dec()
		seconds.Observe(time.Since(began).Seconds())
	}
}
