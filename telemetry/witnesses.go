package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// witnessMetrics are of the witnesses of the audit trail, by the id of their keys. Reasons are
// constants of the program.
type witnessMetrics struct {
	cosigned *prometheus.GaugeVec
	failures *prometheus.CounterVec
}

func newWitnessMetrics() witnessMetrics {
	return witnessMetrics{
		cosigned: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "walletport_audit_cosigned_timestamp_seconds", Help: "When a witness confirmed the audit trail last, in Unix time by its clock.",
		}, []string{"witness"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_audit_witness_failures_total", Help: "Looks after a witness of the audit trail that ended without its confirmation, by reason.",
		}, []string{"witness", "reason"}),
	}
}

func (m witnessMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.cosigned, m.failures}
}

// WitnessCosigned notes when a witness confirmed the trail last.
func (m *Metrics) WitnessCosigned(witness string, at time.Time) {
	m.witnesses.cosigned.WithLabelValues(witness).Set(float64(at.Unix()))
}

// WitnessFailed notes that a witness did not confirm the trail; reason is a constant.
func (m *Metrics) WitnessFailed(witness, reason string) {
	m.witnesses.failures.WithLabelValues(witness, reason).Inc()
}
