package audit_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

// crashed returns a chain of n records that a killed server left unsigned.
func crashed(t *testing.T, ring *keys.Ring, n int) *memory {
	t.Helper()
	m := mustChain(t, ring, n)
	m.checkpoints, m.notes = nil, nil
	return m
}

func TestWhatACrashLeftUnsignedIsSigned(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(t *testing.T, l *audit.Log)
		want  []int64
	}{
		{"at the start, before anything is recorded", func(t *testing.T, _ *audit.Log) { synctest.Wait() }, []int64{7}},
		{"and what is recorded then is signed by itself", func(t *testing.T, l *audit.Log) { mustRecord(t, l, 3) }, []int64{7, 10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ring := checkpointRing(t)
				m, seen := crashed(t, ring, 7), &observed{}
				l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen})
				c.after(t, l)
				stop()
				if !slices.Equal(m.signedSeqs(), c.want) || len(seen.unsaved) > 0 {
					t.Errorf("checkpoints at %v (%v), want %v", m.signedSeqs(), seen.unsaved, c.want)
				}
				if got := mustVerify(t, m, ring); got.Unsigned != 0 {
					t.Errorf("%d records are unsigned", got.Unsigned)
				}
			})
		})
	}
	t.Run("at the shutdown, where there was no key before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ring := checkpointRing(t)
			m, source := crashed(t, ring, 7), keystest.NewSource(keys.NewRing(nil))
			_, stop := mustRun(t, audit.Config{Store: m, Keys: source})
			synctest.Wait()
			source.Replace(ring)
			stop()
			if !slices.Equal(m.signedSeqs(), []int64{7}) {
				t.Errorf("checkpoints at %v", m.signedSeqs())
			}
		})
	})
	t.Run("by the interval, if another server is killed while this one idles", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ring := checkpointRing(t)
			m := newMemory()
			_, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
			synctest.Wait()
			other := crashed(t, ring, 7)
			m.lock.Lock()
			m.entries, m.head = other.entries, other.head
			m.lock.Unlock()
			time.Sleep(61 * time.Second)
			synctest.Wait()
			if got := m.signedSeqs(); len(got) > 0 {
				t.Errorf("checkpoints at %v within an interval: that is the other server's to do", got)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := m.signedSeqs(); !slices.Equal(got, []int64{7}) {
				t.Errorf("checkpoints at %v after two intervals, want [7]", got)
			}
			stop()
		})
	})
}

// TestANoteThatIsMissingIsMade though nothing is recorded any more.
func TestANoteThatIsMissingIsMade(t *testing.T) {
	t.Run("where another server is killed behind its signature", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ring, m := checkpointRing(t), newMemory()
			_, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
			synctest.Wait()
			other := mustChain(t, ring, 7)
			m.tamper(func() { m.entries, m.head, m.checkpoints = other.entries, other.head, other.checkpoints })
			pass(2*time.Minute + time.Second)
			if m.noteAt(7) == nil {
				t.Error("there is no note over the 7 records")
			}
			stop()
		})
	})
	t.Run("where the database was away", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := mustLog(t, 7)
			l.m.tamper(func() {
				l.m.readFail = func(method string) error {
					if method == "LastNote" {
						return errors.New("away")
					}
					return nil
				}
			})
			pass(time.Minute + time.Second)
			if noted, refused := l.seen.notes(); len(refused) == 0 || len(noted) > 0 {
				t.Fatalf("noted %v, refused %v", noted, refused)
			}
			l.m.tamper(func() { l.m.readFail = nil })
			for range 2 { // and once it stands there is nothing to do
				pass(5 * time.Minute)
				if noted, _ := l.seen.notes(); l.m.noteAt(7) == nil || !slices.Equal(noted, []int64{7}) {
					t.Errorf("told of %v", noted)
				}
			}
			l.stop()
		})
	})
}

