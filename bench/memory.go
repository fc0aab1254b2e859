package main

import (
	"sync"
	"time"
)

// watchMemory returns what says the most that a process has had resident, in kB, and ends the
// watch. What the kernel says of a process that has ended is no use: it counts what this process
// had resident when it started the other.
func watchMemory(pid int) (most func() int) {
	var peak int
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			if now, err := peakMemory(pid); err == nil { // one that has ended has none
				peak = max(peak, now)
			}
			select {
			case <-over:
				return
			case <-tick.C:
			}
		}
	})
	return func() int {
		close(over)
		watch.Wait()
		return peak
	}
}
