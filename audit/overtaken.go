package audit

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/walletport/walletport/storage"
)

// overtaken keeps records that this Log made durable and that somebody else wrote behind,
// before it wrote again. Another server did so, or who rewrote the trail: a commit sees the
// number and the hash of the last record alone. So they are held against what is stored, in
// the background.
type overtaken struct {
	lock  sync.Mutex
	heads []storage.AuditHead
}

// maxOvertakenHeads bounds how many wait, of the newest: at 250 commits a second those of a minute.
const maxOvertakenHeads = 1 << 14

// add adds a record, unless it was the last one that came.
func (o *overtaken) add(head storage.AuditHead) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if n := len(o.heads); n > 0 && o.heads[n-1].Seq == head.Seq {
		return
	}
	if len(o.heads) == maxOvertakenHeads {
		o.heads = slices.Delete(o.heads, 0, 1)
	}
	o.heads = append(o.heads, head)
}

// take removes and returns all.
func (o *overtaken) take() []storage.AuditHead {
	o.lock.Lock()
	defer o.lock.Unlock()
	heads := o.heads
	o.heads = nil
	return heads
}

// putBack puts back what was taken and could not be compared.
func (o *overtaken) putBack(heads []storage.AuditHead) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.heads = append(heads, o.heads...)
	o.heads = o.heads[max(0, len(o.heads)-maxOvertakenHeads):]
}

// lastLost returns the last of heads that the stored chain does not have, or nil: those before it
// are of the same loss. They are put in order.
func lastLost(ctx context.Context, source TreeSource, heads []storage.AuditHead) (lost *storage.AuditHead, _ error) {
	slices.SortFunc(heads, func(a, b storage.AuditHead) int { return int(a.Seq - b.Seq) })
	var page []storage.AuditHead
	for i, head := range heads {
		if len(page) == 0 || page[len(page)-1].Seq < head.Seq {
			var err error
			if page, err = source.AuditHashes(ctx, head.Seq-1, pageSize); err != nil {
				return nil, err
			}
		}
		at, found := slices.BinarySearchFunc(page, head.Seq, func(h storage.AuditHead, seq int64) int { return int(h.Seq - seq) })
		if !found || !bytes.Equal(page[at].Hash, head.Hash) {
			lost = &heads[i]
		}
	}
	return lost, nil
}
