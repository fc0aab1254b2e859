package audit_test

import (
	"crypto"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

// mustRecord records one after the other and lets the signer work in between.
func mustRecord(t *testing.T, l *audit.Log, n int) {
	t.Helper()
	for i := range n {
		if err := l.Record(t.Context(), record(i)); err != nil {
			t.Fatalf("Record: %v", err)
		}
		synctest.Wait()
	}
}

func TestCheckpointsAreMadeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring, m, seen := checkpointRing(t), newMemory(), &observed{}
		l, stop := mustRun(t, audit.Config{
			Store: m, Keys: keystest.NewSource(ring), Observer: seen,
			Settings: audit.Settings{CheckpointEvery: 10, CheckpointInterval: time.Minute},
		})
		mustRecord(t, l, 25) // signed at 10 and 20
		time.Sleep(61 * time.Second)
		synctest.Wait()             // signed at 25, by time
		time.Sleep(3 * time.Minute) // nothing new
		mustRecord(t, l, 2)         // signed at 27, by the shutdown
		stop()
		want := []int64{10, 20, 25, 27}
		if !slices.Equal(m.signedSeqs(), want) || !slices.Equal(seen.signed, want) {
			t.Errorf("checkpoints at %v, observed %v, want %v", m.signedSeqs(), seen.signed, want)
		}
		if got := mustVerify(t, m, ring); got.Checkpoints != 4 || got.Unsigned != 0 {
			t.Errorf("Verify = %+v", got)
		}
		// A second start counts from where it stands.
		l, stop = mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Settings: audit.Settings{CheckpointEvery: 10}})
		mustRecord(t, l, 3)
		stop()
		if got := m.signedSeqs(); got[len(got)-1] != 30 || len(got) != 5 {
			t.Errorf("after a second start: checkpoints at %v", got)
		}
	})
}

func TestACheckpointThatFailsIsTriedAgain(t *testing.T) {
	refusing := *keystest.Key(t, keys.Meta{Purpose: keys.AuditCheckpoint})
	refusing.Signer = brokenSigner{refusing.Signer}
	rsa := *keystest.Key(t, keys.Meta{Purpose: keys.TAVSigning})
	rsa.Purpose = keys.AuditCheckpoint
	for _, c := range []struct {
		name string
		ring *keys.Ring
		want string
	}{
		{"no key", keys.NewRing(nil), "key_unavailable"},
		{"a key that does not sign", keys.NewRing([]*keys.Key{&refusing}), "sign audit checkpoint"},
		{"a key of another kind", keys.NewRing([]*keys.Key{&rsa}), "Ed25519"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, seen, source := newMemory(), &observed{}, keystest.NewSource(c.ring)
				l, stop := mustRun(t, audit.Config{Store: m, Keys: source, Observer: seen, Settings: audit.Settings{CheckpointEvery: 4}})
				mustRecord(t, l, 6) // records go on; one attempt, not three
				if len(seen.unsaved) != 1 || !strings.Contains(seen.unsaved[0].Error(), c.want) {
					t.Errorf("observed %v", seen.unsaved)
				}
				good := checkpointRing(t)
				source.Replace(good)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if !slices.Equal(m.signedSeqs(), []int64{6}) {
					t.Errorf("checkpoints at %v, want [6]", m.signedSeqs())
				}
				stop()
				mustVerify(t, m, good)
			})
		})
	}
}

type brokenSigner struct{ crypto.Signer }

func (brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("the module is away")
}

// TestALossIsSigned: the database is set back while the Log runs, which leaves
// a chain that is whole in itself.
func TestALossIsSigned(t *testing.T) {
	for _, c := range []struct {
		name string
		back func(m *memory)
		kind audit.Kind
		seq  int64
		more int // records afterwards
	}{
		{"the last records are gone", func(m *memory) { m.setBack(3) }, audit.Truncated, 5, 1},
		{"the last records are gone and others came", func(m *memory) { m.setBack(3) }, audit.CheckpointMismatch, 6, 4},
		{"the last record is another", func(m *memory) { m.rewrite(6) }, audit.CheckpointMismatch, 6, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := mustLog(t, 6)
				l.m.tamper(func() { c.back(l.m) })
				mustRecord(t, l.Log, c.more)
				l.wantBroken(t, c.kind, c.seq)
				l.stop()
				l.wantLost(t, 6)
			})
		})
	}
	t.Run("at the shutdown too", func(t *testing.T) {
		ring, m := checkpointRing(t), newMemory()
		l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
		for i := range 6 {
			if err := l.Record(t.Context(), record(i)); err != nil {
				t.Fatal(err)
			}
		}
		m.lock.Lock()
		m.setBack(2)
		m.lock.Unlock()
		if err := l.Record(t.Context(), record(7)); err != nil {
			t.Fatal(err)
		}
		stop()
		_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(ring))
		wantBreak(t, err, audit.Truncated, 4)
	})
}

