package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	driver "modernc.org/sqlite"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
)

// shared is a store whose lock is held while callers come who want to write.
type shared struct {
	*sqlite.Store
	commits int // of the writing connection, since the lock was taken
	release func()
	queued  int
	callers sync.WaitGroup
	lock    sync.Mutex
	ended   []error // by caller, once it has returned; others may return while one is added
}

// hold takes the lock.
func hold(t *testing.T, prepare ...string) *shared {
	t.Helper()
	s := &shared{Store: mustOpenMade(t, migrated(t))}
	for _, statement := range prepare {
		mustExec(t, s.Store, statement)
	}
	s.countCommits(t)
	held, release := make(chan struct{}), make(chan struct{})
	s.callers.Go(func() {
		if err := s.Update(t.Context(), func(tx storage.Tx) error { close(held); <-release; return add("holder")(tx) }); err != nil {
			t.Error(err)
		}
	})
	<-held
	s.release = sync.OnceFunc(func() { close(release) })
	t.Cleanup(func() { s.release(); s.callers.Wait() })
	return s
}

func (s *shared) countCommits(t *testing.T) {
	t.Helper()
	conn, err := s.WriteDB().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		c.(driver.HookRegisterer).RegisterCommitHook(func() int32 { s.commits++; return 0 })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// call has another caller wait with an Update. It returns the caller's number.
func (s *shared) call(ctx context.Context, change func(storage.Tx) error) int {
	return s.callWith(func() error { return s.Update(ctx, change) })
}

// callWith is call for other writes.
func (s *shared) callWith(write func() error) int {
	s.lock.Lock()
	n := len(s.ended)
	s.ended = append(s.ended, errStillWaits)
	s.lock.Unlock()
	s.callers.Go(func() {
		defer func() {
			if value := recover(); value != nil {
				s.returned(n, fmt.Errorf("panicked: %w", value.(error)))
			}
		}()
		s.returned(n, write())
	})
	s.queued++
	for s.Waiting() < s.queued {
		time.Sleep(time.Millisecond)
	}
	return n
}

func (s *shared) returned(caller int, err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.ended[caller] = err
}

// end lets the lock go and waits for all.
func (s *shared) end() {
	s.release()
	s.callers.Wait()
}

var errStillWaits = errors.New("it has not returned")

func add(client string) func(storage.Tx) error {
	return func(tx storage.Tx) error { return tx.AddClient(storage.Client{ID: client}) }
}

// mustHold checks who was added, besides the holder of the lock.
func (s *shared) mustHold(t *testing.T, want ...string) {
	t.Helper()
	clients, err := s.Clients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, 0, len(clients))
	for _, c := range clients {
		got = append(got, c.ID)
	}
	want = append(want, "holder")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("stored are %q, want %q", got, want)
	}
}

func TestWritersWhoWaitShareACommit(t *testing.T) {
	for _, c := range []struct{ callers, commits int }{
		{1, 1 + 1},
		{10, 1 + 1},
		{sqlite.MaxShared, 1 + 1},
		{sqlite.MaxShared + 1, 1 + 2},
	} {
		t.Run(fmt.Sprint(c.callers), func(t *testing.T) {
			s := hold(t)
			var want []string
			for i := range c.callers {
				want = append(want, fmt.Sprint("client-", i))
				s.call(t.Context(), add(want[i]))
			}
			s.end()
			if err := errors.Join(s.ended...); err != nil {
				t.Error(err)
			}
			s.mustHold(t, want...)
			if s.commits != c.commits {
				t.Errorf("%d commits, want %d", s.commits, c.commits)
			}
		})
	}
}

