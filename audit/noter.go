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
// of a trail that had none is built in the background, by portions. Each note goes on from
// the nodes that are stored, and keeps nothing for the next: a database that was set back
// has other records since. Several Logs may note at once: they make the same nodes.
type noter struct {
	config *Config
	key    func(context.Context) (*keys.Key, error) // that signs now
	due    chan storage.AuditHead                   // holds one: the newest
}

// portion is how many records the tree grows by between two commits of its nodes. Their
// hashes take a few megabytes.
const portion = 1 << 14

// ErrInconsistent says that the tree does not go on from a note that is signed.
var ErrInconsistent = errors.New("the tree does not go on from the last signed note: records that it covers were changed, or its nodes")

func newNoter(c *Config, key func(context.Context) (*keys.Key, error)) *noter {
	return &noter{config: c, key: key, due: make(chan storage.AuditHead, 1)}
}

// tell asks for a note over head, in place of one that was asked for before. It never
// waits.
func (n *noter) tell(head storage.AuditHead) {
	select {
	case <-n.due:
	default:
	}
	n.tellAgain(head)
}

// tellAgain is tell of a head that a newer one may have taken the place of.
func (n *noter) tellAgain(head storage.AuditHead) {
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
			err := n.note(ctx, head)
			if err != nil && ctx.Err() != nil {
				n.tellAgain(head) // for finish: the shutdown interrupted it
				return
			}
			n.config.Observer.Noted(head.Seq, err)
		}
	}
}

// finish notes what is left when run has ended, within the time of one commit. It builds
// no tree: a command would wait for what a server does beside its work.
func (n *noter) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	select {
	case head := <-n.due:
		far, err := n.far(ctx, head)
		if far {
			return
		}
		if err == nil {
			err = n.note(ctx, head)
		}
		n.config.Observer.Noted(head.Seq, err)
	default:
	}
}

// far reports whether more than one portion is missing.
func (n *noter) far(ctx context.Context, head storage.AuditHead) (bool, error) {
	length, err := n.config.Store.TreeLength(ctx, 1)
	return head.Seq-length*tree.Fanout > portion, err
}

// note takes the tree to head and signs a note over it.
func (n *noter) note(ctx context.Context, head storage.AuditHead) error {
	grown, err := n.resume(ctx, head)
	for err == nil && grown.Size() < head.Seq {
		err = n.growBy(ctx, grown, int(min(portion, head.Seq-grown.Size())), head)
	}
	if err != nil {
		return err
	}
	return n.sign(ctx, grown)
}

// resume returns the tree of the stored nodes, or one without leaves where one is missing.
func (n *noter) resume(ctx context.Context, head storage.AuditHead) (*tree.Grower, error) {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	length, err := n.config.Store.TreeLength(ctx, 1)
	if err != nil {
		return nil, err
	}
	size := min(length, head.Seq/tree.Fanout) * tree.Fanout
	grown, err := tree.Resume(ctx, tree.NewReader(storedTree(n.config.Store)), size)
	if errors.Is(err, tree.ErrMissing) {
		return tree.NewGrower(), nil
	}
	return grown, err
}

// growBy appends the next count records and stores the nodes that they complete.
func (n *noter) growBy(ctx context.Context, grown *tree.Grower, count int, head storage.AuditHead) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	records, err := n.config.Store.AuditHashes(ctx, grown.Size(), count)
	if err != nil {
		return err
	}
	if len(records) < count {
		return fmt.Errorf("the chain ends at record %d before %d, which is signed", grown.Size()+int64(len(records)), head.Seq)
	}
	var nodes []storage.TreeNode
	complete := func(c tree.Node) { nodes = append(nodes, storage.TreeNode(c)) }
	for _, r := range records {
		if r.Seq != grown.Size()+1 || r.Seq == head.Seq && !bytes.Equal(r.Hash, head.Hash) {
			return fmt.Errorf("record %d is not the one that is signed", grown.Size()+1)
		}
		if err := grown.Append(tree.Leaf(r.Hash), complete); err != nil {
			return err
		}
	}
	return n.config.Store.AddTreeNodes(ctx, nodes)
}

// sign stores a note over the tree, unless there is one of this size or a larger one.
func (n *noter) sign(ctx context.Context, grown *tree.Grower) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	c := note.Checkpoint{Size: grown.Size()}
	root, err := grown.Root()
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
	key, err := n.key(ctx)
	if err != nil {
		return err
	}
	text, err := note.Sign(c, key.Signer)
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
