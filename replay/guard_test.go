package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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

// use uses a nonce of acme's at a fixed time.
func use(ctx context.Context, g *replay.Guard, text string) error { return useAt(ctx, g, text, now) }

func useAt(ctx context.Context, g *replay.Guard, text string, at time.Time) error {
	return g.UseNonce(ctx, "acme", walletport.ApplePay, []byte(text), at)
}

// table is an engine that notes its commits.
type table struct {
	takes time.Duration
	err   error
	fault any
	old   int // uses that can be forgotten

	config replay.Config

	lock    sync.Mutex
	used    map[storage.Nonce]bool
	commits []int // how many uses each had
	bites   []string
}

func (s *table) Now(context.Context) (time.Time, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return now, s.err
}

func (s *table) ForgetNonces(_ context.Context, before time.Time, limit int) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	n := min(s.old, limit)
	s.old -= n
	s.bites = append(s.bites, fmt.Sprintf("%d of those before %v", n, now.Sub(before)))
	return n, nil
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
		g := replay.New(s, s.config)
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
// order of nonces.
func together(t *testing.T, g *replay.Guard, nonces ...string) []error {
	t.Helper()
	errs := make([]error, len(nonces))
	var all sync.WaitGroup
	all.Go(func() { _ = use(t.Context(), g, "the one before") })
	for i, nonce := range nonces {
		all.Go(func() {
			time.Sleep(commitTime / 2)
			errs[i] = use(t.Context(), g, nonce)
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
		var nonces []string
		for i := range 100 {
			nonces = append(nonces, fmt.Sprint(i))
		}
		for i, err := range together(t, g, nonces...) {
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
			if err := use(t.Context(), g, fmt.Sprint(i)); err != nil {
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
			for _, err := range together(t, g, "one", "two", "one", "one") {
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
		var all sync.WaitGroup
		all.Go(func() {
			time.Sleep(commitTime / 2)
			if err := g.UseNonce(t.Context(), "zero \x00", walletport.ApplePay, []byte("text"), now); walletport.ReasonOf(err) != "text_malformed" {
				t.Errorf("an issuer that no engine keeps: %v", err)
			}
		})
		for i, err := range together(t, g, "one", "two", "three") {
			if err != nil {
				t.Errorf("use %d: %v", i, err)
			}
		}
		all.Wait()
	})
	wantCommits(t, s, 1, 3)
}

func TestABrokenDatabaseIsEverybodysAnswer(t *testing.T) {
	s := &table{err: storage.ErrUnavailable(t.Context(), errors.New("gone"))}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		for i, err := range together(t, g, "one", "two", "three") {
			wantUnavailable(t, fmt.Sprint("use ", i), err)
		}
		s.err = nil
		if err := use(t.Context(), g, "one"); err != nil {
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
		t.Errorf("UseNonce = %v", use(t.Context(), g, "one"))
	})
}

func TestWhoLeavesBeforeTheCommitUsesNothingUp(t *testing.T) {
	s := &table{}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		leave := func(after time.Duration, nonce string) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			err := use(ctx, g, nonce)
			wantUnavailable(t, "who left", err)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("who left cannot be told from a broken database: %v", err)
			}
		}
		var all sync.WaitGroup
		all.Go(func() { leave(commitTime/2, "under way") })
		all.Go(func() {
			time.Sleep(commitTime / 4)
			leave(commitTime/4, "waiting")
		})
		all.Wait()
		if err := use(t.Context(), g, "under way"); walletport.ReasonOf(err) != "nonce_reused" {
			t.Errorf("a use whose commit was under way: %v, want nonce_reused", err)
		}
		if err := use(t.Context(), g, "waiting"); err != nil {
			t.Errorf("a use that waited: %v", err)
		}
	})
	wantCommits(t, s, 1, 1, 1)
}

// TestOldUsesAreForgotten every ten minutes, in bites, and those of calls that may be
// under way are not.
func TestOldUsesAreForgotten(t *testing.T) {
	var log bytes.Buffer
	s := &table{old: 1200, config: replay.Config{Retention: time.Hour, Log: slog.New(slog.NewTextHandler(&log, nil))}}
	guarding(t, s, func(t *testing.T, _ *replay.Guard, _ func()) {
		after := func(wait time.Duration, look func()) {
			time.Sleep(wait)
			synctest.Wait()
			s.lock.Lock()
			defer s.lock.Unlock()
			look()
		}
		after(10*time.Minute-1, func() {
			if len(s.bites) > 0 {
				t.Errorf("forgotten at once: %q", s.bites)
			}
		})
		after(1, func() {
			want := []string{"500 of those before 2h0m0s", "500 of those before 2h0m0s", "200 of those before 2h0m0s"}
			if !slices.Equal(s.bites, want) {
				t.Errorf("forgot %q, want %q", s.bites, want)
			}
			s.err, s.old = storage.ErrUnavailable(t.Context(), errors.New("gone")), 7
		})
		after(10*time.Minute, func() {
			if s.old != 7 || !strings.Contains(log.String(), "old nonces not deleted") {
				t.Errorf("without a database %d are left, logged %q", s.old, log.String())
			}
			s.err = nil
		})
		after(10*time.Minute, func() {
			if s.old != 0 {
				t.Errorf("%d are left once the database is back", s.old)
			}
		})
	})
}

func TestACommitThatHangsIsGivenUp(t *testing.T) {
	s := &table{takes: time.Hour}
	guarding(t, s, func(t *testing.T, g *replay.Guard, _ func()) {
		var all sync.WaitGroup
		for i := range 2 { // the second one waits for the first
			all.Go(func() {
				time.Sleep(time.Duration(i) * commitTime)
				wantUnavailable(t, fmt.Sprint("use ", i), use(t.Context(), g, fmt.Sprint(i)))
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
			wantUnavailable(t, when, use(t.Context(), g, when))
		}
	})
}

func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	if walletport.CodeOf(err) != walletport.CodeUnavailable || walletport.ReasonOf(err) != "store_unavailable" {
		t.Errorf("%s: %v, want store_unavailable", what, err)
	}
}
