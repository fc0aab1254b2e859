package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

func TestRecordKeepsEveryField(t *testing.T) {
	m := newMemory()
	l, _ := mustRun(t, audit.Config{Store: m})
	if err := l.Record(t.Context(), record(3)); err != nil {
		t.Fatal(err)
	}
	want := record(3)
	want.Time = time.Date(2026, 11, 24, 10, 0, 3, 123_000_000, time.UTC)
	if diff := cmp.Diff(want, m.entries[0].Record); diff != "" {
		t.Errorf("the stored record differs (-want +got):\n%s", diff)
	}
}

func TestRecordReplacesWhatNoRecordMayHold(t *testing.T) {
	const marker = "[redacted: card number]"
	type r = walletport.AuditRecord
	long := "x" + strings.Repeat("é", 400)
	now := start.Add(time.Hour).Truncate(time.Millisecond)
	for _, c := range []struct {
		name   string
		change func(*r)
		want   func(*r)
	}{
		{"a card number as auditUser", func(r *r) { r.AuditUser = "5204247750001471" }, func(r *r) { r.AuditUser = marker }},
		{"a spaced card number in the wallet", func(r *r) { r.Wallet = "w 5123 4567 8901 2346 w" }, func(r *r) { r.Wallet = marker }},
		{"a card number in the request id", func(r *r) { r.RequestID = "id-4761120010000492" }, func(r *r) { r.RequestID = marker }},
		{"a card number in the client id", func(r *r) { r.ClientID = "5555-5555-5555-4444" }, func(r *r) { r.ClientID = marker }},
		{"a card number in the remote address", func(r *r) { r.RemoteAddress = "5555.5555.5555.4444" }, func(r *r) { r.RemoteAddress = marker }},
		{"an address whose groups read like a card number stays", func(r *r) { r.RemoteAddress = "2606:4700:4700:1119::1" }, func(r *r) { r.RemoteAddress = "2606:4700:4700:1119::1" }},
		{"a card number in the zone of an address", func(r *r) { r.RemoteAddress = "fe80::1%5555-5555-5555-4444" }, func(r *r) { r.RemoteAddress = marker }},
		{"a card number in the outcome", func(r *r) { r.Outcome = "5555555555554444" }, func(r *r) { r.Outcome = marker }},
		{"a card number in the step-up", func(r *r) { r.StepUp = "eba-sca/4111111111111111" }, func(r *r) { r.StepUp = marker }},
		{"a step-up that is not UTF-8", func(r *r) { r.StepUp = "a\xffb" }, func(r *r) { r.StepUp = "a\uFFFDb" }},
		{"a long step-up", func(r *r) { r.StepUp = long }, func(r *r) { r.StepUp = "x" + strings.Repeat("é", 251) + "…[cut]" }},
		{"a card number as a key", func(r *r) { r.KeyVersions = []string{"a", "5555555555554444"} }, func(r *r) { r.KeyVersions = []string{"a", marker} }},
		{"text that is not UTF-8", func(r *r) { r.AuditUser = "a\xff\xfeb" }, func(r *r) { r.AuditUser = "a\uFFFDb" }},
		{"a zero character", func(r *r) { r.RequestID = "a\x00b" }, func(r *r) { r.RequestID = "a\uFFFDb" }},
		{"a long text", func(r *r) { r.Wallet = long }, func(r *r) { r.Wallet = "x" + strings.Repeat("é", 251) + "…[cut]" }},
		{"a long text whose cut leaves a card number", func(r *r) { r.Wallet = strings.Repeat("x", 490) + " 4222222222222291417776317" }, func(r *r) { r.Wallet = marker }},
		{"too many keys", func(r *r) { r.KeyVersions = slices.Repeat([]string{"k"}, 20) }, func(r *r) { r.KeyVersions = slices.Repeat([]string{"k"}, 16) }},
		{"a card number in a detail", func(r *r) { r.SetDetail("host", "5555555555554444") }, func(r *r) { r.SetDetail("host", marker) }},
		{"details out of order, one twice, one empty", func(r *r) {
			r.Details = walletport.AuditDetails{{Name: "b", Value: "1"}, {Name: "a", Value: "2"}, {Name: "b", Value: "3"}, {Name: "c"}}
		}, func(r *r) { r.Details = walletport.AuditDetails{{Name: "a", Value: "2"}, {Name: "b", Value: "3"}} }},
		{"a detail with a name that is none", func(r *r) { r.Details = walletport.AuditDetails{{Name: "5555 5555 5555 4444", Value: "1"}} },
			func(r *r) { r.Details = walletport.AuditDetails{{Name: "unnamed", Value: "1"}} }},
		{"a detail that is not UTF-8", func(r *r) { r.SetDetail("host", "a\xffb") }, func(r *r) { r.SetDetail("host", "a\uFFFDb") }},
		{"a long detail", func(r *r) { r.SetDetail("host", long) }, func(r *r) { r.SetDetail("host", "x"+strings.Repeat("é", 251)+"…[cut]") }},
		{"too many details", func(r *r) {
			for i := range 40 {
				r.SetDetail(walletport.DetailName(fmt.Sprintf("d%02d", i)), "x")
			}
		}, func(r *r) {
			for i := range 31 {
				r.SetDetail(walletport.DetailName(fmt.Sprintf("d%02d", i)), "x")
			}
			r.SetDetail("left_out", "9")
		}},
		{"no time", func(r *r) { r.Time = time.Time{} }, func(r *r) { r.Time = now }},
		{"a time beyond RFC 3339", func(r *r) { r.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, func(r *r) { r.Time = now }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			l, _ := mustRun(t, audit.Config{Store: m})
			given := record(1)
			c.change(&given)
			keysBefore, detailsBefore := slices.Clone(given.KeyVersions), slices.Clone(given.Details)
			if err := l.Record(t.Context(), given); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(given.KeyVersions, keysBefore) || !slices.Equal(given.Details, detailsBefore) {
				t.Error("the caller's lists were changed")
			}
			got := m.entries[0].Record
			want := record(1)
			want.Time = want.Time.Truncate(time.Millisecond)
			c.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the stored record differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRecordTakesAnyText: one text that an engine refuses would fail its batch.
func TestRecordTakesAnyText(t *testing.T) {
	m := newMemory() // applies the engines' own check
	l, _ := mustRun(t, audit.Config{Store: m})
	text := rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.Map(rapid.IntRange(0, 700), func(n int) string { return strings.Repeat("5", n) }),
		rapid.StringMatching(`[x\x00]{0,3}(5204247750001471|520424775000147)[0-9 ]{0,9}`),
	)
	rapid.Check(t, func(rt *rapid.T) {
		r := walletport.AuditRecord{
			RequestID: text.Draw(rt, "requestId"), AuditUser: walletport.AuditUser(text.Draw(rt, "auditUser")),
			KeyVersions: rapid.SliceOfN(text, 0, 20).Draw(rt, "keys"),
		}
		if err := l.Record(t.Context(), r); err != nil {
			rt.Fatalf("Record: %v", err)
		}
		stored := m.entries[len(m.entries)-1].Record
		for _, s := range append(stored.KeyVersions, stored.RequestID, string(stored.AuditUser)) {
			if walletport.ContainsPAN(s) || len(s) > 512 {
				rt.Fatalf("stored %q", s)
			}
		}
	})
}

func TestRecordFailsClosed(t *testing.T) {
	away := errors.New("away")
	t.Run("a database that refuses fails its whole batch, the next one is tried again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, seen := newMemory(), &observed{}
			m.setFail(away)
			l, stop := mustRun(t, audit.Config{Store: m, Observer: seen})
			errs := make(chan error, 20)
			for i := range cap(errs) {
				go func() { errs <- l.Record(t.Context(), record(i)) }()
			}
			for range cap(errs) {
				err := <-errs
				wantUnavailable(t, "Record", err)
				if !errors.Is(err, away) {
					t.Errorf("the cause is lost: %v", err)
				}
			}
			m.setFail(nil)
			if err := l.Record(t.Context(), record(1)); err != nil {
				t.Errorf("after recovery: %v", err)
			}
			stop()
			if len(m.entries) != 1 || seen.failed == 0 || len(seen.commits) != 1 {
				t.Errorf("%d records stored, %d commits failed, %v done", len(m.entries), seen.failed, seen.commits)
			}
		})
	})
	t.Run("a database that does not answer fails after the time limit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			m.append = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
			l, _ := mustRun(t, audit.Config{Store: m, Settings: audit.Settings{CommitTimeout: 3 * time.Second}})
			before := time.Now()
			err := l.Record(t.Context(), record(1))
			wantUnavailable(t, "Record", err)
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(before) != 3*time.Second {
				t.Errorf("after %v: %v", time.Since(before), err)
			}
		})
	})
	t.Run("a head that is no hash is refused", func(t *testing.T) {
		m := newMemory()
		m.link = []byte("short")
		l, _ := mustRun(t, audit.Config{Store: m})
		wantUnavailable(t, "Record", l.Record(t.Context(), record(1)))
	})
	t.Run("a caller who leaves is answered at once, its record survives", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, open := newMemory(), make(chan struct{})
			m.append = func(context.Context) error { <-open; return nil }
			l, stop := mustRun(t, audit.Config{Store: m})
			ctx, leave := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- l.Record(ctx, record(1)) }()
			synctest.Wait()
			leave()
			err := <-done
			wantUnavailable(t, "Record", err)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the cause is lost: %v", err)
			}
			close(open)
			stop()
			if len(m.entries) != 1 {
				t.Errorf("%d records stored, want 1", len(m.entries))
			}
		})
	})
	t.Run("a full queue refuses", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, open := newMemory(), make(chan struct{})
			m.append = func(context.Context) error { <-open; return nil }
			l, _ := mustRun(t, audit.Config{Store: m, Settings: audit.Settings{MaxQueue: 2}})
			done := make(chan error, 3)
			for i := range 3 { // one is being committed, two wait
				go func() { done <- l.Record(t.Context(), record(i)) }()
				synctest.Wait()
			}
			wantUnavailable(t, "Record", l.Record(t.Context(), record(4)))
			close(open)
			for range cap(done) {
				if err := <-done; err != nil {
					t.Errorf("a record that was accepted: %v", err)
				}
			}
		})
	})
}

