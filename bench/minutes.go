package main

import (
	"fmt"
	"io"
	"time"
)

// longRow is from which span on a row is told minute by minute too: the machine beneath is not
// the same for half an hour, and one quantile over all does not say when it was.
const longRow = 5 * time.Minute

// minute is what one minute of a long row gave.
type minute struct {
	accepted, completed latencies // of the calls that were due in it
	stolen              string    // what the machine beneath gave to others, "" where the row had ended
}

// minutesOf splits what calls took that were due at a rate, in their order.
func minutesOf(rate int, accepted, completed []time.Duration, stolen []string) (minutes []minute) {
	each := rate * int(time.Minute/time.Second)
	for first := 0; first < len(accepted); first += each {
		end := min(first+each, len(accepted))
		m := minute{accepted: latenciesOf(accepted[first:end]), completed: latenciesOf(completed[first:end])}
		if n := len(minutes); n < len(stolen) {
			m.stolen = stolen[n]
		}
		minutes = append(minutes, m)
	}
	return minutes
}

// watchStolen notes from now on what is stolen in each minute, until it is stopped.
func watchStolen() (stop func() ([]string, error)) {
	end, done := make(chan struct{}), make(chan error, 1)
	var stolen []string
	go func() { done <- eachMinute(end, &stolen) }()
	return func() ([]string, error) {
		close(end)
		err := <-done
		return stolen, err
	}
}

func eachMinute(end <-chan struct{}, stolen *[]string) error {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	before, err := readProcessorTimes()
	for err == nil {
		select {
		case <-end:
			return nil
		case <-ticker.C:
		}
		var now processorTimes
		if now, err = readProcessorTimes(); err == nil {
			*stolen = append(*stolen, before.stolenUntil(now))
			before = now
		}
	}
	return err
}

// printMinutes prints the minutes of a row.
func printMinutes(out io.Writer, row, database string, minutes []minute) {
	if len(minutes) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s on %s, minute by minute:\n\n| minute | 202: p50 | p99 | to COMPLETED: p50 | p99 | stolen |\n| --- | --- | --- | --- | --- | --- |\n", row, database)
	for i, m := range minutes {
		fmt.Fprintf(out, "| %d | %s | %s | %s | %s | %s |\n", i+1, ms(m.accepted.p50), ms(m.accepted.p99), ms(m.completed.p50), ms(m.completed.p99), m.stolen)
	}
}
