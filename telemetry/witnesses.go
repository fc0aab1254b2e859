package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// witnessMetrics are of the witnesses of the audit trail, by the id of their keys. Reasons are
// constants of the program.
type witnessMetrics struct {
	cosigned *prometheus.GaugeVec
	refused  *prometheus.GaugeVec
	failures *prometheus.CounterVec
}

func newWitnessMetrics() witnessMetrics {
	return witnessMetrics{
		cosigned: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "walletport_audit_cosigned_timestamp_seconds", Help: "When a witness confirmed the audit trail last, in Unix time by its clock.",
		}, []string{"witness"}),
		refused: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "walletport_audit_witness_refused", Help: "1 since a witness refused the audit trail or lied, until it confirms it again, else 0.",
		}, []string{"witness"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_audit_witness_failures_total", Help: "Looks after a witness of the audit trail that ended without its confirmation, by reason.",
		}, []string{"witness", "reason"}),
	}
}

func (m witnessMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.cosigned, m.refused, m.failures}
}

// WitnessCosigned notes when a witness confirmed the trail last.
func (m *Metrics) WitnessCosigned(witness string, at time.Time) {
	m.witnesses.cosigned.WithLabelValues(witness).Set(float64(at.Unix()))
}

// WitnessRefused notes whether a witness has refused the trail, or lied, and not confirmed it since.
func (m *Metrics) WitnessRefused(witness string, refused bool) {
	value := 0.0
	if refused {
		value = 1
	}
	m.witnesses.refused.WithLabelValues(witness).Set(value)
}

// WitnessFailed notes that a witness did not confirm the trail; reason is a constant.
func (m *Metrics) WitnessFailed(witness, reason string) {
	m.witnesses.failures.WithLabelValues(witness, reason).Inc()
}
