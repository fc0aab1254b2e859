package server

import (
	"log/slog"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/telemetry"
)

// tokenObserver turns what the flow of tokens tells into metrics and log lines.
type tokenObserver struct {
	metrics *telemetry.Metrics
	log     *slog.Logger

	clock func() time.Time

	lock     sync.Mutex // guards what follows
	told     map[oddToken]bool
	silences map[silence]time.Time // when the log was told of it last
}

// silence is a scheme that was asked and gave no word that counts, and why.
type silence struct {
	of     walletport.SchemeID
	reason string
}

// silenceEvery is how often the log has a scheme that gives no word for the same reason: it is
// asked again for each list.
const silenceEvery = time.Minute

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

// Unanswered is in the log without what the scheme said: the reason tells a wrong key from a
// scheme that is away.
func (o *tokenObserver) Unanswered(id walletport.SchemeID, reason string) {
	o.lock.Lock()
	defer o.lock.Unlock()
	key, now := silence{id, reason}, o.clock()
	if told, ok := o.silences[key]; ok && !now.Before(told) && now.Sub(told) < silenceEvery {
		return
	}
	if o.silences == nil {
		o.silences = map[silence]time.Time{}
	}
	o.silences[key] = now
	o.log.Warn("a scheme was asked for tokens and gave no answer that counts; what is stored was shown", "scheme", string(id), "reason", reason)
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
