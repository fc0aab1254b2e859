package audit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// checkpointer signs the chain beside the writer: custody may be slow, and a
// signature need not hold records up. It signs what its Log made durable, with the
// key that serves at that time, and what others left unsigned: a server that was
// killed, or could not sign. Several Logs may sign one head, which stores one
// checkpoint.
type checkpointer struct {
	config   *Config
	head     atomic.Pointer[storage.AuditHead] // what the Log made durable last
	tried    atomic.Int64                      // up to where it signed or failed to
	due      chan struct{}                     // holds one: CheckpointEvery records came
	lost     chan storage.AuditHead            // holds one: see Observer.Lost
	reported atomic.Int64                      // the last record whose loss was told
	signed   int64                             // up to where it signed
	seen     int64                             // where the chain ended at the last survey
	noter    *noter                            // is told of what is signed
	// overtaken are durable records of this Log that are to be held against what is stored.
	overtaken overtaken
}

func newCheckpointer(c *Config) *checkpointer {
	p := &checkpointer{config: c, due: make(chan struct{}, 1), lost: make(chan storage.AuditHead, 1)}
	p.noter = newNoter(c, p.key)
	return p
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

// headLost tells of a head that the database lost, and asks for a checkpoint over it.
// It never waits; of two losses at once the first is enough.
func (p *checkpointer) headLost(head storage.AuditHead) {
	p.overtaken.take() // what stood before it is of the same loss
	if p.report(head.Seq, p.config.Observer.Lost) {
		p.ask(head)
	}
}

func (p *checkpointer) ask(lost storage.AuditHead) {
	select {
	case p.lost <- lost:
	default:
	}
}

// report tells of the loss of a record, unless it was told of before.
func (p *checkpointer) report(seq int64, tell func(int64)) bool {
	if p.reported.Swap(seq) == seq {
		return false
	}
	tell(seq)
	return true
}

// run signs until ctx ends. After a failure it tries again at the next tick, or
// after CheckpointEvery more records.
func (p *checkpointer) run(ctx context.Context, found stored) {
	ticker := time.NewTicker(p.config.Settings.CheckpointInterval)
	defer ticker.Stop()
	var noting sync.WaitGroup
	noting.Go(func() { p.noter.run(ctx) })
	defer noting.Wait()
	p.begin(ctx, found)
	for {
		select {
		case <-ctx.Done():
			return
		case head := <-p.lost:
			if !p.sign(ctx, head) && ctx.Err() != nil {
				p.ask(head) // of finish: the shutdown interrupted it
			}
		case <-p.due:
			p.lookBack(ctx)
			p.signNew(ctx)
		case <-ticker.C:
			p.lookBack(ctx)
			p.signNew(ctx)
			p.survey(ctx)
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
	p.lookBack(ctx)
	p.signNew(ctx)
	if p.head.Load() == nil {
		p.begin(ctx, p.look(ctx)) // what could not be signed at the start
	}
	p.noter.finish(ctx)
}

// stored is where the stored chain ends, and its last checkpoint.
type stored struct {
	known bool // false if the database did not say, which is for the writer to tell of
	head  storage.AuditHead
	last  storage.Checkpoint
}

// unsigned reports whether the chain goes on behind the last checkpoint.
func (s stored) unsigned() bool { return s.known && s.last.Seq < s.head.Seq }

func (p *checkpointer) look(ctx context.Context) stored {
	ctx, cancel := context.WithTimeout(ctx, p.config.Settings.CommitTimeout)
	defer cancel()
	head, err := p.config.Store.AuditHead(ctx)
	if err != nil || len(head.Hash) != hashBytes {
		return stored{}
	}
	last, err := p.config.Store.LastCheckpoint(ctx)
	return stored{known: err == nil, head: head, last: last}
}

// begin signs what was found unsigned at the start: whoever wrote it may be gone.
func (p *checkpointer) begin(ctx context.Context, found stored) {
	p.seen = found.head.Seq
	switch {
	case found.unsigned():
		p.vouch(ctx, found.head)
	case found.known && found.head.Seq > 0 && found.last.Seq == found.head.Seq:
		p.noter.tell(found.head) // of an old trail, or whoever signed it died before it was noted
	case found.known && found.last.Seq > found.head.Seq:
		p.endsEarly(ctx, found.last)
	}
}

// lookBack holds what this Log made durable against what is stored: its last record, and
// those behind which others wrote. One that is another now is a loss: the trail was rewritten,
// or set back, and has grown beyond it since. What cannot be read is compared the next time.
func (p *checkpointer) lookBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Settings.CommitTimeout)
	defer cancel()
	heads := p.overtaken.take()
	if own := p.head.Load(); own != nil {
		heads = append(heads, *own)
	}
	lost, err := lastLost(ctx, p.config.Store, heads)
	switch {
	case err != nil:
		p.overtaken.putBack(heads)
	case lost != nil && p.report(lost.Seq, p.config.Observer.Lost):
		p.sign(ctx, *lost)
	}
}

// survey looks after the chain of all servers. Records of another server that stood unsigned at the survey before are signed: what
// is newer, their own server will sign. The same is so of records without a note: whoever
// signed them could not make one, or was killed before.
func (p *checkpointer) survey(ctx context.Context) {
	own := p.head.Load() // before the stored one, which may be newer but not older
	found := p.look(ctx)
	if !found.known {
		return
	}
	before := p.seen
	p.seen = found.head.Seq
	switch {
	case own != nil && found.head.Seq < own.Seq: // lookBack tells of it
	case found.last.Seq > found.head.Seq:
		p.endsEarly(ctx, found.last)
	case found.unsigned() && before == found.head.Seq && (own == nil || own.Seq < found.head.Seq):
		p.vouch(ctx, found.head)
	case !found.unsigned() && before == found.head.Seq && p.noter.lacks(ctx, found.head):
		p.noter.tell(found.head)
	}
}

// endsEarly tells of a checkpoint over a record that the chain does not have, unless
// the chain has reached it meanwhile, or its signature is of none of our keys, which
// is for Verify to say.
func (p *checkpointer) endsEarly(ctx context.Context, last storage.Checkpoint) {
	if newSigners(TrustedKeys(p.config.Keys.Current())).check(last, appendText(nil, checkpointDomain)) != nil {
		return
	}
	if again := p.look(ctx); again.known && again.head.Seq < last.Seq {
		p.report(last.Seq, p.config.Observer.EndsEarly)
	}
}

// signNew signs the newest head unless it is signed.
func (p *checkpointer) signNew(ctx context.Context) {
	head := p.head.Load()
	if head == nil || head.Seq == p.signed {
		return
	}
	if p.vouch(ctx, *head) {
		p.signed = head.Seq
	}
	p.tried.Store(head.Seq)
}

// vouch signs a head that the chain has, and has it noted.
func (p *checkpointer) vouch(ctx context.Context, head storage.AuditHead) bool {
	signed := p.sign(ctx, head)
	if signed {
		p.noter.tell(head)
	}
	return signed
}

func (p *checkpointer) sign(ctx context.Context, head storage.AuditHead) bool {
	ctx, cancel := context.WithTimeout(ctx, p.config.Settings.CommitTimeout)
	defer cancel()
	err := p.store(ctx, head)
	p.config.Observer.Checkpointed(head.Seq, err)
	return err == nil
}

func (p *checkpointer) store(ctx context.Context, head storage.AuditHead) error {
	key, err := p.key(ctx)
	if err != nil {
		return err
	}
	c, err := signHead(head, p.config.Clock(), key)
	if err != nil {
		return err
	}
	return p.config.Store.AddCheckpoint(ctx, c)
}

// key returns the key that signs now, unless the keys are those of another store than
// the one that signed the trail: the store may have been exchanged since the Log began.
func (p *checkpointer) key(ctx context.Context) (*keys.Key, error) {
	ring := p.config.Keys.Current()
	key, err := ring.Select(keys.AuditCheckpoint, "", "", p.config.Clock())
	if err != nil {
		return nil, err
	}
	err = CheckKeys(ctx, p.config.Store, ring)
	if lost := walletport.ReasonOf(err) == ReasonKeyMissing && p.config.KeyLost; err != nil && !lost {
		return nil, err
	}
	return key, nil
}
