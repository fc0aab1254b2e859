package audit

import (
	"context"
	"crypto/ed25519"

	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/audit/tree"
	"github.com/walletport/walletport/storage"
)

// TreeSource is what is read of the stored tree and its notes. storage.Store is one.
type TreeSource interface {
	AuditHashes(ctx context.Context, seq int64, limit int) ([]storage.AuditHead, error)
	TreeNodes(ctx context.Context, level int, first int64, limit int) ([]storage.TreeNode, error)
	TreeLength(ctx context.Context, level int) (int64, error)
	Notes(ctx context.Context, size int64, limit int) ([]storage.Note, error)
	LastNote(ctx context.Context) (storage.Note, error)
}

// TreeStore is what a Log needs to grow the tree. storage.Store is one.
type TreeStore interface {
	TreeSource
	AuditAfter(ctx context.Context, seq int64, limit int) ([]storage.AuditEntry, error)
	AddTreeNodes(ctx context.Context, nodes []storage.TreeNode) error
	AddNote(ctx context.Context, n storage.Note) error
}

// storedTree returns the tree's hashes as they are stored. Those behind a gap are left out.
func storedTree(from TreeSource) tree.Source {
	return func(ctx context.Context, level int, first int64, count int) ([][]byte, error) {
		if level == 0 {
			return leaves(ctx, from, first, count)
		}
		nodes, err := from.TreeNodes(ctx, level, first, count)
		if err != nil {
			return nil, err
		}
		var hashes [][]byte
		for i, n := range nodes {
			if n.Number != first+int64(i) {
				break
			}
			hashes = append(hashes, n.Hash)
		}
		return hashes, nil
	}
}

func leaves(ctx context.Context, from TreeSource, first int64, count int) ([][]byte, error) {
	records, err := from.AuditHashes(ctx, first, count)
	if err != nil {
		return nil, err
	}
	var hashes [][]byte
	for i, r := range records {
		if r.Seq != first+1+int64(i) {
			break
		}
		hashes = append(hashes, tree.Leaf(r.Hash))
	}
	return hashes, nil
}

// noteKeys returns whom notes are believed: the checkpoint keys sign them, too.
func noteKeys(trusted []TrustedKey) note.Keys {
	var keys note.Keys
	for _, k := range trusted {
		if len(k.Public) == ed25519.PublicKeySize {
			keys.Public = append(keys.Public, k.Public)
		}
	}
	return keys
}
