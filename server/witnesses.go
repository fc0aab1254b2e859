package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/telemetry"
)

// WitnessAt returns what submits notes to the witness at a submission prefix.
func WitnessAt(clients outbound.Clients, prefix string) (audit.Submit, error) {
	url := strings.TrimSuffix(prefix, "/") + "/add-checkpoint"
	client, err := clients.To(outbound.Target{Name: "witness", URL: url, Limits: outbound.Limits{AnswerBytes: note.MaxBytes}})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, request string) (int, string, error) {
		answer, err := client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: url, Body: []byte(request), Call: "add_checkpoint"})
		if err != nil {
			return 0, "", err
		}
		return answer.Status, string(answer.Body), nil
	}, nil
}

// startWitnesses has the witnesses of the settings confirm the audit trail. It is upkeep:
// nothing that a caller asks for waits for it.
func (s *Server) startWitnesses(ctx context.Context) error {
	settings := s.Settings.Audit.WithDefaults()
	if len(settings.Witnesses) == 0 {
		return nil
	}
	var asked []audit.AskedWitness
	for _, setting := range settings.Witnesses {
		witness, err := setting.Witness()
		if err != nil {
			return fmt.Errorf("audit.witnesses: %w", err)
		}
		submit, err := WitnessAt(*s.calls(), setting.URL)
		if err != nil {
			return fmt.Errorf("audit.witnesses: %w", err)
		}
		asked = append(asked, audit.AskedWitness{Witness: witness, Submit: submit})
	}
	s.witnesses = newWitnesses(s.metrics, s.log, s.clock, settings.WitnessMaxAge, asked)
	work := audit.Witnessing{Store: s.Database, Keys: s.keysInUse, Clock: s.clock, Observer: s.witnesses, Settings: settings, Witnesses: asked}
	s.background.start(ctx, "witnesses", upkeep, work.Run)
	return nil
}

// witnesses keeps how each witness of the trail behaved at the last look, for the log, which
// is told of changes alone, and for readiness.
type witnesses struct {
	metrics *telemetry.Metrics
	log     *slog.Logger
	clock   func() time.Time
	maxAge  time.Duration
	order   []*note.Witness

	lock sync.Mutex // guards what follows
	last map[string]witnessLook
}

var _ audit.WitnessObserver = (*witnesses)(nil)

// witnessLook is the last look after a witness.
type witnessLook struct {
	confirmed time.Time // by the witness's clock; before there is any, when the server began
	fault     string    // see audit.WitnessFault; "" after a good one
}

func newWitnesses(metrics *telemetry.Metrics, log *slog.Logger, clock func() time.Time, maxAge time.Duration, asked []audit.AskedWitness) *witnesses {
	w := &witnesses{metrics: metrics, log: log, clock: clock, maxAge: maxAge, last: make(map[string]witnessLook)}
	for _, a := range asked {
		w.order = append(w.order, a.Witness)
		w.last[a.ID()] = witnessLook{confirmed: clock()}
	}
	return w
}

// Cosigned implements audit.WitnessObserver.
func (w *witnesses) Cosigned(by *note.Witness, size int64, at time.Time) {
	w.metrics.WitnessCosigned(by.ID(), at)
	if before := w.swap(by, at, ""); before.fault != "" {
		w.log.Info("a witness confirms the audit trail again", "witness", by.ID(), "size", size)
	}
}

// NotCosigned implements audit.WitnessObserver.
func (w *witnesses) NotCosigned(by *note.Witness, err error) {
	fault := audit.WitnessFault(err)
	w.metrics.WitnessFailed(by.ID(), fault)
	if before := w.swap(by, time.Time{}, fault); before.fault != fault {
		w.log.Warn("a witness does not confirm the audit trail; it is asked again", "witness", by.ID(), "reason", fault, "err", err)
	}
}

// swap notes a look, and returns the one before. Without a time the last confirmation stays.
func (w *witnesses) swap(by *note.Witness, at time.Time, fault string) witnessLook {
	w.lock.Lock()
	defer w.lock.Unlock()
	before := w.last[by.ID()]
	if at.IsZero() {
		at = before.confirmed
	}
	w.last[by.ID()] = witnessLook{confirmed: at, fault: fault}
	return before
}

// warnings tells of a witness that refuses or lies, at once, for the trail may have been
// rewritten, and of one that has confirmed nothing for too long, whatever the reason.
func (w *witnesses) warnings() []string {
	if w == nil {
		return nil
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	var texts []string
	for _, by := range w.order {
		look := w.last[by.ID()]
		switch {
		case look.fault == string(audit.WitnessRefused) || look.fault == string(audit.WitnessLied):
			texts = append(texts, fmt.Sprintf("the witness %s does not confirm the audit trail (%s): the log has what it answered", by.ID(), look.fault))
		case w.clock().Sub(look.confirmed) > w.maxAge:
			texts = append(texts, fmt.Sprintf("the witness %s has confirmed nothing since %s", by.ID(), look.confirmed.UTC().Format(time.RFC3339)))
		}
	}
	return texts
}
