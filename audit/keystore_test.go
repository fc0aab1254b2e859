package audit_test

import (
	"errors"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

// checkpointKey returns a new audit-checkpoint key of a version: no two are the same.
func checkpointKey(t testing.TB, version int, state keys.State) *keys.Key {
	t.Helper()
	return keystest.Key(t, keys.Meta{Purpose: keys.AuditCheckpoint, Version: version, State: state})
}

// signedBy returns a trail of three records for each ring, signed with it.
func signedBy(t *testing.T, rings ...*keys.Ring) *memory {
	t.Helper()
	m := newMemory()
	for _, ring := range rings {
		l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
		mustRecordAll(t, l, 3, 1)
		stop()
	}
	return m
}

func TestCheckKeysTellsAForeignStoreFromTheRightOne(t *testing.T) {
	first, second := checkpointKey(t, 1, keys.Active), checkpointKey(t, 2, keys.Active)
	retired := *first
	retired.State = keys.Retired
	one, both := keys.NewRing([]*keys.Key{first}), keys.NewRing([]*keys.Key{&retired, second})
	forge := func(m *memory, at int) { m.checkpoints[at].Signature = make([]byte, 64) }
	for _, c := range []struct {
		name  string
		trail []*keys.Ring
		edit  func(*memory)
		ring  *keys.Ring
		want  string
	}{
		{name: "an empty trail", ring: checkpointRing(t)},
		{name: "a trail without a checkpoint", trail: []*keys.Ring{keys.NewRing(nil)}, ring: checkpointRing(t)},
		{name: "the store that signed", trail: []*keys.Ring{one}, ring: one},
		{name: "the signing key was retired since", trail: []*keys.Ring{one}, ring: both},
		{name: "the key was rotated", trail: []*keys.Ring{one, both}, ring: both},
		{name: "another store of the same ids", trail: []*keys.Ring{one}, ring: checkpointRing(t), want: audit.ReasonForeign},
		{name: "another store, which lacks the last id", trail: []*keys.Ring{one, both}, ring: checkpointRing(t), want: audit.ReasonForeign},
		{name: "an older copy of the store", trail: []*keys.Ring{one, both}, ring: one, want: audit.ReasonKeyMissing},
		{name: "a store without keys", trail: []*keys.Ring{one}, ring: keys.NewRing(nil), want: audit.ReasonKeyMissing},
		{name: "the last checkpoint was edited", trail: []*keys.Ring{one, one}, edit: func(m *memory) { forge(m, 1) }, ring: one},
		{name: "all checkpoints were edited", trail: []*keys.Ring{one, one}, edit: func(m *memory) { forge(m, 0); forge(m, 1) }, ring: one, want: audit.ReasonForeign},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := signedBy(t, c.trail...)
			if c.edit != nil {
				c.edit(m)
			}
			if err := audit.CheckKeys(t.Context(), m, c.ring); walletport.ReasonOf(err) != c.want {
				t.Errorf("CheckKeys: %v, want %q", err, c.want)
			}
		})
	}
}

func TestCheckKeysReturnsTheErrorsOfTheDatabase(t *testing.T) {
	for _, method := range []string{"LastCheckpoint", "Checkpoints"} {
		t.Run(method, func(t *testing.T) {
			m, away := signedBy(t, checkpointRing(t)), errors.New("away")
			m.readFail = func(of string) error {
				if of == method {
					return away
				}
				return nil
			}
			if err := audit.CheckKeys(t.Context(), m, checkpointRing(t)); !errors.Is(err, away) {
				t.Errorf("CheckKeys: %v", err)
			}
		})
	}
}

// The store may be exchanged while a server runs, and each key store begins with
// audit-checkpoint-v1.
func TestALogSignsNothingWithAForeignStore(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		right := checkpointRing(t)
		source, seen := keystest.NewSource(right), &observed{}
		l, stop := mustRun(t, audit.Config{Store: store, Keys: source, Observer: seen, Settings: audit.Settings{CheckpointEvery: 1}})
		mustRecordAll(t, l, 1, 1)
		for len(signedSoFar(seen)) == 0 {
			mustRecordAll(t, l, 1, 1)
		}
		source.Replace(checkpointRing(t))
		mustRecordAll(t, l, 4, 1)
		stop()
		if _, err := audit.Verify(t.Context(), store, audit.TrustedKeys(right)); err != nil {
			t.Errorf("with the right store back: %v", err)
		}
		if len(seen.unsaved) == 0 || walletport.ReasonOf(seen.unsaved[len(seen.unsaved)-1]) != audit.ReasonForeign {
			t.Errorf("the observer was told %v", seen.unsaved)
		}
		l, stop = mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(right)})
		mustRecordAll(t, l, 1, 1)
		stop()
		if got := mustVerify(t, store, right); got.Unsigned != 0 {
			t.Errorf("%d records stay unsigned", got.Unsigned)
		}
	})
}

func signedSoFar(o *observed) []int64 {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.signed
}

func TestALostKeyIsSucceededByADeliberateAct(t *testing.T) {
	lost, next := checkpointRing(t), keys.NewRing([]*keys.Key{checkpointKey(t, 2, keys.Active)})
	m := signedBy(t, lost)
	record := func(keyLost bool) {
		l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(next), KeyLost: keyLost})
		mustRecordAll(t, l, 2, 1)
		stop()
	}
	record(false)
	if len(m.checkpoints) != 1 {
		t.Fatalf("%d checkpoints without the act, want 1", len(m.checkpoints))
	}
	record(true)
	record(false)
	signed := len(m.checkpoints)
	if m.checkpoints[signed-1].Seq != m.head.Seq {
		t.Fatal("the end of the trail is not signed after it")
	}
	both := keys.NewRing(append(lost.All(), next.All()...))
	if got := mustVerify(t, m, both); got.Unsigned != 0 {
		t.Errorf("%d records are not signed", got.Unsigned)
	}
	l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(checkpointRing(t)), KeyLost: true})
	mustRecordAll(t, l, 1, 1)
	stop()
	if len(m.checkpoints) != signed {
		t.Error("the act let a foreign store sign")
	}
}
