package postgres

// MaxConns opens a hole for the test of the setting.
func (s *Store) MaxConns() int32 { return s.pool.Config().MaxConns }
