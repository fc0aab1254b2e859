package audit

import (
	"bytes"
	"context"
	"fmt"
	"math"

	"github.com/walletport/walletport/storage"
)

// Source is what is read of the stored trail. storage.Audit is one.
type Source interface {
	AuditHead(ctx context.Context) (storage.AuditHead, error)
	AuditAfter(ctx context.Context, seq int64, limit int) ([]storage.AuditEntry, error)
	Checkpoints(ctx context.Context, seq int64, limit int) ([]storage.Checkpoint, error)
}

// TrailSource is a Source with the Merkle tree over the trail. storage.Store is one.
type TrailSource interface {
	Source
	TreeSource
}

// pageSize is how many records are read at once, and held in memory.
const pageSize = 512

// Verify proves the stored trail: each record against the one before it, the
// stored head against the last record, each checkpoint against the chain and the
// trusted keys, the nodes of the tree and each note over it against the records, and the
// records that were noted elsewhere. It returns what it verified, and a *Break for the first
// fault, or the store's error. Summary.Lacks says what a trail without a fault may still lack.
//
// It may run while servers write: it verifies up to the head that it read first.
// Memory does not depend on the length of the trail.
func Verify(ctx context.Context, source TrailSource, trusted []TrustedKey, noted ...Noted) (Summary, error) {
	head, err := source.AuditHead(ctx)
	if err != nil {
		return Summary{}, err
	}
	v := newVerifier(source, trusted, origin(), head, noted)
	t, err := newTreeVerifier(ctx, source, trusted)
	if err != nil {
		return Summary{}, err
	}
	err = v.proveAll(ctx, t)
	sum := v.walker.summary()
	sum.Notes, sum.Tree = t.count, t.last
	return sum, err
}

// proveAll returns the first fault of chain and tree.
func (v *verifier) proveAll(ctx context.Context, t *treeVerifier) error {
	if err := v.checkBefore(ctx); err != nil {
		return err
	}
	if err := t.before(ctx); err != nil {
		return err
	}
	if err := v.walk(ctx, func(l *line) error { return t.take(ctx, l) }); err != nil {
		return err
	}
	if err := v.checkBeyond(ctx); err != nil {
		return err
	}
	if err := t.beyond(ctx, v.source.AuditHead); err != nil {
		return err
	}
	if broken := missed(v.walker.noted, v.walker.summary()); broken != nil {
		return broken
	}
	return nil
}

// verifier walks a stored trail from where its walker stands to head.
type verifier struct {
	source      Source
	head        storage.AuditHead
	walker      *walker
	checkpoints *inStep[storage.Checkpoint]
}

func newVerifier(source Source, trusted []TrustedKey, start, head storage.AuditHead, noted []Noted) *verifier {
	return &verifier{
		source: source, head: head, walker: newWalker(start, newSigners(trusted), noted),
		checkpoints: &inStep[storage.Checkpoint]{read: source.Checkpoints, number: func(c storage.Checkpoint) int64 { return c.Seq }},
	}
}

// end is the number of the last record, or the highest number there is if the stored
// head, which should say, is gone.
func (v *verifier) end() int64 {
	if v.head.Hash == nil {
		return math.MaxInt64
	}
	return v.head.Seq
}

// walk calls each for every good record, in order.
func (v *verifier) walk(ctx context.Context, each func(*line) error) error {
	for v.walker.at.Seq < v.end() {
		page, err := v.source.AuditAfter(ctx, v.walker.at.Seq, int(min(pageSize, v.end()-v.walker.at.Seq)))
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return v.truncated()
		}
		for i := range page {
			l := line{AuditEntry: page[i], previous: v.walker.at.Hash}
			if err := v.step(ctx, &l); err != nil {
				return err
			}
			if err := each(&l); err != nil {
				return err
			}
		}
	}
	if !bytes.Equal(v.walker.at.Hash, v.head.Hash) {
		return &Break{Seq: v.head.Seq, Kind: HeadMismatch, Detail: "the stored head of the chain is not the hash of its last record"}
	}
	return nil
}

