package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

const (
	// dropAttempts bounds how often values are taken away anew because cards are being stored.
	dropAttempts = 8
	// dropPatience is how long one attempt waits for those who store cards. For so long it holds
	// up who stores a card with one of its values, and nobody else.
	dropPatience = time.Second
	dropPause    = 200 * time.Millisecond // between two attempts
	dropLook     = 10 * time.Millisecond  // between two looks at who stores cards
)

// errWriters undoes a transaction that has waited for others for too long.
var errWriters = errors.New("others store cards")

// DropCardFinds implements storage.CardFinds.
//
// A transaction that stores a card leaves the card's values in their place where they stand
// already, and nobody else sees the card before the commit. So a value that is free may be one
// that such a transaction counts on. A lock of the table would tell, but it waits for the
// longest transaction, and every other writer waits behind it. Instead the values are deleted
// first. Whoever stores a card from then on finds them deleted, waits, and adds them again. Those
// who were there before are waited for, and what they have stored has its values put back in the
// transaction that deleted them.
func (s *Store) DropCardFinds(ctx context.Context, finds []storage.CardFind) error {
	if len(finds) == 0 {
		return nil
	}
	for range dropAttempts {
		err := s.retryLost(ctx, func() error {
			return s.transact(ctx, func(q *pgdb.Queries) error { return dropFinds(ctx, q, finds) })
		})
		if !errors.Is(err, errWriters) {
			return err
		}
		if err := wait(ctx, dropPause); err != nil {
			return err
		}
	}
	return storage.ErrFindsLeft()
}

func dropFinds(ctx context.Context, q *pgdb.Queries, finds []storage.CardFind) error {
	dropped, err := q.DropCardFinds(ctx, pgdb.DropCardFindsParams(findParams(finds)))
	if err != nil || dropped == 0 {
		return err
	}
	if err := awaitWriters(ctx, q); err != nil {
		return err
	}
	return q.AddFindsOfCards(ctx, pgdb.AddFindsOfCardsParams(findParams(finds)))
}

// awaitWriters waits until the transactions have ended that store cards now. Those that begin
// meanwhile do not matter.
func awaitWriters(ctx context.Context, q *pgdb.Queries) error {
	before, err := q.ListCardWriters(ctx)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(dropPatience); len(before) > 0; {
		if time.Now().After(deadline) {
			return errWriters
		}
		if err := wait(ctx, dropLook); err != nil {
			return err
		}
		now, err := q.ListCardWriters(ctx)
		if err != nil {
			return err
		}
		before = slices.DeleteFunc(before, func(writer string) bool { return !slices.Contains(now, writer) })
	}
	return nil
}
