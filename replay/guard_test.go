package replay_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/gather"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/storage"
)

const commitTime = time.Millisecond

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// nonce makes the use of a nonce that counts for an hour.
func nonce(text string) storage.NonceUse {
	digest := sha256.Sum256([]byte(text))
	return storage.NonceUse{
		Nonce: storage.Nonce{Issuer: "acme", Wallet: walletport.ApplePay, Digest: digest},
		At:    now, Since: now.Add(-time.Hour),
	}
}

// table is an engine that notes its commits.
type table struct {
	storage.Nonces // for what the Guard does not call
	takes          time.Duration
	err            error
	fault          any

	lock    sync.Mutex
	used    map[storage.Nonce]bool
	commits []int // how many uses each had
}

func (s *table) UseNonces(ctx context.Context, uses []storage.NonceUse) ([]bool, error) {
	s.lock.Lock()
	s.commits = append(s.commits, len(uses))
	s.lock.Unlock()
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return nil, storage.ErrUnavailable(ctx, ctx.Err())
	}
	if s.fault != nil {
		panic(s.fault)
	}
	if s.err != nil {
		return nil, s.err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	fresh := make([]bool, len(uses))
	for i, use := range uses {
		if err := storage.CheckNonceUse(use); err != nil {
			return nil, err
		}
		fresh[i] = !s.used[use.Nonce]
		s.used[use.Nonce] = true
	}
	return fresh, nil
}

// guarding runs a story with a Guard on synctest's clock.
func guarding(t *testing.T, s *table, story func(t *testing.T, g *replay.Guard, stop func())) {
	s.used = map[storage.Nonce]bool{}
	if s.takes == 0 {
		s.takes = commitTime
	}
	synctest.Test(t, func(t *testing.T) {
		g := replay.New(s)
		ctx, stop := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		ran.Go(func() {
			if err := g.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		story(t, g, stop)
		stop()
		ran.Wait()
	})
}

// together uses nonces while a commit is under way, and returns the errors in the
// order of uses.
func together(t *testing.T, g *replay.Guard, uses ...storage.NonceUse) []error {
	t.Helper()
	errs := make([]error, len(uses))
	var all sync.WaitGroup
	all.Go(func() { _ = g.UseNonce(t.Context(), nonce("the one before")) })
	for i, use := range uses {
		all.Go(func() {
			time.Sleep(commitTime / 2)
			errs[i] = g.UseNonce(t.Context(), use)
		})
	}
	all.Wait()
	return errs
}

func wantCommits(t *testing.T, s *table, sizes ...int) {
	t.Helper()
	if !slices.Equal(s.commits, sizes) {
		t.Errorf("commits of %v uses, want %v", s.commits, sizes)
	}
}

func TestUsesThatWaitTogetherShareACommit(t *testing.T) {
	s := &table{}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		var uses []storage.NonceUse
		for i := range 100 {
			uses = append(uses, nonce(fmt.Sprint(i)))
		}
		for i, err := range together(t, g, uses...) {
			if err != nil {
				t.Errorf("use %d: %v", i, err)
			}
		}
	})
	wantCommits(t, s, 1, 64, 36)
}

func TestAUseAloneIsRecordedAtOnce(t *testing.T) {
	s := &table{}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		for i := range 3 {
			before := time.Now()
			if err := g.UseNonce(t.Context(), nonce(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
			if took := time.Since(before); took != commitTime {
				t.Errorf("it took %v, want the commit's %v", took, commitTime)
			}
		}
	})
	wantCommits(t, s, 1, 1, 1)
}

func TestANonceThatComesAgainIsRefused(t *testing.T) {
	s := &table{}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		for _, want := range [][]string{{"", "", "nonce_reused", "nonce_reused"}, slices.Repeat([]string{"nonce_reused"}, 4)} {
			var reasons []string
			for _, err := range together(t, g, nonce("one"), nonce("two"), nonce("one"), nonce("one")) {
				if err != nil && walletport.CodeOf(err) != walletport.CodeConflict {
					t.Errorf("UseNonce: %v, want a conflict", err)
				}
				reasons = append(reasons, walletport.ReasonOf(err))
			}
			slices.Sort(reasons)
			if !slices.Equal(reasons, want) {
				t.Errorf("reasons %q, want %q", reasons, want)
			}
		}
	})
	wantCommits(t, s, 1, 4, 1, 4)
}

