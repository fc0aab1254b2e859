package postgres

import (
	"context"
	"sync"

	"github.com/walletport/walletport/jobs"
)

// attemptLimits bound what attempts at jobs take of a replica's connections, so that a call finds
// a free one, and shares the processors with few of them.
//
// There are two limits because an attempt does two things in turn. Its statements take processors;
// its commit waits for the disk, or for a standby, and takes none. If the limit of statements held
// until the commit is answered, a slow disk would leave the processors idle; if as many attempts as
// have connections ran statements at once, each call would stand behind them.
type attemptLimits struct {
	connections jobs.Throttle // half of all
	statements  jobs.Throttle // a quarter of all
}

// minStatements is of how many attempts the statements run at a time in a small pool.
const minStatements = 2

func newAttemptLimits(conns int) attemptLimits {
	return attemptLimits{connections: jobs.NewThrottle(conns / 2), statements: jobs.NewThrottle(max(conns/4, minStatements))}
}

// attemptPlaces are given back by these, each once.
type attemptPlaces struct{ leaveConnection, leaveStatements func() }

// enter waits for a place under each limit if ctx is of an attempt, see jobs.Throttle.
func (l attemptLimits) enter(ctx context.Context) (attemptPlaces, error) {
	leaveConnection, err := l.connections.Enter(ctx)
	if err != nil {
		return attemptPlaces{}, err
	}
	leaveStatements, err := l.statements.Enter(ctx)
	if err != nil {
		leaveConnection()
		return attemptPlaces{}, err
	}
	return attemptPlaces{leaveConnection: leaveConnection, leaveStatements: sync.OnceFunc(leaveStatements)}, nil
}
