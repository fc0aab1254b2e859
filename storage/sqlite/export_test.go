package sqlite

import (
	"context"
	"database/sql"
)

// WriteDB and ReadDB open a hole for tests that look at the connections' settings
// and that make the database fail.

func (s *Store) WriteDB() *sql.DB { return s.write }
func (s *Store) ReadDB() *sql.DB  { return s.read }

var CheckDurable = checkDurable

// Waiting is how many wait to write, but for the one that writes.
func (s *Store) Waiting() int {
	s.writers.lock.Lock()
	defer s.writers.lock.Unlock()
	return len(s.writers.waiting)
}

// OfferTurn has a caller whose write is done find the turn free. It reports whether the caller
// took it.
func (s *Store) OfferTurn() bool {
	w := &writing{ctx: context.Background(), done: make(chan struct{})}
	w.end(nil)
	return s.writers.awaitTurn(w)
}

const MaxShared = maxShared