func TestRunStopsInOrder(t *testing.T) {
	t.Run("what was accepted is written, what comes later is refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, open := newMemory(), make(chan struct{})
			m.append = func(context.Context) error { <-open; return nil }
			l, stop := mustRun(t, audit.Config{Store: m, Settings: audit.Settings{MaxBatch: 2}})
			done := make(chan error, 7)
			for i := range cap(done) {
				go func() { done <- l.Record(t.Context(), record(i)) }()
			}
			synctest.Wait()
			go stop()
			close(open)
			for range cap(done) {
				if err := <-done; err != nil {
					t.Errorf("a record that was accepted: %v", err)
				}
			}
			stop()
			wantUnavailable(t, "Record", l.Record(t.Context(), record(8)))
			if len(m.entries) != 7 || !slices.Equal(m.signedSeqs(), []int64{7}) {
				t.Errorf("%d records, checkpoints at %v; want 7, [7]", len(m.entries), m.signedSeqs())
			}
		})
	})
	t.Run("it ends in time when the database is away", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			m.append = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
			l, stop := mustRun(t, audit.Config{Store: m, Settings: audit.Settings{MaxBatch: 1, CommitTimeout: time.Second}})
			for i := range 50 {
				go func() { wantUnavailable(t, "Record", l.Record(t.Context(), record(i))) }()
			}
			synctest.Wait()
			before := time.Now()
			stop()
			if took := time.Since(before); took > 3*time.Second {
				t.Errorf("the shutdown took %v", took)
			}
		})
	})
	t.Run("it runs once", func(t *testing.T) {
		l, stop := mustRun(t, audit.Config{Store: newMemory()})
		stop()
		if err := l.Run(t.Context()); err == nil {
			t.Error("a second Run is taken")
		}
	})
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	_, err := audit.New(audit.Config{Settings: audit.Settings{
		MaxBatch: 5000, MaxAge: time.Minute, MaxQueue: -1, CommitTimeout: -1, CheckpointEvery: -1, CheckpointInterval: -1,
	}})
	if err == nil {
		t.Fatal("an empty Config is taken")
	}
	for _, name := range []string{"Store", "Keys", "Clock", "max_batch", "max_age", "max_queue", "commit_timeout", "checkpoint_every", "checkpoint_interval"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
}

func TestALogWithoutAnObserverIsComplete(t *testing.T) {
	m := newMemory()
	l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(checkpointRing(t))})
	mustRecordAll(t, l, 5, 1)
	m.head, m.entries = storage.AuditHead{Hash: make([]byte, 32)}, nil
	mustRecordAll(t, l, 1, 1)
	stop()
}
