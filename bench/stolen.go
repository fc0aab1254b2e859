package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// processorTimes are of all processors together, in clock ticks since the start of the machine:
// the first line of /proc/stat, see proc_stat(5).
type processorTimes struct{ all, stolen int64 }

// stolenField is where steal is among the fields behind the name, counted from 0.
const stolenField = 7

// parseProcessorTimes reads /proc/stat. The fields behind steal, of guests, are counted in the
// first two already.
func parseProcessorTimes(stat string) (processorTimes, error) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < stolenField+2 || fields[0] != "cpu" {
		return processorTimes{}, fmt.Errorf("unexpected form of /proc/stat: %q", line)
	}
	var t processorTimes
	for i, field := range fields[1 : stolenField+2] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return processorTimes{}, fmt.Errorf("/proc/stat: %w", err)
		}
		t.all += ticks
		if i == stolenField {
			t.stolen = ticks
		}
	}
	return t, nil
}

func readProcessorTimes() (processorTimes, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return processorTimes{}, err
	}
	return parseProcessorTimes(string(stat))
}

// printStolen tells how much of the processors the machine beneath gave to others since before.
// No figure here is more than what was left.
func printStolen(out io.Writer, before processorTimes) error {
	now, err := readProcessorTimes()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe machine beneath gave %s of the processors' time to others meanwhile (steal).\n", before.stolenUntil(now))
	return nil
}

// stolenUntil returns the share as a percentage.
func (t processorTimes) stolenUntil(now processorTimes) string {
	all := max(now.all-t.all, 1)
	return fmt.Sprintf("%.1f %%", 100*float64(now.stolen-t.stolen)/float64(all))
}
