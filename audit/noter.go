package audit

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/audit/tree"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// noter grows the Merkle tree behind the checkpointer, and signs notes over it. The tree
// of a trail that had none is built in the background, by portions. Each note goes on from
// the nodes that are stored, as far as the last note covers them, and from the records behind
// it: who could write the database could have put hashes there that no record has, and a note
// over them would prove a record that never was. Several Logs may note at once: they make the
// same nodes.
type noter struct {
	config *Config
	key    func(context.Context) (*keys.Key, error) // that signs now
	due    chan storage.AuditHead                   // holds one: the newest
	// noted is the largest note that this Log made or found made. No smaller one comes behind it,
	// and no other tree: a database that was set back gets notes again from the next server.
	noted note.Checkpoint
	// written are records of this Log, which need not be read.
	written written
}

const (
	// portion is how many records the tree grows by between two commits of its nodes. They
	// take a few megabytes.
	portion = 1 << 12
	// unbuilt is from how many records without a note on a command leaves them to a server.
	unbuilt = 1 << 14
)

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

// far reports whether so much is missing that it takes a while.
func (n *noter) far(ctx context.Context, head storage.AuditHead) (bool, error) {
	last, err := n.config.Store.LastNote(ctx)
	return head.Seq-last.Size > unbuilt, err
}

// lacks reports whether the records up to head have no note. A database that does not answer
// will say so to whoever makes one.
func (n *noter) lacks(ctx context.Context, head storage.AuditHead) bool {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	last, err := n.config.Store.LastNote(ctx)
	return err == nil && last.Size < head.Seq
}

// note takes the tree to head and signs a note over it.
func (n *noter) note(ctx context.Context, head storage.AuditHead) error {
	last, err := n.last(ctx)
	if err != nil || last.Size > head.Seq {
		return err
	}
	grown, at, err := n.resume(ctx, last.Size)
	n.written.forget(at.Seq)
	for err == nil && at.Seq < head.Seq {
		at, err = n.growBy(ctx, grown, at, head.Seq)
	}
	switch {
	case err != nil:
		return err
	case !bytes.Equal(at.Hash, head.Hash):
		return fmt.Errorf("record %d is not the one that is signed", head.Seq)
	}
	return n.sign(ctx, grown)
}

// resume returns the tree that the last note is over, of the nodes and hashes that are stored,
// and the last record in it: or one without leaves where a node is missing. Whether it has the root
// of the note, goesOn says.
func (n *noter) resume(ctx context.Context, size int64) (*tree.Grower, storage.AuditHead, error) {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	if size == 0 {
		return tree.NewGrower(), origin(), nil
	}
	grown, err := tree.Resume(ctx, tree.NewReader(storedTree(n.config.Store)), size)
	switch {
	case errors.Is(err, tree.ErrMissing):
		return tree.NewGrower(), origin(), nil
	case err != nil:
		return nil, storage.AuditHead{}, err
	}
	heads, err := n.config.Store.AuditHashes(ctx, size-1, 1)
	if err == nil && (len(heads) == 0 || heads[0].Seq != size) {
		err = fmt.Errorf("record %d, which is noted, is missing", size)
	}
	if err != nil {
		return nil, storage.AuditHead{}, err
	}
	return grown, heads[0], nil
}

// growBy appends records behind at, up to until or fewer, and stores the nodes that they
// complete. It returns the last one.
func (n *noter) growBy(ctx context.Context, grown *tree.Grower, at storage.AuditHead, until int64) (storage.AuditHead, error) {
	ctx, cancel := context.WithTimeout(ctx, n.config.Settings.CommitTimeout)
	defer cancel()
	hashes, others := n.written.behind(at, until)
	if len(hashes) == 0 {
		var err error
		if hashes, err = n.read(ctx, at, int(min(portion, others-at.Seq))); err != nil {
			return at, err
		}
	}
	var nodes []storage.TreeNode
	complete := func(c tree.Node) { nodes = append(nodes, storage.TreeNode(c)) }
	for hash := range slices.Chunk(hashes, hashBytes) {
		if err := grown.Append(tree.Leaf(hash), complete); err != nil {
			return at, err
		}
		at = storage.AuditHead{Seq: at.Seq + 1, Hash: hash}
	}
	if len(nodes) == 0 {
		return at, nil
	}
	return at, n.config.Store.AddTreeNodes(ctx, nodes)
}

