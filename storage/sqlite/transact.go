package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// transact runs act in a transaction that holds the write lock from the start, and commits
// when act returns nil. It passes the error of act on as it is.
//
// The transaction may be one with others, see writers: what act does stands and falls by
// itself all the same. act may be called again from its beginning, by another goroutine, and
// must not use the Store.
func (s *Store) transact(ctx context.Context, act func(*sqlitedb.Queries) error) error {
	return s.transactOn(ctx, func(tx *sql.Tx, p *statements) error { return act(p.write.WithTx(tx)) })
}

// transactOn is transact for statements that are not generated.
func (s *Store) transactOn(ctx context.Context, act func(*sql.Tx, *statements) error) error {
	p, err := s.statements(ctx)
	if err != nil {
		return err
	}
	leave, err := s.attempts.Enter(ctx)
	if err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	defer leave()
	w := &writing{ctx: ctx, act: act, done: make(chan struct{})}
	if s.writers.awaitTurn(w) {
		s.lead(w, p)
	}
	return w.outcome()
}

// lead writes what w wants and what others want who wait.
func (s *Store) lead(w *writing, p *statements) {
	defer s.writers.endTurn()
	tx, err := s.begin(w.ctx)
	if err != nil {
		s.writers.leave(w)
		w.end(err)
		return
	}
	group := s.writers.take(w)
	defer func() { // nobody waits for ever, whatever an act does to the goroutine
		for _, w := range group {
			w.end(storage.ErrUnavailable(w.ctx, errAbandoned))
		}
	}()
	if s.writeAll(tx, p, group) {
		return
	}
	for _, w := range group {
		s.writeAlone(p, w)
	}
}

// errAbandoned is of a write whose goroutine ended within an act.
var errAbandoned = errors.New("the transaction was abandoned")

// begin begins a transaction. Whoever ctx is of can leave while another process has the lock,
// and not later: the transaction may be of others too.
func (s *Store) begin(ctx context.Context) (*sql.Tx, error) {
	if err := s.confirm(ctx); err != nil { // nothing is written into files that are not ours
		return nil, storage.ErrUnavailable(ctx, err)
	}
	live, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	tx, err := s.write.BeginTx(live, nil)
	if err == nil && !stop() { // ctx ended, and takes the transaction with it
		err = errors.Join(context.Cause(ctx), tx.Rollback())
	}
	if err != nil {
		cancel()
		return nil, storage.ErrUnavailable(ctx, err)
	}
	return tx, nil
}

// writeAlone writes what w wants in a transaction of its own.
func (s *Store) writeAlone(p *statements, w *writing) {
	tx, err := s.begin(w.ctx)
	if err != nil {
		w.end(err)
		return
	}
	s.writeAll(tx, p, []*writing{w})
}

// writeAll runs the acts of a group in tx, and commits what those wanted that did not fail. It
// reports false when nothing was committed, and nobody told, because of one whom the others
// have nothing to do with: each can be written alone.
func (s *Store) writeAll(tx *sql.Tx, p *statements, group []*writing) bool {
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if len(group) == 1 {
		group[0].run(tx, p)
	} else if !runEach(tx, p, group) {
		return false
	}
	if !anyStands(group) {
		return endAll(group, tx.Rollback())
	}
	err := tx.Commit()
	if err == nil {
		err = s.confirm(context.Background())
	}
	return endAll(group, err)
}

// runEach runs the acts one after the other, and undoes those that fail. It reports false
// where the transaction cannot go on: after a fault of the driver SQLite may have undone more
// than a statement, and what was done for who has left cannot be undone alone any more.
func runEach(tx *sql.Tx, p *statements, group []*writing) bool {
	ctx := context.Background()
	for _, w := range group {
		if err := w.ctx.Err(); err != nil { // nothing was done for who has left already
			w.err = storage.ErrUnavailable(w.ctx, err)
			continue
		}
		if _, err := tx.ExecContext(ctx, "SAVEPOINT act"); err != nil {
			return false
		}
		end := "RELEASE act"
		if w.run(tx, p); w.err != nil {
			if isFault(w.err) {
				return false
			}
			end = "ROLLBACK TO act; RELEASE act"
		}
		if _, err := tx.ExecContext(ctx, end); err != nil {
			return false
		}
	}
	for _, w := range group {
		if w.err == nil && w.ctx.Err() != nil {
			return false
		}
	}
	return true
}
