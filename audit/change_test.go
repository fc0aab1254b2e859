package audit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/storagetest"
)

// counted is the client in whose name changes are counted: an x for each.
const counted = "counted"

func addCounted(ctx context.Context, s storage.Store) error {
	return s.Update(ctx, func(tx storage.Tx) error { return tx.AddClient(storage.Client{ID: counted}) })
}

func count(tx storage.Tx) error {
	return tx.UpdateClient(counted, func(c storage.Client) (storage.Client, error) { c.Name += "x"; return c, nil })
}

// countingRecord is the record of a change that counts.
func countingRecord(id string) walletport.AuditRecord {
	return walletport.AuditRecord{RequestID: id, ClientID: "operator", Action: walletport.ActionClientChange, Outcome: walletport.OutcomeOK}
}

// recordCount counts, and leaves a record of it.
func recordCount(ctx context.Context, l *audit.Log, id string) error {
	return l.RecordChange(ctx, func(tx storage.Tx) (walletport.AuditRecord, error) { return countingRecord(id), count(tx) })
}

func mustCounted(t *testing.T, database string) storage.Store {
	t.Helper()
	s := mustOpen(t, database)
	if err := addCounted(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// wantCounted checks that changes were counted and recorded as often as each other, and
// how often that is.
func wantCounted(t *testing.T, s storage.Store, want int) {
	t.Helper()
	c, err := s.Client(t.Context(), counted)
	if err != nil {
		t.Fatal(err)
	}
	if recorded := len(recordedChanges(t, s)); len(c.Name) != want || recorded != want {
		t.Errorf("%d changes were made and %d recorded, want %d of each", len(c.Name), recorded, want)
	}
}

// recordedChanges returns the request ids of the changes in the trail.
func recordedChanges(t *testing.T, s storage.Store) []string {
	t.Helper()
	var ids []string
	for seq := int64(0); ; {
		page, err := s.AuditAfter(t.Context(), seq, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return ids
		}
		for _, e := range page {
			if seq = e.Seq; e.Record.Action == walletport.ActionClientChange {
				ids = append(ids, e.Record.RequestID)
			}
		}
	}
}

// TestChangesAndBatchesShareOneChain has two servers write both at once.
func TestChangesAndBatchesShareOneChain(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		const changers, rounds, records = 3, 15, 100
		store := mustCounted(t, database)
		ring, seen := checkpointRing(t), &observed{}
		var stops []func()
		var all sync.WaitGroup
		for replica := range 2 {
			l, stop := mustRun(t, audit.Config{
				Store: mustOpen(t, database), Keys: keystest.NewSource(ring), Observer: seen,
				Settings: audit.Settings{CheckpointEvery: 20},
			})
			stops = append(stops, stop)
			all.Go(func() { mustRecordAll(t, l, records, 4) })
			for changer := range changers {
				all.Go(func() {
					for i := range rounds {
						if err := recordCount(t.Context(), l, fmt.Sprintf("change-%d-%d-%d", replica, changer, i)); err != nil {
							t.Errorf("RecordChange: %v", err)
						}
					}
				})
			}
		}
		all.Wait()
		mustVerify(t, store, ring) // before the last checkpoint
		for _, stop := range stops {
			stop()
		}
		wantCounted(t, store, 2*changers*rounds)
		got := mustVerify(t, store, ring)
		if want := int64(2 * (records + changers*rounds)); got.Records != want || got.Checkpoints < 2 || got.Unsigned != 0 {
			t.Errorf("Verify = %+v, want %d records, all signed", got, want)
		}
		if seen.failed > 0 || len(seen.lost) > 0 {
			t.Errorf("%d commits failed, losses %v", seen.failed, seen.lost)
		}
		export := strings.Join(mustExport(t, store, audit.ExportOptions{Keys: ring}), "")
		if _, err := audit.VerifyExport(t.Context(), strings.NewReader(export), publicOf(t, ring)); err != nil {
			t.Errorf("VerifyExport: %v", err)
		}
	})
}

