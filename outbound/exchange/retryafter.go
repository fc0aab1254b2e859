package exchange

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport/outbound"
)

// maxRetryAfter bounds what is believed of a scheme.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads the header Retry-After of 429 and 503, seconds or a date (RFC 9110
// section 10.2.3). A date counts from the answer's own Date, for clocks differ, and from
// now without one. 0 is not said, or nothing that can be read.
func retryAfter(a *outbound.Answer, now time.Time) time.Duration {
	if a.Status != http.StatusTooManyRequests && a.Status != http.StatusServiceUnavailable {
		return 0
	}
	text := strings.TrimSpace(a.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		now = sent
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
