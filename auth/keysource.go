package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// minReread is the least time between two readings that tokens ask for. A token
	// that no key in hand verifies asks, and anybody can send such tokens.
	minReread = 10 * time.Second
	// rereadTime bounds one reading.
	rereadTime = 5 * time.Second
	// fileReread is how soon a changed file counts, as a renewed TLS certificate does.
	fileReread = 10 * time.Second
	// maxKeyAge is for how long keys are trusted that cannot be fetched again: longer
	// than most outages, and short enough for a key that was taken away.
	maxKeyAge = time.Hour
)

// keySource is where the keys of one or several authorities are, and the keys as
// they were read last.
type keySource struct {
	of   []string // whose keys, for operators: `token issuer "https://login.bank.example"`
	read reader
	// maxAge is for how long keys count that could not be read again; 0 is without end.
	maxAge time.Duration
	clock  func() time.Time
	log    *slog.Logger
	state  atomic.Pointer[keyState] // never nil

	mu      sync.Mutex // guards reading; never held while somebody reads
	reading *reading   // under way, or nil
}

// reader reads a set of keys, and says when it should be read again at the latest.
type reader func(ctx context.Context) (keys *keySet, again time.Duration, err error)

// keyState is what is known of a source. It never changes.
type keyState struct {
	keys   *keySet   // nil before the first good reading
	readAt time.Time // of the last good reading
	tried  time.Time // of the last reading; zero before the first
	fault  error     // of the last reading
	faults int       // bad readings in a row
	again  time.Duration
}

// reading is one reading under way, which all who need it wait for.
type reading struct {
	done  chan struct{}
	fault error // to be read after done
}

func newKeySource(of string, read reader, maxAge time.Duration, clock func() time.Time, log *slog.Logger) *keySource {
	s := &keySource{of: []string{of}, read: read, maxAge: maxAge, clock: clock, log: log}
	s.state.Store(&keyState{})
	return s
}

// usable returns the keys in hand, or nil when there are none or they are too old.
func (s *keySource) usable(now time.Time) *keySet {
	state := s.state.Load()
	if state.keys == nil || s.maxAge > 0 && now.Sub(state.readAt) > s.maxAge {
		return nil
	}
	return state.keys
}

// errSignature says that no key of the authority signed a token.
var errSignature = errors.New("no key of the issuer signed it")

// verify returns the keys of which one signed the token. When none in hand did,
// they are read again first. errKeysUnavailable, with the cause, means that nobody
// can say; ctx bounds the wait.
func (s *keySource) verify(ctx context.Context, token *jose.JSONWebSignature) (*keySet, error) {
	if keys := s.usable(s.clock()); keys != nil && keys.verifies(token) {
		return keys, nil
	}
	fault := s.reread(ctx)
	keys := s.usable(s.clock())
	switch {
	case keys == nil:
		if fault == nil {
			fault = s.state.Load().fault
		}
		return nil, unavailableKeys(fault)
	case keys.verifies(token):
		return keys, nil
	case fault != nil && !keys.has(token):
		return nil, unavailableKeys(fault) // a new key may have signed it
	}
	return nil, errSignature
}

// reread reads the keys unless that was done a moment ago, and returns how it went.
func (s *keySource) reread(ctx context.Context) error {
	state := s.state.Load()
	if now := s.clock(); !state.tried.IsZero() && now.Sub(state.tried) < minReread && !now.Before(state.tried) {
		return state.fault
	}
	return s.reload(ctx)
}

// reload reads the keys now, or waits for the reading under way, for as long as ctx
// allows. The reading itself goes on without ctx: others wait for it.
func (s *keySource) reload(ctx context.Context) error {
	s.mu.Lock()
	r := s.reading
	if r == nil {
		r = &reading{done: make(chan struct{})}
		s.reading = r
		go s.finish(context.WithoutCancel(ctx), r)
	}
	s.mu.Unlock()
	select {
	case <-r.done:
		return r.fault
	case <-ctx.Done():
		return fmt.Errorf("wait for keys: %w", ctx.Err())
	}
}

// finish does a reading and lets those who wait go on.
func (s *keySource) finish(ctx context.Context, r *reading) {
	ctx, cancel := context.WithTimeout(ctx, rereadTime)
	defer cancel()
	keys, again, err := s.read(ctx)
	r.fault = err
	s.note(keys, again, err)
	s.mu.Lock()
	s.reading = nil
	s.mu.Unlock()
	close(r.done)
}

// note keeps what a reading found, and logs what is new of it. One reading at a time
// comes here.
func (s *keySource) note(keys *keySet, again time.Duration, err error) {
	before, now := s.state.Load(), s.clock()
	if err != nil {
		next := &keyState{keys: before.keys, readAt: before.readAt, tried: now, fault: err, faults: before.faults + 1, again: minReread << min(before.faults, 4)}
		if again > 0 {
			next.again = min(next.again, again)
		}
		s.state.Store(next)
		if before.fault == nil || before.fault.Error() != err.Error() {
			s.log.Warn("keys of token issuers not read, those in hand stay for a while", "of", s.of, "err", err)
		}
		return
	}
	same := before.keys != nil && before.keys.digest == keys.digest
	if same {
		keys = before.keys // tokens that these verified need not be verified again
	}
	s.state.Store(&keyState{keys: keys, readAt: now, tried: now, again: again})
	if !same || before.fault != nil {
		s.log.Info("keys of token issuers read", "of", s.of, "keys", len(keys.keys), "skipped", keys.skipped)
	}
}

// run reads the keys again and again until ctx ends.
func (s *keySource) run(ctx context.Context) {
	for ctx.Err() == nil {
		_ = s.reload(ctx) // noted
		timer := time.NewTimer(s.state.Load().again)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// warning says what an operator should know soon, or "".
func (s *keySource) warning(now time.Time) string {
	state := s.state.Load()
	if state.fault == nil {
		return ""
	}
	return fmt.Sprintf("the keys of %s cannot be read: %v; %s", joinNames(s.of), state.fault, s.outlook(state, now))
}

func (s *keySource) outlook(state *keyState, now time.Time) string {
	switch {
	case s.usable(now) == nil:
		return "what they sign is refused"
	case s.maxAge == 0:
		return "the keys read before are trusted on"
	}
	return "the keys read before are trusted until " + state.readAt.Add(s.maxAge).UTC().Format(time.RFC3339)
}
