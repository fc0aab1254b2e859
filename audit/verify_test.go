package audit_test

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

func TestVerifySumsUp(t *testing.T) {
	ring := checkpointRing(t)
	for _, c := range []struct {
		name    string
		records int
		want    audit.Summary
	}{
		// The clock of their checkpoints is an hour ahead.
		{name: "an empty trail", want: audit.Summary{}},
		{name: "one record", records: 1, want: audit.Summary{Records: 1, FirstSeq: 1, LastSeq: 1, Checkpoints: 1, SignedLate: 1, SignedLateFrom: 1}},
		{name: "more than a page of records", records: 1100, want: audit.Summary{Records: 1100, FirstSeq: 1, LastSeq: 1100, Checkpoints: 11, SignedLate: 1100, SignedLateFrom: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustChain(t, ring, c.records)
			if c.records > 0 {
				c.want.FirstTime = m.entries[0].Record.Time
				c.want.LastTime = m.entries[c.records-1].Record.Time
				c.want.Previous, c.want.Head = make([]byte, 32), m.head.Hash
				c.want.Notes = c.want.Checkpoints
			}
			got := mustVerify(t, m, ring)
			if c.records > 0 && (got.Tree == nil || got.Tree.Size != int64(c.records)) {
				t.Errorf("the last note is %+v", got.Tree)
			}
			got.Tree = nil
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Verify differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyTellsConcurrencyFromAClockThatWentBack(t *testing.T) {
	ring := checkpointRing(t)
	second, hour := time.Second, time.Hour
	for _, c := range []struct {
		name                string
		times               []time.Duration // of the records, in the order of their numbers
		outOfOrder, steps   int64
		by, back            time.Duration
		firstStep, unsigned int64
	}{
		{name: "one after the other", times: []time.Duration{0, second, second, 2 * second}, unsigned: 4},
		{name: "calls that ran at once", times: []time.Duration{5 * second, 9 * second, 2 * second, 3 * second, 10 * second}, outOfOrder: 2, by: 7 * second, unsigned: 5},
		{name: "a call of a minute", times: []time.Duration{60 * second, 0}, outOfOrder: 1, by: time.Minute, unsigned: 2},
		{name: "a clock that was set back once", times: []time.Duration{2 * hour, 2*hour + second, 0, second, 2 * second}, steps: 1, back: 2*hour + second, firstStep: 3, unsigned: 5},
		{name: "two replicas, one an hour behind", times: []time.Duration{hour, 0, hour, 0}, steps: 2, back: hour, firstStep: 2, unsigned: 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
			for _, at := range c.times {
				r := record(1)
				r.Time = start.Add(at)
				if err := l.Record(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			stop()
			m.checkpoints = nil
			got := mustVerify(t, m, ring)
			if got.OutOfOrder != c.outOfOrder || got.OutOfOrderBy != c.by {
				t.Errorf("%d records out of order by up to %s, want %d by %s", got.OutOfOrder, got.OutOfOrderBy, c.outOfOrder, c.by)
			}
			if got.ClockSteps != c.steps || got.ClockBack != c.back || got.ClockStepAt != c.firstStep {
				t.Errorf("%d clock steps of up to %s, first at %d; want %d of %s at %d", got.ClockSteps, got.ClockBack, got.ClockStepAt, c.steps, c.back, c.firstStep)
			}
			if got.Unsigned != c.unsigned {
				t.Errorf("%d records unsigned, want %d", got.Unsigned, c.unsigned)
			}
		})
	}
}

// tampering is one way to attack the 12 records of a trail with checkpoints at 3,
// 6, 9 and 12.
type tampering struct {
	name string
	do   func(m *memory)
	kind audit.Kind
	seq  int64
}

func tamperings(t *testing.T) []tampering {
	other := checkpointRing(t)
	return []tampering{
		{"a changed field", func(m *memory) { m.entries[4].Record.AuditUser = "someone else" }, audit.Changed, 5},
		{"a changed field of the last record", func(m *memory) { m.entries[11].Record.CardID++ }, audit.Changed, 12},
		{"a changed step-up", func(m *memory) { m.entries[3].Record.StepUp = "eba-sca/none" }, audit.Changed, 4},
		{"a removed step-up", func(m *memory) { m.entries[3].Record.StepUp = "" }, audit.Changed, 4},
		{"an added step-up", func(m *memory) { m.entries[4].Record.StepUp = "eba-sca/fido" }, audit.Changed, 5},
		{"a changed hash", func(m *memory) { m.entries[4].Hash = make([]byte, 32) }, audit.Changed, 5},
		{"a changed field with its hash recomputed", func(m *memory) {
			m.entries[3].Record.Outcome = "forged"
			hash := audit.Hash(m.entries[2].Hash, 4, &m.entries[3].Record)
			m.entries[3].Hash = hash[:]
		}, audit.Changed, 5},
		{"a removed record", func(m *memory) { m.entries = slices.Delete(m.entries, 4, 5) }, audit.Removed, 5},
		{"a removed record, the ones after it renumbered", func(m *memory) {
			m.entries = slices.Delete(m.entries, 4, 6)
			m.renumber()
		}, audit.Removed, 5},
		{"a removed first record", func(m *memory) { m.entries = m.entries[1:] }, audit.Removed, 1},
		{"an inserted record", func(m *memory) {
			m.entries = slices.Insert(m.entries, 4, storage.AuditEntry{Record: record(99), Hash: make([]byte, 32)})
			m.renumber()
		}, audit.Inserted, 5},
		{"two records that changed places", func(m *memory) {
			m.entries[4], m.entries[5] = m.entries[5], m.entries[4]
			m.renumber()
		}, audit.Reordered, 5},
		{"two distant records that changed places", func(m *memory) {
			m.entries[4], m.entries[9] = m.entries[9], m.entries[4]
			m.renumber()
		}, audit.Reordered, 5},
		{"a tail that is gone", func(m *memory) { m.entries = m.entries[:10] }, audit.Truncated, 11},
		{"a tail that is gone with the head set back", func(m *memory) {
			m.entries = m.entries[:10]
			m.head = storage.AuditHead{Seq: 10, Hash: m.entries[9].Hash}
		}, audit.Truncated, 11},
		{"a trail that is gone altogether", func(m *memory) {
			m.entries = nil
			m.head = storage.AuditHead{Hash: make([]byte, 32)}
		}, audit.Truncated, 1},
		{"a head with another hash", func(m *memory) { m.head.Hash = make([]byte, 32) }, audit.HeadMismatch, 12},
		{"a head that is set back alone", func(m *memory) {
			m.head = storage.AuditHead{Seq: 11, Hash: m.entries[10].Hash}
		}, audit.HeadMismatch, 12},
		{"a trail that was rewritten from a record on", func(m *memory) { m.rewrite(4) }, audit.CheckpointMismatch, 6},
		{"a forged signature", func(m *memory) { m.checkpoints[1].Signature = make([]byte, 64) }, audit.CheckpointForged, 6},
		{"a checkpoint with another time", func(m *memory) {
			m.checkpoints[1].Time = m.checkpoints[1].Time.Add(time.Hour)
		}, audit.CheckpointForged, 6},
		{"a checkpoint behind the end with a forged signature", func(m *memory) {
			m.checkpoints = append(m.checkpoints, storage.Checkpoint{Seq: 13, KeyID: m.checkpoints[0].KeyID, Hash: make([]byte, 32)})
		}, audit.CheckpointForged, 13},
		{"a checkpoint of an unknown key", func(m *memory) { m.checkpoints[1].KeyID = "audit-checkpoint-v7" }, audit.CheckpointKeyUnknown, 6},
		{"a checkpoint of another key with that id", func(m *memory) {
			forger := other.All()[0]
			c := mustChain(t, other, 6).checkpoints[1]
			c.KeyID = string(forger.ID)
			m.checkpoints[1] = c
		}, audit.CheckpointForged, 6},
	}
}

func (m *memory) clone() *memory {
	return &memory{
		head: m.head, entries: slices.Clone(m.entries), checkpoints: slices.Clone(m.checkpoints),
		nodes: slices.Clone(m.nodes), notes: slices.Clone(m.notes), cosignatures: slices.Clone(m.cosignatures),
	}
}

func (m *memory) renumber() {
	for i := range m.entries {
		m.entries[i].Seq = int64(i + 1)
	}
}

// rewrite changes record from and computes all hashes after it anew, as one who
// can write every table would.
func (m *memory) rewrite(from int) {
	m.entries[from-1].Record.Outcome = "forged"
	previous := make([]byte, 32)
	for i := range m.entries {
		hash := audit.Hash(previous, int64(i+1), &m.entries[i].Record)
		m.entries[i].Hash = hash[:]
		previous = hash[:]
	}
	m.head.Hash = previous
}

func TestVerifyNamesTheTampering(t *testing.T) {
	ring := checkpointRing(t)
	for _, c := range tamperings(t) {
		t.Run(c.name, func(t *testing.T) {
			m := mustChain(t, ring, 12)
			c.do(m)
			_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(ring))
			wantBreak(t, err, c.kind, c.seq)
		})
	}
}

// TestVerifyFindsAnyEdit makes up edits and asks only that none goes unnoticed.
func TestVerifyFindsAnyEdit(t *testing.T) {
	ring := checkpointRing(t)
	good := mustChain(t, ring, 12)
	changes := fieldChanges()
	names := []string{"remove", "insert", "swap", "truncate", "rewrite"}
	for name := range changes {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(rt *rapid.T) {
		m := good.clone()
		edit := rapid.SampledFrom(names).Draw(rt, "edit")
		at := rapid.IntRange(0, 11).Draw(rt, "at")
		renumber := rapid.Bool().Draw(rt, "renumber")
		switch edit {
		case "remove":
			m.entries = slices.Delete(m.entries, at, at+1)
		case "insert":
			m.entries = slices.Insert(m.entries, at, m.entries[rapid.IntRange(0, 11).Draw(rt, "copy")])
			renumber = true
		case "swap":
			to := (at + rapid.IntRange(1, 11).Draw(rt, "distance")) % 12
			m.entries[at], m.entries[to] = m.entries[to], m.entries[at]
			renumber = true
		case "truncate":
			m.entries = m.entries[:at]
			m.head = storage.AuditHead{Seq: int64(at), Hash: make([]byte, 32)}
			if at > 0 {
				m.head.Hash = m.entries[at-1].Hash
			}
		case "rewrite":
			m.rewrite(at + 1)
		default:
			changes[edit](&m.entries[at].Record)
		}
		if renumber {
			m.renumber()
		}
		_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(ring))
		if _, broken := errors.AsType[*audit.Break](err); !broken {
			rt.Fatalf("%s at %d goes unnoticed: %v", edit, at, err)
		}
	})
}

func TestVerifyKnowsRetiredKeys(t *testing.T) {
	first := keystest.Key(t, keys.Meta{Purpose: keys.AuditCheckpoint, Version: 1})
	second := keystest.Key(t, keys.Meta{Purpose: keys.AuditCheckpoint, Version: 2})
	m := newMemory()
	source := keystest.NewSource(keys.NewRing([]*keys.Key{first}))
	_, stop := mustRun(t, audit.Config{Store: m, Keys: source})
	stop()
	for i, ring := range []*keys.Ring{source.Current(), keys.NewRing([]*keys.Key{retired(first), second})} {
		l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
		if err := l.Record(t.Context(), record(i)); err != nil {
			t.Fatal(err)
		}
		stop()
	}
	if got := []string{m.checkpoints[0].KeyID, m.checkpoints[1].KeyID}; !slices.Equal(got, []string{string(first.ID), string(second.ID)}) {
		t.Errorf("checkpoints are signed by %v", got)
	}
	if got := mustVerify(t, m, keys.NewRing([]*keys.Key{retired(first), second})); got.Checkpoints != 2 {
		t.Errorf("Verify took %d checkpoints, want 2", got.Checkpoints)
	}
}

func retired(k *keys.Key) *keys.Key {
	c := *k
	c.State = keys.Retired
	return &c
}

func TestVerifyTrustsNoKeyOfAnotherPurpose(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 3)
	key := *ring.All()[0]
	t.Run("another purpose", func(t *testing.T) {
		misused := key
		misused.Purpose = keys.TAVSigning
		_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(keys.NewRing([]*keys.Key{&misused})))
		wantBreak(t, err, audit.CheckpointKeyUnknown, 3)
	})
	t.Run("another kind of key", func(t *testing.T) {
		misused := key
		misused.Public = &keystest.RSAKey(t).PublicKey
		_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(keys.NewRing([]*keys.Key{&misused})))
		wantBreak(t, err, audit.CheckpointKeyUnknown, 3)
	})
	t.Run("a key of no length", func(t *testing.T) {
		misused := key
		misused.Public = ed25519.PublicKey{}
		_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(keys.NewRing([]*keys.Key{&misused})))
		wantBreak(t, err, audit.CheckpointForged, 3)
	})
}

