package audit

import (
	"bytes"
	"testing"

	"github.com/walletport/walletport/storage"
)

// hashOf is the hash of a record: its number in each byte.
func hashOf(seq int64) []byte { return bytes.Repeat([]byte{byte(seq)}, hashBytes) }

func headOf(seq int64) storage.AuditHead { return storage.AuditHead{Seq: seq, Hash: hashOf(seq)} }

// wrote adds the commit of the records first to last.
func (w *written) wrote(first, last int64) {
	var hashes []byte
	for seq := first; seq <= last; seq++ {
		hashes = append(hashes, hashOf(seq)...)
	}
	w.add(headOf(first-1), hashes)
}

func TestWhatIsKeptOfWhatWasWritten(t *testing.T) {
	other := storage.AuditHead{Seq: 3, Hash: hashOf(99)}
	for _, c := range []struct {
		name        string
		at          storage.AuditHead
		until       int64
		first, last int64 // of the hashes that are known; 0 for none
		others      int64
	}{
		{"a commit", headOf(0), 100, 1, 3, 0},
		{"what is left of one", headOf(1), 100, 2, 3, 0},
		{"the next one", headOf(3), 100, 4, 5, 0},
		{"as far as is asked", headOf(3), 4, 4, 4, 0},
		{"what others wrote, up to the next commit", headOf(5), 100, 0, 0, 9},
		{"what others wrote, as far as is asked", headOf(5), 7, 0, 0, 7},
		{"behind the last commit", headOf(12), 100, 0, 0, 100},
		{"behind another record", other, 100, 0, 0, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w written
			w.wrote(10, 12) // told of in another order
			w.wrote(1, 3)
			w.wrote(4, 5)
			hashes, others := w.behind(c.at, c.until)
			var want []byte
			for seq := c.first; seq <= c.last && seq > 0; seq++ {
				want = append(want, hashOf(seq)...)
			}
			if !bytes.Equal(hashes, want) || others != c.others {
				t.Errorf("%d hashes, others to %d; want records %d to %d, others to %d", len(hashes)/hashBytes, others, c.first, c.last, c.others)
			}
		})
	}
}

// TestALostCommitIsNotKept: another one has its numbers since.
func TestALostCommitIsNotKept(t *testing.T) {
	var w written
	w.wrote(1, 3)
	w.wrote(4, 9)
	w.wrote(10, 12)
	w.add(headOf(4), hashOf(55))
	if len(w.parts) != 3 || w.records != 7 || w.parts[1].end() != 5 {
		t.Errorf("%d parts of %d records: %+v", len(w.parts), w.records, w.parts)
	}
}

// TestWhatIsKeptIsBounded where no note is made for long, and goes when one is made.
func TestWhatIsKeptIsBounded(t *testing.T) {
	var w written
	const each = 1 << 12
	for seq := int64(1); seq < 2*maxWritten; seq += each {
		if w.wrote(seq, seq+each-1); w.records > maxWritten {
			t.Fatalf("%d records are kept", w.records)
		}
	}
	before := len(w.parts)
	w.forget(w.parts[0].end())
	if len(w.parts) != before-1 || w.records != each*len(w.parts) {
		t.Errorf("%d parts of %d, %d records", len(w.parts), before, w.records)
	}
	w.forget(w.parts[0].end() - 1)
	if len(w.parts) != before-1 {
		t.Errorf("%d parts: one is gone that a note needs", len(w.parts))
	}
}

func TestOvertakenHeadsAreBounded(t *testing.T) {
	var o overtaken
	for seq := range int64(maxOvertakenHeads + 10) {
		o.add(headOf(seq))
		o.add(headOf(seq))
	}
	heads := o.take()
	if len(heads) != maxOvertakenHeads || heads[0].Seq != 10 || len(o.take()) > 0 {
		t.Fatalf("%d heads, the first %d", len(heads), heads[0].Seq)
	}
	o.add(headOf(maxOvertakenHeads + 10))
	o.putBack(heads)
	heads = o.take()
	if len(heads) != maxOvertakenHeads || heads[0].Seq != 11 || heads[len(heads)-1].Seq != maxOvertakenHeads+10 {
		t.Errorf("%d heads, from %d to %d", len(heads), heads[0].Seq, heads[len(heads)-1].Seq)
	}
}
