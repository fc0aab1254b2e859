package sim

import (
	"strconv"
	"time"
)

// IsMonth reports whether s is 01 to 12.
func IsMonth(s string) bool { return len(s) == 2 && IsDigits(s) && s >= "01" && s <= "12" }

// EndOfMonth returns the first moment after a month, UTC: until then a card that
// expires in it is good. The month is 01 to 12; the year has two digits and means
// this century.
func EndOfMonth(month, year string) time.Time {
	m, errMonth := strconv.Atoi(month)
	y, errYear := strconv.Atoi(year)
	if errMonth != nil || errYear != nil {
		return time.Time{}
	}
	return time.Date(2000+y, time.Month(m)+1, 1, 0, 0, 0, 0, time.UTC)
}
