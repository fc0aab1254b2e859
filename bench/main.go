// Command bench measures walletport beside its peers in one run and prints the
// tables of docs/performance.md. It needs Linux with two processors, taskset,
// openssl, node with the packages of oracle/, and PostgreSQL.
//
// Absolute figures belong to the machine; the shares carry over.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport/storage/storagetest"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds, in which all sides run in turn; medians are printed")
	seconds := flag.Int("seconds", 1, "length of one encoder measurement")
	callSeconds := flag.Int("call-seconds", 15, "length of the closed loop in all, and of the open loop")
	databases := flag.String("databases", "sqlite,postgres", "which databases the HTTP call is measured on")
	what := flag.String("child", "", "used by bench itself: measure one thing and print its rate")
	flag.Parse()
	err := func() error {
		if *what != "" {
			return child(*what, *seconds)
		}
		return run(context.Background(), os.Stdout, *rounds, *seconds, *callSeconds, *databases)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, rounds, seconds, callSeconds int, databases string) error {
	for _, program := range []string{"taskset", "openssl", "node"} {
		if !haveProgram(program) {
			return fmt.Errorf("%s is not installed", program)
		}
	}
	fmt.Fprintf(out, "%s, %d processors, %s, %s\n\n", processorName(), runtime.NumCPU(), runtime.Version(), time.Now().Format(time.DateOnly))
	encoders, err := measureEncoders(rounds, seconds)
	if err != nil {
		return err
	}
	printEncoders(out, encoders, rounds)

	dir, err := os.MkdirTemp("", "walletport-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "walletport")
	if text, err := exec.Command("go", "build", "-o", program, "./cmd/walletport").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, text)
	}
	fmt.Fprintf(out, "\n| HTTP call: TLS 1.3, Basic, %d cards, durable audit | calls/s | calls per server CPU-second | share of Go's RSA | share of OpenSSL's RSA | p50 | p99 | p99.9 at half load |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n", benchCards)
	if strings.Contains(databases, "sqlite") {
		if err := benchDatabase(ctx, out, "SQLite", program, filepath.Join(dir, "sqlite"), "sqlite:walletport.db", rounds, callSeconds); err != nil {
			return err
		}
	}
	if strings.Contains(databases, "postgres") {
		return benchPostgres(ctx, out, program, filepath.Join(dir, "postgres"), rounds, callSeconds)
	}
	return nil
}

func benchPostgres(ctx context.Context, out io.Writer, program, dir string, rounds, seconds int) error {
	server, err := storagetest.StartPostgres(ctx, storagetest.PostgresConfig{Durable: true})
	if err != nil {
		return err
	}
	defer server.Stop()
	url, err := server.CreateDatabase(ctx)
	if err != nil {
		return err
	}
	return benchDatabase(ctx, out, "PostgreSQL", program, dir, url, rounds, seconds)
}

func benchDatabase(ctx context.Context, out io.Writer, name, program, dir, url string, rounds, seconds int) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s, err := newSetup(program, dir, url)
	if err != nil {
		return err
	}
	server, err := s.start(ctx)
	if err != nil {
		return err
	}
	rates, err := measureCalls(ctx, server, rounds, seconds)
	if stopErr := server.stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "serve.log"))
		return fmt.Errorf("%w; the server said:\n%s", err, log[max(0, len(log)-2000):])
	}
	fmt.Fprintf(out, "| %s | %.0f | %.0f | %.0f %% | %.0f %% | %s | %s | %s |\n", name, rates.perSecond, rates.perCPUSecond,
		100*rates.ofGoRSA, 100*rates.ofOpenSSL, ms(rates.p50), ms(rates.p99), ms(rates.p999))
	return nil
}

func printEncoders(out io.Writer, r encoderRates, rounds int) {
	fmt.Fprintf(out, "| encrypt + TAV, one core, median of %d rounds in turn | jobs/s | against walletport |\n| --- | --- | --- |\n", rounds)
	for _, row := range []struct {
		name string
		rate float64
	}{
		{"walletport's encoder", r.Walletport},
		{"Go's RSA alone: one signature, one OAEP", r.GoRSA},
		{"npm mastercard-client-encryption + node:crypto signature", r.Npm},
		{"openssl speed rsa2048: one private, one public operation", r.OpenSSL},
	} {
		fmt.Fprintf(out, "| %s | %.0f | %.2f |\n", row.name, row.rate, row.rate/r.Walletport)
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}
