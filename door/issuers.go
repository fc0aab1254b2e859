package door

import (
	"time"

	"github.com/walletport/walletport"
)

// IssuerLimits hold back calls on the cards of one issuer, whichever clients make them.
// Whose card it is is known when it was found, so it is not the door that asks: whoever
// finds cards is handed Admit. It is safe for concurrent use.
type IssuerLimits struct {
	of                   func(walletport.IssuerID) IssuerRate
	perSecond, perMinute *limiter
}

// IssuerRate bounds the calls on the cards of one issuer.
type IssuerRate struct {
	PerSecond int `setting:"requests_per_second"` // calls on cards of one issuer, of all clients together; 0 and negative are no limit. Each replica counts for itself
	PerMinute int `setting:"requests_per_minute"` // the same by the minute; 0 and negative are no limit
}

// NewIssuerLimits returns limits that of says for each issuer. One door's calls and
// another's count together if they share them.
func NewIssuerLimits(of func(walletport.IssuerID) IssuerRate, clock func() time.Time) *IssuerLimits {
	return &IssuerLimits{of: of, perSecond: newLimiter(time.Second, clock, 0), perMinute: newLimiter(time.Minute, clock, 0)}
}

// Admit counts a call on a card of the issuer. One too many is CodeRateLimited, reason
// issuer_rate_limited; the door that gets the error says how long to wait.
func (l *IssuerLimits) Admit(issuer walletport.IssuerID) error {
	rate := l.of(issuer)
	switch {
	case rate.PerSecond > 0 && l.perSecond.over(string(issuer), rate.PerSecond):
		return errIssuerRateLimited(time.Second)
	case rate.PerMinute > 0 && l.perMinute.over(string(issuer), rate.PerMinute):
		return errIssuerRateLimited(time.Minute)
	}
	return nil
}
