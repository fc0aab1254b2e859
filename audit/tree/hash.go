package tree

import (
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// hashBytes is the length of every hash here.
const hashBytes = 32

var (
	hasher = rfc6962.DefaultHasher
	ranges = compact.RangeFactory{Hash: hasher.HashChildren}
)

// Leaf returns the leaf hash of a record, by its chain hash.
func Leaf(chainHash []byte) []byte { return hasher.HashLeaf(chainHash) }

// CheckInclusion returns an error unless path proves that the leaf with that number,
// from 0, is in the tree of size leaves with that root.
func CheckInclusion(leaf []byte, number, size int64, path [][]byte, root []byte) error {
	if number < 0 || size < 0 {
		return fmt.Errorf("no leaf %d of %d", number, size)
	}
	return proof.VerifyInclusion(hasher, uint64(number), uint64(size), leaf, path, root)
}

// CheckConsistency returns an error unless path proves that the tree of size newer with
// the root newRoot begins with the leaves of the tree of size older with the root oldRoot.
// It proves nothing of an empty older tree, with which every other one begins.
func CheckConsistency(older, newer int64, path [][]byte, oldRoot, newRoot []byte) error {
	if older < 0 || newer < 0 {
		return fmt.Errorf("no tree of %d leaves, and then %d", older, newer)
	}
	return proof.VerifyConsistency(hasher, uint64(older), uint64(newer), path, oldRoot, newRoot)
}
