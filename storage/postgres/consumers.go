package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// Consumer implements storage.Enrolments.
func (s *Store) Consumer(ctx context.Context, key storage.ConsumerKey) (storage.Consumer, error) {
	if !storage.CanKeep(key.BID) {
		return storage.Consumer{}, storage.ErrConsumerNotFound()
	}
	var consumer storage.Consumer
	err := s.retryLost(ctx, func() error {
		row, err := s.queries.GetConsumer(ctx, pgdb.GetConsumerParams{CustomerID: int64(key.Customer), Bid: key.BID})
		if errors.Is(err, pgx.ErrNoRows) {
			return storage.ErrConsumerNotFound()
		}
		if err == nil {
			consumer, err = consumerFrom(&row)
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return storage.Consumer{}, err
	}
	return consumer, nil
}

// ConsumersOf implements storage.Enrolments.
func (s *Store) ConsumersOf(ctx context.Context, customers []walletport.CustomerID) ([]storage.Consumer, error) {
	ids := column(customers, func(id walletport.CustomerID) int64 { return int64(id) })
	consumers, err := s.consumers(ctx, func() ([]pgdb.Consumer, error) { return s.queries.ListConsumersOf(ctx, ids) })
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
	return s.consumers(ctx, func() ([]pgdb.Consumer, error) {
		return s.queries.ListConsumersOfIssuer(ctx, pgdb.ListConsumersOfIssuerParams{
			Issuer: string(issuer), CustomerID: int64(after.Customer), Bid: after.BID, MaxRows: rowLimit(limit),
		})
	})
}

func (s *Store) consumers(ctx context.Context, list func() ([]pgdb.Consumer, error)) ([]storage.Consumer, error) {
	var consumers []storage.Consumer
	err := s.retryLost(ctx, func() error {
		rows, err := list()
		if err != nil {
			return unavailable(ctx, err)
		}
		consumers = make([]storage.Consumer, len(rows))
		for i := range rows {
			if consumers[i], err = consumerFrom(&rows[i]); err != nil {
				return unavailable(ctx, err)
			}
		}
		return nil
	})
	return consumers, err
}

// OptOuts implements storage.Enrolments.
func (s *Store) OptOuts(ctx context.Context, issuer walletport.IssuerID, numbers []string) ([]storage.OptOut, error) {
	known := slices.DeleteFunc(slices.Clone(numbers), func(number string) bool { return !storage.CanKeep(number) })
	return s.optOuts(ctx, issuer, func() ([]pgdb.OptOut, error) {
		return s.queries.ListOptOutsOf(ctx, pgdb.ListOptOutsOfParams{Issuer: string(issuer), Numbers: known})
	})
}

// OptOutsAfter implements storage.Enrolments.
func (s *Store) OptOutsAfter(ctx context.Context, issuer walletport.IssuerID, after string, limit int) ([]storage.OptOut, error) {
	if !storage.CanKeep(after) {
		return nil, nil
	}
	return s.optOuts(ctx, issuer, func() ([]pgdb.OptOut, error) {
		return s.queries.ListOptOuts(ctx, pgdb.ListOptOutsParams{Issuer: string(issuer), After: after, MaxRows: rowLimit(limit)})
	})
}

func (s *Store) optOuts(ctx context.Context, issuer walletport.IssuerID, list func() ([]pgdb.OptOut, error)) ([]storage.OptOut, error) {
	if !storage.CanKeep(string(issuer)) {
		return nil, nil
	}
	var all []storage.OptOut
	err := s.retryLost(ctx, func() error {
		rows, err := list()
		if err != nil {
			return unavailable(ctx, err)
		}
		all = column(rows, func(r pgdb.OptOut) storage.OptOut { return optOutFrom(&r) })
		return nil
	})
	return all, err
}

// UpdateConsumer implements storage.EnrolmentsTx. A consumer that there is none of yet is
// inserted before change is asked: the row is what others wait for.
func (t *transaction) UpdateConsumer(key storage.ConsumerKey, customer walletport.CustomerKey, change func(storage.Consumer) (storage.Consumer, error)) error {
	consumer, err := storage.NewConsumer(key, customer)
	if err != nil {
		return err
	}
	isNew, err := t.lockConsumer(&consumer)
	if err != nil {
		return t.failed(err)
	}
	next, refusal := storage.ChangeConsumer(consumer, change)
	switch {
	case refusal != nil && isNew:
		err = t.q.DeleteConsumer(t.ctx, pgdb.DeleteConsumerParams{CustomerID: int64(key.Customer), Bid: key.BID})
	case refusal == nil:
		err = t.writeConsumer(&next)
	}
	if err != nil {
		return t.failed(err)
	}
	return refusal
}

// lockConsumer locks the row of c, which it fills in, and reports whether it made it. Where
// another transaction makes the row at once, the insert waits for the end of it.
func (t *transaction) lockConsumer(c *storage.Consumer) (isNew bool, err error) {
	there, err := t.readConsumer(c)
	if err != nil || there {
		return false, err
	}
	added, err := t.q.InsertConsumer(t.ctx, pgdb.InsertConsumerParams{
		CustomerID: int64(c.Customer), Bid: c.BID, Issuer: string(c.Issuer), Number: c.Number,
	})
	if err != nil || added > 0 {
		return true, err
	}
	_, err = t.readConsumer(c)
	return false, err
}

// readConsumer fills in c, and reports whether there is such a row, which is locked then.
func (t *transaction) readConsumer(c *storage.Consumer) (there bool, err error) {
	row, err := t.q.GetConsumerForUpdate(t.ctx, pgdb.GetConsumerForUpdateParams{CustomerID: int64(c.Customer), Bid: c.BID})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	}
	*c, err = consumerFrom(&row)
	return true, err
}

func (t *transaction) writeConsumer(c *storage.Consumer) error {
	params, err := consumerParams(c)
	if err != nil {
		return err
	}
	return t.q.UpdateConsumer(t.ctx, params)
}

// PutOptOut implements storage.EnrolmentsTx.
func (t *transaction) PutOptOut(o storage.OptOut) (bool, error) {
	if err := storage.CheckOptOut(o); err != nil {
		return false, err
	}
	added, err := t.q.InsertOptOut(t.ctx, pgdb.InsertOptOutParams{
		Issuer: string(o.Issuer), Number: o.Number, ByWhom: string(o.By), AtMs: o.At.UnixMilli(),
	})
	if err != nil {
		return false, t.failed(err)
	}
	return added > 0, nil
}

// DeleteOptOut implements storage.EnrolmentsTx.
func (t *transaction) DeleteOptOut(key walletport.CustomerKey) (bool, error) {
	if !storage.CanKeep(string(key.Issuer), key.Number) {
		return false, nil
	}
	deleted, err := t.q.DeleteOptOut(t.ctx, pgdb.DeleteOptOutParams{Issuer: string(key.Issuer), Number: key.Number})
	if err != nil {
		return false, t.failed(err)
	}
	return deleted > 0, nil
}

func consumerParams(c *storage.Consumer) (pgdb.UpdateConsumerParams, error) {
	cards, err := storage.EncodeConsumerCards(c.Cards)
	return pgdb.UpdateConsumerParams{
		CustomerID: int64(c.Customer),
		Bid:        c.BID,
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

func consumerFrom(r *pgdb.Consumer) (storage.Consumer, error) {
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

func optOutFrom(r *pgdb.OptOut) storage.OptOut {
	return storage.OptOut{
		CustomerKey: walletport.CustomerKey{Issuer: walletport.IssuerID(r.Issuer), Number: r.Number},
		By:          walletport.AuditUser(r.ByWhom),
		At:          timeFrom(r.AtMs),
	}
}
