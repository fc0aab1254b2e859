package server

import (
	"log/slog"
	"sync"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/telemetry"
)

// tokenObserver turns what the flow of tokens tells into metrics and log lines.
type tokenObserver struct {
	metrics *telemetry.Metrics
	log     *slog.Logger

	lock sync.Mutex // guards told
	told map[oddToken]bool
}

// oddToken is a token and why an operator should look at it.
type oddToken struct {
	issuer walletport.IssuerID
	ref    walletport.TokenRef
	why    string
}

// maxOddTold bounds how many odd tokens the log of one process names.
const maxOddTold = 1000

func (o *tokenObserver) Listed(id walletport.SchemeID, source string) {
	o.metrics.TokensListed(string(id), source)
}

func (o *tokenObserver) Changed(id walletport.SchemeID, action walletport.TokenAction, outcome string) {
	o.metrics.TokenChanged(string(id), string(action), outcome)
}

// Odd is told each time that a scheme is asked for the token; the log has it once.
func (o *tokenObserver) Odd(issuer walletport.IssuerID, ref walletport.TokenRef, why string) {
	o.metrics.TokenOdd(string(ref.Scheme), why)
	if o.isNew(oddToken{issuer, ref, why}) {
		o.log.Warn("a token is not as it should be", "why", why, "issuer", string(issuer), "scheme", string(ref.Scheme),
			"requestor", ref.Requestor, "reference", ref.Reference)
	}
}

func (o *tokenObserver) SweepFailed(err error) {
	o.log.Error("changes of tokens that were interrupted cannot be looked for; it is tried again", "err", err)
}

func (o *tokenObserver) AskingFailed(err error) {
	o.log.Error("a scheme was asked for a card's tokens, and walletport failed at it; nobody waited for the answer any more", "err", err)
}

func (o *tokenObserver) isNew(odd oddToken) bool {
	o.lock.Lock()
	defer o.lock.Unlock()
	if o.told[odd] || len(o.told) >= maxOddTold {
		return false
	}
	if o.told == nil {
		o.told = map[oddToken]bool{}
	}
	o.told[odd] = true
	return true
}
