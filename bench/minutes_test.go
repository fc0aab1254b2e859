package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMinutesAreOfTheCallsThatWereDueInThem: two calls a second for two minutes and a half, of
// which the first of each minute take as many milliseconds as the minute's number.
func TestMinutesAreOfTheCallsThatWereDueInThem(t *testing.T) {
	var accepted []time.Duration
	for i := range 300 {
		accepted = append(accepted, time.Duration(1+i/120)*time.Millisecond)
	}
	completed := slices.Repeat([]time.Duration{time.Second}, len(accepted))
	completed[130] = time.Minute // so that p99 of the second minute is not its median
	completed[131] = time.Minute
	var out strings.Builder
	printMinutes(&out, "A row", "SQLite", minutesOf(2, accepted, completed, []string{"0.0 %", "40.0 %"}))
	const want = `
A row on SQLite, minute by minute:

| minute | 202: p50 | p99 | to COMPLETED: p50 | p99 | stolen |
| --- | --- | --- | --- | --- | --- |
| 1 | 1.0 ms | 1.0 ms | 1000.0 ms | 1000.0 ms | 0.0 % |
| 2 | 2.0 ms | 2.0 ms | 1000.0 ms | 60000.0 ms | 40.0 % |
| 3 | 3.0 ms | 3.0 ms | 1000.0 ms | 1000.0 ms |  |
`
	if out.String() != want {
		t.Errorf("it prints\n%s", out.String())
	}
	out.Reset()
	if printMinutes(&out, "A row", "SQLite", minutesOf(2, nil, nil, nil)); out.Len() > 0 {
		t.Errorf("of no calls it prints %q", out.String())
	}
}

func TestWhatIsStolenIsReadUntilTheEnd(t *testing.T) {
	stolen, err := watchStolen()()
	if err != nil || len(stolen) > 0 {
		t.Errorf("%v, %v", stolen, err)
	}
}
