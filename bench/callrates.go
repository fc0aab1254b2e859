package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// callRates is what one call gives on one database in a round.
type callRates struct {
	perSecond    float64 // closed loop
	perCPUSecond float64 // of the server process
	ofGoRSA      float64 // perCPUSecond against Go's RSA alone, measured right before and after
	ofOpenSSL    float64 // perCPUSecond against OpenSSL's RSA alone, measured in the same round
}

// callSpreads is what it gives in all rounds.
type callSpreads struct {
	perSecond, perCPUSecond, ofGoRSA, ofOpenSSL spread
	latencySpreads                              // at half of the median rate
}

// loadWorkers is how many calls the closed loop keeps under way.
const loadWorkers = 32

// connections is the pool that all calls share. It is bounded, as a back end's is: a
// call that finds none free waits, which counts, instead of a handshake that costs the
// server more than the call does.
const connections = 4 * loadWorkers

// warmUp opens all connections and fills caches.
const warmUp = time.Second

// measureCalls runs rounds of: OpenSSL's limits on the server's core, then each call in a
// closed loop, and where it holds RSA in another on the server that works by Go's, with Go's
// limit around it. Then as many open loops at half of each call's throughput, each half as long,
// give latencies. The answers are in the order of calls; a call that fails ends the run.
func measureCalls(ctx context.Context, e engines, m material, calls []httpCall, rounds, seconds int) ([]engineSpreads, error) {
	targets := make([]engineTargets, len(calls))
	for i, c := range calls {
		var err error
		if targets[i], err = e.targets(ctx, c, m); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	measured := make([][]engineRates, len(calls))
	span := time.Duration(seconds) * time.Second
	for range rounds {
		openSSL, err := openSSLCosts(1)
		if err != nil {
			return nil, err
		}
		for i, c := range calls {
			round, err := e.measure(ctx, targets[i], m, c.work, span/time.Duration(rounds))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			round.ofOpenSSL = round.perCPUSecond / openSSL.rate(c.work)
			measured[i] = append(measured[i], round)
		}
	}
	all := make([]engineSpreads, len(calls))
	for i, c := range calls {
		all[i] = engineSpreadsOf(measured[i])
		var err error
		if all[i].latencySpreads, err = openRounds(ctx, targets[i].usual, all[i].perSecond.median/2, rounds, span/2); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return all, nil
}

// measureBetweenLimits takes the share of Go's RSA too. A core's speed drifts within
// seconds, by more than what the share is asked for: so the limit is the mean of one
// taken before and one after.
func measureBetweenLimits(ctx context.Context, r *running, t *target, m material, work rsaWork, span time.Duration) (callRates, error) {
	if work == noRSA {
		return measureRound(ctx, []*running{r}, t, span)
	}
	before, err := goRSALimit(m, work, 1)
	if err != nil {
		return callRates{}, err
	}
	round, err := measureRound(ctx, []*running{r}, t, span)
	if err != nil {
		return callRates{}, err
	}
	after, err := goRSALimit(m, work, 1)
	round.ofGoRSA = round.perCPUSecond * 2 / (before + after)
	return round, err
}

func measureRound(ctx context.Context, servers []*running, t *target, span time.Duration) (callRates, error) {
	before, err := cpuTimes(servers)
	if err != nil {
		return callRates{}, err
	}
	start := time.Now()
	done, err := closedLoop(ctx, t, loadWorkers, span)
	if err != nil {
		return callRates{}, err
	}
	took := time.Since(start)
	after, err := cpuTimes(servers)
	if err != nil {
		return callRates{}, err
	}
	return callRates{perSecond: float64(done) / took.Seconds(), perCPUSecond: float64(done) / (after - before).Seconds()}, nil
}

// closedRounds are closed loops one after the other, span in all, each with OpenSSL's limits right
// before it where the call holds RSA.
func (p plan) closedRounds(ctx context.Context, servers []*running, t *target, work rsaWork, span time.Duration) (callSpreads, error) {
	if _, err := closedLoop(ctx, t, connections, warmUp); err != nil {
		return callSpreads{}, err
	}
	var rounds []callRates
	for range p.rounds {
		var openSSL rsaCosts
		if work != noRSA {
			var err error
			if openSSL, err = openSSLCosts(1); err != nil {
				return callSpreads{}, err
			}
		}
		round, err := measureRound(ctx, servers, t, span/time.Duration(p.rounds))
		if err != nil {
			return callSpreads{}, err
		}
		if work != noRSA {
			round.ofOpenSSL = round.perCPUSecond / openSSL.rate(work)
		}
		rounds = append(rounds, round)
	}
	return spreadsOf(rounds), nil
}

func spreadsOf(rounds []callRates) callSpreads {
	return callSpreads{
		perSecond:    spreadOf(rounds, func(c callRates) float64 { return c.perSecond }),
		perCPUSecond: spreadOf(rounds, func(c callRates) float64 { return c.perCPUSecond }),
		ofGoRSA:      spreadOf(rounds, func(c callRates) float64 { return c.ofGoRSA }),
		ofOpenSSL:    spreadOf(rounds, func(c callRates) float64 { return c.ofOpenSSL }),
	}
}

func printCallsHead(out io.Writer) {
	fmt.Fprintf(out, "\n| HTTP call: TLS 1.3, Basic, %d cards of each scheme, durable audit | database | calls/s | calls per server CPU-second "+
		"| share of OpenSSL's RSA | p50 | p99 | p99.9 at half load | with `keys.rsa: go`: calls/s | calls per server CPU-second | share of Go's RSA "+
		"|\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n", benchCards)
}

func (c httpCall) print(out io.Writer, database string, r engineSpreads) {
	ofRSA, byGo := "no RSA", " |  | "
	if c.work != noRSA {
		ofRSA = r.ofOpenSSL.percent()
		byGo = fmt.Sprintf("%.0f | %.0f | %s", r.byGo.perSecond.median, r.byGo.perCPUSecond.median, r.byGo.ofGoRSA.percent())
	}
	fmt.Fprintf(out, "| %s | %s | %.0f | %s | %s | %s | %s | %s | %s |\n", c.title, database, r.perSecond.median, r.perCPUSecond.rate(),
		ofRSA, r.p50.milliseconds(), r.p99.milliseconds(), r.p999.milliseconds(), byGo)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
