package audit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/walletport/walletport/audit"
)

// TestPartsOfOneTrail exports parts of a trail and verifies them together.
func TestPartsOfOneTrail(t *testing.T) {
	ring := checkpointRing(t)
	whole := mustChain(t, ring, 12)
	other := mustChain(t, ring, 12)
	other.rewrite(4)
	other.checkpoints = nil
	part := func(m *memory, from, to int64) string {
		cut := newMemory()
		cut.entries = m.entries[:to:to]
		cut.head.Seq, cut.head.Hash = to, cut.entries[to-1].Hash
		return strings.Join(mustExport(t, cut, audit.ExportOptions{Keys: ring, FromSeq: from}), "")
	}
	for _, c := range []struct {
		name        string
		parts       []string
		first, last int64 // that are verified
		kind        audit.Kind
		seq         int64
		outOfOrder  bool
		notedSeq    int64
	}{
		{name: "one goes on from the other", parts: []string{part(whole, 1, 5), part(whole, 6, 12)}, first: 1, last: 12},
		{name: "two overlap", parts: []string{part(whole, 1, 8), part(whole, 3, 12)}, first: 1, last: 12},
		{name: "the second is the end of the first", parts: []string{part(whole, 1, 8), part(whole, 3, 8)}, first: 1, last: 8},
		{name: "the second has all of the first", parts: []string{part(whole, 4, 8), part(whole, 1, 12)}, first: 1, last: 12},
		{name: "three overlap", parts: []string{part(whole, 2, 5), part(whole, 3, 7), part(whole, 4, 12)}, first: 2, last: 12},
		{name: "a record that was noted is in the first", parts: []string{part(whole, 1, 5), part(whole, 6, 12)}, first: 1, last: 12, notedSeq: 3},
		{name: "a record that was noted is in none", parts: []string{part(whole, 1, 5), part(whole, 6, 12)}, first: 1, last: 12, notedSeq: 13, kind: audit.Truncated, seq: 13},
		{name: "the second lies within the first", parts: []string{part(whole, 1, 8), part(whole, 3, 7)}, first: 1, last: 8, outOfOrder: true},
		{name: "the second stands before the first", parts: []string{part(whole, 6, 12), part(whole, 1, 5)}, first: 6, last: 12, outOfOrder: true},
		{name: "records between them are missing", parts: []string{part(whole, 1, 5), part(whole, 8, 12)}, first: 1, last: 5, kind: audit.Removed, seq: 6},
		{name: "they overlap and differ", parts: []string{part(whole, 1, 8), part(other, 3, 12)}, first: 1, last: 8, kind: audit.Rewritten, seq: 8},
		{name: "the second goes on from another record", parts: []string{part(whole, 1, 8), part(other, 9, 12)}, first: 1, last: 8, kind: audit.Rewritten, seq: 8},
		{name: "the second is broken itself", parts: []string{part(whole, 1, 8), strings.Replace(part(whole, 3, 12), `"cardId":1005`, `"cardId":1006`, 1)}, first: 1, last: 8, kind: audit.Changed, seq: 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			var noted []audit.Noted
			if c.notedSeq > 0 {
				noted = []audit.Noted{{Seq: c.notedSeq}}
			}
			parts := audit.NewParts(publicOf(t, ring), noted...)
			var err error
			for _, export := range c.parts {
				if err = parts.Next(t.Context(), strings.NewReader(export)); err != nil {
					break
				}
			}
			if err == nil {
				err = parts.End()
			}
			switch {
			case c.kind != "":
				wantBreak(t, err, c.kind, c.seq)
			case errors.Is(err, audit.ErrPartsOutOfOrder) != c.outOfOrder, err != nil && !c.outOfOrder:
				t.Errorf("Parts: %v", err)
			}
			got := parts.Summary()
			if got.FirstSeq != c.first || got.LastSeq != c.last || got.Records != c.last-c.first+1 || got.Unsigned != 0 {
				t.Errorf("Summary = %+v, want records %d to %d, all signed", got, c.first, c.last)
			}
			if err != nil {
				return
			}
			comparer, err := audit.NewComparer(t.Context(), whole, publicOf(t, ring))
			if err != nil {
				t.Fatal(err)
			}
			for _, export := range c.parts {
				if err := comparer.Next(t.Context(), strings.NewReader(export)); err != nil {
					t.Fatalf("Comparer: %v", err)
				}
			}
			if got := comparer.Result(); got.Same != c.last-c.first+1 || got.Export.LastSeq != c.last {
				t.Errorf("Comparer = %+v, want %d the same", got, c.last-c.first+1)
			}
		})
	}
}
