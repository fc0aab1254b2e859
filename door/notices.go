package door

import (
	"cmp"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/walletport/walletport"
)

// allNoticed are the refusals that an operator should see without an access log: a
// client that is held back, somebody who guesses, and what the API adds. The values are
// the messages.
func allNoticed(more map[string]string) map[string]string {
	all := map[string]string{
		"rate_limited":                "a client has reached its rate limit",
		"issuer_rate_limited":         "a client has met the rate limit of an issuer",
		"authentication_rate_limited": "an address has failed to authenticate too often",
	}
	maps.Copy(all, more)
	return all
}

// Whoever floods the server must not flood its log: of one code, caller and
// issuer there is one line a minute, and of the callers of a minute so many.
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

type noticeKey struct {
	code, caller string
	issuer       walletport.IssuerID // whose limit it was; "" for none
}

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
		key = noticeKey{code: key.code} // all further ones together
	}
	n.told[key]++
	if n.told[key] > 1 {
		return 0, false
	}
	return max(0, n.past[key]-1), true
}

// notice writes a line about a refusal that is worth one.
func (d *Door) notice(c *Call, r *refusal) {
	code := r.err.Reason
	message, worth := d.noticed[code]
	if !worth {
		return
	}
	// Authentication names no actor when a client is gone.
	client := cmp.Or(c.caller.Gone, c.actor.ClientID)
	untold, tell := d.notices.count(noticeKey{code, cmp.Or(client, addressKey(c.request.RemoteAddr)), r.issuer}, d.Clock())
	if !tell {
		return
	}
	attrs := []slog.Attr{
		slog.String("code", code), slog.String("client_id", client), remoteAttr(c.request.RemoteAddr), slog.String("route", c.route),
		slog.String("request_id", c.request.ID), slog.Int("untold", untold),
	}
	if r.issuer != "" {
		attrs = append(attrs, slog.String("issuer", string(r.issuer)))
	}
	d.Log.LogAttrs(c.r.Context(), slog.LevelWarn, message, attrs...)
}
