package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/clicktopay"
)

// TestThatARunWaitsIsSaidOnceAMinute, also where it waits behind every card.
func TestThatARunWaitsIsSaidOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cards, said bytes.Buffer
		p := enrolPrinter{con: console{Out: &cards, Err: &said}}
		for range 121 { // the last at two minutes
			p.held(1000)
			if err := p.card(clicktopay.PortfolioCard{CardID: 7}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		line := "1000 requests open, so this waits until servers have done some\n"
		if want := line + line + line; said.String() != want {
			t.Errorf("it says %q", said.String())
		}
	})
}
