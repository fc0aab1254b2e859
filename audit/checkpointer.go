package audit

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// checkpointer signs the chain beside the writer: custody may be slow, and a
// signature need not hold records up. It signs what its Log made durable, with the
// key that serves at that time. Several Logs may sign one head, which stores one
// checkpoint.
type checkpointer struct {
	config *Config
	head   atomic.Pointer[storage.AuditHead] // what the Log made durable last
	tried  atomic.Int64                      // up to where it signed or failed to
	due    chan struct{}                     // holds one: CheckpointEvery records came
	lost   chan storage.AuditHead            // holds one: see Observer.Lost
	signed int64                             // up to where it signed
}

func newCheckpointer(c *Config) *checkpointer {
	return &checkpointer{config: c, due: make(chan struct{}, 1), lost: make(chan storage.AuditHead, 1)}
}

// advance tells of a commit that led from before to head. It never waits.
func (p *checkpointer) advance(before, head storage.AuditHead) {
	if p.head.Swap(&head) == nil {
		p.tried.Store(before.Seq) // what stood there at the start does not count
	}
	if head.Seq-p.tried.Load() < p.config.Settings.CheckpointEvery {
		return
	}
	select {
	case p.due <- struct{}{}:
	default:
	}
}

// witness asks for a checkpoint over a head that the database lost. It never
// waits; of two losses at once the first is enough.
func (p *checkpointer) witness(head storage.AuditHead) {
	select {
	case p.lost <- head:
	default:
	}
}

// run signs until ctx ends. After a failure it tries again at the next tick, or
// after CheckpointEvery more records.
func (p *checkpointer) run(ctx context.Context) {
	ticker := time.NewTicker(p.config.Settings.CheckpointInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case head := <-p.lost:
			p.sign(ctx, head)
		case <-p.due:
			p.signNew(ctx)
		case <-ticker.C:
			p.signNew(ctx)
		}
	}
}

// finish signs what is left when the Log has stopped.
func (p *checkpointer) finish(ctx context.Context) {
	select {
	case head := <-p.lost:
		p.sign(ctx, head)
	default:
	}
	p.signNew(ctx)
}

// signNew signs the newest head unless it is signed.
func (p *checkpointer) signNew(ctx context.Context) {
	head := p.head.Load()
	if head == nil || head.Seq == p.signed {
		return
	}
	if p.sign(ctx, *head) {
		p.signed = head.Seq
	}
	p.tried.Store(head.Seq)
}

func (p *checkpointer) sign(ctx context.Context, head storage.AuditHead) bool {
	ctx, cancel := context.WithTimeout(ctx, p.config.Settings.CommitTimeout)
	defer cancel()
	err := p.store(ctx, head)
	p.config.Observer.Checkpointed(head.Seq, err)
	return err == nil
}

func (p *checkpointer) store(ctx context.Context, head storage.AuditHead) error {
	now := p.config.Clock()
	key, err := p.config.Keys.Current().Select(keys.AuditCheckpoint, "", "", now)
	if err != nil {
		return err
	}
	c, err := signHead(head, now, key)
	if err != nil {
		return err
	}
	return p.config.Store.AddCheckpoint(ctx, c)
}
