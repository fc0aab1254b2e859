// Package faults is what can go wrong between a caller and a simulated scheme, on demand:
// answers that are late, lost, broken or refused, and keys that do not fit. A test posts a
// fault, and the next calls that it is for meet it; the simulators' own handlers know
// nothing of it but where a fault is of their keys (Take).
//
// Which form a fault takes is the remainder of its seed: the same seed, the same form.
package faults

import (
	"context"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong.
type Fault string

// The faults. The number in brackets is the remainder of the seed by the number of forms.
const (
	// Slow answers late: done at once and answered after 2 s [0] or 6 s [2]; done 2 s [1] or
	// 6 s [3] late, also if the caller left meanwhile.
	Slow Fault = "slow"
	// Error5xx answers 503 [0] or 502 [2] with nothing done, or 500 [1] or 504 [3] after it
	// was done.
	Error5xx Fault = "error_5xx"
	// DropBefore closes the connection, and nothing is done.
	DropBefore Fault = "drop_before"
	// DropAfterCommit does what was asked, and closes the connection without an answer.
	DropAfterCommit Fault = "drop_after_commit"
	// Garbage does what was asked, and answers 200 with half of the answer [0], a page in
	// HTML [1], JSON of another shape [2], random bytes [3] or 10 MB [4].
	Garbage Fault = "garbage"
	// WrongKey encrypts and decrypts with a key that the other side does not have.
	WrongKey Fault = "wrong_key"
	// WrongSignature signs, or checks a signature, with such a key.
	WrongSignature Fault = "wrong_signature"
	// RateLimited answers 429 with nothing done: Retry-After in seconds [0], none [1], or as
	// a date [2].
	RateLimited Fault = "rate_limited"
)

// onTheWay are those that happen around a handler; the rest happens within one.
var onTheWay = []Fault{Slow, Error5xx, DropBefore, DropAfterCommit, Garbage, RateLimited}

var all = slices.Concat(onTheWay, []Fault{WrongKey, WrongSignature})

// AnyCall stands for every call of a scheme.
const AnyCall = "*"

const (
	maxWaiting = 1000 // faults at a time
	maxTimes   = math.MaxInt32
)

// Waiting is a fault that was asked for.
type Waiting struct {
	Scheme string `json:"scheme"`
	Call   string `json:"call"` // AnyCall, or one of the scheme's own words
	Fault  Fault  `json:"fault"`
	Times  int    `json:"times"` // how often it still happens
	Seed   uint64 `json:"seed"`
}

// form picks one of n.
func (w Waiting) form(n uint64) uint64 { return w.Seed % n }

// Library holds the faults that were asked for. It is safe for concurrent use.
type Library struct {
	calls map[string][]string // of each scheme
	wait  func(time.Duration)
	now   func() time.Time

	mu      sync.Mutex
	waiting []Waiting // oldest first
}

// New returns a library for schemes by name ("mdes"), each with the words of its calls.
func New(calls map[string][]string) *Library {
	return &Library{calls: calls, wait: time.Sleep, now: time.Now}
}

// take returns the oldest waiting fault of these kinds for a call, and counts it.
func (l *Library) take(scheme, call string, kinds ...Fault) (Waiting, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, w := range l.waiting {
		if w.Scheme != scheme || w.Call != call && w.Call != AnyCall || !slices.Contains(kinds, w.Fault) {
			continue
		}
		if l.waiting[i].Times--; l.waiting[i].Times == 0 {
			l.waiting = slices.Delete(l.waiting, i, i+1)
		}
		return w, true
	}
	return Waiting{}, false
}

// current is the call that a context is of.
type current struct {
	library      *Library
	scheme, call string
}

type contextKey struct{}

// Take reports whether a fault happens to the call of ctx, and counts it: a handler asks
// at the place where the fault is, so that a call without that place does not use it up.
func Take(ctx context.Context, fault Fault) bool {
	_, happens := TakeForm(ctx, fault, 1)
	return happens
}

// TakeForm is Take of a fault that the scheme knows in several forms, 0 to forms-1.
func TakeForm(ctx context.Context, fault Fault, forms uint64) (form uint64, happens bool) {
	c, ok := ctx.Value(contextKey{}).(current)
	if !ok {
		return 0, false
	}
	w, happens := c.library.take(c.scheme, c.call, fault)
	return w.form(forms), happens
}

// Scheme is a simulated scheme that faults happen to.
type Scheme struct {
	Name   string                       // as New has it
	CallOf func(r *http.Request) string // the scheme's word for what is asked; "" is no call
	// Refuse answers with a status and a body in the form of the scheme's gateway.
	Refuse func(w http.ResponseWriter, status int)
}

// Around returns the scheme's handler with the faults around it.
func (l *Library) Around(s Scheme, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := s.CallOf(r)
		if call == "" {
			next.ServeHTTP(w, r)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), contextKey{}, current{l, s.Name, call}))
		fault, ok := l.take(s.Name, call, onTheWay...)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		l.play(fault, s, w, func() *recorded {
			answer := &recorded{header: http.Header{}, status: http.StatusOK}
			next.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
			return answer
		})
	})
}