// TestAChangeThatFailsLeavesNeither a changed row nor a record.
func TestAChangeThatFailsLeavesNeither(t *testing.T) {
	refused := walletport.Errorf(walletport.CodeConflict, "client_revoked", "the client has been revoked")
	refuseEntries := func(t *testing.T, database string) (restore func()) {
		spoil, repair := "CREATE TRIGGER full BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'full'); END", "DROP TRIGGER full"
		if strings.HasPrefix(database, "postgres:") {
			spoil, repair = "ALTER TABLE audit_entries ADD CONSTRAINT full_disk CHECK (false) NOT VALID", "ALTER TABLE audit_entries DROP CONSTRAINT full_disk"
		}
		mustExec(t, database, spoil)
		return func() { mustExec(t, database, repair) }
	}
	spoilHead := func(t *testing.T, database string) (restore func()) {
		none, zeros := "x''", "zeroblob(32)"
		if strings.HasPrefix(database, "postgres:") {
			none, zeros = "''", "decode(repeat('00', 32), 'hex')"
		}
		mustExec(t, database, "UPDATE audit_head SET hash = "+none)
		return func() { mustExec(t, database, "UPDATE audit_head SET hash = "+zeros) }
	}
	eachEngine(t, func(t *testing.T, database string) {
		store, ring := mustCounted(t, database), checkpointRing(t)
		seen := &observed{}
		l, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring), Observer: seen})
		t.Run("it refuses", func(t *testing.T) {
			err := l.RecordChange(t.Context(), func(tx storage.Tx) (walletport.AuditRecord, error) {
				return countingRecord("refused"), errors.Join(count(tx), refused)
			})
			if !errors.Is(err, refused) || seen.failed > 0 {
				t.Errorf("RecordChange: %v, %d failures told; want the refusal, which is none of the trail", err, seen.failed)
			}
			wantCounted(t, store, 0)
		})
		for name, spoil := range map[string]func(*testing.T, string) func(){"the trail takes no entries": refuseEntries, "the head has no hash": spoilHead} {
			t.Run(name, func(t *testing.T) {
				failed := seen.failed
				restore := spoil(t, database)
				wantUnavailable(t, "RecordChange", recordCount(t.Context(), l, name))
				restore()
				if seen.failed != failed+1 {
					t.Error("nobody was told that the trail failed")
				}
				wantCounted(t, store, 0)
			})
		}
		t.Run("its caller left", func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			failed := seen.failed
			err := l.RecordChange(ctx, func(tx storage.Tx) (walletport.AuditRecord, error) {
				err := count(tx)
				leave()
				return countingRecord("left"), err
			})
			wantUnavailable(t, "RecordChange", err)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("RecordChange: %v does not say that the caller left", err)
			}
			if seen.failed != failed {
				t.Error("a failure of the trail is told, which readiness would show: whoever hangs up could take the server out of service")
			}
			wantCounted(t, store, 0)
		})
		t.Run("it panics", func(t *testing.T) {
			func() {
				defer func() { _ = recover() }()
				_ = l.RecordChange(t.Context(), func(tx storage.Tx) (walletport.AuditRecord, error) { panic(count(tx)) })
				t.Error("the panic was swallowed")
			}()
			wantCounted(t, store, 0)
		})
		mustCount(t, l, "good")
		stop()
		wantUnavailable(t, "RecordChange after the shutdown", recordCount(t.Context(), l, "late"))
		wantCounted(t, store, 1)
		if got := mustVerify(t, store, ring); got.Records != 1 || got.Unsigned != 0 {
			t.Errorf("Verify = %+v, want one signed record", got)
		}
	})
}

func mustCount(t *testing.T, l *audit.Log, id string) {
	t.Helper()
	if err := recordCount(t.Context(), l, id); err != nil {
		t.Fatalf("RecordChange: %v", err)
	}
}

