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

// Turns is how many answers are opened at a time; IntInTurn is of a query with a number for answer.
var (
	Turns     = cap(turns)
	IntInTurn = queryInTurn[int]
)

// CommandInTurn has the answer of a command read in a turn.
func CommandInTurn(c scheme.Command) scheme.Command { return commandInTurn(c) }
