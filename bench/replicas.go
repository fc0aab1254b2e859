package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/walletport/walletport/storage/storagetest"
)

// replicaRow is the main call on servers that share a database, and the server's core.
type replicaRow struct {
	name     string // as -only matches it
	replicas int
}

var replicaRows = []replicaRow{{"replicas/1", 1}, {"replicas/2", 2}, {"replicas/4", 4}}

// benchReplicas measures the chosen rows on each database.
func (p plan) benchReplicas(ctx context.Context, out io.Writer, m material, program, dir string) error {
	rows := pick(replicaRows, p.only, func(r replicaRow) string { return r.name })
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintf(out, "\n| %s: replicas on one core, the calls go to each in turn | database | replicas | calls/s | calls per CPU-second of all replicas "+
		"| p50 | p99 | p99.9 at half load |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n", httpCalls[0].title)
	b := callBench{plan: p, material: m, program: program, dir: dir}
	if strings.Contains(p.databases, "sqlite") {
		if err := b.onReplicas(ctx, out, rows, "SQLite", "sqlite:walletport.db"); err != nil {
			return err
		}
	}
	if !strings.Contains(p.databases, "postgres") {
		return nil
	}
	postgres, err := storagetest.StartPostgres(ctx, storagetest.PostgresConfig{Durable: true})
	if err != nil {
		return err
	}
	defer postgres.Stop()
	url, err := postgres.CreateDatabase(ctx)
	if err != nil {
		return err
	}
	return b.onReplicas(ctx, out, rows, "PostgreSQL", url)
}

// onReplicas measures all rows on one database. The servers of a row run while it is measured.
func (b callBench) onReplicas(ctx context.Context, out io.Writer, rows []replicaRow, database, url string) error {
	dir := filepath.Join(b.dir, "replicas-"+database)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s, err := newSetup(b.program, dir, url, b.material, callCards, "")
	if err != nil {
		return err
	}
	for _, row := range rows {
		rates, err := b.measureReplicas(ctx, s, row.replicas)
		if err != nil {
			log, _ := os.ReadFile(s.path(logName(0)))
			return fmt.Errorf("%s on %s: %w; the first server said:\n%s", row.name, database, err, log[max(0, len(log)-2000):])
		}
		fmt.Fprintf(out, "| %s | %s | %d | %.0f | %.0f | %s | %s | %s |\n", httpCalls[0].title, database, row.replicas,
			rates.perSecond, rates.perCPUSecond, ms(rates.p50), ms(rates.p99), ms(rates.p999))
	}
	return nil
}

func (b callBench) measureReplicas(ctx context.Context, s *setup, replicas int) (rates callRates, err error) {
	var servers []*running
	defer func() {
		for _, r := range servers {
			err = errors.Join(err, r.stop())
		}
	}()
	for n := range replicas {
		r, err := s.start(ctx, n)
		if err != nil {
			return rates, err
		}
		servers = append(servers, r)
	}
	t, span := httpCalls[0].over(servers, b.material), time.Duration(b.callSeconds)*time.Second
	if rates, err = b.closedRounds(ctx, servers, t, span); err != nil {
		return rates, err
	}
	all, err := openLoop(ctx, t, rates.perSecond/2, span)
	rates.latencies = latenciesOf(all)
	return rates, err
}
