package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// transaction is one under way, see Update. Its methods stand with their areas.
type transaction struct {
	storage.PendingAppend
	ctx   context.Context // of Update, which lends it
	store *Store
	q     *pgdb.Queries
	fault error // the first of the driver, after which the server takes nothing more

	enqueued bool // there are jobs to be claimed after the commit

	changedTokens []int64 // ids that UpdateToken has locked
}

// failed notes a fault of the driver.
func (t *transaction) failed(err error) error {
	err = unavailable(t.ctx, err)
	if t.fault == nil {
		t.fault = err
	}
	return err
}

// update is the attempts of one Update.
type update struct {
	store  *Store
	change func(storage.Tx) error

	// Of the last attempt.
	fault    error // of the database; nil if change refused, or all is done
	answered error // what the caller gets
	asked    bool  // the commit was sent
	enqueued bool  // of the last attempt that called change

	// sent are the entries of an attempt whose commit was not answered.
	sent []storage.AuditEntry

	statementsDone func() // tells that only the commit is left to wait for
}

// Update implements storage.Updater. Each row is locked when it is changed. What the
// server undid is done again, and what was undone because the connection was lost before
// the commit. When the answer to the commit was lost, the entries of the audit chain tell
// whether it was made; without any, nobody knows, and it is not done again.
func (s *Store) Update(ctx context.Context, change func(storage.Tx) error) error {
	u := &update{store: s, change: change}
	_ = s.retry(ctx, func() error {
		u.attempt(ctx)
		return u.fault
	}, u.undone)
	if u.answered == nil && u.enqueued {
		s.enqueued.Ring()
	}
	return u.answered
}

// undone reports whether an attempt changed nothing, or the next one will see whether it
// did.
func (u *update) undone(fault error) bool {
	return rolledBack(fault) || connectionLost(fault) && (!u.asked || len(u.sent) > 0)
}

func (u *update) attempt(ctx context.Context) {
	u.fault, u.answered, u.asked = nil, nil, false
	places, err := u.store.attempts.enter(ctx)
	if err != nil {
		u.fail(ctx, err)
		return
	}
	defer places.leaveConnection()
	defer places.leaveStatements()
	u.statementsDone = places.leaveStatements
	conn, err := u.store.pool.Acquire(ctx)
	if err != nil {
		u.fail(ctx, err)
		return
	}
	defer conn.Release()
	defer rollback(ctx, conn)
	made, err := u.wasMade(ctx, conn)
	switch {
	case err != nil:
		u.fail(ctx, err)
	case !made:
		u.transact(ctx, conn)
	}
}

func (u *update) fail(ctx context.Context, err error) {
	u.fault = unavailable(ctx, err)
	u.answered = u.fault
}

// wasMade reports whether the commit that was not answered was made. Once the head can be
// locked the transaction that sent it has ended, and the next one may begin.
func (u *update) wasMade(ctx context.Context, conn *pgxpool.Conn) (bool, error) {
	if len(u.sent) == 0 {
		return false, nil
	}
	head, err := lockHead(ctx, conn, beginSQL)
	if err != nil {
		return false, err
	}
	made, err := isStored(ctx, conn, head, u.sent)
	if err != nil {
		return false, err
	}
	if made {
		return true, awaitStored(ctx, conn)
	}
	u.sent = nil
	_, err = conn.Exec(ctx, "ROLLBACK")
	return false, err
}

func (u *update) transact(ctx context.Context, conn *pgxpool.Conn) {
	statements := &beginning{conn: conn}
	t := &transaction{ctx: ctx, store: u.store, q: pgdb.New(statements)}
	err := u.change(t)
	u.enqueued = t.enqueued
	if err != nil {
		u.fault, u.answered = t.fault, err
		return
	}
	if t.fault != nil {
		u.fault, u.answered = t.fault, t.fault
		return
	}
	u.commit(ctx, statements, t.Link)
}

// commit ends the transaction, if there is one by now, and first appends to the chain.
func (u *update) commit(ctx context.Context, statements *beginning, link linker) {
	switch {
	case link == nil && !statements.begun: // nothing was asked for
		return
	case link == nil:
		u.asked = true
		u.statementsDone()
		if err := commit(ctx, statements.conn); err != nil {
			u.fail(ctx, err)
		}
		return
	}
	head, err := statements.lockHead(ctx)
	if err != nil {
		u.fail(ctx, err)
		return
	}
	entries, args, err := linkTo(head, link)
	switch {
	case err != nil:
		u.answered = err
		return
	case len(entries) == 0:
		u.commit(ctx, statements, nil)
		return
	}
	u.asked, u.sent = true, entries
	u.statementsDone()
	if err := commitEntries(ctx, statements.conn, args, entries[len(entries)-1]); err != nil {
		u.fail(ctx, err)
	}
}

// commit ends a transaction. To one that failed the server answers ROLLBACK, and no error.
func commit(ctx context.Context, conn *pgxpool.Conn) error {
	tag, err := conn.Exec(ctx, "COMMIT")
	switch {
	case err != nil:
		return unanswered{err}
	case tag.String() != "COMMIT":
		return errors.New("the server rolled the transaction back")
	}
	return nil
}