// TestTheShutdownWaitsForChanges under way, and signs their records.
func TestTheShutdownWaitsForChanges(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		store, ring := mustCounted(t, database), checkpointRing(t)
		l, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring)})
		var stopping sync.WaitGroup
		gone, leave := context.WithCancel(t.Context())
		leave()
		err := l.RecordChange(t.Context(), func(tx storage.Tx) (walletport.AuditRecord, error) {
			stopping.Go(stop)
			for errors.Is(recordCount(gone, l, "gone"), context.Canceled) {
				runtime.Gosched() // until the shutdown has begun, which is the refusal then
			}
			return countingRecord("under way"), count(tx)
		})
		stopping.Wait()
		if err != nil {
			t.Errorf("RecordChange: %v", err)
		}
		wantCounted(t, store, 1)
		if got := mustVerify(t, store, ring); got.Unsigned != 0 {
			t.Errorf("%d records are unsigned after the shutdown", got.Unsigned)
		}
	})
}

// TestAChangeNoticesALoss as a batch does.
func TestAChangeNoticesALoss(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		store, ring, seen := mustCounted(t, database), checkpointRing(t), &observed{}
		l, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring), Observer: seen})
		for i := range 3 {
			mustRecordAll(t, l, 1, 1)
			mustCount(t, l, fmt.Sprint(i))
		}
		mustExec(t, database, "DELETE FROM audit_entries WHERE seq > 4",
			"UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit_entries WHERE seq = 4)")
		mustCount(t, l, "after the loss")
		mustCount(t, l, "and again")
		stop()
		if !slices.Equal(seen.lost, []int64{6}) {
			t.Errorf("observed losses %v, want one, of record 6", seen.lost)
		}
		_, err := audit.Verify(t.Context(), store, audit.TrustedKeys(ring))
		wantBreak(t, err, audit.CheckpointMismatch, 6)
	})
}

// late, once armed, does something between the next commit that it is told of and the
// Log's own note of that commit.
type late struct {
	observed
	armed atomic.Bool
	do    func()
}

func (o *late) Committed(records int, took time.Duration, err error) {
	o.observed.Committed(records, took, err)
	if o.armed.Swap(false) {
		o.do()
	}
}

// TestACommitThatIsNotedLateIsNoLoss has a change commit behind a batch, and a batch behind
// a change, of which the Log takes note first.
func TestACommitThatIsNotedLateIsNoLoss(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second func(t *testing.T, l *audit.Log)
	}{
		{"a change behind a batch", func(t *testing.T, l *audit.Log) { mustRecordAll(t, l, 1, 1) }, func(t *testing.T, l *audit.Log) { mustCount(t, l, "second") }},
		{"a batch behind a change", func(t *testing.T, l *audit.Log) { mustCount(t, l, "first") }, func(t *testing.T, l *audit.Log) { mustRecordAll(t, l, 1, 1) }},
		{"a change behind a change", func(t *testing.T, l *audit.Log) { mustCount(t, l, "first") }, func(t *testing.T, l *audit.Log) { mustCount(t, l, "second") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, database string) {
				store, ring := mustCounted(t, database), checkpointRing(t)
				seen, noted := &late{}, make(chan struct{})
				var l *audit.Log
				seen.do = func() { c.second(t, l); close(noted) }
				l, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring), Observer: seen})
				mustCount(t, l, "before")
				seen.armed.Store(true)
				c.first(t, l)
				<-noted
				stop()
				if len(seen.lost) > 0 {
					t.Errorf("observed losses %v, and nothing is lost", seen.lost)
				}
				if got := mustVerify(t, store, ring); got.Records != 3 || got.Unsigned != 0 {
					t.Errorf("Verify = %+v, want three records, all signed", got)
				}
			})
		})
	}
}

