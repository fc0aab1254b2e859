package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// AuditHashes implements storage.AuditTree.
func (s *Store) AuditHashes(ctx context.Context, seq int64, limit int) ([]storage.AuditHead, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListAuditHashes(ctx, sqlitedb.ListAuditHashesParams{After: seq, MaxRows: rowLimit(limit)})
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	hashes := make([]storage.AuditHead, len(rows))
	for i, r := range rows {
		hashes[i] = storage.AuditHead{Seq: r.Seq, Hash: r.Hash}
	}
	return hashes, nil
}

// AddTreeNodes implements storage.AuditTree.
func (s *Store) AddTreeNodes(ctx context.Context, nodes []storage.TreeNode) error {
	if len(nodes) == 0 {
		return nil
	}
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		for _, n := range nodes {
			err := q.InsertTreeNode(uncancelled(ctx), sqlitedb.InsertTreeNodeParams{Level: int64(n.Level), Number: n.Number, Hash: notNull(n.Hash)})
			if err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
		}
		return nil
	})
}

// TreeNodes implements storage.AuditTree.
func (s *Store) TreeNodes(ctx context.Context, level int, first int64, limit int) ([]storage.TreeNode, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListTreeNodes(ctx, sqlitedb.ListTreeNodesParams{Level: int64(level), First: first, MaxRows: rowLimit(limit)})
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	nodes := make([]storage.TreeNode, len(rows))
	for i, r := range rows {
		nodes[i] = storage.TreeNode{Level: level, Number: r.Number, Hash: r.Hash}
	}
	return nodes, nil
}

// TreeLength implements storage.AuditTree.
func (s *Store) TreeLength(ctx context.Context, level int) (int64, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return 0, err
	}
	last, err := q.LastTreeNode(ctx, int64(level))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, storage.ErrUnavailable(ctx, err)
	}
	return last + 1, nil
}

// AddNote implements storage.AuditNotes.
func (s *Store) AddNote(ctx context.Context, n storage.Note) error {
	if err := storage.CheckNote(n); err != nil {
		return err
	}
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		if err := q.InsertNote(ctx, sqlitedb.InsertNoteParams{Size: n.Size, Note: n.Text}); err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
}

// Notes implements storage.AuditNotes.
func (s *Store) Notes(ctx context.Context, size int64, limit int) ([]storage.Note, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListNotes(ctx, sqlitedb.ListNotesParams{After: size, MaxRows: rowLimit(limit)})
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	notes := make([]storage.Note, len(rows))
	for i, r := range rows {
		notes[i] = storage.Note{Size: r.Size, Text: r.Note}
	}
	return notes, nil
}

// LastNote implements storage.AuditNotes.
func (s *Store) LastNote(ctx context.Context) (storage.Note, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.Note{}, err
	}
	r, err := q.LastNote(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return storage.Note{}, nil
	}
	if err != nil {
		return storage.Note{}, storage.ErrUnavailable(ctx, err)
	}
	return storage.Note{Size: r.Size, Text: r.Note}, nil
}

// AddCosignature implements storage.AuditNotes.
func (s *Store) AddCosignature(ctx context.Context, c storage.Cosignature) error {
	if err := storage.CheckCosignature(c); err != nil {
		return err
	}
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		if err := q.InsertCosignature(ctx, sqlitedb.InsertCosignatureParams{Witness: c.Witness, Size: c.Size, Line: c.Line}); err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
}

// Cosignatures implements storage.AuditNotes.
func (s *Store) Cosignatures(ctx context.Context, size int64) ([]storage.Cosignature, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListCosignatures(ctx, size)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	list := make([]storage.Cosignature, len(rows))
	for i, r := range rows {
		list[i] = storage.Cosignature{Size: r.Size, Witness: r.Witness, Line: r.Line}
	}
	return list, nil
}

// LastCosignature implements storage.AuditNotes.
func (s *Store) LastCosignature(ctx context.Context, witness string) (storage.Cosignature, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.Cosignature{}, err
	}
	r, err := q.LastCosignature(ctx, witness)
	if errors.Is(err, sql.ErrNoRows) {
		return storage.Cosignature{}, nil
	}
	if err != nil {
		return storage.Cosignature{}, storage.ErrUnavailable(ctx, err)
	}
	return storage.Cosignature{Size: r.Size, Witness: r.Witness, Line: r.Line}, nil
}