// TestAWriteStandsAndFallsByItself: of three callers who share a commit the second fails, and
// only it.
func TestAWriteStandsAndFallsByItself(t *testing.T) {
	errOwn := errors.New("its own")
	for _, c := range []struct {
		name    string
		prepare string
		change  func(leave context.CancelFunc) func(storage.Tx) error
		fails   error // nil: with CodeUnavailable
		commits int
	}{
		{
			name: "it refuses",
			change: func(context.CancelFunc) func(storage.Tx) error {
				return func(tx storage.Tx) error { return errors.Join(add("b")(tx), errOwn) }
			},
			fails:   errOwn,
			commits: 2,
		},
		{
			name: "it panics",
			change: func(context.CancelFunc) func(storage.Tx) error {
				return func(tx storage.Tx) error { _ = add("b")(tx); panic(errOwn) }
			},
			fails:   errOwn,
			commits: 2,
		},
		{
			name:    "a statement of it fails",
			prepare: "CREATE TRIGGER fail BEFORE INSERT ON clients WHEN NEW.id = 'bad' BEGIN SELECT RAISE(ABORT, 'asked to fail'); END",
			change: func(context.CancelFunc) func(storage.Tx) error {
				return func(tx storage.Tx) error { return errors.Join(add("b")(tx), add("bad")(tx)) }
			},
			commits: 3,
		},
		{
			name:    "SQLite undoes the transaction",
			prepare: "CREATE TRIGGER fail BEFORE INSERT ON clients WHEN NEW.id = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'asked to fail'); END",
			change: func(context.CancelFunc) func(storage.Tx) error {
				return func(tx storage.Tx) error { _ = add("bad")(tx); return add("b")(tx) }
			},
			commits: 3,
		},
		{
			name: "its caller leaves while it is written",
			change: func(leave context.CancelFunc) func(storage.Tx) error {
				return func(tx storage.Tx) error { defer leave(); return add("b")(tx) }
			},
			fails:   context.Canceled,
			commits: 3,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hold(t, c.prepare)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			first := s.call(t.Context(), add("a"))
			bad := s.call(ctx, c.change(leave))
			last := s.call(t.Context(), add("c"))
			s.end()
			if err := errors.Join(s.ended[first], s.ended[last]); err != nil {
				t.Errorf("the others: %v", err)
			}
			if c.fails == nil {
				wantUnavailable(t, "Update", s.ended[bad])
			} else if !errors.Is(s.ended[bad], c.fails) {
				t.Errorf("it ended with %v, want %v", s.ended[bad], c.fails)
			}
			s.mustHold(t, "a", "c")
			if s.commits != c.commits {
				t.Errorf("%d commits, want %d", s.commits, c.commits)
			}
		})
	}
}

// TestAWriteThatIsMadeAgain counts only what it did the last time.
func TestAWriteThatIsMadeAgain(t *testing.T) {
	s := hold(t, "CREATE TRIGGER fail BEFORE INSERT ON clients WHEN NEW.id = 'bad' BEGIN SELECT RAISE(ABORT, 'asked to fail'); END")
	ctx := t.Context()
	old, other := []byte("old"), []byte("other")
	cards := []storage.Card{
		{CardSummary: walletport.CardSummary{ID: 1, Issuer: "bank"}, WrappedKey: old},
		{CardSummary: walletport.CardSummary{ID: 2, Issuer: "bank"}, WrappedKey: old},
	}
	var put storage.PutResult
	var missed []walletport.CardID
	var missedCustomers []walletport.CustomerKey
	s.callWith(func() (err error) { put, err = s.PutCards(ctx, cards); return err })
	s.callWith(func() (err error) {
		missed, err = s.ChangeCards(ctx, []storage.CardChange{{Card: storage.Card{CardSummary: walletport.CardSummary{ID: 404}}, Replaces: other}}, nil)
		return err
	})
	s.callWith(func() (err error) {
		missedCustomers, err = s.ChangeCustomers(ctx, storage.CustomerBatch{List: []storage.CustomerChange{
			{Customer: storage.Customer{CustomerSummary: walletport.CustomerSummary{CustomerKey: walletport.CustomerKey{Issuer: "bank", Number: "404"}}}, Replaces: other},
		}})
		return err
	})
	var rewrapped int
	s.callWith(func() (err error) {
		rewrapped, err = s.Rewrap(ctx, []storage.CardRewrapping{{ID: 1, Old: old, New: other}, {ID: 2, Old: old, New: other}})
		return err
	})
	bad := s.call(ctx, add("bad"))
	s.end()
	wantUnavailable(t, "the one that fails", s.ended[bad])
	if err := errors.Join(s.ended[:bad]...); err != nil {
		t.Fatal(err)
	}
	if put.Inserted != 2 || len(missed) != 1 || len(missedCustomers) != 1 || rewrapped != 2 {
		t.Errorf("put %+v, missed %v and %v, rewrapped %d: want 2, one, one, 2", put, missed, missedCustomers, rewrapped)
	}
}

