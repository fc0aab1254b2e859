package postgres

// MaxConns and NewConns open a hole for tests of the pool.
func (s *Store) MaxConns() int32 { return s.pool.Config().MaxConns }

func (s *Store) NewConns() int64 { return s.pool.Stat().NewConnsCount() }
