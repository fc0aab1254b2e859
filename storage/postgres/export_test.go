package postgres

import (
	"context"
	"time"
)

// MaxConns and NewConns open a hole for tests of the pool.
func (s *Store) MaxConns() int32 { return s.pool.Config().MaxConns }

func (s *Store) NewConns() int64 { return s.pool.Stat().NewConnsCount() }

// Exec runs a statement in a session of the pool.
func (s *Store) Exec(ctx context.Context, statement string) error {
	_, err := s.pool.Exec(ctx, statement)
	return err
}

// Show returns a setting of a session of the pool.
func (s *Store) Show(ctx context.Context, setting string) (value string, err error) {
	err = s.pool.QueryRow(ctx, "SHOW "+setting).Scan(&value)
	return value, err
}

// FirstRows returns how many rows a query has that begins a transaction, and its error. Then it
// asks something else, before it closes the rows.
func (s *Store) FirstRows(ctx context.Context, query string) (count int, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	defer rollback(ctx, conn)
	rows, err := (&beginning{conn: conn}).Query(ctx, query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		count++
	}
	if err := rows.Err(); err != nil {
		return count, err
	}
	_, err = conn.Exec(ctx, "SELECT 1")
	return count, err
}

// SetClock makes this replica's clock another.
func (s *Store) SetClock(clock func() time.Time) { s.clock = clock }

// ServingRights returns servingRights as texts.
func ServingRights() []string {
	var texts []string
	for _, r := range servingRights() {
		texts = append(texts, r.String())
	}
	return texts
}
