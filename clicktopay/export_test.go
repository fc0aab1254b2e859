package clicktopay

import (
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// PauseOf is how long a request waits after an attempt, in a state that it has had for so long.
func PauseOf(kind jobs.Kind, nth int, state storage.RequestState, had time.Duration, why error) time.Duration {
	now := time.Now()
	a := attempt{job: jobs.Job{Kind: kind, Attempt: nth}, row: storage.EnrolmentRequest{State: state, UpdatedAt: now.Add(-had)}}
	return a.pause(now, why)
}

// Turns are those of a flow.
type Turns = turns

// NewTurns returns the turns of a flow.
func NewTurns() *Turns { return newTurns() }

// Command is turns.command.
func (t *turns) Command(c scheme.Command) scheme.Command { return t.command(c) }

// QueryIn is queryIn, of a query with a number for answer.
func QueryIn(t *Turns, q scheme.Query[int]) scheme.Query[int] { return queryIn(t, q) }

// Count is how many turns there are.
func (t *turns) Count() int { return cap(t.free) }

// Call is turns.call.
func (t *turns) Call() func() { return t.call() }

// CallsNow is how many calls of the API the flow is answering.
func (f *Flow) CallsNow() int { return int(f.turns.calls.Load()) }

// When a scheme is asked for a result: first, then, and at most after so long.
const (
	FirstQuestion = firstQuestion
	MinQuestion   = minQuestion
	MaxQuestion   = maxQuestion
)
