package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// together are changes that are made in one transaction. They wait in a temporary
// table of a connection of their own, which nobody else sees and which is gone with
// the connection or the process: while a file is read and its cards are sealed, no
// write lock is held. Commit then writes them all in one transaction; a server's
// audit trail waits for it (15,000 to 25,000 cards a second were measured).
type together struct {
	store  *Store
	db     *sql.DB
	conn   *sql.Conn
	insert *sql.Stmt
}

var (
	createStaged = `CREATE TEMP TABLE staged (id INTEGER PRIMARY KEY, ` + strings.Join(cardColumns[1:], ", ") + `, replaces)` //nolint:gosec // G202: names of columns

	insertStaged = `INSERT INTO staged VALUES (?` + strings.Repeat(", ?", len(cardColumns)) + `)` //nolint:gosec // G202: question marks

	// A change is missed when the row is not the one that was read, unless the change
	// stands already.
	listMissed = `SELECT staged.id FROM temp.staged LEFT JOIN main.cards ON cards.id = staged.id
		WHERE cards.content_mac IS NOT nullif(staged.replaces, x'') AND cards.content_mac IS NOT nullif(staged.content_mac, x'')
		ORDER BY staged.id LIMIT ?`

	// An upsert would be one statement for both, but its DO UPDATE takes the place of the OR IGNORE
	// of the triggers of cards, and then a value of card_finds that stands already is an error.
	changeStaged = `UPDATE main.cards SET (` + strings.Join(replacedColumns(), ", ") + `) =
		(SELECT ` + strings.Join(replacedColumns(), ", ") + ` FROM temp.staged WHERE staged.id = cards.id)
		WHERE id IN (SELECT id FROM temp.staged)
		AND content_mac <> (SELECT content_mac FROM temp.staged WHERE staged.id = cards.id)`

	addStaged = `INSERT INTO main.cards (` + strings.Join(cardColumns, ", ") + `)
		SELECT ` + strings.Join(cardColumns, ", ") + ` FROM temp.staged
		WHERE NOT EXISTS (SELECT 1 FROM main.cards WHERE cards.id = staged.id) ORDER BY id`
)

// replacedColumns are the columns of a card that stands but id and issuer.
func replacedColumns() []string {
	return slices.DeleteFunc(slices.Clone(cardColumns), func(column string) bool { return column == "id" || column == "issuer" })
}

// BeginCardChanges implements storage.Cards.
func (s *Store) BeginCardChanges(ctx context.Context) (storage.CardChanges, error) {
	if _, err := s.statements(ctx); err != nil { // a closed store begins nothing
		return nil, err
	}
	if err := s.write.PingContext(ctx); err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	db, err := openPool(ctx, stageURL(s.files.path), s.files, 1)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	t := &together{store: s, db: db}
	if err := t.prepare(ctx); err != nil {
		return nil, storage.ErrUnavailable(ctx, errors.Join(err, t.End()))
	}
	return t, nil
}

func (t *together) prepare(ctx context.Context) (err error) {
	if t.conn, err = t.db.Conn(ctx); err != nil {
		return err
	}
	if _, err = t.conn.ExecContext(ctx, createStaged); err != nil {
		return err
	}
	t.insert, err = t.conn.PrepareContext(ctx, insertStaged)
	return err
}

// Add implements storage.CardChanges.
func (t *together) Add(ctx context.Context, changes []storage.CardChange) error {
	if err := storage.CheckChanges(changes); err != nil {
		return err
	}
	tx, err := t.conn.BeginTx(ctx, nil) // of the temporary table alone
	if err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	insert := tx.StmtContext(uncancelled(ctx), t.insert)
	defer func() { _ = insert.Close() }() // with the transaction
	for i := range changes {
		if ctx.Err() != nil {
			return storage.ErrUnavailable(ctx, ctx.Err())
		}
		if _, err := insert.ExecContext(uncancelled(ctx), append(cardValues(&changes[i].Card), notNull(changes[i].Replaces))...); err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	return nil
}

// Commit implements storage.CardChanges.
func (t *together) Commit(ctx context.Context) (missed []walletport.CardID, err error) {
	if err := t.store.confirm(ctx); err != nil { // see transactOn
		return nil, storage.ErrUnavailable(ctx, err)
	}
	if _, err := t.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	committed := false
	defer func() {
		if !committed {
			_, _ = t.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	if missed, err = t.missed(ctx); err != nil || len(missed) > 0 {
		return missed, err
	}
	for _, statement := range []string{changeStaged, addStaged, "COMMIT"} {
		if _, err := t.conn.ExecContext(ctx, statement); err != nil {
			return nil, storage.ErrUnavailable(ctx, err)
		}
	}
	committed = true
	if err := t.store.confirm(ctx); err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	return nil, nil
}

func (t *together) missed(ctx context.Context) ([]walletport.CardID, error) {
	rows, err := t.conn.QueryContext(ctx, listMissed, storage.MaxListedMisses)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	defer rows.Close()
	var missed []walletport.CardID
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, storage.ErrUnavailable(ctx, err)
		}
		missed = append(missed, walletport.CardID(id))
	}
	if err := rows.Err(); err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	return missed, nil
}

// End implements storage.CardChanges. The temporary table goes with its connection.
func (t *together) End() error {
	var errs []error
	if t.insert != nil {
		errs = append(errs, t.insert.Close())
	}
	if t.conn != nil {
		errs = append(errs, t.conn.Close())
	}
	errs = append(errs, t.db.Close())
	t.insert, t.conn = nil, nil
	return errors.Join(errs...)
}
