package register

import (
	"io"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// ReasonBusy is the reason of the error that says that another request of the consumer runs.
const ReasonBusy = "consumer_busy"

// Config is what a register needs. Delay and TellsRulesLate may be left out.
type Config struct {
	Dir  string // a folder of its own
	Rand io.Reader
	Now  func() time.Time
	// Delay is how long a request runs; nil is no time.
	Delay func(Call) time.Duration
	// TellsRulesLate accepts a request that breaks a business rule, and lets it fail.
	TellsRulesLate bool
}

// Register holds the consumers. It is safe for concurrent use within one process; a folder
// belongs to one Register at a time.
type Register struct {
	c      Config
	ledger *sim.Ledger[line]
	seal   sealer

	mu     sync.Mutex        // between what a consumer is and what it becomes
	traces map[string]string // of each trace id, the consumer's reference
	met    map[string]int    // of each consumer, how many requests met one that ran, or another writer
}

// Open opens the register of a folder, and makes it if there is none. Close it after use.
// Errors: those of sim.OpenLedger.
func Open(c Config) (*Register, error) {
	ledger, err := sim.OpenLedger(c.Dir, func(l line) string { return l.Consumer }, c.Rand)
	if err != nil {
		return nil, err
	}
	r := &Register{c: c, ledger: ledger, seal: newSealer(ledger.Key("consumers"), c.Rand), traces: map[string]string{}, met: map[string]int{}}
	for _, last := range ledger.All() {
		for _, l := range ledger.Versions(last.Consumer) {
			r.traces[l.TraceID] = l.Consumer
		}
	}
	delete(r.traces, "")
	return r, nil
}

// Close closes the register's files.
func (r *Register) Close() error { return r.ledger.Close() }

// Accept accepts a write, or returns the business rules that it breaks. All but Enrol meet
// the consumer's lock: CodeConflict, ReasonBusy. Other errors: CodeUnavailable, reason
// store_unavailable; CodeInternal, reasons random and sim_state_corrupt.
func (r *Register) Accept(name Name, call Call, change Change) (traceID string, broken []Problem, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.c.Now().UTC()
	was, err := r.current(name, now)
	if err != nil {
		return "", nil, err
	}
	if was.Running != nil { // which is kept before anybody is told
		if err := r.writeOverlap(was); err != nil {
			return "", nil, err
		}
	}
	switch {
	case call == Enrol && was.Running != nil: // of one who is enrolled, or about to be
		return "", []Problem{alreadyEnrolled}, nil
	case call != Enrol && (was.IsHeld || was.Running != nil):
		return "", nil, r.busy(name)
	}
	if broken := was.breaks(call, change); len(broken) > 0 && !r.c.TellsRulesLate {
		return "", broken, nil
	}
	if traceID, err = r.drawTraceID(); err != nil {
		return "", nil, err
	}
	next := was
	next.Next = Next{}
	next.Running = &Request{
		TraceID: traceID, Call: call, Change: change, AcceptedAt: now, EndsAt: now.Add(r.delay(call)), IsStalled: was.Next.Stalls, Fate: was.Next.Fate,
	}
	if err := r.write(next, Deed{Call: string(call), By: Issuer, At: now}); err != nil {
		return "", nil, err
	}
	return traceID, nil, nil
}

// busy counts that a request met the lock.
func (r *Register) busy(name Name) error {
	r.met[r.reference(name)]++
	return walletport.Errorf(walletport.CodeConflict, ReasonBusy, "another request of this consumer runs")
}

func (r *Register) delay(call Call) time.Duration {
	if r.c.Delay == nil {
		return 0
	}
	return r.c.Delay(call)
}

// Read returns a consumer as it is, for a question of the issuer's, which meets the lock as
// writes do. A consumer who is not known is not enrolled. Errors: those of Accept.
func (r *Register) Read(name Name) (Consumer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := r.current(name, r.c.Now())
	if err == nil && (c.IsHeld || c.Running != nil) {
		return Consumer{}, r.busy(name)
	}
	return c, err
}

// Outcome is what has become of a request.
type Outcome struct {
	Name    Name
	Call    Call
	HasEnd  bool
	Details []Detail // none before the end
}

// Outcome returns what has become of a request. Errors: CodeNotFound, reason
// request_unknown; those of Accept.
func (r *Register) Outcome(traceID string) (Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reference, ok := r.traces[traceID]
	if !ok {
		return Outcome{}, walletport.Errorf(walletport.CodeNotFound, "request_unknown", "there is no such request")
	}
	return r.outcome(r.ledger.Versions(reference), traceID)
}

// outcome finds the last version in which a request ran, and lets it become what it is now.
func (r *Register) outcome(versions []line, traceID string) (Outcome, error) {
	for i := len(versions) - 1; i >= 0; i-- {
		if versions[i].TraceID != traceID {
			continue
		}
		c, err := r.open(versions[i])
		if err != nil {
			return Outcome{}, err
		}
		o := Outcome{Name: c.Name, Call: c.Running.Call}
		if _, end := c.at(r.c.Now()); end != nil {
			o.HasEnd, o.Details = true, end.details
		}
		return o, nil
	}
	return Outcome{}, corrupt()
}

// current returns a consumer as it is now.
func (r *Register) current(name Name, now time.Time) (Consumer, error) {
	versions := r.ledger.Versions(r.reference(name))
	if len(versions) == 0 {
		return Consumer{Name: name}, nil
	}
	c, err := r.open(versions[len(versions)-1])
	if err != nil {
		return c, err
	}
	c, _ = c.at(now)
	return c, nil
}
