package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

// TestAComparisonTellsItsPlace every five seconds, behind what it has found by then, and in a
// form that --after takes.
func TestAComparisonTellsItsPlace(t *testing.T) {
	at := time.Unix(1_790_000_000, 0)
	var printed bytes.Buffer
	p := newReconcilePrinter(console{Out: &printed, Err: &printed}, func() time.Time { return at })
	for i, after := range []time.Duration{time.Second, 3 * time.Second, time.Second, 4 * time.Second, time.Second} {
		at = at.Add(after)
		told := clicktopay.Reconciled{
			ConsumerKey: storage.ConsumerKey{Customer: walletport.CustomerID(100 + i), BID: "123456"}, Number: "5001",
			Result: clicktopay.ReconciledSame,
		}
		if i == 2 {
			told.Result, told.Reason = clicktopay.ReconciledNot, "requests_open"
		}
		if err := p.consumer(told); err != nil {
			t.Fatal(err)
		}
	}
	want := "customer 5001 with 123456: not_compared (requests_open)\n" +
		"walletport: 3 customers looked at; to go on from here: --after 102:123456\n" +
		"walletport: 5 customers looked at; to go on from here: --after 104:123456\n"
	if got := printed.String(); got != want {
		t.Errorf("printed\n%s, want\n%s", got, want)
	}
	_, text, _ := strings.Cut(strings.TrimSpace(want), "--after ")
	text, _, _ = strings.Cut(text, "\n")
	if place, err := parsePlace(text); err != nil || place != (storage.ConsumerKey{Customer: 102, BID: "123456"}) {
		t.Errorf("%s is read as %+v, %v", text, place, err)
	}
}
