package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// Consumer implements storage.Enrolments.
func (s *Store) Consumer(ctx context.Context, key storage.ConsumerKey) (storage.Consumer, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.Consumer{}, err
	}
	if ctx.Err() != nil {
		return storage.Consumer{}, storage.ErrUnavailable(ctx, ctx.Err())
	}
	row, err := q.GetConsumer(uncancelled(ctx), consumerKeyParams(key))
	if errors.Is(err, sql.ErrNoRows) {
		return storage.Consumer{}, storage.ErrConsumerNotFound()
	}
	var consumer storage.Consumer
	if err == nil {
		consumer, err = consumerFrom(&row)
	}
	if err != nil {
		return storage.Consumer{}, storage.ErrUnavailable(ctx, err)
	}
	return consumer, nil
}

// ConsumersOf implements storage.Enrolments.
func (s *Store) ConsumersOf(ctx context.Context, customers []walletport.CustomerID) ([]storage.Consumer, error) {
	ids, err := json.Marshal(slices.Compact(slices.Sorted(slices.Values(customers))))
	if err != nil {
		return nil, err
	}
	consumers, err := s.consumers(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Consumer, error) {
		return q.ListConsumersOf(ctx, string(ids))
	})
	slices.SortFunc(consumers, func(a, b storage.Consumer) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.BID, b.BID))
	})
	return consumers, err
}

// ConsumersAfter implements storage.Enrolments.
func (s *Store) ConsumersAfter(ctx context.Context, issuer walletport.IssuerID, after storage.ConsumerKey, limit int) ([]storage.Consumer, error) {
	if !storage.CanKeep(string(issuer), after.BID) {
		return nil, nil
	}
	return s.consumers(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Consumer, error) {
		return q.ListConsumersOfIssuer(ctx, sqlitedb.ListConsumersOfIssuerParams{
			Issuer: string(issuer), CustomerID: int64(after.Customer), Bid: after.BID, MaxRows: rowLimit(limit),
		})
	})
}

func (s *Store) consumers(ctx context.Context, list func(*sqlitedb.Queries) ([]sqlitedb.Consumer, error)) ([]storage.Consumer, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := list(q)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	consumers := make([]storage.Consumer, len(rows))
	for i := range rows {
		if consumers[i], err = consumerFrom(&rows[i]); err != nil {
			return nil, storage.ErrUnavailable(ctx, err)
		}
	}
	return consumers, nil
}

// OptOuts implements storage.Enrolments.
func (s *Store) OptOuts(ctx context.Context, issuer walletport.IssuerID, numbers []string) ([]storage.OptOut, error) {
	known := slices.DeleteFunc(slices.Clone(numbers), func(number string) bool { return !storage.CanKeep(number) })
	slices.Sort(known)
	texts, err := json.Marshal(slices.Compact(known))
	if err != nil {
		return nil, err
	}
	return s.optOuts(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.OptOut, error) {
		return q.ListOptOutsOf(ctx, sqlitedb.ListOptOutsOfParams{Numbers: string(texts), Issuer: string(issuer)})
	})
}

// OptOutsAfter implements storage.Enrolments.
func (s *Store) OptOutsAfter(ctx context.Context, issuer walletport.IssuerID, after string, limit int) ([]storage.OptOut, error) {
	if !storage.CanKeep(after) {
		return nil, nil
	}
	return s.optOuts(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.OptOut, error) {
		return q.ListOptOuts(ctx, sqlitedb.ListOptOutsParams{Issuer: string(issuer), After: after, MaxRows: rowLimit(limit)})
	})
}

func (s *Store) optOuts(ctx context.Context, list func(*sqlitedb.Queries) ([]sqlitedb.OptOut, error)) ([]storage.OptOut, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := list(q)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	all := make([]storage.OptOut, len(rows))
	for i := range rows {
		all[i] = optOutFrom(&rows[i])
	}
	return all, nil
}