// TestARecordOfAChangeIsCleaned as any other.
func TestARecordOfAChangeIsCleaned(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		store := mustCounted(t, database)
		l, _ := mustRun(t, audit.Config{Store: store})
		err := l.RecordChange(t.Context(), func(storage.Tx) (walletport.AuditRecord, error) {
			r := countingRecord("zero \x00")
			r.AuditUser = "5204247750001471"
			return r, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		entries, err := store.AuditAfter(t.Context(), 0, 10)
		if err != nil || len(entries) != 1 {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		if r := entries[0].Record; r.AuditUser != walletport.RedactedNumber || r.RequestID != "zero \uFFFD" || !r.Time.Equal(start.Add(60*60*1e9).Truncate(1e6)) {
			t.Errorf("recorded %+v", r)
		}
	})
}

// TestAKillLeavesNeither a changed row without its record nor the other way round: in the
// middle of a change, and of many, beside which another process changes and records too.
func TestAKillLeavesNeither(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		ring, err := ringOfSeed(childSeedHex)
		if err != nil {
			t.Fatal(err)
		}
		store := mustCounted(t, database)
		command, out := mustStartChild(t, "change", database)
		readUntilKilled(t, command, out, 1)
		wantCounted(t, store, 0)

		l, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring)})
		command, out = mustStartChild(t, "changes", database)
		var beside sync.WaitGroup
		var here []string
		beside.Go(func() {
			for i := range 20 {
				id := fmt.Sprintf("here-%d", i)
				if recordCount(t.Context(), l, id) == nil { // the other one may keep it out for too long
					here = append(here, id)
				}
				_ = l.Record(t.Context(), record(i))
			}
		})
		acknowledged := readUntilKilled(t, command, out, 200)
		beside.Wait()
		acknowledged = append(acknowledged, here...)
		mustCount(t, l, "after the kill") // and after what the database still did for the killed one
		recorded := recordedChanges(t, store)
		wantCounted(t, store, len(recorded))
		for _, id := range acknowledged {
			if !slices.Contains(recorded, id) {
				t.Errorf("change %s was acknowledged and is lost", id)
			}
		}
		stop()
		if got := mustVerify(t, store, ring); got.Unsigned != 0 {
			t.Errorf("%d records are unsigned", got.Unsigned)
		}
	})
}

// changeAndWait tells that the rows are changed, and waits to be killed before the commit.
func changeAndWait(ctx context.Context, l *audit.Log, out *bufio.Writer) error {
	return l.RecordChange(ctx, func(tx storage.Tx) (walletport.AuditRecord, error) {
		if err := count(tx); err != nil {
			return walletport.AuditRecord{}, err
		}
		fmt.Fprintln(out, "changed")
		if err := out.Flush(); err != nil {
			return walletport.AuditRecord{}, err
		}
		select {}
	})
}

// changeForever prints the request id of each change that it was told is durable.
func changeForever(ctx context.Context, l *audit.Log) error {
	failed := make(chan error)
	for worker := range 4 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("worker-%d-%d", worker, i)
				err := errors.Join(recordCount(ctx, l, id), l.Record(ctx, record(i)))
				if err == nil {
					_, err = fmt.Println(id)
				}
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// goneStore undoes what a change did, and is gone when the change is to be called again.
type goneStore struct{ audit.Store }

func (goneStore) Update(ctx context.Context, change func(storage.Tx) error) error {
	_ = change(nil)
	return storage.ErrUnavailable(ctx, errors.New("no connection"))
}

// TestOnlyTheLastCallOfAChangeRefuses: what an earlier call of it said, when the database
// failed below it, is not the answer.
func TestOnlyTheLastCallOfAChangeRefuses(t *testing.T) {
	seen := &observed{}
	l, _ := mustRun(t, audit.Config{Store: goneStore{mustOpen(t, storagetest.MigratedFile(t, openDatabase))}, Observer: seen})
	err := l.RecordChange(t.Context(), func(storage.Tx) (walletport.AuditRecord, error) {
		return walletport.AuditRecord{}, errors.New("a row could not be changed")
	})
	wantUnavailable(t, "RecordChange", err)
	if seen.failed != 1 {
		t.Errorf("%d failures were told, want one", seen.failed)
	}
}
