package tokens_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// TestListOfASlowScheme: who does not wait gets what is stored, and the answer is there for
// the next one.
func TestListOfASlowScheme(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	first := b.mustList(t)
	b.later(time.Minute)
	b.has(token("ref-a"), token("ref-b"))
	hasty := b.with(t, func(p *tokens.Parts) { p.Settings.AskTimeout = time.Millisecond })
	release := b.hold()
	defer release()
	list := hasty.mustList(t)
	if !list.IsOld || !cmp.Equal(list.Tokens, first.Tokens) {
		t.Errorf("while it is slow %+v", list)
	}
	release()
	hasty.Settings.AskTimeout = 30 * time.Second
	if list := hasty.mustList(t); len(list.Tokens) != 2 || len(b.questions()) != 2 {
		t.Errorf("the next list is %+v", list)
	}
}

// TestListOfAFaultOfOurs is none of the stored tokens: a bug must not look like a scheme that
// is down.
func TestListOfAFaultOfOurs(t *testing.T) {
	b := openBank(t)
	b.mustList(t)
	b.later(time.Minute)
	fault := errors.New("a reader is wrong")
	b.answers(fault)
	if list, err := b.list(t, bankCard); !errors.Is(err, fault) || list.Tokens != nil {
		t.Errorf("list %+v, %v", list, err)
	}
}

func TestListIsAskedOnce(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	release := b.hold()
	var group sync.WaitGroup
	lists := make([]tokens.List, 20)
	errs := make([]error, len(lists))
	for i := range lists {
		group.Go(func() { lists[i], errs[i] = b.list(t, bankCard) })
	}
	<-b.sent
	release()
	group.Wait()
	for i := range lists {
		if errs[i] != nil || len(lists[i].Tokens) != 1 {
			t.Errorf("list %+v, %v", lists[i], errs[i])
		}
	}
	if asked := b.questions(); len(asked) != 1 {
		t.Errorf("asked %v", asked)
	}
}

// TestListOutlivesTheFirstCaller: who goes away takes the question from nobody.
func TestListOutlivesTheFirstCaller(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	release := b.hold()
	ctx, leave := context.WithCancel(acttest.AsBank(t.Context()))
	left := make(chan error, 1)
	go func() {
		_, err := b.List(ctx, tokens.ListRequest{CardID: bankCard, AuditUser: user, Channel: storage.ChannelAPI})
		left <- err
	}()
	<-b.sent
	second := make(chan tokens.List, 1)
	go func() {
		list, err := b.list(t, bankCard)
		if err != nil {
			t.Error(err)
		}
		second <- list
	}()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	release()
	if list := <-second; len(list.Tokens) != 1 {
		t.Errorf("who stayed got %+v", list)
	}
	if asked := b.questions(); len(asked) != 1 {
		t.Errorf("asked %v", asked)
	}
}

// TestListOfACallerWhoLeft is a call that was stopped, also where old tokens are stored.
func TestListOfACallerWhoLeft(t *testing.T) {
	b := openBank(t)
	b.mustList(t)
	b.later(time.Minute)
	defer b.hold()()
	ctx, leave := context.WithCancel(acttest.AsBank(t.Context()))
	left := make(chan error, 1)
	go func() {
		_, err := b.List(ctx, tokens.ListRequest{CardID: bankCard, AuditUser: user, Channel: storage.ChannelAPI})
		left <- err
	}()
	<-b.sent
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) || len(b.seen.listed) != 1 {
		t.Errorf("error %v, lists from %v", err, b.seen.listed)
	}
}

func TestListGoesOnWithAPanic(t *testing.T) {
	b := openBank(t)
	b.fault = true
	func() {
		defer func() {
			if fault, ok := recover().(string); !ok || !strings.Contains(fault, "broke the reader") {
				t.Errorf("panic %v", fault)
			}
		}()
		_, _ = b.list(t, bankCard)
	}()
	if record := b.MustRecord(t); record.Outcome != "internal" {
		t.Errorf("record %+v", record)
	}
	b.fault = false
	b.mustList(t)
}
