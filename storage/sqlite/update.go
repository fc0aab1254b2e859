package sqlite

import (
	"context"
	"database/sql"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// transaction is one under way, see Update. Its methods stand with their areas.
type transaction struct {
	storage.PendingAppend
	ctx   context.Context // of Update, which lends it
	tx    *sql.Tx
	q     *sqlitedb.Queries
	fault error // the first of the driver: what was to be done may be half done

	enqueued bool // there are jobs to be claimed after the commit
}

// Update implements storage.Updater. The write lock, which the transaction holds from its
// start, locks every row. change is called again, and alone, where the transaction was shared and
// somebody else's part of it undid the whole, see transact. Its statements are not interrupted
// when ctx ends: the transaction is rolled back as a whole.
func (s *Store) Update(ctx context.Context, change func(storage.Tx) error) error {
	var t *transaction
	err := s.transactOn(ctx, func(tx *sql.Tx, p *statements) error {
		t = &transaction{ctx: ctx, tx: tx, q: p.write.WithTx(tx)}
		if err := change(t); err != nil {
			return err
		}
		if t.fault != nil || t.Link == nil {
			return t.fault
		}
		return appendAudit(ctx, tx, p, t.Link)
	})
	if err == nil && t.enqueued {
		s.enqueued.Ring()
	}
	return err
}

// failed notes a fault of the driver, after which nothing is committed. The transaction ends
// here, for SQLite may have undone it: what change did next would be committed by itself.
func (t *transaction) failed(err error) error {
	if t.fault == nil {
		_ = t.tx.Rollback()
		t.fault = storage.ErrUnavailable(t.ctx, err)
	}
	return t.fault
}
