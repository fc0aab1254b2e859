package walletport

import (
	"fmt"
	"time"
)

// Expiry is the month a card expires: it is good to the end of that month, UTC.
type Expiry struct {
	Year  int // four digits
	Month time.Month
}

// ParseExpiry reads a month "MM" and a year "YYYY".
func ParseExpiry(month, year string) (Expiry, error) {
	m, okMonth := twoDigits(month)
	if !okMonth || m < 1 || m > 12 {
		return Expiry{}, Errorf(CodeInvalid, "expiry_month", "the expiry month is two digits, 01 to 12")
	}
	if len(year) != 4 {
		return Expiry{}, Errorf(CodeInvalid, "expiry_year", "the expiry year is four digits, 2000 to 2099")
	}
	yy, okYear := twoDigits(year[2:])
	if !okYear || year[:2] != "20" {
		return Expiry{}, Errorf(CodeInvalid, "expiry_year", "the expiry year is four digits, 2000 to 2099")
	}
	return Expiry{Year: 2000 + yy, Month: time.Month(m)}, nil
}

func twoDigits(s string) (int, bool) {
	if len(s) != 2 || s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}

// ExpiredAt reports whether the month has ended at t.
func (e Expiry) ExpiredAt(t time.Time) bool {
	return !t.Before(time.Date(e.Year, e.Month+1, 1, 0, 0, 0, 0, time.UTC))
}

// MM returns the month in two digits.
func (e Expiry) MM() string { return fmt.Sprintf("%02d", int(e.Month)) }

// YY returns the year in two digits.
func (e Expiry) YY() string { return fmt.Sprintf("%02d", e.Year%100) }

// YYYY returns the year in four digits.
func (e Expiry) YYYY() string { return fmt.Sprintf("%04d", e.Year) }

// MMYY returns month and year as MDES signs them in a TAV.
func (e Expiry) MMYY() string { return e.MM() + e.YY() }