func TestAUseThatNobodyCanKeepIsItsCallersAlone(t *testing.T) {
	s := &table{}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		text, late := nonce("text"), nonce("late")
		text.Issuer = "zero \x00"
		late.Since = late.At.Add(1)
		errs := together(t, g, nonce("one"), text, nonce("two"), late, nonce("three"))
		for i, reason := range []string{"", "text_malformed", "", "internal", ""} {
			if walletport.ReasonOf(errs[i]) != reason {
				t.Errorf("use %d: %v, want reason %q", i, errs[i], reason)
			}
		}
	})
	wantCommits(t, s, 1, 3)
}

func TestABrokenDatabaseIsEverybodysAnswer(t *testing.T) {
	s := &table{err: storage.ErrUnavailable(t.Context(), errors.New("gone"))}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		for i, err := range together(t, g, nonce("one"), nonce("two"), nonce("three")) {
			wantUnavailable(t, fmt.Sprint("use ", i), err)
		}
		s.err = nil
		if err := g.UseNonce(t.Context(), nonce("one")); err != nil {
			t.Errorf("once it is back: %v", err)
		}
	})
	wantCommits(t, s, 1, 3, 1)
}

func TestNobodyPassesInAPanic(t *testing.T) {
	s := &table{fault: "a bug"}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		defer func() {
			if fault, ok := recover().(*gather.Fault); !ok || fault.Value != s.fault {
				t.Error("the panic was swallowed")
			}
		}()
		t.Errorf("UseNonce = %v", g.UseNonce(t.Context(), nonce("one")))
	})
}

func TestWhoLeavesBeforeTheCommitUsesNothingUp(t *testing.T) {
	s := &table{}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		leave := func(after time.Duration, use storage.NonceUse) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			err := g.UseNonce(ctx, use)
			wantUnavailable(t, "who left", err)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("who left cannot be told from a broken database: %v", err)
			}
		}
		var all sync.WaitGroup
		all.Go(func() { leave(commitTime/2, nonce("under way")) })
		all.Go(func() {
			time.Sleep(commitTime / 4)
			leave(commitTime/4, nonce("waiting"))
		})
		all.Wait()
		if err := g.UseNonce(t.Context(), nonce("under way")); walletport.ReasonOf(err) != "nonce_reused" {
			t.Errorf("a use whose commit was under way: %v, want nonce_reused", err)
		}
		if err := g.UseNonce(t.Context(), nonce("waiting")); err != nil {
			t.Errorf("a use that waited: %v", err)
		}
	})
	wantCommits(t, s, 1, 1, 1)
}

func TestACommitThatHangsIsGivenUp(t *testing.T) {
	s := &table{takes: time.Hour}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		var all sync.WaitGroup
		for i := range 2 { // the second one waits for the first
			all.Go(func() {
				time.Sleep(time.Duration(i) * commitTime)
				wantUnavailable(t, fmt.Sprint("use ", i), g.UseNonce(t.Context(), nonce(fmt.Sprint(i))))
			})
		}
		before := time.Now()
		all.Wait()
		if took := time.Since(before); took != 10*time.Second {
			t.Errorf("it took %v, want twice 5s", took)
		}
	})
}

func TestAGuardThatHasEndedRefuses(t *testing.T) {
	s := &table{takes: time.Hour}
	guarding(t, s, func(t *testing.T, g *replay.Guard, stop func()) {
		time.AfterFunc(time.Second, stop)
		for _, when := range []string{"under way", "after the end"} {
			wantUnavailable(t, when, g.UseNonce(t.Context(), nonce(when)))
		}
	})
}

func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	if walletport.CodeOf(err) != walletport.CodeUnavailable || walletport.ReasonOf(err) != "store_unavailable" {
		t.Errorf("%s: %v, want store_unavailable", what, err)
	}
}
