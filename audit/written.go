package audit

import (
	"bytes"
	"cmp"
	"slices"
	"sync"

	"github.com/walletport/walletport/storage"
)

// written keeps the hashes of the records that this Log made durable, until they are noted. A
// note must not be over what is stored in place of a record; and to read each record again, only
// to compute its hash anew, would cost a tenth of a call for a payload without RSA.
type written struct {
	lock    sync.Mutex
	parts   []part // in the order of the records, without overlaps
	records int    // in parts
}

// part is the records of one commit.
type part struct {
	before storage.AuditHead
	hashes []byte // one after the other
}

func (p part) count() int { return len(p.hashes) / hashBytes }

// end is the number of the last record.
func (p part) end() int64 { return p.before.Seq + int64(p.count()) }

// at returns the hash of a record of the part, or of the one before it.
func (p part) at(seq int64) []byte {
	if seq == p.before.Seq {
		return p.before.Hash
	}
	end := int(seq-p.before.Seq) * hashBytes
	return p.hashes[end-hashBytes : end]
}

// maxWritten is how many records are kept where no note can be made: 2 MB. The others are read.
const maxWritten = 1 << 16

// add keeps the hashes of a commit that followed before. It takes the place of parts that have
// the same numbers, which the database has lost.
func (w *written) add(before storage.AuditHead, hashes []byte) {
	w.lock.Lock()
	defer w.lock.Unlock()
	p := part{before: storage.AuditHead{Seq: before.Seq, Hash: bytes.Clone(before.Hash)}, hashes: bytes.Clone(hashes)}
	if w.search(p.before.Seq) < len(w.parts) {
		w.remove(func(o part) bool { return o.end() > p.before.Seq && o.before.Seq < p.end() })
	}
	if w.records+p.count() > maxWritten {
		w.parts, w.records = nil, 0
	}
	w.parts, w.records = slices.Insert(w.parts, w.search(p.before.Seq), p), w.records+p.count()
}

// search returns the place of the first part that has records behind seq.
func (w *written) search(seq int64) int {
	i, _ := slices.BinarySearchFunc(w.parts, seq+1, func(p part, number int64) int { return cmp.Compare(p.end(), number) })
	return i
}

// forget removes what no note needs any more that goes on from the record seq.
func (w *written) forget(seq int64) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.remove(func(p part) bool { return p.end() <= seq })
}

func (w *written) remove(which func(part) bool) {
	w.parts = slices.DeleteFunc(w.parts, func(p part) bool {
		if which(p) {
			w.records -= p.count()
			return true
		}
		return false
	})
}

// behind returns the hashes of the records that this Log wrote right behind at, up to the record
// until; or none, and up to where others wrote.
func (w *written) behind(at storage.AuditHead, until int64) (hashes []byte, others int64) {
	w.lock.Lock()
	defer w.lock.Unlock()
	for _, p := range w.parts[w.search(at.Seq):] {
		switch {
		case p.before.Seq > at.Seq:
			return nil, min(p.before.Seq, until)
		case bytes.Equal(p.at(at.Seq), at.Hash):
			first, end := int(at.Seq-p.before.Seq), int(min(p.end(), until)-p.before.Seq)
			return p.hashes[first*hashBytes : end*hashBytes], 0
		}
	}
	return nil, until
}
