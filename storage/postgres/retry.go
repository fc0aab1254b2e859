package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// attempts and firstPause bound what a retry costs: five attempts with pauses of
// 20, 40, 80 and 160 ms ride out a restarted connection or a failover's last
// moments. A longer outage is the caller's to answer, who owns the deadline.
const (
	attempts   = 5
	firstPause = 20 * time.Millisecond
)

// retryLost runs act again when its connection was lost or its transaction rolled
// back. A commit whose answer was lost may have been done: act must bear to be
// done twice.
func (s *Store) retryLost(ctx context.Context, act func() error) error {
	return s.retry(ctx, act, func(err error) bool { return rolledBack(err) || connectionLost(err) })
}

// retryUndone runs act again only when it certainly changed nothing.
func (s *Store) retryUndone(ctx context.Context, act func() error) error {
	return s.retry(ctx, act, rolledBack)
}

func (s *Store) retry(ctx context.Context, act func() error, again func(error) bool) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := act()
		if err == nil || attempt == attempts || ctx.Err() != nil || !again(err) {
			return err
		}
		if connectionLost(err) || readOnly(err) {
			s.pool.Reset() // when one connection died, its neighbours most likely did
		}
		if wait(ctx, pause) != nil {
			return err
		}
		pause *= 2
	}
}

// wait waits for d, or for the end of ctx, which is an error.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return unavailable(ctx, ctx.Err())
	case <-time.After(d):
		return nil
	}
}

// rolledBack reports whether the server undid the transaction, or never got it.
func rolledBack(err error) bool {
	if readOnly(err) {
		return true
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code == "40001" || pgErr.Code == "40P01" // serialization_failure, deadlock_detected
	}
	return pgconn.SafeToRetry(err)
}

// readOnly reports whether the session takes no writes (SQLSTATE 25006,
// read_only_sql_transaction). It may be one from before a failover, or from a time
// when its role or database was read-only, which a session keeps from its start: the
// connection is closed, and the next one asks what server it has come to.
func readOnly(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == "25006"
}

// unanswered is the error of a commit. When the line breaks while pgconn waits for the
// answer, it may call it safe to send the commit again, which it is not.
type unanswered struct{ error }

func (unanswered) SafeToRetry() bool { return false }
func (u unanswered) Unwrap() error   { return u.error }

// connectionLost reports whether the connection broke, or the server ended it
// (class 08: connection_exception; 57P01 to 57P03: it shuts down, crashed, starts).
func connectionLost(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pgErr.Code, "08") || strings.HasPrefix(pgErr.Code, "57P0")
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	if commit, ok := errors.AsType[unanswered](err); ok {
		err = commit.error
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
