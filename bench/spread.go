package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// spread is a figure over rounds: the median, with the least and the most.
type spread struct{ median, least, most float64 }

func spreadOf[T any](rounds []T, figure func(T) float64) spread {
	if len(rounds) == 0 {
		return spread{}
	}
	var values []float64
	for _, r := range rounds {
		values = append(values, figure(r))
	}
	slices.Sort(values)
	return spread{values[len(values)/2], values[0], values[len(values)-1]}
}

// medianOf is the median alone, for what is printed without a range.
func medianOf[T any](rounds []T, figure func(T) float64) float64 {
	return spreadOf(rounds, figure).median
}

// text prints "58 % (55 to 61)" for the format "%.0f", the factor 100 and the unit " %".
func (s spread) text(format string, factor float64, unit string) string {
	return fmt.Sprintf(format+"%s ("+format+" to "+format+")", s.median*factor, unit, s.least*factor, s.most*factor)
}

func (s spread) percent() string { return s.text("%.0f", 100, " %") }
func (s spread) ratio() string   { return s.text("%.2f", 1, "") }
func (s spread) rate() string    { return s.text("%.0f", 1, "") }

// milliseconds prints a time in seconds.
func (s spread) milliseconds() string { return s.text("%.1f", 1000, " ms") }

// latencySpreads are the quantiles of several open loops.
type latencySpreads struct{ p50, p99, p999 spread }

// openRounds are open loops one after the other, each of the span.
func openRounds(ctx context.Context, t *target, rate float64, rounds int, span time.Duration) (latencySpreads, error) {
	var all []latencies
	for range rounds {
		measured, err := openLoop(ctx, t, rate, span)
		if err != nil {
			return latencySpreads{}, err
		}
		all = append(all, latenciesOf(measured))
	}
	seconds := func(of func(latencies) time.Duration) spread {
		return spreadOf(all, func(l latencies) float64 { return of(l).Seconds() })
	}
	return latencySpreads{
		p50:  seconds(func(l latencies) time.Duration { return l.p50 }),
		p99:  seconds(func(l latencies) time.Duration { return l.p99 }),
		p999: seconds(func(l latencies) time.Duration { return l.p999 }),
	}, nil
}