// TestVerifyWhileServersWrite lets records and checkpoints come between any two
// reads.
func TestVerifyWhileServersWrite(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 5)
	more := mustChain(t, ring, 40)
	m.entries, m.checkpoints = more.entries[:5], more.checkpoints[:1]
	m.head = storage.AuditHead{Seq: 5, Hash: m.entries[4].Hash}
	m.readFail = func(string) error {
		if next := len(m.entries) + 1; next <= 40 {
			m.entries = more.entries[:next]
			m.head = storage.AuditHead{Seq: int64(next), Hash: m.entries[next-1].Hash}
			m.checkpoints = slices.DeleteFunc(slices.Clone(more.checkpoints), func(c storage.Checkpoint) bool { return c.Seq > m.head.Seq })
		}
		return nil
	}
	if got := mustVerify(t, m, ring); got.Records < 5 {
		t.Errorf("Verify saw %d records", got.Records)
	}
}

func TestVerifyReturnsTheStoresError(t *testing.T) {
	ring := checkpointRing(t)
	away := errors.New("away")
	for _, method := range []string{"AuditHead", "AuditAfter", "Checkpoints", "LastNote", "Notes", "TreeNodes", "TreeLength"} {
		for failing := 1; ; failing++ {
			m := mustChain(t, ring, 4)
			calls := 0
			m.readFail = func(called string) error {
				if called == method {
					if calls++; calls == failing {
						return away
					}
				}
				return nil
			}
			_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(ring))
			if calls < failing {
				break // fewer calls than that
			}
			if !errors.Is(err, away) {
				t.Errorf("call %d of %s fails: Verify returns %v", failing, method, err)
			}
		}
	}
}

func TestVerifyReturnsTheStoresErrorAtAFault(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 4)
	m.entries[1].Record.Outcome = "forged"
	away := errors.New("away")
	calls := 0
	m.readFail = func(called string) error {
		if called == "AuditAfter" {
			if calls++; calls == 2 {
				return away
			}
		}
		return nil
	}
	if _, err := audit.Verify(t.Context(), m, audit.TrustedKeys(ring)); !errors.Is(err, away) {
		t.Errorf("Verify returns %v", err)
	}
}

func TestABreakReadsAsASentence(t *testing.T) {
	b := &audit.Break{Seq: 7, Kind: audit.Changed, Detail: "why"}
	if got := b.Error(); got != "audit trail broken at record 7: changed: why" {
		t.Errorf("Error() = %q", got)
	}
}