// step verifies one record, and the checkpoint at it, which it puts into l.
func (v *verifier) step(ctx context.Context, l *line) error {
	if !v.walker.take(l) {
		return v.fault(ctx)
	}
	if broken := v.walker.compare(); broken != nil {
		return broken
	}
	var err error
	if l.checkpoint, err = v.checkpoints.at(ctx, l.Seq); err != nil || l.checkpoint == nil {
		return err
	}
	if broken := v.walker.checkpoint(*l.checkpoint); broken != nil {
		return broken
	}
	return nil
}

// truncated returns the break of a head beyond the last record, or of none.
func (v *verifier) truncated() *Break {
	if v.head.Hash == nil {
		return &Break{Seq: v.walker.at.Seq, Kind: HeadMismatch, Detail: "the stored head of the chain, which says where it ends, is gone"}
	}
	missing := v.walker.at.Seq + 1
	return &Break{Seq: missing, Kind: Truncated, Detail: fmt.Sprintf("records %d to %d are missing at the end", missing, v.head.Seq)}
}

// fault reads what stands at the fault once more, to name it.
func (v *verifier) fault(ctx context.Context) error {
	entries, err := v.source.AuditAfter(ctx, v.walker.at.Seq, window)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return v.truncated()
	}
	rows := make([]line, len(entries))
	for i := range entries {
		rows[i].AuditEntry = entries[i]
	}
	return diagnose(v.walker.at, rows)
}

// checkBefore proves that nothing stands before record 1, where nobody reads.
func (v *verifier) checkBefore(ctx context.Context) error {
	entries, err := v.source.AuditAfter(ctx, math.MinInt64, 1)
	if err != nil {
		return err
	}
	if len(entries) > 0 && entries[0].Seq < 1 {
		return &Break{Seq: entries[0].Seq, Kind: Inserted, Detail: "a record stands before record 1"}
	}
	checkpoints, err := v.source.Checkpoints(ctx, math.MinInt64, 1)
	if err != nil {
		return err
	}
	if len(checkpoints) > 0 && checkpoints[0].Seq < 1 {
		return &Break{Seq: checkpoints[0].Seq, Kind: CheckpointForged, Detail: "a checkpoint stands before record 1"}
	}
	return nil
}

// checkBeyond proves that nothing stands behind the verified head: no record that
// the stored head does not know, and no checkpoint over a record that is gone.
// What servers wrote in the meantime moved the head in the same transaction, so
// the head is read again after what was found.
func (v *verifier) checkBeyond(ctx context.Context) error {
	checkpoints, err := v.source.Checkpoints(ctx, v.head.Seq, 1)
	if err != nil {
		return err
	}
	entries, err := v.source.AuditAfter(ctx, v.head.Seq, 1)
	if err != nil {
		return err
	}
	now, err := v.source.AuditHead(ctx)
	if err != nil {
		return err
	}
	if len(entries) > 0 && entries[0].Seq > now.Seq {
		return &Break{Seq: entries[0].Seq, Kind: HeadMismatch, Detail: "a record stands behind the stored head of the chain"}
	}
	if len(checkpoints) > 0 && checkpoints[0].Seq > now.Seq {
		return v.lost(checkpoints[0], now)
	}
	return nil
}

// lost returns the break of a checkpoint behind the head: records were removed at
// the end and the head was set back, or the checkpoint is forged.
func (v *verifier) lost(c storage.Checkpoint, head storage.AuditHead) *Break {
	if broken := v.walker.signer.check(c, appendText(nil, checkpointDomain)); broken != nil {
		return broken
	}
	return &Break{
		Seq: head.Seq + 1, Kind: Truncated,
		Detail: fmt.Sprintf("a checkpoint over record %d is signed, but the chain ends at record %d", c.Seq, head.Seq),
	}
}
