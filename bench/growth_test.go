package main

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/storagetest"
	"github.com/walletport/walletport/vault"
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

// TestCardsOfAGrowingStore: files that follow one another have each card once, with the number that
// it is looked for by.
func TestCardsOfAGrowingStore(t *testing.T) {
	onEachEngine(t, func(t *testing.T, h benchHouse) {
		cards, err := server.OpenVault(h.store, h.custody, time.Now)
		must(t, err)
		from := 0
		for _, size := range []int{10, 300} {
			var file bytes.Buffer
			must(t, writeCards(&file, cardCounts{mastercard: size}, from))
			report, err := cards.Import(t.Context(), &file, vault.ImportOptions{Issuer: benchIssuer, Format: vault.CSV})
			must(t, err)
			if report.Inserted != int64(size-from) {
				t.Errorf("%d cards are new, want %d", report.Inserted, size-from)
			}
			from = size
		}
		for n := range 300 {
			number, err := walletport.ParsePAN(numberOf(walletport.Mastercard, n))
			must(t, err)
			found, err := cards.FindByPAN(t.Context(), number)
			must(t, err)
			if len(found) != 1 || found[0].ID != walletport.CardID(1+n) {
				t.Errorf("by the number of card %d there are %d cards", 1+n, len(found))
			}
		}
	})
}

// TestPlansThatAreRefused: a portfolio that nothing can be seeded for ends before anything is built.
func TestPlansThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		plan plan
		flag string
	}{
		{plan{enrolRate: 50, enrolCards: 1}, ""},
		{plan{enrolRate: 200, enrolCards: maxEnrolCards}, ""},
		{plan{enrolRate: 0, enrolCards: 1}, "-enrol-rate"},
		{plan{enrolRate: 201, enrolCards: 1}, "-enrol-rate"},
		{plan{enrolRate: 50, enrolCards: 0}, "-enrol-cards"},
		{plan{enrolRate: 50, enrolCards: maxEnrolCards + 1}, "-enrol-cards"},
	} {
		switch err := c.plan.check(); {
		case c.flag == "" && err != nil:
			t.Errorf("%d cards at %d a second: %v", c.plan.enrolCards, c.plan.enrolRate, err)
		case c.flag != "" && (err == nil || !strings.HasPrefix(err.Error(), c.flag+":")):
			t.Errorf("%d cards at %d a second: %v, want a word about %s", c.plan.enrolCards, c.plan.enrolRate, err, c.flag)
		}
	}
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
