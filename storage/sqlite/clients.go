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

// AddClient implements storage.ClientsTx.
func (t *transaction) AddClient(c storage.Client) error {
	if err := storage.CheckClient(c); err != nil {
		return err
	}
	issuers, scopes, err := clientLists(c)
	if err != nil {
		return err
	}
	inserted, err := t.q.InsertClient(uncancelled(t.ctx), sqlitedb.InsertClientParams{
		ID:                c.ID,
		Name:              c.Name,
		SecretHash:        notNull(c.SecretHash),
		Issuers:           issuers,
		Scopes:            scopes,
		CertificateSha256: c.CertificateSHA256,
		CreatedMs:         c.CreatedAt.UnixMilli(),
		RevokedMs:         nullTime(c.RevokedAt),
		PreviousHash:      notNull(c.PreviousHash),
		PreviousUntilMs:   millisOrZero(c.PreviousUntil),
		ExpiresMs:         nullTime(c.ExpiresAt),
		LastUsedMs:        nullTime(c.LastUsedAt),
	})
	switch {
	case err != nil:
		return t.failed(err)
	case inserted == 0:
		return storage.ErrClientExists()
	}
	return nil
}

func clientLists(c storage.Client) (issuers, scopes string, err error) {
	if issuers, err = storage.EncodeList(c.Issuers); err != nil {
		return "", "", err
	}
	scopes, err = storage.EncodeList(c.Scopes)
	return issuers, scopes, err
}

// UpdateClient implements storage.ClientsTx.
func (t *transaction) UpdateClient(id string, change func(storage.Client) (storage.Client, error)) error {
	row, err := t.q.GetClient(uncancelled(t.ctx), id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return storage.ErrClientNotFound()
	case err != nil:
		return t.failed(err)
	}
	old, err := clientFrom(&row)
	if err != nil {
		return t.failed(err)
	}
	c, err := storage.ChangeClient(old, change)
	if err != nil {
		return err
	}
	issuers, scopes, err := clientLists(c)
	if err != nil {
		return err
	}
	err = t.q.UpdateClient(uncancelled(t.ctx), sqlitedb.UpdateClientParams{
		ID: id, Name: c.Name, SecretHash: notNull(c.SecretHash), Issuers: issuers, Scopes: scopes, CertificateSha256: c.CertificateSHA256,
		RevokedMs: nullTime(c.RevokedAt), PreviousHash: notNull(c.PreviousHash), PreviousUntilMs: millisOrZero(c.PreviousUntil),
		ExpiresMs: nullTime(c.ExpiresAt),
	})
	if err != nil {
		return t.failed(err)
	}
	return nil
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
	client, err := clientFrom(&row)
	if err != nil {
		return storage.Client{}, storage.ErrUnavailable(ctx, err)
	}
	return client, nil
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
		if clients[i], err = clientFrom(&rows[i]); err != nil {
			return nil, storage.ErrUnavailable(ctx, err)
		}
	}
	return clients, nil
}

// UseClients implements storage.Clients.
func (s *Store) UseClients(ctx context.Context, at map[string]time.Time) error {
	if len(at) == 0 {
		return nil
	}
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		for id, used := range at {
			if err := q.UseClient(ctx, sqlitedb.UseClientParams{ID: id, UsedMs: nullTime(used)}); err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
		}
		return nil
	})
}

func nullTime(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// millisOrZero keeps the zero time apart from the year 1, which no column needs.
func millisOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func clientFrom(r *sqlitedb.Client) (storage.Client, error) {
	c := storage.Client{
		ID:                r.ID,
		Name:              r.Name,
		SecretHash:        r.SecretHash,
		CertificateSHA256: r.CertificateSha256,
		CreatedAt:         timeFrom(r.CreatedMs),
	}
	if len(r.PreviousHash) > 0 {
		c.PreviousHash = r.PreviousHash
	}
	if r.PreviousUntilMs != 0 {
		c.PreviousUntil = timeFrom(r.PreviousUntilMs)
	}
	for _, moment := range []struct {
		ms sql.NullInt64
		at *time.Time
	}{{r.RevokedMs, &c.RevokedAt}, {r.ExpiresMs, &c.ExpiresAt}, {r.LastUsedMs, &c.LastUsedAt}} {
		if moment.ms.Valid {
			*moment.at = timeFrom(moment.ms.Int64)
		}
	}
	if err := storage.DecodeList(r.Issuers, &c.Issuers); err != nil {
		return storage.Client{}, fmt.Errorf("issuers of a client: %w", err)
	}
	if err := storage.DecodeList(r.Scopes, &c.Scopes); err != nil {
		return storage.Client{}, fmt.Errorf("scopes of a client: %w", err)
	}
	return c, nil
}
