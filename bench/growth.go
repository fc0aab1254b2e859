package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

// growthRow measures the same at one size of the database. The sizes of a kind are reached one
// after the other in one database, which grows.
type growthRow struct {
	name string // as -only matches it
	kind growthKind
	size int  // cards, or records of the trail
	full bool // with -full only
}

// growthKind is what grows.
type growthKind int

const (
	growingCards growthKind = iota
	growingTrail
)

var growthRows = []growthRow{
	{"growth/cards-1000", growingCards, 1_000, false},
	{"growth/cards-100000", growingCards, 100_000, false},
	{"growth/cards-10000000", growingCards, 10_000_000, true},
	{"growth/audit-10000", growingTrail, 10_000, false},
	{"growth/audit-1000000", growingTrail, 1_000_000, false},
	{"growth/audit-10000000", growingTrail, 10_000_000, true},
}

// growthBench measures the same rows on one database after the other.
type growthBench struct {
	plan
	material material
	program  string
	dir      string
}

// benchGrowth measures the chosen rows, what grows one after the other.
func (p plan) benchGrowth(ctx context.Context, out io.Writer, m material, program, dir string) error {
	chosen := pick(growthRows, p.only, func(r growthRow) string { return r.name })
	chosen = slices.DeleteFunc(chosen, func(r growthRow) bool { return r.full && !p.full })
	b := growthBench{plan: p, material: m, program: program, dir: dir}
	for _, grows := range []struct {
		kind growthKind
		head func(io.Writer)
		on   func(ctx context.Context, out io.Writer, h *growthHouse, rows []growthRow) error
	}{{growingCards, printGrowingCardsHead, b.growCards}, {growingTrail, printGrowingTrailHead, b.growTrail}} {
		rows := slices.DeleteFunc(slices.Clone(chosen), func(r growthRow) bool { return r.kind != grows.kind })
		if len(rows) == 0 {
			continue
		}
		grows.head(out)
		err := b.inHouses(ctx, func(h *growthHouse) error { return grows.on(ctx, out, h, rows) })
		if err != nil {
			return err
		}
	}
	return nil
}

// growthHouse is an issuer with a database that grows.
type growthHouse struct {
	*setup
	database string // its name in the tables
	url      string
	store    storage.Store // beside the server
	custody  keys.Custody
}

// inHouses makes a house on each kind of database, and has it measured.
func (b growthBench) inHouses(ctx context.Context, measure func(*growthHouse) error) error {
	return b.onEachDatabase(ctx, func(d database) error {
		url, err := d.create()
		if err != nil {
			return err
		}
		return b.inHouse(ctx, &growthHouse{database: d.name, url: url}, measure)
	})
}

func (b growthBench) inHouse(ctx context.Context, h *growthHouse, measure func(*growthHouse) error) (err error) {
	dir, err := os.MkdirTemp(b.dir, "growth-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // the next one needs the space
	if h.setup, err = newSetup(b.program, dir, h.url, b.material, cardCounts{mastercard: 1}, ""); err != nil {
		return err
	}
	if h.custody, err = server.OpenKeys(config.Keys{File: h.path("keystore.age"), KeyFile: h.path("keystore.key")}, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	if h.store, err = h.openStore(ctx, h.url); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.store.Close()) }()
	return measure(h)
}
