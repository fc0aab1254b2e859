package audit

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/walletport/walletport/storage"
)

// line is one record with what stands beside it in an export.
type line struct {
	storage.AuditEntry
	previous   []byte              // hash of the record before it
	checkpoint *storage.Checkpoint // signed when the record was the last one; or nil
	end        *storage.Checkpoint // on the last line of an export; or nil
}

// walker goes along a chain, record by record, and keeps only its last one.
type walker struct {
	at     storage.AuditHead // the last good record
	signed int64             // up to where a checkpoint vouches
	hasher hasher
	signer *signers  // nil checks no signature
	newest time.Time // see Summary.time
	noted  []Noted   // those that are yet to come
	sum    Summary
}

func newWalker(start storage.AuditHead, signer *signers, noted []Noted) *walker {
	return &walker{at: start, signed: start.Seq, signer: signer, noted: slices.Clone(noted), sum: Summary{Previous: start.Hash}}
}

// take accepts l if it is the next record, and reports whether it is.
func (w *walker) take(l *line) bool {
	if !bytes.Equal(l.previous, w.at.Hash) || !w.hasher.follows(w.at, &l.AuditEntry) {
		return false
	}
	at := l.Record.Time
	if w.sum.Records == 0 {
		w.sum.FirstSeq, w.sum.FirstTime, w.newest = l.Seq, at, at
	}
	w.sum.time(l.Seq, at, &w.newest)
	if w.signed == w.at.Seq {
		w.sum.UnsignedSince = at
	}
	w.sum.Records++
	w.sum.LastSeq, w.sum.LastTime = l.Seq, at
	w.at = storage.AuditHead{Seq: l.Seq, Hash: l.Hash}
	return true
}

// compare returns the break of a last good record that is another than was noted.
func (w *walker) compare() *Break {
	for i, n := range w.noted {
		if n.Seq != w.at.Seq {
			continue
		}
		w.noted = slices.Delete(w.noted, i, i+1)
		if n.Hash != nil && !bytes.Equal(n.Hash, w.at.Hash) {
			return &Break{Seq: n.Seq, Kind: Rewritten, Detail: fmt.Sprintf("the record was noted with the hash %x and has the hash %x", n.Hash, w.at.Hash)}
		}
		return w.compare()
	}
	return nil
}

// missed returns the break of a noted record that did not come in what s tells of.
func missed(noted []Noted, s Summary) *Break {
	for _, n := range noted {
		switch {
		case n.Seq > s.LastSeq:
			return &Break{Seq: s.LastSeq + 1, Kind: Truncated, Detail: fmt.Sprintf("record %d was noted, but the trail ends at record %d", n.Seq, s.LastSeq)}
		case s.FirstSeq > n.Seq && (n.Seq != s.FirstSeq-1 || n.Hash != nil && !bytes.Equal(n.Hash, s.Previous)):
			return &Break{Seq: s.FirstSeq, Kind: Removed, Detail: fmt.Sprintf("it begins at record %d, so it cannot be held against record %d", s.FirstSeq, n.Seq)}
		}
	}
	return nil
}

// countFromHere forgets what was counted up to the last good record, for it is in an
// earlier export, too. What that export's end has signed counts as signed.
func (w *walker) countFromHere(signed bool) {
	since := w.sum.UnsignedSince
	w.sum = Summary{Previous: w.at.Hash, UnsignedSince: since}
	if signed {
		w.signed, w.sum.UnsignedSince = w.at.Seq, time.Time{}
	}
}

// vouch checks a signature over the chain up to the last good record: a checkpoint
// that stands there, or the end of an export.
func (w *walker) vouch(c storage.Checkpoint, prefix []byte) *Break {
	if w.signer != nil {
		if broken := w.signer.check(c, prefix); broken != nil {
			return broken
		}
	}
	if c.Seq != w.at.Seq || !bytes.Equal(c.Hash, w.at.Hash) {
		return &Break{Seq: w.at.Seq, Kind: CheckpointMismatch, Detail: "the chain up to this record is not the one that was signed: it was rewritten afterwards"}
	}
	if w.signer == nil {
		return nil
	}
	if w.at.Seq > w.signed && c.Time.Sub(w.sum.UnsignedSince) > promptly {
		if w.sum.SignedLate == 0 {
			w.sum.SignedLateFrom = w.signed + 1
		}
		w.sum.SignedLate += w.at.Seq - w.signed
	}
	w.signed, w.sum.UnsignedSince = c.Seq, time.Time{}
	return nil
}

// checkpoint checks c, which stands at the last good record.
func (w *walker) checkpoint(c storage.Checkpoint) *Break {
	if broken := w.vouch(c, appendText(nil, checkpointDomain)); broken != nil {
		return broken
	}
	if w.signer != nil {
		w.sum.Checkpoints++
	}
	return nil
}

// summary returns what was accepted so far.
func (w *walker) summary() Summary {
	s := w.sum
	if s.Records > 0 {
		s.Head = bytes.Clone(w.at.Hash)
	} else {
		s.Previous = nil
	}
	s.Unsigned = w.at.Seq - w.signed
	return s
}
