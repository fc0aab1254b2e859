package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// Import implements storage.Imports.
func (s *Store) Import(ctx context.Context, id string) (storage.Import, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.Import{}, err
	}
	row, err := q.GetImport(ctx, id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return storage.Import{}, nil
	case err != nil:
		return storage.Import{}, storage.ErrUnavailable(ctx, err)
	}
	return storage.Import{
		ID: row.ID, Holder: row.Holder, Who: row.Who, Began: timeFrom(row.BeganMs), Beat: timeFrom(row.BeatMs), State: row.State,
	}, nil
}

// ClaimImport implements storage.Imports.
func (s *Store) ClaimImport(ctx context.Context, im storage.Import, before string) (claimed bool, err error) {
	err = s.transact(ctx, func(q *sqlitedb.Queries) error {
		var rows int64
		if before == "" {
			rows, err = q.AddImport(ctx, sqlitedb.AddImportParams{
				ID: im.ID, Holder: im.Holder, Who: im.Who, BeganMs: im.Began.UnixMilli(), BeatMs: im.Beat.UnixMilli(), State: notNull(im.State),
			})
		} else {
			rows, err = q.TakeImport(ctx, sqlitedb.TakeImportParams{
				Holder: im.Holder, Who: im.Who, BeganMs: im.Began.UnixMilli(), BeatMs: im.Beat.UnixMilli(), State: notNull(im.State),
				ID: im.ID, HolderBefore: before,
			})
		}
		if err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		claimed = rows > 0
		return nil
	})
	return claimed && err == nil, err
}

// MarkImport implements storage.Imports.
func (s *Store) MarkImport(ctx context.Context, mark storage.ImportMark) error {
	return s.transact(ctx, func(q *sqlitedb.Queries) error { return markImport(ctx, q, mark) })
}

// errMissed undoes a batch with a row that is not what was read.
var errMissed = errors.New("a row is not the one that was read")

// endBatch stores the mark of a batch in its transaction, and undoes a batch of which rows were
// missed: it comes again whole. In either case the batch falls with an import that has another holder.
func endBatch(ctx context.Context, q *sqlitedb.Queries, mark *storage.ImportMark, missed int) error {
	if mark != nil {
		if err := markImport(ctx, q, *mark); err != nil {
			return err
		}
	}
	if missed > 0 {
		return errMissed
	}
	return nil
}

func markImport(ctx context.Context, q *sqlitedb.Queries, mark storage.ImportMark) error {
	marked, err := q.MarkImport(uncancelled(ctx), sqlitedb.MarkImportParams{
		BeatMs: mark.At.UnixMilli(), State: notNull(mark.State), ID: mark.ID, Holder: mark.Holder,
	})
	return held(ctx, marked, err)
}

// held returns import_taken where a holder's import was not found.
func held(ctx context.Context, found int64, err error) error {
	switch {
	case err != nil:
		return storage.ErrUnavailable(ctx, err)
	case found == 0:
		return storage.ErrImportTaken()
	}
	return nil
}

// EndImport implements storage.Imports.
func (s *Store) EndImport(ctx context.Context, id, holder string) error {
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		ended, err := q.DeleteImport(uncancelled(ctx), sqlitedb.DeleteImportParams{ID: id, Holder: holder})
		return held(ctx, ended, err)
	})
}

// AddCardFinds implements storage.CardFinds.
func (s *Store) AddCardFinds(ctx context.Context, finds []storage.CardFind) error {
	return s.eachFind(ctx, finds, func(q *sqlitedb.Queries, f storage.CardFind) error {
		return q.AddCardFind(uncancelled(ctx), sqlitedb.AddCardFindParams{Attribute: int64(f.Attribute), Value: notNull(f.Value), CardID: int64(f.ID)})
	})
}

// DropCardFinds implements storage.CardFinds. Most of the values may be of stored cards. What cards
// have is looked up before the write lock is taken, for cards are all over the table in the order
// of such values.
func (s *Store) DropCardFinds(ctx context.Context, finds []storage.CardFind) error {
	q, err := s.queries(ctx)
	if err != nil {
		return err
	}
	var free []storage.CardFind
	for _, f := range finds {
		if ctx.Err() != nil {
			return storage.ErrUnavailable(ctx, ctx.Err())
		}
		count, err := q.CountFreeFind(uncancelled(ctx), sqlitedb.CountFreeFindParams{Attribute: int64(f.Attribute), Value: notNull(f.Value), CardID: int64(f.ID)})
		if err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		if count > 0 {
			free = append(free, f)
		}
	}
	return s.eachFind(ctx, free, func(q *sqlitedb.Queries, f storage.CardFind) error {
		return q.DropCardFind(uncancelled(ctx), sqlitedb.DropCardFindParams{Attribute: int64(f.Attribute), Value: notNull(f.Value), CardID: int64(f.ID)})
	})
}

// CardFindsOf implements storage.CardFinds.
func (s *Store) CardFindsOf(ctx context.Context, id walletport.CardID) ([]storage.CardFind, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	count, err := q.CountImports(ctx)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	if count == 0 {
		return nil, nil
	}
	rows, err := q.ListFindsOfCard(ctx, int64(id))
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	finds := make([]storage.CardFind, len(rows))
	for i, row := range rows {
		finds[i] = storage.CardFind{Attribute: storage.CardAttribute(row.Attribute), Value: row.Value, ID: id}
	}
	return finds, nil
}

// eachFind does the same with each value in one transaction.
func (s *Store) eachFind(ctx context.Context, finds []storage.CardFind, act func(*sqlitedb.Queries, storage.CardFind) error) error {
	if len(finds) == 0 {
		return nil
	}
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		for _, f := range finds {
			if ctx.Err() != nil {
				return storage.ErrUnavailable(ctx, ctx.Err())
			}
			if err := act(q, f); err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
		}
		return nil
	})
}
