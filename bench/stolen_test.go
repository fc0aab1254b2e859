package main

import "testing"

func TestStolen(t *testing.T) {
	before, err := parseProcessorTimes("cpu  100 0 50 800 10 0 20 20 5 5\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
	if err != nil {
		t.Fatal(err)
	}
	now, err := parseProcessorTimes("cpu  130 0 60 830 10 0 20 50 9 9\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := before.stolenUntil(now); got != "30.0 %" {
		t.Errorf("%s of 100 ticks, 30 of them stolen", got)
	}
	if got := before.stolenUntil(before); got != "0.0 %" {
		t.Errorf("%s of no time", got)
	}
	for _, stat := range []string{"", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6 7 x"} {
		if _, err := parseProcessorTimes(stat); err == nil {
			t.Errorf("%q is taken", stat)
		}
	}
}