func TestALossIsNoticedWithoutTraffic(t *testing.T) {
	t.Run("by a server that wrote what is gone, within an interval", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := mustLog(t, 6)
			l.m.tamper(func() { l.m.setBack(3) })
			pass(5 * time.Minute)
			l.wantLost(t, 6)
			l.wantBroken(t, audit.Truncated, 4)
			l.stop()
		})
	})
	t.Run("at the start, by a checkpoint behind the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ring, seen := checkpointRing(t), &observed{}
			m := mustChain(t, ring, 6)
			m.setBack(4)
			_, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen})
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			stop()
			if !slices.Equal(seen.early, []int64{6}) || len(seen.lost) > 0 {
				t.Errorf("observed an early end before %v and losses %v, want the first, before record 6", seen.early, seen.lost)
			}
		})
	})
	t.Run("a checkpoint that none of our keys made accuses nobody", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ring, seen := checkpointRing(t), &observed{}
			m := mustChain(t, ring, 3)
			m.checkpoints = append(m.checkpoints, storage.Checkpoint{Seq: 99, Hash: make([]byte, 32), KeyID: "audit-checkpoint-v1", Signature: make([]byte, 64)})
			_, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen})
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			stop()
			if len(seen.lost)+len(seen.early) > 0 {
				t.Errorf("observed losses %v %v", seen.lost, seen.early)
			}
		})
	})
}

func TestLacks(t *testing.T) {
	old := start.Add(-time.Hour)
	for _, c := range []struct {
		name string
		s    audit.Summary
		want []string
	}{
		{"a trail that is signed to its end", audit.Summary{Records: 9, FirstSeq: 1, LastSeq: 9}, nil},
		{"one whose end is about to be signed", audit.Summary{Records: 9, FirstSeq: 1, LastSeq: 9, Unsigned: 3, UnsignedSince: start.Add(-time.Minute)}, nil},
		{"none at all", audit.Summary{}, []string{"empty"}},
		{"one without its beginning", audit.Summary{Records: 9, FirstSeq: 200, LastSeq: 208}, []string{"beginning"}},
		{"one whose end nobody signed", audit.Summary{Records: 9, FirstSeq: 1, LastSeq: 9, Unsigned: 3, UnsignedSince: old}, []string{"signature"}},
		{"the middle of one", audit.Summary{Records: 9, FirstSeq: 2, LastSeq: 10, Unsigned: 9, UnsignedSince: old}, []string{"beginning", "signature"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, lack := range c.s.Lacks(start, time.Minute) {
				got = append(got, lack.Code)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Lacks = %v, want %v", got, c.want)
			}
		})
	}
	s := audit.Summary{Records: 1, FirstSeq: 1, LastSeq: 1, Unsigned: 1, UnsignedSince: old}
	if len(s.Lacks(start, time.Hour)) > 0 {
		t.Error("a signature is missed before its interval is over")
	}
}

func TestVerifyOfATrailWithoutCheckpoints(t *testing.T) {
	m := crashed(t, checkpointRing(t), 12)
	got := mustVerify(t, m, checkpointRing(t))
	if got.Unsigned != 12 || !got.UnsignedSince.Equal(m.entries[0].Record.Time) {
		t.Errorf("Verify = %d unsigned since %s, want all, since the first", got.Unsigned, got.UnsignedSince)
	}
	if len(got.Lacks(start.Add(24*time.Hour), time.Minute)) != 1 {
		t.Error("nothing is missed")
	}
}

func TestSignedLate(t *testing.T) {
	ring := checkpointRing(t)
	for _, c := range []struct {
		name       string
		signed     time.Duration // of the checkpoint at record 6, after record 4 began
		late, from int64
	}{
		{"within ten minutes", 10 * time.Minute, 0, 0},
		{"later, as after a night's outage", 8 * time.Hour, 3, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			for _, half := range []struct {
				from int
				at   time.Time
			}{{0, record(0).Time.Add(time.Minute)}, {3, record(3).Time.Truncate(time.Millisecond).Add(c.signed)}} {
				l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Clock: func() time.Time { return half.at }})
				for i := range 3 {
					if err := l.Record(t.Context(), record(half.from+i)); err != nil {
						t.Fatal(err)
					}
				}
				stop()
			}
			if got := mustVerify(t, m, ring); got.SignedLate != c.late || got.SignedLateFrom != c.from {
				t.Errorf("%d signed late, from %d; want %d from %d", got.SignedLate, got.SignedLateFrom, c.late, c.from)
			}
		})
	}
}

