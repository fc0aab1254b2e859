package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// Import implements storage.Imports.
func (s *Store) Import(ctx context.Context, id string) (im storage.Import, err error) {
	err = s.retryLost(ctx, func() error {
		row, err := s.queries.GetImport(ctx, id)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			im = storage.Import{}
			return nil
		case err != nil:
			return unavailable(ctx, err)
		}
		im = storage.Import{
			ID: row.ID, Holder: row.Holder, Who: row.Who, Began: timeFrom(row.BeganMs), Beat: timeFrom(row.BeatMs), State: row.State,
		}
		return nil
	})
	return im, err
}

// ClaimImport implements storage.Imports. A claim whose answer was lost is not made again:
// it would be told that somebody else has it.
func (s *Store) ClaimImport(ctx context.Context, im storage.Import, before string) (claimed bool, err error) {
	err = s.retryUndone(ctx, func() error {
		return s.transact(ctx, func(q *pgdb.Queries) error {
			var rows int64
			if before == "" {
				rows, err = q.AddImport(ctx, pgdb.AddImportParams{
					ID: im.ID, Holder: im.Holder, Who: im.Who, BeganMs: im.Began.UnixMilli(), BeatMs: im.Beat.UnixMilli(), State: notNull(im.State),
				})
			} else {
				rows, err = q.TakeImport(ctx, pgdb.TakeImportParams{
					Holder: im.Holder, Who: im.Who, BeganMs: im.Began.UnixMilli(), BeatMs: im.Beat.UnixMilli(), State: notNull(im.State),
					ID: im.ID, HolderBefore: before,
				})
			}
			claimed = rows > 0
			return err
		})
	})
	return claimed && err == nil, err
}

// MarkImport implements storage.Imports.
func (s *Store) MarkImport(ctx context.Context, mark storage.ImportMark) error {
	return s.retryLost(ctx, func() error {
		return s.transact(ctx, func(q *pgdb.Queries) error { return markImport(ctx, q, mark) })
	})
}

// errMissed undoes a batch with a row that is not what was read.
var errMissed = errors.New("a row is not the one that was read")

// endBatch stores the mark of a batch in its transaction, and undoes a batch of which rows were
// missed: it comes again whole. In either case the batch falls with an import that has another holder.
func endBatch(ctx context.Context, q *pgdb.Queries, mark *storage.ImportMark, missed int) error {
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

func markImport(ctx context.Context, q *pgdb.Queries, mark storage.ImportMark) error {
	marked, err := q.MarkImport(ctx, pgdb.MarkImportParams{
		BeatMs: mark.At.UnixMilli(), State: notNull(mark.State), ID: mark.ID, Holder: mark.Holder,
	})
	return held(marked, err)
}

// held returns import_taken where a holder's import was not found.
func held(found int64, err error) error {
	if err == nil && found == 0 {
		return storage.ErrImportTaken()
	}
	return err
}

// EndImport implements storage.Imports. Where the answer was lost and the call repeated, the
// import may be gone because it was ended.
func (s *Store) EndImport(ctx context.Context, id, holder string) error {
	repeated := false
	return s.retryLost(ctx, func() error {
		ended, err := s.queries.DeleteImport(ctx, pgdb.DeleteImportParams{ID: id, Holder: holder})
		if err == nil && ended == 0 && repeated {
			_, err = s.queries.GetImport(ctx, id)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
		}
		repeated = true
		if err != nil {
			return unavailable(ctx, err)
		}
		return held(ended, nil)
	})
}

// AddCardFinds implements storage.CardFinds.
func (s *Store) AddCardFinds(ctx context.Context, finds []storage.CardFind) error {
	if len(finds) == 0 {
		return nil
	}
	return s.retryLost(ctx, func() error {
		err := s.transact(ctx, func(q *pgdb.Queries) error { return q.AddCardFinds(ctx, findParams(finds)) })
		if err != nil {
			return err
		}
		if _, err := s.queries.ReadCardFinds(ctx, pgdb.ReadCardFindsParams(findParams(finds))); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
}

// CardFindsOf implements storage.CardFinds.
func (s *Store) CardFindsOf(ctx context.Context, id walletport.CardID) (finds []storage.CardFind, err error) {
	err = s.retryLost(ctx, func() error {
		rows, err := s.queries.ListFindsOfCard(ctx, int64(id))
		if err != nil {
			return unavailable(ctx, err)
		}
		finds = make([]storage.CardFind, len(rows))
		for i, row := range rows {
			finds[i] = storage.CardFind{Attribute: storage.CardAttribute(row.Attribute), Value: row.Value, ID: id}
		}
		return nil
	})
	return finds, err
}

func findParams(finds []storage.CardFind) pgdb.AddCardFindsParams {
	return pgdb.AddCardFindsParams{
		Attributes: column(finds, func(f storage.CardFind) int16 { return int16(f.Attribute) }),
		Vals:       column(finds, func(f storage.CardFind) []byte { return notNull(f.Value) }),
		CardIds:    column(finds, func(f storage.CardFind) int64 { return int64(f.ID) }),
	}
}
