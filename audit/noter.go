package audit

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/audit/tree"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// noter grows the Merkle tree behind the checkpointer, and signs notes over it. The tree
// of a trail that had none is built in the background, by portions, and a start goes on
// from the nodes that are stored. Several Logs may do so at once: they make the same
// nodes.
type noter struct {
	config  *Config
	due     chan signedHead // holds one: the newest
	pending *signedHead     // taken and not noted
	tree    *tree.Grower    // nil until it was resumed, and after an error
}

// signedHead is a head of the chain with the key that signed it.
type signedHead struct {
	storage.AuditHead
	key *keys.Key
}

// portion is how many records the tree grows by between two commits of its nodes. Their
// hashes take a few megabytes.
const portion = 1 << 14

// ErrInconsistent says that the tree does not go on from a note that is signed.
var ErrInconsistent = errors.New("the tree does not go on from the last signed note: records that it covers were changed, or its nodes")

func newNoter(c *Config) *noter { return &noter{config: c, due: make(chan signedHead, 1)} }

// tell asks for a note over head, in place of one that was asked for before. It never
// waits.
func (n *noter) tell(head signedHead) {
	select {
	case <-n.due:
	default:
	}
	select {
	case n.due <- head:
	default:
	}
}

// run notes until ctx ends.
func (n *noter) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case head := <-n.due:
			n.pending = &head
			n.note(ctx)
		}
	}
}

// finish notes what is left when run has ended. It builds no tree: a command would wait
// for what a server does beside its work.
func (n *noter) finish(ctx context.Context) {
	select {
	case head := <-n.due:
		n.pending = &head
	default:
	}
	if n.pending == nil {
		return
	}
	if far, err := n.far(ctx); err == nil && !far {
		n.note(ctx)
	}
}

// far reports whether more than one portion is missing.
func (n *noter) far(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	if n.tree == nil {
		length, err := n.config.Store.TreeLength(ctx, 1)
		return n.pending.Seq-length*tree.Fanout > portion, err
	}
	return n.pending.Seq-n.tree.Size() > portion, nil
}

// note notes the pending head, which stays pending if ctx ends.
func (n *noter) note(ctx context.Context) {
	head := *n.pending
	err := n.grow(ctx, head.AuditHead)
	if err == nil {
		err = n.store(ctx, head)
	}
	if err != nil {
		n.tree = nil
	}
	if err != nil && ctx.Err() != nil {
		return
	}
	n.pending = nil
	n.config.Observer.Noted(head.Seq, err)
}

// grow takes the tree to head.
func (n *noter) grow(ctx context.Context, head storage.AuditHead) error {
	if n.tree == nil || n.tree.Size() > head.Seq {
		if err := n.resume(ctx, head); err != nil {
			return err
		}
	}
	for n.tree.Size() < head.Seq {
		if err := n.growBy(ctx, int(min(portion, head.Seq-n.tree.Size())), head); err != nil {
			return err
		}
	}
	return nil
}

// resume takes the tree from the stored nodes, or begins it anew where one is missing.
func (n *noter) resume(ctx context.Context, head storage.AuditHead) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	length, err := n.config.Store.TreeLength(ctx, 1)
	if err != nil {
		return err
	}
	size := min(length, head.Seq/tree.Fanout) * tree.Fanout
	n.tree, err = tree.Resume(ctx, tree.NewReader(storedTree(n.config.Store)), size)
	if errors.Is(err, tree.ErrMissing) {
		n.tree, err = tree.NewGrower(), nil
	}
	return err
}

// growBy appends the next count records and stores the nodes that they complete.
func (n *noter) growBy(ctx context.Context, count int, head storage.AuditHead) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	records, err := n.config.Store.AuditHashes(ctx, n.tree.Size(), count)
	if err != nil {
		return err
	}
	if len(records) < count {
		return fmt.Errorf("the chain ends at record %d before %d, which is signed", n.tree.Size()+int64(len(records)), head.Seq)
	}
	var nodes []storage.TreeNode
	complete := func(c tree.Node) { nodes = append(nodes, storage.TreeNode(c)) }
	for _, r := range records {
		if r.Seq != n.tree.Size()+1 || r.Seq == head.Seq && !bytes.Equal(r.Hash, head.Hash) {
			return fmt.Errorf("record %d is not the one that is signed", n.tree.Size()+1)
		}
		if err := n.tree.Append(tree.Leaf(r.Hash), complete); err != nil {
			return err
		}
	}
	return n.config.Store.AddTreeNodes(ctx, nodes)
}

// store signs a note over the tree, unless there is one of this size or a larger one.
func (n *noter) store(ctx context.Context, head signedHead) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	c := note.Checkpoint{Size: head.Seq}
	root, err := n.tree.Root()
	if err != nil {
		return err
	}
	copy(c.Root[:], root)
	last, err := n.last(ctx)
	if err != nil || last.Size > c.Size {
		return err
	}
	if err := n.goesOn(ctx, last, c); err != nil || last.Size == c.Size {
		return err
	}
	if c.Origin, err = n.origin(ctx); err != nil {
		return err
	}
	text, err := note.Sign(c, head.key.Signer)
	if err != nil {
		return err
	}
	return n.config.Store.AddNote(ctx, storage.Note{Size: c.Size, Text: text})
}

// last returns the last note, or the zero one if it is of no key at hand: whose it is,
// Verify says.
func (n *noter) last(ctx context.Context) (note.Checkpoint, error) {
	stored, err := n.config.Store.LastNote(ctx)
	if err != nil || stored.Size == 0 {
		return note.Checkpoint{}, err
	}
	opened, err := note.Open(stored.Text, noteKeys(TrustedKeys(n.config.Keys.Current())))
	if err != nil || opened.Size != stored.Size {
		return note.Checkpoint{}, nil //nolint:nilerr // a note that is none says nothing
	}
	return opened.Checkpoint, nil
}

// goesOn returns ErrInconsistent unless the tree of next begins with that of last. A log
// must never sign two trees that do not.
func (n *noter) goesOn(ctx context.Context, last, next note.Checkpoint) error {
	if last.Size == 0 {
		return nil
	}
	path, err := tree.NewReader(storedTree(n.config.Store)).Consistency(ctx, last.Size, next.Size)
	if err != nil {
		return err
	}
	if err := tree.CheckConsistency(last.Size, next.Size, path, last.Root[:], next.Root[:]); err != nil {
		return fmt.Errorf("%w: %d records, and then %d", ErrInconsistent, last.Size, next.Size)
	}
	return nil
}

// origin names the trail: as the settings say, or by its first record.
func (n *noter) origin(ctx context.Context) (string, error) {
	if n.config.Settings.Origin != "" {
		return n.config.Settings.Origin, nil
	}
	first, err := n.config.Store.AuditHashes(ctx, 0, 1)
	if err != nil {
		return "", err
	}
	if len(first) == 0 || len(first[0].Hash) != hashBytes {
		return "", errors.New("the trail has no first record to be named by")
	}
	return "walletport/audit/" + hex.EncodeToString(first[0].Hash[:8]), nil
}
