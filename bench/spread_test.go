package main

import "testing"

func TestSpread(t *testing.T) {
	self := func(f float64) float64 { return f }
	for _, c := range []struct {
		name      string
		rounds    []float64
		want      spread
		asPercent string
	}{
		{"none", nil, spread{}, "0 % (0 to 0)"},
		{"one", []float64{0.5}, spread{0.5, 0.5, 0.5}, "50 % (50 to 50)"},
		{"five, in no order", []float64{0.6, 0.2, 0.9, 0.58, 0.4}, spread{0.58, 0.2, 0.9}, "58 % (20 to 90)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := spreadOf(c.rounds, self)
			if got != c.want || got.percent() != c.asPercent {
				t.Errorf("%+v, %q", got, got.percent())
			}
		})
	}
	if got := (spread{0.0034, 0.0031, 0.0042}).milliseconds(); got != "3.4 ms (3.1 to 4.2)" {
		t.Errorf("a time is %q", got)
	}
}
