package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/telemetry"
)

const someWitness = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"

// TestAWitnessIsSpokenOfOnceForEachChange: it is asked again and again, and the log would be
// full of it. Readiness warns at once of one that refuses or lies, and of one that is away
// when that has lasted.
func TestAWitnessIsSpokenOfOnceForEachChange(t *testing.T) {
	witness, err := audit.WitnessSettings{Key: someWitness}.Witness()
	must(t, err)
	var lines bytes.Buffer
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	metrics := telemetry.NewMetrics()
	w := newWitnesses(metrics, slog.New(slog.NewTextHandler(&lines, nil)), func() time.Time { return now }, time.Hour, []audit.AskedWitness{{Witness: witness}})

	away := fmt.Errorf("%w: no route", audit.ErrWitnessAway)
	refused := &audit.Refusal{Kind: audit.WitnessRefused, Detail: "422"}
	refusedMetric := func() bool {
		answer := httptest.NewRecorder()
		metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		_, value, is := strings.Cut(answer.Body.String(), `walletport_audit_witness_refused{witness="remora.n621.de+da77ade7"} `)
		if !is {
			t.Errorf("the metric is not there:\n%s", answer.Body)
		}
		return strings.HasPrefix(value, "1")
	}
	if got := w.warnings(); len(got) > 0 || refusedMetric() {
		t.Errorf("before the first look it warns %q", got)
	}
	for _, step := range []struct {
		name     string
		err      error
		log      string // "" for nothing
		warns    string
		andWaits time.Duration // before the look
	}{
		{"it confirms", nil, "", "", 0},
		{"it is away", away, "reason=witness_away", "", 0},
		{"it is still away", away, "", "", time.Minute},
		{"it is away as long as it may be", away, "", "", 59 * time.Minute},
		{"it is away for longer", away, "", "has confirmed nothing since 2026-11-24T10:00:00Z", time.Second},
		{"it refuses", refused, "reason=witness_refused", "does not confirm the audit trail (witness_refused)", 0},
		{"it refuses again", refused, "", "does not confirm the audit trail (witness_refused)", time.Minute},
		{"it is away after it refused", away, "reason=witness_away refusal=witness_refused", "does not confirm the audit trail (witness_refused)", time.Minute},
		{"it is still away after it refused", away, "", "does not confirm the audit trail (witness_refused)", time.Minute},
		{"the database is away after it refused", errors.New("no database"), "reason=internal refusal=witness_refused", "does not confirm the audit trail (witness_refused)", time.Minute},
		{"it lies", &audit.Refusal{Kind: audit.WitnessLied}, "reason=witness_lied", "(witness_lied)", 0},
		{"it confirms again", nil, "confirms the audit trail again", "", 0},
		{"it is away after it confirmed", away, "reason=witness_away", "", 0},
		{"it confirms", nil, "confirms the audit trail again", "", 0},
		{"the database is away", errors.New("no database"), "reason=internal", "", 0},
	} {
		lines.Reset()
		now = now.Add(step.andWaits)
		if step.err == nil {
			w.Cosigned(witness, 7, now)
		} else {
			w.NotCosigned(witness, step.err)
		}
		if got := lines.String(); (got == "") != (step.log == "") || !strings.Contains(got, step.log) {
			t.Errorf("%s: logged %q, want %q", step.name, got, step.log)
		}
		if got := strings.Join(w.warnings(), ""); (got == "") != (step.warns == "") || !strings.Contains(got, step.warns) {
			t.Errorf("%s: warns %q, want %q", step.name, got, step.warns)
		}
		if refuses := strings.Contains(step.warns, "(witness_"); refusedMetric() != refuses {
			t.Errorf("%s: the metric says %v", step.name, !refuses)
		}
	}

	answer := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	for _, want := range []string{
		`walletport_audit_cosigned_timestamp_seconds{witness="remora.n621.de+da77ade7"} 1.7`,
		`walletport_audit_witness_failures_total{reason="witness_away",witness="remora.n621.de+da77ade7"} 7`,
		`walletport_audit_witness_refused{witness="remora.n621.de+da77ade7"} 0`,
		`walletport_audit_witness_failures_total{reason="witness_refused",witness="remora.n621.de+da77ade7"} 2`,
	} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// TestAWitnessOfAnEmptyTrailIsNotWarnedOf, however old the server is: there is nothing that it
// could confirm. From the first record on it is.
func TestAWitnessOfAnEmptyTrailIsNotWarnedOf(t *testing.T) {
	witness, err := audit.WitnessSettings{Key: someWitness}.Witness()
	must(t, err)
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	w := newWitnesses(telemetry.NewMetrics(), slog.New(slog.DiscardHandler), func() time.Time { return now }, time.Hour, []audit.AskedWitness{{Witness: witness}})
	now = now.Add(100 * time.Hour)
	w.NothingToConfirm(witness)
	now = now.Add(time.Hour)
	if got := w.warnings(); len(got) > 0 {
		t.Errorf("of an empty trail: %q", got)
	}
	now = now.Add(time.Second)
	if got := strings.Join(w.warnings(), ""); !strings.Contains(got, "has confirmed nothing since 2026-11-28T14:00:00Z") {
		t.Errorf("an hour after that: %q", got)
	}
}

// TestAWitnessOfTheFutureIsWarnedOf: a time that is far ahead would else look fresh for ever.
func TestAWitnessOfTheFutureIsWarnedOf(t *testing.T) {
	witness, err := audit.WitnessSettings{Key: someWitness}.Witness()
	must(t, err)
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	w := newWitnesses(telemetry.NewMetrics(), slog.New(slog.DiscardHandler), func() time.Time { return now }, time.Hour, []audit.AskedWitness{{Witness: witness}})
	w.Cosigned(witness, 7, now.Add(time.Hour))
	if got := w.warnings(); len(got) > 0 {
		t.Errorf("of clocks that differ by an hour: %q", got)
	}
	w.Cosigned(witness, 7, now.Add(time.Hour+time.Second))
	if got := strings.Join(w.warnings(), ""); !strings.Contains(got, "yet to come") {
		t.Errorf("warns %q", got)
	}
}
