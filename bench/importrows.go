package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// importRow measures an import of new cards into a database of its own.
type importRow struct {
	name  string // as -only matches it
	cards int
	full  bool // with -full only
}

var importRows = []importRow{
	{"import/100000", 100_000, false},
	{"import/1000000", 1_000_000, false},
	{"import/10000000", 10_000_000, true},
}

// importCost is what an import took.
type importCost struct {
	took, cpu       time.Duration // cpu is of the import alone
	memory          int           // the most that was resident at once, kB
	written, stored int64         // bytes, also by a server of the database
}

// benchImports measures the chosen rows.
func (p plan) benchImports(ctx context.Context, out io.Writer, m material, program, dir string) error {
	rows := pick(importRows, p.only, func(r importRow) string { return r.name })
	rows = slices.DeleteFunc(rows, func(r importRow) bool { return r.full && !p.full })
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprint(out, "\n| import of new cards | database | rows | seconds | rows/s | rows per CPU-second | written a byte stored | stored | most resident |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	b := growthBench{plan: p, material: m, program: program, dir: dir}
	for _, row := range rows {
		err := b.inHouses(ctx, func(h *growthHouse) error {
			cost, err := h.importCards(ctx, row.cards)
			if err == nil {
				row.print(out, h.database, cost)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
	}
	return nil
}

func (row importRow) print(out io.Writer, database string, c importCost) {
	fmt.Fprintf(out, "| `cards import` | %s | %d | %.0f | %.0f | %.0f | %.1f | %d MB | %d MB |\n", database, row.cards, c.took.Seconds(),
		float64(row.cards)/c.took.Seconds(), float64(row.cards)/c.cpu.Seconds(), float64(c.written)/float64(c.stored), c.stored>>20, c.memory/1024)
}

// importCards imports a file that it makes.
func (h *growthHouse) importCards(ctx context.Context, cards int) (cost importCost, err error) {
	path := h.path("many.csv")
	if err := writeFile(path, func(w io.Writer) error { return writeSpreadCards(w, cards) }); err != nil {
		return cost, err
	}
	raw, err := openRaw(ctx, h.url, h.path)
	if err != nil {
		return cost, err
	}
	defer raw.close()
	writtenBefore, storedBefore, err := raw.written(ctx, h.path)
	if err != nil {
		return cost, err
	}
	cmd := exec.CommandContext(ctx, h.program, "cards", "import", path, "--issuer", benchIssuer, "--config", h.path(configName(0)))
	var said bytes.Buffer
	cmd.Stderr = &said
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return cost, err
	}
	memory := watchMemory(cmd.Process.Pid)
	err = cmd.Wait()
	cost.memory = memory()
	if err != nil {
		return cost, fmt.Errorf("%w: %s", err, said.String())
	}
	cost.took, cost.cpu = time.Since(begun), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost, errors.New("the system does not say what a process used")
	}
	written, stored, err := raw.written(ctx, h.path)
	cost.stored = stored - storedBefore
	cost.written = written - writtenBefore + usage.Oublock*512
	return cost, err
}

// writeSpreadCards writes CSV rows of cards with numbers all over the range, each third of a
// customer of the one before.
func writeSpreadCards(w io.Writer, cards int) error {
	fmt.Fprintln(w, "cardId,pan,expiryMonth,expiryYear,cardholderName,customerId,product")
	for i := range cards {
		spread := uint64(i+1) * 0x9e3779b97f4a7c15 >> 20 % 10_000_000_000_000
		number := withCheckDigit(fmt.Sprintf("5%d%013d", 1+i%5, spread))
		if _, err := fmt.Fprintf(w, "%d,%s,12,2031,TEST CARDHOLDER %d,c%d,%s\n", 1_000_000+i, number, i, i*2/3, benchProduct); err != nil {
			return err
		}
	}
	return nil
}

// written returns how many bytes a server of the database has written since it was made, which
// SQLite has none of, and how many are stored. PostgreSQL counts what it added to its log, and the
// pages of 8192 bytes that it wrote to all databases: by checkpoints, its background writer, and
// whoever needed the page's place. All three stand in pg_stat_bgwriter until PostgreSQL 16; from 17
// on the first is in pg_stat_checkpointer and the last in pg_stat_io.
func (r rawDatabase) written(ctx context.Context, path func(string) string) (written, stored int64, err error) {
	if r.isPostgres {
		if err := r.run(ctx, []string{"CHECKPOINT"}); err != nil {
			return 0, 0, err
		}
		err := r.db.QueryRowContext(ctx, `SELECT (pg_current_wal_lsn() - '0/0')::bigint + (buffers_checkpoint + buffers_clean + buffers_backend) * 8192,
			pg_database_size(current_database()) FROM pg_stat_bgwriter`).Scan(&written, &stored)
		return written, stored, err
	}
	if err := r.run(ctx, r.settle()); err != nil {
		return 0, 0, err
	}
	info, err := os.Stat(path("walletport.db"))
	if err != nil {
		return 0, 0, err
	}
	return 0, info.Size(), nil
}
