package main

import (
	"runtime"
	"testing"
)

// TestServeHasTwoProcessorsOfGoAtLeast, unless who runs it says otherwise.
func TestServeHasTwoProcessorsOfGoAtLeast(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	for _, c := range []struct {
		name       string
		variable   string // GOMAXPROCS of the environment
		have, want int
	}{
		{"one core", "", 1, 2},
		{"two cores", "", 2, 2},
		{"three cores", "", 3, 3},
		{"one core, and the operator wants one", "1", 1, 1},
		{"three, as the operator wants", "3", 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOMAXPROCS", c.variable)
			runtime.GOMAXPROCS(c.have)
			tuneProcessors()
			if got := runtime.GOMAXPROCS(0); got != c.want {
				t.Errorf("%d processors, want %d", got, c.want)
			}
		})
	}
}
