package sqlite

import "database/sql"

// WriteDB and ReadDB open a hole for tests that look at the connections' settings
// and that make the database fail.

func (s *Store) WriteDB() *sql.DB { return s.write }
func (s *Store) ReadDB() *sql.DB  { return s.read }

var CheckDurable = checkDurable