func TestNotedRecordsAreDemanded(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 12)
	hash := func(seq int64) []byte { return m.entries[seq-1].Hash }
	whole := strings.Join(mustExport(t, m, audit.ExportOptions{Keys: ring}), "")
	part := strings.Join(mustExport(t, m, audit.ExportOptions{Keys: ring, FromSeq: 5}), "")
	for _, c := range []struct {
		name     string
		noted    []audit.Noted
		trail    audit.Kind // of the break in the whole trail, "" for none
		export   audit.Kind // in the export from record 5 on
		trailSeq int64
	}{
		{name: "the end", noted: []audit.Noted{{Seq: 12, Hash: hash(12)}}},
		{name: "one in the middle, twice, and the end", noted: []audit.Noted{{Seq: 7, Hash: hash(7)}, {Seq: 12}, {Seq: 7}}},
		{name: "the one before a part", noted: []audit.Noted{{Seq: 4, Hash: hash(4)}}},
		{name: "one before a part", noted: []audit.Noted{{Seq: 3, Hash: hash(3)}}, export: audit.Removed},
		{name: "another record", noted: []audit.Noted{{Seq: 7, Hash: hash(8)}}, trail: audit.Rewritten, trailSeq: 7, export: audit.Rewritten},
		{name: "one that never came", noted: []audit.Noted{{Seq: 13}}, trail: audit.Truncated, trailSeq: 13, export: audit.Truncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := func(what string, err error, kind audit.Kind, seq int64) {
				t.Helper()
				if kind != "" {
					wantBreak(t, err, kind, seq)
				} else if err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(ring), c.noted...)
			check("Verify", err, c.trail, c.trailSeq)
			_, err = audit.VerifyExport(t.Context(), strings.NewReader(whole), publicOf(t, ring), c.noted...)
			check("VerifyExport", err, c.trail, c.trailSeq)
			_, err = audit.VerifyExport(t.Context(), strings.NewReader(part), publicOf(t, ring), c.noted...)
			check("VerifyExport of a part", err, c.export, 0)
		})
	}
}

func TestExportGoesOnBehindAnEarlierOne(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 12)
	hash := func(seq int64) []byte { return m.entries[seq-1].Hash }
	for _, c := range []struct {
		name  string
		after audit.Noted
		first int64 // 0: no lines
		kind  audit.Kind
	}{
		{"behind a number", audit.Noted{Seq: 5}, 6, ""},
		{"behind a record", audit.Noted{Seq: 5, Hash: hash(5)}, 6, ""},
		{"behind nothing", audit.Noted{}, 1, ""},
		{"behind the end", audit.Noted{Seq: 12, Hash: hash(12)}, 0, ""},
		{"behind another record", audit.Noted{Seq: 5, Hash: hash(6)}, 6, audit.Rewritten},
		{"behind a record that is gone", audit.Noted{Seq: 15}, 0, audit.Truncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			made, err := audit.Export(t.Context(), m, &out, audit.ExportOptions{Keys: ring, Now: start, After: &c.after})
			if c.kind != "" {
				wantBreak(t, err, c.kind, 0)
			} else if err != nil {
				t.Fatal(err)
			}
			lines := strings.Count(out.String(), "\n")
			if want := int(13-c.first) % 13; lines != want {
				t.Errorf("%d lines, want %d", lines, want)
			}
			if last := min(c.first, 1) * 12; made.FirstWritten != c.first || made.LastWritten != last || made.Unwritten != nil {
				t.Errorf("it says records %d to %d, unwritten %v", made.FirstWritten, made.LastWritten, made.Unwritten)
			}
			if signed := strings.Contains(out.String(), `"end"`); signed != (c.kind == "" && lines > 0) {
				t.Errorf("the end is signed: %v", signed)
			}
		})
	}
	t.Run("the parts are the whole", func(t *testing.T) {
		var whole audit.Summary
		for _, o := range []audit.ExportOptions{{Keys: ring}, {Keys: ring, After: &audit.Noted{Seq: 5}}} {
			part := m.clone()
			if o.After == nil {
				part.setBack(5)
				part.checkpoints = part.checkpoints[:1]
			}
			lines := strings.Join(mustExport(t, part, o), "")
			s, err := audit.VerifyExport(t.Context(), strings.NewReader(lines), publicOf(t, ring))
			if err != nil {
				t.Fatal(err)
			}
			whole = whole.Then(s)
		}
		if whole.Records != 12 || whole.FirstSeq != 1 || whole.LastSeq != 12 || whole.Checkpoints != 4 || !bytes.Equal(whole.Head, m.head.Hash) {
			t.Errorf("both together are %+v", whole)
		}
	})
}
