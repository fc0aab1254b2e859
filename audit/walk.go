package audit

import (
	"bytes"

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
	find   publicKeys // nil checks no signature
	sum    Summary
}

func newWalker(start storage.AuditHead, find publicKeys) *walker {
	return &walker{at: start, signed: start.Seq, find: find}
}

// take accepts l if it is the next record, and reports whether it is.
func (w *walker) take(l *line) bool {
	if !bytes.Equal(l.previous, w.at.Hash) || !w.hasher.follows(w.at, &l.AuditEntry) {
		return false
	}
	if w.sum.Records == 0 {
		w.sum.FirstSeq, w.sum.FirstTime = l.Seq, l.Record.Time
	} else if l.Record.Time.Before(w.sum.LastTime) {
		w.sum.ClockSteps++
	}
	w.sum.Records++
	w.sum.LastSeq, w.sum.LastTime = l.Seq, l.Record.Time
	w.at = storage.AuditHead{Seq: l.Seq, Hash: l.Hash}
	return true
}

// vouch checks a signature over the chain up to the last good record: a checkpoint
// that stands there, or the end of an export.
func (w *walker) vouch(c storage.Checkpoint, prefix []byte) *Break {
	if w.find != nil {
		if broken := w.find.checkSignature(c, prefix); broken != nil {
			return broken
		}
	}
	if c.Seq != w.at.Seq || !bytes.Equal(c.Hash, w.at.Hash) {
		return &Break{Seq: w.at.Seq, Kind: CheckpointMismatch, Detail: "the chain up to this record is not the one that was signed: it was rewritten afterwards"}
	}
	if w.find != nil {
		w.signed = c.Seq
	}
	return nil
}

// checkpoint checks c, which stands at the last good record.
func (w *walker) checkpoint(c storage.Checkpoint) *Break {
	if broken := w.vouch(c, appendText(nil, checkpointDomain)); broken != nil {
		return broken
	}
	if w.find != nil {
		w.sum.Checkpoints++
	}
	return nil
}

// summary returns what was accepted so far.
func (w *walker) summary() Summary {
	s := w.sum
	if s.Records > 0 {
		s.Head = bytes.Clone(w.at.Hash)
	}
	s.Unsigned = w.at.Seq - w.signed
	return s
}