// read returns the hashes of the next count records behind at, one after the other. Each must
// follow the one before it.
func (n *noter) read(ctx context.Context, at storage.AuditHead, count int) ([]byte, error) {
	records, err := n.config.Store.AuditAfter(ctx, at.Seq, count)
	if err != nil {
		return nil, err
	}
	if len(records) < count {
		return nil, fmt.Errorf("the chain ends at record %d, before one that is signed", at.Seq+int64(len(records)))
	}
	var hashes []byte
	var hasher hasher
	for i := range records {
		if !hasher.follows(at, &records[i]) {
			return nil, fmt.Errorf("record %d does not follow the one before it: it was changed, or is missing", at.Seq+1)
		}
		at = storage.AuditHead{Seq: records[i].Seq, Hash: records[i].Hash}
		hashes = append(hashes, at.Hash...)
	}
	return hashes, nil
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
	for _, before := range []note.Checkpoint{last, n.noted} {
		if err := n.goesOn(ctx, before, c); err != nil {
			return err
		}
	}
	if last.Size == c.Size {
		n.noted = c
		return nil
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
	if err := n.config.Store.AddNote(ctx, storage.Note{Size: c.Size, Text: text}); err != nil {
		return err
	}
	n.noted = c
	return nil
}

// last returns the last note that is of a key at hand, or the zero one. Those of other keys,
// one that was lost say, are passed over: whose they are, Verify says. What stands behind it
// and is no note at all is an error, for it was not written by a server.
func (n *noter) last(ctx context.Context) (note.Checkpoint, error) {
	stored, err := n.config.Store.LastNote(ctx)
	if err != nil || stored.Size == 0 {
		return note.Checkpoint{}, err
	}
	trusted := noteKeys(TrustedKeys(n.config.Keys.Current()))
	opened, err := openStored(stored, trusted)
	if !errors.Is(err, note.ErrUnsigned) {
		return opened, err
	}
	return n.lastOf(ctx, trusted)
}

// lastOf is last where the very last note is of a key that is not at hand: it goes through all.
func (n *noter) lastOf(ctx context.Context, trusted note.Keys) (last note.Checkpoint, _ error) {
	for size := int64(0); ; {
		page, err := n.config.Store.Notes(ctx, size, pageSize)
		if err != nil || len(page) == 0 {
			return last, err
		}
		size = page[len(page)-1].Size
		for _, stored := range slices.Backward(page) {
			opened, err := openStored(stored, trusted)
			if err == nil {
				last = opened
				break
			}
			if !errors.Is(err, note.ErrUnsigned) {
				return note.Checkpoint{}, err
			}
		}
	}
}

// openStored opens a note that is stored as one over so many records.
func openStored(stored storage.Note, trusted note.Keys) (note.Checkpoint, error) {
	opened, err := note.Open(stored.Text, trusted)
	if err != nil {
		return note.Checkpoint{}, fmt.Errorf("the note at record %d: %w", stored.Size, err)
	}
	if opened.Size != stored.Size {
		return note.Checkpoint{}, fmt.Errorf("the note at record %d is over %d records", stored.Size, opened.Size)
	}
	return opened.Checkpoint, nil
}

// goesOn returns ErrInconsistent unless the tree of next begins with that of last. A log
// must never sign two trees that do not.
func (n *noter) goesOn(ctx context.Context, last, next note.Checkpoint) error {
	switch {
	case last.Size == 0:
		return nil
	case last.Size > next.Size:
		return fmt.Errorf("%w: a note over %d records is signed, and the trail has %d", ErrInconsistent, last.Size, next.Size)
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
