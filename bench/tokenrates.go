package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tokenRates is what a row gives on one database.
type tokenRates struct {
	perSecond, perCPUSecond float64 // medians; of changes there is no rate of a closed loop
	latencies
	suspend, resume latencies // of changes; of lists, all are in latencies
	memory          int       // the most that was resident at once, kB, of the server that used most
}

// latencies are the quantiles of an open loop.
type latencies struct{ p50, p99, p999 time.Duration }

func latenciesOf(measured []time.Duration) latencies {
	slices.Sort(measured)
	return latencies{quantile(measured, 0.5), quantile(measured, 0.99), quantile(measured, 0.999)}
}

// measureRow measures lists in a closed loop, as measureCalls does, then the row's rate in
// an open loop. The processor time of a change is taken in the open loop.
func (b tokenBench) measureRow(ctx context.Context, s *setup, servers []*running, row tokenRow) (rates tokenRates, err error) {
	t := row.target(s, servers)
	span := time.Duration(b.callSeconds) * time.Second
	if row.isChange {
		// Whole turns over all tokens: they begin with tokens that are active and leave them so.
		both := time.Duration(2 * changed / row.rate * float64(time.Second))
		span = max(span.Round(both), both)
		if _, err := openLoop(ctx, t, row.rate, both); err != nil {
			return rates, err
		}
	} else {
		closed, err := b.closedRounds(ctx, servers, t, noRSA, span)
		if err != nil {
			return rates, err
		}
		rates.perSecond, rates.perCPUSecond = closed.perSecond.median, closed.perCPUSecond.median
	}
	before, err := cpuTimes(servers)
	if err != nil {
		return rates, err
	}
	measured, err := openLoop(ctx, t, row.rate, span)
	if err != nil {
		return rates, err
	}
	after, err := cpuTimes(servers)
	if err != nil {
		return rates, err
	}
	if row.isChange {
		rates.perCPUSecond = float64(len(measured)) / (after - before).Seconds()
		rates.suspend, rates.resume = latenciesOf(turns(measured, 0)), latenciesOf(turns(measured, 1))
	}
	rates.latencies = latenciesOf(measured)
	for _, r := range servers {
		memory, err := peakMemory(r.cmd.Process.Pid)
		if err != nil {
			return rates, err
		}
		rates.memory = max(rates.memory, memory)
	}
	return rates, nil
}

// turns returns what is of every second turn over all tokens: from the first on the
// suspensions, from the second on the resumptions.
func turns(measured []time.Duration, first int) (of []time.Duration) {
	for n, latency := range measured {
		if n/changed%2 == first {
			of = append(of, latency)
		}
	}
	return of
}

func cpuTimes(servers []*running) (sum time.Duration, err error) {
	for _, r := range servers {
		used, err := cpuTime(r.cmd.Process.Pid)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// peakMemory returns the most that a process ever had resident, in kB.
func peakMemory(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory: %w", err)
	}
	_, rest, _ := bytes.Cut(text, []byte("VmHWM:"))
	fields := strings.Fields(string(rest))
	if len(fields) == 0 {
		return 0, fmt.Errorf("memory: unexpected form of /proc/%d/status", pid)
	}
	return strconv.Atoi(fields[0])
}

func printTokensHead(out io.Writer) {
	fmt.Fprintf(out, "\n| calls on tokens: TLS 1.3, Basic, durable audit | database | tokens | calls/s | calls per server CPU-second "+
		"| p50 | p99 | p99.9 | serve, most resident |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
}

func (r tokenRow) print(out io.Writer, database string, cards cardCounts, rates tokenRates) {
	line := func(title, perSecond string, l latencies) {
		fmt.Fprintf(out, "| %s | %s | %d | %s | %.0f | %s | %s | %s | %d MB |\n", title, database, cards.sum()*tokensOfACard,
			perSecond, rates.perCPUSecond, ms(l.p50), ms(l.p99), ms(l.p999), rates.memory/1024)
	}
	if r.isChange {
		line("Suspend: one call to the scheme, of "+schemeDelay.String(), "", rates.suspend)
		line("Resume: two such calls", "", rates.resume)
		return
	}
	line("List from the store", fmt.Sprintf("%.0f", rates.perSecond), rates.latencies)
}
