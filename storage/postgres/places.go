package postgres

import (
	"context"
	"sync"

	"github.com/walletport/walletport/jobs"
)

// places are what attempts at jobs have of a replica's connections, so that whoever waits for
// an answer finds a connection, and few beside whom its statements run.
//
// They are two numbers because an attempt does two things in turn. Its statements take
// processors, of which there are few; its commit waits for the disk, or a standby, and takes
// nothing. With the first number alone, a disk of 4 ms would have attempts wait for each other
// and leave the processors idle; with the second alone, so many statements would run at a time
// that each call stands behind them.
type places struct {
	connections jobs.Throttle // half of all
	statements  jobs.Throttle // a quarter
}

// minStatements is of how many attempts the statements run at a time in a small pool, which
// has no more than so many connections for them.
const minStatements = 2

func newPlaces(conns int) places {
	return places{connections: jobs.NewThrottle(conns / 2), statements: jobs.NewThrottle(max(conns/4, minStatements))}
}

// leaving gives places back, each once.
type leaving struct{ connection, statements func() }

// enter waits for both places if ctx is of an attempt, see jobs.Throttle.
func (p places) enter(ctx context.Context) (leaving, error) {
	connection, err := p.connections.Enter(ctx)
	if err != nil {
		return leaving{}, err
	}
	statements, err := p.statements.Enter(ctx)
	if err != nil {
		connection()
		return leaving{}, err
	}
	return leaving{connection: connection, statements: sync.OnceFunc(statements)}, nil
}
