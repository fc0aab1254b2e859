package door

import (
	"time"

	"github.com/walletport/walletport"
)

// IssuerLimits hold back calls on the cards of one issuer, whichever clients make them.
// Whose card it is is known when it was found, so it is not the door that asks: whoever
// finds cards is handed Admit. It is safe for concurrent use.
type IssuerLimits struct {
	of    func(walletport.IssuerID) IssuerRate
	rates rates
}

// IssuerRate bounds the calls on the cards of one issuer.
type IssuerRate struct {
	PerSecond int `setting:"requests_per_second"` // calls on cards of one issuer, of all clients together; 0 and negative are no limit. Each replica counts for itself
	PerMinute int `setting:"requests_per_minute"` // the same by the minute; 0 and negative are no limit
}

// NewIssuerLimits returns limits that of says for each issuer. One door's calls and
// another's count together if they share them.
func NewIssuerLimits(of func(walletport.IssuerID) IssuerRate, clock func() time.Time) *IssuerLimits {
	return &IssuerLimits{of: of, rates: newRates(clock)}
}

// orNone makes the limit of a rate that of a limiter, which has another one for none.
func orNone(limit int) int {
	if limit == 0 {
		return -1
	}
	return limit
}

// Admit counts a call on a card of the issuer. One too many is CodeRateLimited, reason
// issuer_rate_limited; the door that gets the error says how long to wait.
func (l *IssuerLimits) Admit(issuer walletport.IssuerID) error {
	rate := l.of(issuer)
	if wait := l.rates.take(string(issuer), orNone(rate.PerSecond), orNone(rate.PerMinute)); wait > 0 {
		return errIssuerRateLimited(issuer, wait)
	}
	return nil
}
