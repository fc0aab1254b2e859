package exchange_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/outbound/exchange"
)

var readAt = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func answerWith(status int, retryAfter, date string) *outbound.Answer {
	return &outbound.Answer{Status: status, Header: http.Header{"Retry-After": {retryAfter}, "Date": {date}}}
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name       string
		status     int
		text, date string
		want       time.Duration
	}{
		{"seconds", 429, "7", "", 7 * time.Second},
		{"seconds of 503", 503, " 120 ", "", 2 * time.Minute},
		{"seconds of another status", 500, "7", "", 0},
		{"none", 429, "", "", 0},
		{"no seconds", 429, "0", "", 0},
		{"a negative number", 429, "-7", "", 0},
		{"a fraction", 429, "1.5", "", 0},
		{"too many", 429, "4000000000", "", 24 * time.Hour},
		{"more than can be counted", 429, "99999999999999999999", "", 0},
		{"a date", 429, "Sun, 29 Nov 2026 12:00:07 GMT", "", 7 * time.Second},
		{"a date of a clock that is off", 429, "Sun, 29 Nov 2026 12:10:07 GMT", "Sun, 29 Nov 2026 12:10:00 GMT", 7 * time.Second},
		{"a date of RFC 850", 503, "Sunday, 29-Nov-26 12:00:07 GMT", "", 7 * time.Second},
		{"a date that is past", 429, "Sun, 29 Nov 2026 11:00:00 GMT", "", 0},
		{"a date that is far", 429, "Sun, 29 Nov 2099 12:00:00 GMT", "", 24 * time.Hour},
		{"words", 429, "soon", "now", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := exchange.RetryAfter(answerWith(c.status, c.text, c.date), readAt); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, text := range []string{"7", "-1", "Sun, 29 Nov 2026 12:00:07 GMT", "Mon Jan  2 15:04:05 2006", "99999999999999999999", ""} {
		f.Add(text, "Sun, 29 Nov 2026 12:00:00 GMT")
	}
	f.Fuzz(func(t *testing.T, text, date string) {
		if got := exchange.RetryAfter(answerWith(429, text, date), readAt); got < 0 || got > 24*time.Hour {
			t.Errorf("%s", got)
		}
	})
}
