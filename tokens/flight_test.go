package tokens_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/tokens"
)

// TestAPanicThatNobodyWaitsFor is told to the observer: no call has it in its log.
func TestAPanicThatNobodyWaitsFor(t *testing.T) {
	b := openBank(t, func(p *tokens.Parts) { p.Settings.AskTimeout = 10 * time.Millisecond })
	b.seen.failed = make(chan error, 1)
	b.fault = true
	release := b.hold()
	_, err := b.list(t, bankCard)
	if walletport.ReasonOf(err) != "scheme_unavailable" {
		t.Errorf("error %v", err)
	}
	release()
	select {
	case err := <-b.seen.failed:
		if !strings.Contains(err.Error(), "broke the reader") || !strings.Contains(err.Error(), "bank_test.go") {
			t.Errorf("the observer is told %v", err)
		}
	case <-time.After(hangs):
		t.Error("nobody is told")
	}
}

// TestTheEndWaitsForQuestions that go on without their callers, and cancels them.
func TestTheEndWaitsForQuestions(t *testing.T) {
	b := openBank(t, func(p *tokens.Parts) { p.Settings.AskTimeout = 10 * time.Millisecond })
	defer b.hold()()
	_, err := b.list(t, bankCard)
	if walletport.ReasonOf(err) != "scheme_unavailable" {
		t.Errorf("error %v", err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	must(t, b.Run(ended))
	if n := b.canceled.Load(); n != 1 {
		t.Errorf("%d questions were canceled when the end was there", n)
	}
	if _, err = b.list(t, bankCard); walletport.CodeOf(err) != walletport.CodeUnavailable {
		t.Errorf("after the end: error %v", err)
	}
}

// TestAPanicAtOneToken ends the question, not the process.
func TestAPanicAtOneToken(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a", func(t *scheme.Token) { t.Brief = true }))
	b.aloneFault = true
	func() {
		defer func() {
			if fault, ok := recover().(string); !ok || !strings.Contains(fault, "details broke") || !strings.Contains(fault, "bank_test.go") {
				t.Errorf("panic %v", fault)
			}
		}()
		_, _ = b.list(t, bankCard)
	}()
	if record := b.MustRecord(t); record.Outcome != "internal" {
		t.Errorf("record %+v", record)
	}
	b.aloneFault = false
	b.mustList(t)
}
