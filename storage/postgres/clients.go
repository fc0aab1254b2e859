package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
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
	inserted, err := t.q.InsertClient(t.ctx, pgdb.InsertClientParams{
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
	if err := storage.CheckClientID(id); err != nil {
		return err
	}
	row, err := t.q.GetClientForUpdate(t.ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
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
	err = t.q.UpdateClient(t.ctx, pgdb.UpdateClientParams{
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
	if err := storage.CheckClientID(id); err != nil {
		return storage.Client{}, err
	}
	var client storage.Client
	err := s.retryLost(ctx, func() error {
		row, err := s.queries.GetClient(ctx, id)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return storage.ErrClientNotFound()
		case err != nil:
			return unavailable(ctx, err)
		}
		if client, err = clientFrom(&row); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	return client, err
}

// Clients implements storage.Clients.
func (s *Store) Clients(ctx context.Context) ([]storage.Client, error) {
	var clients []storage.Client
	err := s.retryLost(ctx, func() error {
		rows, err := s.queries.ListClients(ctx)
		if err != nil {
			return unavailable(ctx, err)
		}
		clients = make([]storage.Client, len(rows))
		for i := range rows {
			if clients[i], err = clientFrom(&rows[i]); err != nil {
				return unavailable(ctx, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return clients, nil
}

// UseClients implements storage.Clients.
func (s *Store) UseClients(ctx context.Context, at map[string]time.Time) error {
	if len(at) == 0 {
		return nil
	}
	return s.retryLost(ctx, func() error {
		return s.transact(ctx, func(q *pgdb.Queries) error {
			// In the order of ids, so that replicas do not wait for each other in a circle.
			for _, id := range slices.Sorted(maps.Keys(at)) {
				if storage.CheckClientID(id) != nil {
					continue
				}
				if err := q.UseClient(ctx, pgdb.UseClientParams{ID: id, UsedMs: at[id].UnixMilli()}); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func nullTime(t time.Time) pgtype.Int8 {
	return pgtype.Int8{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// millisOrZero keeps the zero time apart from the year 1, which no column needs.
func millisOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func clientFrom(r *pgdb.Client) (storage.Client, error) {
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
		ms pgtype.Int8
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
