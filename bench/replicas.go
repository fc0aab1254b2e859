package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
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
	return p.onEachDatabase(ctx, func(d database) error { return b.onReplicas(ctx, out, rows, d) })
}

// onReplicas measures all rows on one database. The servers of a row run while it is measured.
func (b callBench) onReplicas(ctx context.Context, out io.Writer, rows []replicaRow, d database) error {
	url, err := d.create()
	if err != nil {
		return err
	}
	dir := filepath.Join(b.dir, "replicas-"+d.name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s, err := newSetup(b.program, dir, url, b.material, callCards, "")
	if err != nil {
		return err
	}
	for _, row := range rows {
		var rates callSpreads
		err := s.onServers(ctx, row.replicas, func(servers []*running) (err error) {
			rates, err = b.measureReplicas(ctx, servers)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s on %s: %w", row.name, d.name, err)
		}
		fmt.Fprintf(out, "| %s | %s | %d | %.0f | %s | %s | %s | %s |\n", httpCalls[0].title, d.name, row.replicas,
			rates.perSecond.median, rates.perCPUSecond.rate(), rates.p50.milliseconds(), rates.p99.milliseconds(), rates.p999.milliseconds())
	}
	return nil
}

func (b callBench) measureReplicas(ctx context.Context, servers []*running) (callSpreads, error) {
	t, span := httpCalls[0].over(servers, b.material), time.Duration(b.callSeconds)*time.Second
	rates, err := b.closedRounds(ctx, servers, t, noRSA, span)
	if err != nil {
		return rates, err
	}
	rates.latencySpreads, err = openRounds(ctx, t, rates.perSecond.median/2, b.rounds, span/2)
	return rates, err
}