// UpdateConsumer implements storage.EnrolmentsTx. The transaction holds the write lock, so who
// makes the same consumer at once has waited for it.
func (t *transaction) UpdateConsumer(key storage.ConsumerKey, customer walletport.CustomerKey, change func(storage.Consumer) (storage.Consumer, error)) error {
	consumer, err := storage.NewConsumer(key, customer)
	if err != nil {
		return err
	}
	row, err := t.q.GetConsumer(uncancelled(t.ctx), consumerKeyParams(key))
	if err == nil {
		consumer, err = consumerFrom(&row)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return t.failed(err)
	}
	if consumer, err = storage.ChangeConsumer(consumer, change); err != nil {
		return err
	}
	params, err := consumerParams(&consumer)
	if err == nil {
		err = t.q.PutConsumer(uncancelled(t.ctx), params)
	}
	if err != nil {
		return t.failed(err)
	}
	return nil
}

// PutOptOut implements storage.EnrolmentsTx.
func (t *transaction) PutOptOut(o storage.OptOut) (bool, error) {
	if err := storage.CheckOptOut(o); err != nil {
		return false, err
	}
	added, err := t.q.InsertOptOut(uncancelled(t.ctx), sqlitedb.InsertOptOutParams{
		Issuer: string(o.Issuer), Number: o.Number, ByWhom: string(o.By), AtMs: o.At.UnixMilli(),
	})
	if err != nil {
		return false, t.failed(err)
	}
	return added > 0, nil
}

// DeleteOptOut implements storage.EnrolmentsTx.
func (t *transaction) DeleteOptOut(key walletport.CustomerKey) (bool, error) {
	deleted, err := t.q.DeleteOptOut(uncancelled(t.ctx), sqlitedb.DeleteOptOutParams{Issuer: string(key.Issuer), Number: key.Number})
	if err != nil {
		return false, t.failed(err)
	}
	return deleted > 0, nil
}

func consumerKeyParams(key storage.ConsumerKey) sqlitedb.GetConsumerParams {
	return sqlitedb.GetConsumerParams{CustomerID: int64(key.Customer), Bid: key.BID}
}

func consumerParams(c *storage.Consumer) (sqlitedb.PutConsumerParams, error) {
	cards, err := storage.EncodeConsumerCards(c.Cards)
	return sqlitedb.PutConsumerParams{
		CustomerID: int64(c.Customer),
		Bid:        c.BID,
		Issuer:     string(c.Issuer),
		Number:     c.Number,
		Enrolled:   flag(c.IsEnrolled),
		Inactive:   flag(c.IsInactive),
		Cards:      cards,
		AsOfMs:     storage.ColumnTime(c.AsOf),
		OpenCount:  int64(c.Open),
		LastID:     c.Last.ID,
		LastPrint:  notNull(c.Last.Print),
		LastOpen:   flag(c.Last.IsOpen),
	}, err
}

func consumerFrom(r *sqlitedb.Consumer) (storage.Consumer, error) {
	cards, err := storage.DecodeConsumerCards(r.Cards)
	return storage.Consumer{
		ConsumerKey: storage.ConsumerKey{Customer: walletport.CustomerID(r.CustomerID), BID: r.Bid},
		Issuer:      walletport.IssuerID(r.Issuer),
		Number:      r.Number,
		IsEnrolled:  r.Enrolled != 0,
		IsInactive:  r.Inactive != 0,
		Cards:       cards,
		AsOf:        storage.ColumnTimeFrom(r.AsOfMs),
		Open:        int(r.OpenCount),
		Last:        storage.LastRequest{ID: r.LastID, Print: r.LastPrint, IsOpen: r.LastOpen != 0},
	}, err
}

func optOutFrom(r *sqlitedb.OptOut) storage.OptOut {
	return storage.OptOut{
		CustomerKey: walletport.CustomerKey{Issuer: walletport.IssuerID(r.Issuer), Number: r.Number},
		By:          walletport.AuditUser(r.ByWhom),
		At:          timeFrom(r.AtMs),
	}
}
