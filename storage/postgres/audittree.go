package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// AuditHashes implements storage.AuditTree.
func (s *Store) AuditHashes(ctx context.Context, seq int64, limit int) ([]storage.AuditHead, error) {
	var hashes []storage.AuditHead
	err := s.retryLost(ctx, func() error {
		rows, err := s.queries.ListAuditHashes(ctx, pgdb.ListAuditHashesParams{After: seq, MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		hashes = make([]storage.AuditHead, len(rows))
		for i, r := range rows {
			hashes[i] = storage.AuditHead{Seq: r.Seq, Hash: r.Hash}
		}
		return nil
	})
	return hashes, err
}

// AddTreeNodes implements storage.AuditTree.
func (s *Store) AddTreeNodes(ctx context.Context, nodes []storage.TreeNode) error {
	if len(nodes) == 0 {
		return nil
	}
	var rows pgdb.InsertTreeNodesParams
	for _, n := range nodes {
		rows.Levels = append(rows.Levels, int64(n.Level))
		rows.Numbers = append(rows.Numbers, n.Number)
		rows.Hashes = append(rows.Hashes, notNull(n.Hash))
	}
	return s.retryLost(ctx, func() error {
		if err := s.queries.InsertTreeNodes(ctx, rows); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
}

// TreeNodes implements storage.AuditTree.
func (s *Store) TreeNodes(ctx context.Context, level int, first int64, limit int) ([]storage.TreeNode, error) {
	var nodes []storage.TreeNode
	err := s.retryLost(ctx, func() error {
		rows, err := s.queries.ListTreeNodes(ctx, pgdb.ListTreeNodesParams{Level: int64(level), First: first, MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		nodes = make([]storage.TreeNode, len(rows))
		for i, r := range rows {
			nodes[i] = storage.TreeNode{Level: level, Number: r.Number, Hash: r.Hash}
		}
		return nil
	})
	return nodes, err
}

// TreeLength implements storage.AuditTree.
func (s *Store) TreeLength(ctx context.Context, level int) (int64, error) {
	var length int64
	err := s.retryLost(ctx, func() error {
		last, err := s.queries.LastTreeNode(ctx, int64(level))
		if errors.Is(err, pgx.ErrNoRows) {
			length = 0
			return nil
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		length = last + 1
		return nil
	})
	return length, err
}

// AddNote implements storage.AuditNotes.
func (s *Store) AddNote(ctx context.Context, n storage.Note) error {
	if err := storage.CheckNote(n); err != nil {
		return err
	}
	return s.retryLost(ctx, func() error {
		if err := s.queries.InsertNote(ctx, pgdb.InsertNoteParams{Size: n.Size, Note: n.Text}); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
}

// Notes implements storage.AuditNotes.
func (s *Store) Notes(ctx context.Context, size int64, limit int) ([]storage.Note, error) {
	var notes []storage.Note
	err := s.retryLost(ctx, func() error {
		rows, err := s.queries.ListNotes(ctx, pgdb.ListNotesParams{After: size, MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		notes = make([]storage.Note, len(rows))
		for i, r := range rows {
			notes[i] = storage.Note{Size: r.Size, Text: r.Note}
		}
		return nil
	})
	return notes, err
}

// LastNote implements storage.AuditNotes.
func (s *Store) LastNote(ctx context.Context) (storage.Note, error) {
	var last storage.Note
	err := s.retryLost(ctx, func() error {
		r, err := s.queries.LastNote(ctx)
		if errors.Is(err, pgx.ErrNoRows) {
			last = storage.Note{}
			return nil
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		last = storage.Note{Size: r.Size, Text: r.Note}
		return nil
	})
	return last, err
}

// AddCosignature implements storage.AuditNotes.
func (s *Store) AddCosignature(ctx context.Context, c storage.Cosignature) error {
	if err := storage.CheckCosignature(c); err != nil {
		return err
	}
	return s.retryLost(ctx, func() error {
		if err := s.queries.InsertCosignature(ctx, pgdb.InsertCosignatureParams{Witness: c.Witness, Size: c.Size, Line: c.Line}); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
}

// Cosignatures implements storage.AuditNotes.
func (s *Store) Cosignatures(ctx context.Context, size int64) ([]storage.Cosignature, error) {
	var list []storage.Cosignature
	err := s.retryLost(ctx, func() error {
		rows, err := s.queries.ListCosignatures(ctx, size)
		if err != nil {
			return unavailable(ctx, err)
		}
		list = make([]storage.Cosignature, len(rows))
		for i, r := range rows {
			list[i] = storage.Cosignature{Size: r.Size, Witness: r.Witness, Line: r.Line}
		}
		return nil
	})
	return list, err
}

// LastCosignature implements storage.AuditNotes.
func (s *Store) LastCosignature(ctx context.Context, witness string) (storage.Cosignature, error) {
	var last storage.Cosignature
	err := s.retryLost(ctx, func() error {
		r, err := s.queries.LastCosignature(ctx, witness)
		if errors.Is(err, pgx.ErrNoRows) {
			last = storage.Cosignature{}
			return nil
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		last = storage.Cosignature{Size: r.Size, Witness: r.Witness, Line: r.Line}
		return nil
	})
	return last, err
}
