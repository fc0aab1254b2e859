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
	if !okMonth || !(Expiry{Month: time.Month(m)}).HasMonth() {
		return Expiry{}, Errorf(CodeInvalid, "expiry_month", "the expiry month is two digits, 01 to 12")
	}
	at := min(2, len(year))
	century, okCentury := twoDigits(year[:at])
	yy, okYear := twoDigits(year[at:])
	e := Expiry{Year: 100*century + yy, Month: time.Month(m)}
	if !okCentury || !okYear || !e.HasYear() {
		return Expiry{}, Errorf(CodeInvalid, "expiry_year", "the expiry year is four digits, 2000 to 2099")
	}
	return e, nil
}

// HasMonth reports whether the month is one.
func (e Expiry) HasMonth() bool { return e.Month >= time.January && e.Month <= time.December }

// HasYear reports whether the year is one that cards have: two digits stand for it, of
// the century from 2000 on.
func (e Expiry) HasYear() bool { return e.Year >= 2000 && e.Year <= 2099 }

// Rule returns the rule that e breaks, for a message; "" for none.
func (e Expiry) Rule() string {
	switch {
	case !e.HasMonth():
		return "the expiry month is 01 to 12"
	case !e.HasYear():
		return "the expiry year is 2000 to 2099"
	}
	return ""
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

// YearMonth returns year and month as "2030-12"; "" of the zero Expiry.
func (e Expiry) YearMonth() string {
	if e == (Expiry{}) {
		return ""
	}
	return e.YYYY() + "-" + e.MM()
}

// MMYY returns month and year as MDES signs them in a TAV.
func (e Expiry) MMYY() string { return e.MM() + e.YY() }