func TestWhoLeavesTheQueueIsNotWritten(t *testing.T) {
	s := hold(t)
	ctx, leave := context.WithCancel(t.Context())
	gone := s.call(ctx, func(storage.Tx) error { t.Error("it is written"); return nil })
	leave()
	for s.Waiting() > 0 {
		time.Sleep(time.Millisecond)
	}
	s.queued--
	s.call(t.Context(), add("a"))
	s.end()
	if !errors.Is(s.ended[gone], context.Canceled) {
		t.Errorf("who left is told %v", s.ended[gone])
	}
	s.mustHold(t, "a")
}

// TestWhoLeavesBeforeItsTurn: others have taken it along already.
func TestWhoLeavesBeforeItsTurn(t *testing.T) {
	s := hold(t)
	ctx, leave := context.WithCancel(t.Context())
	s.call(t.Context(), func(tx storage.Tx) error { leave(); return add("a")(tx) })
	gone := s.call(ctx, func(storage.Tx) error { t.Error("it is written"); return nil })
	s.call(t.Context(), add("b"))
	s.end()
	if !errors.Is(s.ended[gone], context.Canceled) {
		t.Errorf("who left is told %v", s.ended[gone])
	}
	s.mustHold(t, "a", "b")
	if s.commits != 1+1 {
		t.Errorf("%d commits, want 2: nothing was done for who left, and the others share one", s.commits)
	}
}

// TestWhoIsWrittenHasNoTurn, though it is free: it would be written again.
func TestWhoIsWrittenHasNoTurn(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	for range 100 { // both are ready: a select takes either
		if s.OfferTurn() {
			t.Fatal("it is written twice")
		}
	}
	if err := s.Update(t.Context(), add("a")); err != nil {
		t.Error(err)
	}
}

// TestWhoLeavesAfterItsTurn: its statements are done, and the commit is not made yet.
func TestWhoLeavesAfterItsTurn(t *testing.T) {
	s := hold(t)
	ctx, leave := context.WithCancel(t.Context())
	gone := s.call(ctx, add("a"))
	s.call(t.Context(), func(tx storage.Tx) error { leave(); return add("b")(tx) })
	s.end()
	if !errors.Is(s.ended[gone], context.Canceled) {
		t.Errorf("who left is told %v", s.ended[gone])
	}
	s.mustHold(t, "b")
}

// TestAnActThatEndsItsGoroutine, as a failed test does, leaves nobody waiting.
func TestAnActThatEndsItsGoroutine(t *testing.T) {
	s := hold(t)
	s.call(t.Context(), func(tx storage.Tx) error { _ = add("a")(tx); runtime.Goexit(); return nil })
	other := s.call(t.Context(), add("b"))
	s.end()
	wantUnavailable(t, "the other", s.ended[other])
	s.mustHold(t)
	if err := s.Update(t.Context(), add("c")); err != nil {
		t.Error(err)
	}
	s.mustHold(t, "c")
}

// TestWhoCannotBegin: a caller who has the turn leaves while another process has the lock, and
// the next one has its turn.
func TestWhoCannotBegin(t *testing.T) {
	path := migrated(t)
	s := &shared{Store: mustOpenMade(t, path)}
	other := mustOpenMade(t, path)
	held, release := make(chan struct{}), make(chan struct{})
	s.callers.Go(func() {
		if err := other.Update(t.Context(), func(tx storage.Tx) error { close(held); <-release; return add("holder")(tx) }); err != nil {
			t.Error(err)
		}
	})
	<-held
	ctx, leave := context.WithCancel(t.Context())
	gone := s.call(ctx, add("a"))
	stays := s.call(t.Context(), add("b"))
	leave()
	for s.Waiting() > 1 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	s.callers.Wait()
	if !errors.Is(s.ended[gone], context.Canceled) || s.ended[stays] != nil {
		t.Errorf("who left is told %v, the other %v", s.ended[gone], s.ended[stays])
	}
	s.mustHold(t, "b")
}
