package server

import (
	"context"
	"errors"
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

// witnesses keeps how each witness of the trail behaved, for the log, which is told of changes
// alone, for readiness and for the metrics.
type witnesses struct {
	metrics *telemetry.Metrics
	log     *slog.Logger
	clock   func() time.Time
	maxAge  time.Duration
	order   []*note.Witness

	lock sync.Mutex              // guards what follows
	last map[string]witnessState // by the id of the witness's key
}

var _ audit.WitnessObserver = (*witnesses)(nil)

// witnessState is how a witness behaved.
type witnessState struct {
	confirmed time.Time // when it confirmed last, by its clock; before it ever did, since when it could have
	fault     string    // of the last look, see audit.WitnessFault; "" after a good one
	// refusal is how it refused or lied last, "" once it has confirmed the trail since. It outlasts
	// other faults: whoever rewrote the trail may well be able to keep the witness away afterwards.
	refusal string
}

func newWitnesses(metrics *telemetry.Metrics, log *slog.Logger, clock func() time.Time, maxAge time.Duration, asked []audit.AskedWitness) *witnesses {
	w := &witnesses{metrics: metrics, log: log, clock: clock, maxAge: maxAge, last: make(map[string]witnessState)}
	for _, a := range asked {
		w.order = append(w.order, a.Witness)
		w.last[a.ID()] = witnessState{confirmed: clock()}
		metrics.WitnessRefused(a.ID(), false)
	}
	return w
}

// Cosigned implements audit.WitnessObserver.
func (w *witnesses) Cosigned(by *note.Witness, size int64, at time.Time) {
	w.metrics.WitnessCosigned(by.ID(), at)
	w.metrics.WitnessRefused(by.ID(), false)
	before, _ := w.change(by, func(s *witnessState) { *s = witnessState{confirmed: at} })
	if before.fault != "" {
		w.log.Info("a witness confirms the audit trail again", "witness", by.ID(), "size", size)
	}
}

// NotCosigned implements audit.WitnessObserver.
func (w *witnesses) NotCosigned(by *note.Witness, err error) {
	fault := audit.WitnessFault(err)
	w.metrics.WitnessFailed(by.ID(), fault)
	_, refused := errors.AsType[*audit.Refusal](err)
	if refused {
		w.metrics.WitnessRefused(by.ID(), true)
	}
	before, now := w.change(by, func(s *witnessState) {
		s.fault = fault
		if refused {
			s.refusal = fault
		}
	})
	if before != now {
		w.log.Warn("a witness does not confirm the audit trail; it is asked again", "witness", by.ID(), "reason", fault, "refusal", now.refusal, "err", err)
	}
}

// NothingToConfirm implements audit.WitnessObserver: from now on there may be.
func (w *witnesses) NothingToConfirm(by *note.Witness) {
	w.change(by, func(s *witnessState) { s.confirmed = w.clock() })
}

// change notes a look, and returns the states before and after it.
func (w *witnesses) change(by *note.Witness, update func(*witnessState)) (before, now witnessState) {
	w.lock.Lock()
	defer w.lock.Unlock()
	before = w.last[by.ID()]
	now = before
	update(&now)
	w.last[by.ID()] = now
	return before, now
}

// warnings tells of a witness that refused or lied, at once and until it confirms the trail,
// which may have been rewritten; and of one that has confirmed nothing for too long, whatever
// the reason.
func (w *witnesses) warnings() []string {
	if w == nil {
		return nil
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	var texts []string
	for _, by := range w.order {
		state := w.last[by.ID()]
		age := w.clock().Sub(state.confirmed)
		switch at := state.confirmed.UTC().Format(time.RFC3339); {
		case state.refusal != "":
			texts = append(texts, fmt.Sprintf("the witness %s does not confirm the audit trail (%s): the log has what it answered", by.ID(), state.refusal))
		case age > w.maxAge:
			texts = append(texts, fmt.Sprintf("the witness %s has confirmed nothing since %s", by.ID(), at))
		case age < -w.maxAge:
			texts = append(texts, fmt.Sprintf("the witness %s confirms with the time %s, which is yet to come: its clock is wrong, or that of this machine", by.ID(), at))
		}
	}
	return texts
}
