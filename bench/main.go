// Command bench measures walletport beside its peers in one run and prints the
// tables of docs/performance.md. It needs Linux with two processors, taskset,
// openssl, gpg, node with the packages of oracle/, and PostgreSQL.
//
// Absolute figures belong to the machine; the shares carry over.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/server"
)

// plan is what to measure and for how long.
type plan struct {
	rounds      int
	seconds     int
	callSeconds int
	databases   string
	only        *regexp.Regexp
	full        bool

	enrolRate, enrolCards int // of clicktopay/enrol-full
}

func main() {
	var p plan
	flag.IntVar(&p.rounds, "rounds", 5, "rounds, in which all sides run in turn; medians are printed, with the least and the most where it matters")
	flag.IntVar(&p.seconds, "seconds", 1, "length of one encoder measurement")
	flag.IntVar(&p.callSeconds, "call-seconds", 10, "length of each call's closed loops in all; each of its open loops is half as long")
	flag.StringVar(&p.databases, "databases", "sqlite,postgres", "which databases the HTTP calls are measured on")
	flag.BoolVar(&p.full, "full", false, "measure the large stores too, on each database: call/tokens-*-full (1,000,000 cards with 3,000,000 tokens, 4 GB of disk), growth/cards-10000000 (12 GB), growth/audit-10000000 (10 GB), import/10000000 (12 GB) and clicktopay/enrol-full (half an hour)")
	flag.IntVar(&p.enrolRate, "enrol-rate", 50, "requests a second of the command in clicktopay/enrol-full, 1 to 200")
	flag.IntVar(&p.enrolCards, "enrol-cards", 100_000, "cards of the portfolio in clicktopay/enrol-full, 1 to 1000000")
	only := flag.String("only", "", "regular expression of the rows to measure: encoder/apple-visa, call/googlepay-mastercard, replicas/4, clicktopay/accept, growth/cards-1000, import/1000000, …")
	what := flag.String("child", "", "used by bench itself: measure one thing and print its rate")
	flag.Parse()
	err := func() (err error) {
		if *what != "" {
			return child(os.Stdin, os.Stdout, *what, p.seconds)
		}
		if p.only, err = regexp.Compile(*only); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		return p.run(context.Background(), os.Stdout)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// maxEnrolCards is how many customers the files can be of that are made in memory, each with a card
// and a telephone number of its own.
const maxEnrolCards = 1_000_000

// check refuses a portfolio that cannot be measured.
func (p plan) check() error {
	switch {
	case p.enrolRate < 1 || p.enrolRate > 200:
		return errors.New("-enrol-rate: 1 to 200")
	case p.enrolCards < 1 || p.enrolCards > maxEnrolCards:
		return fmt.Errorf("-enrol-cards: 1 to %d", maxEnrolCards)
	}
	return nil
}

func (p plan) run(ctx context.Context, out io.Writer) error {
	for _, program := range []string{"taskset", "openssl", "gpg", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not installed", program)
		}
	}
	removeHome, err := gnuPGHome()
	if err != nil {
		return err
	}
	defer removeHome()
	m, err := newMaterial()
	if err != nil {
		return err
	}
	engine, _, err := server.RSAEngine(config.RSAAuto)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, %d processors, %s, RSA by %s, %s\n\n", processorName(), runtime.NumCPU(), runtime.Version(), engine.About(), time.Now().Format(time.DateOnly))
	before, err := readProcessorTimes()
	if err != nil {
		return err
	}
	if err := p.benchEncoders(out, m); err != nil {
		return err
	}
	if err := p.benchServer(ctx, out, m); err != nil {
		return err
	}
	return printStolen(out, before)
}

// benchServer measures what the built program does.
func (p plan) benchServer(ctx context.Context, out io.Writer, m material) error {
	if !slices.ContainsFunc(p.serverRows(), p.only.MatchString) {
		return nil
	}
	dir, err := os.MkdirTemp("", "walletport-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "walletport")
	if text, err := exec.Command("go", "build", "-o", program, "./cmd/walletport").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, text)
	}
	if err := stayOn(loadCore); err != nil { // and PostgreSQL with it
		return err
	}
	if err := p.benchCalls(ctx, out, m, program, dir); err != nil {
		return err
	}
	if err := p.benchReplicas(ctx, out, m, program, dir); err != nil {
		return err
	}
	if err := p.benchTokens(ctx, out, m, program, dir); err != nil {
		return err
	}
	if err := p.benchClickToPay(ctx, out, m, program, dir); err != nil {
		return err
	}
	if err := p.benchGrowth(ctx, out, m, program, dir); err != nil {
		return err
	}
	return p.benchImports(ctx, out, m, program, dir)
}

// serverRows are the names of the rows that the built program is measured for.
func (p plan) serverRows() (names []string) {
	for _, c := range httpCalls {
		names = append(names, c.name)
	}
	for _, r := range replicaRows {
		names = append(names, r.name)
	}
	for _, r := range tokenRows {
		names = append(names, r.name)
	}
	for _, r := range clickToPayRows(p) {
		names = append(names, r.name)
	}
	for _, r := range growthRows {
		names = append(names, r.name)
	}
	for _, r := range importRows {
		names = append(names, r.name)
	}
	return names
}

// benchCalls measures the chosen calls on each database.
func (p plan) benchCalls(ctx context.Context, out io.Writer, m material, program, dir string) error {
	calls := pick(httpCalls, p.only, func(c httpCall) string { return c.name })
	if len(calls) == 0 {
		return nil
	}
	printCallsHead(out)
	b := callBench{plan: p, calls: calls, material: m, program: program, dir: dir}
	return p.onEachDatabase(ctx, func(d database) error { return b.on(ctx, out, d) })
}

// callBench measures the same calls on one database after the other.
type callBench struct {
	plan
	calls        []httpCall
	material     material
	program, dir string
}

func (b callBench) on(ctx context.Context, out io.Writer, d database) error {
	e, err := b.startEngines(ctx, d)
	if err != nil {
		return err
	}
	rates, err := measureCalls(ctx, e, b.material, b.calls, b.rounds, b.callSeconds)
	if err := e.stop(err); err != nil {
		return err
	}
	for i, c := range b.calls {
		c.print(out, d.name, rates[i])
	}
	return nil
}

// pick returns the rows whose name the expression matches.
func pick[T any](all []T, only *regexp.Regexp, name func(T) string) []T {
	return slices.DeleteFunc(slices.Clone(all), func(row T) bool { return !only.MatchString(name(row)) })
}
