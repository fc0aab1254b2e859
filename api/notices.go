package api

import (
	"log/slog"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

// noticed are the refusals that an operator should see without an access log: a
// client that is held back, somebody who guesses, a client that was thought to be
// gone. The values are the messages.
var noticed = map[string]string{
	"rate_limited":                "a client has reached its rate limit",
	"authentication_rate_limited": "an address has failed to authenticate too often",
	auth.ReasonRevoked:            "a revoked client was refused",
	auth.ReasonEnded:              "a client whose end has come was refused",
}

// Whoever floods the server must not flood its log: of one reason and one caller
// there is one line a minute, and of the callers of a minute so many.
const (
	noticeEvery   = time.Minute
	noticeCallers = 1000
)

// notices remembers which refusals have been told lately. The zero value is ready.
type notices struct {
	mu    sync.Mutex
	since time.Time         // when the minute began
	told  map[noticeKey]int // refusals of this minute
	past  map[noticeKey]int // of the minute before
}

type noticeKey struct{ reason, caller string }

// count counts a refusal and reports whether it is to be told, and how many of its
// kind were not since the last line about it.
func (n *notices) count(key noticeKey, now time.Time) (untold int, tell bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if age := now.Sub(n.since); n.told == nil || age >= noticeEvery || age < 0 {
		n.past, n.told, n.since = n.told, map[noticeKey]int{}, now
		if age >= 2*noticeEvery {
			n.past = nil
		}
	}
	if _, known := n.told[key]; !known && len(n.told) >= noticeCallers {
		key.caller = "" // all further ones together
	}
	n.told[key]++
	if n.told[key] > 1 {
		return 0, false
	}
	return max(0, n.past[key]-1), true
}

// notice writes a line about a refusal that is worth one.
func (d *Door) notice(c *call, reason string) {
	message, worth := noticed[reason]
	if !worth {
		return
	}
	key := noticeKey{reason, c.actor.ClientID}
	switch {
	case c.gone != "":
		key.caller = c.gone
	case key.caller == "":
		key.caller = addressKey(c.request.RemoteAddr)
	}
	untold, tell := d.notices.count(key, d.Clock())
	if !tell {
		return
	}
	client := c.actor.ClientID
	if c.gone != "" {
		client = c.gone
	}
	d.Log.LogAttrs(c.r.Context(), slog.LevelWarn, message, slog.String("code", reason), slog.String("client_id", client),
		remoteAttr(c.request.RemoteAddr), slog.String("route", c.route), slog.String("request_id", c.request.ID),
		slog.Int("untold", untold))
}

// noteGone keeps the id of a client that proved its secret though it is revoked or its
// end has come: authentication names no actor then.
func (c *call) noteGone(id string, err error) {
	if reason := walletport.ReasonOf(err); reason == auth.ReasonRevoked || reason == auth.ReasonEnded {
		c.gone = id
	}
}
