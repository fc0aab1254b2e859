package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// cardSeed fills a store with cards, each sealed by the vault with a data key of its own, as an
// import does. Their rows are put by the store's own calls; only the indexes beside the primary
// key are dropped meanwhile and made again, and by what cards are found is added at the end in
// its order, for ten million keyed digests take hours to add one by one. So their pages are fuller than those of a store that grew slowly.
type cardSeed struct {
	store   storage.Store
	vault   *vault.Vault
	openRaw func() (rawDatabase, error)
}

// sealers work at once, while rows are put.
const sealers = 2

// grow adds the cards with the ids from+1 to to.
func (s cardSeed) grow(ctx context.Context, from, to int) (err error) {
	if from >= to {
		return nil
	}
	raw, err := s.openRaw()
	if err != nil {
		return err
	}
	defer raw.close()
	indexes, err := raw.dropIndexes(ctx, "cards")
	if err != nil {
		return fmt.Errorf("drop the indexes of cards: %w", err)
	}
	finds, err := raw.pauseFinds(ctx, from)
	if err != nil {
		return fmt.Errorf("put off by what cards are found: %w", err)
	}
	for first := from; first < to; first += seedTogether {
		rows, err := s.seal(first, min(first+seedTogether, to))
		if err != nil {
			return fmt.Errorf("fill with cards: %w", err)
		}
		put, err := s.store.PutCards(ctx, rows)
		if err == nil && put.Inserted != len(rows) {
			err = fmt.Errorf("%d of %d cards are new", put.Inserted, len(rows))
		}
		if err != nil {
			return fmt.Errorf("fill with cards: %w", err)
		}
	}
	if err := raw.run(ctx, slices.Concat(finds, indexes, raw.settle())); err != nil {
		return fmt.Errorf("make the indexes of cards again: %w", err)
	}
	return nil
}

// seal makes the rows of the cards with the indexes from first to end-1.
func (s cardSeed) seal(first, end int) ([]storage.Card, error) {
	rows, errs := make([]storage.Card, end-first), make([]error, sealers)
	var wait sync.WaitGroup
	for worker := range sealers {
		wait.Go(func() {
			for i := worker; i < len(rows) && errs[worker] == nil; i += sealers {
				rows[i], errs[worker] = s.sealOne(first + i)
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (s cardSeed) sealOne(card int) (storage.Card, error) {
	number, err := walletport.ParsePAN(seededNumber(card))
	if err != nil {
		return storage.Card{}, err
	}
	defer number.Wipe()
	return s.vault.Seal(walletport.Card{
		CardSummary: walletport.CardSummary{
			ID: walletport.CardID(1 + card), Issuer: benchIssuer, Expiry: walletport.Expiry{Year: 2031, Month: time.December},
			Status: walletport.CardOK, CustomerID: fmt.Sprint(1 + card), Product: benchProduct,
		},
		PAN: number, CardholderName: walletport.NewPrivate("TEST CARDHOLDER"),
	})
}

// seededNumber is the number of the Mastercard at an index, as cardFile makes it.
func seededNumber(card int) string {
	return withCheckDigit(fmt.Sprintf("%s%09d", numberPrefixes[walletport.Mastercard], card))
}
