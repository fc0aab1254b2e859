package main

import (
	"context"
	"log/slog"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/storagetest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// benchHouse is a database with keys, in a folder of its own.
type benchHouse struct {
	dir, url string
	store    storage.Store
	custody  keys.Custody
}

// onEachEngine gives a test an empty database of each engine that there is.
func onEachEngine(t *testing.T, test func(t *testing.T, h benchHouse)) {
	for name, urlOf := range map[string]func(t *testing.T) string{
		"SQLite":     func(*testing.T) string { return "sqlite:walletport.db" },
		"PostgreSQL": func(t *testing.T) string { return storagetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) { test(t, openBenchHouse(t, urlOf(t))) })
	}
}

func openBenchHouse(t *testing.T, url string) benchHouse {
	t.Helper()
	h := benchHouse{dir: t.TempDir(), url: url}
	place := config.Database{URL: url}
	if url == "sqlite:walletport.db" {
		place.URL = "sqlite:" + h.path("walletport.db")
	}
	_, err := server.CreateDatabase(t.Context(), place)
	must(t, err)
	h.store, err = (&setup{dir: h.dir}).openStore(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { _ = h.store.Close() })
	files := config.Keys{File: h.path("keystore.age"), KeyFile: h.path("keystore.key")}
	h.custody, err = server.OpenOrCreateKeys(files)
	must(t, err)
	for _, purpose := range []keys.Purpose{keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint} {
		_, err := h.custody.Generate(t.Context(), keys.Spec{Purpose: purpose, Activate: true})
		must(t, err)
	}
	h.custody, err = server.OpenKeys(files, slog.New(slog.DiscardHandler))
	must(t, err)
	return h
}

func (h benchHouse) path(name string) string { return filepath.Join(h.dir, name) }

// TestSeededCards: a store that is filled has real cards, and the indexes that it had.
func TestSeededCards(t *testing.T) {
	onEachEngine(t, func(t *testing.T, h benchHouse) {
		raw, err := openRaw(t.Context(), h.url, h.path)
		must(t, err)
		defer raw.close()
		before, err := raw.indexes(t.Context(), "cards")
		must(t, err)
		cards, err := server.OpenVault(h.store, h.custody, time.Now)
		must(t, err)
		seed := cardSeed{store: h.store, vault: cards, openRaw: func() (rawDatabase, error) { return openRaw(t.Context(), h.url, h.path) }}
		must(t, seed.grow(t.Context(), 0, 10))
		must(t, seed.grow(t.Context(), 10, 300))
		after, err := raw.indexes(t.Context(), "cards")
		must(t, err)
		if len(before) == 0 || !maps.Equal(before, after) {
			t.Errorf("the indexes were %v, and are %v", before, after)
		}
		for n := range 300 {
			row, err := cards.Find(t.Context(), walletport.CardID(1+n))
			must(t, err)
			must(t, cards.Borrow(t.Context(), row, func(c *walletport.Card) error {
				if got := string(c.PAN.Reveal()); got != seededNumber(n) {
					t.Errorf("card %d has another number", row.ID)
				}
				found, err := cards.FindByPAN(t.Context(), c.PAN)
				if len(found) != 1 || found[0].ID != row.ID {
					t.Errorf("by the number of card %d there are %d cards, %v", row.ID, len(found), err)
				}
				return err
			}))
		}
	})
}

// TestSeededTrail: a trail that is filled verifies, with its tree, and has as many records as were
// asked for.
func TestSeededTrail(t *testing.T) {
	onEachEngine(t, func(t *testing.T, h benchHouse) {
		for _, size := range []int64{100, 2500} {
			must(t, growTrailTo(t.Context(), h.store, h.custody, size))
			sum, err := audit.Verify(t.Context(), h.store, audit.TrustedKeys(h.custody.Current()))
			must(t, err)
			if sum.Records != size || sum.Notes == 0 {
				t.Errorf("%d records and %d notes are verified, want %d records", sum.Records, sum.Notes, size)
			}
		}
		must(t, logging(t.Context(), h.store, h.custody, audit.Settings{}, func(trail *audit.Log) error {
			rate, err := recordsPerSecond(context.WithoutCancel(t.Context()), trail, 50*time.Millisecond)
			if rate <= 0 {
				t.Error("nothing was recorded")
			}
			return err
		}))
	})
}
