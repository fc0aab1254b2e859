package storage

import "time"

// ColumnTime is a moment as a column keeps it: milliseconds since 1970, 0 for none.
func ColumnTime(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// ColumnTimeFrom reads what ColumnTime wrote.
func ColumnTimeFrom(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
