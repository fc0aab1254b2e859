package audit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/storage"
)

func TestCompare(t *testing.T) {
	ring := checkpointRing(t)
	for _, c := range []struct {
		name    string
		records int   // of the trail when it was exported
		from    int64 // first record of the export
		change  func(m *memory)
		kind    audit.Kind
		seq     int64
		same    int64
	}{
		{name: "a trail that has not changed", records: 12, change: func(*memory) {}, same: 12},
		{name: "one that has grown", records: 12, change: func(m *memory) { m.grow(t) }, same: 12},
		{name: "a part of it", records: 12, from: 5, change: func(m *memory) { m.grow(t) }, same: 8},
		{name: "more than a page", records: 1100, change: func(m *memory) { m.grow(t) }, same: 1100},
		{"one that was cut back to an earlier checkpoint", 12, 1, func(m *memory) {
			m.setBack(9)
			m.checkpoints = m.checkpoints[:3]
		}, audit.Truncated, 10, 9},
		{"one that was emptied", 12, 1, func(m *memory) { *m = *newMemory() }, audit.Truncated, 1, 0},
		{"one that was cut back behind a page", 1100, 1, func(m *memory) { m.setBack(600) }, audit.Truncated, 601, 600},
		{"one that was rewritten from a record on", 12, 1, func(m *memory) { m.rewrite(7) }, audit.Rewritten, 7, 6},
		{"one with another content under the old hash", 12, 1, func(m *memory) { m.entries[4].Record.Outcome = "forged" }, audit.Rewritten, 5, 4},
		{"one with a column that cannot be read", 12, 1, func(m *memory) { m.entries[4].Unreadable = map[string]string{"details": "x"} }, audit.Rewritten, 5, 4},
		{"one without a record in the middle", 12, 1, func(m *memory) { m.entries = append(m.entries[:4:4], m.entries[5:]...) }, audit.Removed, 5, 4},
		{"another trail", 12, 1, func(m *memory) { *m = *mustChain(t, ring, 3); m.rewrite(1) }, audit.Rewritten, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustChain(t, ring, c.records)
			export := strings.Join(mustExport(t, m, audit.ExportOptions{Keys: ring, FromSeq: c.from}), "")
			c.change(m)
			got, err := audit.Compare(t.Context(), m, strings.NewReader(export), publicOf(t, ring))
			if c.kind != "" {
				wantBreak(t, err, c.kind, c.seq)
			} else if err != nil {
				t.Fatalf("Compare: %v", err)
			}
			if got.Same != c.same || got.Last != m.head.Seq || got.Export.LastSeq != int64(c.records) {
				t.Errorf("Compare = %+v, want %d the same, the trail's end %d", got, c.same, m.head.Seq)
			}
		})
	}
	t.Run("an export that is broken itself proves nothing", func(t *testing.T) {
		m := mustChain(t, ring, 12)
		export := strings.Join(mustExport(t, m, audit.ExportOptions{Keys: ring}), "")
		m.rewrite(2)
		_, err := audit.Compare(t.Context(), m, strings.NewReader(strings.Replace(export, `"cardId":1007`, `"cardId":1008`, 1)), publicOf(t, ring))
		wantBreak(t, err, audit.Changed, 8)
		if !strings.HasPrefix(err.Error(), "the export: ") {
			t.Errorf("%v does not say that it is the export", err)
		}
	})
	t.Run("the store's error is returned", func(t *testing.T) {
		away := errors.New("away")
		for _, method := range []string{"AuditHead", "AuditAfter"} {
			m := mustChain(t, ring, 3)
			export := strings.Join(mustExport(t, m, audit.ExportOptions{Keys: ring}), "")
			m.readFail = func(called string) error {
				if called == method {
					return away
				}
				return nil
			}
			if _, err := audit.Compare(t.Context(), m, strings.NewReader(export), publicOf(t, ring)); !errors.Is(err, away) {
				t.Errorf("%s fails: Compare returns %v", method, err)
			}
		}
	})
}

// grow appends a record.
func (m *memory) grow(t *testing.T) {
	t.Helper()
	err := m.AppendAudit(t.Context(), func(head storage.AuditHead) ([]storage.AuditEntry, error) {
		r := record(int(head.Seq))
		hash := audit.Hash(head.Hash, head.Seq+1, &r)
		return []storage.AuditEntry{{Seq: head.Seq + 1, Record: r, Hash: hash[:]}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