// TestARewriteThatWentOnIsALoss: the trail has become longer than this server made it, so that
// the number of its last record says nothing.
func TestARewriteThatWentOnIsALoss(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(t *testing.T, l *audit.Log)
	}{
		{"while it idles", func(*testing.T, *audit.Log) { pass(61 * time.Second) }},
		{"while it writes on", func(t *testing.T, l *audit.Log) { mustRecord(t, l, 3); pass(61 * time.Second) }},
		{"at its end", func(*testing.T, *audit.Log) {}},
		{"at its end, when it wrote on", func(t *testing.T, l *audit.Log) { mustRecord(t, l, 3) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := mustLog(t, 6)
				l.m.tamper(func() { l.m.rewrite(4); l.m.goOn() })
				c.after(t, l.Log)
				l.stop()
				l.wantLost(t, 6)
				l.wantBroken(t, audit.CheckpointMismatch, 6)
			})
		})
	}
	t.Run("of a record that is missing within", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := mustLog(t, 6)
			l.m.tamper(func() { l.m.goOn(); l.m.entries = slices.Delete(l.m.entries, 5, 6) })
			pass(61 * time.Second)
			l.stop()
			l.wantLost(t, 6)
		})
	})
	t.Run("of a record of long ago", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := mustTakeTurns(t, 1000)
			l.m.tamper(func() {
				l.m.checkpoints, l.m.notes, l.m.nodes = nil, nil, nil
				l.m.rewrite(1990)
			})
			pass(61 * time.Second)
			l.stop()
			l.wantLost(t, 1999)
		})
	})
}

// mustTakeTurns returns a Log that wrote n records, behind each of which another one wrote one,
// which has ended.
func mustTakeTurns(t *testing.T, n int) *logged {
	t.Helper()
	l := mustLog(t, 0)
	other, stop := mustRun(t, audit.Config{Store: l.m, Keys: keystest.NewSource(l.ring)})
	for range n {
		mustRecord(t, l.Log, 1)
		mustRecord(t, other, 1)
	}
	stop()
	return l
}

// TestALossIsToldOfOnceByWhoWroteBetweenOthers, of whose records several are gone.
func TestALossIsToldOfOnceByWhoWroteBetweenOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustTakeTurns(t, 4)
		l.m.tamper(func() { l.m.setBack(2) })
		mustRecord(t, l.Log, 2)
		pass(61 * time.Second)
		l.stop()
		l.wantLost(t, 7)
	})
}

// TestWhatCannotBeReadIsComparedTheNextTime with what is stored.
func TestWhatCannotBeReadIsComparedTheNextTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustLog(t, 6)
		l.m.tamper(func() {
			l.m.rewrite(4)
			l.m.goOn()
			l.m.readFail = func(string) error { return errors.New("away") }
		})
		mustRecord(t, l.Log, 1) // behind the end of the forged trail
		pass(61 * time.Second)
		l.wantLost(t)
		l.m.tamper(func() { l.m.readFail = nil })
		pass(time.Minute)
		l.wantLost(t, 6)
		l.stop()
	})
}

// goOn appends a record, as another server would.
func (m *memory) goOn() {
	e := storage.AuditEntry{Seq: m.head.Seq + 1, Record: record(int(m.head.Seq))}
	hash := audit.Hash(m.head.Hash, e.Seq, &e.Record)
	e.Hash = hash[:]
	m.entries = append(m.entries, e)
	m.head = storage.AuditHead{Seq: e.Seq, Hash: e.Hash}
}

func (m *memory) setBack(to int) {
	m.entries = m.entries[:to]
	m.head = storage.AuditHead{Seq: int64(to), Hash: m.entries[to-1].Hash}
}

// TestAnotherReplicasRecordsAreNoLoss: two Logs take turns.
func TestAnotherReplicasRecordsAreNoLoss(t *testing.T) {
	ring, m, seen := checkpointRing(t), newMemory(), &observed{}
	var logs []walletport.AuditRecorder
	for range 2 {
		l, _ := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen})
		logs = append(logs, l)
	}
	for i := range 20 {
		if err := logs[i%2].Record(t.Context(), record(i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := mustVerify(t, m, ring); got.Records != 20 || len(seen.lost) != 0 {
		t.Errorf("Verify = %+v, losses %v", got, seen.lost)
	}
}
