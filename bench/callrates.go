package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// callRates is what one call gives on one database: medians over the rounds.
type callRates struct {
	perSecond    float64 // closed loop
	perCPUSecond float64 // of the server process
	ofGoRSA      float64 // perCPUSecond against Go's RSA alone, measured right before and after
	ofOpenSSL    float64 // perCPUSecond against OpenSSL's RSA alone, measured in the same round
	latencies
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
// limit around it. Then an open loop at half of each call's throughput gives latencies. The
// answers are in the order of calls; a call that fails ends the run.
func measureCalls(ctx context.Context, e engines, m material, calls []httpCall, rounds, seconds int) ([]engineRates, error) {
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
	rates := make([]engineRates, len(calls))
	for i, c := range calls {
		rates[i] = engineMediansOf(measured[i])
		all, err := openLoop(ctx, targets[i].usual, rates[i].perSecond/2, span)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		rates[i].latencies = latenciesOf(all)
	}
	return rates, nil
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
func (p plan) closedRounds(ctx context.Context, servers []*running, t *target, work rsaWork, span time.Duration) (callRates, error) {
	if _, err := closedLoop(ctx, t, connections, warmUp); err != nil {
		return callRates{}, err
	}
	var rounds []callRates
	for range p.rounds {
		var openSSL rsaCosts
		if work != noRSA {
			var err error
			if openSSL, err = openSSLCosts(1); err != nil {
				return callRates{}, err
			}
		}
		round, err := measureRound(ctx, servers, t, span/time.Duration(p.rounds))
		if err != nil {
			return callRates{}, err
		}
		if work != noRSA {
			round.ofOpenSSL = round.perCPUSecond / openSSL.rate(work)
		}
		rounds = append(rounds, round)
	}
	return mediansOf(rounds), nil
}

func mediansOf(rounds []callRates) callRates {
	return callRates{
		perSecond:    medianOf(rounds, func(c callRates) float64 { return c.perSecond }),
		perCPUSecond: medianOf(rounds, func(c callRates) float64 { return c.perCPUSecond }),
		ofGoRSA:      medianOf(rounds, func(c callRates) float64 { return c.ofGoRSA }),
		ofOpenSSL:    medianOf(rounds, func(c callRates) float64 { return c.ofOpenSSL }),
	}
}

func printCallsHead(out io.Writer) {
	fmt.Fprintf(out, "\n| HTTP call: TLS 1.3, Basic, %d cards of each scheme, durable audit | database | calls/s | calls per server CPU-second "+
		"| share of OpenSSL's RSA | p50 | p99 | p99.9 at half load | with `keys.rsa: go`: calls/s | calls per server CPU-second | share of Go's RSA "+
		"|\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n", benchCards)
}

func (c httpCall) print(out io.Writer, database string, r engineRates) {
	ofRSA, byGo := "no RSA", " |  | "
	if c.work != noRSA {
		ofRSA = fmt.Sprintf("%.0f %%", 100*r.ofOpenSSL)
		byGo = fmt.Sprintf("%.0f | %.0f | %.0f %%", r.byGo.perSecond, r.byGo.perCPUSecond, 100*r.byGo.ofGoRSA)
	}
	fmt.Fprintf(out, "| %s | %s | %.0f | %.0f | %s | %s | %s | %s | %s |\n", c.title, database, r.perSecond, r.perCPUSecond,
		ofRSA, ms(r.p50), ms(r.p99), ms(r.p999), byGo)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
