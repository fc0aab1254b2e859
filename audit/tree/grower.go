package tree

import (
	"context"

	"github.com/transparency-dev/merkle/compact"
)

// Node is the root hash of a complete part of Fanout^Level leaves.
type Node struct {
	Level  int   // 1, 2, 3, …
	Number int64 // of the part at its level, from 0
	Hash   []byte
}

// Grower is a tree that leaves are appended to. It holds one hash for each bit of its
// size. It is not safe for concurrent use.
type Grower struct{ parts *compact.Range }

// NewGrower returns a tree without leaves.
func NewGrower() *Grower { return &Grower{parts: ranges.NewEmptyRange(0)} }

// Resume returns the tree over the first size leaves, from what is stored.
func Resume(ctx context.Context, stored *Reader, size int64) (*Grower, error) {
	parts, err := stored.parts(ctx, size)
	if err != nil {
		return nil, err
	}
	return &Grower{parts: parts}, nil
}

// Size is the number of leaves.
func (g *Grower) Size() int64 { return int64(g.parts.End()) }

// Root returns the root of the tree.
func (g *Grower) Root() ([]byte, error) { return root(g.parts) }

// Append appends a leaf, and calls complete for each node to store that this completes.
func (g *Grower) Append(leaf []byte, complete func(Node)) error {
	return g.parts.Append(leaf, func(id compact.NodeID, hash []byte) {
		if id.Level > 0 && id.Level%stride == 0 {
			complete(Node{Level: int(id.Level / stride), Number: int64(id.Index), Hash: hash})
		}
	})
}
