package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// tokenMetrics are of tokens of cards. Labels are constants of the program.
type tokenMetrics struct {
	lists   *prometheus.CounterVec
	changes *prometheus.CounterVec
	open    *prometheus.GaugeVec
	oldest  *prometheus.GaugeVec
	odd     *prometheus.CounterVec
}

func newTokenMetrics() tokenMetrics {
	return tokenMetrics{
		lists: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_token_lists_total", Help: "Lists of a card's tokens, by scheme and by where they came from.",
		}, []string{"scheme", "source"}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_token_changes_total", Help: "Changes of tokens that ended, or whose outcome became unknown, by scheme, action and outcome.",
		}, []string{"scheme", "action", "outcome"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "walletport_token_changes_open", Help: "Changes of tokens in the database whose outcome is not known, by state.",
		}, []string{"state"}),
		oldest: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "walletport_token_change_oldest_seconds", Help: "Age of the first of the open changes, by state; 0 without one.",
		}, []string{"state"}),
		odd: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "walletport_tokens_odd_total", Help: "Tokens that a scheme showed and that an operator should look at, by scheme and why.",
		}, []string{"scheme", "why"}),
	}
}

func (m tokenMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.lists, m.changes, m.open, m.oldest, m.odd}
}

// TokensListed notes a list of a card's tokens. source says where it came from.
func (m *Metrics) TokensListed(scheme, source string) {
	m.tokens.lists.WithLabelValues(scheme, source).Inc()
}

// TokenChanged notes how a change of a token ended, or that it is not known how.
func (m *Metrics) TokenChanged(scheme, action, outcome string) {
	m.tokens.changes.WithLabelValues(scheme, action, outcome).Inc()
}

// TokenOdd notes a token that a scheme showed and that is not as it should be.
func (m *Metrics) TokenOdd(scheme, why string) { m.tokens.odd.WithLabelValues(scheme, why).Inc() }

// TokenChangesOpen notes how many changes of a state are in the database, and how old the
// first of them is.
func (m *Metrics) TokenChangesOpen(state string, count int, oldest time.Duration) {
	m.tokens.open.WithLabelValues(state).Set(float64(count))
	m.tokens.oldest.WithLabelValues(state).Set(oldest.Seconds())
}
