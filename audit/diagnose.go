package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/walletport/walletport/storage"
)

// window is how many records a diagnosis looks at: the one that does not fit and
// those after it. A fault that needs a wider view is named changed.
const window = 32

// diagnose names the fault at rows[0], which does not follow head. The rows are
// the ones that stand there, in the order they stand in, at most window of them.
func diagnose(head storage.AuditHead, rows []line) *Break {
	d := diagnosis{head: head, rows: rows}
	want, got := head.Seq+1, rows[0].Seq
	switch place := d.nextOf(head); {
	case got < want:
		return d.at(got, Inserted, "the record stands here a second time")
	case place > 0 && d.wasElsewhere():
		return d.at(want, Reordered, fmt.Sprintf("the record stands %d places further on", place))
	case place > 0:
		return d.at(want, Inserted, fmt.Sprintf("%d records stand before it that were not written there", place))
	case got == want && len(rows[0].Unreadable) > 0:
		return d.at(want, Changed, "columns of the record cannot be read: "+strings.Join(slices.Sorted(maps.Keys(rows[0].Unreadable)), ", "))
	case got > want:
		return d.at(want, Removed, fmt.Sprintf("records %d to %d are missing", want, got-1))
	case d.renumbered() > 0:
		return d.at(want, Removed, fmt.Sprintf("%d records are missing and the ones after them were renumbered", d.renumbered()))
	case d.hashReplaced():
		return d.at(want, Changed, "the record's hash is not what was written")
	}
	return d.at(want, Changed, "the record is not what was written, or the one before it was replaced together with its hash")
}

type diagnosis struct {
	head   storage.AuditHead
	rows   []line
	hasher hasher
}

func (d *diagnosis) at(seq int64, kind Kind, detail string) *Break {
	return &Break{Seq: seq, Kind: kind, Detail: detail}
}

// nextOf returns the place in rows, above 0, of the record that was written right
// after head, or 0. Whoever moved it may have renumbered it, so its number counts
// for nothing.
func (d *diagnosis) nextOf(head storage.AuditHead) int {
	for i := 1; i < len(d.rows); i++ {
		if d.hasher.fits(head.Hash, head.Seq+1, &d.rows[i].AuditEntry) {
			return i
		}
	}
	return 0
}

// wasElsewhere reports whether rows[0] is a record that was written, after one of
// the rows behind it.
func (d *diagnosis) wasElsewhere() bool {
	for i := 1; i < len(d.rows); i++ {
		for offset := int64(1); offset <= int64(len(d.rows)); offset++ {
			if d.hasher.fits(d.rows[i].Hash, d.head.Seq+1+offset, &d.rows[0].AuditEntry) {
				return true
			}
		}
	}
	return false
}

// renumbered returns by how much rows[1] was numbered higher when it was hashed
// over rows[0], or 0: so many records before rows[0] are gone.
func (d *diagnosis) renumbered() int64 {
	if len(d.rows) < 2 {
		return 0
	}
	for gone := int64(1); gone <= window; gone++ {
		if d.hasher.fits(d.rows[0].Hash, d.rows[1].Seq+gone, &d.rows[1].AuditEntry) {
			return gone
		}
	}
	return 0
}

// hashReplaced reports whether the row after rows[0] does not follow it either: then
// the stored hash of rows[0] is not the written one.
func (d *diagnosis) hashReplaced() bool {
	return len(d.rows) > 1 && !d.hasher.fits(d.rows[0].Hash, d.rows[0].Seq+1, &d.rows[1].AuditEntry)
}
