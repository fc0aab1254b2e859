package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// AddClient implements storage.Clients.
func (s *Store) AddClient(ctx context.Context, c storage.Client) error {
	if err := storage.CheckClient(c); err != nil {
		return err
	}
	issuers, err := storage.EncodeList(c.Issuers)
	if err != nil {
		return err
	}
	scopes, err := storage.EncodeList(c.Scopes)
	if err != nil {
		return err
	}
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		inserted, err := q.InsertClient(ctx, sqlitedb.InsertClientParams{
			ID:                c.ID,
			Name:              c.Name,
			SecretHash:        notNull(c.SecretHash),
			Issuers:           issuers,
			Scopes:            scopes,
			CertificateSha256: c.CertificateSHA256,
			CreatedMs:         c.CreatedAt.UnixMilli(),
			RevokedMs:         sql.NullInt64{Int64: c.RevokedAt.UnixMilli(), Valid: !c.RevokedAt.IsZero()},
		})
		switch {
		case err != nil:
			return storage.ErrUnavailable(ctx, err)
		case inserted == 0:
			return storage.ErrClientExists()
		}
		return nil
	})
}

// Client implements storage.Clients.
func (s *Store) Client(ctx context.Context, id string) (storage.Client, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.Client{}, err
	}
	row, err := q.GetClient(ctx, id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return storage.Client{}, storage.ErrClientNotFound()
	case err != nil:
		return storage.Client{}, storage.ErrUnavailable(ctx, err)
	}
	return clientFrom(ctx, &row)
}

// Clients implements storage.Clients.
func (s *Store) Clients(ctx context.Context) ([]storage.Client, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListClients(ctx)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	clients := make([]storage.Client, len(rows))
	for i := range rows {
		if clients[i], err = clientFrom(ctx, &rows[i]); err != nil {
			return nil, err
		}
	}
	return clients, nil
}

// RevokeClient implements storage.Clients.
func (s *Store) RevokeClient(ctx context.Context, id string, at time.Time) error {
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		found, err := q.RevokeClient(ctx, sqlitedb.RevokeClientParams{
			RevokedMs: sql.NullInt64{Int64: at.UnixMilli(), Valid: true},
			ID:        id,
		})
		switch {
		case err != nil:
			return storage.ErrUnavailable(ctx, err)
		case found == 0:
			return storage.ErrClientNotFound()
		}
		return nil
	})
}

func clientFrom(ctx context.Context, r *sqlitedb.Client) (storage.Client, error) {
	c := storage.Client{
		ID:                r.ID,
		Name:              r.Name,
		SecretHash:        r.SecretHash,
		CertificateSHA256: r.CertificateSha256,
		CreatedAt:         timeFrom(r.CreatedMs),
	}
	if r.RevokedMs.Valid {
		c.RevokedAt = timeFrom(r.RevokedMs.Int64)
	}
	if err := storage.DecodeList(r.Issuers, &c.Issuers); err != nil {
		return storage.Client{}, storage.ErrUnavailable(ctx, fmt.Errorf("issuers of a client: %w", err))
	}
	if err := storage.DecodeList(r.Scopes, &c.Scopes); err != nil {
		return storage.Client{}, storage.ErrUnavailable(ctx, fmt.Errorf("scopes of a client: %w", err))
	}
	return c, nil
}
