package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/vault"
)

const (
	tokensOfACard = 3
	seedTogether  = 10_000 // tokens that are put in one commit
	longHistory   = 100    // entries of every longEvery-th token; the others have one
	longEvery     = 1000
)

// requestors keep the tokens of both schemes.
var requestors = map[walletport.SchemeID]string{walletport.Mastercard: "50110030273", walletport.Visa: "40010075001"}

// tokenSeed fills a database with tokens of its cards, by the calls that the product makes
// when a scheme has shown them. They are asOf now, and get the ids 1, 2, 3, ….
type tokenSeed struct {
	store storage.Store
	vault *vault.Vault
	cards cardCounts
	asOf  time.Time
}

// seedTokens fills the database of s.
func seedTokens(ctx context.Context, s *setup, databaseURL string) (err error) {
	seed := tokenSeed{cards: s.cards}
	if seed.store, err = s.openStore(ctx, databaseURL); err != nil {
		return err
	}
	defer seed.store.Close()
	custody, err := server.OpenKeys(config.Keys{File: s.path("keystore.age"), KeyFile: s.path("keystore.key")}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if seed.vault, err = vault.New(vault.Vault{Cards: seed.store, Tokens: seed.store, Customers: seed.store, Requests: seed.store, Imports: seed.store, Keys: custody, Clock: time.Now}); err != nil {
		return err
	}
	if seed.asOf, err = seed.store.Now(ctx); err != nil {
		return err
	}
	return seed.run(ctx)
}

// openStore opens the database of s, beside whoever else has it open.
func (s *setup) openStore(ctx context.Context, databaseURL string) (storage.Store, error) {
	if path, ok := strings.CutPrefix(databaseURL, "sqlite:"); ok {
		return sqlite.Open(ctx, sqlite.Config{Path: s.path(path), Existing: true})
	}
	return postgres.Open(ctx, postgres.Config{URL: databaseURL, Existing: true})
}

// run gives every card its first token, then every card its second: so those of a card are
// apart in the table, as in life.
func (s tokenSeed) run(ctx context.Context) error {
	for nth := range tokensOfACard {
		for first := 0; first < s.cards.sum(); first += seedTogether {
			var seen []storage.SeenToken
			for card := first; card < min(first+seedTogether, s.cards.sum()); card++ {
				token, err := s.token(card, nth)
				if err != nil {
					return err
				}
				seen = append(seen, storage.SeenToken{Token: token})
			}
			if err := s.put(ctx, seen, nth == tokensOfACard-1); err != nil {
				return fmt.Errorf("fill with tokens: %w", err)
			}
		}
	}
	return nil
}

func (s tokenSeed) put(ctx context.Context, seen []storage.SeenToken, listed bool) error {
	return s.store.Update(ctx, func(tx storage.Tx) error {
		puts, err := tx.PutTokens(seen)
		if err != nil {
			return err
		}
		var entries []storage.TokenHistoryEntry
		for i, put := range puts {
			if put.ID%longEvery == 0 {
				entries = append(entries, s.history(put.ID)...)
			}
			if !listed {
				continue
			}
			if err := tx.TokensListed(seen[i].CardID, s.asOf); err != nil {
				return err
			}
		}
		return tx.AddTokenHistory(entries...)
	})
}

// token is the nth of a card. References rise, for an index that is filled at random costs
// an hour; nothing that is measured looks for one.
func (s tokenSeed) token(card, nth int) (storage.Token, error) {
	schemeID, serial := s.cards.schemeOf(card), nth*s.cards.sum()+card
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], uint64(serial))
	digest := sha256.Sum256(seed[:])
	reference := fmt.Sprintf("DWSPMC0000000001%08x%s", serial, hex.EncodeToString(digest[:12]))
	if schemeID == walletport.Visa {
		reference = fmt.Sprintf("DNITHE%08x%s", serial, hex.EncodeToString(digest[:9]))
	}
	token := storage.Token{
		Ref:          walletport.TokenRef{Scheme: schemeID, Requestor: requestors[schemeID], Reference: reference},
		Issuer:       benchIssuer,
		CardID:       walletport.CardID(1 + card),
		PANReference: "FWSPMC0000000001" + hex.EncodeToString(digest[:16]),
		Wallet:       "Apple Pay",
		Status:       walletport.TokenActive,
		StatusSince:  s.asOf.Add(-24 * time.Hour),
		RequestedAt:  s.asOf.Add(-48 * time.Hour),
		Expiry:       walletport.Expiry{Year: 2031, Month: time.May},
		DeviceName:   fmt.Sprintf("Phone %d of a cardholder", nth),
		DeviceType:   "21",
		Number:       storage.TokenNumber{LastFour: fmt.Sprintf("%04d", serial%10_000)},
		Source:       "search",
		AsOf:         s.asOf,
	}
	if schemeID != walletport.Visa {
		return token, nil
	}
	number, err := walletport.ParsePAN(withCheckDigit(fmt.Sprintf("489537%09d", serial)))
	if err != nil {
		return token, err
	}
	token.Number, err = s.vault.SealTokenNumber(benchIssuer, token.Ref, number)
	return token, err
}

func (s tokenSeed) history(id walletport.TokenID) []storage.TokenHistoryEntry {
	entries := make([]storage.TokenHistoryEntry, longHistory)
	for i := range entries {
		entries[i] = storage.TokenHistoryEntry{
			Token: id, At: s.asOf, What: storage.TokenChangeDone, From: "ACTIVE", To: "SUSPENDED", By: "bench", Channel: storage.ChannelAPI,
			ChangeID: fmt.Sprintf("change-%d", i), Action: walletport.TokenSuspend,
		}
	}
	return entries
}
