package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
)

// trailRates is what a trail of one size gives.
type trailRates struct {
	alone     latencies // of one caller, until the record is durable
	perSecond float64   // records of loadWorkers callers
	verify    time.Duration
	verified  int64 // records
	memory    int   // the most that `audit verify` had resident, kB
	verifyCPU time.Duration
	filled    time.Duration
}

// growTrail measures appending and verifying at each size.
func (b growthBench) growTrail(ctx context.Context, out io.Writer, h *growthHouse, rows []growthRow) error {
	for _, row := range rows {
		rates, err := b.measureTrail(ctx, h, row.size)
		if err != nil {
			return fmt.Errorf("%s on %s: %w", row.name, h.database, err)
		}
		row.printTrail(out, h.database, rates)
	}
	return nil
}

func (b growthBench) measureTrail(ctx context.Context, h *growthHouse, size int) (rates trailRates, err error) {
	start := time.Now()
	if err := growTrailTo(ctx, h.store, h.custody, int64(size)); err != nil {
		return rates, err
	}
	rates.filled = time.Since(start)
	span := time.Duration(b.callSeconds) * time.Second
	err = logging(ctx, h.store, h.custody, audit.Settings{}, func(trail *audit.Log) error {
		if rates.alone, err = oneByOne(span/2, func(n int) error { return trail.Record(ctx, trailRecord(n)) }); err != nil {
			return err
		}
		rates.perSecond, err = recordsPerSecond(ctx, trail, span/2)
		return err
	})
	if err != nil {
		return rates, err
	}
	return rates, h.verifyTrail(&rates)
}

// verifyTrail has the program verify, on the server's core.
func (h *growthHouse) verifyTrail(rates *trailRates) error {
	cmd := pinned(serverCore, h.program, "audit", "verify", "--json", "--config", h.path(configName(0)))
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, os.Stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	memory := watchMemory(cmd.Process.Pid)
	err := cmd.Wait()
	rates.verify, rates.memory = time.Since(start), memory()
	if err != nil {
		return fmt.Errorf("audit verify: %w: %s", err, printed.Bytes())
	}
	rates.verifyCPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	var summary struct {
		Records int64 `json:"records"`
	}
	err = json.Unmarshal(printed.Bytes(), &summary)
	rates.verified = summary.Records
	return err
}

// logging runs a writer of the trail while use does.
func logging(ctx context.Context, store audit.Store, source keys.Source, settings audit.Settings, use func(*audit.Log) error) error {
	trail, err := audit.New(audit.Config{Store: store, Keys: source, Clock: time.Now, Settings: settings})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- trail.Run(running) }()
	useErr := use(trail)
	stop()
	if err := <-ended; err != nil {
		return err
	}
	return useErr
}

// seededTogether is how many records are handed in before the first is waited for: the queue of
// the writer takes them, and they fill its largest commits.
const seededTogether = 8000

// growTrailTo appends records by the writer of the product until there are so many: with hashes,
// checkpoints, the tree and its notes. Only its commits are the largest that there are.
func growTrailTo(ctx context.Context, store audit.Store, source keys.Source, size int64) error {
	head, err := store.AuditHead(ctx)
	if err != nil {
		return err
	}
	settings := audit.Settings{MaxBatch: 4096, MaxQueue: seededTogether, CommitTimeout: time.Minute}
	return logging(ctx, store, source, settings, func(trail *audit.Log) error {
		for n := head.Seq; n < size; n += seededTogether {
			if err := handIn(ctx, trail, int(n), int(min(n+seededTogether, size))); err != nil {
				return fmt.Errorf("fill the trail: %w", err)
			}
		}
		return nil
	})
}

func handIn(ctx context.Context, trail *audit.Log, first, end int) error {
	receipts := make([]walletport.Receipt, 0, end-first)
	for n := first; n < end; n++ {
		receipt, err := trail.Submit(trailRecord(n))
		if err != nil {
			return err
		}
		receipts = append(receipts, receipt)
	}
	for _, receipt := range receipts {
		if err := receipt.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// trailRecord is what the main call leaves.
func trailRecord(n int) walletport.AuditRecord {
	return walletport.AuditRecord{
		RequestID: fmt.Sprintf("01a22a9c-3e4d-777e-92fb-%012x", n), ClientID: "bench", AuditUser: "ada@acme.example",
		Action: walletport.ActionProvision(walletport.IssuerWallet), Issuer: benchIssuer, CardID: walletport.CardID(1 + n%benchCards),
		Wallet: "bench-wallet", Scheme: walletport.Mastercard, Outcome: walletport.OutcomeOK,
		KeyVersions: []string{"mdes-encryption-v1", "tav-signing-v1", "vault-kek-v1"}, RemoteAddress: "192.0.2.1",
	}
}

// recordsPerSecond has many callers record at once.
func recordsPerSecond(ctx context.Context, trail *audit.Log, span time.Duration) (float64, error) {
	start := time.Now()
	done, err := repeat(loadWorkers, span, func(n int) error { return trail.Record(ctx, trailRecord(n)) })
	return float64(done) / time.Since(start).Seconds(), err
}

func printGrowingTrailHead(out io.Writer) {
	fmt.Fprintf(out, "\n| as the trail grows | database | records | append, one caller: p50 | p99 | records/s of %d callers | `audit verify` "+
		"| records/s | records per CPU-second | most resident | filled in |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n", loadWorkers)
}

func (row growthRow) printTrail(out io.Writer, database string, r trailRates) {
	fmt.Fprintf(out, "| Append and verify | %s | %d | %s | %s | %.0f | %.1f s | %.0f | %.0f | %d MB | %s |\n", database, row.size,
		us(r.alone.p50), us(r.alone.p99), r.perSecond, r.verify.Seconds(), float64(r.verified)/r.verify.Seconds(),
		float64(r.verified)/r.verifyCPU.Seconds(), r.memory/1024, r.filled.Round(time.Second))
}
